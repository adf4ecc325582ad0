"""Which messages a change of a job causes. They are written into the job in the same commit."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Event, Job
from dispatch.domain.moves import UNDO, UNDO_FOR, failed_visit
from dispatch.domain.outbox.message import MOST_MESSAGES, Channel, Message, State, Told
from dispatch.domain.status import Status
from dispatch.domain.visit.money import ACCEPTED

HOLD = UNDO_FOR + timedelta(seconds=1)  # in which what is not meant is taken back
LATER = timedelta(minutes=10)  # by which an estimate has to move to be worth a message
TELLS_ALL = {  # what is told by one that waits already, as the job then is
    Told.CHANGED: {Told.RECEIVED, Told.CONFIRMED, Told.CHANGED},
    Told.LATE: {Told.ON_MY_WAY, Told.LATE},
}


def with_messages(
    job: Job, before: Job | None, business: Business, channels: Collection[Channel], at: datetime
) -> Job:
    """The job with those that making it so of `before`, at that time, causes; None: it is new."""
    for told, since in _told(job, before, business, at):
        cause = f"{job.version} {told}"
        job = with_message(job, told, business, channels, cause, since=since, at=at + HOLD)
    return job


def with_message(
    job: Job,
    told: Told,
    business: Business,
    channels: Collection[Channel],
    cause: str,
    *,
    since: datetime,
    at: datetime,
) -> Job:
    """With one on each channel on which somebody can be told; due `at`. The same `cause` makes the
    same messages.
    """
    messages = job.messages or ()
    known = {each.id for each in messages}
    pending = {(each.event, each.channel) for each in messages if each.is_pending}
    made = [
        Message(
            id=sha256(f"{job.id} {cause} {channel}".encode()).hexdigest()[:24],
            event=told,
            channel=channel,
            since=since,
            state=State.HELD if at > since else State.WAITING,
            at=at,
        )
        for channel in channels
        if channel is Channel.WEBHOOK or recipient(job, told, channel, business)
        if pending.isdisjoint((other, channel) for other in TELLS_ALL.get(told, {told}))
    ]
    new = [each for each in made if each.id not in known]
    return with_room(replace(job, messages=(*messages, *new))) if new else job


def recipient(job: Job, told: Told, channel: Channel, business: Business) -> str:
    """The address or number to which it goes; empty where there is none, or no consent."""
    if told.is_for_business:
        return business.email if channel is Channel.EMAIL else ""
    return customer_at(job, channel)


def customer_at(job: Job, channel: Channel) -> str:
    """As `recipient`, of what goes to the customer."""
    match channel:
        case Channel.EMAIL:
            return job.email
        case Channel.SMS if Channel.SMS in (job.consent or {}):
            return job.phone.partition(";")[0] if job.phone.startswith("+") else ""
    return ""


def with_room(job: Job) -> Job:
    """Of many messages the oldest that are over are only counted."""
    messages = job.messages or ()
    gone = [each for each in messages if not each.is_pending][
        : max(0, len(messages) - MOST_MESSAGES)
    ]
    if not gone:
        return job
    kept = tuple(each for each in messages if each not in gone)
    return replace(job, messages=kept, messages_gone=(job.messages_gone or 0) + len(gone))


def _told(
    job: Job, before: Job | None, business: Business, at: datetime
) -> Iterator[tuple[Told, datetime]]:
    """The events, and when what they tell happened."""
    if job.is_doubtful:  # whose address it bears has likely not asked for anything
        return
    if before is None:
        is_asked = job.status is Status.PENDING
        yield Told.RECEIVED if is_asked else Told.CONFIRMED, at
        if job.history and job.history[0].by == CUSTOMER:
            yield Told.REQUEST, at
        return
    move = job.last_move
    is_new = move is not None and move != before.last_move and move.reason != UNDO
    if move and is_new and (told := _of_a_move(job, move)):
        yield told, move.moment
    yield from _of_the_way(job, before, business)
    if _is_changed(job, before):
        yield Told.CHANGED, at
    old = before.quote.id if before.quote else ""
    if job.quote and job.quote.waits and job.quote.id != old and job.status.is_open:
        yield Told.PRICE, job.quote.at or at
    answered = {said.id for said in before.messages_in or () if said.answer}
    if any(said.answer and said.id not in answered for said in job.messages_in or ()):
        yield Told.ANSWERED, at
    if len(job.messages_in or ()) > len(before.messages_in or ()):
        yield Told.CUSTOMER_MESSAGE, at


def _of_a_move(job: Job, move: Event) -> Told | None:
    match job.status:
        case Status.COMPLETED:
            return Told.COMPLETED
        case Status.CANCELLED:
            return Told.CANCELLED
        case Status.BOOKED if failed_visit(job) is move:
            return Told.COULD_NOT
    was_coming = move.from_ not in (Status.PENDING, Status.COMPLETED, Status.CANCELLED)
    return Told.CONFIRMED if job.still_coming and not was_coming else None


def _of_the_way(job: Job, before: Job, business: Business) -> Iterator[tuple[Told, datetime]]:
    """That they are on their way, or later than was said; of what was said on another day nobody
    remembers.
    """
    way, eta = job.on_my_way, job.eta
    if not job.still_coming:
        return
    if way and way != before.on_my_way:
        said = before.on_my_way
        if said is None or business.today(said.at) != business.today(way.at):
            yield Told.ON_MY_WAY, way.at
            return
    if eta is None or eta == before.eta:
        return
    known = before.eta
    if known and business.today(known.at) == business.today(eta.at):
        is_later = eta.at - known.at >= LATER
    else:
        is_later = job.window is not None and eta.at > business.span(job.window)[1]
    if is_later:
        yield Told.LATE, eta.said_at


def _is_changed(job: Job, before: Job) -> bool:
    """True where another day, time or price was agreed, by who does not tell it otherwise."""
    if not (job.still_coming or job.status is Status.PENDING):
        return False
    last = job.history[-1] if job.history else None
    if last and last.silent:
        return False
    has_agreed = job.quote and job.quote != before.quote and job.quote.answer == ACCEPTED
    return job.window != before.window or (job.price != before.price and not has_agreed)
