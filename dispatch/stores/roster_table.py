"""The roster in a DynamoDB table, as a document: several businesses may share one table.

| item | PK | SK |
|---|---|---|
| what the document says of itself, and who is on it | `CREW#META` | `META` |
| a member | `CREW#<username>` | `PROFILE` |
| a day of a member that is not as always | `CREW#<username>` | `AVAIL#<date>` |

(`CREW#<business>#…` where the address names one.) Every write is one transaction on the condition
that META is still at the revision that was read. So a reader who finds META the same before and
after, and the members at the versions that it names, has read one moment, without an index, which
would lag behind.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from itertools import repeat
from typing import Any

import msgspec
from boto3.dynamodb.conditions import ConditionBase, Key

from dispatch.domain.document import (
    MISSING,
    Contended,
    Document,
    StaleWrite,
    StoreUnavailable,
    Version,
)
from dispatch.domain.roster import Availability
from dispatch.stores.dynamodb import (
    ABSENT,
    MOST_ACTIONS,
    Action,
    Item,
    LostRace,
    NoTable,
    Table,
    equal,
)
from dispatch.stores.roster_items import (
    AVAIL,
    ItemKey,
    changes,
    day_of,
    is_one_moment,
    put_together,
    taken_apart,
)

META = "META"
KEYS = ("PK", "SK", "ROSTER", "DAY")  # the table's and its index's own; JSON's names are small
BY_DATE = "by-date"
STILL_LOADED = timedelta(days=2)  # days gone by: the zone furthest behind still calls one today
MOST_MEMBERS = MOST_ACTIONS - 2  # that change at once: beside META, and one that comes early
READERS = 8  # members that are read at once
LOOKS = 5  # times that a reader starts again because somebody wrote meanwhile


class RosterTable:
    """A `DocumentStore` whose document is one business's part of a table.

    Unlike a file it keeps what the document says, not its bytes. Of an item only the attributes
    that changed are written, all others stay; days gone by stay too, but are not loaded.
    """

    def __init__(self, table: Table, business: str = "", *, today: Callable[[], date]) -> None:
        self._table, self._today = table, today
        self._roster = f"CREW#{business}#" if business else "CREW#"
        self._held = MISSING
        self._doubted = False

    def load(self, known: Document | None = None) -> Document:
        """Raises NoTable, too. `known` is given back after one look at META."""
        until = self._table.deadline()
        for look in range(LOOKS):
            meta = self._meta(until)
            if meta is None:
                return MISSING
            if known is not None and known.etag == _etag(meta) and not self._doubted:
                return known
            members = self._members(meta["members"], until)
            # Still apart at the last look: somebody changed a version by hand.
            whole = is_one_moment(meta, members) or look == LOOKS - 1
            if whole and (after := self._meta(until)) and _etag(after) == _etag(meta):
                self._doubted = False
                self._held = Document(put_together(meta, members), _etag(meta))
                return self._held
        raise Contended("The roster is written too often to be read.")

    def save(self, body: bytes, if_match: str | None) -> Document:
        before, after = taken_apart(self._base(if_match)), taken_apart(body)
        early, rest = list[Action](), list[Action]()
        for key in changes(before, after, self._since()):
            known = before.items.get(key)
            # A single day shows nothing half done, and a new member is not seen before listed.
            ordered = early if day_of(key) or known is None else rest
            ordered.append(self._action(key, known, after.items.get(key)))
        if len(rest) > MOST_MEMBERS:
            raise StoreUnavailable(
                f"{len(rest)} members are too many to change at once: DynamoDB takes"
                f" {MOST_MEMBERS}. Nothing was changed."
            )
        meta, still = (self._roster + META, META), _still(if_match)
        unmoved = self._table.check(*meta, still)
        moved = self._table.put(*meta, before=before.head, then=after.head, condition=still)
        try:
            # What one transaction cannot take goes first, all but one. Should this end half-way,
            # some is done and META does not know: the change done again still finds that one.
            while len(early) + len(rest) >= MOST_ACTIONS:
                now = early[: min(len(early), MOST_ACTIONS) - 1]
                self._table.write(unmoved, *now)
                early = early[len(now) :]
            self._table.write(moved, *early, *rest)
        except LostRace as lost:
            # An item changed while META did not: somebody came another way. Read it all again.
            self._doubted = 0 not in lost.places
            raise
        self._held = Document(body, _etag(after.head))
        return self._held

    def between(self, start: date, end: date) -> Iterator[tuple[str, date, Availability]]:
        """Availability by username and date, for these days, both included; long past ones too.

        From an index, which may lag behind by a moment.
        """
        condition = Key("ROSTER").eq(self._roster) & Key("DAY").between(str(start), str(end))
        for item in self._table.query(condition, IndexName=BY_DATE):
            with suppress(ValueError):  # what is no day of ours: `load` reports its member
                entry = msgspec.convert(_without_keys(item), Availability, strict=False)
                day = date.fromisoformat(item["DAY"])
                yield item["PK"].removeprefix(self._roster), day, entry

    def versions(self) -> list[Version]:
        """None are kept."""
        return []

    def table_exists(self) -> bool:
        return self._table.exists()

    def create_table(self) -> bool:
        """For the rosters of all businesses whose address names it; False if it was there."""
        return self._table.create(BY_DATE, KEYS)

    def __str__(self) -> str:
        return self._table.name

    def _meta(self, until: float) -> Item | None:
        try:
            meta = self._table.get(self._roster + META, META, until=until)
        except NoTable as error:
            raise NoTable(f"{error} `manage.py crew create-table` makes it.") from error
        return None if meta is None else {"members": []} | _without_keys(meta)

    def _members(self, usernames: list[str], until: float) -> list[dict[str, Item]]:
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self._member, usernames, repeat(until)))

    def _member(self, username: str, until: float) -> dict[str, Item]:
        """By sort key, the days that count and what follows them: `P` comes after `A`."""
        condition = Key("PK").eq(self._roster + username) & Key("SK").gte(AVAIL + self._since())
        found = self._table.query(condition, until=until, ConsistentRead=True)
        return {item["SK"]: _without_keys(item) for item in found}

    def _since(self) -> str:
        return str(self._today() - STILL_LOADED)

    def _base(self, if_match: str | None) -> bytes:
        """The parts read under that ETag. Raises StaleWrite where it is no longer there."""
        if if_match is None:
            return b""
        held = self._held if self._held.etag == if_match else self.load()
        if held.etag != if_match:
            raise StaleWrite
        return held.body

    def _action(self, key: ItemKey, before: Item | None, then: Item | None) -> Action:
        place, day, condition = (self._roster + key[0], key[1]), day_of(key), None
        if before and not day and "version" in before:
            condition = equal(version=before["version"])
        if then is None:
            return self._table.delete(*place, condition)
        index = {"ROSTER": self._roster, "DAY": day} if day else {}
        return self._table.put(*place, before=before or {}, then=index | then, condition=condition)


def _etag(meta: dict[str, Any]) -> str:
    """The revision, and whose write made it: a table made anew counts from the start again."""
    return f"{meta.get('revision', 0)} {meta.get('write_id', '')}"


def _still(etag: str | None) -> ConditionBase:
    if etag is None:
        return ABSENT
    revision, _, write_id = etag.partition(" ")
    return equal(revision=int(revision), write_id=write_id)


def _without_keys(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in KEYS}
