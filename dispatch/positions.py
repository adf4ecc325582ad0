"""Where crews are on their way: beside the jobs, in Django's cache, and forgotten soon.

Several processes know of each other's only where that is a Redis.
"""

import logging
from datetime import datetime

from django.core.cache import cache
from redis.exceptions import RedisError

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.visit.position import KEPT, Position

log = logging.getLogger(__name__)


def keep(business: Business, job: Job, position: Position) -> None:
    """Unless a later one is known; nowhere while the cache is out of reach: the next comes soon."""
    name = _name(business, job)
    try:
        known: Position | None = cache.get(name)
        if known is None or known.at <= position.at:
            cache.set(name, position, timeout=int(KEPT.total_seconds()))
    except RedisError as error:
        log.warning("A position is not kept: %s", error)


def of(business: Business, job: Job, at: datetime) -> Position | None:
    """None where nothing is known that still tells anything, or the cache is out of reach."""
    if not (job.still_coming and job.on_my_way):
        return None
    try:
        known: Position | None = cache.get(_name(business, job))
    except RedisError as error:
        log.warning("Positions cannot be read: %s", error)
        return None
    return known if known and known.is_fresh(at) else None


def forget(business: Business, job: Job) -> None:
    """What was known of this way; where the cache is out of reach, its time runs out."""
    try:
        cache.delete(_name(business, job))
    except RedisError as error:
        log.warning("A position is not forgotten yet: %s", error)


def _name(business: Business, job: Job) -> str:
    """Of this way: whoever sets off anew is not where they were the last time."""
    way = int(job.on_my_way.at.timestamp()) if job.on_my_way else 0
    return f"position:{business.slug}:{job.id}:{way}"
