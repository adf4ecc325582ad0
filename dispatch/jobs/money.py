"""What is done about a job's money: prices offered and answered, payments taken and taken back."""

from datetime import datetime, timedelta
from decimal import Decimal

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Actor
from dispatch.domain.visit import bill
from dispatch.domain.visit.money import Payment, PriceLine
from dispatch.jobs.action import NO_TIME, Action, Change, changing, once_for


@Action
def offer(
    business: Business,
    job_id: str,
    quote_id: str,
    lines: tuple[PriceLine, ...],
    *,
    by: Actor,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """A price that waits for the customer's yes. Raises IllegalMove, InvalidInput."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return bill.quoted(job, quote_id, lines, by=by.name, at=at)

    return changing(job_id, by, apply, once_for(key, by, "offer", quote_id, lines), ago)


@Action
def answer(
    business: Business,
    job_id: str,
    quote_id: str,
    said: str,
    *,
    by: Actor,
    name: str = "",
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """The customer has said `accepted` or `declined` to it. Raises IllegalMove, JobConflict."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return bill.answered(job, quote_id, said, by=by.name, at=at, name=name)

    return changing(job_id, by, apply, once_for(key, by, "answer", quote_id, said, name), ago)


@Action
def withdraw(
    business: Business,
    job_id: str,
    quote_id: str,
    *,
    by: Actor,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """Raises JobConflict where that price does not wait any more."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return bill.withdrawn(job, quote_id, by=by.name, at=at)

    return changing(job_id, by, apply, once_for(key, by, "withdraw", quote_id), ago)


@Action
def pay(
    business: Business,
    job_id: str,
    amount: Decimal,
    method: str,
    *,
    by: Actor,
    insist: bool = False,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """Raises TooMuch for more than is open, unless they `insist`."""
    payment_id = wiring.new_job_id()

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        payment = Payment(id=payment_id, amount=amount, method=method, at=at, by=by.name)
        return bill.paid(job, payment, insist=insist)

    return changing(job_id, by, apply, once_for(key, by, "pay", amount, method), ago)


@Action
def reverse(
    business: Business, job_id: str, payment_id: str, *, by: Actor, reason: str, key: str = ""
) -> Change:
    """Take a payment back. Raises InvalidInput, JobConflict."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return bill.taken_back(job, payment_id, by=by.name, at=at, reason=reason)

    return changing(job_id, by, apply, once_for(key, by, "reverse", payment_id, reason))
