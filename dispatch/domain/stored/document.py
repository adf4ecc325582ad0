"""The one storage primitive: a document that is only ever compared and swapped."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

PLACES = {
    "file": "file:<folder>",
    "s3": "s3://<bucket>/jobs.json",
    "dynamodb": "dynamodb://<table> or dynamodb://<table>/<business>",
}


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document and the ETag that names exactly them.

    A document that does not exist has no ETag and no bytes.
    """

    body: bytes
    etag: str | None


MISSING = Document(b"", None)


class StaleWrite(Exception):
    """Somebody else wrote the document since it was read. Read again and try again."""


class StoreUnavailable(Exception):
    """The storage cannot be reached or will not answer; the outcome of a write is unknown."""


class Contended(StaleWrite, StoreUnavailable):
    """Others write faster than the document can be read, or keep it locked: to who changes it a
    lost race like any other, to who only reads it out of reach. Nothing was written."""


class UnreadableDocument(StoreUnavailable):
    """The document is there but is not ours to read: no JSON, or a newer schema.

    Nothing is written over it until somebody has looked at it.
    """


class NoVersion(Exception):
    """No version is kept that would be the one to go back to."""


class LedgerGone(UnreadableDocument):
    """It was there and is no more. Who begins a new one does so knowingly."""


class MigrationRefused(Exception):
    """Jobs cannot be moved so. It says to people what that means and what to do."""


class LedgerMoved(UnreadableDocument):
    """It is in another place now, or not all here yet: it is read, and not written."""


class Version(NamedTuple):
    """A document as it was written at a time, and how it is read."""

    at: datetime
    read: Callable[[], bytes]


class DocumentStore(Protocol):
    """One document. Every adapter obeys `tests/stores/test_contract.py`."""

    def load(self, known: Document | None = None) -> Document:
        """The document as it is now; `known` itself where that is still current.

        Raises StoreUnavailable; Contended where it takes several looks and others kept writing.
        """
        ...

    def save(self, body: bytes, if_match: str | None) -> Document:
        """Write `body` over the version named `if_match` (None: only where there is none).

        Raises StaleWrite when another version is there, Contended where others keep it locked,
        StoreUnavailable when the storage does not answer: then the write may or may not have
        happened.
        """
        ...

    def versions(self) -> list[Version]:
        """This one and those before it that are kept, newest first. Raises StoreUnavailable."""
        ...


def wrong_with(url: str, schemes: Sequence[str], *, several: bool) -> list[str]:
    """What is to be said of an address of a store that leads nowhere, or of `several` businesses to
    the same place; nothing where it is right.
    """
    said = []
    if not _leads_somewhere(url, schemes):
        said.append(f"is {url!r}: {how_to_say(schemes)}.")
    if several and "{business}" not in url:
        said.append("needs {business} in it, to keep the several businesses apart.")
    return said


def how_to_say(schemes: Sequence[str]) -> str:
    return f"say where, as {' or '.join(PLACES[scheme] for scheme in schemes)}"


def _leads_somewhere(url: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(url.format(business="x"))
        rest = url.format(business="x").partition(":")[2]
    except (ValueError, KeyError, IndexError):  # braces that hold anything but `business`
        return False
    named = {
        "file": parts.path,
        "s3": parts.netloc and parts.path.strip("/"),
        "dynamodb": re.fullmatch(r"//[A-Za-z0-9_.-]{3,255}(/[a-z0-9][a-z0-9_-]*)?", rest),
    }
    return parts.scheme in schemes and bool(named[parts.scheme])
