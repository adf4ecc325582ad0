"""Reading a ledger of a table: all of it, or what is new. See `ledger.py` for the items."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Generic

from boto3.dynamodb.conditions import Key

from dispatch.domain.stored.document import Contended, UnreadableDocument
from dispatch.domain.stored.ledger import LAST_REVISION
from dispatch.domain.stored.record import taken_apart
from dispatch.stores.dynamodb import Item, Table
from dispatch.stores.repository import L, gone
from dispatch.stores.table.items import (
    RECORD,
    Head,
    Logged,
    applied,
    bytes_of,
    digits,
    leads,
    name_of,
    unseen,
)
from dispatch.stores.table.kinds import Kind

MOST_NEW = 100  # revisions that are read from the log: beyond, all records are
SETTLING = 3  # revisions before the head's whose items may not all be seen yet
LOOKS = 5  # times that a reader starts again because somebody wrote meanwhile


class TableReader(Generic[L]):
    """Shows one moment, whatever is written meanwhile."""

    def __init__(self, table: Table, kind: Kind[L]) -> None:
        self._table, self._kind = table, kind

    def load(self, known: L | None = None) -> L:
        """Raises LedgerGone, too."""
        until = self._table.deadline()
        head = self._head(until)
        if head and known is not None:
            if known.etag == head.etag:
                return known
            log = self._log(known.revision, head.revision, until, most=MOST_NEW)
            if leads(log, known, head):
                return self._read(head, applied(self._kind.raws(known), log), known)
        self._check_layout(until)
        for _ in range(LOOKS):
            if head is None:
                return self._never_written(known)
            items = self._records(until)
            first, head = head, self._head(until)
            if head is None:
                continue
            log = self._log(max(0, first.revision - SETTLING), head.revision, until)
            logged = {each.revision for each in log}
            is_whole = (
                logged >= {*range(first.revision + 1, head.revision + 1)}
                and (head.revision in logged or head.is_shown_by(items))  # the log expires
                and all(item["revision"] <= head.revision for item in items)
            )
            if is_whole:
                raws = {name_of(item): bytes_of(item["raw"]) for item in items}
                return self._read(head, applied(raws, unseen(log, items)), known)
        raise Contended(f"{self} is written too often to be read.")

    def stored(self) -> tuple[int, list[bytes]]:
        """Its revision, 0 where there is none, and its records unread, to be looked through."""
        until = self._table.deadline()
        head = self._head(until)
        raws = [bytes_of(item["raw"]) for item in self._records(until)]
        return head.revision if head else 0, raws

    def record(self, name: str) -> bytes | None:
        """One record unread, by the name of its item."""
        item = self._table.get(self._kind.partition, RECORD + name)
        return bytes_of(item["raw"]) if item and "raw" in item else None

    def _head(self, until: float | None = None) -> Head | None:
        item = self._table.get(*self._kind.head, until=until)
        if item is None:
            return None
        try:
            return Head(
                int(item["revision"]),
                str(item["write_id"]),
                bytes_of(item["raw"]),
                item.get("written", ()),
                item.get("gone", ()),
                bytes_of(item.get("extra", "{}")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableDocument(f"{self} is not ours: its head is damaged.") from error

    def _records(self, until: float | None = None) -> list[Item]:
        """In the order of the document."""
        condition = Key("PK").eq(self._kind.partition) & Key("SK").begins_with(RECORD)
        items = self._table.query(condition, until=until, ConsistentRead=True)
        ours = [item for item in items if {"raw", "place", "revision"} <= item.keys()]
        return sorted(ours, key=lambda item: int(item["place"]))

    def _log(self, first: int, last: int, until: float, most: int = LAST_REVISION) -> list[Logged]:
        """What was written from one revision to another; nothing where that is too much."""
        if not first <= last <= first + most:
            return []
        return list(self._logged(first, last, until))

    def _logged(
        self, first: int, last: int, until: float | None = None, *, newest_first: bool = False
    ) -> Iterator[Logged]:
        span = Key("SK").between(digits(first), digits(last))
        condition, order = Key("PK").eq(self._kind.log) & span, not newest_first
        options = {"ConsistentRead": True, "ScanIndexForward": order}
        return map(Logged.of, self._table.query(condition, until=until, **options))

    def _read(self, head: Head, raws: Mapping[str, bytes], known: L | None) -> L:
        ledger = self._kind.ledger
        try:
            fields, _ = taken_apart(head.raw, ledger.collection)
            extra, _ = taken_apart(head.extra or b"{}", ledger.collection)
            read = ledger.put_together({**fields, **extra}, raws.values(), known)
        except (ValueError, UnreadableDocument) as error:
            raise UnreadableDocument(f"{self}: {error}") from error
        return replace(read, etag=head.etag)

    def _check_layout(self, until: float) -> None:
        if self._kind.older and self._table.get(*self._kind.older, until=until):
            raise UnreadableDocument(
                f"The roster in the DynamoDB table {self._table.name} is laid out as it once was:"
                " `manage.py crew upgrade-table` brings it over."
            )

    def _never_written(self, known: L | None) -> L:
        if (known is not None and known.revision) or self._has_been():
            raise gone(self, self._kind.ledger)
        return known if known is not None and known.etag is None else self._kind.ledger()

    def _has_been(self) -> bool:
        """True where something else shows that there was one."""
        found = (self._table.query(Key("PK").eq(each), Limit=1) for each in self._kind.traces)
        return any(next(items, None) for items in found)

    def __str__(self) -> str:
        return f"{self._kind.partition} in the DynamoDB table {self._table.name}"
