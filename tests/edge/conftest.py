"""CloudFront's stand-in, found as AWS would be: through the environment."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from qdn_site.edge.cloudfront import client
from qdn_site.edge.table import FUNCTION
from tests.cloudfront import Distribution, StandIn, running_cloudfront
from tests.making import FakeClock

NAME = "qdn-track-rewrite"


class Origin:
    """A site that answers with its own count, and remembers who asked what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status, self.headers = 200, {"Cache-Control": "public, max-age=60"}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Quietly."""

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                sent = {name.lower(): value for name, value in self.headers.items()}
                origin.asked.append((self.command, self.path, sent, body))
                told = f"answer {len(origin.asked)}".encode()
                self.send_response(origin.status)
                for name, value in (origin.headers | {"Content-Length": str(len(told))}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told)

            do_POST = do_HEAD = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    yield origin
    origin.server.shutdown()
    origin.server.server_close()


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    """EPROD with the secret; EDASH and ESTAGE with slow invalidations."""
    front = Distribution("EPROD", function=NAME, secret="sesame")
    slow, stuck = Distribution("EDASH", settle=2), Distribution("ESTAGE", settle=10**6)
    with running_cloudfront(front, slow, stuck) as standin:
        yield standin


@pytest.fixture
def cloudfront(
    monkeypatch: pytest.MonkeyPatch, standin: StandIn, origin: Origin, clock: FakeClock
) -> StandIn:
    """As new, with EPROD in front of `origin`."""
    front = standin.distributions["EPROD"]
    front.origin, front.clock = origin.url, clock
    standin.clear()
    for name, value in standin.environment.items():
        monkeypatch.setenv(name, value)
    return standin


@pytest.fixture
def other_client() -> Iterator[None]:
    """The next call is by other credentials, or goes elsewhere."""
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.fixture
def live(cloudfront: StandIn) -> StandIn:
    """With the shipped function published."""
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    version = cloudfront.functions.create(NAME, config, FUNCTION.read_bytes())
    cloudfront.functions.publish(NAME, version.etag)
    return cloudfront
