"""What gunicorn's worker here does other than gunicorn's own, connection by connection."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.workers import gthread

from qdn_site.worker import ImpatientWorker

WORKER = ImpatientWorker.__new__(ImpatientWorker)  # its processes and threads are not needed


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def keeps(ends: tuple[socket.socket, socket.socket], request: bytes) -> bool:
    """Whether the connection is used again after an answer that read nothing of this request."""
    client, server = ends
    client.sendall(request)
    parser = get_parser(Config(), server, ("127.0.0.1", 1))
    next(parser)
    return WORKER._keepalive_after(SimpleNamespace(parser=parser), True)


def test_a_connection_that_was_said_to_be_kept_is_kept_however_busy_the_machine(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gthread, "DEFAULT_WORKER_DATA_TIMEOUT", -1.0)  # the clock has gone on
    assert keeps(ends, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")


def test_a_body_that_does_not_come_is_not_waited_for(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gthread, "DEFAULT_WORKER_DATA_TIMEOUT", 0.01)
    assert not keeps(ends, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\nhalf")
