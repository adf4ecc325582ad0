"""How often one source may try: counted in this process, or in a Redis that several share."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
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
        self.check(_counted(self._slot(key), self.seconds))

    @contextmanager
    def failures(self, key: str, failure: type[Exception]) -> Iterator[None]:
        """A try counts while it is made, and afterwards only where it ended in `failure`.

        Raises TooMany.
        """
        slot = self._slot(key)
        tries = _counted(slot, self.seconds)
        failed = False
        try:
            self.check(tries)
            yield
        except failure:
            failed = True
            raise
        finally:
            if not failed:
                _give_back(slot)

    def check(self, tries: int) -> None:
        """Raises TooMany where those are more than may be."""
        if tries > self.most:
            raise TooMany(self._left())

    def _slot(self, key: str) -> str:
        span = int(_now() // self.seconds)
        return sha256(f"{self.name} {span} {key}".encode()).hexdigest()

    def _left(self) -> int:
        return self.seconds - int(_now() % self.seconds)


def _fails_open(count: Callable[P, int]) -> Callable[P, int]:
    """0 where Redis is out of reach: a customer who cannot be counted can still be served.

    Redis is then left alone for a while, so that not every request waits for it.
    """

    @wraps(count)
    def counted(*args: P.args, **kwargs: P.kwargs) -> int:
        global _redis_rests_until
        if time.monotonic() < _redis_rests_until:
            return 0
        try:
            return count(*args, **kwargs)
        except RedisError as error:
            _redis_rests_until = time.monotonic() + REDIS_RESTS
            log.warning("Rate limits are not counted: Redis is out of reach (%s).", error)
            return 0

    return counted


@_fails_open
def _counted(slot: str, seconds: int) -> int:
    """How many there are in this slot, with this one."""
    cache.add(slot, 0, timeout=seconds)
    try:
        return int(cache.incr(slot))
    except ValueError:  # its time ran out between the two lines
        cache.set(slot, 1, timeout=seconds)
        return 1


@_fails_open
def _give_back(slot: str) -> int:
    try:
        return int(cache.decr(slot))
    except ValueError:  # its time has run out meanwhile
        return 0


def source(request: SiteRequest) -> str:
    """Who asks, as far as the network tells: an address, of IPv6 the part that one customer has.

    With the business that is asked: what somebody does at one is nothing to another.
    """
    return f"{request.business.slug} {_network(request.client_ip)}"


def _network(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:  # a socket has none, and what a proxy says may be anything
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Network((int(ip), 64), strict=False))


def sender_mark(request: SiteRequest) -> str:
    """Tells requests of one sender from others', and tells nobody who that is."""
    return salted_hmac("sender", source(request)).hexdigest()[:12]


def _now() -> float:
    return wiring.now().timestamp()
