"""The schema, for programs and as a page for people. Needs nothing but the schema itself."""

from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from dmr.openapi import OpenAPIConfig, build_schema
from dmr.routing import Router

from dispatch.api.problems import CONTENT_TYPE, answer, no_such_method

CONFIG = OpenAPIConfig(
    title="Jobs and crew",
    version="1",
    description=(
        "Get a token from `POST /api/token` and send it as `Authorization: Bearer …`."
        " Errors are `application/problem+json` (RFC 9457). An answer to a write bears the"
        " `X-Revision` of the jobs: send it as `?r=` to read nothing older."
    ),
)
METHODS = ("get", "post", "put", "patch")
Operation = dict[str, Any]


class OpenApi:
    """The schema of these routes, built when it is first asked for."""

    def __init__(self, router: Router) -> None:
        self._router = router

    @cached_property
    def document(self) -> dict[str, Any]:
        # dmr's own views check the schema with a package that is for tests only.
        built: dict[str, Any] = build_schema(self._router, config=CONFIG).convert(
            skip_validation=True
        )
        for _, _, operation in self.operations_of(built):
            _say_problem(operation)
        return _numbers(built)  # type: ignore[no-any-return]

    @cached_property
    def body(self) -> bytes:
        return msgspec.json.encode(self.document)

    @property
    def operations(self) -> Iterator[tuple[str, str, Operation]]:
        return self.operations_of(self.document)

    @staticmethod
    def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method.upper(), item[method]


def _say_problem(operation: Operation) -> None:
    """dmr knows one content type for an address; ours have another for errors."""
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if int(status) >= HTTPStatus.BAD_REQUEST and "application/json" in content:
            content[CONTENT_TYPE] = content.pop("application/json")
        if int(status) == HTTPStatus.REQUEST_URI_TOO_LONG:
            response["content"] = {"text/html": {"schema": {"type": "string"}}}
        if int(status) == HTTPStatus.NOT_MODIFIED:
            response.pop("content", None)


def _numbers(node: Any) -> Any:
    """msgspec says of decimals that they are strings; we write numbers, and read both."""
    if isinstance(node, list | tuple):
        return [_numbers(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "string" and node.get("format") == "decimal":
        # Only what we read has a pattern for the string; see `bounds.money`.
        return {**node, "type": ["number", "string"] if "pattern" in node else "number"}
    return {name: _numbers(each) for name, each in node.items()}


View = Callable[..., HttpResponse]


def read_only(view: View) -> View:
    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, schema: OpenApi) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return no_such_method(request.method or "", "GET, HEAD").response
        return view(request, schema)

    return guarded


@read_only
def as_json(request: HttpRequest, schema: OpenApi) -> HttpResponse:
    return HttpResponse(schema.body, content_type="application/json")


@read_only
def as_page(request: HttpRequest, schema: OpenApi) -> HttpResponse:
    calls = [_call(schema, *operation) for operation in schema.operations]
    context = {"about": _parts(CONFIG.description), "title": CONFIG.title, "calls": calls}
    return render(request, "api/docs.html", context)


def _call(schema: OpenApi, path: str, method: str, operation: Operation) -> dict[str, Any]:
    """One call as the page shows it."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example")
    return {
        "path": path,
        "method": method,
        "anchor": f"{method}{path}".lower().replace("/", "-").replace("{", "").replace("}", ""),
        "summary": operation.get("summary", ""),
        "description": _parts(operation.get("description")),
        "public": not operation.get("security"),
        "parameters": [*_parameters(operation), *_fields(schema, content)],
        "example": msgspec.json.format(msgspec.json.encode(example)).decode() if example else "",
        "answers": [
            (status, _parts(response["description"]))
            for status, response in operation["responses"].items()
        ],
    }


Row = tuple[str, str, bool, list[str]]  # name, where it stands, whether it is needed, what it is


def _parameters(operation: Operation) -> Iterator[Row]:
    for each in operation.get("parameters", []):
        text = _parts(each["schema"].get("description"))
        yield each["name"], f"in the {each['in']}", each.get("required", False), text


def _fields(schema: OpenApi, content: dict[str, Any]) -> Iterator[Row]:
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    shape = schema.document["components"]["schemas"].get(name, {})
    for field, kind in shape.get("properties", {}).items():
        told = [kind, *kind.get("anyOf", [])]
        text = next((each["description"] for each in told if "description" in each), "")
        yield field, "in the body", field in shape.get("required", []), _parts(text)


def _parts(text: str | None) -> list[str]:
    """Every second part is code."""
    return (text or "").split("`")


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return answer(HTTPStatus.NOT_FOUND, "There is no such address; see /api/docs.")
