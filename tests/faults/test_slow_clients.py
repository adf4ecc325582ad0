"""Dawdlers are hung up on, and meanwhile the others are served."""

import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from qdn_site.worker import SLOWEST
from tests.serving import serving

pytestmark = pytest.mark.long
HEAD = b"POST /book/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_dawdlers_are_hung_up_on_and_others_served_meanwhile(tmp_path: Path) -> None:
    with serving(tmp_path, QDN_WORKERS="1") as base:
        at = (urlsplit(base).hostname, urlsplit(base).port)
        slow = [socket.create_connection(at, timeout=SLOWEST + 15) for _ in range(8)]
        for number, each in enumerate(slow):
            body = b"Content-Length: 1000\r\n\r\ncustomer" if number % 2 else b""
            each.sendall(HEAD + body)
        with urlopen(base + "/book/", timeout=5) as answer:
            assert answer.status == 200
        answers = [each.recv(100) for each in slow]
        assert all(not answer or b" 400 " in answer for answer in answers), answers
        with urlopen(base + "/healthz", timeout=5) as answer:
            assert answer.status == 200
        for each in slow:
            each.close()
