"""Who may move a job where: CONTRACT §2, in one place for board, tracking page and API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Event, Job
from dispatch.domain.roster import Member, Rank
from dispatch.domain.status import CREATABLE, Status

UNDO = "undo"
UNDO_FOR = timedelta(seconds=60)
COULD_NOT = {
    "no_access": "No access",
    "not_ready": "Not ready",
    "unsafe": "Unsafe",
    "other": "Something else",
}
BOOKED, READY = Status.BOOKED, Status.READY_FOR_PICKUP
CUSTOMER_READY_FROM = (Status.PENDING, BOOKED)
CUSTOMER_CANCELS_FROM = (Status.PENDING, BOOKED, READY)
CREW_GIVES_BACK_FROM = (BOOKED, READY, Status.IN_PROGRESS)


class IllegalMove(Exception):
    """The move is not allowed; nothing has changed. Its text is a sentence for people."""


class JobConflict(Exception):
    """The job has moved on since the person saw it; carries the job as it is now."""

    def __init__(self, job: Job, message: str) -> None:
        super().__init__(message)
        self.job = job


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a crew member, or the customer, who has no rank."""

    name: str
    rank: Rank | None

    @classmethod
    def member(cls, member: Member) -> "Actor":
        return cls(member.username, member.rank)


THE_CUSTOMER = Actor(CUSTOMER, None)


def move(
    job: Job, to: Status, *, by: Actor, at: datetime, business: Business, reason: str = ""
) -> Job:
    """The job, moved. Raises IllegalMove."""
    reason = " ".join(reason.split())
    if refusal := refuse(job, to, by=by, at=at, business=business, reason=reason):
        raise IllegalMove(refusal)
    event = Event(at=at, by=by.name, from_=job.status, to=to, reason=reason)
    moved = job.happened(event, status=to)
    fresh_start = to in (Status.PENDING, BOOKED) and reason != UNDO
    return replace(moved, on_my_way=None, eta=None) if fresh_start else moved


def refuse(
    job: Job, to: Status, *, by: Actor, at: datetime, business: Business, reason: str
) -> str:
    """Why this move may not be made, as a sentence; empty if it may."""
    if reason == UNDO:
        return "" if to == undoes_to(job, by, at) else "It is too late to undo, or not yours."
    if by.rank is Rank.DISPATCHER:
        return _refuse_dispatcher(job.status, to, reason)
    if by.rank is Rank.CREW:
        return _refuse_crew(job.status, to, reason)
    if by == THE_CUSTOMER:
        return _refuse_customer(job, to, at, business)
    return "You may look, but not move jobs."


def refuse_new(status: Status) -> str:
    """Why no job starts in this status; empty if one may."""
    if status in CREATABLE:
        return ""
    return f"A new job is {' or '.join(CREATABLE)}, never {status}."


def undoes_to(job: Job, by: Actor, at: datetime) -> Status | None:
    """Where `by` may take the job back to: they made the last move, a minute ago at most."""
    last = job.last_move
    if last is None or last.by != by.name or at - last.at > UNDO_FOR or last.to != job.status:
        return None
    if by == THE_CUSTOMER and has_undone(job, by):
        return None  # their Undo says not where to: sent twice, it would do the opposite
    return last.from_ if isinstance(last.from_, Status) and last.from_ != job.status else None


def has_undone(job: Job, by: Actor) -> bool:
    """Whether the last move was that they took one back."""
    last = job.last_move
    return last is not None and (last.by, last.reason) == (by.name, UNDO)


def needs_reason(start: Status, to: Status) -> bool:
    return not to.is_forward_of(start)


def targets(job: Job, by: Actor) -> list[Status]:
    """Where a member may move the job, given a reason where one is needed."""
    if by.rank is Rank.DISPATCHER:
        return [status for status in Status if status is not job.status]
    if by.rank is Rank.CREW:
        back = [BOOKED] if job.status in CREW_GIVES_BACK_FROM else []
        return back + [to for to in Status if _is_crew_step(job.status, to)]
    return []


def customer_may_cancel(job: Job, at: datetime, business: Business) -> bool:
    return not _refuse_customer(job, Status.CANCELLED, at, business)


def _refuse_dispatcher(start: Status, to: Status, reason: str) -> str:
    if to is start:
        return _already(to)
    if needs_reason(start, to) and not reason:
        return f"From “{start.label}” to “{to.label}” needs a reason."
    return ""


def _already(at: Status) -> str:
    return f"The job is already at “{at.label}”."


def _is_crew_step(start: Status, to: Status) -> bool:
    return start is not Status.PENDING and to.is_forward_of(start)


def _refuse_crew(start: Status, to: Status, reason: str) -> str:
    if _is_crew_step(start, to):
        return ""
    if to is BOOKED and start in CREW_GIVES_BACK_FROM:
        code, _, words = reason.partition(":")
        if code not in COULD_NOT or (code == "other" and not words.strip()):
            return f"Say why it could not be done: {', '.join(COULD_NOT)} (with a few words)."
        return ""
    if to is start:
        return _already(to)
    return f"Only a dispatcher can move a job from “{start.label}” to “{to.label}”."


def _refuse_customer(job: Job, to: Status, at: datetime, business: Business) -> str:
    if to is READY and job.status in CUSTOMER_READY_FROM:
        return ""
    if to is not Status.CANCELLED or job.status not in CUSTOMER_CANCELS_FROM:
        return f"This pickup is “{job.status.label}”; that cannot be changed here any more."
    if job.window is None:
        return ""
    cut_off = business.span(job.window)[0] - timedelta(hours=business.cancel_hours)
    return "" if at < cut_off else "It is too late to cancel here. Please call us."
