"""What the customer writes to the business, and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from dispatch.domain import job_input
from dispatch.domain.job import CUSTOMER, Event, Job, MessageIn
from dispatch.domain.job_input import LONGEST, InvalidInput
from dispatch.domain.moves import Illegal, IllegalMove, JobConflict
from dispatch.domain.typed.sentences import Sentence as _

MOST_LETTERS = 10  # of one job
WRITTEN, ANSWERED = "message", "answered"  # as a history calls them


@dataclass(eq=False)
class TooManyLetters(Exception):
    """The customer has written all that one job takes; they can call."""


def may_write(job: Job) -> bool:
    return job.status.is_open and len(job.messages_in or ()) < MOST_LETTERS


def check_may_write(job: Job) -> None:
    """Raises IllegalMove once the job is over, TooManyLetters."""
    if not job.status.is_open:
        raise IllegalMove(Illegal.NOT_FOR_CUSTOMERS, job.status, job.status)
    if len(job.messages_in or ()) >= MOST_LETTERS:
        raise TooManyLetters


def written(job: Job, message: MessageIn, at: datetime) -> Job:
    """With the customer's message; a gate code is added to the access notes as well.

    Raises IllegalMove, InvalidInput, TooManyLetters.
    """
    check_may_write(job)
    event = Event(at=at, by=CUSTOMER, what=WRITTEN)
    letters = (*(job.messages_in or ()), message)
    if not message.gate_code:
        return job.happened(event, messages_in=letters)
    notes = "\n".join(filter(None, (job.access_notes, message.text)))
    if len(notes) > LONGEST["access_notes"]:
        raise InvalidInput({"text": _("That is too long for a gate code. Please call us.")})
    changes = {"access_notes": (job.access_notes, notes)}
    event = replace(event, version=job.version + 1, changes=changes)
    return job.happened(event, messages_in=letters, access_notes=notes)


def answered(job: Job, message_id: str, text: str, *, by: str, at: datetime) -> Job:
    """With the business's answer to that message. Raises InvalidInput for one that it has not;
    JobConflict where somebody else has answered otherwise.
    """
    letters = job.messages_in or ()
    asked = next((each for each in letters if message_id and each.id == message_id), None)
    if asked is None:
        raise InvalidInput({"id": _("There is no such message.")})
    if asked.answer == text:
        return job
    if asked.answer:
        raise JobConflict(job, "answer")
    said = replace(asked, answer=text, answered_at=at, answered_by=by)
    event = Event(at=at, by=by, what=ANSWERED)
    return job.happened(
        event, messages_in=tuple(said if each is asked else each for each in letters)
    )


def text_of(name: str, typed: object) -> str:
    """What was typed as a message, or as an answer to one. Raises InvalidInput."""
    return job_input.text("text", typed, at=name)
