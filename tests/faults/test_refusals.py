"""Answers that come from around Django's views: from gunicorn or from middleware."""

import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.faults.visitor import Visitor, booking
from tests.serving import serving

pytestmark = pytest.mark.long
REFUSED = {
    b"GET / HTTP/7.1\r\n\r\n": 400,
    b"G\x01T / HTTP/1.1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nA b: c\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nCookie: " + b"x" * 9_000 + b"\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\nTransfer-Encoding: rot13\r\n\r\n": 501,
    b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\n\r\n": 414,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("site")) as base:
        yield base


def said(base: str, request: bytes) -> bytes:
    at = (urlsplit(base).hostname, urlsplit(base).port)
    with socket.create_connection(at, timeout=60) as client:
        client.sendall(request)
        answer = b""
        while more := client.recv(65536):
            answer += more
    return answer


@pytest.mark.parametrize("request_line", REFUSED)
def test_a_request_that_nobody_can_read_is_refused_by_gunicorn(
    request_line: bytes, base: str
) -> None:
    assert said(base, request_line).startswith(b"HTTP/1.1 %d " % REFUSED[request_line])


def test_what_a_peer_says_that_only_a_proxy_may_is_not_believed(base: str) -> None:
    forwarded = b"X-Forwarded-Proto: https\r\nSCRIPT_NAME: /evil\r\n"
    answer = said(
        base, b"GET /book/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n" % forwarded
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'href="http://127.0.0.1/book/"' in answer
    assert b"/evil" not in answer


def test_static_files_are_for_these_pages_alone(base: str) -> None:
    visitor = Visitor(base)
    found = re.search(r'rel="stylesheet" href="([^"]+)"', visitor.get("/book/").text)
    assert found
    answer = visitor.get(found[1])
    assert answer.status == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_form_in_chunks_is_411_and_not_taken_for_an_empty_one(base: str) -> None:
    form = booking(Visitor(base), "Mark")
    connection = HTTPConnection(urlsplit(base).netloc, timeout=60)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/book/", iter([str(form).encode()]), kind, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 411
    assert b"Content-Length" in answer.read()
    connection.close()
