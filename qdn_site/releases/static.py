"""The static files of releases, as this process serves them."""

import logging
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from whitenoise.compress import Compressor

from dispatch.domain.stored.document import StoreUnavailable
from dispatch.stores import atomic
from qdn_site.releases import ReleaseError
from qdn_site.releases.pack import MOST_FILE, NAME, names_its_content
from qdn_site.releases.store import ReleaseStore

log = logging.getLogger(__name__)
HASHED = re.compile(r".+\.[0-9a-f]{12}\.[a-z0-9]+")
MOST_ABSENT = 5  # names a second that the storage may be asked for in vain
AT_ONCE = 4  # threads that ask it
WAIT = 0.25  # seconds for a turn
PAUSE = 2.0  # seconds after a failure in which it is not asked


class ReleaseStatic:
    """The static files of releases: in a folder of this process, else in the stage's store.

    A page may come from a neighbour that is a release ahead, or have been open since long
    before this process started: what is not here is fetched from where none is ever removed.
    """

    def __init__(self, store: ReleaseStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._kept: tempfile.TemporaryDirectory[str] | None = None
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._failed_at, self._second, self._absent = float("-inf"), 0, 0

    @property
    def folder(self) -> str:
        """Made when it is first needed: without a disk there are the image's own pages. Raises
        OSError.
        """
        if self._kept is None:
            self._kept = tempfile.TemporaryDirectory(prefix="qdn-static-")
        return self._kept.name

    def has(self, path: str) -> bool:
        """True for the path of a file that is kept here."""
        return self._kept is not None and path.startswith(self._kept.name)

    def keep(self, name: str, body: bytes) -> str:
        """Its path. Raises OSError."""
        path = Path(self.folder, name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            packed = Compressor.compress_gzip(body)
            if len(packed) < 0.95 * len(body):
                atomic.replace(path.with_name(f"{path.name}.gz"), packed, mode=0o600)
            atomic.replace(path, body, mode=0o600)
        return str(path)

    def path(self, name: str) -> str | None:
        """None where there is none. Raises StoreUnavailable where nobody can tell now."""
        if not HASHED.fullmatch(name) or not NAME.fullmatch(f"static/{name}"):
            return None
        if self._kept and (here := Path(self.folder, name)).is_file():
            return str(here)
        body = self._fetch(name)
        if body is None or not names_its_content(name, body):
            self._absent += 1
            return None
        try:
            return self.keep(name, body)
        except OSError as error:
            raise StoreUnavailable(f"static/{name} cannot be kept: {error.strerror}") from error

    def _fetch(self, name: str) -> bytes | None:
        """Few at once, and none for a while after a failure: a thread is worth more than a file.
        Made-up names must not become a stream of requests to the storage."""
        now = self._clock()
        if self._second != int(now):
            self._second, self._absent = int(now), 0
        may_look = self._absent < MOST_ABSENT and now - self._failed_at > PAUSE
        if not may_look or not self._turns.acquire(timeout=WAIT):
            raise StoreUnavailable("Too many look for files that are not here.")
        try:
            return self._store.get(f"static/{name}", MOST_FILE)
        except StoreUnavailable as error:
            self._failed_at = self._clock()
            log.warning("static/%s: %s", name, error)
            raise
        except ReleaseError as error:
            log.warning("static/%s: %s", name, error)
            return None
        finally:
            self._turns.release()
