"""A function at the edge and a site, in this process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdn_site import PAGES_API
from qdn_site.edge.cloudfront import FunctionVersion, StaleFunction, TestRun
from qdn_site.releases import pointer as pointers
from qdn_site.releases.function import digest
from qdn_site.releases.store import ReleaseStore


@dataclass
class FakeFunction:
    """An `EdgeFunction` that keeps its two stages here."""

    name: str = "qdn-track-rewrite"
    stages: dict[str, bytes] = field(default_factory=dict)
    runs: TestRun = field(default_factory=lambda: TestRun({}, 12, ""))

    def live(self) -> FunctionVersion | None:
        return self._version("LIVE")

    def development(self) -> FunctionVersion | None:
        return self._version("DEVELOPMENT")

    def update(self, code: bytes, if_match: str | None) -> FunctionVersion:
        there = self.development()
        if (there.etag if there else None) != if_match:
            raise StaleFunction("somebody else changed the function meanwhile")
        self.stages["DEVELOPMENT"] = code
        return FunctionVersion("DEVELOPMENT", code, digest(code))

    def publish(self, version: FunctionVersion) -> None:
        if self.development() != version:
            raise StaleFunction("somebody else changed the function meanwhile")
        self.stages["LIVE"] = version.code

    def test(self, event: dict[str, Any], version: FunctionVersion) -> TestRun:
        return self.runs

    def _version(self, stage: Any) -> FunctionVersion | None:
        code = self.stages.get(stage)
        return None if code is None else FunctionVersion(stage, code, digest(code))


@dataclass
class FakeSite:
    """Shows what its store's pointer says, as containers do, and counts how often it was asked."""

    store: ReleaseStore
    pages_api: int = PAGES_API
    shows: bool = True  # else it goes on showing what it showed
    page_status: int | None = None
    asked: int = 0
    _last: dict[str, str] = field(default_factory=dict)

    def health(self) -> dict[str, Any]:
        self.asked += 1
        if self.shows or not self._last:
            document = self.store.document(pointers.NAME).load()
            self._last = pointers.decode(document).current()
        return {"status": "ok", "pages_api": self.pages_api, "releases": self._last}

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/healthz":
            return 200, json.dumps(self.health()).encode()
        if path.startswith("/static/"):
            return 200, b"body {}"
        status = 404 if path.startswith("/track/") else 200
        return self.page_status or status, b'<link href="/static/site/style.css">'


@contextmanager
def running(site: FakeSite) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = site.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
