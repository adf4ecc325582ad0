"""The one way from a link to its job, and the allow-list of what its holder sees of it.

Templates of tracking/ never get the job itself.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext_lazy
from msgspec import UNSET

from dispatch import positions, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import LONG_AGO, Item, Job, MessageIn, Window
from dispatch.domain.moves import (
    CUSTOMER_READY_FROM,
    coming,
    could_not_code,
    customer_may_cancel,
    cut_off,
    failed_visit,
    undoes_to,
)
from dispatch.domain.permissions import THE_CUSTOMER, Permission
from dispatch.domain.planning import reschedule
from dispatch.domain.roster import Roster
from dispatch.domain.status import PATH, Status
from dispatch.domain.visit import letter
from dispatch.domain.visit.money import ACCEPTED, PriceLine
from dispatch.domain.visit.photo import Kind
from dispatch.domain.visit.position import Position
from dispatch.http import SiteRequest, speak
from dispatch.jobs import photos
from dispatch.jobs.link import of_link
from dispatch.templatetags.formats import map_link
from tracking import story
from tracking.story import State

# The crew's own words are theirs; a customer reads which of the reasons it was.
COULD_NOT = {
    "no_access": gettext_lazy("we could not get in"),
    "not_ready": gettext_lazy("it was not ready to be loaded"),
    "unsafe": gettext_lazy("it was not safe to do"),
    "other": gettext_lazy("something kept us from doing it"),
}
PHOTOS = {
    Kind.REQUEST: gettext_lazy("From you"),
    Kind.BEFORE: gettext_lazy("Before"),
    Kind.AFTER: gettext_lazy("After"),
}


@dataclass(frozen=True)
class Step:
    """One line of the timeline; `at` is None for what was skipped or is still to come."""

    status: Status
    at: datetime | None
    state: Literal["done", "current", "upcoming"]


@dataclass(frozen=True)
class OfferedPrice:
    """A price that waits for the customer's yes or no, told by its `id`."""

    id: str
    amount: Decimal
    lines: tuple[PriceLine, ...]
    at: datetime | None


@dataclass(frozen=True)
class AnsweredPrice:
    """What was said to a price, `accepted` or `declined`, and by whom: the name that they gave on
    the driver's phone, empty where it was on their own page.
    """

    answer: str
    amount: Decimal
    at: datetime
    name: str


@dataclass(frozen=True)
class TrackedPhoto:
    """Never one of a problem: those are the crew's own."""

    id: str
    kind: Kind

    @property
    def label(self) -> str:
        return str(PHOTOS[self.kind])


@dataclass(frozen=True)
class OwnMessage:
    """What they wrote, and the answer. A gate code's text is empty: whoever has the link reads
    this.
    """

    at: datetime | None
    text: str
    is_gate_code: bool
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True)
class TrackedJob:
    """All that the link's holder may know, and may do.

    People are first names; `eta_by` and `on_my_way_by` are empty where nobody of the crew said so.
    `seen_at` is when the crew, on their way, were where `seen_link` shows on a map; `could_not_at`
    when they were there for nothing, and `could_not_why` a half sentence. `quote` waits; `answered`
    has been answered and still means something. `was_window` and `was_price` are what the last
    change was from; `answer_by` is when a request is answered, `cut_off` until when they may change
    it (None: at any time). `started_at` is when the crew began.
    """

    state: State
    status: Status
    steps: tuple[Step, ...]
    customer_name: str
    location: str
    load: str
    items: tuple[Item, ...]
    price: Decimal | None
    was_price: Decimal | None
    is_estimate: bool
    paid: Decimal | None
    quote: OfferedPrice | None
    answered: AnsweredPrice | None
    window: Window | None
    was_window: Window | None
    answer_by: datetime | None
    answer_is_late: bool
    driver: str
    eta: datetime | None
    eta_said_at: datetime | None
    eta_by: str
    eta_has_passed: bool
    is_late: bool
    on_my_way_at: datetime | None
    on_my_way_by: str
    seen_at: datetime | None
    seen_minutes_ago: int
    seen_link: str
    could_not_at: datetime | None
    could_not_today: bool
    could_not_code: str
    could_not_why: str
    photos: tuple[TrackedPhoto, ...]
    messages: tuple[OwnMessage, ...]
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    cut_off: datetime | None
    may_be_ready: bool
    may_reschedule: bool
    may_write: bool
    may_cancel: bool
    may_undo: bool

    @classmethod
    def of(
        cls,
        job: Job,
        roster: Roster,
        business: Business,
        at: datetime,
        position: Position | None = None,
    ) -> "TrackedJob":
        load, failed = business.load(job.load), failed_visit(job)
        on_my_way, eta = coming(job, business, at)
        answer_by, began = story.answer_by(job, business), job.reached(Status.IN_PROGRESS)
        return cls(
            state=story.state_of(job, business, at),
            status=job.status,
            steps=tuple(_steps(job)),
            customer_name=job.customer_name,
            location=job.location,
            load=load.label if load else "",
            items=job.items,
            price=job.price if job.price is not UNSET else None,
            was_price=story.was_price(job),
            is_estimate=job.status is Status.PENDING,
            paid=job.paid.amount if job.paid and job.status is Status.COMPLETED else None,
            quote=_offered(job),
            answered=_answered(job),
            window=job.window,
            was_window=story.was_window(job),
            answer_by=answer_by,
            answer_is_late=answer_by is not None and at > answer_by,
            driver=_first_name(job.crew.driver, roster),
            eta=eta.at if eta else None,
            eta_said_at=eta.said_at if eta else None,
            eta_by=_of_the_crew(eta.by, job, roster) if eta else "",
            eta_has_passed=eta is not None and at > eta.at,
            is_late=story.is_late(job, business, at),
            on_my_way_at=on_my_way.at if on_my_way else None,
            on_my_way_by=_of_the_crew(on_my_way.by, job, roster) if on_my_way else "",
            seen_at=position.at if position else None,
            seen_minutes_ago=(at - position.at).seconds // 60 if position else 0,
            seen_link=map_link(f"{position.lat},{position.lon}") if position else "",
            could_not_at=failed.moment if failed else None,
            could_not_today=failed is not None
            and business.today(failed.moment) == business.today(at),
            could_not_code=could_not_code(failed) if failed else "",
            could_not_why=str(COULD_NOT[could_not_code(failed)]) if failed else "",
            photos=tuple(
                TrackedPhoto(photo.id, photo.kind)
                for photo in photos.shown(business, job)
                if photo.kind in PHOTOS
            ),
            messages=tuple(map(_own, job.messages_in or ())),
            started_at=None if began == LONG_AGO else began,  # which an old file does not say
            finished_at=job.finished_at,
            updated_at=job.updated_at,
            cut_off=cut_off(job, business),
            may_be_ready=job.status in CUSTOMER_READY_FROM,
            may_reschedule=not reschedule.refusal(job, at, business),
            may_write=letter.may_write(job),
            may_cancel=customer_may_cancel(job, at, business),
            may_undo=undoes_to(job, THE_CUSTOMER, at) is not None,
        )


