"""Another window, chosen by the customer: until when, which ones, and what becomes of the job."""

from datetime import datetime

from dispatch.domain.business import Business, NotBookable
from dispatch.domain.job import CUSTOMER, Event, Job, Window
from dispatch.domain.moves import CUSTOMER_CANCELS_FROM, Illegal, cut_off
from dispatch.domain.status import Status

MAY_CHANGE = CUSTOMER_CANCELS_FROM  # who may still call it off may also have it at another time


class Unbookable(Exception):
    """A customer cannot ask for that window."""

    def __init__(self, window: Window, why: NotBookable) -> None:
        super().__init__(f"{window.name} of {window.date}: {why.name}")
        self.window, self.why = window, why


def refusal(job: Job, at: datetime, business: Business) -> Illegal | None:
    """Why the customer may choose no other window now; None if they may."""
    if job.status not in MAY_CHANGE:
        return Illegal.NOT_FOR_CUSTOMERS
    until = cut_off(job, business)
    return None if until is None or at < until else Illegal.TOO_LATE_TO_RESCHEDULE


def rescheduled(job: Job, window: Window, at: datetime) -> Job:
    """In that window: one that was ready is so no more."""
    if job.status is Status.READY_FOR_PICKUP:
        back = Event(at=at, by=CUSTOMER, from_=job.status, to=Status.BOOKED)
        job = job.happened(back, status=Status.BOOKED)
    return job.edited({"window": window}, by=CUSTOMER, at=at)
