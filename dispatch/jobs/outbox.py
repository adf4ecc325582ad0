"""What a member does about messages."""

from datetime import datetime

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import SENT_AGAIN, State
from dispatch.domain.permissions import Actor
from dispatch.jobs.action import Action, Change, changing, once_for


@Action
def send_again(
    business: Business, job_id: str, message_id: str, *, by: Actor, key: str = ""
) -> Change:
    """A message that failed, with the id that it had; nothing is done to one that has not."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        again = tuple(
            replace(each, state=State.WAITING, at=at, tries=0, error="")
            if each.id == message_id and each.state == State.FAILED
            else each
            for each in job.messages or ()
        )
        if again == (job.messages or ()):
            return job
        return job.happened(Event(at=at, by=by.name, what=SENT_AGAIN), messages=again)

    return changing(job_id, by, apply, once_for(key, by, SENT_AGAIN, message_id))
