"""How often one source may try: counted in the cache that all workers of a container share."""

import fcntl
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from dispatch import wiring


class TooMany(Exception):
    """Too many tries; `retry_after` seconds from now there will be room again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many tries in a short time.")
        self.retry_after = retry_after


class Limit:
    """At most `most` tries within `seconds`, for each key of its own."""

    def __init__(self, name: str, most: int, seconds: int) -> None:
        self.name, self.most, self.seconds = name, most, seconds

    def check(self, key: str) -> None:
        """Raises TooMany where the tries are used up; counts nothing."""
        if cache.get(self._slot(key), 0) >= self.most:
            raise TooMany(self._left())

    def count(self, key: str) -> None:
        slot = self._slot(key)
        cache.add(slot, 0, timeout=self.seconds)
        try:
            cache.incr(slot)
        except ValueError:  # its time ran out between the two lines
            cache.set(slot, 1, timeout=self.seconds)

    def spend(self, key: str) -> None:
        """Check and count. Raises TooMany."""
        self.check(key)
        self.count(key)

    def _slot(self, key: str) -> str:
        span = int(_now() // self.seconds)
        return sha256(f"{self.name} {span} {key}".encode()).hexdigest()

    def _left(self) -> int:
        return self.seconds - int(_now() % self.seconds)


def source(request: HttpRequest) -> str:
    """Who asks, as far as the network tells: an address, of IPv6 the part that one customer has.

    With the business that is asked: what somebody does at one is nothing to another.
    """
    address: str = getattr(request, "client_ip", request.META.get("REMOTE_ADDR", ""))
    network = ":".join(address.split(":")[:4]) if ":" in address else address
    return f"{request.business.slug} {network}"  # type: ignore[attr-defined]


def sender_mark(request: HttpRequest) -> str:
    """Tells requests of one sender from others', and tells nobody who that is."""
    return salted_hmac("sender", source(request)).hexdigest()[:12]


class SharedFileCache(FileBasedCache):
    """Django's cache in files, with an `incr` that loses no count between processes."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        # `incr` writes with the default timeout: it must outlast every limit's span.
        params.setdefault("TIMEOUT", 2 * 3600)
        params.setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 5_000)
        super().__init__(location, params)
        self._lock = Path(location, "lock")

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return int(super().incr(key, delta, version))


def _now() -> float:
    return wiring.now().timestamp()
