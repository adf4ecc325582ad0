"""Ledgers in a DynamoDB table: an item a record. Several of several businesses may share one.

| item | PK | SK | attributes |
|---|---|---|---|
| head | `JOBS#<business>`, `CREW#<business>` | `HEAD` | `revision`, `write_id`, `raw`: what the \
document would say of itself; `written`, `gone`: the names of its last change's records |
| head of a month | `ARCHIVE#<business>` | `2026-05` | the same |
| job, member | as the head | `R#<id>`, `R#<username>` | `raw`, `place` in the order, `revision` \
of its last change |
| archived job | `ARCHIVE#<business>#2026-05` | `R#<finished_at>#<id>` | the same; `PHONE` and \
`NAME` (`<business>#…`, E.164 and folded), by which the indexes `by-phone` and `by-name` find it |
| what a change made of its records | `LOG#` and their PK | its revision, of 19 digits | `records` \
(`name`, `raw` unless it is gone, `place` if it is new), `write_id`, `at`, `expires` after 30 days |
| a link | `TOKEN#<business>#<hash>` | `JOBS` or the month | `id`, `name`: `SK` without `R#` |
| an archived job's month | `ID#<business>#<id>` | the month | `name` |
| a member's days | `DAYS#<business>` | `2026-05#<username>` | `days`, as the member has them |

`raw` is JSON as a document would have it, byte for byte. Every change is one transaction on the
condition that the head is as it was read. Whoever edits records by hand must change the head's
`write_id`, too: then everybody reads them anew.

A reader who knows a revision applies the log from there on. Others read all records, and over them
the log of what was written meanwhile: DynamoDB shows the items of a transaction one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple

from boto3.dynamodb.conditions import ConditionBase, Key

from dispatch.domain.document import Contended, LedgerGone, StaleWrite, UnreadableDocument
from dispatch.domain.ledger import LAST_REVISION, Ledger
from dispatch.domain.record import taken_apart
from dispatch.stores.dynamodb import ABSENT, MOST_ACTIONS, Action, Item, ItemKey, Table, equal
from dispatch.stores.repository import L
from dispatch.stores.table.changes import Step, cut
from dispatch.stores.table.kinds import Kind

RECORD = "R#"
DIGITS = len(str(LAST_REVISION))
MOST_NEW = 100  # revisions that are read from the log: beyond, all records are
SETTLING = 3  # revisions before the head's whose items may not all be seen yet
LOOKS = 5  # times that a reader starts again because somebody wrote meanwhile
LOG_KEPT = timedelta(days=30)


class Head(NamedTuple):
    """With the names of the records that its commit wrote, and of those that it took away."""

    revision: int
    write_id: str
    raw: bytes
    written: Sequence[str] = ()
    gone: Sequence[str] = ()

    @property
    def etag(self) -> str:
        """With whose write made it: a table made anew counts from the start again."""
        return f"{self.revision} {self.write_id}"

    def is_shown_by(self, items: list[Item]) -> bool:
        """True where the records are as its commit left them, or later."""
        revisions = {_name(item): item["revision"] for item in items}
        is_written = all(revisions.get(name, -1) >= self.revision for name in self.written)
        return is_written and revisions.keys().isdisjoint(self.gone)


class Logged(NamedTuple):
    """One commit: of each record that it changed `name`, `raw` unless it went, `place` if new."""

    revision: int
    write_id: str
    records: list[Item]


class TableLedger(Generic[L]):
    """A `LedgerStore`."""

    def __init__(self, table: Table, kind: Kind[L]) -> None:
        self._table, self._kind = table, kind

    # --- reading -------------------------------------------------------------------------

    def load(self, known: L | None = None) -> L:
        """Raises LedgerGone, too."""
        until = self._table.deadline()
        head = self._head(until)
        if head and known is not None:
            if known.etag == head.etag:
                return known
            log = self._log(known.revision, head.revision, until, most=MOST_NEW)
            if _leads(log, known, head):
                raws = self._kind.names([entry.raw for entry in known.entries])
                return self._read(head, _applied(raws, log), known)
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
                raws = {_name(item): _bytes(item["raw"]) for item in items}
                return self._read(head, _applied(raws, _unseen(log, items)), known)
        raise Contended(f"{self} is written too often to be read.")

    def stored(self) -> tuple[int, list[bytes]]:
        """Its revision, 0 where there is none, and its records unread, to be looked through."""
        until = self._table.deadline()
        head = self._head(until)
        return head.revision if head else 0, [_bytes(item["raw"]) for item in self._records(until)]

    def record(self, name: str) -> bytes | None:
        """One record unread, by the name of its item."""
        item = self._table.get(self._kind.partition, RECORD + name)
        return _bytes(item["raw"]) if item and "raw" in item else None

    def _head(self, until: float | None = None) -> Head | None:
        item = self._table.get(*self._kind.head, until=until)
        if item is None:
            return None
        try:
            return Head(
                int(item["revision"]),
                str(item["write_id"]),
                _bytes(item["raw"]),
                item.get("written", ()),
                item.get("gone", ()),
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
        span = Key("SK").between(_digits(first), _digits(last))
        condition = Key("PK").eq(self._kind.log) & span
        items = self._table.query(condition, until=until, ConsistentRead=True)
        return [Logged(int(item["SK"]), item["write_id"], item["records"]) for item in items]

    def _read(self, head: Head, raws: Mapping[str, bytes], known: L | None) -> L:
        ledger = self._kind.ledger
        try:
            fields, _ = taken_apart(head.raw, ledger.collection)
            read = ledger.put_together(fields, raws.values(), known)
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
            raise LedgerGone(
                f"{self} was there and is gone. Nothing is written in its place until it is"
                " put back, or begun anew by `manage.py jobs begin`."
            )
        return known if known is not None and known.etag is None else self._kind.ledger()

    def _has_been(self) -> bool:
        """True where something else shows that there was one."""
        trace = self._kind.trace
        return bool(trace and next(self._table.query(Key("PK").eq(trace), Limit=1), None))

    # --- writing -------------------------------------------------------------------------

    def takes(self, before: L, after: L) -> bool:
        return len(cut(self._kind, before, after)) == 1

    def commit(self, before: L, after: L) -> L:
        """Of many records some at a time, each time a whole revision. Where that ends half-way the
        same change, made again, finishes it.
        """
        cuts, expected = cut(self._kind, before, after), before.etag
        for number, steps in enumerate(cuts, 1):
            stored = replace(after, revision=after.revision + number - 1)
            if number < len(cuts):
                part = f"{_last_write(after)}/{number}"
                stored = replace(
                    stored, recent_writes=(*before.recent_writes, part), extra=before.extra
                )
            written = [step.name for step in steps if step.raw is not None]
            gone = [step.name for step in steps if step.raw is None]
            head = Head(stored.revision, _last_write(stored), stored.head(), written, gone)
            self._table.write(*self._actions(expected, head, steps, after.updated_at))
            expected = head.etag
        return replace(stored, etag=expected)

    def begin(self) -> None:
        """Of whatever records are left. Raises StaleWrite where there is one."""
        revision = max((item["revision"] for item in self._records()), default=0)
        if self._head():
            raise StaleWrite
        empty = self._kind.ledger(revision=revision)
        head = Head(revision, "", empty.head())
        self._table.write(self._head_action(None, head))

    def _actions(
        self, expected: str | None, head: Head, steps: list[Step], at: datetime | None
    ) -> Iterator[Action]:
        table, at = self._table, at or datetime.now(UTC)
        yield self._head_action(expected, head)
        logged, others = list[Item](), dict[ItemKey, Item | None]()
        for number, step in enumerate(steps):
            key, stored = (self._kind.partition, RECORD + step.name), Item()
            if step.raw is None:
                yield table.delete(*key)
            else:
                place = {"place": head.revision * MOST_ACTIONS + number} if step.is_new else {}
                stored = {"raw": _text(step.raw), **place}
                was, now = step.indexed
                then = {**stored, **now, "revision": head.revision}
                yield table.put(*key, before=dict.fromkeys(was), then=then)
            logged.append({"name": step.name, **stored})
            others |= step.beside
        for other, item in others.items():
            yield table.delete(*other) if item is None else table.put(*other, before={}, then=item)
        entry = {
            "write_id": head.write_id,
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "expires": int((at + LOG_KEPT).timestamp()),
            "records": logged,
        }
        yield table.put(self._kind.log, _digits(head.revision), before={}, then=entry)

    def _head_action(self, expected: str | None, head: Head) -> Action:
        still: ConditionBase = ABSENT
        if expected is not None:
            revision, _, write_id = expected.partition(" ")
            still = equal(revision=int(revision), write_id=write_id)
        then = {**head._asdict(), "raw": _text(head.raw)}
        return self._table.put(*self._kind.head, before={}, then=then, condition=still)

    def __str__(self) -> str:
        return f"{self._kind.head[0]} in the DynamoDB table {self._table.name}"


def _last_write(ledger: Ledger[Any]) -> str:
    return ledger.recent_writes[-1] if ledger.recent_writes else ""


def _leads(log: list[Logged], known: Ledger[Any], head: Head) -> bool:
    """True where nothing is missing between the two: the log may have expired, or be another's."""
    revisions = [each.revision for each in log]
    return (
        revisions == [*range(known.revision, head.revision + 1)]
        and log[0].write_id == _last_write(known)
        and log[-1].write_id == head.write_id
    )


def _unseen(log: list[Logged], items: list[Item]) -> list[Logged]:
    """What of the log came after these records."""
    seen = {_name(item): item["revision"] for item in items}
    return [
        each._replace(
            records=[it for it in each.records if seen.get(it["name"], -1) < each.revision]
        )
        for each in log
    ]


def _applied(raws: dict[str, bytes], log: list[Logged]) -> dict[str, bytes]:
    for commit in log:
        for record in commit.records:
            if "raw" not in record or "place" in record:
                raws.pop(record["name"], None)
            if "raw" in record:
                raws[record["name"]] = _bytes(record["raw"])
    return raws


def _name(item: Item) -> str:
    return str(item["SK"]).removeprefix(RECORD)


def _digits(revision: int) -> str:
    return f"{revision:0{DIGITS}}"


def _text(raw: bytes) -> str | bytes:
    """As people can read it in the console, where it is text."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _bytes(stored: str | bytes) -> bytes:
    return stored.encode() if isinstance(stored, str) else stored
