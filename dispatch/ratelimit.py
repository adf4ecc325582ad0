"""How often one source may try: counted in the cache that all workers of a container share."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache
from django.utils.crypto import salted_hmac

from dispatch import wiring
from dispatch.http import SiteRequest

MOST_ENTRIES = 20_000
CULL_EVERY = 256  # writes of one process


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


def _counted(slot: str, seconds: int) -> int:
    """How many there are in this slot, with this one."""
    cache.add(slot, 0, timeout=seconds)
    try:
        return int(cache.incr(slot))
    except ValueError:  # its time ran out between the two lines
        cache.set(slot, 1, timeout=seconds)
        return 1


def _give_back(slot: str) -> None:
    with suppress(ValueError):  # its time has run out meanwhile
        cache.decr(slot)


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


class SharedFileCache(FileBasedCache):
    """Django's cache in files, with `add` and `incr` that lose no count between processes.

    It holds `MOST_ENTRIES` and a few more. Beyond, those go that end soonest: to have one limit
    forgotten, as many others must be made after it, each by a source of its own.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        params.setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", MOST_ENTRIES)
        super().__init__(location, params)
        self._folder = Path(location)
        self._writes = 0

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with self._locked():
            return super().add(key, value, timeout, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Its time goes on as it was. Raises ValueError where there is none."""
        with self._locked():
            value = self.get(key, version=version)
            if value is None:
                raise ValueError(f"There is no {key!r}.")
            path = Path(self._key_to_file(key, version))  # type: ignore[attr-defined]
            left = _ends(path) - time.time()
            self.set(key, value + delta, timeout=left, version=version)
            return int(value + delta)

    def _write_content(self, file: Any, timeout: float | None, value: Any) -> None:
        """The file's time is its end, so that culling needs to open none."""
        super()._write_content(file, timeout, value)  # type: ignore[misc]
        if ends := self.get_backend_timeout(timeout):  # every count has one
            file.flush()
            os.utime(file.fileno(), (ends, ends))

    def _cull(self) -> None:
        """Called before each write; looks at the folder now and then."""
        self._writes += 1
        if self._writes % CULL_EVERY:
            return
        entries = self._folder.glob(f"*{self.cache_suffix}")
        files = sorted((_ends(path), path) for path in entries)
        now, over = time.time(), len(files) - self._max_entries
        for number, (ends, path) in enumerate(files):
            if ends < now or number < over:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Path(self._folder, "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _ends(path: Path) -> float:
    """When that entry ends; one that is gone has ended."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _now() -> float:
    return wiring.now().timestamp()
