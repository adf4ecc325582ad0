"""A document in a folder of a laptop: as atomic as S3, and safe against a pulled plug."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from dispatch.domain.document import MISSING, Document, StaleWrite, StoreUnavailable


class FileStore:
    """`path` holds the document; `path` + `.lock` is only ever locked, never replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
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

    def _missing(self) -> Document:
        if not self._path.parent.is_dir():
            raise StoreUnavailable(f"There is no folder {self._path.parent}")
        return MISSING

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _replace(self, body: bytes) -> None:
        prefix = f".{self._path.name}."
        for left in self._path.parent.glob(f"{prefix}*"):  # by a writer that was killed
            left.unlink(missing_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=prefix)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
