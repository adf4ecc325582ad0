"""The stand-in's listeners: one for the control API, one for each distribution."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from tests.cloudfront.cache import Cache
from tests.cloudfront.control import Control
from tests.cloudfront.edge import Viewer, answer
from tests.cloudfront.functions import Functions
from tests.cloudfront.invalidations import Invalidations
from tests.cloudfront.runtime import Runtime
from tests.listening import listening


@dataclass
class Distribution:
    """`origin` may be named later; `port` 0 takes any."""

    id: str
    origin: str = ""
    function: str = ""
    secret: str = ""
    error_ttl: float = 10  # ErrorCachingMinTTL, seconds
    settle: int = 0  # GetInvalidation calls that find a batch in progress
    port: int = 0
    clock: Callable[[], float] = time.monotonic


class StandIn:
    """`endpoint` is for AWS_ENDPOINT_URL_CLOUDFRONT; `url(id)` is where viewers ask."""

    def __init__(self, *distributions: Distribution, port: int = 0) -> None:
        self.runtime, self._open = Runtime(), ExitStack()
        self.distributions = {each.id: each for each in distributions}
        self.clear()
        self.endpoint = self._open.enter_context(listening(Control(self), port))
        self._urls = {
            each.id: self._open.enter_context(listening(self._edge(each), each.port))
            for each in distributions
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
    def environment(self) -> dict[str, str]:
        """boto3 finds it by these, and nothing else."""
        return {
            "AWS_ENDPOINT_URL_CLOUDFRONT": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def url(self, id: str) -> str:
        return self._urls[id]

    def stop(self) -> None:
        self._open.close()
        self.runtime.stop()

    def _edge(self, of: Distribution) -> Callable[..., object]:
        @Request.application
        def ask(request: Request) -> Response:
            run = partial(self.functions.run_live, of.function)
            got = answer(Viewer(request), run, of.origin, of.secret, self.caches[of.id])
            return Response(got.body, got.status, got.headers)

        return ask


@contextmanager
def running_cloudfront(*distributions: Distribution) -> Iterator[StandIn]:
    standin = StandIn(*distributions)
    try:
        yield standin
    finally:
        standin.stop()
