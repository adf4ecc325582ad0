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
from qdn_site.releases.disk import Disk
from qdn_site.releases.hashing import names_its_content
from qdn_site.releases.store import TooLarge, open_store
from qdn_site.releases.verify import MOST_FILE, NAME

log = logging.getLogger(__name__)
HASHED = re.compile(r".+\.[0-9a-f]{12}\.[a-z0-9]+")
LOOKS = 5  # a second, in the storage, for names that this container has never seen


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
        self.late = LateStatic() if settings.RELEASES_URL else None
        super().__init__(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        url = request.path_info
        if self.late and url.startswith(self.static_prefix) and url not in self.files:
            path = self.late.path(url.removeprefix(self.static_prefix))
            if path is not None:
                self.files[url] = self.get_static_file(path, url)
        response: HttpResponse = super().__call__(request)
        return response

    def immutable_file_test(self, path: str, url: str) -> bool:
        """A release's static file is named after its content, also when no page knows it now."""
        of_a_release = self.late is not None and path.startswith(self.late.folder)
        return of_a_release or bool(super().immutable_file_test(path, url))


class LateStatic:
    """The static files of releases on this disk, else in the storage."""

    def __init__(self) -> None:
        self._disk = Disk(settings.RELEASES_DIR)
        self._store = open_store(settings.RELEASES_URL, settings.BASE_DIR)
        self._turn = threading.Lock()
        self._second, self._looks = 0, 0
        self.folder = str(self._disk.static)

    def path(self, name: str) -> str | None:
        if not HASHED.fullmatch(name) or not NAME.fullmatch(f"static/{name}"):
            return None
        here = self._disk.static / name
        if here.is_file():
            return str(here)
        body = self._fetch(name) if self._may_look() else None
        return None if body is None else str(self._disk.keep_static(name, body))

    def _fetch(self, name: str) -> bytes | None:
        try:
            body = self._store.get(f"static/{name}", MOST_FILE)
        except (StoreUnavailable, TooLarge) as error:
            log.warning("static/%s: %s", name, error)
            return None
        return body if body is not None and names_its_content(name, body) else None

    def _may_look(self) -> bool:
        """Made-up names must not become a stream of requests to the storage."""
        with self._turn:
            second = int(time.monotonic())
            self._looks = self._looks + 1 if second == self._second else 1
            self._second = second
            return self._looks <= LOOKS
