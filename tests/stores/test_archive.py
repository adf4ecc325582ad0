"""Finished jobs leave jobs.json, and are found, changed and reopened as if they had not."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from boto3.dynamodb.conditions import Key
from msgspec.structs import replace

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.moves import move
from dispatch.domain.search import customer
from dispatch.domain.status import Status
from dispatch.domain.stored.document import MISSING, Document, LedgerGone, StoreUnavailable, Version
from dispatch.stores.archive import Shelf
from dispatch.stores.archiver import CLAIM_KEPT, Archiver
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import PATIENT
from tests.making import BUSINESS, DANA, NOON, FakeClock, make_job
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import open_jobs, open_jobs_in
from tests.stores.conftest import DYNALITE, MOTO, TABLES

TODAY = date(2026, 5, 22)
YEAR_AGO = date(2025, 5, 23)


def done(name: str, days_ago: float = 4, **fields: Any) -> Job:
    """A job that was completed so many days before noon of this Friday."""
    at = NOON - timedelta(days=days_ago)
    return make_job(
        **{
            "id": name,
            "tracking_token": name.ljust(32, "x"),
            "customer_name": f"Mark {name}",
            "status": Status.COMPLETED,
            "finished_at": at,
            "updated_at": at,
            **fields,
        }
    )


def still_open(name: str) -> Job:
    return done(name, status=Status.BOOKED, finished_at=None)


@pytest.fixture(params=["memory", "file", "s3", "table in memory", MOTO])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., JobRepository]:
    """Each call opens the same jobs anew, as another process would."""
    if request.param in TABLES:
        open_table = request.getfixturevalue(TABLES[request.param])
        business = request.getfixturevalue("business")
        return lambda **settings: open_jobs_in(open_table(), business, **settings)
    if request.param == "table in memory":
        client = MemoryTable()
        return lambda **settings: open_jobs_in(Table("jobs", lambda: client), "here", **settings)
    shelf: Shelf = MemoryStore()
    if request.param == "file":
        shelf = FileStore(tmp_path / "jobs.json")
    if request.param == "s3":
        at = {"bucket_name": request.getfixturevalue("bucket"), "client_config": PATIENT}
        shelf = S3Store(OneConnectionS3Storage(**at), "quickdumpnow/jobs.json")
    return lambda **settings: open_jobs(shelf, **settings)


Opened = Callable[..., JobRepository]
IN_MEMORY = ["memory", "table in memory"]
in_memory = pytest.mark.parametrize("opened", IN_MEMORY, indirect=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def put(jobs: JobRepository, *made: Job) -> None:
    jobs.change(lambda book: book.put(*made))


def past(jobs: JobRepository, first: date = YEAR_AGO, last: date = TODAY) -> list[Job]:
    """Finished jobs as history and API read them."""
    return [job for each in jobs.finished(jobs.read(), first, last) if (job := each.whole())]


def names(found: list[Job]) -> list[str]:
    return [job.id for job in found]


def reopened(book: JobBook, name: str) -> JobBook:
    job = book.job(name)
    if job.status.is_open:
        return book
    reason = "more to haul"
    job = move(job, Status.BOOKED, by=DANA, at=NOON, business=BUSINESS, reason=reason)
    return book.changed(job, NOON)


def noted(book: JobBook, name: str, text: str = "paid by check") -> JobBook:
    return book.changed(book.job(name).noted(text, by="dana", at=NOON), NOON)


# --- what is moved, and found again ------------------------------------------------------


def test_jobs_of_elsewhere_come_in_once_the_finished_ones_right_where_they_belong(
    opened: Opened,
) -> None:
    """Into a place where there never was a job too, however long each write takes."""
    ticks = count(step=10)
    jobs = opened(clock=lambda: float(next(ticks)), timeout=1_000)
    archiver = Archiver(jobs)
    old = JobBook().put(done("old"), done("older", 40))
    assert archiver.include(old, dry=True) == 2
    assert jobs.ids() == set()
    assert archiver.include(old) == 2
    assert opened().refreshed().jobs == ()
    assert opened().ids() == {"old", "older"}
    more = old.put(still_open("open"), done("lately", 1))
    assert archiver.include(more) == 2
    assert archiver.include(more) == 0
    assert {job.id for job in opened().refreshed().jobs} == {"open", "lately"}
    assert opened().archived("older") == done("older", 40)
    assert names(past(opened())) == ["lately", "old", "older"]


def test_a_job_that_has_been_finished_for_three_days_moves_to_its_month(
    opened: Opened,
) -> None:
    jobs = opened()
    put(
        jobs, still_open("open"), done("new", 2.9), done("may"), done("april", 30), done("old", 300)
    )
    assert Archiver(jobs).archive(TODAY) == {"2026-05": 1, "2026-04": 1, "2025-07": 1}
    other = opened()
    assert [job.id for job in other.read().jobs] == ["open", "new"]
    assert [other.archived(name) for name in ("may", "april", "old")] == [
        done("may"),
        done("april", 30),
        done("old", 300),
    ]
    assert other.archived_by_token(done("may").tracking_token) == done("may")
    assert names(past(other)) == ["new", "may", "april", "old"]
    assert sorted(other.months.names()) == ["2025-07", "2026-04", "2026-05"]


@in_memory
def test_the_month_is_that_of_the_business_and_of_the_move_alone(opened: Opened) -> None:
    """The last evening of April in San Diego is in May for Greenwich."""
    jobs = opened()
    evening = NOON.replace(month=5, day=1, hour=5)
    put(jobs, done("late", finished_at=evening, updated_at=NOON))
    assert Archiver(jobs).archive(TODAY) == {"2026-04": 1}
    assert names(past(jobs, date(2026, 4, 30), date(2026, 4, 30))) == ["late"]
    assert names(past(jobs, date(2026, 5, 1))) == []


def test_unknown_fields_and_the_time_it_was_finished_are_kept(store: MemoryStore) -> None:
    body = (
        b'{"schema": 2, "revision": 1, "house": "ours", "jobs": [{"id": "a", "customer_name": "A",'
        b' "location": "B", "status": "completed", "truck_color": "red", "version": 1,'
        b' "created_at": "2026-05-01T19:00:00Z", "updated_at": "2026-05-02T19:00:00Z"}]}'
    )
    store.save(body, None)
    Archiver(open_jobs(store)).archive(TODAY)
    month = store.beside("archive/2026-05.json").load().body
    assert b'"truck_color":"red"' in month
    assert b'"finished_at":"2026-05-02T19:00:00Z"' in month
    assert b'"house":"ours"' in store.load().body


def test_what_cannot_be_read_stays_where_it_is(store: MemoryStore) -> None:
    body = b'{"schema": 2, "revision": 1, "jobs": [{"id": "a", "status": "completed"}]}'
    store.save(body, None)
    jobs = open_jobs(store)
    assert Archiver(jobs).archive(TODAY) == {}
    assert len(jobs.read().problems) == 1


def test_a_link_answers_until_it_is_over_and_an_unknown_one_costs_no_read(
    store: MemoryStore,
) -> None:
    shelf = Counting(store)
    jobs = open_jobs(shelf)
    put(jobs, done("may"), done("march", 70))
    Archiver(jobs).archive(TODAY)
    assert jobs.archived_by_token(done("may").tracking_token).id == "may"
    with pytest.raises(JobNotFound):
        jobs.archived_by_token(done("march").tracking_token)
    before = shelf.steps
    for number in range(20):
        with pytest.raises(JobNotFound):
            jobs.archived_by_token(f"{number:032}")
    assert shelf.steps == before


def test_what_was_finished_lately_is_asked_of_no_archive(store: MemoryStore) -> None:
    """The board asks each few seconds."""
    shelf = Counting(store)
    jobs = open_jobs(shelf)
    put(jobs, done("a"), done("b", 1))
    Archiver(jobs).archive(TODAY)
    before = shelf.steps
    assert names(past(jobs, TODAY - timedelta(days=2))) == ["b"]
    assert shelf.steps == before


def test_in_a_table_archived_jobs_are_found_by_day_phone_and_name(
    open_table: Callable[[], Table], business: str
) -> None:
    table = open_table()
    jobs, items = open_jobs_in(table, business), boto3.resource("dynamodb").Table(table.name)
    phone = "+16195550142"
    made = (
        done("a", 9, phone=f"{phone};ext=4", customer_name="José"),
        done("b", 8, phone=phone, customer_name="Mark"),
    )
    put(jobs, *made)
    Archiver(jobs).archive(TODAY)

    def ids(condition: Any, **index: Any) -> list[str]:
        page = items.query(KeyConditionExpression=condition, **index)
        return [msgspec.json.decode(item["raw"])["id"] for item in page["Items"]]

    assert ids(Key("PHONE").eq(f"{business}#{phone}"), IndexName="by-phone") == ["a", "b"]
    assert ids(Key("NAME").eq(f"{business}#jose"), IndexName="by-name") == ["a"]
    day = Key("PK").eq(f"ARCHIVE#{business}#2026-05") & Key("SK").begins_with("R#2026-05-14")
    assert ids(day) == ["b"]


@pytest.mark.parametrize("opened", [*IN_MEMORY, DYNALITE, MOTO], indirect=True)
def test_all_that_a_customer_has_had_is_found_as_by_reading_all_of_it(opened: Opened) -> None:
    phone = "+16195550142"
    jobs = opened()
    put(
        jobs,
        done("a", 900, phone=phone, customer_name="José Ramírez"),
        done("b", 40, phone=f"{phone};ext=4", customer_name="Jose Ramirez"),
        done("c", 5, phone=f"{phone}9", customer_name="Jose Ramirez Jr"),
        done("lately", 1, phone=phone, customer_name="J. Ramirez"),
        replace(still_open("open"), phone=phone, customer_name="JOSE RAMIREZ"),
        done("nobody", 9, phone="", customer_name="?"),
    )
    Archiver(jobs).archive(TODAY)
    jobs.change_job("b", lambda book: noted(book, "b"))
    jobs.change_job("nobody", lambda book: renamed(book, "nobody", "Jose Ramirez"))
    everything = [*jobs.finished(jobs.read(), date.min, date.max), *jobs.read().found]
    for by, text, expected in [
        ("phone", phone, ["lately", "b", "a", "open"]),
        ("name", "jose ramirez", ["nobody", "b", "a", "open"]),
        ("name", "jose", []),
        ("phone", "+1619", []),
    ]:
        found = [each.line.id for each in jobs.of_customer(jobs.read(), by, text)]
        assert found == expected
        assert set(found) == {it.line.id for it in everything if customer(it.line)[by] == text}


# --- changed where they lie --------------------------------------------------------------


def test_a_change_of_an_archived_job_is_written_where_it_lies_and_seen_everywhere(
    opened: Opened,
) -> None:
    jobs, other = opened(), opened()
    put(jobs, done("a"), done("b"))
    Archiver(jobs).archive(TODAY)
    before = other.refreshed().revision
    job, revision = other.change_job("a", lambda book: noted(book, "a"))
    assert (job.version, revision) == (2, before + 1)
    assert jobs.read(revision).revision == revision
    assert jobs.archived("a") == job
    assert [job.id for job in jobs.read().jobs] == []


@in_memory
def test_a_renewed_link_of_an_archived_job_works_in_every_process_and_the_old_one_in_none(
    opened: Opened,
) -> None:
    jobs, other = opened(), opened()
    put(jobs, done("a"))
    Archiver(jobs).archive(TODAY)
    other.refreshed()
    assert other.archived_by_token(done("a").tracking_token)
    new = "n" * 32
    jobs.change_job(
        "a", lambda book: book.changed(replace(book.job("a"), tracking_token=new), NOON)
    )
    other.refreshed()
    assert other.archived_by_token(new).id == "a"
    with pytest.raises(JobNotFound):
        other.archived_by_token(done("a").tracking_token)


@in_memory
def test_what_a_change_of_an_archived_job_raises_reaches_the_caller(opened: Opened) -> None:
    jobs = opened()
    put(jobs, done("a"))
    Archiver(jobs).archive(TODAY)

    def refuse(book: JobBook) -> JobBook:
        book.job("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        jobs.change_job("a", refuse)
    with pytest.raises(JobNotFound):
        jobs.change_job("nobody's", lambda book: noted(book, "nobody's"))


def test_reopening_brings_it_back(opened: Opened) -> None:
    jobs = opened()
    put(jobs, done("a"), done("b"))
    Archiver(jobs).archive(TODAY)
    job, revision = jobs.change_job("a", lambda book: reopened(book, "a"))
    assert (job.status, job.finished_at, job.version) == (Status.BOOKED, None, 2)
    other = opened()
    assert other.read(revision).job("a") == job
    assert names(past(other)) == ["b"]
    with pytest.raises(JobNotFound):
        other.archived("a")


@in_memory
def test_reopened_and_finished_again_it_is_found_once(opened: Opened) -> None:
    clock = FakeClock()
    jobs = opened(now=clock.now)
    put(jobs, done("a", 40))
    Archiver(jobs).archive(TODAY)
    jobs.change_job("a", lambda book: reopened(book, "a"))
    finish = lambda book: book.changed(  # noqa: E731
        move(book.job("a"), Status.COMPLETED, by=DANA, at=NOON, business=BUSINESS), NOON
    )
    jobs.change(finish)
    clock.tick(4 * 24 * 3600)
    assert Archiver(jobs).archive(TODAY) == {"2026-05": 1}
    assert names(past(jobs)) == ["a"]


# --- damaged months ----------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b'{"schema": 3, "jobs": []}', b"[1, 2]"])
def test_a_damaged_month_hides_no_other_and_is_told(store: MemoryStore, body: bytes) -> None:
    jobs = open_jobs(store)
    put(jobs, done("may"), done("april", 30), done("march", 60))
    Archiver(jobs).archive(TODAY)
    month = store.beside("archive/2026-04.json")
    good = month.load()
    month.save(body, good.etag)
    assert names(past(jobs)) == ["may", "march"]
    assert list(jobs.damaged_months) == ["2026-04"]
    assert jobs.archived("march").id == "march"
    month.save(good.body, month.load().etag)
    assert names(past(jobs)) == ["may", "april", "march"]
    assert jobs.damaged_months == ()


def test_what_belongs_into_a_damaged_month_stays_and_the_rest_moves(store: MemoryStore) -> None:
    jobs = open_jobs(store)
    put(jobs, done("may"), done("april", 30))
    store.beside("archive/2026-04.json").save(b"{", None)
    assert Archiver(jobs).archive(TODAY) == {"2026-05": 1}
    assert [job.id for job in jobs.read().jobs] == ["april"]
    assert store.beside("archive/2026-04.json").load().body == b"{"


def test_a_damaged_entry_of_a_month_hides_no_other(store: MemoryStore) -> None:
    jobs = open_jobs(store)
    put(jobs, done("a"), done("b"))
    Archiver(jobs).archive(TODAY)
    month = store.beside("archive/2026-05.json")
    known = month.load()
    month.save(known.body.replace(b'"status":"completed"', b'"status":"gone"', 1), known.etag)
    assert names(past(jobs)) == ["b"]
    assert list(jobs.damaged_months) == ["2026-05"]


@pytest.mark.parametrize("known", [True, False], ids=["to this process", "by its archive"])
def test_jobs_that_were_there_and_are_gone_stop_every_write(
    store: MemoryStore, known: bool
) -> None:
    jobs = open_jobs(store)
    put(jobs, done("a"), still_open("open"))
    Archiver(jobs).archive(TODAY)
    store.delete()
    if not known:
        jobs = open_jobs(store)
    with pytest.raises(LedgerGone, match="gone"):
        put(jobs, still_open("new"))
    assert store.load() is MISSING
    Archiver(open_jobs(store)).begin(TODAY)
    put(jobs, still_open("new"))
    assert sorted(everything(open_jobs(store))) == ["a", "new"]


def test_a_month_that_was_there_and_is_gone_is_told_and_not_begun_anew(
    store: MemoryStore,
) -> None:
    jobs = open_jobs(store)
    put(jobs, done("a"), done("b", 40))
    Archiver(jobs).archive(TODAY)
    store.beside("archive/2026-05.json").delete()
    assert names(past(jobs)) == ["b"]
    assert list(jobs.damaged_months) == ["2026-05"]
    put(jobs, done("c"))
    assert Archiver(jobs).archive(TODAY) == {}
    assert [job.id for job in jobs.read().jobs] == ["c"]


# --- killed half-way, and two at once ----------------------------------------------------


class Killed(BaseException):
    """The process is gone, between two of its steps."""


def renamed(book: JobBook, name: str, customer_name: str) -> JobBook:
    return book.changed(replace(book.job(name), customer_name=customer_name), NOON)


class Counting:
    """A shelf that counts what is asked of it, and may be the last thing a process sees."""

    def __init__(self, inner: Shelf, last: int = 10**9, steps: Any = None) -> None:
        self.inner, self.last, self._steps = inner, last, steps or count(1)
        self.seen = [0]

    @property
    def steps(self) -> int:
        return self.seen[0]

    def load(self, known: Document | None = None) -> Document:
        self._step()
        return self.inner.load(known)

    def save(self, body: bytes, if_match: str | None) -> Document:
        self._step()
        return self.inner.save(body, if_match)

    def beside(self, name: str) -> "Counting":
        other = Counting(self.inner.beside(name), self.last)  # type: ignore[arg-type]
        other.seen = self.seen
        return other

    def versions(self) -> list[Version]:
        return self.inner.versions()

    def names_in(self, folder: str) -> list[str]:
        return self.inner.names_in(folder)

    def _step(self) -> None:
        self.seen[0] += 1
        if self.seen[0] > self.last:
            raise Killed


ALL = ["a", "april", "b", "open"]


def a_day_s_work(jobs: JobRepository) -> None:
    Archiver(jobs).archive(TODAY)
    jobs.change_job("a", lambda book: noted(book, "a"))
    jobs.change_job("april", lambda book: reopened(book, "april"))
    jobs.change_job("april", lambda book: noted(book, "april"))


def everything(jobs: JobRepository) -> dict[str, Job]:
    """Each job as its readers find it; none may be found twice."""
    book, gone_by = jobs.refreshed(), past(jobs)
    shown = [job for job in book.jobs if job.status.is_open] + gone_by
    assert len({job.id for job in shown}) == len(shown)
    for job in gone_by:
        assert (book.value(job.id) or jobs.archived(job.id)) == job
    return {job.id: job for job in shown}


class Meanwhile(Counting):
    """Before its last step something happens."""

    def __init__(self, inner: Shelf, last: int, act: Callable[[], object]) -> None:
        super().__init__(inner, last)
        self.act = act

    def beside(self, name: str) -> "Meanwhile":
        other = Meanwhile(self.inner.beside(name), self.last, self.act)  # type: ignore[arg-type]
        other.seen = self.seen
        return other

    def _step(self) -> None:
        self.seen[0] += 1
        if self.seen[0] == self.last:
            self.act()


class MeanwhileTable:
    """The same of a table; a step is what is written, or whatever is asked."""

    def __init__(
        self, inner: MemoryTable, last: int, act: Callable[[], object], *, writes: bool
    ) -> None:
        self.inner, self.last, self.act, self.writes, self.steps = inner, last, act, writes, 0

    def __getattr__(self, name: str) -> Any:
        if name == "transact_write_items" or not self.writes:
            self.steps += 1
            if self.steps == self.last:
                self.act()
        return getattr(self.inner, name)


class Place:
    """Where jobs are, of which each process has a repository of its own."""

    def __init__(self, kind: str) -> None:
        self.is_table, self.store, self.client = kind == "table", MemoryStore(), MemoryTable()

    def opened(self) -> JobRepository:
        return self._in(self.client) if self.is_table else open_jobs(self.store)

    def meanwhile(
        self, last: int, act: Callable[[], object], *, writes: bool = False
    ) -> tuple[JobRepository, Meanwhile | MeanwhileTable]:
        """One before whose step of that number something happens, and its steps."""
        if self.is_table:
            client = MeanwhileTable(self.client, last, act, writes=writes)
            return self._in(client), client
        shelf = Meanwhile(self.store, last, act)
        return open_jobs(shelf), shelf

    def _in(self, client: Any) -> JobRepository:
        return open_jobs_in(Table("jobs", lambda: client), "here")


document_and_table = pytest.mark.parametrize("kind", ["document", "table"])


def stop() -> None:
    raise Killed


@document_and_table
def test_killed_at_any_step_nothing_is_lost_or_shown_twice(kind: str) -> None:
    """And the next run leaves everything as if nobody had been killed."""
    for last in range(1, 60):
        place = Place(kind)
        put(place.opened(), still_open("open"), done("a"), done("b"), done("april", 30))
        jobs, _ = place.meanwhile(last, stop, writes=True)
        try:
            a_day_s_work(jobs)
        except Killed:
            pass
        else:
            break
        found = everything(place.opened())
        on_its_way = {"april"} - found.keys()  # reopened, and nobody was told that it is done
        assert sorted({*found, *on_its_way}) == ALL
        assert place.opened().archived("april") if on_its_way else True
        Archiver(place.opened()).archive(TODAY)
        a_day_s_work(place.opened())
        found = everything(place.opened())
        assert sorted(found) == ALL
        assert found["april"].status is Status.BOOKED
        assert [job.id for job in place.opened().read().jobs] == ["open", "april"]
    assert last > (8 if kind == "table" else 12)


@document_and_table
def test_two_who_archive_at_once_do_it_once(kind: str) -> None:
    """At each step of the one the other does all of it."""
    for last in range(1, 90):
        place = Place(kind)
        put(place.opened(), still_open("open"), done("a"), done("april", 30))
        jobs, steps = place.meanwhile(
            last, lambda place=place: Archiver(place.opened()).archive(TODAY)
        )
        Archiver(jobs).archive(TODAY)
        assert sorted(everything(place.opened())) == ["a", "april", "open"]
        if steps.steps < last:
            break
    assert 4 < last < 89


@document_and_table
@pytest.mark.parametrize("act", [noted, reopened])
def test_a_change_while_it_is_archived_is_not_lost(
    kind: str, act: Callable[[JobBook, str], JobBook]
) -> None:
    for last in range(1, 90):
        place = Place(kind)
        put(place.opened(), done("a"), done("b"))
        jobs, steps = place.meanwhile(
            last,
            lambda place=place: place.opened().change_job("a", lambda book: act(book, "a")),
        )
        Archiver(jobs).archive(TODAY)
        if steps.steps < last:
            break
        found = everything(place.opened())
        assert sorted(found) == ["a", "b"]
        assert found["a"].version == 2
    assert 4 < last < 89


@document_and_table
def test_a_payment_while_it_is_reopened_is_not_lost(kind: str) -> None:
    for last in range(1, 90):
        place = Place(kind)
        put(place.opened(), done("a"))
        Archiver(place.opened()).archive(TODAY)
        jobs, steps = place.meanwhile(
            last,
            lambda place=place: place.opened().change_job("a", lambda book: noted(book, "a")),
        )
        jobs.change_job("a", lambda book: reopened(book, "a"))
        if steps.steps < last:
            break
        (found,) = everything(place.opened()).values()
        assert (found.status, len(found.notes)) == (Status.BOOKED, 1)
    assert 4 < last < 89


# --- once a day --------------------------------------------------------------------------


@in_memory
def test_once_a_day_whoever_comes_first(opened: Opened) -> None:
    jobs, other = opened(), opened()
    put(jobs, done("a"))
    Archiver(jobs).daily(TODAY)
    revision = jobs.read().revision
    assert [job.id for job in jobs.read().jobs] == []
    Archiver(other).daily(TODAY)
    Archiver(jobs).daily(TODAY)
    assert other.refreshed().revision == revision
    Archiver(other).daily(TODAY + timedelta(days=1))
    assert other.refreshed().revision > revision


def test_where_nothing_was_ever_written_nothing_is(store: MemoryStore) -> None:
    Archiver(open_jobs(store)).daily(TODAY)
    assert store.load().etag is None


def test_who_died_over_it_is_followed_by_another_after_a_while(store: MemoryStore) -> None:
    put(open_jobs(store), done("a"))
    with pytest.raises(Killed):
        Archiver(open_jobs(Counting(store, 4))).daily(TODAY)
    assert open_jobs(store).read().archive.claim
    clock = FakeClock()
    jobs = open_jobs(store, clock=clock)
    archiver = Archiver(jobs)
    archiver.daily(TODAY)
    assert [job.id for job in jobs.read().jobs] == ["a"]
    clock.tick(CLAIM_KEPT + 1)
    archiver.daily(TODAY)
    assert [job.id for job in jobs.read().jobs] == []


def test_a_storage_that_fails_meanwhile_is_tried_again_another_time(store: MemoryStore) -> None:
    class Failing(Counting):
        def _step(self) -> None:
            super()._step()
            if self.seen[0] == 4:
                raise StoreUnavailable("The cable was pulled.")

    put(open_jobs(store), done("a"))
    jobs = open_jobs(Failing(store))
    Archiver(jobs).archive(TODAY)
    assert sorted(everything(open_jobs(store))) == ["a"]
