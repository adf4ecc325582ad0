"""Who has lost their link and asks for it: for a day, and beside the jobs, not in them."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from dispatch.domain.outbox.message import State
from dispatch.domain.stored.ledger import Ledger
from dispatch.domain.stored.record import Record

ONCE_IN = timedelta(hours=1)  # to one number or address
TRIED_FOR = timedelta(minutes=30)
TRIED_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=1)
MOST_WAITING = 500  # beyond, no more are taken


class Ask(Record, frozen=True, kw_only=True):
    """One ask, by the `hash` of the number or address: `to` itself goes once it is over. `id` is
    its message's, `at` when it was asked, `next_at` when it is tried the next time.
    """

    hash: str
    id: str
    channel: str
    to: str = ""
    at: datetime
    next_at: datetime
    state: str = State.WAITING

    @property
    def waits(self) -> bool:
        return self.state == State.WAITING


class Links(Ledger[Ask]):
    """All of one business."""

    schema = 1
    collection = "asks"
    record = Ask
    named_by = "hash"
    mended_by = "put back, or the servers are started anew"

    def old(self, at: datetime) -> set[str]:
        """The hashes of those that are over for long, or that nobody ever sent."""
        return {ask.hash for ask in self.values if at - ask.at > KEPT_FOR}

    def due(self, at: datetime) -> list[Ask]:
        """The longest due first."""
        found = [ask for ask in self.values if ask.waits and ask.next_at <= at]
        return sorted(found, key=lambda ask: ask.next_at)

    def asked(self, ask: Ask) -> "Links":
        """With it. Itself where the same was asked within the hour, or too many wait."""
        known = self.value(ask.hash)
        waiting = sum(each.waits for each in self.values)
        if (known and ask.at - known.at < ONCE_IN) or waiting >= MOST_WAITING:
            return self
        return self.put(ask)

    def tried(self, ask: Ask, at: datetime) -> "Links":
        """As long as it waits: not again before its time, whoever is cut off meanwhile."""
        return self._with(ask, next_at=at + TRIED_EVERY)

    def over(self, ask: Ask, state: State) -> "Links":
        return self._with(ask, state=state.value, to="")

    def _with(self, ask: Ask, **fields: object) -> "Links":
        """Itself where that very ask does not wait any more."""
        known = self.value(ask.hash)
        is_same = known is not None and known.waits and known.id == ask.id
        return self.put(replace(known, **fields)) if known and is_same else self
