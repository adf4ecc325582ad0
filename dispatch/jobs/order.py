"""The order in which somebody drives their day: all its stops in one change of the book."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.jobbook import JobBook
from dispatch.domain.visit.route import is_on_day, may_order, put_in_order


def put(business: Business, member: str, day: date, wanted: Sequence[str], *, key: str = "") -> int:
    """The member's open stops of that day in the order of these ids; others are passed over, and
    stops that are not named keep their places. The revision from which on everybody sees it so.

    It is no event of a job's history, but the versions of those that stand elsewhere then grow.
    With a `key`, it is done once however often it comes. Raises StoreUnavailable.
    """
    at = wiring.now()
    once = sha256(repr((member, day, key)).encode()).hexdigest()[:32] if key else ""

    def apply(book: JobBook) -> JobBook:
        stops = [job for job in book.jobs if is_on_day(job, member, day) and may_order(job, member)]
        if any(job.has_done(once) for job in stops):
            return book
        for job_id, stop in put_in_order(stops, wanted).items():
            job = replace(book.job(job_id), stop=stop)
            book = book.changed(job.keyed(once, at), at)
        return book

    return wiring.jobs(business).change(apply).revision
