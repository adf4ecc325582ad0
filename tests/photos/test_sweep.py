"""Files that no job names go after a day, all after `photo_days`; and no others, ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.job import Crew, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import Kind, Photo
from dispatch.jobs import daily, photos
from dispatch.stores.archiver import Archiver
from dispatch.stores.photos.files import PhotoFiles
from dispatch.stores.photos.sweep import Sweep
from tests.making import BUSINESS, DANA, NOON, FakeClock, make_job, unavailable
from tests.photos.pictures import jpeg
from tests.stores.troubled import InMemory
from tests.test_commands import run
from tests.web.test_photos import file

pytestmark = pytest.mark.usefixtures("media")
A_DAY = 24 * 3600


@pytest.fixture(autouse=True)
def jobs(jobs: InMemory) -> InMemory:
    booked = make_job(id="booked", status=Status.BOOKED, crew=Crew(driver="joel"))
    done = make_job(
        id="done",
        tracking_token="d" * 32,
        status=Status.COMPLETED,
        finished_at=NOON - timedelta(days=1),
    )
    jobs.change(lambda book: book.put(booked, done))
    return jobs


@pytest.fixture
def files() -> PhotoFiles:
    made = wiring.photos(BUSINESS)
    assert made
    return made


def take(job_id: str = "booked", number: int = 0, key: str = "") -> Photo:
    sent = file(jpeg(40 + number, 30))
    added = photos.take(BUSINESS, job_id, [sent], Kind.AFTER, by=DANA, key=key)
    return added.done.job.photos[-1]


def sweep() -> int:
    made = wiring.sweep(BUSINESS)
    assert made
    return made.run(wiring.now())


def sweep_daily(clock: FakeClock, days: int) -> int:
    gone = 0
    for _ in range(days):
        clock.tick(A_DAY)
        gone += sweep()
    return gone


def left(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def test_what_a_job_names_stays(media: Path, clock: FakeClock) -> None:
    take()
    take("done")
    assert sweep_daily(clock, 30) == 0
    assert left(media) == 2


def test_what_no_job_names_goes_after_a_day_and_not_before(
    media: Path, clock: FakeClock, files: PhotoFiles
) -> None:
    take()
    files.write("booked", Photo(id="lost", at=NOON), b"picture")
    files.write("never", Photo(id="lost", at=NOON), b"picture")
    (media / BUSINESS.slug / "2026-05-22" / ".half.jpg.x1").write_bytes(b"pict")
    assert sweep() == 0
    assert sweep_daily(clock, 1) == 0
    assert left(media) == 4
    assert sweep_daily(clock, 3) == 3
    assert left(media) == 1


def test_what_came_a_day_late_without_reception_is_not_swept_while_it_comes(
    clock: FakeClock, files: PhotoFiles
) -> None:
    """The file lies under the day on which it was taken; a moment later its job names it."""
    files.write("booked", Photo(id="late", at=NOON - timedelta(days=1)), b"picture")
    assert sweep() == 0


def test_photos_of_an_archived_job_stay_and_may_be_added(
    jobs: InMemory, media: Path, clock: FakeClock
) -> None:
    take("done", 1)
    clock.tick(3 * A_DAY)
    assert Archiver(jobs).archive(BUSINESS.today(clock.now())) == {"2026-05": 1}
    take("done", 2)
    assert sweep_daily(clock, 12) == 0
    assert left(media) == 2
    job = jobs.archived("done")
    assert [photos.picture(BUSINESS, job, photo.id) is not None for photo in job.photos] == [
        True
    ] * 2


def test_at_the_edge_of_midnight_file_and_record_agree(
    media: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, jobs: InMemory
) -> None:
    """The clock passes midnight while a picture is made small."""
    clock.at = datetime(2026, 5, 22, 23, 59, 59, tzinfo=UTC)
    small = photos.small

    def slowly(data: bytes) -> bytes:
        clock.tick(2)
        return small(data)

    monkeypatch.setattr(photos, "small", slowly)
    photo = take()
    assert photos.picture(BUSINESS, jobs.refreshed().job("booked"), photo.id)
    assert sweep_daily(clock, 12) == 0
    assert left(media) == 1


def test_sent_again_on_the_next_day_what_was_written_before_goes(
    jobs: InMemory, media: Path, clock: FakeClock
) -> None:
    """Lost before the job named it; by its id alone it would be one that is named."""
    jobs.read()
    with unavailable(jobs), pytest.raises(StoreUnavailable):
        take(key="k1")
    clock.tick(A_DAY)
    photo = take(key="k1")
    assert left(media) == 2
    assert sweep_daily(clock, 12) == 1
    assert photos.picture(BUSINESS, jobs.refreshed().job("booked"), photo.id)


def test_all_go_after_photo_days(media: Path, clock: FakeClock, jobs: InMemory) -> None:
    photo = take()
    clock.tick(BUSINESS.photo_days * A_DAY)
    assert sweep() == 0
    assert photos.shown(BUSINESS, jobs.refreshed().job("booked")) == [photo]
    clock.tick(2 * A_DAY)
    assert sweep() == 1
    assert list(media.rglob("*")) == [media / BUSINESS.slug]
    job = jobs.refreshed().job("booked")
    assert job.photos == (photo,)
    assert photos.shown(BUSINESS, job) == []
    assert photos.picture(BUSINESS, job, photo.id) is None


def test_with_the_storage_out_of_reach_none_goes(
    jobs: InMemory, media: Path, clock: FakeClock, files: PhotoFiles
) -> None:
    files.write("booked", Photo(id="lost", at=NOON), b"picture")
    clock.tick(4 * A_DAY)
    jobs.read()
    with unavailable(jobs), pytest.raises(StoreUnavailable):
        sweep()
    assert left(media) == 1


def test_of_a_job_that_cannot_be_read_none_goes(
    jobs: InMemory, media: Path, clock: FakeClock
) -> None:
    take()
    document = jobs.store.load()
    broken = document.body.replace(b'"status":"booked"', b'"status":"lost"')
    jobs.store.save(broken, document.etag)
    clock.tick(4 * A_DAY)
    assert jobs.refreshed(at_once=True).value("booked") is None
    assert sweep() == 0
    assert left(media) == 1


def test_of_a_ledger_that_was_begun_anew_none_goes(
    jobs: InMemory, media: Path, clock: FakeClock
) -> None:
    take()
    jobs.change(lambda book: JobBook(revision=book.revision))
    clock.tick(4 * A_DAY)
    assert sweep() == 0
    assert left(media) == 1


def test_what_others_have_put_there_stays(media: Path, clock: FakeClock) -> None:
    folder = media / BUSINESS.slug / "2026-05-22"
    folder.mkdir(parents=True)
    (folder / "README").write_text("not ours")
    (media / BUSINESS.slug / "notes").mkdir()
    assert sweep_daily(clock, 12) == 0


def test_a_job_that_is_reopened_meanwhile_is_found(
    jobs: InMemory, media: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the book was looked at it comes back into it, out of the archive."""
    take("done")
    clock.tick(4 * A_DAY)
    Archiver(jobs).archive(BUSINESS.today(clock.now()))
    archived = jobs.archived

    def meanwhile(job_id: str) -> Job:
        if jobs.read().value(job_id) is None:
            dispatch.jobs.move(BUSINESS, job_id, Status.BOOKED, by=DANA, reason="not done")
        return archived(job_id)

    monkeypatch.setattr(jobs, "archived", meanwhile)
    assert sweep() == 0
    assert left(media) == 1


