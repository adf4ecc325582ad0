"""`make run` opens on a day that could be."""

from datetime import timedelta

import pytest

from dispatch import sample
from dispatch.board import is_late
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository
from tests.making import BUSINESS, FakeClock


@pytest.mark.parametrize("hours", range(0, 168, 5))
def test_the_sample_day_is_believable_at_any_hour_of_the_week(
    hours: int, clock: FakeClock, jobs: JobRepository
) -> None:
    clock.at += timedelta(hours=hours)
    assert sample.add_jobs(BUSINESS) == len(sample.JOBS)
    day = jobs.read().jobs
    assert {job.status for job in day} == set(Status)
    assert not [job for job in day if is_late(job, BUSINESS, clock.at)]
    assert all(job.window in BUSINESS.windows_on(job.window.date) for job in day if job.window)
    assert sample.a_token(BUSINESS)


def test_samples_go_into_an_empty_store_only(jobs: JobRepository) -> None:
    sample.add_jobs(BUSINESS)
    assert sample.add_jobs(BUSINESS) == 0
    assert len(jobs.read().jobs) == len(sample.JOBS)
