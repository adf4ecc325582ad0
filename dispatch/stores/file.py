"""A document in a folder of a laptop: as atomic as S3, and safe against a pulled plug."""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from dispatch.domain.document import (
    MISSING,
    Contended,
    Document,
    StaleWrite,
    StoreUnavailable,
)
from dispatch.stores import atomic

LOCK_TIMEOUT = 0.3  # seconds: who changes tries again for as long as a page may take


class FileStore:
    """`path` holds the document; `path` + `.lock` is only ever locked, never replaced."""

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._path, self._mode = path, mode
        self._lock = path.with_name(path.name + ".lock")

    def load(self, known: Document | None = None) -> Document:
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return self._missing()
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be read: {error.strerror}") from error
        etag = sha256(body).hexdigest()
        return known if known is not None and known.etag == etag else Document(body, etag)

    def save(self, body: bytes, if_match: str | None) -> Document:
        try:
            with self._locked():
                if self.load().etag != if_match:
                    raise StaleWrite
                self._replace(body)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        return Document(body, sha256(body).hexdigest())

    def beside(self, name: str) -> "FileStore":
        path = self._path.parent / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{path.parent} cannot be made: {error.strerror}") from error
        return FileStore(path, self._mode)

    def names_in(self, folder: str) -> list[str]:
        try:
            return [path.name for path in (self._path.parent / folder).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be read: {error.strerror}") from error

    def __str__(self) -> str:
        return str(self._path)

    def _missing(self) -> Document:
        if not self._path.parent.is_dir():
            raise StoreUnavailable(f"There is no folder {self._path.parent}")
        return MISSING

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Raises OSError, Contended. Waits asleep: a blocking lock would hold up every greenlet."""
        until = time.monotonic() + LOCK_TIMEOUT
        with self._lock.open("a") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > until:
                        text = f"{self._path} cannot be written: another process has locked it"
                        raise Contended(text) from error
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311
            yield

    def _replace(self, body: bytes) -> None:
        for left in atomic.left_behind(self._path):
            left.unlink(missing_ok=True)
        atomic.replace(self._path, body, mode=self._mode, sync=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
