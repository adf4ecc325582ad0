"""The stand-in's listeners: one for the control API, one for each distribution."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cloudfront.cache import Cache
from tests.cloudfront.control import Control
from tests.cloudfront.edge import Viewer, answer
from tests.cloudfront.functions import Functions
from tests.cloudfront.invalidations import Invalidations
from tests.cloudfront.runtime import Runtime


@dataclass
class Distribution:
    """What stands behind an id. `origin` may be told later; `port` 0 takes any."""

    id: str
    origin: str = ""
    function: str = ""
    secret: str = ""
    error_ttl: float = 10  # ErrorCachingMinTTL, seconds
    settle: int = 0  # GetInvalidation calls that find a batch in progress
    port: int = 0
    clock: Callable[[], float] = time.monotonic


class Listener(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def answered(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: addresses carry keys."""

    def handle_any(self) -> None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        body = self.rfile.read(int(headers.get("content-length", "0")))
        status, sent, content = self.answered(headers, body)
        self.send_response_only(status)
        for name, value in sent:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class StandIn:
    """`endpoint` is for AWS_ENDPOINT_URL_CLOUDFRONT; `url(id)` is where viewers ask."""

    def __init__(self, *distributions: Distribution, port: int = 0) -> None:
        self.runtime = Runtime()
        self.distributions = {each.id: each for each in distributions}
        self.clear()
        self._control = self._listen(self._control_listener(), port)
        self._edges = {
            each.id: self._listen(self._edge_listener(each), each.port) for each in distributions
        }

    def clear(self) -> None:
        """As if nobody had asked for anything yet."""
        every = self.distributions.values()
        self.functions = Functions(self.runtime)
        self.caches = {each.id: Cache(each.clock, each.error_ttl) for each in every}
        self.invalidations = {
            each.id: Invalidations(each.settle, self.caches[each.id].drop) for each in every
        }

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._control.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 needs to find it, and nothing else."""
        return {
            "AWS_ENDPOINT_URL_CLOUDFRONT": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def url(self, id: str) -> str:
        return f"http://127.0.0.1:{self._edges[id].server_port}"

    def stop(self) -> None:
        for server in (self._control, *self._edges.values()):
            server.shutdown()
            server.server_close()
        self.runtime.stop()

    def _listen(self, listener: type[Listener], port: int) -> Server:
        server = Server(("127.0.0.1", port), listener)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def _control_listener(self) -> type[Listener]:
        control = Control(self)

        class ControlListener(Listener):
            def answered(self, headers: dict[str, str], body: bytes):  # type: ignore[no-untyped-def]
                status, sent, content = control.answer(self.command, self.path, headers, body)
                return status, [("Content-Type", "text/xml"), *sent.items()], content

        return ControlListener

    def _edge_listener(self, of: Distribution) -> type[Listener]:
        standin = self

        class EdgeListener(Listener):
            def answered(self, headers: dict[str, str], body: bytes):  # type: ignore[no-untyped-def]
                uri, _, query = self.path.partition("?")
                address = "{}:{}".format(*self.client_address)
                viewer = Viewer(self.command, uri, query, headers, body, address)
                cache = standin.caches[of.id]
                got = answer(viewer, standin.functions, of.function, of.origin, of.secret, cache)
                return got.status, got.headers, got.body

        return EdgeListener


@contextmanager
def running_cloudfront(*distributions: Distribution) -> Iterator[StandIn]:
    standin = StandIn(*distributions)
    try:
        yield standin
    finally:
        standin.stop()
