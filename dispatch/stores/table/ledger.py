"""Ledgers in a DynamoDB table: an item a record. Several of several businesses may share one.

| item | PK | SK | attributes |
|---|---|---|---|
| head | `JOBS#`, `CREW#`, `SETTINGS#`, `STOPS#` or `LINKS#<business>` | `HEAD` | `revision`, \
`write_id`; `raw`: what the document would say of itself, and `extra`, of that what seldom \
changes; `written`, `gone`: the names of its last change's records |
| head of a month | `ARCHIVE#<business>` | `2026-05` | the same |
| job, member, what is set, who said stop, who asks for links | as the head | `R#` and its `id`, \
`username` or `hash` | `raw`, `place` in the order, `revision` of its last change |
| archived job | `ARCHIVE#<business>#2026-05` | `R#<finished_at>#<id>` | the same; `PHONE` and \
`NAME` (`<business>#…`, E.164 and folded), by which the indexes `by-phone` and `by-name` find it |
| what a change made of its records | `LOG#` and their PK | its revision, of 19 digits | `records` \
(`name`; `was` and `raw`, before and after; `place` if it comes last), `extra` of the head if that \
changed, `write_id`, `at`, `expires` after 30 days |
| a link | `TOKEN#<business>#<hash>` | `JOBS` or the month | `id`, `name`: `SK` without `R#` |
| an archived job's month | `ID#<business>#<id>` | the month | `name` |
| a member's days | `DAYS#<business>` | `2026-05#<username>` | `days`, as the member has them |

`raw` is JSON as a document would have it, byte for byte. Every change is one transaction on the
condition that the head is as it was read. Whoever edits records by hand must change the head's
`write_id`, too: then everybody reads them anew.

A reader who knows a revision applies the log from there on. Others read all records, and over them
the log of what was written meanwhile: DynamoDB shows the items of a transaction one by one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from boto3.dynamodb.conditions import ConditionBase
from msgspec import Raw

from dispatch.domain.job import LONG_AGO
from dispatch.domain.stored.document import NoVersion, StaleWrite
from dispatch.domain.stored.ledger import LAST_REVISION
from dispatch.domain.stored.record import JSON, taken_apart
from dispatch.stores.dynamodb import ABSENT, MOST_ACTIONS, Action, Item, ItemKey, equal
from dispatch.stores.repository import L, is_whole
from dispatch.stores.table.changes import Step, cut, fits
from dispatch.stores.table.items import (
    RECORD,
    Head,
    Logged,
    applied,
    bytes_of,
    digits,
    last_write,
    name_of,
    text_of,
    undone,
    unseen,
)
from dispatch.stores.table.reader import TableReader

LOG_KEPT = timedelta(days=30)


class TableLedger(TableReader[L]):
    """A `LedgerStore`."""

    # --- writing -------------------------------------------------------------------------

    def takes(self, before: L, after: L) -> bool:
        return fits(self._kind, before, after)

    def commit(self, before: L, after: L) -> L:
        """Of many records some at a time, each time a whole revision. Where that ends half-way the
        same change, made again, finishes it.
        """
        cuts, expected = cut(self._kind, before, after), before.etag
        for number, steps in enumerate(cuts, 1):
            stored = replace(after, revision=after.revision + number - 1)
            if number < len(cuts):
                part = f"{last_write(after)}/{number}"
                stored = replace(
                    stored, recent_writes=(*before.recent_writes, part), extra=before.extra
                )
            written = [step.name for step in steps if step.raw is not None]
            gone = [step.name for step in steps if step.raw is None]
            extra = None if stored.extra == before.extra else JSON.encode(stored.extra or {})
            raw = replace(stored, extra=None).head()
            head = Head(stored.revision, last_write(stored), raw, written, gone, extra)
            at = after.updated_at or datetime.now(UTC)
            entry = {
                "write_id": head.write_id,
                "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "expires": int((at + LOG_KEPT).timestamp()),
                "records": [_logged(*each, head.revision) for each in enumerate(steps)],
                **_extra(head),
            }
            self._table.write(
                self._head_action(expected, head),
                *self._actions(head.revision, steps),
                self._table.put(self._kind.log, digits(head.revision), before={}, then=entry),
            )
            expected = head.etag
        return replace(stored, etag=expected)

    def begin(self, revision: int = 0) -> None:
        """Of whatever records are left. Raises StaleWrite where there is one."""
        revision = max(revision, *(int(item["revision"]) for item in self._records()), 0)
        if self._head():
            raise StaleWrite
        empty = self._kind.ledger(revision=revision)
        head = Head(revision, "", empty.head())
        self._table.write(self._head_action(None, head))

    # --- what was --------------------------------------------------------------------------

    def versions(self) -> Iterator[tuple[datetime, L]]:
        """As far back as the log goes, which is kept for 30 days."""
        for at, revision, raws in self._past():
            yield at, replace(self._put_together({}, raws), revision=revision, updated_at=at)

    def as_of(self, at: datetime) -> L:
        for since, _, raws in self._past():
            if since <= at:
                return self._put_together({}, raws)
        raise NoVersion(f"Of {self} no version of that time is kept.")

    def put_back(self, write_id: str, at: datetime, *, dry: bool = False) -> None:
        """The records that are left, with what the log has of others."""
        if is_whole(self):
            raise StaleWrite
        items, log = self._records(), list(self._logged(0, LAST_REVISION))
        revisions = [*(item["revision"] for item in items), *(each.revision for each in log)]
        if not revisions:
            raise NoVersion(f"Of {self} no version is kept that can be read.")
        if dry:
            return
        raws = {name_of(item): bytes_of(item["raw"]) for item in items}
        extras = [each.extra for each in log if each.extra]
        fields, _ = taken_apart(extras[-1], "") if extras else ({}, ())
        left = replace(self._put_together({}, raws), revision=max(revisions))
        whole = self._put_together(fields, applied(dict(raws), unseen(log, items)))
        self._table.write(self._table.delete(*self._kind.head))  # what may be left of it
        self.commit(left, replace(whole, revision=max(revisions)).written(write_id, at))

    def _past(self) -> Iterator[tuple[datetime, int, dict[str, bytes]]]:
        """Since when it was so, the revision, and the records, which the next step changes."""
        now = self.load()
        raws = self._kind.raws(now)
        yield now.updated_at or LONG_AGO, now.revision, raws
        later: Logged | None = None
        for commit in self._logged(0, now.revision, newest_first=True):
            if commit.revision != (later.revision - 1 if later else now.revision):
                return
            if later:
                if not undone(raws, later):
                    return
                yield commit.at, commit.revision, raws
            later = commit

    def _put_together(self, fields: Mapping[str, Raw], raws: Mapping[str, bytes]) -> L:
        schema = {"schema": Raw(JSON.encode(self._kind.ledger.schema))}
        return self._kind.ledger.put_together({**fields, **schema}, raws.values())

    def _actions(self, revision: int, steps: list[Step]) -> Iterator[Action]:
        """Of the records, and of what goes with them."""
        table, others = self._table, dict[ItemKey, Item | None]()
        for place, step in enumerate(steps):
            key = (self._kind.partition, RECORD + step.name)
            if step.raw is None:
                yield table.delete(*key)
            else:
                was, now = step.indexed
                stored = _placed(step, revision, place)
                then = {**stored, **now, "raw": text_of(step.raw), "revision": revision}
                yield table.put(*key, before=dict.fromkeys(was), then=then)
            others |= step.beside
        for other, item in others.items():
            yield table.delete(*other) if item is None else table.put(*other, before={}, then=item)

    def _head_action(self, expected: str | None, head: Head) -> Action:
        still: ConditionBase = ABSENT
        if expected is not None:
            revision, _, write_id = expected.partition(" ")
            still = equal(revision=int(revision), write_id=write_id)
        then = {**head._asdict(), "raw": text_of(head.raw)}
        del then["extra"]
        then |= _extra(head)
        return self._table.put(*self._kind.head, before={}, then=then, condition=still)


def _extra(head: Head) -> Item:
    return {} if head.extra is None else {"extra": text_of(head.extra)}


def _placed(step: Step, revision: int, place: int) -> Item:
    return {"place": revision * MOST_ACTIONS + place} if step.is_new else {}


def _logged(place: int, step: Step, revision: int) -> Item:
    raws = {"raw": step.raw, "was": step.was}
    stored = {name: text_of(raw) for name, raw in raws.items() if raw is not None}
    return {"name": step.name, **stored, **_placed(step, revision, place)}
