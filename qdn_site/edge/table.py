"""The event table: what the function must do, a JSON file for each case, named for it.

`{"event": …, "expected": …}`: the event as CloudFront gives it to a function, and one of
- `{"uri": …}`: the request goes on, with this uri and otherwise as it was;
- `{"status": …, "location": …}`: the viewer is sent there;
- `{"status": 404}`: the viewer is told that there is no such job.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FUNCTION = Path(__file__).with_name("rewrite.js")
EVENTS = Path(__file__).with_name("events")
NO_SUCH_JOB = "Job not found, or this tracking link is no longer valid."


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    event: dict[str, Any]
    expected: Mapping[str, Any]

    def wrong(self, output: Mapping[str, Any]) -> str:
        """What is not as expected in `{"request": …}` or `{"response": …}`; "" where all is."""
        if "uri" in self.expected:
            wanted = _parts(self.event["request"] | {"uri": self.expected["uri"]})
            passed = _parts(output.get("request") or {})
            return "" if passed == wanted else f"{_short(output)} instead of {_short(wanted)}"
        return "; ".join(_differences(self.expected, output.get("response")))


def cases() -> tuple[Case, ...]:
    files = sorted(EVENTS.glob("*.json"))
    return tuple(Case(file.stem, **json.loads(file.read_bytes())) for file in files)


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
    if expected["status"] == 404 and NO_SUCH_JOB not in _short(response.get("body")):
        yield "the 404 does not say that there is no such job"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
