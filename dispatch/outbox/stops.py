"""Who said stop: asked before every message, and kept whatever becomes of their jobs.

All raise StoreUnavailable.
"""

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import hash_of


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


def resume(business: Business, channel: Channel, to: str) -> bool:
    """They have asked for messages again, and a dispatcher says so. False where they never said
    stop.
    """
    hashed = {hash_of(business, channel, to)}
    had = has_stopped(business, channel, to)
    wiring.stops(business).change(lambda known: known.without(hashed))
    return had
