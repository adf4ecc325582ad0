"""Yesterday back: what was destroyed, or changed by mistake, as it was at a time."""

import gzip
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.status import Status
from dispatch.domain.stored.document import Document, NoVersion, UnreadableDocument
from dispatch.stores.archive import Shelf
from dispatch.stores.archiver import Archiver
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.past import Past
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import PATIENT
from tests.making import BUSINESS, DANA, NOON, FakeClock, make_job
from tests.opening import open_jobs
from tests.stores.conftest import bucket  # noqa: F401
from tests.stores.troubled import InMemory
from tests.test_commands import refused, run

DAY = 24 * 3600


def made(name: str, **fields: object) -> Job:
    return make_job(id=name, tracking_token=name.ljust(32, "x"), customer_name=name, **fields)


def put(jobs: JobRepository, *each: Job) -> None:
    jobs.change(lambda book: book.put(*each))


def edited(jobs: JobRepository, name: str, **fields: object) -> None:
    at = jobs.now()

    def apply(book: JobBook) -> JobBook:
        return book.changed(book.job(name).edited(fields, by="dana", at=at), at)

    jobs.change_job(name, apply)


def what(jobs: JobRepository) -> dict[str, tuple[str, str, int]]:
    return {job.id: (job.customer_name, job.status, job.version) for job in jobs.refreshed().jobs}


@pytest.fixture
def a_day(jobs: InMemory, clock: FakeClock) -> InMemory:
    """Three jobs at noon; an hour later one is edited, one is gone and one is new."""
    jobs.store.inner.now = clock.now
    put(jobs, made("a"), made("b"), made("same"))
    clock.tick(3600)
    edited(jobs, "a", customer_name="Oops")
    jobs.change(lambda book: book.without({"b"}))
    put(jobs, made("new"))
    clock.tick(3600)
    return jobs


def test_what_is_kept_is_listed(a_day: InMemory) -> None:
    said = run("jobs", "history").splitlines()
    assert [line.split("revision")[1].split()[0] for line in said] == ["4", "3", "2", "1"]
    assert said[-1].startswith("2026-05-22 12:00:00  revision 1")
    assert "3 jobs, 3 of them open" in said[-1]
    (after, before) = run("jobs", "history", "a").splitlines()
    assert "version 2    customer_name: a → Oops" in after
    assert "version 1    Requested" in before
    assert "No version is kept of the job 'none'" in refused("jobs", "history", "none")


def test_a_dry_run_shows_the_difference(a_day: InMemory) -> None:
    before = a_day.store.body
    said = run("jobs", "restore", "--all", "--to", "2026-05-22T12:30", "--dry-run")
    assert "Would restore a a: customer_name: Oops → a" in said
    assert "Would restore b b: it was gone" in said
    assert len(said.splitlines()) == 2
    assert a_day.store.body == before


def test_all_jobs_are_as_they_were_and_those_made_since_stay(a_day: InMemory) -> None:
    run("jobs", "restore", "--all", "--to", "2026-05-22T12:30")
    assert what(a_day) == {
        "a": ("a", "pending", 3),
        "b": ("b", "pending", 2),
        "same": ("same", "pending", 1),
        "new": ("new", "pending", 1),
    }
    again = run("jobs", "restore", "--all", "--to", "2026-05-22T12:30")
    assert "Nothing is different" in again


def test_one_job_alone_is_restored_and_its_history_goes_on(a_day: InMemory) -> None:
    said = run("jobs", "restore", "a", "--to", "2026-05-22T19:30Z")
    assert "Restored a a: customer_name: Oops → a" in said
    job = a_day.refreshed().job("a")
    assert [event.what for event in job.history] == ["edited", "restored"]
    assert a_day.refreshed().value("b") is None


