"""Containers-to-be: gunicorns that follow buckets, and one door in front of production's."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.serving import ROOT

HANGS = 600  # seconds: a guard against a test that never ends, and no promise


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=HANGS) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def health(url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get(f"{url}/healthz")[1])
    return found


def shows(url: str, surface: str = "book") -> str:
    return str(health(url)["releases"][surface])


def until(true: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < HANGS, "it never was"
        time.sleep(0.05)  # who is asked without end gets nowhere


@contextmanager
def one_door(urls: Sequence[str]) -> Iterator[str]:
    """A load balancer: connections go to the sites in turn."""
    backends = cycle([(part.hostname, part.port) for part in map(urlsplit, urls)])
    with socket.create_server(("127.0.0.1", 0), backlog=256) as door:
        threading.Thread(target=_let_in, args=(door, backends), daemon=True).start()
        yield "http://{}:{}".format(*door.getsockname())
        door.shutdown(socket.SHUT_RDWR)


def _let_in(door: socket.socket, backends: Iterator[Any]) -> None:
    while True:
        try:
            visitor, _ = door.accept()
        except OSError:
            return
        site = socket.create_connection(next(backends))
        for source, sink in ((visitor, site), (site, visitor)):
            threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()


KILLED_AT = """
import os, signal, sys
import django
from django.core.management import execute_from_command_line
django.setup()
from qdn_site.management.commands import _release_command
carry_out = _release_command.carry_out
def killed(*arguments):
    for progress in carry_out(*arguments):
        yield progress
        if sys.argv[1] in progress:
            os.kill(os.getpid(), signal.SIGKILL)
_release_command.carry_out = killed
execute_from_command_line(["manage.py", *sys.argv[2:]])
"""


def killed_at(line: str, environment: dict[str, str], *command: str) -> None:
    """`manage.py` with this command, until a line with these words; then SIGKILL."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT, line, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
