"""One page of the jobs, in an order that new jobs do not disturb."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import date

import msgspec

from dispatch.api.schemas import LONGEST_Q, ListQuery
from dispatch.board import Filters
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.status import Status

Cursor = tuple[int, str]  # second of creation, id
CURSOR = msgspec.json.Decoder(Cursor)


def page(jobs: Iterable[Job], query: ListQuery, business: Business) -> tuple[list[Job], str | None]:
    """The jobs that match, oldest first, and the cursor of the page after. Raises InvalidInput."""
    status, filters, after = _status(query.status), _filters(query), _decoded(query.after)
    matching = [
        job
        for job in jobs
        if status in (None, job.status)
        and (after is None or cursor(job) > after)
        and filters.let_through(job, business)
    ]
    matching.sort(key=cursor)
    shown = matching[: query.limit]
    if len(matching) == len(shown):
        return shown, None
    return shown, urlsafe_b64encode(msgspec.json.encode(cursor(shown[-1]))).decode().rstrip("=")


def cursor(job: Job) -> Cursor:
    return int(job.created_at.timestamp()), job.id


def _decoded(after: str) -> Cursor | None:
    try:
        padded = after + "=" * (-len(after) % 4)
        return CURSOR.decode(urlsafe_b64decode(padded.encode("ascii"))) if after else None
    except (ValueError, RecursionError):
        raise InvalidInput({"after": "Send the `next` of the page before, as it was."}) from None


def _status(name: str) -> Status | None:
    try:
        return Status(name) if name else None
    except ValueError:
        raise InvalidInput({"status": f"A status is one of {', '.join(Status)}."}) from None


def _filters(query: ListQuery) -> Filters:
    if len(query.q) > LONGEST_Q:
        raise InvalidInput({"q": f"{LONGEST_Q} characters are the most."})
    try:
        day = date.fromisoformat(query.date).isoformat() if query.date else ""
    except ValueError:
        raise InvalidInput({"date": "Write a date as 2026-05-23."}) from None
    return Filters(q=query.q.strip(), crew=query.crew.strip(), date=day)