def test_the_command_says_what_would_go_and_does_it(
    media: Path, clock: FakeClock, files: PhotoFiles
) -> None:
    files.write("booked", Photo(id="lost", at=NOON), b"picture")
    assert "photos" not in run("jobs", "archive")
    clock.tick(4 * A_DAY)
    assert "Would remove 1 photos that no job names" in run("jobs", "archive", "--dry-run")
    assert left(media) == 1
    assert "Removed 1 photos that no job names, or that are too old" in run("jobs", "archive")
    assert left(media) == 0


def test_who_archives_sweeps_and_tries_again(
    media: Path,
    clock: FakeClock,
    files: PhotoFiles,
    jobs: InMemory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files.write("booked", Photo(id="lost", at=NOON), b"picture")
    clock.tick(4 * A_DAY)
    looks = list[int]()

    class Enough(BaseException):
        pass

    def sleep(_seconds: float) -> None:
        looks.append(left(media))
        if len(looks) > 3:
            raise Enough

    run_sweep, failures = Sweep.run, [StoreUnavailable("The cable was pulled."), OSError("odd")]

    def troubled(self: Sweep, at: datetime) -> int:
        if failures:
            raise failures.pop(0)
        return run_sweep(self, at)

    monkeypatch.setattr(daily.time, "sleep", sleep)
    monkeypatch.setattr(Sweep, "run", troubled)
    with pytest.raises(Enough):
        daily.tidy(BUSINESS)
    assert looks == [1, 1, 1, 0]
    assert "Old photos are not swept yet: The cable was pulled." in caplog.text


def test_what_is_put_back_keeps_the_photos_taken_since(jobs: InMemory, clock: FakeClock) -> None:
    old = jobs.refreshed().job("booked")
    photo = take()
    now = jobs.refreshed().job("booked")
    assert now.back_to(old, clock.now()).photos == (photo,)
    assert old.back_to(now, clock.now(), is_gone=True).photos == (photo,)
