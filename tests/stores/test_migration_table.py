"""Jobs move into a table and home again, whatever happens on the way."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from dispatch.domain.stored.document import LedgerMoved
from dispatch.stores.archiver import Archiver
from dispatch.stores.dynamodb import Table
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from dispatch.stores.table import kinds
from dispatch.stores.table.archive import TableMonths
from dispatch.stores.table.ledger import TableLedger
from tests.making import BUSINESS, NOON
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import open_jobs, open_jobs_in
from tests.stores.conftest import MOTO
from tests.stores.test_archive import (
    TODAY,
    Killed,
    done,
    noted,
    put,
    reopened,
    still_open,
)
from tests.stores.test_migration import place, records

OpenTable = Callable[[], Table]


@pytest.fixture(params=["memory", MOTO])
def table(request: pytest.FixtureRequest) -> OpenTable:
    if request.param == "moto":
        opened: OpenTable = request.getfixturevalue("open_table")
        return opened
    client = MemoryTable()
    return lambda: Table("in memory", lambda: client)


def in_table(table: Any, business: str) -> Place:
    months = TableMonths(table, business, BUSINESS.zone)
    return Place(f"dynamodb://{business}", TableLedger(table, kinds.jobs(business)), months)


def kept(at: Place) -> dict[str, list[bytes]]:
    ledgers = {f"{name}.json": at.months.ledger(name) for name in at.months.names()}
    return {
        name: [entry.raw for entry in ledger.load().entries]
        for name, ledger in {"jobs.json": at.jobs, **ledgers}.items()
    }


@pytest.fixture
def old() -> MemoryStore:
    """More of a month than one transaction takes; and what nobody can read."""
    store = MemoryStore()
    jobs = open_jobs(store)
    made = [done(f"may{number}", 5 + number / 100) for number in range(40)]
    put(jobs, *made, done("april", 30), *(still_open(f"open{number}") for number in range(3)))
    Archiver(jobs).archive(TODAY)
    body = store.load().body.replace(b'"jobs":[', b'"house":{"a" : 1},"jobs":[\n{"id": 7},')
    store.save(body, store.load().etag)
    month = store.beside("archive/2026-05.json")
    strange = b'"tone":"blue","jobs":[\n{"id":"x","status":"?"},'
    month.save(month.load().body.replace(b'"jobs":[', strange), month.load().etag)
    return store


def test_into_a_table_and_home_again(old: MemoryStore, table: OpenTable, business: str) -> None:
    here, there = place(old, "file:old"), in_table(table(), business)
    list(Move(here, there, lambda: NOON).forward())
    assert kept(there) == records(old)
    assert there.jobs.load().revision >= here.jobs.load().revision
    jobs = open_jobs_in(table(), business)
    assert jobs.archived_by_token(done("april").tracking_token).id == "april"
    with pytest.raises(LedgerMoved):
        put(open_jobs(old), still_open("late"))
    put(jobs, still_open("late"))
    jobs.change_job("april", lambda book: reopened(book, "april"))
    jobs.change_job("may3", lambda book: noted(book, "may3"))
    list(Move(there, here, lambda: NOON).forward())
    assert kept(there) == records(old)
    with pytest.raises(LedgerMoved, match="moved to file:old"):
        put(jobs, still_open("later"))
    put(open_jobs(old), still_open("later"))
    list(Move(here, there, lambda: NOON).forward())
    assert kept(there) == records(old)


class Dying:
    """A table that is the last thing a process sees."""

    def __init__(self, table: Table, last: int) -> None:
        self._table, self.left = table, last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def write(self, *actions: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed
        self._table.write(*actions)


def test_killed_at_any_write_it_goes_on(table: OpenTable, business: str) -> None:
    """Within a month that takes several transactions, too; and half of it is taken back."""
    store = MemoryStore()
    put(open_jobs(store), still_open("open"), *(done(f"j{number}") for number in range(40)))
    Archiver(open_jobs(store)).archive(TODAY)
    here, there = place(store, "file:old"), in_table(table(), business)
    for last in (1, 0, 1, 1, 2, 1):
        with suppress(Killed):
            dying = in_table(Dying(table(), last), business)
            list(Move(here, dying, lambda: NOON).forward())
        if last == 2:
            Move(here, there, lambda: NOON).back()
            put(open_jobs(store), still_open("late"))
    list(Move(here, there, lambda: NOON).forward())
    assert kept(there) == records(store)
    assert not there.jobs.load().migration.refusal
