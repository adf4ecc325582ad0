"""The moves that each may make, in one place for board, tracking page and API."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Eta, Event, Job, OnMyWay
from dispatch.domain.permissions import THE_CUSTOMER, Actor, Permission
from dispatch.domain.status import CREATABLE, Status
from dispatch.domain.typed.sentences import Sentence as _

UNDO = "undo"
UNDO_FOR = timedelta(seconds=60)
MOST_EVENTS = 200  # of a job's history; beyond, a customer's repeated moves are folded
FOLDED = "repeated"
COULD_NOT = {
    "no_access": _("No access"),
    "not_ready": _("Not ready"),
    "unsafe": _("Unsafe"),
    "other": _("Something else"),
}
PENDING, BOOKED, READY = Status.PENDING, Status.BOOKED, Status.READY_FOR_PICKUP
CUSTOMER_READY_FROM = (BOOKED,)
CUSTOMER_CANCELS_FROM = (PENDING, BOOKED, READY)
CREW_GIVES_BACK_FROM = (BOOKED, READY, Status.IN_PROGRESS)


class Illegal(Enum):
    """The reasons for which a move is refused."""

    ALREADY_THERE = auto()
    NEEDS_REASON = auto()
    NEEDS_COULD_NOT = auto()  # one of COULD_NOT
    NEEDS_WORDS = auto()  # beside "other"
    DISPATCHERS_ONLY = auto()
    LOOK_ONLY = auto()
    TOO_LATE_TO_UNDO = auto()
    TOO_LATE_TO_CANCEL = auto()
    TOO_LATE_TO_RESCHEDULE = auto()
    NOT_FOR_CUSTOMERS = auto()
    NOT_YET_READY = auto()  # a request is confirmed by the business first
    NO_FIRST_STATUS = auto()
    NO_SUCH_STATUS = auto()
    NOT_CONFIRMED = auto()  # "on my way" and estimates: the crew are still to come
    PRICE_STANDS = auto()  # of a job that is over


@dataclass(eq=False)
class IllegalMove(Exception):
    """The move is not allowed; nothing has changed."""

    why: Illegal
    start: Status | None = None
    to: Status | None = None


class JobConflict(Exception):
    """The job has changed since the person saw it; `job` is as it is now.

    `field` is the one that others changed too; empty where they have moved the job.
    """

    def __init__(self, job: Job, field: str = "") -> None:
        super().__init__(f"job {job.id} has changed: {field or job.status}")
        self.job, self.field = job, field


def named_status(text: str) -> Status:
    """The status that a form or an address names. Raises IllegalMove."""
    try:
        return Status(text)
    except ValueError:
        raise IllegalMove(Illegal.NO_SUCH_STATUS) from None


def move(
    job: Job, to: Status, *, by: Actor, at: datetime, business: Business, reason: str = ""
) -> Job:
    """The job, moved. Raises IllegalMove."""
    reason = " ".join(reason.split())
    if why := refusal(job, to, by=by, at=at, business=business, reason=reason):
        raise IllegalMove(why, job.status, to)
    event = Event(at=at, by=by.name, from_=job.status, to=to, reason=reason)
    moved = job.happened(event, status=to, finished_at=at)  # which an open job drops
    if reason == UNDO:
        return _given_back(moved, job, by, at)
    fresh_start = to in (PENDING, BOOKED)
    return replace(moved, on_my_way=None, eta=None) if fresh_start else moved


def refusal(
    job: Job, to: Status, *, by: Actor, at: datetime, business: Business, reason: str
) -> Illegal | None:
    """Why this move may not be made; None if it may."""
    if reason == UNDO:
        return None if to == undoes_to(job, by, at) else Illegal.TOO_LATE_TO_UNDO
    if by == THE_CUSTOMER:
        return _refuse_customer(job, to, at, business)
    if not by.may(Permission.MOVE):
        return Illegal.LOOK_ONLY
    if not by.may(Permission.MOVE_ANYWHERE):
        return _refuse_crew(job.status, to, reason)
    if to is job.status:
        return Illegal.ALREADY_THERE
    return Illegal.NEEDS_REASON if needs_reason(job.status, to) and not reason else None


def undoes_to(job: Job, by: Actor, at: datetime) -> Status | None:
    """The status that `by` may take the job back to: theirs was the last move, a minute ago."""
    last = job.last_move
    if last is None or last.by != by.name or at - last.at > UNDO_FOR or last.to != job.status:
        return None
    if by == THE_CUSTOMER and has_undone(job, by):
        return None  # their Undo does not say where to: sent twice, it would do the opposite
    if by == THE_CUSTOMER and last.to is BOOKED:
        return None  # they chose another window: that is chosen anew
    if last.from_ is last.to and last.reason == UNDO:
        return None  # of a visit that came to nothing: that is told no more
    return last.from_ if isinstance(last.from_, Status) else None


def has_undone(job: Job, by: Actor) -> bool:
    """True where the last move was that they took one back."""
    last = job.last_move
    return last is not None and (last.by, last.reason) == (by.name, UNDO)


def needs_reason(start: Status, to: Status) -> bool:
    return not to.is_forward_of(start)


def targets(job: Job, by: Actor) -> list[Status]:
    """The statuses that a member may move the job to, given a reason where one is needed."""
    if by.may(Permission.MOVE_ANYWHERE):
        return [status for status in Status if status is not job.status]
    if by.may(Permission.MOVE):
        back = [BOOKED] if job.status in CREW_GIVES_BACK_FROM else []
        return back + [to for to in Status if _is_crew_step(job.status, to)]
    return []


def next_step(job: Job, by: Actor, today: date | None = None) -> Status | None:
    """The step of a good day that comes next, where `by` may take it.

    That a booked job is ready is its customer's to say; the crew's own next step, given `today`,
    is to start it once its day has come.
    """
    step = job.status.next if job.status.is_open else None
    if step and is_customers(job.status, step) and today and is_due(job, today):
        step = Status.IN_PROGRESS
    return step if step in targets(job, by) else None


def is_customers(start: Status, step: Status) -> bool:
    """True of the step of a good day that is the customer's."""
    return step is READY and start in CUSTOMER_READY_FROM


