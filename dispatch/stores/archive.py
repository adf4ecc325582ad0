"""The archive: a ledger for each month; of jobs.json a document, `archive/2026-05.json` beside it.

A month is a ledger like any other: read whole, and only ever compared and swapped. It holds the
jobs that the business finished in it.
"""

import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from typing import NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo

import msgspec

from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import JobBook, token_hash
from dispatch.domain.search import InTurns, customer
from dispatch.domain.stored.document import (
    MISSING,
    Document,
    DocumentStore,
    UnreadableDocument,
)
from dispatch.domain.stored.ledger import Entry
from dispatch.domain.stored.record import JSON
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.repository import LedgerStore

log = logging.getLogger(__name__)

LINE = msgspec.json.Decoder(JobLine)  # made here, once: threads are the first to use it
FOLDER = "archive"
NAME = re.compile(r"([0-9]{4}-[0-9]{2})\.json")
READERS = 8  # months that are fetched at once
UNREAD_FOR = 5  # seconds after which a month that could not be read is looked at again for a link
KEPT = 2  # months whose bytes are kept, the newest read: links of finished jobs lie in them


class Shelf(DocumentStore, Protocol):
    """A document, and others that lie beside it."""

    def beside(self, name: str) -> "Shelf":
        """The document of that name, which may have a folder of its own."""
        ...

    def names_in(self, folder: str) -> list[str]:
        """Of the documents in a folder beside it. Raises StoreUnavailable."""
        ...


class Archived(msgspec.Struct, frozen=True, gc=False):
    """One archived job as it is stored, and what it is found by."""

    line: JobLine
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """What people have written by hand is read whole, which takes longer. Raises ValueError."""
        with suppress(ValueError):
            line = LINE.decode(raw)
            if line.status.is_open is (line.finished_at is None):
                return cls(line, raw)
        entry = JobBook.read_entry(raw)
        if entry.value is None:
            raise ValueError(entry.problem)
        return cls(entry.value, raw)

    def entry(self) -> Entry[Job]:
        return JobBook.read_entry(self.raw)

    def read(self) -> Job | None:
        return self.entry().value


class ReadMonth(NamedTuple):
    """What a month holds; no revision: it cannot be read."""

    name: str
    revision: int | None
    jobs: list[Archived]


