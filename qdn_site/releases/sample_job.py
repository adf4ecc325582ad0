"""Staging's own job: always there, always invented, always under the same link.

`stage` prints the link without reaching staging's jobs; a staging container keeps the job.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, SYSTEM, Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.permissions import Actor, Rank
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable

log = logging.getLogger(__name__)
ID = "staging00"
TOKEN = "staging-sample-job-shows-no-one"  # noqa: S105  opens invented data, on staging alone
REST = timedelta(hours=1)  # that a finished one may be looked at before it starts anew


def keep_all() -> None:
    for business in settings.BUSINESSES:
        try:
            keep(business)
        except StoreUnavailable as error:
            log.warning("The sample job could not be looked after: %s", error)


def keep(business: Business) -> None:
    """Put the job back where it is missing, or was finished a while ago."""
    at, jobs = wiring.now(), wiring.jobs(business)
    if _is_well(jobs.refreshed(), at):
        return
    fresh = made(business, at)

    def put_back(book: JobBook) -> JobBook:
        if _is_well(book, at):
            return book
        old = book.value(ID)
        return book.put(replace(fresh, version=old.version + 1) if old else fresh)

    jobs.change(put_back)


def _is_well(book: JobBook, at: datetime) -> bool:
    job = book.value(ID)
    if job is None or job.tracking_token != TOKEN:
        return False
    return job.status.is_open or at - job.updated_at < REST


def made(business: Business, at: datetime) -> Job:
    offered = business.bookable(at)
    job = Job(
        id=ID,
        tracking_token=TOKEN,
        customer_name="Sam Sample",
        location="1 Staging Way",
        phone=business.phone,
        load=business.loads[0].name,
        price=Decimal(business.loads[0].price),
        window=offered[0] if offered else None,
        status=Status.PENDING,
        history=(Event(at=at, by=CUSTOMER, what="created"),),
        created_at=at,
        updated_at=at,
    )
    confirms = Actor(SYSTEM, Rank.DISPATCHER)
    return move(job, Status.BOOKED, by=confirms, at=at, business=business)
