"""A store, a function at the edge, a distribution and a site, in this process."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Request, Response

from dispatch.domain.stored.document import DocumentStore, StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.edge.cloudfront import (
    CloudFrontRefused,
    FunctionVersion,
    Invalidation,
    Stage,
    TestRun,
)
from qdn_site.edge.table import NO_SUCH_JOB, cases
from qdn_site.releases import ReleaseError
from qdn_site.releases import pointer as pointers
from qdn_site.releases.store import ReleaseStore
from tests.memory import MemoryStore

CASES = cases()


class MemoryReleases:
    """A stage's store that can be damaged, and out of reach."""

    url = "memory:"

    def __init__(self, stage: str = "production") -> None:
        self.stage, self.blobs = stage, dict[str, bytes]()
        self.document = MemoryStore()
        self.asked: list[str] = []
        self.out_of_reach = False

    @property
    def pointer(self) -> DocumentStore:
        self._reach()
        return self.document

    def lose_pointer(self, body: bytes | None = None) -> None:
        self.document = MemoryStore(body)

    def get(self, name: str, most: int) -> bytes | None:
        self._reach()
        self.asked.append(name)
        body = self.blobs.get(name)
        if body is not None and len(body) > most:
            raise ReleaseError(f"{name} is larger than {most:,} bytes")
        return body

    def put(self, name: str, body: bytes) -> None:
        self._reach()
        self.blobs.setdefault(name, body)

    def newest(self, folder: str) -> str:
        self._reach()
        start = f"{folder}/"
        names = [name for name in self.blobs if name.startswith(start)]
        return max((name.removeprefix(start) for name in names), default="")

    def _reach(self) -> None:
        if self.out_of_reach:
            raise StoreUnavailable(f"{self.stage}: s3://secret/place: nobody answers")


def as_expected(event: dict[str, Any]) -> TestRun:
    """The outcome in the event table."""
    expected = next(case.expected for case in CASES if case.event == event)
    if "uri" in expected:
        return TestRun({"request": event["request"] | {"uri": expected["uri"]}}, 12, "")
    headers = {"cache-control": {"value": "no-store"}}
    if "location" in expected:
        headers["location"] = {"value": expected["location"]}
    answer = {"statusCode": expected["status"], "headers": headers, "body": NO_SUCH_JOB}
    return TestRun({"response": answer}, 12, "")


@dataclass
class FakeFunction:
    """An `EdgeFunction` that keeps its two stages here, and does what the table says."""

    name: str = "qdn-track-rewrite"
    stages: dict[str, bytes] = field(default_factory=dict)
    run: Any = as_expected
    refuses: bool = False  # to publish

    def __str__(self) -> str:
        return f"function {self.name}"

    def version(self, stage: Stage) -> FunctionVersion | None:
        code = self.stages.get(stage)
        return None if code is None else FunctionVersion(stage, code, "etag")

    def put_up(self, code: bytes) -> FunctionVersion:
        self.stages["DEVELOPMENT"] = code
        return FunctionVersion("DEVELOPMENT", code, sha256(code).hexdigest())

    def publish(self, version: FunctionVersion) -> None:
        if self.refuses or self.stages["DEVELOPMENT"] != version.code:
            raise CloudFrontRefused("somebody else changed the function meanwhile")
        self.stages["LIVE"] = version.code

    def test(self, event: dict[str, Any], version: FunctionVersion) -> TestRun:
        run: TestRun = self.run(event)
        return run


@dataclass
class FakeDistribution:
    """Remembers what it was to forget; the same reference is the same invalidation."""

    id: str = "E1"
    batches: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def recent(self) -> dict[str, str]:
        return {}

    def invalidate(self, paths: Any, reference: str) -> Invalidation:
        self.batches.setdefault(reference, tuple(paths))
        return Invalidation(f"I{len(self.batches)}", True, tuple(paths))


@dataclass
class FakeSite:
    """Shows what its store's pointer says, as containers do."""

    store: ReleaseStore
    pages_api: int = PAGES_API
    shows: bool = True  # else it goes on showing what it showed
    page_status: int | None = None
    _last: dict[str, str] = field(default_factory=dict)

    def health(self) -> dict[str, Any]:
        if self.shows or not self._last:
            self._last = pointers.decode(pointers.read(self.store)).pages
        return {"status": "ok", "pages_api": self.pages_api, "releases": self._last}

    @Request.application
    def __call__(self, request: Request) -> Response:
        if request.path == "/healthz":
            return Response(json.dumps(self.health()))
        if request.path.startswith("/static/"):
            return Response("body {}")
        status = 404 if request.path.startswith("/track/") else 200
        return Response('<link href="/static/site/style.css">', self.page_status or status)
