"""One page of the jobs, in an order that new jobs do not disturb."""

from collections.abc import Iterable
from datetime import date

from dispatch.api.schemas import LONGEST_Q, ListQuery
from dispatch.board.filters import Filters
from dispatch.domain import search
from dispatch.domain.business import Business
from dispatch.domain.job_input import InvalidInput, days
from dispatch.domain.search import Found, when_created, when_finished
from dispatch.domain.status import Status
from dispatch.jobs import MOST_DAYS


def page(
    jobs: Iterable[Found], query: ListQuery, business: Business
) -> tuple[list[Found], str | None]:
    """The jobs that match, oldest first, and the cursor of the page after. Raises InvalidInput.

    Those of `finished_on` go by when they were finished, others by when they were made.
    """
    status, filters, day = _status(query.status), _filters(query), _day(query.date)
    matching = (
        each
        for each in jobs
        if status in (None, each.line.status)
        and (day is None or (each.line.window is not None and each.line.window.date == day))
        and filters.let_through(each.line, business)
    )
    by = when_finished if query.from_ else when_created
    return search.page(matching, by, after=query.after, limit=query.limit)


def finished_on(query: ListQuery) -> tuple[date, date] | None:
    """The days whose finished jobs are asked for; None where all is. Raises InvalidInput."""
    if not query.from_ and not query.to:
        return None
    return days(query.from_, query.to, MOST_DAYS)


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
