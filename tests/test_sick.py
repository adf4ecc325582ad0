"""“Sick today”: the roster says so, and the jobs of the day are back for others."""

from datetime import date

import pytest

from dispatch import crewing, wiring
from dispatch.domain.availability import is_away
from dispatch.domain.crew import MemberNotFound
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.job import Crew, Job
from dispatch.domain.repository import JobRepository, RosterRepository
from dispatch.domain.status import Status
from tests.making import BUSINESS, DANA, make_job, unavailable

SATURDAY = date(2026, 5, 23)


@pytest.fixture
def joels(jobs: JobRepository, roster: RosterRepository) -> list[str]:
    """The ids of three jobs of Joel's Saturday; a fourth is Ana's."""
    crews = [Crew(driver="joel"), Crew(driver="ana", first_mate="joel"), Crew(driver="joel")]
    made = [_job(number, crew) for number, crew in enumerate([*crews, Crew(driver="ana")])]
    jobs.change(lambda book: book.put(*made))
    return [job.id for job in made[:3]]


def _job(number: int, crew: Crew) -> Job:
    window = BUSINESS.window(SATURDAY, "morning")
    token = f"token-{number}".ljust(32, "x")
    status = Status.BOOKED
    return make_job(
        id=f"job-{number}", tracking_token=token, window=window, crew=crew, status=status
    )


def test_all_jobs_of_the_day_come_back_in_one_write(
    joels: list[str], jobs: JobRepository, roster: RosterRepository
) -> None:
    before = jobs.read().revision
    done = crewing.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert [job.id for job in done.jobs] == joels
    assert [job.crew for job in done.jobs] == [Crew(), Crew(driver="ana"), Crew()]
    assert done.revision == jobs.read().revision == before + 1
    assert is_away(roster.read().member("joel"), SATURDAY)
    assert jobs.read().job("job-3").crew == Crew(driver="ana")


def test_done_twice_it_changes_nothing_more(joels: list[str], jobs: JobRepository) -> None:
    done = crewing.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    again = crewing.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert (again.jobs, again.revision) == ((), done.revision)
    assert len(joels) == len(done.jobs)


def test_where_the_jobs_cannot_be_written_it_can_be_done_again(
    joels: list[str], jobs: JobRepository, roster: RosterRepository
) -> None:
    with unavailable(jobs), pytest.raises(StoreUnavailable):
        crewing.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert is_away(roster.read().member("joel"), SATURDAY)
    assert [job.id for job in crewing.sick(BUSINESS, "joel", SATURDAY, by=DANA).jobs] == joels


def test_who_is_not_on_the_roster_is_not_sick(joels: list[str], jobs: JobRepository) -> None:
    with pytest.raises(MemberNotFound):
        crewing.sick(BUSINESS, "pete", SATURDAY, by=DANA)
    assert wiring.jobs(BUSINESS).read().revision == 1
    assert joels