def is_due(job: Job, today: date) -> bool:
    """True once the day of its window has come."""
    return job.window is not None and job.window.date <= today


def coming(job: Job, business: Business, at: datetime) -> tuple[OnMyWay | None, Eta | None]:
    """What the crew have said of their coming, as long as it means something: they are still to
    come, and the day that it was said of is not over.
    """
    way, eta = job.on_my_way, job.eta
    if not job.still_coming or not (way or eta):  # most jobs; each poll asks of all
        return None, None
    today = business.today(at)
    return (
        way if way and business.today(way.at) >= today else None,
        eta if eta and business.today(eta.at) >= today else None,
    )


def cut_off(job: Job, business: Business) -> datetime | None:
    """Until when the customer may cancel, or choose another window; None where that is at any
    time.
    """
    if job.window is None or job.status is PENDING:
        return None
    return business.span(job.window)[0] - timedelta(hours=business.cancel_hours)


def customer_may_cancel(job: Job, at: datetime, business: Business) -> bool:
    return not _refuse_customer(job, Status.CANCELLED, at, business)


def failed_visit(job: Job) -> Event | None:
    """The move that said that it could not be done, until the job has moved on, or has another
    window.
    """
    last = job.last_move if job.status is BOOKED else None
    if last is None or last.to is not BOOKED or could_not_code(last) not in COULD_NOT:
        return None
    return None if _given_since(job, last, "window") else last


def needs_attention(job: Job) -> Event | None:
    """The failed visit, until somebody has given the job a new window or driver."""
    failed = failed_visit(job)
    return None if failed is None or _given_since(job, failed, "driver") else failed


def could_not_code(event: Event) -> str:
    """`no_access`, where the reason is `no_access: gate locked`."""
    return str(event.reason or "").partition(":")[0]


def _given_since(job: Job, event: Event, field: str) -> bool:
    for later in reversed(job.history):
        if later is event:
            break
        if later.changes and (later.changes.get(field) or (None, None))[1]:
            return True
    return False


def driven_by(job: Job, starter: str, at: datetime) -> Job:
    """Who starts a job that nobody drives becomes its driver."""
    return job.assigned(replace(job.crew, driver=starter), by=starter, at=at)


def _given_back(job: Job, before: Job, by: Actor, at: datetime) -> Job:
    """An undone start makes nobody its driver; an undone reopening is no second finish."""
    if not job.status.is_open:
        ends = [
            move.moment for move in before.moves if move.to is job.status and move.reason != UNDO
        ]
        job = replace(job, finished_at=ends[-1] if ends else at)
    last, started = before.history[-1], before.last_move
    as_starter = last.what == "assigned" and last.changes == {"driver": (None, by.name)}
    if not (as_starter and started and (started.at, started.by) == (last.at, last.by)):
        return job
    return job.assigned(replace(job.crew, driver=None), by=by.name, at=at)


def _is_crew_step(start: Status, to: Status) -> bool:
    return start is not PENDING and to.is_forward_of(start)


def _refuse_crew(start: Status, to: Status, reason: str) -> Illegal | None:
    if _is_crew_step(start, to):
        return None
    if to is not BOOKED or start not in CREW_GIVES_BACK_FROM:
        return Illegal.ALREADY_THERE if to is start else Illegal.DISPATCHERS_ONLY
    code, _, words = reason.partition(":")
    if code not in COULD_NOT:
        return Illegal.NEEDS_COULD_NOT
    return Illegal.NEEDS_WORDS if code == "other" and not words.strip() else None


def _refuse_customer(job: Job, to: Status, at: datetime, business: Business) -> Illegal | None:
    if is_customers(job.status, to):
        return None
    if to is READY and job.status is PENDING:
        return Illegal.NOT_YET_READY
    if to is not Status.CANCELLED or job.status not in CUSTOMER_CANCELS_FROM:
        return Illegal.NOT_FOR_CUSTOMERS
    until = cut_off(job, business)
    return None if until is None or at < until else Illegal.TOO_LATE_TO_CANCEL


def with_repeats_folded(history: tuple[Event, ...]) -> tuple[Event, ...]:
    """At most MOST_EVENTS, as far as a customer's repeated moves and other windows make them more:
    the oldest become one line with their count. Whatever else happened stays, and so do the first
    move, the last one, and the last to each status.
    """
    if len(history) <= MOST_EVENTS:
        return history
    moves = [event for event in history if event.is_move]
    kept = {id(event) for event in (*moves[:1], *{move.to: move for move in moves}.values())}
    repeated = [
        event
        for event in history
        if event.by == CUSTOMER and (event.what in (FOLDED, "edited") or event.is_move)
        if id(event) not in kept
    ]
    folding = repeated[: len(history) - MOST_EVENTS + 1]
    if len(folding) < 2:
        return history
    gone, last = {id(event) for event in folding}, folding[-1]
    count = sum(event.count if isinstance(event.count, int) else 1 for event in folding)
    line = Event(at=last.at, by=CUSTOMER, what=FOLDED, count=count)
    return tuple(
        line if event is last else event
        for event in history
        if event is last or id(event) not in gone
    )


def check_first(status: Status) -> None:
    """Raises IllegalMove for a status that no job starts in."""
    if status not in CREATABLE:
        raise IllegalMove(Illegal.NO_FIRST_STATUS, status, status)
