"""Functions with a DEVELOPMENT and a LIVE side, each with its own code and ETag."""

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.cloudfront.refusal import Refusal
from tests.cloudfront.runtime import Run, Runtime

MOST_CODE = 10 * 1024
STAGES = ("DEVELOPMENT", "LIVE")


@dataclass(frozen=True)
class Version:
    code: bytes
    etag: str
    config: dict[str, str]
    modified: str


@dataclass
class Function:
    name: str
    created: str
    stages: dict[str, Version] = field(default_factory=dict)
    etags: set[str] = field(default_factory=set)  # every one it ever had


class Functions:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._all: dict[str, Function] = {}
        self._turn, self._numbers = threading.RLock(), count(1)

    def create(self, name: str, config: dict[str, str], code: bytes) -> Version:
        with self._turn:
            if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
                raise Refusal("InvalidArgument", "The function name is not valid.")
            if name in self._all:
                raise Refusal("FunctionAlreadyExists", "A function with that name exists.")
            _check(config, code)
            self._all[name] = Function(name, _now())
            return self._put(self._all[name], "DEVELOPMENT", config, code)

    def update(self, name: str, if_match: str, config: dict[str, str], code: bytes) -> Version:
        with self._turn:
            function = self._matched(name, if_match)
            _check(config, code)
            return self._put(function, "DEVELOPMENT", config, code)

    def publish(self, name: str, if_match: str) -> Version:
        with self._turn:
            version = self._matched(name, if_match).stages["DEVELOPMENT"]
            return self._put(self._all[name], "LIVE", version.config, version.code)

    def get(self, name: str, stage: str) -> Version:
        if stage not in STAGES:
            raise Refusal("InvalidArgument", "The stage is not valid.")
        function = self._all.get(name)
        if function is None or stage not in function.stages:
            raise Refusal("NoSuchFunctionExists", "The specified function does not exist.")
        return function.stages[stage]

    def test(self, name: str, if_match: str, stage: str, event: bytes) -> Run:
        version = self.get(name, stage)
        if if_match != version.etag:
            raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid.")
        try:
            given: dict[str, Any] = json.loads(event)
            assert given["version"] == "1.0"
            assert given["request"]["uri"].startswith("/")
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise Refusal("InvalidArgument", "The event object is not valid.") from error
        return self._runtime.run(version.code, given, runs=21)

    def run_live(self, name: str, event: dict[str, Any], raw_query: str) -> Run | None:
        """None where nothing is published under that name."""
        function = self._all.get(name)
        live = function.stages.get("LIVE") if function else None
        return self._runtime.run(live.code, event, raw_query) if live else None

    def _matched(self, name: str, if_match: str) -> Function:
        current = self.get(name, "DEVELOPMENT")
        function = self._all[name]
        if if_match not in function.etags:
            raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid.")
        if if_match != current.etag:
            raise Refusal("PreconditionFailed", "The precondition evaluated to false.")
        return function

    def _put(self, function: Function, stage: str, config: dict[str, str], code: bytes) -> Version:
        version = Version(code, f"ETVS{next(self._numbers):010}", config, _now())
        function.stages[stage] = version
        function.etags.add(version.etag)
        return version


def _check(config: dict[str, str], code: bytes) -> None:
    if config.get("Runtime") not in ("cloudfront-js-1.0", "cloudfront-js-2.0"):
        raise Refusal("InvalidArgument", "The runtime is not valid.")
    if len(code) > MOST_CODE:
        raise Refusal("FunctionSizeLimitExceeded", "The function is larger than 10 KB.")
    if not code:
        raise Refusal("InvalidArgument", "The function code is empty.")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
