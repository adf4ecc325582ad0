"""A limit holds however many try at once, from wherever, and whatever else is counted."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from fakeredis import TcpFakeServer

from dispatch import ratelimit
from dispatch.ratelimit import Limit, TooMany, source
from qdn_site.environment import Environment
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


def cache_at(url: str, **options: int) -> dict[str, Any]:
    """Django's setting for this QDN_CACHE_URL, but for the `options`."""
    known: dict[str, Any] = Environment({"QDN_CACHE_URL": url}).cache("QDN_CACHE_URL")
    return {"default": known | {"OPTIONS": known.get("OPTIONS", {}) | options}}


@pytest.fixture(params=["memory", "redis"])
def counted(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, and in Redis."""
    if request.param == "redis":
        monkeypatch.setattr(ratelimit, "_redis_rests_until", 0.0)
        # A busy machine is no outage.
        patience = {"socket_connect_timeout": 60, "socket_timeout": 60}
        settings.CACHES = cache_at(request.getfixturevalue("redis"), **patience)
        cache.clear()


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
    """The answer to a try that fails so."""
    try:
        with limit.failures("somebody", Wrong):
            raise failure
    except Exception as error:
        return type(error)


def test_of_many_tries_at_once_no_more_pass_than_may(counted: None, clock: FakeClock) -> None:
    assert tries(Limit("tries", most=20, seconds=60), 60).count(True) == 20


def test_no_more_failures_are_under_way_at_once_than_may(counted: None, clock: FakeClock) -> None:
    limit = Limit("failures", most=3, seconds=60)
    with ExitStack() as under_way:
        for _ in range(3):
            under_way.enter_context(limit.failures("somebody", Wrong))
        assert fails(limit) is TooMany
    assert fails(limit) is Wrong


def test_who_succeeds_or_gets_no_answer_keeps_all_tries(counted: None, clock: FakeClock) -> None:
    limit = Limit("failures", most=2, seconds=60)
    for _ in range(5):
        with limit.failures("somebody", Wrong):
            pass
        assert fails(limit, OSError) is OSError
    assert [fails(limit) for _ in range(4)] == [Wrong, Wrong, TooMany, TooMany]


def looks(limit: Limit, *, finds: bool) -> type[Exception] | None:
    """The answer to a look-up that finds something, or nothing."""
    try:
        with limit.misses("somebody", Wrong):
            if not finds:
                raise Wrong
    except Exception as error:
        return type(error)
    return None


def test_nothing_is_written_for_what_is_found(counted: None, clock: FakeClock) -> None:
    limit = Limit("misses", most=1, seconds=60)
    with patch.multiple(cache, add=None, incr=None, set=None):
        assert [looks(limit, finds=True) for _ in range(3)] == [None] * 3
    assert looks(limit, finds=False) is Wrong


def test_who_has_missed_too_often_does_not_look(counted: None, clock: FakeClock) -> None:
    limit = Limit("misses", most=2, seconds=60)
    answers = [looks(limit, finds=finds) for finds in (False, True, False, False, True)]
    assert answers == [Wrong, None, Wrong, TooMany, TooMany]
    with pytest.raises(TooMany) as refused, limit.misses("somebody", Wrong):
        pass
    clock.tick(refused.value.retry_after - 1)
    assert looks(limit, finds=True) is TooMany
    clock.tick(1)
    assert looks(limit, finds=True) is None


def test_of_many_misses_at_once_no_more_are_told_so_than_may(
    counted: None, clock: FakeClock
) -> None:
    limit, all_look = Limit("misses", most=3, seconds=60), threading.Barrier(8, timeout=60)

    def misses(_: int) -> type[Exception]:
        try:
            with limit.misses("somebody", Wrong):
                all_look.wait()
                raise Wrong
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(misses, range(8))) == {Wrong: 3, TooMany: 5}


def test_it_opens_again(counted: None, clock: FakeClock) -> None:
    limit = Limit("tries", most=1, seconds=60)
    assert tries(limit, 2).count(True) == 1
    clock.tick(65)  # a part of a tenth is forgotten as one
    assert tries(limit, 2).count(True) == 1


@pytest.mark.parametrize("seconds", [1, 7, 300])
@pytest.mark.parametrize("begins", [0, 0.03, 0.099])  # of that time: within a part, and at its ends
def test_in_no_span_of_its_time_do_more_pass_than_may(
    counted: None, clock: FakeClock, seconds: int, begins: float
) -> None:
    limit = Limit(f"tries in {seconds} s from {begins}", most=4, seconds=seconds)
    clock.tick(int(seconds * begins))
    assert tries(limit, 6).count(True) == 4
    clock.tick(seconds - 1)
    assert tries(limit, 6).count(True) == 0
    clock.tick(1 + seconds // 10)
    assert tries(limit, 6).count(True) == 4


def asked_from(address: str) -> str:
    request = RequestFactory().get("/")
    request.business, request.client_ip = BUSINESS, address
    return source(request)


@pytest.mark.parametrize("seconds", [1, 10, 60, 300, 3600])
def test_no_moment_doubles_it_and_who_waits_as_told_gets_in(
    counted: None, clock: FakeClock, seconds: int
) -> None:
    limit = Limit(f"tries in {seconds} s", most=4, seconds=seconds)
    clock.tick(seconds - 1)
    assert tries(limit, 3).count(True) == 3
    clock.tick(max(1, seconds // 3))
    passed = tries(limit, 20).count(True)
    assert passed == (4 if seconds == 1 else 1)
    with pytest.raises(TooMany) as refused:
        limit.spend("somebody")
    assert seconds / 2 < refused.value.retry_after <= seconds
    clock.tick(refused.value.retry_after - 1)
    assert tries(limit, 1) == [False]
    clock.tick(1)
    assert tries(limit, 20).count(True) == (4 if seconds == 1 else 3)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
        ("2001:db8::1", "2001:db8::81", True),
        ("2001:db8::1", "2001:0db8:0000:0000:ffff::1", True),
        ("2001:db8:0:1::1", "2001:db8:0:ffff::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("::ffff:198.51.100.1", "::ffff:198.51.100.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "unix:", False),
        ("no address", "no address", True),
    ],
)
def test_a_source_is_an_address_or_one_customers_network(one: str, other: str, same: bool) -> None:
    assert (asked_from(one) == asked_from(other)) is same


# --- in memory ------------------------------------------------------------------------------


def test_when_memory_is_full_those_go_that_nobody_tried_for_longest(
    clock: FakeClock, settings: Any
) -> None:
    """With room for a tenth of those that the site has room for."""
    most = cache_at("locmem:")["default"]["OPTIONS"]["MAX_ENTRIES"] // 10
    settings.CACHES = cache_at("locmem:", MAX_ENTRIES=most)
    cache.clear()
    limit, others = Limit("tries", most=1, seconds=600), Limit("others", most=1, seconds=1)
    for number in range(most + 100):
        others.spend(f"somebody else {number}")
        if number % (most // 2) == 0:
            assert tries(limit, 2) == [not number, False]
    assert tries(limit, 1) == [False]


# --- in Redis -------------------------------------------------------------------------------


def test_a_redis_that_is_gone_turns_nobody_away(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        settings.CACHES = cache_at("redis://{}:{}/0".format(*door.getsockname()))
    monkeypatch.setattr(ratelimit, "_redis_rests_until", 0.0)
    limit = Limit("tries", most=1, seconds=60)
    for _ in range(20):
        limit.spend("somebody")
    assert fails(Limit("failures", most=1, seconds=60)) is Wrong
    assert caplog.text.count("Rate limits are not counted: Redis is out of reach") == 1


def test_a_redis_that_is_back_counts_again(
    redis: str, settings: Any, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    settings.CACHES = cache_at(redis)
    limit = Limit("tries after an outage", most=1, seconds=60)
    monkeypatch.setattr(ratelimit, "_redis_rests_until", time.monotonic() + 600)
    assert tries(limit, 3) == [True] * 3
    monkeypatch.setattr(ratelimit, "_redis_rests_until", time.monotonic())
    assert sorted(tries(limit, 3)) == [False, False, True]
