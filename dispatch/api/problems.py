"""What went wrong, for programs: `application/problem+json` (RFC 9457)."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpResponse
from dmr import ResponseSpec
from dmr.headers import HeaderSpec
from msgspec import UNSET, UnsetType

from dispatch.api.shapes import JobView
from dispatch.domain.record import JSON

CONTENT_TYPE = "application/problem+json"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="api"'}
HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "how to sign in: `Bearer`"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "seconds to wait"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "seconds to wait"},
}
BODY = "body"  # the field to name where it is the whole body that is wrong
LONGEST = 200  # characters of what a client sent that are said back

_AT = re.compile(r" - at `\$([^`]*)`$")
_NAMED = re.compile(r"(?:missing required|contains unknown) field `([^`]*)`")
_COMPONENT = re.compile(r"^\.parsed_(?:body|query)")


class Wrong(msgspec.Struct, frozen=True):
    """One field that cannot be taken as it is: `price_lines[0].amount`, and why."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer of 400 and above looks like."""

    title: str
    status: int
    detail: str
    field: str | UnsetType = UNSET
    errors: tuple[Wrong, ...] | UnsetType = UNSET
    job: JobView | UnsetType = UNSET
    insistable: bool | UnsetType = UNSET


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers, more

    @property
    def response(self) -> HttpResponse:
        return answer(self.status, self.detail, headers=self.headers, **self.more)


class Invalid(Refused):
    """422, naming the fields."""

    def __init__(self, *wrong: Wrong) -> None:
        detail = " ".join(f"{each.field}: {each.detail}" for each in wrong)
        super().__init__(
            HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=wrong[0].field, errors=wrong
        )

    @classmethod
    def field(cls, name: str, detail: str) -> "Invalid":
        return cls(Wrong(name, detail))

    @classmethod
    def from_msgspec(cls, message: str) -> "Invalid":
        """msgspec says what and where in one sentence; the two belong apart."""
        at = _AT.search(message)
        place = _COMPONENT.sub("", at[1]).lstrip(".") if at else ""
        named = _NAMED.search(message)
        parts = (place, named[1] if named else "")
        name = ".".join(part for part in parts if part) or BODY
        return cls.field(name[:LONGEST], _AT.sub("", message)[:LONGEST] + ".")


def answer(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    problem = Problem(title=status.phrase, status=status.value, detail=detail, **more)
    response = HttpResponse(JSON.encode(problem), status=status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def documented(status: HTTPStatus, description: str) -> ResponseSpec:
    """A problem of this status, and the headers that come with it, for the schema."""
    headers = {name: HeaderSpec(description=text) for name, text in HEADERS.get(status, {}).items()}
    return ResponseSpec(Problem, status_code=status, description=description, headers=headers)


def no_such_job(job_id: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, f"There is no job {job_id[:64]!r}.")


def no_such_method(method: str, allowed: str) -> Refused:
    return Refused(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"{method[:20]} is not for this address; it takes {allowed}.",
        headers={"Allow": allowed},
    )
