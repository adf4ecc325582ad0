"""Jobs as somebody may see them: by id, by a customer's link, or finished on some days.

All raise StoreUnavailable; those that take an id or a token raise JobNotFound.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from functools import partial

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.permissions import Actor, sees
from dispatch.domain.search import Found
from dispatch.domain.stored.document import StoreUnavailable

MOST_DAYS = 366  # whose finished jobs are looked at at once
# So long before the day of its window may a job be finished, and so long after.
EARLY, LATE = timedelta(days=7), timedelta(days=14)
UNSURE = 10 * 60  # seconds without word after which a link is shown to nobody: it may be revoked


def find(business: Business, job_id: str, *, by: Actor, at_least: int = 0) -> Job:
    archived = partial(wiring.jobs(business).archived, job_id)
    return seen(_found(business, lambda book: book.job(job_id), archived, at_least), by)


def finished(
    business: Business, first: date, last: date, *, book: JobBook | None = None
) -> list[Found]:
    """The jobs that were finished on these days of the business, both included, newest first.

    With the `book` that was read already: one page is of one moment, and waits once.
    """
    jobs = wiring.jobs(business)
    return jobs.finished(book or jobs.read(), first, last)


def around(first: date, last: date) -> tuple[date, date]:
    """From when to when the jobs of these days' windows are looked for among the finished ones."""
    return first - EARLY, last + LATE


def of_day(business: Business, day: date, book: JobBook, *, since: date | None = None) -> list[Job]:
    """What is promised for that day, open or finished, wherever it lies; with `since`, of the
    finished ones those that were finished from then on. Raises StoreUnavailable.
    """
    first, last = around(day, day)
    near = finished(business, since or first, last, book=book)
    due = [job for job in book.jobs if job.status.is_open and _is_of(job, day)]
    return due + [job for each in near if _is_of(each.line, day) and (job := each.whole())]


def _is_of(job: JobLine, day: date) -> bool:
    return job.window is not None and job.window.date == day


def find_by_token(business: Business, token: str, at_least: int = 0) -> Job:
    """An expired link finds nothing, exactly as one that never was.

    Raises StoreUnavailable too where a write of this process may have revoked it, and where the
    storage has been silent for so long that anybody's may have.
    """
    jobs = wiring.jobs(business)
    if jobs.is_doubted:
        jobs.refreshed()
    archived = partial(jobs.archived_by_token, token)
    job = _found(business, lambda book: book.by_token(token), archived, at_least)
    if jobs.age() > UNSURE:
        raise StoreUnavailable("The storage has been silent for too long to show a link's job.")
    if business.link_is_over(job.finished_at, wiring.now()):
        raise JobNotFound("this link has expired")
    return job


def _found(
    business: Business,
    look: Callable[[JobBook], Job],
    archived: Callable[[], Job],
    at_least: int,
) -> Job:
    """Raises JobNotFound only where the storage has just said that there is none."""
    jobs = wiring.jobs(business)
    for read in (partial(jobs.read, at_least), jobs.refreshed):
        with suppress(JobNotFound):
            return look(read())
    return archived()


def seen(job: Job, by: Actor) -> Job:
    """A job that somebody may not see is, for them, not there."""
    if not sees(by, job):
        raise JobNotFound(job.id)
    return job
