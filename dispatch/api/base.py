"""What all calls of the API share: strict JSON in, numbers as numbers out, problems for errors."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, ClassVar

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from dmr import Controller, ResponseSpec
from dmr.endpoint import Endpoint
from dmr.exceptions import (
    DataParsingError,
    NotAcceptableError,
    RequestSerializationError,
    ValidationError,
)
from dmr.headers import HeaderSpec
from dmr.negotiation import RequestNegotiator
from dmr.parsers import DeserializeFunc, Parser, Raw
from dmr.plugins.msgspec import MsgspecJsonParser, MsgspecJsonRenderer, MsgspecSerializer
from msgspec import Meta
from typing_extensions import override

from dispatch import jobs
from dispatch.api.examples import JOB
from dispatch.api.problems import (
    BODY,
    Invalid,
    Problem,
    Refused,
    Wrong,
    answer,
    documented,
    no_such_job,
    no_such_method,
)
from dispatch.api.shapes import JobView
from dispatch.domain.availability import NotAvailable
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import Actor, JobConflict
from dispatch.domain.record import JSON
from dispatch.models import CrewUser

REVISION = "X-Revision"

REVISION_TEXT = "of the jobs as they are now; send it as `?r=` to read nothing older"


class StrictJson(MsgspecJsonParser):
    """A number is not a text that looks like one, and too deep is no more than wrong."""

    strict = True

    @override
    def parse(
        self,
        to_deserialize: Raw,
        deserializer_hook: DeserializeFunc | None = None,
        *,
        request: HttpRequest,
        model: Any,
    ) -> Any:
        if not to_deserialize:
            raise DataParsingError("There is nothing in it")
        try:
            return super().parse(to_deserialize, deserializer_hook, request=request, model=model)
        except RecursionError:
            raise DataParsingError("It is nested too deeply") from None


class NumbersAsNumbers(MsgspecJsonRenderer):
    """Money as jobs.json has it; dmr's own renderer makes strings of it."""

    @override
    def render(
        self, to_serialize: Any, serializer_hook: Callable[[Any], Any] | None = None
    ) -> bytes:
        return JSON.encode(to_serialize)


class JsonOnly(RequestNegotiator):
    """415 for other content types, which dmr calls a bad request."""

    __slots__ = ()

    @override
    def __call__(self, request: HttpRequest) -> Parser:
        sent = request.content_type or ""
        if sent not in ("application/json", ""):
            detail = f"Send application/json, not {sent[:100]!r}."
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        return super().__call__(request)


class ApiEndpoint(Endpoint):
    request_negotiator_cls = JsonOnly


