"""A table's roster: members' days by date, and what is left of how it was once laid out."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

import msgspec
from boto3.dynamodb.conditions import ConditionBase, Key
from msgspec import Raw

from dispatch.domain.roster import Availability, Roster
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.domain.stored.record import JSON
from dispatch.stores.dynamodb import MOST_ACTIONS, Item, Table, equal
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger

PROFILE, AVAIL = "PROFILE", "AVAIL#"
KEYS = {"PK", "SK", "ROSTER", "DAY"}
OURS = {*KEYS, "members", "versions", "upgrade"}
LOCKED = 1_000  # is added to the schema
DAYS = msgspec.json.Decoder(dict[date, Availability])


def days_between(
    table: Table, business: str, start: date, end: date
) -> Iterator[tuple[str, date, Availability]]:
    """Availability by username and date, for these days, both included, by one query."""
    span = Key("SK").between(f"{start:%Y-%m}", f"{end:%Y-%m}~")
    condition = Key("PK").eq(kinds.days(business)) & span
    for item in table.query(condition, ConsistentRead=True):
        username = item["SK"].partition("#")[2]
        for day, entry in DAYS.decode(item["days"]).items():
            if start <= day <= end:
                yield username, day, entry


class OldLayout:
    """A roster as tables once had it, to be brought over.

    | item | PK | SK |
    |---|---|---|
    | what the document says of itself, and who is on it | `CREW#META` | `META` |
    | a member | `CREW#<username>` | `PROFILE` |
    | a day of a member that is not as always | `CREW#<username>` | `AVAIL#<date>` |

    (`CREW#<business>#…` where the address names one.) META says how far that has come: first it
    gets a `schema` that no program of old writes over; it is the last that goes.
    """

    def __init__(self, table: Table, business: str, *, is_named: bool) -> None:
        kind = kinds.crew(business, is_named=is_named)
        assert kind.older
        self._table, self._meta = table, kind.older
        self._new = TableLedger(table, replace(kind, older=None))

    def read(self) -> Roster | None:
        """All of it; None where there is none, or no more. Raises StoreUnavailable."""
        meta = self._table.get(*self._meta)
        if meta is None:
            return None
        if "upgrade" in meta:
            meta["schema"] -= LOCKED
        members = [self._member(username) for username in meta["members"]]
        head = {name: Raw(JSON.encode(each)) for name, each in meta.items() if name not in OURS}
        return Roster.put_together(head, [JSON.encode(member) for member in members if member])

    def bring_over(self, at: datetime) -> None:
        """Where that ends half-way, it goes on when called again. Raises StoreUnavailable."""
        meta = self._table.get(*self._meta)
        if meta is None:
            return
        if "upgrade" not in meta:
            read = equal(revision=meta["revision"], write_id=meta["write_id"])
            self._mark({"upgrade": "begun", "schema": meta.get("schema", 1) + LOCKED}, read)
        if meta.get("upgrade") != "compared":
            self._copy(at)
            self._mark({"upgrade": "compared"})
        for username in meta["members"]:
            items = list(self._items(username))
            for start in range(0, len(items), MOST_ACTIONS):
                some = items[start : start + MOST_ACTIONS]
                self._table.write(*(self._table.delete(item["PK"], item["SK"]) for item in some))
        self._table.write(self._table.delete(*self._meta))

    def _copy(self, at: datetime) -> None:
        old, known = self.read(), self._new.load()
        assert old
        begun = old if known.etag is None else known
        after = Roster(old.entries, begun.revision, begun.recent_writes, extra=old.extra)
        if known.etag is None or not _same(known, old):
            self._new.commit(known, after.written(secrets.token_urlsafe(9), at))
        if not _same(self._new.load(), old):
            raise UnreadableDocument("What was copied differs: nothing was removed. Try again.")

    def _mark(self, then: Item, condition: ConditionBase | None = None) -> None:
        self._table.write(self._table.put(*self._meta, before={}, then=then, condition=condition))

    def _member(self, username: str) -> Item:
        items = {item["SK"]: _without_keys(item) for item in self._items(username)}
        days = {sort[len(AVAIL) :]: day for sort, day in items.items() if sort.startswith(AVAIL)}
        return {"availability": days, **items[PROFILE]} if PROFILE in items else {}

    def _items(self, username: str) -> Iterator[Item]:
        partition = self._meta[0].removesuffix("META") + username
        for item in self._table.query(Key("PK").eq(partition), ConsistentRead=True):
            if item["SK"] == PROFILE or item["SK"].startswith(AVAIL):  # today's may lie beside
                yield item


def _same(new: Roster, old: Roster) -> bool:
    return (new.extra or {}, [entry.raw for entry in new.entries]) == (
        old.extra or {},
        [entry.raw for entry in old.entries],
    )


def _without_keys(item: Item) -> Item:
    return {name: each for name, each in item.items() if name not in KEYS}
