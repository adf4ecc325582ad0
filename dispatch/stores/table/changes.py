"""What differs between two ledgers, item by item, cut into transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.dynamodb import MOST_ACTIONS, Item, ItemKey
from dispatch.stores.repository import L
from dispatch.stores.table.kinds import LONGEST_NAME, Items, Kind

MOST_BYTES = 380_000  # that one commit changes, as the log has them in one item: it takes 400 KB


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one record: `raw` is None where it goes; `is_new` where it comes last.

    `was` is None where there was none, or the two are too long for the log.
    """

    name: str
    was: bytes | None
    raw: bytes | None
    is_new: bool
    indexed: tuple[Mapping[str, str], Mapping[str, str]]  # before and after
    beside: Mapping[ItemKey, Item | None]  # what changes of its other items; None goes

    @property
    def size(self) -> int:
        return len(self.name) + len(self.was or b"") + len(self.raw or b"")


def fits(kind: Kind[L], before: L, after: L) -> bool:
    """True where one transaction is enough. Of those who change a ledger together each asks, and a
    look is mostly enough. Raises StoreUnavailable for a record that is too long.
    """
    places = zip_longest(before.entries, after.entries)
    differing = [(old, new) for old, new in places if old is not new]
    size = sum(LONGEST_NAME + len(each.raw) for pair in differing for each in pair if each)
    actions = 2 + sum(1 + kind.touched_beside(old, new) for old, new in differing)
    are_in_place = all(
        not (old and new) or kind.name(old) == kind.name(new) for old, new in differing
    )
    looks_so = size <= MOST_BYTES and actions <= MOST_ACTIONS and are_in_place
    return looks_so or len(cut(kind, before, after)) == 1


def cut(kind: Kind[L], before: L, after: L) -> list[list[Step]]:
    """As many transactions as it takes. Raises StoreUnavailable for a record that is too long.

    One without a record changes the head alone.
    """
    cuts, actions, size = [list[Step]()], 2, 0  # with the head's and the log's
    for step in _steps(kind, before, after):
        if step.size > MOST_BYTES:
            raise StoreUnavailable(
                f"{step.name} is of {step.size:,} bytes; DynamoDB takes {MOST_BYTES:,}."
                " Nothing was changed."
            )
        more = 1 + len(step.beside)
        if cuts[-1] and (actions + more > MOST_ACTIONS or size + step.size > MOST_BYTES):
            cuts.append([])
            actions, size = 2, 0
        cuts[-1].append(step)
        actions, size = actions + more, size + step.size
    return cuts


def _steps(kind: Kind[L], before: L, after: L) -> list[Step]:
    olds, news = kind.names(before.entries), kind.names(after.entries)
    order = {name: place for place, name in enumerate(olds)}
    changed, last = dict[str, bool](), -1  # whether it takes a new place
    is_new = False
    for name, entry in news.items():
        place = order.get(name, -1)
        is_new |= place <= last  # and so is all that follows one that has moved
        last = max(last, place)
        if is_new or entry.raw != olds[name].raw:
            changed[name] = is_new
    changed |= dict.fromkeys((name for name in olds if name not in news), False)
    known = {name: _items(kind, name, olds.get(name)) for name in changed}
    items = {name: _items(kind, name, news.get(name)) for name in changed}
    kept = {key for each in items.values() for key in each}
    steps = []
    for name, is_placed in changed.items():
        old, new, earlier = olds.get(name), news.get(name), known[name]
        gone = {key: None for key in earlier if key not in kept}
        made = {key: each for key, each in items[name].items() if each != earlier.get(key)}
        indexed = _indexed(kind, old), _indexed(kind, new)
        was, raw = old.raw if old else None, new.raw if new else None
        if len(name) + len(was or b"") + len(raw or b"") > MOST_BYTES:
            was = None
        steps.append(Step(name, was, raw, is_placed, indexed, {**gone, **made}))
    return steps


def _items(kind: Kind[Any], name: str, entry: Entry[Any] | None) -> Items:
    return kind.beside(name, entry.value) if entry and entry.value else {}


def _indexed(kind: Kind[Any], entry: Entry[Any] | None) -> Mapping[str, str]:
    return kind.indexed(entry.value) if entry and entry.value else {}
