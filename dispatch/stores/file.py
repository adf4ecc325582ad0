"""A document in a folder of a laptop: as atomic as S3, and safe against a pulled plug."""

import fcntl
import gzip
import os
import random
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from dispatch.domain.stored.document import (
    MISSING,
    Contended,
    Document,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
    Version,
)
from dispatch.stores import atomic

A_DAY = timedelta(days=1)
WRITTEN = "%Y-%m-%dT%H-%M-%S.%f"  # UTC; 26 characters
KEPT_FOR = timedelta(days=90)
COPIES = "????-??-??T??-??-??.??????-*.gz"  # their names
LOCK_TIMEOUT = 0.3  # seconds: who changes tries again for as long as a page may take


class FileStore:
    """`path` holds the document; `path` + `.lock` is only ever locked, never replaced.

    With `keeps`, versions are kept in `versions/` beside it, compressed: every one of the last
    day, the last of each hour for a week, the last of each day for 90.
    """

    def __init__(self, path: Path, mode: int = 0o600, *, keeps: bool = False) -> None:
        self._path, self._mode, self._keeps = path, mode, keeps
        self._lock = path.with_name(path.name + ".lock")
        self._kept = path.parent / "versions" / path.name
        self._thinned = ""

    def load(self, known: Document | None = None) -> Document:
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return self._missing()
        except IsADirectoryError as error:
            raise UnreadableDocument(f"{self._path} is a folder, and should be a file") from error
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be read: {error.strerror}") from error
        etag = sha256(body).hexdigest()
        return known if known is not None and known.etag == etag else Document(body, etag)

    def save(self, body: bytes, if_match: str | None) -> Document:
        try:
            with self._locked():
                now = self.load()
                if now.etag != if_match:
                    raise StaleWrite
                self._keep(now)  # unless it is: who wrote it may have been killed before
                self._replace(body)
                new = Document(body, sha256(body).hexdigest())
                self._keep(new)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        return new

    def beside(self, name: str) -> "FileStore":
        path = self._path.parent / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{path.parent} cannot be made: {error.strerror}") from error
        return FileStore(path, self._mode, keeps=self._keeps)

    def names_in(self, folder: str) -> list[str]:
        try:
            return [path.name for path in (self._path.parent / folder).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be read: {error.strerror}") from error

    def versions(self) -> list[Version]:
        try:
            found = [Version(_kept_at(path), partial(_unpacked, path)) for path in self._copies()]
            if self._path.exists() and (not found or _written_at(self._path) > found[0].at):
                found.insert(0, Version(_written_at(self._path), self._path.read_bytes))
        except OSError as error:
            raise StoreUnavailable(f"{self._kept} cannot be read: {error.strerror}") from error
        return found

    def __str__(self) -> str:
        return str(self._path)

    def _keep(self, document: Document) -> None:
        if not self._keeps or document.etag is None:
            return
        at = _written_at(self._path)
        copy = self._kept / f"{at:{WRITTEN}}-{document.etag[:8]}.gz"
        if copy.exists():
            return
        self._kept.mkdir(parents=True, exist_ok=True)
        atomic.replace(copy, gzip.compress(document.body, compresslevel=3), mode=self._mode)
        if self._thinned != (hour := f"{at:%Y-%m-%dT%H}"):
            self._thinned = hour
            # The lock is ours: who wrote what is not whole has been killed.
            for old in (*_too_many(self._copies(), at), *self._kept.glob(f".{COPIES}.*")):
                old.unlink(missing_ok=True)

    def _copies(self) -> list[Path]:
        """Newest first."""
        return sorted(self._kept.glob(COPIES), reverse=True)

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


def forget_copies(folder: Path, now: datetime) -> int:
    """Takes away the copies in any `versions/` below that are kept no longer, also of documents
    that nobody writes any more: how many. The newest of each stays; it is as the document itself.

    Raises StoreUnavailable.
    """
    gone = 0
    try:
        for copies in folder.rglob("versions/*.json"):
            for old in _too_many(sorted(copies.glob(COPIES), reverse=True)[1:], now):
                old.unlink(missing_ok=True)
                gone += 1
    except OSError as error:
        raise StoreUnavailable(f"{folder} cannot be tidied: {error.strerror}") from error
    return gone


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _kept_at(copy: Path) -> datetime:
    return datetime.strptime(copy.name[:26], WRITTEN).replace(tzinfo=UTC)


def _unpacked(path: Path) -> bytes:
    """Raises UnreadableDocument: a pulled plug may have left half of it, or it was one too many."""
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableDocument(f"{path} cannot be read: {error}") from error


def _too_many(copies: list[Path], now: datetime) -> Iterator[Path]:
    """Of these, newest first, those that need not be kept any more."""
    seen = set[str]()
    for copy in copies:
        age = now - _kept_at(copy)
        # The time that the slot of which one is kept has in common.
        slot = copy.name[: 26 if age <= A_DAY else 13 if age <= 7 * A_DAY else 10]
        if slot in seen or age > KEPT_FOR:
            yield copy
        seen.add(slot)