class JobDocument(DocumentLedger[JobBook]):
    """jobs.json."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf, JobBook)
        self._shelf = shelf

    def _has_been(self) -> bool:
        return bool(self._shelf.names_in(FOLDER) or self._shelf.versions())


class Months(ABC):
    """The archive of one business, whose months are those of `zone`."""

    def __init__(self, zone: ZoneInfo, in_turns: InTurns) -> None:
        self._zone, self.in_turns = zone, in_turns
        self.problems: set[str] = set()  # months that could not be read, or not wholly

    def day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def name(self, at: datetime) -> str:
        return self.name_of(self.day(at))

    def name_of(self, day: date) -> str:
        return day.isoformat()[:7]

    def holds(self, name: str, job: JobLine) -> bool:
        """False for one that is open, or was finished in another month: its place is not there."""
        return job.finished_at is not None and self.name(job.finished_at) == name

    @abstractmethod
    def names(self) -> list[str]:
        """Of all months that there are, newest first. Raises StoreUnavailable."""

    @abstractmethod
    def ledger(self, name: str) -> LedgerStore[JobBook]:
        """A month to be changed."""

    @abstractmethod
    def read(self, names: list[str]) -> Iterator[ReadMonth]:
        """In this order; a damaged month hides no other. Raises StoreUnavailable."""

    @abstractmethod
    def with_id(self, job_id: str, names: list[str]) -> tuple[str, Archived] | None:
        """The month that holds a job, and the job; of copies that of the month named first.

        Raises UnreadableDocument where it may be in one that cannot be read.
        """

    @abstractmethod
    def with_token(self, token: str, months: dict[str, int]) -> Archived | None:
        """The job of that link. `months` are those to look at, and the revisions they have at
        least.

        Raises UnreadableDocument where it may be in one that cannot be read.
        """

    def of_customer(self, by: str, text: str, names: list[str]) -> Iterator[Archived]:
        """The jobs in these months, copies too, whose `customer` has exactly this as `by`.

        Raises StoreUnavailable.
        """
        for month in self.read(names):
            yield from (job for job in month.jobs if customer(job.line)[by] == text)

    def _told(
        self, name: str, revision: int | None, raws: Iterable[bytes], problem: str
    ) -> ReadMonth:
        problems, jobs = [problem] if problem else [], list[Archived]()
        seen = set[str]()
        for raw in self.in_turns(raws):
            try:
                job = Archived.of(raw)
                if seen & (keys := JobBook.unique(job.line)):
                    raise ValueError("its id or link is used twice")
                jobs.append(job)
                seen |= keys
            except ValueError as error:
                problems.append(f"{JobBook.named(raw)}: {error}")
        if problems:
            if name not in self.problems:
                log.error("The archive of %s: %s", name, "; ".join(problems))
            self.problems.add(name)
        else:
            self.problems.discard(name)
        return ReadMonth(name, revision, jobs)


Fetched = Document | UnreadableDocument  # or why it is none


class DocumentMonths(Months):
    """A document for each, beside jobs.json."""

    def __init__(
        self,
        shelf: Shelf,
        zone: ZoneInfo,
        in_turns: InTurns = iter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(zone, in_turns)
        self._shelf, self._clock = shelf, clock
        self._kept: dict[str, Document] = {}
        self._unread_at: dict[str, float] = {}  # when a month was found that cannot be read
        self._tokens: dict[str, tuple[int, frozenset[bytes]]] = {}

    def names(self) -> list[str]:
        found = map(NAME.fullmatch, self._shelf.names_in(FOLDER))
        return sorted((name[1] for name in found if name), reverse=True)

    def ledger(self, name: str) -> DocumentLedger[JobBook]:
        return DocumentLedger(self._document(name), JobBook)

    def read(self, names: list[str]) -> Iterator[ReadMonth]:
        """The first is read by itself: it is often enough."""
        for name, document in self._fetched(names):
            yield self._parsed(name, document)

    def with_id(self, job_id: str, names: list[str]) -> tuple[str, Archived] | None:
        mark, unread = JSON.encode(job_id), list[str]()
        for name, document in self._fetched(names):
            month = self._parsed(name, document, mark)
            for job in month.jobs:
                if job.line.id == job_id:
                    return name, job
            unread += [name] if month.revision is None else []
        _check_all_read(unread)
        return None

    def with_token(self, token: str, months: dict[str, int]) -> Archived | None:
        """No storage is asked where it is in none of these."""
        hashed, unread = token_hash(token), list[str]()
        for name in sorted(months, reverse=True):
            hashes = self._hashes(name, months[name])
            if hashes and hashed in hashes:
                month = next(self.read([name]))
                for job in month.jobs:
                    if token_hash(job.line.tracking_token) == hashed:
                        return job
                hashes = None if month.revision is None else hashes
            unread += [name] if hashes is None else []
        _check_all_read(unread)
        return None

    def _hashes(self, name: str, revision: int) -> frozenset[bytes] | None:
        """Of the tokens in a month, as of that revision or a later one; None where it cannot be
        read, which is looked at again only after a while: strangers may ask.
        """
        known, hashes = self._tokens.get(name, (-1, frozenset()))
        if known < revision:
            now = self._clock()
            if now - self._unread_at.get(name, float("-inf")) <= UNREAD_FOR:
                return None
            month = next(self.read([name]))
            if month.revision is None:
                self._unread_at[name] = now
                return None
            hashes = frozenset(token_hash(job.line.tracking_token) for job in month.jobs)
            self._tokens[name] = (revision, hashes)
        return hashes

    def _document(self, name: str) -> DocumentStore:
        return self._shelf.beside(f"{FOLDER}/{name}.json")

    def _fetched(self, names: list[str]) -> Iterator[tuple[str, Fetched]]:
        if names:
            yield names[0], self._fetch(names[0])
        for start in range(1, len(names), READERS):
            some = names[start : start + READERS]
            with ThreadPoolExecutor(READERS) as pool:
                yield from zip(some, pool.map(self._fetch, some), strict=True)

    def _fetch(self, name: str) -> Fetched:
        try:
            document = self._document(name).load(self._kept.get(name, MISSING))
        except UnreadableDocument as error:
            return error
        self._kept[name] = document
        for old in sorted(self._kept)[:-KEPT]:
            self._kept.pop(old, None)
        return document

    def _parsed(self, name: str, document: Fetched, mark: bytes = b"") -> ReadMonth:
        """Without its jobs where the document does not have that `mark`."""
        try:
            if isinstance(document, UnreadableDocument):
                raise document
            if document.etag is None:
                raise UnreadableDocument("it was there and is gone")
            month, raws = JobBook.opened(document.body)
        except UnreadableDocument as error:
            return self._told(name, None, [], str(error))
        if mark not in document.body:
            return ReadMonth(name, month.revision, [])
        return self._told(name, month.revision, raws, "")


def _check_all_read(unread: list[str]) -> None:
    """What was not found elsewhere may be there. Raises UnreadableDocument."""
    if unread:
        raise UnreadableDocument(f"The archive of {', '.join(unread)} cannot be read.")
