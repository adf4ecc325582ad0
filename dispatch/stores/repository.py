"""A ledger kept as one document: read from a snapshot, changed by compare-and-swap."""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from dispatch.domain.document import (
    Document,
    DocumentStore,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.domain.jobbook import JobBook
from dispatch.domain.ledger import Ledger
from dispatch.domain.roster import Roster
from dispatch.stores.snapshot import Snapshot

log = logging.getLogger(__name__)

L = TypeVar("L", bound=Ledger[Any])

TIMEOUT = 2.5  # seconds that a change goes on trying when others are faster
FAILURES = 2  # times that the storage may fail within one change
LAST_TRY = 1.25  # seconds before the end of its timeout when it no longer tries a storage again
LAST_LOOK = 0.9  # the same where a write was sent and no answer came: that is worth another look


class AnswerLost(StoreUnavailable):
    """A write was sent; whether it happened is not known."""


@dataclass(frozen=True, slots=True)
class Held(Generic[L]):
    """A document and what it says."""

    document: Document
    ledger: L

    @property
    def revision(self) -> int:
        return self.ledger.revision


class DocumentRepository(Generic[L]):
    """The apps' own door to a ledger, above any `DocumentStore`."""

    def __init__(
        self,
        store: DocumentStore,
        kind: type[L],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        background: bool = True,
        timeout: float = TIMEOUT,
    ) -> None:
        self._store, self._kind = store, kind
        self._now, self._clock, self._sleep, self._chance = now, clock, sleep, chance
        self._timeout = timeout
        self._turn = threading.Lock()
        self._failed_at = float("-inf")
        self._snapshot: Snapshot[Held[L]] = Snapshot(
            self._fetch, clock=clock, background=background
        )

    def read(self, at_least: int = 0) -> L:
        """The ledger, at most seconds old, or older while the storage is out of reach; but never
        older than revision `at_least`, if the storage knows of such a one.

        Raises StoreUnavailable where it was never read, or only an older one, and cannot be now.
        """
        return self._snapshot.current(at_least).ledger

    def refreshed(self, *, at_once: bool = False) -> L:
        """The ledger as the storage confirms it now: for an id or a link that `read` lacks, which
        anybody may ask for, and `at_once` for what a member decides by it.

        Raises StoreUnavailable.
        """
        return self._snapshot.refreshed(at_once=at_once).ledger

    @property
    def is_doubted(self) -> bool:
        """True where a write of this process may have happened, and nobody has looked since."""
        return self._snapshot.is_doubted

    def age(self) -> float:
        """Seconds since the storage last confirmed what `read` gives."""
        return self._snapshot.age()

    def change(self, fn: Callable[[L], L]) -> L:
        """Apply `fn` to the newest ledger and write what it returns; return it as written.

        `fn` may run more than once: it makes no ids and reads no clock. What it raises changes
        nothing and reaches the caller. Nothing is written where `fn` returns what it was given.
        Raises StoreUnavailable.
        """
        write_id = secrets.token_urlsafe(9)
        started = self._clock()
        until = started + self._timeout
        with self._my_turn(started):
            failures, is_sent = 0, False
            for attempt in range(1_000):
                try:
                    return self._try(fn, write_id)
                except UnreadableDocument:
                    raise
                except StaleWrite as error:
                    lost: Exception = error
                except StoreUnavailable as error:
                    lost = error
                    failures += 1
                    is_sent |= isinstance(error, AnswerLost)
                    late = until - (LAST_LOOK if isinstance(error, AnswerLost) else LAST_TRY)
                    until = min(until, late)
                pause = self._chance() * min(0.25, 0.01 * 2**attempt)
                if failures >= FAILURES or self._clock() + pause > until:
                    break
                self._sleep(pause)
            if not isinstance(lost, StaleWrite):
                self._failed_at = self._clock()
                log.error("A change was given up: %s", lost)
                raise lost
        # A race that seems lost may have been lost to this very write, which came late.
        what = "it is not known whether this was changed" if is_sent else "nothing was changed"
        raise StoreUnavailable(f"Too many others are writing; {what}.") from lost

    def _try(self, fn: Callable[[L], L], write_id: str) -> L:
        asked_at = self._clock()
        held = self._fetch(self._snapshot.peek())
        self._snapshot.publish(held, asked_at)
        if write_id in held.ledger.recent_writes:  # written, and its answer was lost
            return held.ledger
        ledger = fn(held.ledger)
        if ledger is not held.ledger:
            ledger = ledger.written(write_id, self._now())
            asked_at = self._clock()
            try:
                document = self._store.save(ledger.encode(), held.document.etag)
            except StaleWrite:  # Contended, too: nothing was written
                raise
            except StoreUnavailable as error:
                self._snapshot.doubt()
                raise AnswerLost(str(error)) from error
            self._snapshot.publish(Held(document, ledger), asked_at)
        return ledger

    def _fetch(self, held: Held[L] | None) -> Held[L]:
        document = self._store.load(held.document if held else None)
        if held is not None and document is held.document:
            return held
        if document.etag is None:
            return Held(document, self._kind())
        before = held.ledger if held else None
        try:
            return Held(document, self._kind.decode(document.body, before))
        except UnreadableDocument as error:
            raise UnreadableDocument(f"{self._store}: {error}") from error

    @contextmanager
    def _my_turn(self, started: float) -> Iterator[None]:
        """Within a process changes take turns: they would only lose races to each other."""
        if not self._turn.acquire(timeout=self._timeout):
            raise StoreUnavailable("Too many changes are waiting; nothing was changed.")
        try:
            if self._failed_at > started:  # the next one would only wait as long again
                raise StoreUnavailable("The storage is out of reach; nothing was changed.")
            yield
        finally:
            self._turn.release()


JobRepository = DocumentRepository[JobBook]
RosterRepository = DocumentRepository[Roster]