def test_a_link_that_was_revoked_since_stays_so(jobs: InMemory, clock: FakeClock) -> None:
    jobs.store.inner.now = clock.now
    put(jobs, made("a"))
    clock.tick(60)
    put(jobs, replace(made("a"), tracking_token="", truck="T2", version=2))
    run("jobs", "restore", "a", "--to", "2026-05-22T12:00:30")
    job = jobs.refreshed().job("a")
    assert (job.truck, job.tracking_token) == ("", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("restore", "a", "--to", "2026-05-22T11:00"), "no version of that time is kept"),
        (("restore", "none", "--to", "2026-05-22T12:30"), "There was no job 'none' then."),
        (("restore", "a", "--to", "yesterday"), "is no time"),
        (("restore", "--to", "2026-05-22T12:30"), "one of the arguments"),
    ],
)
def test_what_cannot_be_restored_is_said(a_day: InMemory, words: tuple[str, ...], why: str) -> None:
    before = a_day.store.body
    assert why in refused("jobs", *words)
    assert a_day.store.body == before


def test_unknown_fields_come_back_too(jobs: InMemory, clock: FakeClock) -> None:
    jobs.store.inner.now = clock.now
    body = JobBook().put(made("a")).written("w", NOON).encode()
    jobs.store.inner.save(body.replace(b'"id":"a"', b'"id":"a","color":"red"'), None)
    clock.tick(60)
    jobs.change(lambda book: book.without({"a"}))
    run("jobs", "restore", "a", "--to", "2026-05-22T12:00:30")
    assert b'"color":"red"' in jobs.store.body


# --- the drill: destroy, restore, compare, on each store ---------------------------------


@pytest.fixture(params=["file", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Shelf]:
    if request.param == "file":
        return lambda: FileStore(tmp_path / "jobs.json", keeps=True)
    name = request.getfixturevalue("bucket")
    storage = OneConnectionS3Storage(bucket_name=name, client_config=PATIENT)
    storage.connection.meta.client.put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": "Enabled"}
    )
    return lambda: S3Store(storage, "jobs.json")


def destroy(shelf: Shelf, how: bytes | None) -> None:
    if how is not None:
        shelf.save(how, shelf.load().etag)
    elif isinstance(shelf, FileStore):
        os.remove(str(shelf))
    else:
        bucket, key = shelf._at["Bucket"], shelf._at["Key"]  # type: ignore[attr-defined]
        shelf._client.delete_object(Bucket=bucket, Key=key)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "how", [None, b"", b'{"schema": 2, "jobs": ['], ids=["gone", "empty", "cut"]
)
def test_destroy_restore_compare(shelf: Callable[[], Shelf], how: bytes | None) -> None:
    jobs = open_jobs(shelf())
    old = NOON - timedelta(days=9)
    put(jobs, made("open"), made("done", status=Status.COMPLETED, updated_at=old))
    Archiver(jobs).archive(date(2026, 5, 22))
    edited(jobs, "open", truck="T1")
    before = (jobs.refreshed().jobs, [jobs.archived("done")])
    destroy(shelf(), how)
    destroy(shelf().beside("archive/2026-05.json"), how)
    with pytest.raises(UnreadableDocument):
        open_jobs(shelf()).read()
    mending = open_jobs(shelf())
    assert len(mending.put_back()) == 2
    after = open_jobs(shelf())
    assert (after.read().jobs, [after.archived("done")]) == before
    assert after.read().revision > jobs.read().revision


def test_an_archived_job_is_restored_where_it_lies_or_to_the_board(
    jobs: InMemory, clock: FakeClock
) -> None:
    jobs.store.inner.now = clock.now
    put(jobs, made("a", status=Status.BOOKED))
    clock.tick(60)
    at = clock.now()
    jobs.change(
        lambda book: book.changed(
            move(book.job("a"), Status.COMPLETED, by=DANA, at=at, business=BUSINESS), at
        )
    )
    clock.tick(4 * DAY)
    Archiver(jobs).archive(date(2026, 5, 26))
    edited(jobs, "a", truck="T9")
    clock.tick(60)
    run("jobs", "restore", "a", "--to", f"{clock.now() - timedelta(seconds=90):%Y-%m-%dT%H:%MZ}")
    assert (jobs.archived("a").truck, jobs.archived("a").status) == ("", Status.COMPLETED)
    run("jobs", "restore", "a", "--to", "2026-05-22T19:00:30Z")
    assert jobs.refreshed().job("a").status is Status.BOOKED


