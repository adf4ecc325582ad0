"""The messages of the outbox, in the words of the tracking pages' templates."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.outbox.message import Channel, Composed, Message, Told
from dispatch.outbox.sender import Sender
from tracking.messages.compose import compose, compose_links
from tracking.unsubscribe import unsubscribe_url


def sender(business: Business) -> Sender:
    return Sender(business, composed, composed_links)


def composed(business: Business, job: Job, message: Message, to: str, at: datetime) -> Composed:
    told, channel = Told(message.event), Channel(message.channel)
    unsubscribe = "" if told.is_for_business else _unsubscribe(business, channel, to)
    since = message.since or at
    return compose(business, job, told, channel, since=since, at=at, unsubscribe=unsubscribe)


def composed_links(
    business: Business, jobs: Sequence[Job], channel: Channel, to: str, at: datetime
) -> Composed:
    unsubscribe = _unsubscribe(business, channel, to)
    return compose_links(business, jobs, channel, at=at, unsubscribe=unsubscribe)


def _unsubscribe(business: Business, channel: Channel, to: str) -> str:
    """Of a text nobody is told an address: they answer STOP."""
    return unsubscribe_url(business, channel, to) if channel is Channel.EMAIL else ""
