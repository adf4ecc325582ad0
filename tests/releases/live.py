"""Containers-to-be: gunicorns that follow buckets, and one door in front of production's."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.serving import ROOT

WITHIN = 10.0  # seconds from the pointer to the page: the contract


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def health(url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get(f"{url}/healthz")[1])
    return found


def shows(url: str, surface: str = "book") -> str:
    return str(health(url)["releases"][surface])


def until(true: Callable[[], bool], within: float = WITHIN) -> float:
    """Seconds until it is true; fails where it never is."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < within, "it never was"
        time.sleep(0.05)
    return time.monotonic() - start


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


KILLED_AFTER = """
import os, signal, sys
from collections.abc import Iterator
import django
from django.core.management import execute_from_command_line
django.setup()
from qdn_site.releases import edge, receipts, steps
WHERE = {
    "prove": (steps, "prove"),
    "copy": (steps, "copy"),
    "function": (steps, "publish_function"),
    "pointer": (steps, "write_pointer"),
    "check": (steps, "arrived"),
    "invalidate": (edge, "invalidate"),
    "receipt": (receipts, "keep"),
}
def end():
    os.kill(os.getpid(), signal.SIGKILL)
def to_the_last(lines):
    yield from lines
    end()
def ended(call):
    def ending(*args, **named):
        result = call(*args, **named)
        return to_the_last(result) if isinstance(result, Iterator) else end()
    return ending
module, name = WHERE[sys.argv[1]]
setattr(module, name, ended(getattr(module, name)))
execute_from_command_line(["manage.py", *sys.argv[2:]])
"""


def killed_after(step: str, environment: dict[str, str], *command: str) -> None:
    """`manage.py` with this command, until all of this step is done; then SIGKILL."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER, step, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def follower_of(log: Path) -> int:
    """The process id of the follower beside the gunicorn that writes this log."""
    listening = next(line for line in log.read_text().splitlines() if "Listening at" in line)
    master = int(listening.rpartition("(")[2].partition(")")[0])
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if int(stat[1]) == master and b"follow" in command:
            return int(process.name)
    raise AssertionError(f"gunicorn {master} has no follower")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
