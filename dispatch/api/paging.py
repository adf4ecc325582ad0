"""One page of the jobs, in an order that new jobs do not disturb."""

from collections.abc import Iterable
from datetime import date

from dispatch.api.schemas import LONGEST_Q, ListQuery
from dispatch.board import Filters
from dispatch.domain import jobbook
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import when_created
from dispatch.domain.status import Status


def page(jobs: Iterable[Job], query: ListQuery, business: Business) -> tuple[list[Job], str | None]:
    """The jobs that match, oldest first, and the cursor of the page after. Raises InvalidInput."""
    status, filters, day = _status(query.status), _filters(query), _day(query.date)
    matching = (
        job
        for job in jobs
        if status in (None, job.status)
        and (day is None or (job.window is not None and job.window.date == day))
        and filters.let_through(job, business)
    )
    return jobbook.page(matching, when_created, after=query.after, limit=query.limit)


def _status(name: str) -> Status | None:
    try:
        return Status(name) if name else None
    except ValueError:
        raise InvalidInput({"status": f"A status is one of {', '.join(Status)}."}) from None


def _filters(query: ListQuery) -> Filters:
    if len(query.q) > LONGEST_Q:
        raise InvalidInput({"q": f"{LONGEST_Q} characters are the most."})
    return Filters(q=query.q.strip(), crew=query.crew.strip())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput({"date": "Write a date as 2026-05-23."}) from None
