"""Functions with a DEVELOPMENT and a LIVE side, each with its own code and ETag."""

import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.cloudfront.refusal import Refusal, now
from tests.cloudfront.runtime import Run, Runtime

MOST_CODE = 10 * 1024


@dataclass(frozen=True)
class Version:
    code: bytes
    etag: str
    config: dict[str, str]
    modified: str


class Functions:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._turn, self._numbers = runtime, threading.Lock(), count(1)
        self._versions: dict[tuple[str, str], Version] = {}  # by name and stage
        self._etags: defaultdict[str, set[str]] = defaultdict(set)  # every one it ever had

    def create(self, name: str, config: dict[str, str], code: bytes) -> Version:
        with self._turn:
            if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
                raise Refusal("InvalidArgument", "The function name is not valid.")
            if (name, "DEVELOPMENT") in self._versions:
                raise Refusal("FunctionAlreadyExists", "A function with that name exists.")
            return self._put(name, "DEVELOPMENT", config, code)

    def update(self, name: str, if_match: str, config: dict[str, str], code: bytes) -> Version:
        with self._turn:
            self._matched(name, if_match)
            return self._put(name, "DEVELOPMENT", config, code)

    def publish(self, name: str, if_match: str) -> Version:
        with self._turn:
            version = self._matched(name, if_match)
            return self._put(name, "LIVE", version.config, version.code)

    def get(self, name: str, stage: str) -> Version:
        if (name, stage) not in self._versions:
            raise Refusal("NoSuchFunctionExists", "The specified function does not exist.")
        return self._versions[name, stage]

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
        live = self._versions.get((name, "LIVE"))
        return self._runtime.run(live.code, event, raw_query) if live else None

    def _matched(self, name: str, if_match: str) -> Version:
        current = self.get(name, "DEVELOPMENT")
        if if_match not in self._etags[name]:
            raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid.")
        if if_match != current.etag:
            raise Refusal("PreconditionFailed", "The precondition evaluated to false.")
        return current

    def _put(self, name: str, stage: str, config: dict[str, str], code: bytes) -> Version:
        if config.get("Runtime") not in ("cloudfront-js-1.0", "cloudfront-js-2.0"):
            raise Refusal("InvalidArgument", "The runtime is not valid.")
        if len(code) > MOST_CODE:
            raise Refusal("FunctionSizeLimitExceeded", "The function is larger than 10 KB.")
        if not code:
            raise Refusal("InvalidArgument", "The function code is empty.")
        version = Version(code, f"ETVS{next(self._numbers):010}", config, now())
        self._versions[name, stage] = version
        self._etags[name].add(version.etag)
        return version
