"""The control API as boto3 speaks it: XML over HTTP, the calls that we make.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations.html
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.cloudfront.functions import Functions, Version
from tests.cloudfront.invalidations import Batch, Invalidations
from tests.cloudfront.refusal import XMLNS, Refusal

Told = tuple[int, dict[str, str], bytes]
BASE = "/2020-05-31"
N = f"{{{XMLNS}}}"


class State(Protocol):
    functions: Functions
    invalidations: dict[str, Invalidations]  # by distribution id


class Control:
    """The access key `DENIED` may do nothing."""

    def __init__(self, state: State) -> None:
        self.state = state
        here, of = f"{BASE}/function", f"{BASE}/distribution/([^/]+)"
        self.calls: list[tuple[str, str, Callable[..., Told]]] = [
            ("POST", here, self._create),
            ("GET", f"{here}/([^/]+)", self._get),
            ("PUT", f"{here}/([^/]+)", self._update),
            ("POST", f"{here}/([^/]+)/publish", self._publish),
            ("POST", f"{here}/([^/]+)/test", self._test),
            ("POST", f"{of}/invalidation", self._invalidate),
            ("GET", f"{of}/invalidation", self._list_invalidations),
            ("GET", f"{of}/invalidation/([^/]+)", self._invalidation),
        ]

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Told:
        path, _, query = target.partition("?")
        signed = headers.get("authorization", "")
        try:
            if not signed.startswith("AWS4-HMAC-SHA256 "):
                raise Refusal("MissingAuthenticationToken", "Request is missing a signature.")
            if "Credential=DENIED/" in signed:
                raise Refusal("AccessDenied", "You are not authorized to perform this.")
            for verb, pattern, call in self.calls:
                if verb == method and (found := re.fullmatch(pattern, path)):
                    asked = {
                        "stage": parse_qs(query).get("Stage", ["DEVELOPMENT"])[0],
                        "if_match": headers.get("if-match", ""),
                        "xml": _parsed(body),
                    }
                    return call(*map(unquote, found.groups()), **asked)
            raise Refusal("UnsupportedOperation", f"The stand-in has no {method} {path}.")
        except Refusal as refusal:
            return refusal.status, {}, refusal.xml()

    def _create(self, *, xml: Any, **_: Any) -> Told:
        name = _text(xml, "Name")
        version = self.state.functions.create(name, _config(xml), _blob(xml, "FunctionCode"))
        return 201, {"ETag": version.etag}, _summary(name, "DEVELOPMENT", version)

    def _get(self, name: str, *, stage: str, **_: Any) -> Told:
        version = self.state.functions.get(name, stage)
        headers = {"ETag": version.etag, "Content-Type": "application/octet-stream"}
        return 200, headers, version.code

    def _update(self, name: str, *, if_match: str, xml: Any, **_: Any) -> Told:
        code = _blob(xml, "FunctionCode")
        version = self.state.functions.update(name, if_match, _config(xml), code)
        # Spelled so by AWS, and by botocore's model of it.
        return 200, {"ETtag": version.etag}, _summary(name, "DEVELOPMENT", version)

    def _publish(self, name: str, *, if_match: str, **_: Any) -> Told:
        return 200, {}, _summary(name, "LIVE", self.state.functions.publish(name, if_match))

    def _test(self, name: str, *, if_match: str, xml: Any, **_: Any) -> Told:
        stage = _text(xml, "Stage") or "DEVELOPMENT"
        run = self.state.functions.test(name, if_match, stage, _blob(xml, "EventObject"))
        logs = "".join(f"<member>{escape(line)}</member>" for line in run.logs)
        return (
            200,
            {},
            f"<TestResult>{_summary(name, stage, self.state.functions.get(name, stage)).decode()}"
            f"<ComputeUtilization>{run.utilization}</ComputeUtilization>"
            f"<FunctionExecutionLogs>{logs}</FunctionExecutionLogs>"
            f"<FunctionErrorMessage>{escape(run.error)}</FunctionErrorMessage>"
            f"<FunctionOutput>{escape(run.output)}</FunctionOutput></TestResult>".encode(),
        )

    def _invalidate(self, id: str, *, xml: Any, **_: Any) -> Told:
        kept = self._of(id)
        if xml is None:
            raise Refusal("MissingBody", "This operation requires a body.")
        paths = [each.text or "" for each in xml.findall(f"{N}Paths/{N}Items/{N}Path")]
        if _text(xml, f"Paths/{N}Quantity") != str(len(paths)):
            raise Refusal("InconsistentQuantities", "Quantity and the size of Items differ.")
        batch = kept.create(_text(xml, "CallerReference"), paths)
        return 201, {}, _batch(batch, "InProgress")

    def _invalidation(self, id: str, batch_id: str, **_: Any) -> Told:
        kept = self._of(id)
        batch = kept.get(batch_id)
        return 200, {}, _batch(batch, kept.status(batch))

    def _list_invalidations(self, id: str, **_: Any) -> Told:
        kept = self._of(id)
        items = "".join(
            f"<InvalidationSummary><Id>{batch.id}</Id><CreateTime>{batch.created}</CreateTime>"
            f"<Status>{kept.status(batch)}</Status></InvalidationSummary>"
            for batch in kept.all()[:100]
        )
        told = (
            "<Marker/><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>"
            f"<Quantity>{len(kept.all()[:100])}</Quantity><Items>{items}</Items>"
        )
        return 200, {}, f"<InvalidationList>{told}</InvalidationList>".encode()

    def _of(self, id: str) -> Invalidations:
        if id not in self.state.invalidations:
            raise Refusal("NoSuchDistribution", "The specified distribution does not exist.")
        return self.state.invalidations[id]


def _parsed(body: bytes) -> Any:
    return ElementTree.fromstring(body) if body.strip() else None


def _text(xml: Any, name: str) -> str:
    return (xml.findtext(f"{N}{name}") or "") if xml is not None else ""


def _blob(xml: Any, name: str) -> bytes:
    return b64decode(_text(xml, name))


def _config(xml: Any) -> dict[str, str]:
    return {name: _text(xml, f"FunctionConfig/{N}{name}") for name in ("Comment", "Runtime")}


def _summary(name: str, stage: str, version: Version) -> bytes:
    config = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in version.config.items())
    status = "UNASSOCIATED" if stage == "LIVE" else "UNPUBLISHED"
    told = (
        f"<Name>{name}</Name><Status>{status}</Status><FunctionConfig>{config}</FunctionConfig>"
        f"<FunctionMetadata><FunctionARN>arn:aws:cloudfront::1:function/{name}</FunctionARN>"
        f"<Stage>{stage}</Stage><LastModifiedTime>{version.modified}</LastModifiedTime>"
        "</FunctionMetadata>"
    )
    return f"<FunctionSummary>{told}</FunctionSummary>".encode()


def _batch(batch: Batch, status: str) -> bytes:
    items = "".join(f"<Path>{escape(path)}</Path>" for path in batch.paths)
    told = (
        f"<Id>{batch.id}</Id><Status>{status}</Status><CreateTime>{batch.created}</CreateTime>"
        f"<InvalidationBatch><Paths><Quantity>{len(batch.paths)}</Quantity><Items>{items}</Items>"
        f"</Paths><CallerReference>{escape(batch.reference)}</CallerReference></InvalidationBatch>"
    )
    return f"<Invalidation>{told}</Invalidation>".encode()
