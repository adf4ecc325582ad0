"""Persons leave jobs wherever these lie: working set, months, several copies; document or table."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.job import REMOVED, Job
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.privacy.redaction import StillOpen
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.privacy.redactor import Redactor
from tests.making import BUSINESS, NOON, make_job
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import open_jobs, open_jobs_in
from tests.privacy.birds import CANARY, NOTHING_SINGS, NUMBER, canary_job, with_unknown

TODAY = date(2026, 5, 22)
MAY, YEAR = "2026-05", timedelta(days=366)
ID = canary_job().id


class Place:
    """Where jobs are, seen from outside: every byte of them that is no older version."""

    def __init__(self, kind: str) -> None:
        self.shelf, self.client = MemoryStore(), MemoryTable()
        self._is_table = kind == "table"

    def open(self, **settings: Any) -> JobRepository:
        if self._is_table:
            return open_jobs_in(Table("jobs", lambda: self.client), "here", **settings)
        return open_jobs(self.shelf, **settings)

    def holds(self) -> bytes:
        if self._is_table:
            now = [(keys, item) for keys, item in self.client.items.items() if not _is_log(keys)]
            return repr(now).encode()
        months = (self.shelf.beside(name) for name in self.shelf._others)
        return b"".join(store.load().body for store in (self.shelf, *months))

    def sings(self) -> list[bytes]:
        return [bird for bird in NOTHING_SINGS if bird in self.holds()]


def _is_log(keys: tuple[str, str]) -> bool:
    return keys[0].startswith("LOG#")


@pytest.fixture(params=["document", "table"])
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


@pytest.fixture
def jobs(place: Place) -> JobRepository:
    return place.open()


def redactor(jobs: JobRepository, keep_months: int = 84) -> Redactor:
    return Redactor(jobs, None, keep_months)


def put(jobs: JobRepository, *each: Job) -> None:
    def apply(book: JobBook) -> JobBook:
        for job in each:
            book = with_unknown(book, job)
        return book

    jobs.change(apply)


def archived(jobs: JobRepository, *each: Job) -> None:
    put(jobs, *each)
    Archiver(jobs).archive(TODAY)


def old(number: int, months: int) -> Job:
    at = NOON - timedelta(days=31 * months)
    name = f"old-{number}"
    token = f"{CANARY}{number}".ljust(32, "y")
    return canary_job(id=name, tracking_token=token, finished_at=at, updated_at=at, window=WINDOW)


WINDOW = BUSINESS.agreed_window(TODAY, "morning")


def test_in_the_working_set(place: Place, jobs: JobRepository) -> None:
    put(jobs, canary_job(days_ago=1))
    assert place.sings()
    redactor(jobs).redact(ID, NOON)
    assert not place.sings()
    assert jobs.refreshed().job(ID).customer_name == REMOVED


def test_in_its_month_with_all_by_which_it_is_found(place: Place, jobs: JobRepository) -> None:
    archived(jobs, canary_job())
    token = canary_job().tracking_token
    other = place.open()
    assert other.archived_by_token(token).id == ID
    redactor(jobs).redact(ID, NOON)
    assert not place.sings()
    assert jobs.archived(ID).customer_name == REMOVED
    other.refreshed(at_once=True)
    with pytest.raises(JobNotFound):
        other.archived_by_token(token)
    for by, text in (("phone", NUMBER), ("name", f"mrs {CANARY}"), ("name", REMOVED)):
        assert other.of_customer(other.read(), by, text) == []


def test_in_all_copies_whose_order_stays(place: Place, jobs: JobRepository) -> None:
    """A process was killed between archiving and removing; people have made one more."""
    newest, older = canary_job(version=4), canary_job(version=3)
    put(jobs, newest)
    for month in (MAY, "2026-03"):
        copy = with_unknown(JobBook(), older).entries
        jobs.change_month(month, lambda book, copy=copy: book.with_newer(copy))  # type: ignore[misc]
    assert [copy.place for copy in redactor(jobs).copies(ID)] == ["", MAY, "2026-03"]
    redactor(jobs).redact(ID, NOON)
    assert not place.sings()
    versions = [copy.job.version for copy in redactor(jobs).copies(ID)]
    assert versions == [5, 4, 4]
    Archiver(jobs).archive(TODAY)
    assert [copy.job.version for copy in redactor(jobs).copies(ID)] == [5]
    assert not place.sings()


def test_who_moves_it_meanwhile_takes_no_person_along(place: Place, jobs: JobRepository) -> None:
    put(jobs, canary_job())
    other, looks = place.open(), list[int]()

    class Moved(Redactor):
        def _take_out(self, *args: Any) -> None:
            looks.append(1)
            if len(looks) == 1:
                Archiver(other).archive(TODAY)
            super()._take_out(*args)

    Moved(jobs, None, 84).redact(ID, NOON)
    assert len(looks) == 2
    assert not place.sings()


def test_an_open_job_and_one_that_is_nowhere_are_refused(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    with pytest.raises(StillOpen):
        redactor(jobs).redact(ID, NOON)
    with pytest.raises(JobNotFound):
        redactor(jobs).redact("nowhere", NOON)


def test_a_month_that_cannot_be_read_is_said_once_the_rest_is_done() -> None:
    place = Place("document")
    jobs = place.open()
    archived(jobs, canary_job(), old(1, months=3))
    damaged = place.shelf.beside("archive/2026-02.json")
    damaged.save(b"{", damaged.load().etag)
    assert redactor(jobs).redact(ID, NOON) == "The archive of 2026-02 cannot be read."
    assert jobs.archived(ID).customer_name == REMOVED


# --- keep_months -------------------------------------------------------------------------


def test_persons_leave_months_that_are_too_old_by_themselves(
    place: Place, jobs: JobRepository
) -> None:
    archived(jobs, *(old(number, months=14) for number in range(5)), old(9, months=11))
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    assert [jobs.archived(f"old-{n}").customer_name == REMOVED for n in (0, 4, 9)] == [
        *(True, True, False)
    ]
    assert jobs.refreshed().archive.redacted == "2025-05"
    redactor(jobs, keep_months=3).daily(TODAY, NOON)
    assert not place.sings()


@pytest.mark.parametrize(
    ("today", "first"),
    [(date(2026, 5, 1), "2025-05"), (date(2026, 5, 31), "2025-05"), (date(2026, 1, 1), "2025-01")],
)
def test_a_month_is_kept_until_its_last_day_is_old_enough(today: date, first: str) -> None:
    jobs = Place("document").open()
    put(jobs, canary_job())
    redactor(jobs, keep_months=12).daily(today, NOON)
    assert jobs.refreshed().archive.redacted == first


def test_where_nothing_is_due_no_month_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Place("document").open()
    archived(jobs, *(old(number, months=number) for number in range(14, 40)))
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    revision = jobs.refreshed().revision
    monkeypatch.setattr(jobs.months, "read", _never)
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    assert jobs.refreshed().revision == revision


def test_killed_between_two_months_it_goes_on(place: Place, jobs: JobRepository) -> None:
    class Killed(Redactor):
        def _take_out(self, month: str, *args: Any) -> None:
            if month != "2024-07":
                raise SystemExit
            super()._take_out(month, *args)

    archived(jobs, old(1, months=22), old(2, months=20))
    with pytest.raises(SystemExit):
        Killed(jobs, None, 12).daily(TODAY, NOON)
    assert jobs.archived("old-1").customer_name == REMOVED
    assert place.sings()
    redactor(place.open(), keep_months=12).daily(TODAY, NOON)
    assert not place.sings()
    assert jobs.archived("old-1").version == 2


def test_what_comes_into_an_old_month_later_leaves_with_the_next(
    place: Place, jobs: JobRepository
) -> None:
    archived(jobs, old(1, months=20))
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    archived(jobs, old(2, months=20))
    redactor(jobs, keep_months=12).daily(TODAY + timedelta(days=31), NOON)
    assert not place.sings()


def test_a_reopened_job_keeps_its_person_though_a_copy_lies_in_an_old_month(
    jobs: JobRepository,
) -> None:
    archived(jobs, old(1, months=20))
    again = replace(jobs.archived("old-1"), status=Status.BOOKED, version=2)
    jobs.change(lambda book: book.put(again))
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    assert jobs.refreshed().job("old-1").customer_name != REMOVED
    assert [copy.job.version for copy in redactor(jobs).copies("old-1")] == [2, 1]


def test_a_damaged_month_stops_no_other_and_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = Place("document")
    jobs = place.open()
    archived(jobs, old(1, months=22), old(2, months=20))
    damaged = place.shelf.beside("archive/2024-07.json")
    good = damaged.load()
    bad = damaged.save(b"{", good.etag)
    assert redactor(jobs, keep_months=12).run(TODAY, NOON) == (1, ["2024-07"])
    assert "Persons stay in what cannot be read of the archive: 2024-07" in caplog.text
    damaged.save(good.body, bad.etag)
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    assert not place.sings()


def test_years_of_jobs_are_one_write_a_month() -> None:
    place = Place("document")
    jobs = place.open()
    archived(jobs, *(old(number, months=14) for number in range(300)))
    month = place.shelf.beside("archive/2025-03.json")
    before = len(month.versions())
    redactor(jobs, keep_months=12).daily(TODAY, NOON)
    assert len(month.versions()) == before + 1
    assert not place.sings()


def _never(*_: Any) -> Any:
    raise AssertionError("a month was read")
