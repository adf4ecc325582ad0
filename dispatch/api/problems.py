"""Errors, as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpResponse
from dmr import ResponseSpec
from dmr.headers import HeaderSpec
from dmr.plugins.msgspec import MsgspecJsonRenderer, MsgspecSerializer
from dmr.problem_details import ProblemDetailsError
from dmr.response import build_response
from msgspec import UNSET, UnsetType

from dispatch.api.schemas import JobView
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.stored.record import JSON

CONTENT_TYPE = "application/problem+json"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="api"'}
HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "how to sign in: `Bearer`"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "seconds to wait"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "seconds to wait"},
}


class NumbersAsNumbers(MsgspecJsonRenderer):
    """Money as jobs.json has it; dmr's own renderer makes strings of it."""

    def render(self, to_serialize: Any, *_: Any) -> bytes:
        return JSON.encode(to_serialize)


class Wrong(msgspec.Struct, frozen=True):
    """One field that cannot be taken as it is: `price_lines[0].amount`, and why."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Every answer of 400 and above, as the schema says it."""

    title: str
    status: int
    detail: str
    field: str | UnsetType = UNSET
    errors: tuple[Wrong, ...] | UnsetType = UNSET
    job: JobView | UnsetType = UNSET
    insistable: bool | UnsetType = UNSET


class Refused(ProblemDetailsError):
    """Ends a request with a problem; `more` are further fields of it."""

    renderer = NumbersAsNumbers(CONTENT_TYPE)

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(
            detail,
            status_code=status,
            title=status.phrase,
            headers={"Cache-Control": "no-store", **(headers or {})},
            extra=more,
        )

    @property
    def response(self) -> HttpResponse:
        return build_response(
            MsgspecSerializer,
            raw_data=self.raw_data,
            status_code=self.status_code,
            headers=self.headers,
            renderer=self.renderer,
        )


def answer(status: HTTPStatus, detail: str) -> HttpResponse:
    return Refused(status, detail).response


def unprocessable(invalid: InvalidInput) -> Refused:
    # JSON knows texts, and none of our kinds of them.
    wrong = [Wrong(field, str(sentence)) for field, sentence in invalid.errors.items()]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Refused(status, str(invalid), field=wrong[0].field, errors=wrong)


def no_such_method(method: str, allowed: str) -> Refused:
    return Refused(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"{method[:20]} is not for this address; it takes {allowed}.",
        headers={"Allow": allowed},
    )


def documented(status: HTTPStatus, description: str) -> ResponseSpec:
    """A problem of this status, and the headers that come with it, for the schema."""
    headers = {name: HeaderSpec(description=text) for name, text in HEADERS.get(status, {}).items()}
    return ResponseSpec(Problem, status_code=status, description=description, headers=headers)
