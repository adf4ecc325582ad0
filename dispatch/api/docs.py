"""The schema, for programs and as a page for people. dmr's pages fetch scripts from elsewhere."""

from collections.abc import Iterator
from functools import cache
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
Json = dict[str, Any]


@cache
def document(router: Router) -> Json:
    """The schema of these routes, built when it is first asked for."""
    # dmr's own views check the schema with a package that is for tests only.
    built: Json = build_schema(router, config=CONFIG).convert(skip_validation=True)
    for _, _, operation in operations(built):
        for status, response in operation["responses"].items():
            _correct_content(int(status), response)
    return _with_numbers(built)  # type: ignore[no-any-return]


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def _correct_content(status: int, response: Json) -> None:
    """dmr gives all answers of an address one content type; ours have another for errors."""
    if status == HTTPStatus.REQUEST_URI_TOO_LONG:
        response["content"] = {"text/html": {"schema": {"type": "string"}}}
    elif status == HTTPStatus.NOT_MODIFIED:
        del response["content"]
    elif status >= HTTPStatus.BAD_REQUEST:
        response["content"] = {CONTENT_TYPE: response["content"]["application/json"]}


def _with_numbers(node: Any) -> Any:
    """msgspec says of decimals that they are strings; we write numbers."""
    if isinstance(node, list | tuple):
        return [_with_numbers(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "decimal":
        return {**node, "type": "number"}
    return {name: _with_numbers(each) for name, each in node.items()}


@csrf_exempt
def show(request: HttpRequest, router: Router, *, as_page: bool) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return no_such_method(request.method or "", "GET, HEAD").response
    schema = document(router)
    if not as_page:
        return HttpResponse(msgspec.json.encode(schema), content_type="application/json")
    calls = [_call(schema["components"]["schemas"], *each) for each in operations(schema)]
    context = {"about": _parts(CONFIG.description), "title": CONFIG.title, "calls": calls}
    return render(request, "api/docs.html", context)


def _call(shapes: Json, path: str, method: str, operation: Json) -> Json:
    """One call as the page shows it."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = shapes.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
    example = content.get("example")
    return {
        "path": path,
        "method": method,
        "anchor": f"{method}{path}".lower().replace("/", "-").replace("{", "").replace("}", ""),
        "summary": operation.get("summary", ""),
        "description": _parts(operation.get("description")),
        "public": not operation.get("security"),
        "parameters": list(_rows(operation, body)),
        "example": msgspec.json.format(msgspec.json.encode(example)).decode() if example else "",
        "answers": [
            (status, _parts(response["description"]))
            for status, response in operation["responses"].items()
        ],
    }


Row = tuple[str, str, bool, list[str]]  # name, where it stands, is it needed, what it is


def _rows(operation: Json, body: Json) -> Iterator[Row]:
    for each in operation.get("parameters", []):
        text = _parts(each["schema"].get("description"))
        yield each["name"], f"in the {each['in']}", each.get("required", False), text
    for name, kind in body.get("properties", {}).items():
        kinds = [kind, *kind.get("anyOf", [])]
        text = _parts(next((each["description"] for each in kinds if "description" in each), ""))
        yield name, "in the body", name in body.get("required", []), text


def _parts(text: str | None) -> list[str]:
    """Every second part is code."""
    return (text or "").split("`")


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return answer(HTTPStatus.NOT_FOUND, "There is no such address; see /api/docs.")
