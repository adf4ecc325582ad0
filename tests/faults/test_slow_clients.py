"""Dawdlers are hung up on, and meanwhile the others are served."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from qdn_site.gunicorn import threads
from qdn_site.worker import SLOWEST
from tests.serving import serving

pytestmark = pytest.mark.long
HEAD = b"POST /book/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
DAWDLERS = {
    "saying nothing": b"",
    "half a head": HEAD,
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\ncustomer",
    "waiting to be asked for the body": HEAD
    + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\ncustomer\r\n",
    "a body too large to wait for": HEAD + b"Content-Length: 100000\r\n\r\ncustomer",
    "staying after a bad request": b"POST /book/ HTTP/7\r\n\r\n",
}
MANY = 100  # from one address, and more than there are threads
PATIENCE = 3  # seconds that the image's HEALTHCHECK waits


@contextmanager
def dawdling(base: str, says: bytes) -> Iterator[list[socket.socket]]:
    at = (urlsplit(base).hostname, urlsplit(base).port)
    with ExitStack() as open_ones:
        slow = [
            open_ones.enter_context(socket.create_connection(at, timeout=SLOWEST + 15))
            for _ in range(MANY)
        ]
        for each in slow:
            each.sendall(says)
        yield slow


@pytest.mark.parametrize("kind", DAWDLERS)
def test_however_many_dawdle_others_are_served_in_time(kind: str, tmp_path: Path) -> None:
    assert threads < MANY
    with serving(tmp_path, QDN_WORKERS="1") as base, dawdling(base, DAWDLERS[kind]):
        for address in ("/healthz", "/book/", "/healthz"):
            with urlopen(base + address, timeout=PATIENCE) as answer:
                assert answer.status == 200


def test_dawdlers_are_hung_up_on(tmp_path: Path) -> None:
    with serving(tmp_path, QDN_WORKERS="1") as base, ExitStack() as all_of_them:
        started = time.monotonic()
        slow = [all_of_them.enter_context(dawdling(base, says)) for says in DAWDLERS.values()]
        for each in (each for kind in slow for each in kind):
            while each.recv(1000):
                pass
        assert time.monotonic() - started < SLOWEST + 10


def test_a_request_in_many_small_pieces_is_a_request(tmp_path: Path) -> None:
    request = HEAD + b"Connection: close\r\nContent-Length: 18\r\n\r\ncustomer_name=Mark"
    with serving(tmp_path, QDN_WORKERS="1") as base:
        at = (urlsplit(base).hostname, urlsplit(base).port)
        with socket.create_connection(at, timeout=PATIENCE) as slow:
            slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for place in range(len(request)):
                slow.sendall(request[place : place + 1])
            assert slow.recv(100).startswith(b"HTTP/1.1 422 ")


def test_requests_one_behind_the_other_are_answered_one_after_the_other(tmp_path: Path) -> None:
    ask = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
    with serving(tmp_path, QDN_WORKERS="1") as base:
        at = (urlsplit(base).hostname, urlsplit(base).port)
        with socket.create_connection(at, timeout=PATIENCE) as eager:
            eager.sendall(ask % (b"healthz", b"") + ask % (b"nowhere", b"Connection: close\r\n"))
            said = b""
            while more := eager.recv(65536):
                said += more
    assert [said.count(b"HTTP/1.1 %d " % status) for status in (200, 404)] == [1, 1]
