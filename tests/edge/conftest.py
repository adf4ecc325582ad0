"""CloudFront's stand-in, found as AWS would be: through the environment."""

from collections.abc import Iterator

import pytest
from werkzeug.wrappers import Request, Response

from qdn_site.edge.cloudfront import client
from qdn_site.edge.table import FUNCTION
from tests.cloudfront import Distribution, StandIn, running_cloudfront
from tests.listening import listening
from tests.making import FakeClock

NAME = "qdn-track-rewrite"


class Origin:
    """A site that answers with its own count, and remembers who asked what."""

    url = ""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status, self.headers = 200, {"Cache-Control": "public, max-age=60"}

    @Request.application
    def __call__(self, request: Request) -> Response:
        sent = {name.lower(): value for name, value in request.headers.items()}
        uri = request.environ["RAW_URI"]
        self.asked.append((request.method, uri, sent, request.get_data()))
        return Response(f"answer {len(self.asked)}", self.status, self.headers)


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    with listening(origin) as origin.url:
        yield origin


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
