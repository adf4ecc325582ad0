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
PARTS = 10  # of the time of a limit: so finely it slides
REDIS_RESTS = 5  # seconds after a failure
_redis_rests_until = 0.0


class TooMany(Exception):
    """Too many tries; `retry_after` seconds from now there will be room again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many tries in a short time.")
        self.retry_after = retry_after


class Limit:
    """At most `most` tries within `seconds`, whenever those begin, for each key of its own.

    Tries are counted by small parts of the time, each of which is forgotten whole, once all of
    it is that long ago.
    """

    def __init__(self, name: str, most: int, seconds: int) -> None:
        self.name, self.most, self.seconds = name, most, seconds

    def spend(self, key: str) -> None:
        """Counts this try. Raises TooMany, and then counts none."""
        self._take(key)

    @contextmanager
    def failures(self, key: str, failure: type[Exception]) -> Iterator[None]:
        """A try counts while it is made, and afterwards only where it ended in `failure`.

        So no more than `most` tries are under way at once, and none is made beyond them: what can
        be guessed, such as a password, needs this. Raises TooMany, and then counts none.
        """
        slot, failed = self._take(key), False
        try:
            yield
        except failure:
            failed = True
            raise
        finally:
            if not failed:
                _count([slot], -1, self.seconds)

    @contextmanager
    def at_once(self, key: str) -> Iterator[None]:
        """A try counts while it is made, not afterwards. Raises TooMany, and then counts none."""
        slot = self._take(key)
        try:
            yield
        finally:
            _count([slot], -1, self.seconds)

    @contextmanager
    def misses(self, key: str, miss: type[Exception]) -> Iterator[None]:
        """A look-up counts only once it has ended in `miss`; for others nothing is written.

        Raises TooMany before the look-up where `most` have missed, and in place of `miss` where
        others were faster: however many are made at once, no more than `most` end in `miss`. But
        all that began before look, and what one of them finds it may have. So this is for secrets
        that nobody guesses; others need `failures`.
        """
        self._take(key, 0)
        try:
            yield
        except miss:
            self._take(key)
            raise

    @contextmanager
    def unless(self, key: str, *nothing: type[Exception]) -> Iterator[None]:
        """A try counts while it is made, and afterwards unless it ended in one of those.

        Raises TooMany, and then counts none.
        """
        slot = self._take(key)
        try:
            yield
        except nothing:
            _count([slot], -1, self.seconds)
            raise

    def _take(self, key: str, count: int = 1) -> str:
        """The slot in which this try is counted: first of all, so that of many at once no more
        than `most` pass. With a `count` of 0 it is only seen whether it could be. Raises TooMany.
        """
        now, length = int(wiring.now().timestamp()), max(1, self.seconds // PARTS)
        part, oldest = now // length, (now - self.seconds + 1) // length
        name = sha256(f"{self.name} {key}".encode()).hexdigest()[:24]
        slots = [f"{name}-{each}" for each in range(part, oldest - 1, -1)]
        tries = _count(slots, count, self.seconds)
        over = sum(tries) + (1 - count) - self.most
        if over <= 0:
            return slots[0]
        if count:
            _count(slots[:1], -count, self.seconds)
        for leaving in range(oldest, part + 1):
            over -= tries[part - leaving]
            if over <= 0:
                break
        raise TooMany((leaving + 1) * length + self.seconds - 1 - now)


def _count(slots: list[str], change: int, seconds: int) -> list[int]:
    """The tries in these slots, the first with this change, which is written unless it is 0; none
    where Redis is out of reach: a customer who cannot be counted can still be served.

    Redis is then left alone for a while, so that not every request waits for it.
    """
    global _redis_rests_until
    if time.monotonic() < _redis_rests_until:
        return []
    first, kept = slots[0], 2 * seconds
    try:
        if change > 0:
            cache.add(first, 0, timeout=kept)
        known = {first: cache.incr(first, change)} if change else {}
        if others := slots[len(known) :]:
            known |= cache.get_many(others)
        return [int(known.get(slot, 0)) for slot in slots]
    except ValueError:  # its time has run out meanwhile
        cache.set(first, max(change, 0), timeout=kept)
        return [max(change, 0), *(0 for _ in slots[1:])]
    except RedisError as error:
        _redis_rests_until = time.monotonic() + REDIS_RESTS
        log.warning("Rate limits are not counted: Redis is out of reach (%s).", error)
        return []


def source(request: SiteRequest) -> str:
    """The network address that asks; of IPv6 the part that one customer can be given.

    With the business that is asked: what somebody does at one is nothing to another.
    """
    address = request.client_ip
    with suppress(ValueError):  # a socket has none, and what a proxy says may be anything
        ip = ip_address(address)
        if isinstance(ip, IPv6Address):
            address = str(ip.ipv4_mapped or IPv6Network((int(ip), 48), strict=False))
    return f"{request.business.slug} {address}"


def sender_mark(request: SiteRequest) -> str:
    """Tells requests of one sender from others', and tells nobody who that is."""
    return salted_hmac("sender", source(request)).hexdigest()[:12]
