"""A long-lived node process that runs functions, one at a time."""

import json
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import require


@dataclass(frozen=True)
class Run:
    output: str  # JSON: {"request": …} or {"response": …}; "" where it failed
    error: str
    utilization: int
    logs: list[str]


class Runtime:
    longest = 3000  # ms until a run is stopped, on a machine that is busy with other things

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._node: subprocess.Popen[str] | None = None

    def run(
        self, code: bytes, event: dict[str, Any], raw_query: str | None = None, runs: int = 1
    ) -> Run:
        """The fastest of several `runs` tells how long it takes, whatever else the machine does."""
        if raw_query is None and event["request"].get("querystring"):
            raw_query = _rebuilt(event["request"]["querystring"])
        asked = {"code": code.decode(), "event": json.dumps(event), "runs": runs}
        asked |= {"rawQuery": raw_query or "", "longest": self.longest}
        with self._turn:
            pipes = self._started()
            assert pipes.stdin
            assert pipes.stdout
            pipes.stdin.write(json.dumps(asked) + "\n")
            pipes.stdin.flush()
            return Run(**json.loads(pipes.stdout.readline()))

    def stop(self) -> None:
        if self._node:
            self._node.kill()
            self._node.communicate()

    def _started(self) -> subprocess.Popen[str]:
        if self._node is None:
            script = str(Path(__file__).with_name("runtime.js"))
            pipe = subprocess.PIPE
            self._node = subprocess.Popen(
                [require("node"), script], stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
            )
        return self._node


def _rebuilt(querystring: dict[str, Any]) -> str:
    values = [(n, v.get("multiValue", [v])) for n, v in querystring.items()]
    return "&".join(f"{name}={each['value']}" for name, many in values for each in many)
