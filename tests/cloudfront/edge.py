"""A viewer's request on its way: function, cache, origin, and back."""

import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from tests.cloudfront.cache import Answer, Cache
from tests.cloudfront.runtime import Run

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"}


class Viewer:
    """A viewer's request: names of headers in lower case, the address as it came."""

    def __init__(self, request: Request) -> None:
        self.method, self.body = request.method, request.get_data()
        self.uri, _, self.query = request.environ["RAW_URI"].partition("?")
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.ip = request.remote_addr or ""
        self.address = f"{self.ip}:{request.environ['REMOTE_PORT']}"

    @property
    def event(self) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html"""
        parts = {*HOP_BY_HOP, "cookie"}
        return {
            "version": "1.0",
            "context": {"eventType": "viewer-request", "distributionDomainName": "standin"},
            "viewer": {"ip": self.ip},
            "request": {
                "method": self.method,
                "uri": self.uri,
                "querystring": _values(self.query, "&"),
                "headers": {n: {"value": v} for n, v in self.headers.items() if n not in parts},
                "cookies": _values(self.headers.get("cookie", "").replace("; ", ";"), ";"),
            },
        }


def answer(
    viewer: Viewer,
    run: Callable[[dict[str, Any], str], Run | None],
    origin: str,
    secret: str,
    cache: Cache,
) -> Answer:
    """`run` is the live function, on an event and the raw query."""
    ran, uri = run(viewer.event, viewer.query), viewer.uri
    if ran is not None:
        if ran.error:
            return _failed(503, "FunctionExecutionError", ran.error)
        output = json.loads(ran.output)
        if "response" in output:
            return _generated(output["response"])
        changed = output["request"]
        if changed["headers"]["host"]["value"] != viewer.headers["host"]:
            return _failed(502, "FunctionValidationError", "Host may not be changed")
        uri = changed["uri"]
    # The behaviour is the one of the address that was asked for, whatever became of it.
    caches = cache.caches(viewer.uri)
    keepable = viewer.method in ("GET", "HEAD")
    encoding = "gzip" if caches and "gzip" in viewer.headers.get("accept-encoding", "") else ""
    key = (uri, f"{viewer.method} {encoding}")
    if keepable and (found := cache.find(key)):
        kept, age = found
        return kept.having(("X-Cache", "Hit from cloudfront"), ("Age", str(age)))
    fetched = _fetch(viewer, uri, origin, secret, caches)
    if keepable:
        cache.keep(key, fetched, viewer.uri, uri)
    kind = "Error" if fetched.status >= 400 else "Miss"
    return fetched.having(("X-Cache", f"{kind} from cloudfront"))


def _fetch(viewer: Viewer, uri: str, origin: str, secret: str, caches: bool) -> Answer:
    """AllViewer sends everything on; CachingOptimized no query, cookies or conditions."""
    there = urlsplit(origin)
    headers = {n: v for n, v in viewer.headers.items() if n not in HOP_BY_HOP}
    if caches:
        headers = {n: headers[n] for n in ("host", "accept-encoding", "user-agent") if n in headers}
    headers |= {
        "CloudFront-Forwarded-Proto": "https",
        "CloudFront-Viewer-Address": viewer.address,
        "X-Forwarded-For": viewer.ip,
        "X-Origin-Verify": secret,
        "Via": "2.0 standin.cloudfront.net (CloudFront)",
    }
    target = f"{uri}?{viewer.query}" if viewer.query and not caches else uri
    connection = HTTPConnection(there.hostname or "", there.port or 80, timeout=30)
    try:
        connection.putrequest(viewer.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if viewer.body or viewer.method not in ("GET", "HEAD"):
            connection.putheader("Content-Length", str(len(viewer.body)))
        connection.endheaders(viewer.body or None)
        got = connection.getresponse()
        sent = [(n, v) for n, v in got.getheaders() if n.lower() not in HOP_BY_HOP]
        return Answer(got.status, sent, got.read())
    except (OSError, HTTPException) as error:
        return _failed(502, "Error", f"the origin did not answer: {error}")
    finally:
        connection.close()


def _values(text: str, separator: str) -> dict[str, Any]:
    many: dict[str, list[dict[str, str]]] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        many.setdefault(name, []).append({"value": value})
    return {n: v[0] if len(v) == 1 else {**v[0], "multiValue": v} for n, v in many.items()}


def _generated(response: dict[str, Any]) -> Answer:
    given = response.get("body", "")
    body = given if isinstance(given, str) else given.get("data", "")
    headers = [(name, each["value"]) for name, each in response.get("headers", {}).items()]
    made = Answer(response["statusCode"], headers, body.encode())
    return made.having(("X-Cache", "FunctionGeneratedResponse from cloudfront"))


def _failed(status: int, kind: str, why: str) -> Answer:
    headers = [("X-Cache", f"{kind} from cloudfront"), ("Content-Type", "text/plain")]
    return Answer(status, headers, f"{kind}: {why}\n".encode())
