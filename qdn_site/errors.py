"""Pages for what went wrong: what happened, what it means, what to do next."""

from http import HTTPStatus

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dispatch.api import problems
from dispatch.domain.document import StoreUnavailable

API = "/api/"
CREWS = "/dashboard/"
TITLES = {
    400: "We could not read that request",
    403: "That is not allowed",
    404: "There is no such page",
    411: "We could not read that request",
    413: "That is too much at once",
    429: "That was too often in a short time",
    500: "Something broke on our side",
    503: "We cannot reach our records right now",
}


def page(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """For people; for programs, at the API's addresses, a problem that says the same."""
    if request.path_info.startswith(API):
        return problems.answer(HTTPStatus(status), text)
    if not hasattr(request, "business"):  # it failed before anybody knew whose page to show
        return plain(request, status, f"{TITLES[status]}. {text}")
    is_crews = request.path_info.startswith(CREWS)
    if is_crews:
        try:
            _ = request.user.is_authenticated
        except (AttributeError, StoreUnavailable):  # it failed before anybody could tell who it is
            request.user = AnonymousUser()
    context = {
        "title": TITLES[status],
        "text": text,
        "is_crews": is_crews,
        "base": "dispatch/base.html" if is_crews else "base.html",
    }
    response = render(request, "error.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def plain(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """In plain text, while nobody can tell whose page to show."""
    if request.path_info.startswith(API):
        return problems.answer(HTTPStatus(status), text)
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain")


def unavailable(request: HttpRequest) -> HttpResponse:
    """For what is no page: not now, and not to be kept."""
    response = plain(request, 503, "Out of reach right now. Please try again in a moment.")
    response.headers["Retry-After"] = "2"
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 400, "Something in it is not as it should be. Please go back and retry.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 403, str(exception or "You are not allowed to do that."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 404, "The address may be mistyped, or the page has gone.")


def server_error(request: HttpRequest) -> HttpResponse:
    return page(request, 500, "It has been noted. Please try again in a minute, or call us.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request, 403, "This form was open for too long, or came from another site. Reload the page."
    )
