"""Whether a message that is due is still to be sent, and when.

What tells of the moment, that they are on their way or late, is worth nothing half an hour later.
The rest tells what holds: it is tried for a day, or until it no longer does.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import coming, failed_visit
from dispatch.domain.outbox.before import before
from dispatch.domain.outbox.caused import HOLD, with_message
from dispatch.domain.outbox.message import SENT_AGAIN, Channel, Message, State, Told, Why
from dispatch.domain.status import Status

OF_THE_MOMENT = (Told.ON_MY_WAY, Told.LATE)
OF_THE_DAY = (*OF_THE_MOMENT, Told.COULD_NOT, Told.COMPLETED)  # never held back by the night
WORTH_A_MOMENT, WORTH_A_DAY = timedelta(minutes=30), timedelta(days=1)
LONGEST_WAIT = timedelta(hours=1)
REMIND_FROM, REMIND_UNTIL = time(17), time(20)  # the evening before, on the business's clock


def is_due(job: Job, message: Message, business: Business, at: datetime) -> bool:
    """True of what is to be settled now: also of what waits for long, and holds no more."""
    if not message.is_pending or message.at is None or not message.is_known:
        return False
    if _holds(job, message, business, at):
        return message.at <= at
    return at >= job.updated_at + HOLD  # by then nobody takes back what it was overtaken by


def settled(job: Job, message: Message, business: Business, at: datetime) -> Message:
    """What becomes of one that is due: itself, where it is to be sent now."""
    if not _holds(job, message, business, at):
        return over(message, State.DROPPED, at, Why.OVERTAKEN)
    if _is_told_by_another(job, message, business, at):
        return over(message, State.DROPPED, at, Why.MERGED)
    if at > _deadline(job, message, business):
        if message.tries:
            return over(message, State.FAILED, at, message.error)
        return over(message, State.DROPPED, at, Why.TOO_LATE)
    then = _allowed_from(job, message, business, at)
    return message if then <= at else replace(message, state=State.WAITING, at=then)


def over(message: Message, state: State, at: datetime, error: str = "") -> Message:
    return replace(message, state=state, at=at, error=error)


def tried_again(
    job: Job, message: Message, business: Business, at: datetime, error: str
) -> Message:
    """One that did not go out: it waits for twice as long as before, an hour at most, or failed."""
    pause = min(LONGEST_WAIT, timedelta(minutes=2 ** min(message.tries, 6)))
    message = replace(message, tries=message.tries + 1, error=error)
    if at + pause > _deadline(job, message, business):
        return over(message, State.FAILED, at, error)
    return replace(message, state=State.WAITING, at=at + pause)


def with_reminders(
    book: JobBook, business: Business, channels: Collection[Channel], at: datetime
) -> JobBook:
    """On the evening before: with the reminders of tomorrow's jobs that have none yet."""
    here = at.astimezone(business.zone)
    if not REMIND_FROM <= here.time() < REMIND_UNTIL:
        return book
    tomorrow = here.date() + timedelta(days=1)
    evening = datetime.combine(here.date(), REMIND_FROM, business.zone)
    reminded = list[Job]()
    for job in book.jobs:
        if not (job.still_coming and job.window and job.window.date == tomorrow):
            continue
        goes_out_from = evening - HOLD
        told = [each for each in job.messages or () if each.since and each.since >= goes_out_from]
        if any(map(_reminds, told)):
            continue
        cause = f"reminder {tomorrow}"
        after = with_message(job, Told.REMINDER, business, channels, cause, since=at, at=at)
        if after is not job:
            reminded.append(after)
    return book.put(*reminded) if reminded else book


def _reminds(message: Message) -> bool:
    """True of a reminder, whatever became of it, and of what else names the day."""
    if message.event == Told.REMINDER:
        return True
    is_told = message.state != State.DROPPED
    return is_told and message.event in (Told.CONFIRMED, Told.CHANGED)


def _holds(job: Job, message: Message, business: Business, at: datetime) -> bool:
    """False where the job has moved on, so that what it tells is no longer so."""
    since = message.since or at
    match message.event:
        case Told.RECEIVED | Told.REQUEST:
            return job.status is Status.PENDING or (
                message.event == Told.REQUEST and job.status.is_open
            )
        case Told.CONFIRMED:
            is_over = job.window is not None and at > business.span(job.window)[1]
            return job.still_coming and not is_over
        case Told.CHANGED:
            is_coming = job.still_coming or job.status is Status.PENDING
            return is_coming and not before(job, since).keys().isdisjoint({"window", "price"})
        case Told.REMINDER:
            tomorrow = business.today(since) + timedelta(days=1)
            if not (job.still_coming and job.window and job.window.date == tomorrow):
                return False
            return at < business.span(job.window)[0]
        case Told.ON_MY_WAY:
            return coming(job, business, at)[0] is not None
        case Told.LATE:
            eta = coming(job, business, at)[1]
            return eta is not None and eta.at > at
        case Told.COULD_NOT:
            return failed_visit(job) is not None
        case Told.PRICE:
            return job.status.is_open and bool(job.quote and job.quote.waits)
        case Told.COMPLETED | Told.CANCELLED:
            return job.status == message.event
        case Told.ANSWERED | Told.CUSTOMER_MESSAGE:
            return True
    return False


def _is_told_by_another(job: Job, message: Message, business: Business, at: datetime) -> bool:
    """True of a change that a confirmation, which waits as well, tells with the rest."""
    return message.event == Told.CHANGED and any(
        other.is_pending
        and (other.event, other.channel) == (Told.CONFIRMED, message.channel)
        and _holds(job, other, business, at)
        for other in job.messages or ()
    )


def _deadline(job: Job, message: Message, business: Business) -> datetime:
    """After which it is worth nothing: counted from when it could first be sent, or from when a
    member last sent what had failed again.
    """
    since = message.since or message.at
    assert since is not None
    since = max([since, *(each.at for each in job.history if each.what == SENT_AGAIN)])
    if message.event in OF_THE_MOMENT:
        return since + WORTH_A_MOMENT
    return _allowed_from(job, message, business, since) + WORTH_A_DAY


def _allowed_from(job: Job, message: Message, business: Business, at: datetime) -> datetime:
    """`at`, or in the quiet hours their end; none are quiet for the day's own events, for the
    business itself and for other systems.
    """
    is_todays = job.window is not None and job.window.date == business.today(at)
    is_loud = message.event in OF_THE_DAY or is_todays
    if is_loud or message.channel == Channel.WEBHOOK or Told(message.event).is_for_business:
        return at
    return business.quiet_until(at)
