"""The control API as boto3 speaks it: XML over HTTP, the calls that we make.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html
"""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from tests.cloudfront.functions import Functions, Version
from tests.cloudfront.invalidations import Batch, Invalidations
from tests.cloudfront.refusal import XMLNS, Refusal

BASE = "/2020-05-31"
N = f"{{{XMLNS}}}"


class State(Protocol):
    functions: Functions
    invalidations: dict[str, Invalidations]  # by distribution id


class Control:
    """A WSGI application. The access key `DENIED` may do nothing."""

    def __init__(self, state: State) -> None:
        self.state = state
        here, of = f"{BASE}/function", f"{BASE}/distribution/([^/]+)/invalidation"
        self.calls: list[tuple[str, str, Callable[..., Response]]] = [
            ("POST", here, self._create),
            ("GET", f"{here}/([^/]+)", self._get),
            ("PUT", f"{here}/([^/]+)", self._update),
            ("POST", f"{here}/([^/]+)/publish", self._publish),
            ("POST", f"{here}/([^/]+)/test", self._test),
            ("POST", of, self._invalidate),
            ("GET", of, self._list_invalidations),
            ("GET", f"{of}/([^/]+)", self._invalidation),
        ]

    @Request.application
    def __call__(self, request: Request) -> Response:
        signed = request.headers.get("Authorization", "")
        path = request.environ["RAW_URI"].partition("?")[0]
        try:
            if not signed.startswith("AWS4-HMAC-SHA256 "):
                raise Refusal("MissingAuthenticationToken", "Request is missing a signature.")
            if "Credential=DENIED/" in signed:
                raise Refusal("AccessDenied", "You are not authorized to perform this.")
            for method, pattern, call in self.calls:
                if method == request.method and (found := re.fullmatch(pattern, path)):
                    return call(request, *map(unquote, found.groups()))
            raise Refusal("UnsupportedOperation", f"The stand-in has no {request.method} {path}.")
        except Refusal as refusal:
            return _xml(refusal.xml(), refusal.status)

    def _create(self, request: Request) -> Response:
        xml = _Body(request)
        made = self.state.functions.create(xml.text("Name"), xml.config, xml.blob("FunctionCode"))
        return _xml(_summary(xml.text("Name"), "DEVELOPMENT", made), 201, ETag=made.etag)

    def _get(self, request: Request, name: str) -> Response:
        version = self.state.functions.get(name, request.args["Stage"])
        return Response(version.code, headers={"ETag": version.etag})

    def _update(self, request: Request, name: str) -> Response:
        xml, if_match = _Body(request), request.headers.get("If-Match", "")
        made = self.state.functions.update(name, if_match, xml.config, xml.blob("FunctionCode"))
        # Spelled so by AWS, and by botocore's model of it.
        return _xml(_summary(name, "DEVELOPMENT", made), ETtag=made.etag)

    def _publish(self, request: Request, name: str) -> Response:
        made = self.state.functions.publish(name, request.headers.get("If-Match", ""))
        return _xml(_summary(name, "LIVE", made))

    def _test(self, request: Request, name: str) -> Response:
        xml, if_match = _Body(request), request.headers.get("If-Match", "")
        stage = xml.text("Stage") or "DEVELOPMENT"
        run = self.state.functions.test(name, if_match, stage, xml.blob("EventObject"))
        logs = "".join(f"<member>{escape(line)}</member>" for line in run.logs)
        return _xml(
            f"<TestResult>{_summary(name, stage, self.state.functions.get(name, stage))}"
            f"<ComputeUtilization>{run.utilization}</ComputeUtilization>"
            f"<FunctionExecutionLogs>{logs}</FunctionExecutionLogs>"
            f"<FunctionErrorMessage>{escape(run.error)}</FunctionErrorMessage>"
            f"<FunctionOutput>{escape(run.output)}</FunctionOutput></TestResult>"
        )

    def _invalidate(self, request: Request, id: str) -> Response:
        kept, xml = self._of(id), _Body(request)
        paths = [each.text or "" for each in xml.root.findall(f"{N}Paths/{N}Items/{N}Path")]
        if xml.text(f"Paths/{N}Quantity") != str(len(paths)):
            raise Refusal("InconsistentQuantities", "Quantity and the size of Items differ.")
        return _xml(_batch(kept.create(xml.text("CallerReference"), paths), "InProgress"), 201)

    def _invalidation(self, request: Request, id: str, batch_id: str) -> Response:
        batch = self._of(id).get(batch_id)
        return _xml(_batch(batch, self._of(id).status(batch)))

    def _list_invalidations(self, request: Request, id: str) -> Response:
        kept = self._of(id)
        items = "".join(
            f"<InvalidationSummary><Id>{batch.id}</Id><CreateTime>{batch.created}</CreateTime>"
            f"<Status>{kept.status(batch)}</Status></InvalidationSummary>"
            for batch in kept.all()[:100]
        )
        return _xml(
            "<InvalidationList><Marker/><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>"
            f"<Quantity>{len(kept.all()[:100])}</Quantity><Items>{items}</Items></InvalidationList>"
        )

    def _of(self, id: str) -> Invalidations:
        if id not in self.state.invalidations:
            raise Refusal("NoSuchDistribution", "The specified distribution does not exist.")
        return self.state.invalidations[id]


class _Body:
    def __init__(self, request: Request) -> None:
        self.root = ElementTree.fromstring(request.get_data())

    def text(self, name: str) -> str:
        return self.root.findtext(f"{N}{name}") or ""

    def blob(self, name: str) -> bytes:
        return b64decode(self.text(name))

    @property
    def config(self) -> dict[str, str]:
        return {key: self.text(f"FunctionConfig/{N}{key}") for key in ("Comment", "Runtime")}


def _xml(body: str, status: int = 200, **headers: Any) -> Response:
    return Response(body, status, headers, mimetype="text/xml")


def _summary(name: str, stage: str, version: Version) -> str:
    config = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in version.config.items())
    return (
        f"<FunctionSummary><Name>{name}</Name><FunctionConfig>{config}</FunctionConfig>"
        f"<FunctionMetadata><FunctionARN>arn:aws:cloudfront::1:function/{name}</FunctionARN>"
        f"<Stage>{stage}</Stage><LastModifiedTime>{version.modified}</LastModifiedTime>"
        "</FunctionMetadata></FunctionSummary>"
    )


def _batch(batch: Batch, status: str) -> str:
    items = "".join(f"<Path>{escape(path)}</Path>" for path in batch.paths)
    return (
        f"<Invalidation><Id>{batch.id}</Id><Status>{status}</Status>"
        f"<CreateTime>{batch.created}</CreateTime><InvalidationBatch>"
        f"<Paths><Quantity>{len(batch.paths)}</Quantity><Items>{items}</Items></Paths>"
        f"<CallerReference>{escape(batch.reference)}</CallerReference>"
        "</InvalidationBatch></Invalidation>"
    )
