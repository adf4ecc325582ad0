"""The apps' own door to a ledger: read from a snapshot, changed by compare-and-swap.

Changes that wait together are committed together: the first in the queue applies all that wait,
each for itself, and writes once.
"""

import logging
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.roster import Roster
from dispatch.domain.stored.document import (
    LedgerGone,
    LedgerMoved,
    NoVersion,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.domain.stored.ledger import Ledger
from dispatch.stores.snapshot import Snapshot

log = logging.getLogger(__name__)

L = TypeVar("L", bound=Ledger[Any])

TIMEOUT = 2.5  # seconds that a change goes on trying when others are faster
FAILURES = 2  # times that the storage may fail within one commit
LAST_TRY = 1.25  # seconds before the end of its timeout when it no longer tries a storage again
JUST_SEEN = 1.0  # seconds: so old may be what is taken for current until the write says no
LONGEST_PAUSE = 0.25  # seconds between two tries
GATHER = 10  # milliseconds in which those who have just been served come back with the next
LAST_LOOK = 0.9  # the same where a write was sent and no answer came: that is worth another look


class LedgerStore(Protocol[L]):
    """One ledger. Every adapter obeys `tests/stores/test_ledger_contract.py`."""

    def load(self, known: L | None = None) -> L:
        """The ledger as it is now; `known` itself where that is still current.

        Raises StoreUnavailable: UnreadableDocument where nothing may be written, Contended where
        it takes several looks and others kept writing.
        """
        ...

    def takes(self, before: L, after: L) -> bool:
        """True where one commit is all or nothing. Raises StoreUnavailable for a record that it
        cannot take at all.
        """
        ...

    def commit(self, before: L, after: L) -> L:
        """Put `after` in the place of `before`, as it was loaded; `after` as it is stored now.

        Raises StaleWrite where something else is there by now, StoreUnavailable where the storage
        does not answer; after the latter it may or may not have happened.
        """
        ...

    def begin(self, revision: int = 0) -> None:
        """An empty ledger, of that revision at least. Raises StaleWrite where there is one."""
        ...

    def versions(self) -> Iterator[tuple[datetime, L]]:
        """The ledger as it was, and since when, newest first. Raises StoreUnavailable."""
        ...

    def as_of(self, at: datetime) -> L:
        """As it was then. Raises NoVersion, StoreUnavailable."""
        ...

    def put_back(self, write_id: str, at: datetime, *, dry: bool = False) -> None:
        """The newest version that can be read, where what is there is damaged or gone; `dry` only
        says whether there is one.

        Raises NoVersion, StaleWrite, StoreUnavailable.
        """
        ...


def gone(named: object, kind: type[Ledger[Any]]) -> LedgerGone:
    """What is to be said of a ledger that was there and is no more."""
    return LedgerGone(
        f"{named} was there and is gone. Nothing is written in its place until it is"
        f" {kind.mended_by}."
    )


def is_whole(ledger: LedgerStore[Any]) -> bool:
    """False for one that cannot be read or is not there. Raises StoreUnavailable."""
    with suppress(UnreadableDocument):
        return ledger.load().etag is not None
    return False


class AnswerLost(StoreUnavailable):
    """A write was sent; whether it happened is not known."""


class Outrun(StoreUnavailable):
    """Others have always been faster. Nothing was written."""


@dataclass(eq=False, repr=False, slots=True)  # a deque's error shows what is not in it
class Change(Generic[L]):
    """One caller's change, while it waits for its turn; then what came of it."""

    fn: Callable[[L], L]
    asked_at: float
    after: L | None = None
    error: BaseException | None = None
    is_over: bool = False

    def apply(self, ledger: L) -> L:
        """The ledger with this change, or as it was where the change is refused."""
        self.after = self.error = None
        try:
            self.after = self.fn(ledger)
        except Exception as error:
            self.error = error
        return ledger if self.after is None else self.after

    def outcome(self) -> L:
        if self.error is not None:
            raise self.error
        assert self.after is not None
        return self.after


class Repository(Generic[L]):
    """Above any `LedgerStore`."""

    def __init__(
        self,
        store: LedgerStore[L],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        background: bool = True,
        timeout: float = TIMEOUT,
    ) -> None:
        self.ledger = store
        self.now, self.clock, self._sleep, self._chance = now, clock, sleep, chance
        self._timeout = timeout
        self._waiting: deque[Change[L]] = deque()
        self._turn, self._is_writing = threading.Condition(), False
        self._crowd = 0  # that was served together the last time
        self._failed_at = float("-inf")
        self._snapshot: Snapshot[L] = Snapshot(store.load, clock=clock, background=background)

    def read(self, at_least: int = 0) -> L:
        """The ledger, at most seconds old, or older while the storage is out of reach; but never
        older than revision `at_least`, if the storage knows of such a one.

        Raises StoreUnavailable where it was never read, or only an older one, and cannot be now.
        """
        return self._snapshot.current(at_least)

    def refreshed(self, *, at_once: bool = False) -> L:
        """The ledger as the storage confirms it now: for an id or a link that `read` lacks, which
        anybody may ask for, and `at_once` for what a member decides by it.

        Raises StoreUnavailable.
        """
        return self._snapshot.refreshed(at_once=at_once)

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
        mine = Change(fn, self.clock())
        self._waiting.append(mine)
        while not mine.is_over:
            if self._is_my_turn(mine):
                try:
                    self._commit_waiting()
                finally:
                    with self._turn:
                        self._is_writing = False
                        self._turn.notify_all()
        return mine.outcome()

    # --- damaged or gone -------------------------------------------------------------------

    def damaged(self) -> Iterator[LedgerStore[L]]:
        """The ledger, where it cannot be read or is not there. Raises StoreUnavailable."""
        if not is_whole(self.ledger):
            yield self.ledger

    def put_back(self, *, dry: bool = False) -> dict[str, bool]:
        """What is damaged or gone, as it last was: by name, False where nothing is kept that could
        be put back. `dry` only says so.

        Raises StaleWrite, StoreUnavailable.
        """
        done = dict[str, bool]()
        for ledger in self.damaged():
            try:
                ledger.put_back(secrets.token_urlsafe(9), self.now(), dry=dry)
                done[str(ledger)] = True
            except LedgerMoved:
                raise
            except (NoVersion, UnreadableDocument):  # something else may be in its place
                done[str(ledger)] = False
        return done

    # --- changes that wait -----------------------------------------------------------------

    def _is_my_turn(self, mine: Change[L]) -> bool:
        """True where this one is to write, for all who wait; False once another has done so."""
        with self._turn:
            self._turn.wait_for(lambda: mine.is_over or not self._is_writing, self._timeout)
            if self._is_writing and not mine.is_over:
                with suppress(ValueError):  # whoever is writing has it in hand
                    self._waiting.remove(mine)
                    raise StoreUnavailable("Too many changes are waiting; nothing was changed.")
            self._turn.wait_for(lambda: mine.is_over or not self._is_writing)
            if not mine.is_over:
                self._is_writing = True
            return not mine.is_over

    def _commit_waiting(self) -> None:
        """Whatever happens, every change that this takes is over when it returns or raises, or
        waits again.
        """
        for _ in range(GATHER):
            if len(self._waiting) >= self._crowd:
                break
            self._sleep(0.001)
        with self._turn:  # nobody who is out of time takes theirs away meanwhile
            together = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            if self._failed_at > together[0].asked_at:  # it would only wait as long again
                raise StoreUnavailable("The storage is out of reach; nothing was changed.")
            self._commit(together)
        except StoreUnavailable as error:
            if isinstance(error, Outrun):
                together = self._out_of_time(together)
            for change in together:
                change.error = type(error)(*error.args)  # a new one: each thread raises its own
                change.error.__cause__ = error.__cause__
        except BaseException:
            for change in together:
                change.error = AnswerLost("It is not known whether this was changed.")
            raise
        finally:
            self._crowd = len(together)  # less those that the store did not take with the others
            for change in together:
                change.is_over = True

    def _out_of_time(self, changes: list[Change[L]]) -> list[Change[L]]:
        """Those of these; of the others nothing was written either, and they wait again."""
        now = self.clock()
        rest = [change for change in changes if self._until(change) > now + LONGEST_PAUSE]
        self._waiting.extendleft(reversed(rest))
        return [change for change in changes if change not in rest]

    def _commit(self, changes: list[Change[L]]) -> None:
        """Raises StoreUnavailable, and then none was made, or it is not known whether."""
        write_id = secrets.token_urlsafe(9)
        until = min(map(self._until, changes))
        failures, is_sent = 0, False
        for attempt in range(1_000):
            try:
                return self._try(changes, write_id, at_once=attempt == 0)
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
            pause = self._chance() * min(LONGEST_PAUSE, 0.01 * 2**attempt)
            if failures >= FAILURES or self.clock() + pause > until:
                break
            self._sleep(pause)
        if not isinstance(lost, StaleWrite):
            self._failed_at = self.clock()
            log.error("A change was given up: %s", lost)
            raise lost
        # A race that seems lost may have been lost to this very write, which came late.
        if is_sent:
            text = "Too many others are writing; it is not known whether this was changed."
            raise AnswerLost(text) from lost
        raise Outrun("Too many others are writing; nothing was changed.") from lost

    def _until(self, change: Change[L]) -> float:
        """When it is given up."""
        return change.asked_at + self._timeout

    def _try(self, changes: list[Change[L]], write_id: str, *, at_once: bool) -> None:
        """`at_once` spares the look where the storage was just seen: the write says whether that
        is still current. But who is refused is to be refused by what is.
        """
        if at_once and (known := self._just_seen()):
            with suppress(LedgerMoved):
                if self._write(changes, known, write_id):
                    return
        asked_at = self.clock()
        before = self.ledger.load(self._snapshot.peek())
        self._snapshot.publish(before, asked_at)
        if write_id in before.recent_writes:  # written, and its answer was lost
            for change in changes:
                change.after = before if change.error is None else None
        else:
            self._write(changes, before, write_id)

    def _just_seen(self) -> L | None:
        snapshot = self._snapshot
        is_sure = not snapshot.is_doubted and snapshot.age() <= JUST_SEEN
        return snapshot.peek() if is_sure else None

    def _write(self, changes: list[Change[L]], before: L, write_id: str) -> bool:
        """False where there is nothing to write.

        Changes that the store does not take together with those before them wait on.
        """
        after = before
        for place, change in enumerate(changes):
            then = change.apply(after)
            try:
                is_taken = then is after or self.ledger.takes(before, then)
            except StoreUnavailable as error:
                change.after, change.error = None, error
                continue
            if not is_taken and after is not before:
                self._waiting.extendleft(reversed(changes[place:]))
                del changes[place:]
                break
            after = then
        if after is before:
            return False
        new, asked_at = after.written(write_id, self.now()), self.clock()
        try:
            written = self.ledger.commit(before, new)
        except StaleWrite:  # Contended, too: nothing was written
            raise
        except StoreUnavailable as error:
            self._snapshot.doubt()
            raise AnswerLost(str(error)) from error
        self._snapshot.publish(written, asked_at)
        for change in changes:
            change.after = written if change.after is after else _as_written(change.after, written)
        return True


def _as_written(after: L | None, written: L) -> L | None:
    """What a change made, without those made after it in the same commit."""
    return after and replace(after, revision=written.revision, updated_at=written.updated_at)


RosterRepository = Repository[Roster]
OverridesRepository = Repository[Overrides]
