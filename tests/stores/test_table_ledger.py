"""Ledgers in a DynamoDB table: their items, their log, what one transaction takes."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import reduce
from random import Random
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from dispatch.domain.availability import away
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Availability, Member, Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.document import (
    Contended,
    LedgerGone,
    NoVersion,
    StaleWrite,
    StoreUnavailable,
)
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.archiver import Archiver
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import Repository
from dispatch.stores.table import kinds
from dispatch.stores.table.changes import MOST_BYTES, cut, fits
from dispatch.stores.table.crew import days_between
from dispatch.stores.table.ledger import TableLedger
from dispatch.stores.table.reader import MOST_NEW
from tests.making import BUSINESS, NOON, FakeClock, make_job, make_member, seconds
from tests.memory_table import Console, MemoryTable
from tests.opening import AS_IN_COMMANDS, open_jobs_in

TODAY = date(2026, 5, 22)


def job(name: str, **fields: Any) -> Job:
    return make_job(id=name, tracking_token=f"token-of-{name}".ljust(32, "x"), **fields)


def adding(*names: str, **fields: Any) -> Callable[[JobBook], JobBook]:
    return lambda book: book.put(*(job(name, **fields) for name in names))


class Counting:
    """The client; notes what is asked of it, and may fail or be interrupted at a write."""

    def __init__(self, inner: MemoryTable) -> None:
        self.inner = inner
        self.read, self.written = list[str](), list[int]()
        self.lets_through = 10**6  # writes
        self.meanwhile: Callable[[], object] = lambda: None  # before the next query

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def get_item(self, **what: Any) -> Any:
        self.read.append(what["Key"]["PK"]["S"])
        return self.inner.get_item(**what)

    def query(self, **what: Any) -> Any:
        values = what["ExpressionAttributeValues"].values()
        self.read.append(next(value["S"] for value in values))
        answer = self.inner.query(**what)
        then, self.meanwhile = self.meanwhile, lambda: None
        then()
        return answer

    def transact_write_items(self, **what: Any) -> Any:
        if len(self.written) >= self.lets_through:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")
        self.written.append(len(what["TransactItems"]))
        return self.inner.transact_write_items(**what)


@pytest.fixture
def memory() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def open_table(memory: MemoryTable) -> Callable[[], Table]:
    """As another process would."""
    return lambda: Table("in memory", lambda: memory)


@pytest.fixture
def client(memory: MemoryTable) -> Counting:
    return Counting(memory)


@pytest.fixture
def table(client: Counting) -> Table:
    return Table("in memory", lambda: client)


@pytest.fixture
def items(memory: MemoryTable) -> Console:
    return Console(memory)


@pytest.fixture
def store(table: Table, business: str) -> TableLedger[JobBook]:
    return TableLedger(table, kinds.jobs(business))


@pytest.fixture
def jobs(store: TableLedger[JobBook]) -> Repository[JobBook]:
    return repository(store)


@pytest.fixture
def other(open_table: Callable[[], Table], business: str) -> Repository[JobBook]:
    """Another process's."""
    return repository(TableLedger(open_table(), kinds.jobs(business)))


def repository(store: Any) -> Repository[Any]:
    return Repository(store, timeout=60, sleep=lambda _: None, **AS_IN_COMMANDS)


def found(items: Any, partition: str, sort: str) -> dict[str, Any]:
    item: dict[str, Any] = items.get_item(Key={"PK": partition, "SK": sort})["Item"]
    return item


# --- items ---------------------------------------------------------------------------------


def test_items_are_where_it_is_written(
    jobs: Repository[JobBook], items: Any, business: str
) -> None:
    book = jobs.change(adding("a", "b"))
    head = found(items, f"JOBS#{business}", "HEAD")
    assert (head["revision"], head["write_id"]) == (1, book.recent_writes[-1])
    record = found(items, f"JOBS#{business}", "R#b")
    assert record["raw"].encode() == book.entries[1].raw
    logged = found(items, f"LOG#JOBS#{business}", f"{1:019}")
    assert [each["name"] for each in logged["records"]] == ["a", "b"]
    assert logged["records"][1]["raw"] == record["raw"]
    assert (logged["at"], logged["write_id"]) == ("2026-05-22T19:00:00Z", head["write_id"])
    assert logged["expires"] == (NOON + timedelta(days=30)).timestamp()
    link = kinds.by_token(business, job("b").tracking_token)
    assert found(items, link, "JOBS")["id"] == "b"
    assert job("b").tracking_token not in link


