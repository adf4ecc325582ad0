"""A document in memory, as the plainest picture of the contract."""

import threading
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from dispatch.domain.stored.document import MISSING, Document, StaleWrite, Version
from tests.making import NOON


class MemoryStore:
    def __init__(self, body: bytes | None = None) -> None:
        self._lock = threading.Lock()
        self._document = MISSING if body is None else _document(body)
        self._others: dict[str, MemoryStore] = {}
        self._versions: list[Version] = []
        self.now: Callable[[], datetime] = lambda: NOON

    def load(self, known: Document | None = None) -> Document:
        current = self._document
        return known if known is not None and known.etag == current.etag else current

    def save(self, body: bytes, if_match: str | None) -> Document:
        with self._lock:
            if self._document.etag != if_match:
                raise StaleWrite
            self._document = _document(body)
            self._versions.insert(0, Version(self.now(), lambda: body))
            return self._document

    def versions(self) -> list[Version]:
        return self._versions

    def delete(self) -> None:
        self._document = MISSING

    def beside(self, name: str) -> "MemoryStore":
        other = self._others.setdefault(name, MemoryStore())
        other.now = self.now
        return other

    def names_in(self, folder: str) -> list[str]:
        return [
            name.removeprefix(f"{folder}/")
            for name, other in self._others.items()
            if name.startswith(f"{folder}/") and other.load() is not MISSING
        ]


def _document(body: bytes) -> Document:
    return Document(body, sha256(body).hexdigest())
