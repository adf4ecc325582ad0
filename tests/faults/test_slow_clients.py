"""Slow clients keep nobody else waiting, and are hung up on."""

import os
import resource
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from qdn_site.gunicorn import worker_connections
from tests.serving import serving

pytestmark = pytest.mark.long
HEAD = b"POST /book/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
ASK = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n"
SLOW = {
    "nothing": b"",
    "half a head": HEAD,
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\ncustomer",
}
ANSWERED = {
    "an idle connection": ASK % (b"healthz", b""),
    "waiting to be asked for the body": HEAD
    + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\ncustomer\r\n",
    "a body too large to wait for": HEAD + b"Content-Length: 100000\r\n\r\ncustomer",
}
REFUSED = {"staying after a bad request": b"POST /book/ HTTP/7\r\n\r\n"}
MANY = 3_000  # at once, from one address
FEW = 200  # of the kinds that take time to answer
LONG = 60  # seconds after which a test gives up


def timeouts(seconds: int) -> dict[str, str]:
    """The server's for a head, a body, an answer and an idle connection."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.faults.short_timeouts",
        "CLIENT_TIMEOUT": str(seconds),
        "GUNICORN_CMD_ARGS": f"--keep-alive {seconds}",
    }


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that hangs up on nobody while a test runs, however slow the machine is."""
    with serving(tmp_path_factory.mktemp("patient"), **timeouts(10 * LONG)) as base:
        yield base


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that hangs up after a second."""
    with serving(tmp_path_factory.mktemp("strict"), **timeouts(1)) as base:
        yield base


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * MANY)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(base: str) -> socket.socket:
    at = urlsplit(base)
    return socket.create_connection((at.hostname, at.port), timeout=LONG)


@contextmanager
def clients(base: str, sends: bytes, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(base)) for _ in range(count)]
        for client in slow:
            client.sendall(sends)
        yield slow


def closed(client: socket.socket) -> bool:
    """After whatever else has come, the end; raises TimeoutError where none comes."""
    with suppress(ConnectionResetError):
        while client.recv(65536):
            pass
    return True


@pytest.mark.parametrize("kind", [*SLOW, *ANSWERED])
def test_others_are_answered_while_many_are_slow(kind: str, patient: str, many_files: None) -> None:
    count = MANY if kind in (*SLOW, "an idle connection") else FEW
    assert worker_connections > MANY
    with clients(patient, (SLOW | ANSWERED)[kind], count) as slow:
        if kind in ANSWERED:
            assert all(client.recv(65536).startswith(b"HTTP/1.1 ") for client in slow)
        for address in ("/healthz", "/book/", "/healthz"):
            with urlopen(patient + address, timeout=LONG) as answer:
                assert answer.status == 200
        if kind in SLOW:  # the server still waits for every one of them
            still = select.poll()
            for client in slow:
                still.register(client)
            assert [event for _, event in still.poll(0)] == [select.POLLOUT] * count


@pytest.mark.parametrize("kind", [*SLOW, *ANSWERED, *REFUSED])
def test_a_slow_client_is_hung_up_on(kind: str, strict: str) -> None:
    with clients(strict, (SLOW | ANSWERED | REFUSED)[kind], 20) as slow:
        assert all(map(closed, slow))


def test_half_a_body_books_nothing_and_is_told_so(strict: str) -> None:
    with clients(strict, SLOW["half a body"], 1) as [slow]:
        assert slow.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_does_not_read_its_answers_is_hung_up_on(strict: str) -> None:
    """It asks for more than fits between the two of them: for what is long and soon made."""
    asked, at = 1_000, urlsplit(strict)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((at.hostname, at.port))
        deaf.sendall((ASK % (b"api/openapi.json", b"")) * asked)
        gone = select.poll()
        gone.register(deaf, select.POLLRDHUP)
        assert gone.poll(LONG * 1000)
        said = b""
        with suppress(ConnectionResetError):
            while more := deaf.recv(65536):
                said += more
    assert said.count(b"HTTP/1.1 200 ") < asked


def test_a_request_in_many_small_pieces_is_a_request(patient: str) -> None:
    request = HEAD + b"Connection: close\r\nContent-Length: 18\r\n\r\ncustomer_name=Mark"
    with connect(patient) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(request)):
            slow.sendall(request[place : place + 1])
        assert slow.recv(100).startswith(b"HTTP/1.1 422 ")


def test_requests_one_behind_the_other_are_answered_one_after_the_other(patient: str) -> None:
    with connect(patient) as eager:
        eager.sendall(ASK % (b"healthz", b"") + ASK % (b"nowhere", b"Connection: close\r\n"))
        said = b""
        while more := eager.recv(65536):
            said += more
    assert [said.count(b"HTTP/1.1 %d " % status) for status in (200, 404)] == [1, 1]


def test_a_server_that_is_told_to_end_finishes_its_requests(tmp_path: Path) -> None:
    """A body is still on its way when the SIGTERM comes."""
    pid = tmp_path / "pid"
    with serving(tmp_path, GUNICORN_CMD_ARGS=f"--pid {pid}") as base, connect(base) as slow:
        slow.sendall(HEAD + b"Content-Length: 18\r\n\r\ncustomer")
        with urlopen(f"{base}/healthz", timeout=LONG):  # it came after, so the other has begun
            os.kill(int(pid.read_text()), signal.SIGTERM)
        with suppress(ConnectionRefusedError):
            while True:
                connect(base).close()
                time.sleep(0.05)  # it is busy enough
        slow.sendall(b"_name=Mark")
        assert slow.recv(65536).startswith(b"HTTP/1.1 422 ")
