"""What a customer does to their own job besides its moves, and what they are answered."""

from datetime import datetime

from msgspec import UNSET

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import Job, MessageIn, Window, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import IllegalMove, JobConflict
from dispatch.domain.permissions import THE_CUSTOMER, Actor
from dispatch.domain.planning import reschedule as planning
from dispatch.domain.planning import schedule
from dispatch.domain.planning.reschedule import Unbookable
from dispatch.domain.status import Status
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.visit import letter
from dispatch.jobs.action import Action, Change, changing, once_for


@Action
def reschedule(
    business: Business,
    job_id: str,
    window: Window,
    *,
    expected: Status | None = None,
    version: int | None = None,
    key: str = "",
) -> Change:
    """Into another window, by the customer, who saw the job at `expected` and in `version`.

    Raises IllegalMove, JobConflict where it has moved on, or has another window, since;
    Unbookable, WindowFull.
    """
    roster = wiring.roster(business).read()

    def apply(job: Job, at: datetime, book: JobBook) -> Job:
        if job.window == window:
            return job
        if expected and job.status is not expected:
            raise JobConflict(job)
        if version is not None and job.as_of(version, "window") != plain(job.window):
            raise JobConflict(job, "window")
        if why := planning.refusal(job, at, business):
            raise IllegalMove(why, job.status, job.status)
        if unbookable := business.not_bookable(window, at):
            raise Unbookable(window, unbookable)
        moved = planning.rescheduled(job, window, at)
        # As a new one: what a request held before says nothing of the room there.
        schedule.check(moved, None, roster, book, business, at)
        return moved

    return changing(
        job_id, THE_CUSTOMER, apply, once_for(key, THE_CUSTOMER, "window", plain(window))
    )


@Action
def choose_language(business: Business, job_id: str, language: str) -> Change:
    """From now on the customer reads page and messages in it. Raises InvalidInput."""
    chosen = job_input.language(language, business)
    if not chosen:
        raise InvalidInput({"language": _("Please choose a language.")})

    def apply(job: Job, at: datetime, _book: JobBook) -> Job:
        return job.edited({"language": chosen}, by=THE_CUSTOMER.name, at=at)

    return changing(job_id, THE_CUSTOMER, apply)


@Action
def write(
    business: Business, job_id: str, text: str, *, is_gate_code: bool = False, key: str = ""
) -> Change:
    """The customer's message to the business. Raises IllegalMove, InvalidInput, TooManyLetters."""
    message_id, gate_code = wiring.new_job_id(), is_gate_code or UNSET

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        message = MessageIn(id=message_id, at=at, text=text, gate_code=gate_code)
        return letter.written(job, message, at)

    once = once_for(key, THE_CUSTOMER, "message", text, is_gate_code)
    return changing(job_id, THE_CUSTOMER, apply, once)


@Action
def reply(
    business: Business, job_id: str, message_id: str, text: str, *, by: Actor, key: str = ""
) -> Change:
    """The business's answer to that message. Raises InvalidInput, JobConflict."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return letter.answered(job, message_id, text, by=by.name, at=at)

    return changing(job_id, by, apply, once_for(key, by, "answer", message_id, text))
