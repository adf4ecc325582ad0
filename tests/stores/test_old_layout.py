"""A roster in a table as it once was laid out is brought over, and nothing of it is lost."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dispatch.domain.roster import Availability, Roster
from dispatch.domain.stored.document import StaleWrite, StoreUnavailable, UnreadableDocument
from dispatch.stores.dynamodb import Table
from dispatch.stores.repository import Repository
from dispatch.stores.table import kinds
from dispatch.stores.table.crew import LOCKED, OldLayout, days_between
from dispatch.stores.table.ledger import TableLedger
from tests.making import NOON
from tests.memory_table import Console, MemoryTable
from tests.opening import AS_IN_COMMANDS

MEMBERS = ("joel", "ana", *(f"member-{number:02}" for number in range(22)))
TODAY, LONG_AGO = date(2026, 5, 22), date(2024, 2, 29)


@pytest.fixture(params=["", "othertown#"], ids=["alone", "one of several"])
def prefix(request: pytest.FixtureRequest) -> str:
    return f"CREW#{request.param}"


@pytest.fixture
def memory() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def table(memory: MemoryTable, prefix: str) -> Table:
    """As the program of then left it."""
    items = list[dict[str, Any]]()
    for username in MEMBERS:
        items.append(
            {
                "PK": prefix + username,
                "SK": "PROFILE",
                "username": username,
                "name": username.title(),
                "rank": "crew",
                "roles": ["driver"],
                "version": 3,
                "epoch": 2,
                "created_at": "2026-05-01T19:00:00Z",
                "updated_at": "2026-05-01T19:00:00Z",
                "x_badge": {"no": 7, "tags": ["a", None]},
            }
        )
    for day in (LONG_AGO, TODAY):
        keys = {"ROSTER": prefix, "DAY": str(day)}
        away = {"windows": [], "x_why": "sick"}
        items.append({"PK": f"{prefix}joel", "SK": f"AVAIL#{day}", **keys, **away})
    head = {"schema": 1, "revision": 41, "write_id": "w41", "recent_writes": ["w40", "w41"]}
    listed = {"members": list(MEMBERS), "versions": [3] * len(MEMBERS)}
    meta = {"PK": f"{prefix}META", "SK": "META", **head, **listed}
    items.append({**meta, "updated_at": "2026-05-01T19:00:00Z", "x_house": "ours"})
    for item in items:
        Console(memory).put_item(Item=item)
    return Table("in memory", lambda: memory)


def business_of(prefix: str) -> str:
    return prefix.removeprefix("CREW#").strip("#") or "quickdumpnow"


@pytest.fixture
def open_old(table: Table, prefix: str) -> Callable[..., OldLayout]:
    is_named = prefix != "CREW#"
    return lambda table=table: OldLayout(table, business_of(prefix), is_named=is_named)


@pytest.fixture
def open_crew(table: Table, prefix: str) -> Callable[[], Repository[Roster]]:
    kind = kinds.crew(business_of(prefix), is_named=prefix != "CREW#")
    return lambda: Repository(TableLedger(table, kind), **AS_IN_COMMANDS)


def left_of_old(memory: MemoryTable) -> list[str]:
    """The sort keys of what the program of then would read."""
    return [sort for _, sort in memory.items if sort != "HEAD" and sort[:2] in ("ME", "PR", "AV")]


def check(roster: Roster) -> None:
    assert tuple(roster.index) == MEMBERS
    joel = roster.member("joel")
    assert (joel.version, joel.epoch) == (3, 2)
    assert joel.availability == dict.fromkeys((LONG_AGO, TODAY), Availability(()))
    raw = roster.entries[0].raw
    assert b'"x_badge":{"no":7,"tags":["a",null]}' in raw
    assert raw.count(b'"x_why":"sick"') == 2
    assert bytes((roster.extra or {})["x_house"]) == b'"ours"'
    assert roster.revision > 41, "nobody who has seen it goes back"


def test_until_it_is_brought_over_the_roster_says_how(
    open_crew: Callable[[], Repository[Roster]],
) -> None:
    with pytest.raises(UnreadableDocument, match="upgrade-table` brings it over"):
        open_crew().read()
    with pytest.raises(UnreadableDocument):
        open_crew().change(lambda roster: roster.without({"joel"}))


def test_it_is_brought_over_whole(
    open_old: Callable[..., OldLayout],
    open_crew: Callable[[], Repository[Roster]],
    table: Table,
    memory: MemoryTable,
    prefix: str,
) -> None:
    open_old().bring_over(NOON)
    check(open_crew().read())
    assert left_of_old(memory) == []
    assert open_old().read() is None
    open_old().bring_over(NOON)
    found = days_between(table, business_of(prefix), LONG_AGO, TODAY)
    assert [(who, day) for who, day, _ in found] == [("joel", LONG_AGO), ("joel", TODAY)]
    open_crew().change(lambda roster: roster.without({"ana"}))
    assert len(open_crew().read().members) == len(MEMBERS) - 1


class PulledPlug:
    """No write after the first few gets through."""

    def __init__(self, inner: MemoryTable, left: int) -> None:
        self.inner, self.left = inner, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def transact_write_items(self, **what: Any) -> Any:
        if not self.left:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")
        self.left -= 1
        return self.inner.transact_write_items(**what)


@pytest.mark.parametrize("prefix", [""], indirect=True)
@pytest.mark.parametrize("steps", range(28))
def test_interrupted_it_goes_on_and_nobody_sees_half_of_it(
    steps: int,
    open_old: Callable[..., OldLayout],
    open_crew: Callable[[], Repository[Roster]],
    memory: MemoryTable,
) -> None:
    cut_off = Table("in memory", lambda: PulledPlug(memory, steps))
    with pytest.raises(StoreUnavailable):
        open_old(cut_off).bring_over(NOON)
    with pytest.raises(UnreadableDocument, match="upgrade-table"):
        open_crew().read()
    open_old().bring_over(NOON)
    check(open_crew().read())
    assert left_of_old(memory) == []


@pytest.mark.parametrize("prefix", [""], indirect=True)
def test_a_program_of_then_that_still_runs_writes_no_more(
    open_old: Callable[..., OldLayout], table: Table, memory: MemoryTable
) -> None:
    meta = table.get("CREW#META", "META")
    with pytest.raises(StoreUnavailable):
        open_old(Table(table.name, lambda: PulledPlug(memory, 1))).bring_over(NOON)
    locked = table.get("CREW#META", "META")
    assert meta
    assert locked
    assert locked["schema"] == meta["schema"] + LOCKED > Roster.schema


@pytest.mark.parametrize("prefix", [""], indirect=True)
def test_who_wrote_just_before_is_not_lost(
    open_old: Callable[..., OldLayout],
    table: Table,
    memory: MemoryTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items, write = Console(memory), table.write

    def late(*actions: Any) -> None:
        monkeypatch.setattr(table, "write", write)
        meta = items.get_item(Key={"PK": "CREW#META", "SK": "META"})["Item"]
        items.put_item(Item={**meta, "revision": 42, "write_id": "w42"})
        write(*actions)

    monkeypatch.setattr(table, "write", late)
    with pytest.raises(StaleWrite):
        open_old().bring_over(NOON)
    open_old().bring_over(NOON)
