"""How often one source may try: counted in this process, or in a Redis that several share."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import ParamSpec

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from dispatch import wiring
from dispatch.http import SiteRequest

log = logging.getLogger(__name__)

P = ParamSpec("P")
REDIS_RESTS = 5  # seconds after a failure
_redis_rests_until = 0.0


class TooMany(Exception):
    """Too many tries; `retry_after` seconds from now there will be room again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many tries in a short time.")
        self.retry_after = retry_after


class Limit:
    """At most `most` tries within `seconds`, for each key of its own."""

    def __init__(self, name: str, most: int, seconds: int) -> None:
        self.name, self.most, self.seconds = name, most, seconds

    def spend(self, key: str) -> None:
        """Every try counts, and first of all: of many at once no more than `most` pass.

        Raises TooMany.
        """
        self._check(_count(self._slot(key), +1, self.seconds))

    @contextmanager
    def failures(self, key: str, failure: type[Exception]) -> Iterator[None]:
        """A try counts while it is made, and afterwards only where it ended in `failure`.

        Raises TooMany.
        """
        slot, failed = self._slot(key), False
        try:
            self._check(_count(slot, +1, self.seconds))
            yield
        except failure:
            failed = True
            raise
        finally:
            if not failed:
                _count(slot, -1, self.seconds)

    def _check(self, tries: int) -> None:
        """Raises TooMany where those are more than may be."""
        if tries > self.most:
            raise TooMany(self.seconds - int(wiring.now().timestamp() % self.seconds))

    def _slot(self, key: str) -> str:
        span = int(wiring.now().timestamp() // self.seconds)
        return sha256(f"{self.name} {span} {key}".encode()).hexdigest()


def _count(slot: str, change: int, seconds: int) -> int:
    """The tries in this slot, with this change; 0 where Redis is out of reach: a customer who
    cannot be counted can still be served.

    Redis is then left alone for a while, so that not every request waits for it.
    """
    global _redis_rests_until
    if time.monotonic() < _redis_rests_until:
        return 0
    try:
        if change > 0:
            cache.add(slot, 0, timeout=seconds)
        return int(cache.incr(slot, change))
    except ValueError:  # its time has run out meanwhile
        cache.set(slot, max(change, 0), timeout=seconds)
        return max(change, 0)
    except RedisError as error:
        _redis_rests_until = time.monotonic() + REDIS_RESTS
        log.warning("Rate limits are not counted: Redis is out of reach (%s).", error)
        return 0


def source(request: SiteRequest) -> str:
    """The network address that asks; of IPv6 the part that one customer has.

    With the business that is asked: what somebody does at one is nothing to another.
    """
    address = request.client_ip
    with suppress(ValueError):  # a socket has none, and what a proxy says may be anything
        ip = ip_address(address)
        if isinstance(ip, IPv6Address):
            address = str(ip.ipv4_mapped or IPv6Network((int(ip), 64), strict=False))
    return f"{request.business.slug} {address}"


def sender_mark(request: SiteRequest) -> str:
    """Tells requests of one sender from others', and tells nobody who that is."""
    return salted_hmac("sender", source(request)).hexdigest()[:12]
