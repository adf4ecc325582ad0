"""What is answered around Django's views says as much as every other answer."""

import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.faults.visitor import Visitor, booking
from tests.serving import serving

pytestmark = pytest.mark.long
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload"}
REFUSED = {
    b"GET / HTTP/7.1\r\n\r\n": 400,
    b"G\x01T / HTTP/1.1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nA b: c\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nCookie: " + b"x" * 9_000 + b"\r\n\r\n": 431,
    b"GET / HTTP/1.1\r\nCookie: " + b"x" * 40_000: 431,
    b"GET / HTTP/1.1\r\nTransfer-Encoding: rot13\r\n\r\n": 400,
    b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\n\r\n": 414,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("site")) as base:
        yield base


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("production")
    with serving(folder, QDN_STAGE="production", DJANGO_ALLOWED_HOSTS="127.0.0.1") as base:
        yield base


def headers_of(answer: bytes) -> dict[str, str]:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:])


def said(base: str, request: bytes) -> bytes:
    at = (urlsplit(base).hostname, urlsplit(base).port)
    with socket.create_connection(at, timeout=5) as client:
        client.sendall(request)
        answer = b""
        while more := client.recv(65536):
            answer += more
    return answer


@pytest.mark.parametrize("request_line", REFUSED)
def test_a_request_that_nobody_can_read_is_refused_with_our_headers(
    request_line: bytes, production: str
) -> None:
    answer = said(production, request_line)
    assert answer.startswith(b"HTTP/1.1 %d " % REFUSED[request_line])
    headers = headers_of(answer)
    assert headers.items() >= (settings.ANSWER_HEADERS["/"] | HSTS).items()
    assert headers["Content-Type"].startswith("text/plain")
    assert len(answer.partition(b"\r\n\r\n")[2]) == int(headers["Content-Length"])


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
    connection = HTTPConnection(urlsplit(base).netloc, timeout=5)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/book/", iter([str(form).encode()]), kind, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 411
    assert b"Content-Length" in answer.read()
    connection.close()
