"""The apps' own door to jobs and roster, whatever stands behind it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from dispatch.domain.jobbook import JobBook
from dispatch.domain.ledger import Ledger
from dispatch.domain.roster import Roster

L = TypeVar("L", bound=Ledger)  # type: ignore[type-arg]


class Repository(Protocol[L]):
    def read(self, at_least: int = 0) -> L:
        """The ledger, at most seconds old, and never older than revision `at_least`.

        Raises StoreUnavailable where it was never read and cannot be now.
        """
        ...

    def refreshed(self) -> L:
        """The ledger after a look at the storage: for an id or a link that `read` lacks."""
        ...

    def age(self) -> float:
        """Seconds since the storage last confirmed what `read` gives."""
        ...

    def change(self, fn: Callable[[L], L]) -> L:
        """Apply `fn` to the newest ledger and write what it returns.

        `fn` may run more than once: it makes no ids and reads no clock. What it raises
        changes nothing and reaches the caller. Returns the ledger as written; nothing is
        written where `fn` returns what it was given. Raises StoreUnavailable.
        """
        ...


JobRepository = Repository[JobBook]
RosterRepository = Repository[Roster]
