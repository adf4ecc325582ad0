"""A ledger that is one document: a file, or an object in S3."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Generic

from dispatch.domain.stored.document import (
    Document,
    DocumentStore,
    NoVersion,
    UnreadableDocument,
)
from dispatch.stores.repository import L, gone


class DocumentLedger(Generic[L]):
    """A `LedgerStore` above any `DocumentStore`. The ledger's `etag` is its document's."""

    def __init__(self, document: DocumentStore, kind: type[L]) -> None:
        self._document, self._kind = document, kind

    def load(self, known: L | None = None) -> L:
        """Raises LedgerGone, too."""
        held = Document(b"", known.etag) if known is not None else None
        document = self._document.load(held)
        if known is not None and document is held:
            return known
        if document.etag is None:
            if (known is not None and known.revision) or self._has_been():
                raise gone(self, self._kind)
            return known or self._kind()
        try:
            return replace(self._kind.decode(document.body, known), etag=document.etag)
        except UnreadableDocument as error:
            raise UnreadableDocument(f"{self}: {error}") from error

    def takes(self, before: L, after: L) -> bool:
        return True

    def commit(self, before: L, after: L) -> L:
        return replace(after, etag=self._document.save(after.encode(), before.etag).etag)

    def begin(self, revision: int = 0) -> None:
        self._document.save(self._kind(revision=revision).encode(), None)

    def versions(self) -> Iterator[tuple[datetime, L]]:
        """The ledger as it was, and since when, newest first; what cannot be read is passed over.

        Raises StoreUnavailable.
        """
        for version in self._document.versions():
            with suppress(UnreadableDocument):
                yield version.at, self._kind.decode(version.read())

    def as_of(self, at: datetime) -> L:
        """As it was then. Raises NoVersion, StoreUnavailable."""
        for since, ledger in self.versions():
            if since <= at:
                return ledger
        raise NoVersion(f"Of {self} no version of that time is kept.")

    def put_back(self, write_id: str, at: datetime, *, dry: bool = False) -> None:
        now = self._document.load()
        for _, ledger in self.versions():
            if not dry:
                self._document.save(ledger.written(write_id, at).encode(), now.etag)
            return
        raise NoVersion(f"Of {self} no version is kept that can be read.")

    def _has_been(self) -> bool:
        """True where something else shows that there was one."""
        return False

    def __str__(self) -> str:
        return str(self._document)
