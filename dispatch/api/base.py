"""The base of all calls: strict JSON in, numbers as numbers out, problems for errors."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, TypeVar, cast

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from dmr import Controller, ResponseSpec, exceptions, validate
from dmr.endpoint import Endpoint
from dmr.headers import HeaderSpec
from dmr.negotiation import RequestNegotiator
from dmr.parsers import Parser, Raw
from dmr.plugins.msgspec import MsgspecJsonParser, MsgspecSerializer
from msgspec import Meta

from dispatch import jobs, wiring
from dispatch.api import problems
from dispatch.api.auth import MemberAuth
from dispatch.api.problems import Problem, Refused, documented
from dispatch.api.schemas import JOB, JobView
from dispatch.domain.availability import NotAvailable
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import JobConflict
from dispatch.domain.permissions import Actor, Permission
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.typed.texts import BYTE_ORDER_MARK
from dispatch.explain import explain
from dispatch.http import SiteRequest

REVISION = "X-Revision"
REVISION_TEXT = "of the jobs as they are now; send it as `?r=` to read nothing older"
WHOLE_BODY = "body"  # the field to name where all of it is wrong
MOST_QUOTED = 200  # characters of what a client sent that are said back

_NAMED = re.compile(r"(?:missing required|contains unknown) field `([^`]*)`")
_COMPONENT = re.compile(r"^\.parsed_(?:body|query)")


class StrictJson(MsgspecJsonParser):
    """A number is not a text that looks like one, and too deep is no more than wrong."""

    strict = True

    def parse(self, to_deserialize: Raw, *args: Any, **options: Any) -> Any:
        if not to_deserialize:
            raise exceptions.DataParsingError("There is nothing in it")
        try:
            return super().parse(to_deserialize.removeprefix(BYTE_ORDER_MARK), *args, **options)
        except RecursionError:
            raise exceptions.DataParsingError("It is nested too deeply") from None


class JsonOnly(RequestNegotiator):
    """415 for other content types, which dmr calls a bad request."""

    __slots__ = ()

    def __call__(self, request: HttpRequest) -> Parser:
        sent = request.content_type or ""
        if sent not in ("application/json", ""):
            detail = f"Send application/json, not {sent[:100]!r}."
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        return super().__call__(request)


class ApiEndpoint(Endpoint):
    request_negotiator_cls = JsonOnly


class Api(Controller[MsgspecSerializer]):
    request: SiteRequest
    is_abstract = True
    tags = ("Jobs",)
    endpoint_cls = ApiEndpoint
    error_model = Problem
    parsers = (StrictJson(),)
    renderers = (problems.NumbersAsNumbers(),)
    # Answers are made of our own typed values; checking each again would double its time.
    validate_responses = False
    # dmr says 400 where we say 422.
    exclude_semantic_responses: ClassVar[frozenset[HTTPStatus]] = frozenset(
        {HTTPStatus.BAD_REQUEST}
    )

    @property
    def business(self) -> Business:
        return self.request.business

    @property
    def actor(self) -> Actor:
        return self.request.user.actor

    def find(self, job_id: str, at_least: int = 0) -> Job:
        """Raises JobNotFound, also for a job that the caller may not see."""
        return jobs.find(self.business, job_id, by=self.actor, at_least=at_least)

    def view(self, job: Job) -> JobView:
        return JobView.of(job, self.business, self.actor)

    def answer(
        self, body: Any, *, status: HTTPStatus = HTTPStatus.OK, revision: int = 0
    ) -> HttpResponse:
        headers = {"Cache-Control": "private, no-cache"}
        if revision:
            headers[REVISION] = str(revision)
        return self.to_response(body, status_code=status, headers=headers)

    def changed(self, done: jobs.Done) -> HttpResponse:
        return self.answer(self.view(done.job), revision=done.revision)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """HEAD is answered as GET, without the body; OPTIONS says what there is."""
        self.request.business = wiring.in_force(self.request.business)
        method = request.method or ""
        if method == "HEAD" and "GET" in self.api_endpoints:
            return self.api_endpoints["GET"].func(self, *args, **kwargs)
        if method == "OPTIONS":
            return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": self._allowed()})
        return super().dispatch(request, *args, **kwargs)

    def handle_method_not_allowed(self, method: str) -> HttpResponse:
        return problems.no_such_method(method, self._allowed()).response

    def handle_error(
        self, endpoint: Endpoint, controller: "Controller[Any]", exc: Exception
    ) -> HttpResponse:
        """Other errors, such as StoreUnavailable, are left to the site's middleware."""
        match exc:
            case InvalidInput():
                refused = problems.unprocessable(exc)
            case exceptions.ValidationError():
                refused = problems.unprocessable(_in_our_words(exc.payload[0]["msg"]))
            case exceptions.RequestSerializationError():
                sentence = f"That is no JSON: {str(exc)[:MOST_QUOTED]}."
                refused = problems.unprocessable(InvalidInput({WHOLE_BODY: sentence}))
            case JobNotFound():
                refused = Refused(HTTPStatus.NOT_FOUND, f"There is no job {str(exc)[:64]!r}.")
            case JobConflict() | jobs.KeyReused():
                words = explain(exc, self.business)
                refused = Refused(HTTPStatus.CONFLICT, words, job=self.view(exc.job))
            case NotAvailable():
                words, may = explain(exc, self.business), exc.insistable
                refused = Refused(HTTPStatus.CONFLICT, words, field=exc.role, insistable=may)
            case WindowFull():
                words = explain(exc, self.business)
                refused = Refused(HTTPStatus.CONFLICT, words, field="window", insistable=True)
            case exceptions.NotAcceptableError():
                refused = Refused(HTTPStatus.NOT_ACCEPTABLE, "We answer in application/json only.")
            case RequestDataTooBig():
                refused = Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too much at once.")
            case SuspiciousOperation() | BadRequest() | UnreadablePostError():
                refused = Refused(HTTPStatus.BAD_REQUEST, "We could not read that request.")
            case _:
                raise exc
        return refused.response

    def _allowed(self) -> str:
        methods = {*self.api_endpoints, "OPTIONS"}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _in_our_words(message: str) -> InvalidInput:
    """msgspec says what and where in one sentence; the two belong apart."""
    sentence, _, path = message.partition(" - at `$")
    place = _COMPONENT.sub("", path.removesuffix("`")).lstrip(".")
    named = _NAMED.search(sentence)
    name = ".".join(part for part in (place, named[1] if named else "") if part) or WHOLE_BODY
    return InvalidInput({name[:MOST_QUOTED]: f"{sentence[:MOST_QUOTED]}."})


