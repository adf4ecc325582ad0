"""Who wants no messages."""

from dispatch.domain.business import Business
from dispatch.domain.outbox.message import Channel


def has_stopped(business: Business, channel: Channel, to: str) -> bool:
    return False
