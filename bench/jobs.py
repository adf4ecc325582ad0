"""Jobs as a business has them, as many as are wanted."""

from collections.abc import Iterator

from msgspec.structs import replace

from dispatch import sample, wiring
from dispatch.domain.job import Job
from dispatch.domain.status import Status
from tests.making import BUSINESS

WINDOWS = 40  # over which they are spread, from the fourth that comes


def open_jobs(count: int) -> Iterator[Job]:
    """Of each status, with all that a job may have."""
    rows = [row for row in sample.JOBS if Status(row.status).is_open]
    at = wiring.now()
    for number in range(count):
        row = rows[number % len(rows)]
        named = row._replace(window=4 + number % WINDOWS, name=f"{row.name} {number}")
        job = sample.made_job(BUSINESS, named, at)
        history = tuple(replace(event, at=at) for event in job.history)
        yield replace(job, created_at=at, history=history)