def _own(message: MessageIn) -> OwnMessage:
    is_gate_code = bool(message.gate_code)
    return OwnMessage(
        at=message.at,
        text="" if is_gate_code else message.text or "",
        is_gate_code=is_gate_code,
        answer=message.answer if isinstance(message.answer, str) else "",
        answered_at=message.answered_at or None,
    )


def _offered(job: Job) -> OfferedPrice | None:
    quote = job.quote
    if not (quote and quote.waits and quote.amount is not None and job.status.is_open):
        return None
    return OfferedPrice(quote.id, quote.amount, quote.lines, quote.at)


def _answered(job: Job) -> AnsweredPrice | None:
    """A yes for as long as that is the price, a no for as long as the job is open."""
    quote = job.quote
    if not (quote and quote.answer and quote.answered_at and quote.amount is not None):
        return None
    holds = quote.amount == job.price if quote.answer == ACCEPTED else job.status.is_open
    name = quote.answered_name or ""
    return AnsweredPrice(quote.answer, quote.amount, quote.answered_at, name) if holds else None


def tracked(request: SiteRequest, token: str) -> tuple[TrackedJob, Job]:
    """The answer is in the job's language.

    Raises JobNotFound, and TooMany for who has tried many links that are none.
    """
    job = of_link(request, token)
    speak(request, job.language)
    return public_view(request.business, job), job


def public_view(business: Business, job: Job) -> TrackedJob:
    at, roster = wiring.now(), wiring.roster(business).read()
    return TrackedJob.of(job, roster, business, at, positions.of(business, job, at))


def _first_name(username: str | None, roster: Roster) -> str:
    """Never the username: that is what they sign in with."""
    member = roster.value(username or "")
    return member.first_name if member and member.name.strip() else ""


def _of_the_crew(username: str, job: Job, roster: Roster) -> str:
    """The first name of who said so; empty for a dispatcher who does not come along."""
    member = roster.value(username)
    in_office = member is not None and member.actor.may(Permission.ASSIGN)
    if in_office and username not in set(job.crew):
        return ""
    return _first_name(username, roster)


def _steps(job: Job) -> list[Step]:
    if job.status is Status.CANCELLED:
        start = job.moves[0].from_ if job.moves else Status.PENDING
        first = Step(start if isinstance(start, Status) else Status.PENDING, job.created_at, "done")
        return [first, Step(Status.CANCELLED, job.reached(Status.CANCELLED), "current")]
    # A job taken by phone was never merely requested.
    came = {status: job.reached(status) for status in PATH}
    return [
        Step(status, None, "upcoming")
        if status.is_forward_of(job.status)
        else Step(status, came[status], "current" if status is job.status else "done")
        for status in PATH
        if status is not Status.PENDING or came[status]
    ]
