"""Jobs as a business has them, as many as are wanted."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import cycle, islice

from msgspec.structs import replace

from dispatch import sample, wiring
from dispatch.domain.job import Job, Window
from dispatch.domain.status import Status
from tests.making import BUSINESS

NEAREST, WINDOWS = 4, 40  # jobs begin with the fifth window that comes, and fill so many


def open_jobs(count: int) -> Iterator[Job]:
    """Of each open status, with all that a job may have, spread over the windows to come."""
    at = wiring.now()
    coming = (each for each in windows_from(BUSINESS.today(at)) if BUSINESS.span(each)[1] > at)
    windows = islice(coming, NEAREST, NEAREST + WINDOWS)
    return sample_jobs(count, windows, [status for status in Status if status.is_open])


def sample_jobs(count: int, windows: Iterable[Window], statuses: Iterable[Status]) -> Iterator[Job]:
    """The sample's jobs of these statuses, again and again, and the windows by turns. All that was
    done to them was done just now.
    """
    at, window = wiring.now(), cycle(windows)
    rows = cycle([row for row in sample.JOBS if row.status in statuses])
    for number, row in enumerate(islice(rows, count)):
        job = sample.made_job(BUSINESS, row._replace(name=f"{row.name} {number}"), at)
        history = tuple(replace(event, at=at) for event in job.history)
        yield replace(job, window=next(window), created_at=at, updated_at=at, history=history)


def windows_from(day: date) -> Iterator[Window]:
    """Those of that day and of all days after it."""
    while True:
        yield from BUSINESS.windows_on(day)
        day += timedelta(days=1)
