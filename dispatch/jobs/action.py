"""What an action on one job is: how it is done, and that it is done once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import update_wrapper
from hashlib import sha256
from typing import Any, Concatenate, Generic, ParamSpec

from dispatch import positions, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.caused import with_messages
from dispatch.domain.permissions import Actor
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.jobs.reading import seen

NO_TIME = timedelta()
MOST_AGO = timedelta(days=1)  # for which a tap may wait for reception
TOO_LONG_AGO = _("That was tapped more than a day ago. If it still holds, send it as of now.")

P = ParamSpec("P")
Change = Callable[[JobBook], JobBook]  # of one job among the others; it may run more than once


@dataclass(frozen=True, slots=True)
class Done:
    """The job as it is now, and the revision from which on everybody sees it so."""

    job: Job
    revision: int


class Action(Generic[P]):
    """Something that people do to one job: called, it is done. Its `change` is what that does to
    the book, for whoever changes several at once (`dispatch.jobs.several`).
    """

    def __init__(self, change: Callable[Concatenate[Business, str, P], Change]) -> None:
        self._change = change
        update_wrapper(self, change)

    def change(
        self, business: Business, job_id: str, /, *args: P.args, **kwargs: P.kwargs
    ) -> Change:
        """With the messages that it causes."""
        change = self._change(business, job_id, *args, **kwargs)
        channels = wiring.carriers(business).keys()

        def apply(book: JobBook) -> JobBook:
            after = change(book)
            job, before = after.value(job_id), book.value(job_id)
            if job is None or job is before or not channels:
                return after
            told = with_messages(job, before, business, channels, job.updated_at)
            return after if told is job else after.put(told)

        return apply

    def __call__(
        self, business: Business, job_id: str, /, *args: P.args, **kwargs: P.kwargs
    ) -> Done:
        change = self.change(business, job_id, *args, **kwargs)
        done = Done(*wiring.jobs(business).change_job(job_id, change))
        if done.job.on_my_way and not done.job.still_coming:
            positions.forget(business, done.job)
        return done


def changing(
    job_id: str,
    by: Actor,
    fn: Callable[[Job, datetime, JobBook], Job],
    once: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    at = wiring.now()

    def apply(book: JobBook) -> JobBook:
        job = seen(book.job(job_id), by)
        if job.has_done(once):
            return book
        check_age(ago)
        after = fn(job, at - ago, book)
        if after is job:
            return book
        after = after.arrived(job, at) if ago else after
        return book.changed(after.keyed(once, at), at)

    return apply


def check_age(ago: timedelta) -> None:
    """Raises InvalidInput for what was done too long ago to be dated then."""
    if ago > MOST_AGO:
        raise InvalidInput({"ago_s": TOO_LONG_AGO})


def once_for(key: str, by: Actor, *action: Any) -> str:
    """The name under which a job remembers that this was done; empty without a key.

    Other words under a key that was used are another action: nothing that was typed is swallowed.
    """
    return sha256(repr((by.name, key, action)).encode()).hexdigest()[:32] if key else ""