def test_an_archived_job_that_was_finished_in_another_month_then_is_found_there(
    jobs: InMemory, clock: FakeClock
) -> None:
    """Finished in April; reopened, finished and archived in May; and back."""
    jobs.store.inner.now = clock.now
    put(jobs, made("a", status=Status.COMPLETED, finished_at=NOON - timedelta(days=40)))
    Archiver(jobs).archive(date(2026, 5, 22))
    clock.tick(3600)
    for status in (Status.BOOKED, Status.COMPLETED):
        at = clock.now()

        def step(book: JobBook, status: Status = status, at: datetime = at) -> JobBook:
            job = move(book.job("a"), status, by=DANA, at=at, business=BUSINESS, reason="again")
            return book.changed(job, at)

        jobs.change_job("a", step)
    clock.tick(4 * DAY)
    Archiver(jobs).archive(date(2026, 5, 26))
    run("jobs", "restore", "a", "--to", "2026-05-22T19:30Z")
    for _ in range(2):
        for first, count in ((date(2026, 4, 1), 1), (date(2026, 5, 1), 0)):
            found = jobs.finished(jobs.refreshed(), first, first + timedelta(days=29))
            assert len(found) == count
        Archiver(jobs).archive(date(2026, 5, 27))
    assert [job.id for job in jobs.month("2026-04").jobs] == ["a"]


def test_of_several_copies_the_newest_is_what_it_is_now(jobs: InMemory, clock: FakeClock) -> None:
    put(jobs, made("other"))
    april = made("a", status=Status.COMPLETED, finished_at=NOON - timedelta(days=40))
    may = replace(april, finished_at=NOON - timedelta(days=9), truck="T4", version=3)
    for month, job in (("2026-04", april), ("2026-05", may)):
        jobs.store.inner.beside(f"archive/{month}.json").save(JobBook().put(job).encode(), None)
    assert Past(jobs).differences(JobBook().put(may), clock.now()) == []


def test_without_a_kept_version_nothing_is_put_back(shelf: Callable[[], Shelf]) -> None:
    shelf().save(b"{", None)
    jobs = open_jobs(shelf())
    assert jobs.put_back() == {str(shelf()): False}
    with pytest.raises(NoVersion):
        Past(jobs).as_of(datetime.now(UTC))
    assert shelf().load().body == b"{"


@pytest.fixture
def a_lost_month(jobs: InMemory, clock: FakeClock) -> InMemory:
    """`april` is archived in a month that is gone with all that was kept of it; `a` is edited."""
    jobs.store.inner.now = clock.now
    put(jobs, made("april", status=Status.COMPLETED, finished_at=NOON - timedelta(days=40)))
    put(jobs, made("may", status=Status.COMPLETED, finished_at=NOON - timedelta(days=9)))
    put(jobs, made("a"))
    Archiver(jobs).archive(date(2026, 5, 22))
    clock.tick(3600)
    edited(jobs, "a", customer_name="Oops")
    edited(jobs, "may", customer_name="Oops")
    month = jobs.store.inner.beside("archive/2026-04.json")
    month.delete()
    month._versions.clear()
    return jobs


def test_a_month_that_is_lost_is_named_and_the_others_are_restored(a_lost_month: InMemory) -> None:
    for dry, verb in ((["--dry-run"], "Would restore"), ([], "Restored")):
        said = run("jobs", "restore", "--all", "--to", "2026-05-22T12:30", *dry).splitlines()
        assert "nothing is kept of it that could be put back" in said[0]
        assert "`manage.py jobs begin` begins it anew" in said[0]
        assert said[1:] == [
            f"{verb} a a: customer_name: Oops → a",
            f"{verb} may may: customer_name: Oops → may",
        ]
    assert a_lost_month.refreshed().job("a").customer_name == "a"
    assert a_lost_month.archived("may").customer_name == "may"