class Api(Controller[MsgspecSerializer]):
    """The base of every address."""

    is_abstract = True
    endpoint_cls = ApiEndpoint
    error_model = Problem
    parsers = (StrictJson(),)
    renderers = (NumbersAsNumbers(),)
    # Answers are made of our own typed values; checking each again would double its time.
    validate_responses = False
    # dmr says 400 where we say 422.
    exclude_semantic_responses: ClassVar[frozenset[HTTPStatus]] = frozenset(
        {HTTPStatus.BAD_REQUEST}
    )

    @property
    def business(self) -> Business:
        business: Business = self.request.business  # type: ignore[attr-defined]
        return business

    @property
    def user(self) -> CrewUser:
        user: CrewUser = self.request.user  # type: ignore[assignment]
        return user

    @property
    def actor(self) -> Actor:
        return self.user.actor

    def find(self, job_id: str, at_least: int = 0) -> Job:
        """Raises JobNotFound, also for a job that the caller may not see."""
        return jobs.find(self.business, job_id, by=self.actor, at_least=at_least)

    def view(self, job: Job) -> JobView:
        return JobView.of(job, self.business, self.user.member)

    def answer(
        self, body: Any, *, status: HTTPStatus = HTTPStatus.OK, revision: int = 0
    ) -> HttpResponse:
        headers = {"Cache-Control": "private, no-cache"}
        if revision:
            headers[REVISION] = str(revision)
        return self.to_response(body, status_code=status, headers=headers)

    def changed(self, done: jobs.Done) -> HttpResponse:
        return self.answer(self.view(done.job), revision=done.revision)

    @override
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """HEAD is answered as GET, without the body; OPTIONS says what there is."""
        method = request.method or ""
        if method == "HEAD" and "GET" in self.api_endpoints:
            return self.api_endpoints["GET"].func(self, *args, **kwargs)
        if method == "OPTIONS":
            return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": self._allowed()})
        return super().dispatch(request, *args, **kwargs)

    @override
    def handle_method_not_allowed(self, method: str) -> HttpResponse:
        return no_such_method(method, self._allowed()).response

    @override
    def handle_error(
        self, endpoint: Endpoint, controller: "Controller[Any]", exc: Exception
    ) -> HttpResponse:
        """What is not known here, such as StoreUnavailable, is for the site's middleware."""
        if isinstance(exc, Refused):
            return exc.response
        if isinstance(exc, JobConflict | jobs.KeyReused):
            return answer(HTTPStatus.CONFLICT, str(exc), job=self.view(exc.job))
        if refusal := _refusal(exc):
            return refusal.response
        raise exc

    def _allowed(self) -> str:
        methods = {*self.api_endpoints, "OPTIONS"}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _refusal(exc: Exception) -> Refused | None:
    if isinstance(exc, ValidationError):
        return Invalid.from_msgspec(exc.payload[0]["msg"])
    if isinstance(exc, RequestSerializationError):
        return Invalid.field(BODY, f"That is no JSON: {str(exc)[:200]}.")
    if isinstance(exc, InvalidInput):
        return Invalid(*(Wrong(name, sentence) for name, sentence in exc.errors.items()))
    if isinstance(exc, JobNotFound):
        return no_such_job(str(exc))
    if isinstance(exc, jobs.NoSuchVersion):
        return Invalid.field("version", str(exc))
    if isinstance(exc, NotAvailable):
        field, may = exc.role, exc.insistable
        return Refused(HTTPStatus.CONFLICT, str(exc), field=field, insistable=may)
    if isinstance(exc, NotAcceptableError):
        return Refused(HTTPStatus.NOT_ACCEPTABLE, "We answer in application/json only.")
    if isinstance(exc, RequestDataTooBig):
        return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too much at once.")
    if isinstance(exc, SuspiciousOperation | BadRequest | UnreadablePostError):
        return Refused(HTTPStatus.BAD_REQUEST, "We could not read that request.")
    return None


def success(
    body: Any, description: str, *, status: HTTPStatus = HTTPStatus.OK, **headers: str
) -> ResponseSpec:
    """Documents an answer and its headers: `success(Job, "It.", X_Revision="of the jobs")`."""
    specs = {name.replace("_", "-"): HeaderSpec(description=text) for name, text in headers.items()}
    return ResponseSpec(body, status_code=status, description=description, headers=specs)


def problems(**by_name: str) -> list[ResponseSpec]:
    """Documents errors: `problems(not_found="There is no such job.")`."""
    return [documented(HTTPStatus[name.upper()], text) for name, text in by_name.items()]


READ = problems(
    bad_request="Nothing that we could read, or not our host.",
    request_uri_too_long="An address of more than 4,000 bytes. In plain text: we never saw it.",
    unprocessable_entity="A field or parameter is wrong; `field` names it.",
    too_many_requests="Too many calls, or too many wrong tries; see `Retry-After`.",
    service_unavailable="The storage is out of reach; see `Retry-After`.",
)
CHANGE = READ + problems(
    length_required="A body in chunks: it needs a `Content-Length`.",
    unsupported_media_type="Not application/json.",
    request_entity_too_large="More than 64 KiB.",
)
JOB_NOW = success(
    Annotated[JobView, Meta(examples=[JOB])], "The job as it is now.", X_Revision=REVISION_TEXT
)
ONE_JOB = problems(not_found="There is no such job.")
