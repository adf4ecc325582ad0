"""Jobs that need somebody to do something: the one rule for board, cards and marks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from dispatch.domain.availability import Clash, Overfull, clashes
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, SYSTEM, Event, Job, MessageIn
from dispatch.domain.moves import coming, needs_attention
from dispatch.domain.outbox.message import Message
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Quote


class Why(Enum):
    """The reasons, the most pressing first."""

    CAME_BACK = auto()  # a visit that came to nothing
    ETA_PASSED = auto()
    WINDOW_OVER = auto()  # and nobody has started
    TOO_LONG = auto()  # in progress for longer than its window is long
    NO_DRIVER = auto()  # and it is for today
    CLASH = auto()  # somebody on it is away, or the driver's window overfull
    MESSAGE = auto()  # the customer's, which nobody has answered
    ANSWERED = auto()  # by the customer: yes or no to a price
    MOVED = auto()  # by the customer, into another window, and a driver is on it
    NOT_TOLD = auto()  # a message to the customer failed
    REQUEST = auto()  # it waits longer than customers are told

    @property
    def is_late(self) -> bool:
        return self in (Why.ETA_PASSED, Why.WINDOW_OVER, Why.TOO_LONG)


class Need(NamedTuple):
    """One reason for which a job needs somebody, and the thing that it is about: the failed
    visit, the clash, the message; or since when.
    """

    job: Job
    why: Why
    about: Event | Clash | MessageIn | Quote | Message | datetime | None = None


def needs(
    job: Job, roster: Roster, overfull: Overfull, business: Business, at: datetime
) -> tuple[Need, ...]:
    """Everything that the job needs at that moment, the most pressing first."""
    return with_others([*by_the_clock(job, business, at)], job, roster, overfull)


def with_others(
    timely: list[Need], job: Job, roster: Roster, overfull: Overfull
) -> tuple[Need, ...]:
    """Those that the time has brought and all others, the most pressing first."""
    clashing = [Need(job, Why.CLASH, clash) for clash in clashes(job, roster, overfull)]
    return tuple(sorted([*timely, *_unheard(job), *clashing], key=lambda need: need.why.value))


def by_the_clock(job: Job, business: Business, at: datetime) -> Iterator[Need]:
    """Those of its needs that the time alone can bring."""
    if not job.status.is_open:
        return
    if failed := needs_attention(job):  # which a new window or driver settles: not late as well
        yield Need(job, Why.CAME_BACK, failed)
        return
    if late := lateness(job, business, at):
        yield late
    if job.status is Status.PENDING:
        since = job.reached(Status.PENDING) or job.created_at
        if at - since > timedelta(hours=business.respond_hours):
            yield Need(job, Why.REQUEST, since)
    elif not job.crew.driver and job.window and job.window.date == business.today(at):
        yield Need(job, Why.NO_DRIVER)


def lateness(job: Job, business: Business, at: datetime) -> Need | None:
    """How the job is late, by the estimate or else by its window."""
    if (eta := coming(job, business, at)[1]) and at > eta.at:
        return Need(job, Why.ETA_PASSED, eta.at)
    if job.window is None or not job.status.is_open:
        return None
    start, end = business.span(job.window)
    if job.status is not Status.IN_PROGRESS:
        return Need(job, Why.WINDOW_OVER, end) if at > end else None
    began = job.reached(Status.IN_PROGRESS)
    return Need(job, Why.TOO_LONG, began) if began and at - began > end - start else None


def awaits_yes(job: Job) -> bool:
    """True while a price waits for the customer's yes or no."""
    return bool(job.quote and not job.quote.answer) and job.status.is_open


def _unheard(job: Job) -> Iterator[Need]:
    """Of what went to and fro, until a member has done something with the job since."""
    for said in job.messages_in or ():
        if not said.answer and not _seen_to(job, said.at):
            yield Need(job, Why.MESSAGE, said)
    quote = job.quote
    is_theirs = quote and quote.answer and quote.answered_by in (None, CUSTOMER)  # no member heard
    if quote and is_theirs and not _seen_to(job, quote.answered_at):
        yield Need(job, Why.ANSWERED, quote)
    if job.crew.driver and job.still_coming and (moved := _moved(job)):
        yield Need(job, Why.MOVED, moved)
    for message in job.messages or ():
        if message.state == "failed" and not _seen_to(job, message.at):
            yield Need(job, Why.NOT_TOLD, message)


def _moved(job: Job) -> Event | None:
    """The customer's choice of another window, where no member has done anything since."""
    for event in reversed(job.history):
        if event.by not in (CUSTOMER, SYSTEM):
            return None
        if event.what == "edited" and event.changes and "window" in event.changes:
            return None if _seen_to(job, event.at) else event
    return None


def _seen_to(job: Job, since: datetime | None) -> bool:
    """True where a member has done anything with the job since then, a note too."""
    acts = [(act.at, act.by) for acts in (job.history, job.notes) for act in acts]
    return since is not None and any(at > since and by not in (CUSTOMER, SYSTEM) for at, by in acts)