def success(
    body: Any,
    description: str,
    example: Any = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **headers: str,
) -> ResponseSpec:
    """Documents an answer and its headers: `success(JobView, "It.", X_Revision="of the jobs")`."""
    if example is not None:
        body = Annotated[body, Meta(examples=[example])]
    specs = {name.replace("_", "-"): HeaderSpec(description=text) for name, text in headers.items()}
    return ResponseSpec(body, status_code=status, description=description, headers=specs)


def errors(**by_name: str) -> list[ResponseSpec]:
    """Documents errors: `errors(not_found="There is no such job.")`."""
    return [documented(HTTPStatus[name.upper()], text) for name, text in by_name.items()]


READ = errors(
    bad_request="Nothing that we could read, or not our host.",
    request_uri_too_long="An address of more than 4,000 bytes. In plain text: we never saw it.",
    unprocessable_entity="A field or parameter is wrong; `field` names it.",
    too_many_requests="Too many calls, or too many wrong tries; see `Retry-After`.",
    service_unavailable="The storage is out of reach; see `Retry-After`.",
)
CHANGE = READ + errors(
    length_required="A body in chunks: it needs a `Content-Length`.",
    unsupported_media_type="Not application/json.",
    request_entity_too_large="More than 64 KiB.",
)
JOB_NOW = success(JobView, "The job as it is now.", JOB, X_Revision=REVISION_TEXT)
ONE_JOB = errors(not_found="There is no such job.")
Method = TypeVar("Method", bound=Callable[..., HttpResponse])


def call(
    operation_id: str, *answers: ResponseSpec, permission: Permission | None = None, **wrong: str
) -> Callable[[Method], Method]:
    """A call, for members who have the permission; documented with its `answers` and, by name,
    with what may go `wrong`. Those that every call has go without saying.
    """

    def decorate(method: Method) -> Method:
        common = READ if method.__name__ == "get" else CHANGE
        one_job = ONE_JOB if "parsed_path" in method.__annotations__ else []
        specs = (*answers, *common, *one_job, *errors(**wrong))
        auth = [MemberAuth(permission)] if permission else None
        return cast(Method, validate(*specs, auth=auth, operation_id=operation_id)(method))

    return decorate
