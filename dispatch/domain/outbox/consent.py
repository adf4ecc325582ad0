"""The customer's yes to be written to on a channel, given and taken back."""

from datetime import datetime

from msgspec import UNSET

from dispatch.domain.job import Consent, Event, Job
from dispatch.domain.outbox.message import Channel

CONSENT = "consent"  # the event: its changes are by channel, its reason the words


def with_consent(job: Job, channel: Channel, words: str, *, by: str, at: datetime) -> Job:
    """They say yes, and were asked in these words; without words they take it back. Itself where
    that is how it is.
    """
    known = dict(job.consent or {})
    had = channel.value in known
    if had == bool(words):
        return job
    if words:
        known[channel.value] = Consent(at=at, by=by, words=words)
    else:
        del known[channel.value]
    event = Event(
        at=at,
        by=by,
        what=CONSENT,
        version=job.version + 1,
        changes={channel.value: (had, not had)},
        reason=words or UNSET,
    )
    return job.happened(event, consent=known or UNSET)


def had_agreed(job: Job, channel: Channel, version: int) -> bool:
    """As it was at that version."""
    for event in job.history:
        later = event.version is not UNSET and event.version > version
        if later and event.what == CONSENT and event.changes and channel.value in event.changes:
            return bool(event.changes[channel.value][0])
    return channel.value in (job.consent or {})
