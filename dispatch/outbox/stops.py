"""Who said stop: asked before every message, and kept whatever becomes of their jobs.

All raise StoreUnavailable.
"""

import logging
from datetime import datetime

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import RESUMED, hash_of
from dispatch.domain.permissions import Actor
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.jobs.action import Action, Change, Done, changing, once_for

log = logging.getLogger(__name__)


def has_stopped(business: Business, channel: Channel, to: str) -> bool:
    """As the storage says it now. The webhook is never stopped."""
    if channel is Channel.WEBHOOK:
        return False
    known = wiring.stops(business).refreshed(at_once=True)
    return known.value(hash_of(business, channel, to)) is not None


def stop(business: Business, channel: Channel, to: str, *, by: str) -> None:
    """Nothing more on this channel to that address or number."""
    stop_hash(business, channel, hash_of(business, channel, to), by=by)


def stop_hash(business: Business, channel: Channel, hashed: str, *, by: str) -> None:
    """As `stop`, for whoever has the hash alone."""
    at = wiring.now()
    wiring.stops(business).change(lambda known: known.with_stop(hashed, channel, by=by, at=at))


def said_by(business: Business, job: Job) -> list[Channel]:
    """The channels on which the job's customer wants no more; none where nobody can say so now."""
    try:
        known = wiring.stops(business).read()
    except StoreUnavailable as error:
        log.warning("Who said stop cannot be read: %s", error)
        return []
    return [
        channel
        for channel, to in _addresses(job).items()
        if to and known.value(hash_of(business, channel, to))
    ]


def resume(business: Business, job: Job, channel: Channel, *, by: Actor, key: str = "") -> Done:
    """The job's customer has asked for messages again. Raises JobNotFound."""
    done = _resumed(business, job.id, channel, by=by, key=key)
    hashed = {hash_of(business, channel, _addresses(job)[channel])}
    wiring.stops(business).change(lambda known: known.without(hashed))
    return done


@Action
def _resumed(
    _business: Business, job_id: str, channel: Channel, *, by: Actor, key: str = ""
) -> Change:
    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return job.happened(Event(at=at, by=by.name, what=RESUMED[channel]))

    return changing(job_id, by, apply, once_for(key, by, "resume", channel))


def _addresses(job: Job) -> dict[Channel, str]:
    return {Channel.EMAIL: job.email, Channel.SMS: job.phone}