def test_a_damaged_month_of_which_nothing_is_kept_is_passed_over(a_lost_month: InMemory) -> None:
    a_lost_month.store.inner.beside("archive/2026-04.json")._document = Document(b"{", "x")
    said = run("jobs", "restore", "a", "--to", "2026-05-22T12:30")
    assert said.splitlines()[1:] == ["Restored a a: customer_name: Oops → a"]


def test_restoring_reads_each_month_once_to_compare(
    a_day: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = list[list[str]]()
    read = a_day.months.read
    monkeypatch.setattr(a_day.months, "read", lambda names: [reads.append(names), read(names)][1])
    run("jobs", "restore", "--all", "--to", "2026-05-22T12:30")
    assert len(reads) == 1


# --- the copies beside a file ------------------------------------------------------------


def test_copies_thin_out_with_age(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "jobs.json", keeps=True)
    now = datetime.now(UTC)
    kept = tmp_path / "versions" / "jobs.json"
    kept.mkdir(parents=True)
    for hours in (*range(24), *range(24, 7 * 24), *range(7 * 24, 100 * 24, 6)):
        for minutes in (5, 20):
            at = now - timedelta(hours=hours, minutes=minutes)
            (kept / f"{at:%Y-%m-%dT%H-%M-%S.%f}-0.gz").write_bytes(gzip.compress(b"{}"))
    store.save(b"{}", None)
    store.save(b"[]", store.load().etag)
    ages = [(now - version.at) / timedelta(days=1) for version in store.versions()]
    assert 48 <= sum(age <= 1 for age in ages) <= 51
    assert 6 * 24 - 1 <= sum(1 < age <= 7 for age in ages) <= 6 * 24 + 2
    assert 82 <= sum(age > 7 for age in ages) <= 85
    assert max(ages) <= 90


def test_copies_are_for_nobody_else(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "jobs.json", keeps=True)
    store.save(b"{}", store.save(b"[]", None).etag)
    copies = list((tmp_path / "versions" / "jobs.json").iterdir())
    assert {copy.stat().st_mode & 0o777 for copy in copies} == {0o600}
    assert [version.read() for version in store.versions()] == [b"{}", b"[]"]


@pytest.mark.parametrize("left", [b"", b"\x1f\x8b\x08"], ids=["empty", "cut off"])
def test_a_copy_that_a_pulled_plug_has_damaged_hides_no_other(tmp_path: Path, left: bytes) -> None:
    jobs = open_jobs(FileStore(tmp_path / "jobs.json", keeps=True))
    put(jobs, made("a"))
    put(jobs, made("b"))
    newest = max((tmp_path / "versions" / "jobs.json").iterdir())
    newest.write_bytes(left)
    (tmp_path / "jobs.json").write_bytes(b"")
    jobs = open_jobs(FileStore(tmp_path / "jobs.json", keeps=True))
    assert [len(book.jobs) for _, book in Past(jobs).versions()] == [1]
    assert jobs.put_back()
    assert [job.id for job in jobs.refreshed().jobs] == ["a"]


def test_what_killed_writers_left_among_the_copies_goes_with_those_that_are_too_many(
    tmp_path: Path,
) -> None:
    store = FileStore(tmp_path / "jobs.json", keeps=True)
    kept = tmp_path / "versions" / "jobs.json"
    kept.mkdir(parents=True)
    (kept / ".2026-05-22T12-00-00.000000-0a1b2c3d.gz.x8c_1a2b").write_bytes(b"half")
    (kept / ".theirs").write_bytes(b"")
    store.save(b"{}", None)
    assert sorted(path.name[0] for path in kept.iterdir()) == [".", "2"]
    assert (kept / ".theirs").exists()


def test_what_somebody_else_put_beside_the_copies_is_left_alone(tmp_path: Path) -> None:
    put(open_jobs(FileStore(tmp_path / "jobs.json", keeps=True)), made("a"))
    stray = tmp_path / "versions" / "jobs.json" / "before-the-move.gz"
    stray.write_bytes(gzip.compress(b"{}"))
    jobs = open_jobs(FileStore(tmp_path / "jobs.json", keeps=True))
    put(jobs, made("b"))
    assert len(list(Past(jobs).versions())) == 2
    assert stray.exists()
