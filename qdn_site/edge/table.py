"""The event table: what the function must do, a JSON file for each case, named for it.

`{"event": …, "expected": …}`: the event as CloudFront gives it to a function, and one of
- `{"uri": …}`: the request goes on, with this uri and otherwise as it was;
- `{"status": …, "location": …}`: the viewer is sent there;
- `{"status": 404}`: the viewer is told that there is no such job.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qdn_site.edge.cloudfront import CloudFrontRefused, EdgeFunction, FunctionVersion

FUNCTION = Path(__file__).with_name("rewrite.js")
EVENTS = Path(__file__).with_name("events")
NO_SUCH_JOB = "Job not found, or this tracking link is no longer valid."
MOST_UTILIZATION = 50  # per cent of what a function may use; AWS stops one at 100
TRIES = 3  # what a busy machine measures once says little


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    event: dict[str, Any]
    expected: Mapping[str, Any]

    def wrong(self, output: Mapping[str, Any]) -> str:
        """The differences of `{"request": …}` or `{"response": …}`; "" where all is as expected."""
        if "uri" in self.expected:
            wanted = _parts(self.event["request"] | {"uri": self.expected["uri"]})
            passed = _parts(output.get("request") or {})
            return "" if passed == wanted else f"{_json(output)} instead of {_json(wanted)}"
        return "; ".join(_differences(self.expected, output.get("response")))


def cases() -> tuple[Case, ...]:
    files = sorted(EVENTS.glob("*.json"))
    return tuple(Case(file.stem, **json.loads(file.read_bytes())) for file in files)


def prove(function: EdgeFunction, version: FunctionVersion) -> Iterator[str]:
    """Every case through TestFunction; a line of progress a second. Raises CloudFrontRefused."""
    table, most, shown_at = cases(), 0, time.monotonic()
    for done, case in enumerate(table, 1):
        for _ in range(TRIES):
            run = function.test(case.event, version)
            if run.utilization <= MOST_UTILIZATION:
                break
        wrong = run.error or case.wrong(run.output)
        if run.utilization > MOST_UTILIZATION:
            wrong = (
                f"takes {run.utilization} % of the time that a function may take; more than"
                f" {MOST_UTILIZATION} is refused."
            )
        if wrong:
            raise CloudFrontRefused(f"{function}, event {case.name}: {wrong}")
        most = max(most, run.utilization)
        if time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            yield f"{function}: {done} of {len(table)} events so far"
    yield (
        f"{function}: all {len(table)} events as expected,"
        f" at most {most} % of the time that it may take"
    )


def _parts(request: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFront leaves out what is empty, or names it, as it likes."""
    return {name: value for name, value in request.items() if value not in ({}, "", None)}


def _differences(expected: Mapping[str, Any], response: Any) -> Iterator[str]:
    if not isinstance(response, dict):
        yield f"the request goes on instead of {expected['status']}"
        return
    headers = {name: value["value"] for name, value in response.get("headers", {}).items()}
    if response.get("statusCode") != expected["status"]:
        yield f"status {response.get('statusCode')} instead of {expected['status']}"
    if headers.get("location") != expected.get("location"):
        yield f"location {headers.get('location')} instead of {expected.get('location')}"
    if headers.get("cache-control") != "no-store":
        yield "the answer may be kept: no Cache-Control: no-store"
    if expected["status"] == 404 and NO_SUCH_JOB not in _json(response.get("body")):
        yield "the 404 does not say that there is no such job"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
