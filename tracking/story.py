"""Where a pickup stands for its customer, and what it was before."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from msgspec import UNSET

from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window
from dispatch.domain.moves import coming, failed_visit
from dispatch.domain.outbox.before import from_history
from dispatch.domain.status import Status
from dispatch.domain.visit.money import OFFERS

State = Literal[
    "requested",
    "request_over",  # its window is, and nobody has confirmed it
    "confirmed",
    "ready",
    "expected",  # late, by the crew's own estimate
    "on_the_way",
    "missed",  # the window is over, and nobody has said anything
    "could_not",
    "at_work",
    "done",
    "cancelled",
]
OF_STATUS: dict[Status, State] = {
    Status.PENDING: "requested",
    Status.BOOKED: "confirmed",
    Status.READY_FOR_PICKUP: "ready",
    Status.IN_PROGRESS: "at_work",
    Status.COMPLETED: "done",
    Status.CANCELLED: "cancelled",
}


def state_of(job: Job, business: Business, at: datetime) -> State:
    on_my_way, eta = coming(job, business, at)
    if on_my_way:
        return "on_the_way"
    if eta and is_late(job, business, at):
        return "expected"
    if failed_visit(job):
        return "could_not"
    if _is_over(job.window, business, at) and not eta:
        if job.status is Status.PENDING:
            return "request_over"
        if job.still_coming:
            return "missed"
    return OF_STATUS[job.status]


def is_late(job: Job, business: Business, at: datetime) -> bool:
    """True where the crew say that they come after the window, or have not come when they said."""
    eta = coming(job, business, at)[1]
    return eta is not None and (at > eta.at or _is_over(job.window, business, eta.at))


def _is_over(window: Window | None, business: Business, at: datetime) -> bool:
    return window is not None and at > business.span(window)[1]


def answer_by(job: Job, business: Business) -> datetime | None:
    """When a request is answered, as its customer was told."""
    if job.status is not Status.PENDING:
        return None
    since = job.reached(Status.PENDING) or job.created_at
    return since + timedelta(hours=business.respond_hours)


def was_window(job: Job) -> Window | None:
    """The window before its last change, where that was another one."""
    was = _before(job, "window")
    return was if was != job.window else None


def was_price(job: Job) -> Decimal | None:
    """The price before its last change, where that was another one."""
    was = _before(job, "price")
    return was if was != job.price else None


def _before(job: Job, field: str) -> Any:
    """As the history has it; None where it says nothing, or nothing that can be read."""
    for event in reversed(job.history):
        if event.what not in OFFERS and event.changes and field in event.changes:
            was = from_history(field, event.changes[field][0])
            return None if was is UNSET else was
    return None
