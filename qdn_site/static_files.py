"""Static files under names that change with their content, and those of every release."""

import logging
import re
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

from dispatch.domain.document import StoreUnavailable
from qdn_site import errors
from qdn_site.releases.disk import Disk
from qdn_site.releases.hashing import names_its_content
from qdn_site.releases.store import ReleaseStore, TooLarge, open_store
from qdn_site.releases.verify import MOST_FILE, NAME

log = logging.getLogger(__name__)
HASHED = re.compile(r".+\.[0-9a-f]{12}\.[a-z0-9]+")
MOST_ABSENT = 5  # names a second that the storage may be asked for in vain
AT_ONCE = 4  # threads that ask it
WAIT = 0.25  # seconds for a turn
PAUSE = 2.0  # seconds after a failure in which it is not asked


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Scripts import each other by their hashed names too, so that no page mixes versions."""

    support_js_module_import_aggregation = True


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """whitenoise, and the static files of releases: those here and those of earlier pages.

    A page may come from a neighbour that is a release ahead, or have been open since long
    before this container started: what is not on this disk is fetched from where no release's
    static file is ever removed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        url, base = settings.RELEASES_URL, settings.BASE_DIR
        disk = Disk(settings.RELEASES_DIR)
        self.late = LateStatic(disk, open_store(url, base)) if url else None
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        url = request.path_info
        if self.late and url.startswith(self.static_prefix) and url not in self.files:
            try:
                path = self.late.path(url.removeprefix(self.static_prefix))
            except StoreUnavailable:
                return errors.unavailable(request)
            if path is not None:
                self.files[url] = self.get_static_file(path, url)
        response: HttpResponse = super().__call__(request)
        return response

    def immutable_file_test(self, path: str, url: str) -> bool:
        """A release's static file is named after its content, also when no page knows it now."""
        of_a_release = self.late is not None and path.startswith(self.late.folder)
        return of_a_release or bool(super().immutable_file_test(path, url))


class LateStatic:
    """The static files of releases on this disk, else in the storage.

    `store` is to be the stage's, `clock` counts seconds.
    """

    def __init__(
        self, disk: Disk, store: ReleaseStore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._disk, self._store, self._clock = disk, store, clock
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._failed_at, self._second, self._absent = float("-inf"), 0, 0
        self.folder = str(disk.static)

    def path(self, name: str) -> str | None:
        """None where there is none. Raises StoreUnavailable where nobody can tell now."""
        if not HASHED.fullmatch(name) or not NAME.fullmatch(f"static/{name}"):
            return None
        here = self._disk.static / name
        if here.is_file():
            return str(here)
        body = self._fetch(name)
        if body is None or not names_its_content(name, body):
            self._absent += 1
            return None
        return str(self._disk.keep_static(name, body))

    def _fetch(self, name: str) -> bytes | None:
        """Few at once, and none for a while after a failure: a thread is worth more than a file."""
        if not self._may_look() or not self._turns.acquire(timeout=WAIT):
            raise StoreUnavailable("Too many look for files that are not here.")
        try:
            return self._store.get(f"static/{name}", MOST_FILE)
        except StoreUnavailable as error:
            self._failed_at = self._clock()
            log.warning("static/%s: %s", name, error)
            raise
        except TooLarge as error:
            log.warning("static/%s: %s", name, error)
            return None
        finally:
            self._turns.release()

    def _may_look(self) -> bool:
        """Made-up names must not become a stream of requests to the storage."""
        now = self._clock()
        if self._second != (second := int(now)):
            self._second, self._absent = second, 0
        return self._absent < MOST_ABSENT and now - self._failed_at > PAUSE
