"""A limit holds however many try at once, from wherever, and whatever else is counted."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import RequestFactory
from fakeredis import TcpFakeServer

from dispatch import ratelimit
from dispatch.ratelimit import Limit, SharedFileCache, TooMany, source
from dispatch.redis_cache import SharedRedisCache
from tests.making import BUSINESS, FakeClock


class Wrong(Exception):
    pass


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address of a Redis on loopback."""
    server = TcpFakeServer(("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "redis://{}:{}/0".format(*server.server_address)
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["memory", "files", "redis"])
def cache(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[object]:
    kept: object = caches["default"]
    if request.param == "files":
        kept = SharedFileCache(str(tmp_path), {})
    if request.param == "redis":
        kept = SharedRedisCache(request.getfixturevalue("redis"), {})
        kept.clear()
    monkeypatch.setattr(ratelimit, "cache", kept)
    return kept


def tries(limit: Limit, count: int) -> list[bool]:
    """Which of so many tries passed."""

    def passes(_: int) -> bool:
        try:
            limit.spend("somebody")
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(passes, range(count)))


def fails(limit: Limit, failure: type[Exception] = Wrong) -> type[Exception] | None:
    """What somebody is told whose try fails so."""
    try:
        with limit.failures("somebody", Wrong):
            raise failure
    except Exception as error:
        return type(error)


def test_of_many_tries_at_once_no_more_pass_than_may(cache: object, clock: FakeClock) -> None:
    assert tries(Limit("tries", most=20, seconds=60), 60).count(True) == 20


def test_of_failures_at_once_no_more_are_under_way_than_may(
    cache: object, clock: FakeClock
) -> None:
    limit = Limit("failures", most=3, seconds=60)
    with ExitStack() as under_way:
        for _ in range(3):
            under_way.enter_context(limit.failures("somebody", Wrong))
        assert fails(limit) is TooMany
    assert fails(limit) is Wrong


def test_who_succeeds_or_is_not_answered_has_all_tries_left(
    cache: object, clock: FakeClock
) -> None:
    limit = Limit("failures", most=2, seconds=60)
    for _ in range(5):
        with limit.failures("somebody", Wrong):
            pass
        assert fails(limit, OSError) is OSError
    assert [fails(limit) for _ in range(4)] == [Wrong, Wrong, TooMany, TooMany]


def test_it_opens_again(cache: object, clock: FakeClock) -> None:
    limit = Limit("tries", most=1, seconds=60)
    assert tries(limit, 2).count(True) == 1
    clock.tick(60)
    assert tries(limit, 2).count(True) == 1


def asked_from(address: str) -> str:
    request = RequestFactory().get("/")
    request.business, request.client_ip = BUSINESS, address
    return source(request)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
        ("2001:db8::1", "2001:db8::81", True),
        ("2001:db8::1", "2001:0db8:0000:0000:ffff::1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("::ffff:198.51.100.1", "::ffff:198.51.100.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "unix:", False),
        ("no address", "no address", True),
    ],
)
def test_a_source_is_an_address_or_the_network_of_one_customer(
    one: str, other: str, same: bool
) -> None:
    assert (asked_from(one) == asked_from(other)) is same


# --- the files ------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SharedFileCache:
    monkeypatch.setattr(ratelimit, "CULL_EVERY", 1)
    return SharedFileCache(str(tmp_path / "small"), {"OPTIONS": {"MAX_ENTRIES": 50}})


def entries(cache: SharedFileCache) -> int:
    return len(cache._list_cache_files())


def ends(cache: SharedFileCache, key: str) -> float:
    return Path(cache._key_to_file(key)).stat().st_mtime


def test_a_full_cache_loses_what_has_ended_and_nothing_else(small: SharedFileCache) -> None:
    for number in range(45):
        small.set(f"ended{number}", 1, timeout=-1)
    small.set("used-up", 10, timeout=60)
    for number in range(45):
        small.set(f"new{number}", 1, timeout=60)
    assert small.get("used-up") == 10
    assert all(small.get(f"new{number}") == 1 for number in range(45))
    assert entries(small) <= 51


def test_beyond_its_bound_those_go_that_end_soonest(small: SharedFileCache) -> None:
    small.set("used-up", 10, timeout=600)
    for number in range(200):
        small.set(f"new{number}", 1, timeout=60)
    assert small.get("used-up") == 10
    assert entries(small) <= 51


def test_counting_on_makes_no_limit_last_longer(small: SharedFileCache) -> None:
    small.add("tries", 0, timeout=60)
    before = ends(small, "tries")
    assert [small.incr("tries"), small.incr("tries"), small.decr("tries")] == [1, 2, 1]
    assert ends(small, "tries") == pytest.approx(before, abs=0.1)


def test_a_redis_that_is_gone_turns_nobody_away(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = "redis://{}:{}/0".format(*door.getsockname())
    monkeypatch.setattr(ratelimit, "cache", SharedRedisCache(address, {}))
    assert tries(Limit("tries", most=1, seconds=60), 3) == [True] * 3
    assert fails(Limit("failures", most=1, seconds=60)) is Wrong
    assert "Rate limits are not counted: Redis is out of reach" in caplog.text
