"""One process at a time sends a business's messages.

Its holder says that it lives by writing, while it has something to send. Another takes it over
once it has seen it unchanged for TAKEN_AFTER by its own clock: no two clocks are compared.
"""

import secrets
import threading
from collections.abc import Callable
from typing import Protocol

import msgspec

from dispatch.domain.stored.document import StaleWrite, StoreUnavailable

TAKEN_AFTER = 30.0  # seconds
SURE_FOR = 15.0  # seconds from a write on: what is begun by then has ended before TAKEN_AFTER
RENEWED_AFTER = 7.0


class Held(msgspec.Struct, frozen=True):
    """By whom, and how often they have said so; by nobody."""

    holder: str = ""
    beat: int = 0


class LeaseStore(Protocol):
    """Where the lease lies: one small thing that is compared and swapped."""

    def load(self) -> tuple[Held, object]:
        """As it is, and a mark of it. Raises StoreUnavailable."""
        ...

    def save(self, held: Held, mark: object) -> None:
        """Raises StaleWrite where it is no longer as marked, StoreUnavailable."""
        ...


class Lease:
    def __init__(self, store: LeaseStore, clock: Callable[[], float], holder: str = "") -> None:
        self._store, self._clock = store, clock
        self._me = holder or secrets.token_urlsafe(9)
        self._written_at: float | None = None  # by me, while it is mine
        self._seen, self._seen_at = Held(), 0.0
        self._renewing = threading.Lock()

    @property
    def is_sure(self) -> bool:
        """True while nobody else can have it."""
        return self._written_at is not None and self._clock() - self._written_at < SURE_FOR

    def hold(self) -> bool:
        """True where this process may send now. Raises StoreUnavailable."""
        with self._renewing:  # its own threads do not outrun each other
            return self._hold()

    def _hold(self) -> bool:
        asked_at = self._clock()
        if self._written_at is not None and asked_at - self._written_at < RENEWED_AFTER:
            return True
        held, mark = self._store.load()
        if held.holder not in ("", self._me):
            self._written_at = None
            if held != self._seen:
                self._seen, self._seen_at = held, asked_at
            if asked_at - self._seen_at < TAKEN_AFTER:
                return False
        try:
            self._store.save(Held(self._me, held.beat + 1), mark)
        except StaleWrite:
            self._written_at = None
            return False
        except StoreUnavailable:
            self._written_at = None
            raise
        self._written_at = asked_at
        return True

    def give_back(self) -> None:
        """So that nobody need wait for it. Raises StoreUnavailable."""
        held, mark = self._store.load()
        self._written_at = None
        if held.holder == self._me:
            self._store.save(Held("", held.beat + 1), mark)