def test_an_item_bears_the_name_that_is_stored_whether_it_can_be_read_or_not() -> None:
    """Two readers, of whom one reads a record and one does not, must find the same item."""
    rest = b'"customer_name":"Mark","location":"x","status":"booked","price":1'
    raws = [b'{"id":%s,%s}' % (each, rest) for each in (b"7", b'"a"', b'"\\u00e4#"')]
    for kind in (kinds.jobs("b"), kinds.month("b", "2026-05")):
        entries = [JobBook.read_entry(raw) for raw in raws]
        assert all(entry.value for entry in entries)
        unread = [Entry(entry.raw, None, "twice") for entry in entries]
        assert [*kind.names(entries)] == [*kind.names(unread)]


def test_a_new_link_takes_the_old_one_s_place(
    jobs: Repository[JobBook], items: Any, business: str
) -> None:
    jobs.change(adding("a"))
    new = msgspec.structs.replace(job("a"), tracking_token="n" * 32)
    jobs.change(lambda book: book.put(new))
    links = [kinds.by_token(business, each.tracking_token) for each in (job("a"), new)]
    kept = [item["PK"] for item in items.scan()["Items"]]
    assert [kept.count(link) for link in links] == [0, 1]


def test_a_change_writes_what_changed_the_head_and_the_log(
    jobs: Repository[JobBook], client: Counting
) -> None:
    jobs.change(adding(*"abcde"))
    client.written.clear()
    jobs.change(adding("c", truck="7"))
    assert client.written == [3]


def test_years_of_archive_are_not_written_again_with_each_change(
    jobs: Repository[JobBook], other: Repository[JobBook], client: Counting
) -> None:
    months = {f"{year}-{month:02}": 7 for year in range(2016, 2026) for month in range(1, 13)}
    jobs.change(lambda book: adding("a")(book).stamped(months))
    sent, write = list[str](), client.inner.transact_write_items
    client.inner.transact_write_items = lambda **what: sent.append(str(what)) or write(**what)  # type: ignore
    jobs.change(adding("a", truck="7"))
    assert "2016-01" not in sent[0]
    assert other.read().archive.months == jobs.read().archive.months == months


# --- what is new -----------------------------------------------------------------------------


def test_what_is_known_costs_one_read_and_what_is_new_one_more(
    jobs: Repository[JobBook],
    store: TableLedger[JobBook],
    other: Repository[JobBook],
    client: Counting,
    business: str,
) -> None:
    known = jobs.change(adding("a", "b"))
    client.read.clear()
    assert store.load(known) is known
    assert client.read == [f"JOBS#{business}"]
    other.change(adding("c"))
    client.read.clear()
    assert list(store.load(known).index) == ["a", "b", "c"]
    assert client.read == [f"JOBS#{business}", f"LOG#JOBS#{business}"]


