"""S3 and DynamoDB in a process of their own, as far away as they are, counting what they are asked.

`python -m bench.storage SECONDS` says its address, and from then on each call that came.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.far import far_away
from tests.moto_server import Application, server, serving, warm


class Call(NamedTuple):
    at: float  # by the monotonic clock, which all processes share
    method: str
    path: str


class FarAway:
    """What `app` answers takes so many seconds more; every call is printed."""

    def __init__(self, app: Application, seconds: float) -> None:
        self.app, self.seconds = app, seconds

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        call = Call(time.monotonic(), environ["REQUEST_METHOD"], environ["PATH_INFO"])
        os.write(1, "{} {} {}\n".format(*call).encode())  # at once: threads do this side by side
        with far_away(self.seconds):
            return self.app(environ, start_response)


@dataclass
class Storage:
    url: str
    log: Path

    def calls(self, since: float = 0, until: float = float("inf")) -> list[Call]:
        """Such as came in this time."""
        lines = [line.split(" ", 2) for line in self.log.read_text().splitlines()[1:]]
        calls = (Call(float(at), method, path) for at, method, path in lines)
        return [call for call in calls if since <= call.at < until]


@contextmanager
def running(folder: Path, seconds: float) -> Iterator[Storage]:
    log = folder / "storage.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.storage", str(seconds)], stdout=output
        )
    try:
        while not (said := log.read_text()).endswith("\n"):
            assert process.poll() is None, "whoever plays S3 has ended"
            time.sleep(0.05)
        yield Storage(said.splitlines()[0], log)
    finally:
        process.terminate()
        process.wait()


def main(seconds: float) -> None:
    running_server = server()
    with serving(running_server) as url:
        warm(url)
        # The inner application is replaced once it is warm, and before anybody knows the address.
        running_server.app = FarAway(running_server.app, seconds)
        print(url, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main(float(sys.argv[1]))
