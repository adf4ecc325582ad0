"""The order in which somebody drives their day: all its stops in one change of the book.

It is no event of a job's history; the versions of those that stand elsewhere then grow.
"""

from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256

from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.visit.route import is_on_day, may_order, moved_by, put_in_order


def put(business: Business, member: str, day: date, wanted: Sequence[str], *, key: str = "") -> int:
    """The member's open stops of that day in the order of these ids; others are passed over, and
    stops that are not named keep their places. The revision from which on everybody sees it so.

    With a `key`, it is done once however often it comes. Raises StoreUnavailable.
    """
    return _change(business, member, day, lambda stops: wanted, key)


def move(business: Business, member: str, day: date, job_id: str, by: int, *, key: str = "") -> int:
    """As `put`, with this stop so many places later, or earlier where `by` is less than 0."""
    return _change(business, member, day, lambda stops: moved_by(stops, job_id, by), key)


def _change(
    business: Business,
    member: str,
    day: date,
    order: Callable[[list[Job]], Sequence[str]],
    key: str,
) -> int:
    at = wiring.now()
    once = sha256(repr((member, day, key)).encode()).hexdigest()[:32] if key else ""

    def apply(book: JobBook) -> JobBook:
        stops = [job for job in book.jobs if is_on_day(job, member, day) and may_order(job, member)]
        if any(job.has_done(once) for job in stops):
            return book
        for job_id, stop in put_in_order(stops, order(stops)).items():
            job = replace(book.job(job_id), stop=stop)
            book = book.changed(job.keyed(once, at), at)
        return book

    return wiring.jobs(business).change(apply).revision