@pytest.mark.parametrize("gap", ["expired", "another's", "long"])
def test_where_the_log_does_not_lead_there_all_is_read(
    gap: str,
    jobs: Repository[JobBook],
    store: TableLedger[JobBook],
    other: Repository[JobBook],
    items: Any,
    business: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = jobs.change(adding("a", "b"))
    for name in "cde":
        other.change(adding(name))
    other.change(lambda book: book.without({"a"}))
    log = f"LOG#JOBS#{business}"
    if gap == "expired":
        for revision in range(1, 6):  # the last, too
            items.delete_item(Key={"PK": log, "SK": f"{revision:019}"})
    if gap == "another's":
        items.put_item(Item=found(items, log, f"{1:019}") | {"write_id": "another's"})
    if gap == "long":
        monkeypatch.setattr("dispatch.stores.table.reader.MOST_NEW", 3)
    assert MOST_NEW > 3
    assert list(store.load(known).index) == list("bcde")


def test_a_reader_between_the_writes_of_one_transaction_sees_it_whole(
    store: TableLedger[JobBook], other: Repository[JobBook], items: Any, business: str
) -> None:
    """DynamoDB promises one moment to a transaction, not to reads of item after item."""
    other.change(adding("a", "b"))
    place = {"PK": f"JOBS#{business}", "SK": "R#b"}
    old = items.get_item(Key=place)["Item"]
    other.change(adding("a", "b", truck="7"))
    items.put_item(Item=old)  # the head has come, the job has not
    assert {each.truck for each in store.load().jobs} == {"7"}


def test_a_reader_for_whom_the_log_has_not_come_either_looks_again(
    store: TableLedger[JobBook],
    client: Counting,
    other: Repository[JobBook],
    items: Any,
    business: str,
) -> None:
    other.change(adding("a", "b", "c"))
    places = [
        {"PK": f"JOBS#{business}", "SK": "R#b"},
        {"PK": f"LOG#JOBS#{business}", "SK": f"{2:019}"},
    ]
    old = items.get_item(Key=places[0])["Item"]
    other.change(lambda book: adding("a", "b", truck="7")(book).without({"c"}))
    new = [items.get_item(Key=place)["Item"] for place in places]
    items.put_item(Item=old)
    items.delete_item(Key=places[1])

    def arrive() -> None:
        for item in new:
            items.put_item(Item=item)

    client.meanwhile = lambda: setattr(client, "meanwhile", arrive)
    assert [(each.id, each.truck) for each in store.load().jobs] == [("a", "7"), ("b", "7")]
    items.put_item(Item=old)
    items.delete_item(Key=places[1])
    with pytest.raises(Contended):
        store.load()


def test_what_is_written_while_it_is_read_is_in_it(
    store: TableLedger[JobBook], client: Counting, other: Repository[JobBook]
) -> None:
    other.change(adding("a", "b"))
    client.meanwhile = lambda: other.change(lambda book: adding("c")(book).without({"a"}))
    book = store.load()
    assert (list(book.index), book.revision) == (["b", "c"], 2)


def test_whoever_edits_an_item_and_says_so_in_the_head_is_read_by_all(
    jobs: Repository[JobBook], items: Any, business: str
) -> None:
    jobs.change(adding("a", "b"))
    record = found(items, f"JOBS#{business}", "R#b")
    by_hand = record["raw"].replace('"version":1', '"version":7')
    items.put_item(Item=record | {"raw": by_hand})
    items.put_item(Item=found(items, f"JOBS#{business}", "HEAD") | {"write_id": "by hand"})
    book = jobs.change(lambda book: book.changed(book.job("b").noted("x", by="d", at=NOON), NOON))
    assert book.job("b").version == 8


def test_a_table_made_anew_is_not_taken_for_the_old_one(
    jobs: Repository[JobBook], other: Repository[JobBook], items: Any
) -> None:
    """It counts its revisions from the start again."""
    jobs.change(adding("a"))
    jobs.change(adding("d"))
    for item in items.scan()["Items"]:
        items.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
    for name in "bce":
        other.change(adding(name))
        assert "a" not in jobs.refreshed().index
    assert list(jobs.refreshed().index) == ["b", "c", "e"]


# --- gone ------------------------------------------------------------------------------------


def test_jobs_that_are_gone_stop_writes_until_they_are_begun_anew_with_what_is_left(
    open_table: Callable[[], Table], business: str, items: Any
) -> None:
    def opened() -> JobRepository:
        return open_jobs_in(open_table(), business)

    at = NOON - timedelta(days=9)
    done = job("done", status=Status.COMPLETED, finished_at=at)
    opened().change(lambda book: book.put(done, job("open")))
    Archiver(opened()).archive(TODAY)
    items.delete_item(Key={"PK": f"JOBS#{business}", "SK": "HEAD"})
    with pytest.raises(LedgerGone, match="was there and is gone"):
        opened().change(adding("new"))
    Archiver(opened()).begin(TODAY)
    assert list(opened().read().index) == ["open"]
    assert opened().archived("done") == done


def test_what_it_was_is_known_as_far_back_as_the_log_goes(
    table: Table, business: str, items: Any
) -> None:
    clock = FakeClock()
    store = TableLedger(table, kinds.jobs(business))
    jobs: Repository[JobBook] = Repository(store, now=clock.now, background=False)
    for change in (
        adding("a", "b"),
        adding("a", "c", truck="7"),
        lambda book: book.without({"b"}),
        lambda book: adding("a", truck="8")(book.without({"a"})),
    ):
        jobs.change(change)
        clock.tick(3600)

    def what(book: JobBook) -> dict[str, str]:
        return {each.id: each.truck for each in book.jobs}

    was: list[dict[str, str]] = [
        {"c": "7", "a": "8"},
        {"a": "7", "c": "7"},
        {"a": "7", "b": "", "c": "7"},
        {"a": "", "b": ""},
    ]
    assert [(since, book.revision, what(book)) for since, book in store.versions()] == [
        (NOON + timedelta(hours=3 - place), 4 - place, each) for place, each in enumerate(was)
    ]
    assert what(store.as_of(NOON + timedelta(minutes=90))) == was[2]
    assert what(store.as_of(NOON)) == was[3]
    with pytest.raises(NoVersion, match="no version of that time is kept"):
        store.as_of(NOON - timedelta(seconds=1))
    items.delete_item(Key={"PK": f"LOG#JOBS#{business}", "SK": f"{2:019}"})
    assert [what(book) for _, book in store.versions()] == was[:2]


@pytest.mark.parametrize("left", ["records", "log", "nothing"])
def test_a_head_that_is_gone_is_put_back_with_what_is_left(
    left: str, open_table: Callable[[], Table], business: str, items: Any
) -> None:
    """By `jobs restore`, which finds it damaged."""
    jobs = open_jobs_in(open_table(), business)
    at = NOON - timedelta(days=9)
    done = job("done", status=Status.COMPLETED, finished_at=at)
    jobs.change(lambda book: book.put(done, job("b"), job("c")))
    Archiver(jobs).archive(TODAY)
    jobs.change(adding("b", truck="7"))
    before = jobs.read()
    items.delete_item(Key={"PK": f"JOBS#{business}", "SK": "HEAD"})
    gone = {"records": [], "log": ["R#b", "R#c"], "nothing": ["R#b", "R#c"]}[left]
    for sort in gone:
        items.delete_item(Key={"PK": f"JOBS#{business}", "SK": sort})
    if left == "nothing":
        for revision in range(1, before.revision + 1):
            items.delete_item(Key={"PK": f"LOG#JOBS#{business}", "SK": f"{revision:019}"})
        for dry in (True, False):
            assert [*open_jobs_in(open_table(), business).put_back(dry=dry).values()] == [False]
        return
    again = open_jobs_in(open_table(), business)
    for dry in (True, False):
        named = f"JOBS#{business} in the DynamoDB table in memory"
        assert again.put_back(dry=dry) == {named: True}
    book = open_jobs_in(open_table(), business).read()
    assert [(each.id, each.truck) for each in book.jobs] == [("b", "7"), ("c", "")]
    assert book.revision == before.revision + 1
    assert book.archive == before.archive
    assert again.archived("done").id == "done"
    assert again.put_back() == {}
    jobs.change(adding("d"))


def test_months_whose_heads_are_gone_are_told_apart_and_begun_anew_with_what_is_left(
    open_table: Callable[[], Table], business: str, items: Any
) -> None:
    jobs = open_jobs_in(open_table(), business)
    made = [
        job(name, status=Status.COMPLETED, finished_at=NOON - timedelta(days=days))
        for name, days in (("may", 9), ("april", 40))
    ]
    jobs.change(lambda book: book.put(*made))
    Archiver(jobs).archive(TODAY)
    for month in ("2026-04", "2026-05"):
        items.delete_item(Key={"PK": f"ARCHIVE#{business}", "SK": month})
    jobs = open_jobs_in(open_table(), business)
    where = "in the DynamoDB table in memory"
    assert jobs.put_back(dry=True) == {
        f"ARCHIVE#{business}#2026-04 {where}": True,
        f"ARCHIVE#{business}#2026-05 {where}": True,
    }
    assert Archiver(jobs).begin(TODAY) == ["the archive of 2026-04", "the archive of 2026-05"]
    jobs = open_jobs_in(open_table(), business)
    assert [jobs.archived(each.id) for each in made] == made
    assert jobs.damaged_months == ()


def test_a_broken_record_of_a_month_is_taken_out(
    open_table: Callable[[], Table], business: str, items: Any
) -> None:
    jobs, at = open_jobs_in(open_table(), business), NOON - timedelta(days=9)
    done = {"status": Status.COMPLETED, "finished_at": at}
    jobs.change(lambda book: book.put(job("a", **done), job("b", **done)))
    Archiver(jobs).archive(TODAY)
    key = {"PK": f"ARCHIVE#{business}#2026-05", "SK": f"R#{at:%Y-%m-%dT%H:%M:%SZ}#a"}
    item = items.get_item(Key=key)["Item"]
    items.put_item(Item={**item, "raw": item["raw"].replace("completed", "gone")})
    (broken,) = open_jobs_in(open_table(), business).month("2026-05").broken.values()
    jobs = open_jobs_in(open_table(), business)
    jobs.change_month("2026-05", lambda month: month.without_broken({broken.raw}))
    assert list(open_jobs_in(open_table(), business).month("2026-05").index) == ["b"]


def test_a_roster_whose_head_is_gone_is_not_begun_over_what_is_left_but_put_back(
    open_table: Callable[[], Table], business: str, items: Any
) -> None:
    def opened() -> Repository[Roster]:
        return repository(TableLedger(open_table(), kinds.crew(business)))

    for name in ("joel", "ana"):
        opened().change(lambda roster, name=name: roster.put(make_member(name)))
    items.delete_item(Key={"PK": f"CREW#{business}", "SK": "HEAD"})
    with pytest.raises(LedgerGone, match="crew restore"):
        opened().change(lambda roster: roster.put(make_member("new")))
    assert [*opened().put_back().values()] == [True]
    assert list(opened().read().index) == ["joel", "ana"]
    opened().change(lambda roster: roster.put(make_member("new")))


AT_ONCE = 49  # new jobs in one transaction, with their links


# --- what one transaction takes ----------------------------------------------------------------


def test_many_records_are_cut_into_commits_that_are_each_whole(
    jobs: Repository[JobBook], other: Repository[JobBook], client: Counting
) -> None:
    names = [f"job-{number:02}" for number in range(AT_ONCE + 5)]
    book = jobs.change(adding(*names))
    assert client.written == [100, 2 + 2 * 5]  # with their links
    assert book.revision == 2
    assert list(other.read().index) == names


def test_what_ends_half_way_is_finished_when_it_is_done_again(
    jobs: Repository[JobBook], other: Repository[JobBook], client: Counting
) -> None:
    names = [f"job-{number:02}" for number in range(AT_ONCE + 5)]
    client.lets_through = 1
    with pytest.raises(StoreUnavailable):
        jobs.change(adding(*names))
    assert (other.read().revision, len(other.read().jobs)) == (1, AT_ONCE)
    client.lets_through = 10**6
    assert list(jobs.change(adding(*names)).index) == names
    assert other.refreshed().revision == 2


def test_what_somebody_else_was_faster_at_is_told_and_whole(
    jobs: Repository[JobBook], store: TableLedger[JobBook], other: Repository[JobBook]
) -> None:
    known = jobs.change(adding("a"))
    other.change(adding("b"))
    with pytest.raises(StaleWrite):
        store.commit(known, adding(*"cdef")(known).written("late", NOON))
    assert list(other.read().index) == ["a", "b"]


def test_writers_together_are_never_cut_apart(jobs: Repository[JobBook], client: Counting) -> None:
    """A change that is made again where only its second half was lost would be made twice."""
    jobs.change(adding("a"))
    noting: list[Callable[[JobBook], JobBook]] = [
        lambda book, text=f"note {number}": book.changed(
            book.job("a").noted(text, by="dana", at=NOON), NOON
        )
        for number in range(10)
    ]
    many = [adding(*(f"{number}-{count}" for count in range(15))) for number in range(4)]
    client.written.clear()
    with ThreadPoolExecutor(14) as pool:
        list(pool.map(jobs.change, [*noting[:5], *many, *noting[5:]]))
    book = jobs.refreshed()
    assert len(book.job("a").notes) == 10
    assert len(book.jobs) == 61
    assert book.revision == 1 + len(client.written), "each commit was one transaction"


@pytest.mark.parametrize("kind", [kinds.jobs("b"), kinds.month("b", "2026-05")])
def test_what_looks_as_if_one_transaction_took_it_is_taken(kind: kinds.Kind[JobBook]) -> None:
    """However jobs come, go, move, get another link or name, or are long."""
    chance = Random(1)
    before, fitting = JobBook().put(*(job(f"j{n:02}") for n in range(30))), 0
    for _ in range(60):
        some = chance.sample(before.jobs, chance.randrange(1, 24))
        how: list[dict[str, Any]] = [
            {"truck": "7"},
            {"tracking_token": f"{chance.getrandbits(100):032}"},
            {"access_notes": "x" * chance.choice([10, 20_000])},
            {"finished_at": NOON - seconds(chance.randrange(100))},
        ]
        fields = chance.choice(how)
        changed = [replace(each, **fields) for each in some]
        after = before.put(*changed, *map(job, "abc"[: chance.randrange(3)]))
        entries = list(after.entries)
        if chance.random() < 0.3:
            entries.pop(chance.randrange(len(entries)))
        if chance.random() < 0.3:
            entries.insert(chance.randrange(30), entries.pop(chance.randrange(len(entries))))
        after = dataclasses.replace(after, entries=tuple(entries))
        if fits(kind, before, after):
            assert len(cut(kind, before, after)) == 1
            fitting += 1
    assert fitting > 10


def test_a_record_that_is_too_long_is_refused_alone(
    jobs: Repository[JobBook], client: Counting
) -> None:
    jobs.change(adding("a"))
    long = adding("long", access_notes="x" * MOST_BYTES)
    with pytest.raises(StoreUnavailable, match=r"long is of 380,[0-9]{3} bytes"):
        jobs.change(long)
    many = adding(*(f"job-{number:02}" for number in range(AT_ONCE + 5)))
    with pytest.raises(StoreUnavailable, match="long is of"):
        jobs.change(lambda book: long(many(book)))
    assert not jobs.is_doubted
    assert client.written == [4]
    half = "x" * (MOST_BYTES // 2)
    assert jobs.change(adding("b", "c", access_notes=half)).revision == 3, "one by one"
    assert list(jobs.refreshed().index) == ["a", "b", "c"]


def throttled(client: Counting, times: int) -> FakeClock:
    """As many writes are refused; then they go through."""
    clock, inner = FakeClock(), client.inner.transact_write_items

    def refuse(**what: Any) -> Any:
        nonlocal times
        times -= 1
        if times >= 0:
            said: Any = {"Error": {"Code": "ThrottlingException"}}
            raise ClientError(said, "TransactWriteItems")
        return inner(**what)

    client.inner.transact_write_items = refuse  # type: ignore[method-assign]
    return clock


@pytest.mark.parametrize("times", [3, 10**6])
def test_throttling_is_waited_for_and_then_told(
    store: TableLedger[JobBook], client: Counting, times: int
) -> None:
    clock = throttled(client, times)
    settings = {"clock": clock, "sleep": clock.tick, "background": False}
    jobs: Repository[JobBook] = Repository(store, now=clock.now, **settings)
    if times == 3:
        assert list(jobs.change(adding("a")).index) == ["a"]
        assert clock.now() > NOON
    else:
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            jobs.change(adding("a"))
        assert not jobs.is_doubted
    assert clock() - NOON.timestamp() < 3


# --- days ------------------------------------------------------------------------------------


def off(*days: date) -> Callable[[Member], Member]:
    return lambda member: reduce(lambda each, day: away(each, BUSINESS, day), days, member)


def test_days_between_two_are_found_by_date_for_one_business_with_one_query(
    table: Table, business: str, client: Counting
) -> None:
    here = repository(TableLedger(table, kinds.crew(business)))
    there = repository(TableLedger(table, kinds.crew(f"{business}-2")))
    days = [TODAY + timedelta(days=ahead) for ahead in range(12)]  # into June
    joel, ana = off(*days)(make_member("joel")), off(days[2], days[11])(make_member("ana"))
    here.change(lambda roster: roster.put(joel, ana))
    there.change(lambda roster: roster.put(off(*days)(make_member("zoe"))))
    client.read.clear()
    found = sorted(days_between(table, business, days[2], days[11]))
    assert client.read == [f"DAYS#{business}"]
    assert [day for who, day, _ in found if who == "joel"] == days[2:]
    assert [day for who, day, _ in found if who == "ana"] == [days[2], days[11]]
    assert {entry for _, _, entry in found} == {Availability(())}
    here.change(lambda roster: roster.changed(off(days[3])(make_member("joel")), NOON))
    assert [day for who, day, _ in days_between(table, business, TODAY, days[11])] == [
        days[2],
        days[3],
        days[11],
    ]


def test_a_year_of_days_is_one_transaction(table: Table, business: str, client: Counting) -> None:
    crew = repository(TableLedger(table, kinds.crew(business)))
    days = [TODAY + timedelta(days=ahead) for ahead in range(366)]
    crew.change(lambda roster: roster.put(make_member("joel")))
    client.written.clear()
    crew.change(lambda roster: roster.changed(off(*days)(roster.member("joel")), NOON))
    assert client.written == [2 + 1 + 13]
    known: Roster = repository(TableLedger(table, kinds.crew(business))).read()
    assert list(known.member("joel").availability) == days


def test_jobs_and_roster_may_share_a_table(table: Table, business: str) -> None:
    jobs = repository(TableLedger(table, kinds.jobs(business)))
    crew = repository(TableLedger(table, kinds.crew(business)))
    jobs.change(adding("a"))
    crew.change(lambda roster: roster.put(make_member("joel")))
    jobs.change(adding("b"))
    assert list(crew.refreshed().index) == ["joel"]
    assert list(jobs.refreshed().index) == ["a", "b"]
