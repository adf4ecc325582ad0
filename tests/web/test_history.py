"""Finished jobs: by the days on which they were finished, and the page that finds them."""

from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.job import Job
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository
from tests.making import BUSINESS, NOON, make_job

TODAY = date(2026, 5, 22)


def done(name: str, at: datetime = NOON, **fields: object) -> Job:
    """A completed job of this id, without a link."""
    made = {"id": name, "tracking_token": "", "status": Status.COMPLETED, "finished_at": at}
    return make_job(**{**made, **fields})


def put(jobs: JobRepository, *each: Job) -> None:
    jobs.change(lambda book: book.put(*each))


# --- by day ------------------------------------------------------------------------------


def finished(first: date, last: date) -> list[str]:
    return [job.id for job in dispatch.jobs.finished(BUSINESS, first, last)]


def test_a_job_is_finished_on_a_day_of_the_business(jobs: JobRepository) -> None:
    """Which is another day elsewhere, and has 23 hours where clocks change."""
    midnight = datetime(2026, 5, 22, 7, tzinfo=UTC)
    second, day = timedelta(seconds=1), timedelta(days=1)
    put(
        jobs,
        done("before", midnight - second),
        done("first", midnight),
        done("last", midnight + day - second),
        done("after", midnight + day),
        make_job(id="open", tracking_token=""),
    )
    assert finished(TODAY, TODAY) == ["last", "first"]
    assert finished(TODAY - day, TODAY + day) == ["after", "last", "first", "before"]
    clocks_change = date(2026, 3, 8)
    put(jobs, done("spring", datetime(2026, 3, 9, 6, 59, 59, tzinfo=UTC)))
    assert finished(clocks_change, clocks_change) == ["spring"]
    put(jobs, done("spring", datetime(2026, 3, 9, 7, tzinfo=UTC)))
    assert finished(clocks_change, clocks_change) == []


def test_a_job_is_finished_when_the_move_said_so_whatever_came_after(jobs: JobRepository) -> None:
    later = NOON + timedelta(days=3)
    noted = done("noted").noted("Two trips", by="joel", at=later)
    put(jobs, replace(noted, updated_at=later))
    assert finished(TODAY, TODAY) == ["noted"]
    assert finished(later.date(), later.date()) == []
