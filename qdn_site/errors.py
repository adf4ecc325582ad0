"""Pages for what went wrong: what happened, what it means, what to do next."""

import re
from contextlib import suppress
from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.api import problems
from dispatch.domain.stored.document import LedgerMoved, StoreUnavailable
from dispatch.domain.visit.photo import MOST_OF_REQUEST
from dispatch.explain.words import told
from dispatch.http import (
    SiteRequest,
    carried_by,
    given_back,
    is_fetch,
    is_from_own_page,
    see_other,
    sign_in_first,
    unauthorized,
)
from dispatch.ratelimit import TooMany
from dispatch.views.drawer import takes_json

API = "/api/"
CREWS, CALENDARS = "/dashboard/", "/calendar/"
CREW_ONLY = (CREWS, API)
IMPORT = f"{CREWS}import/"
TITLES = {
    400: gettext_lazy("We could not read that request"),
    403: gettext_lazy("That is not allowed"),
    404: gettext_lazy("There is no such page"),
    411: gettext_lazy("We could not read that request"),
    413: gettext_lazy("That is too much at once"),
    429: gettext_lazy("That was too often in a short time"),
    500: gettext_lazy("Something broke on our side"),
    503: gettext_lazy("We cannot reach our records right now"),
}


def page(request: HttpRequest, status: int, text: str, title: str = "") -> HttpResponse:
    """For people; for programs, at the API's addresses, a problem that says the same.

    Without a `title` of its own it has the usual one of its status.
    """
    title = title or str(TITLES[status])
    if request.path_info.startswith(API):
        return problems.answer(HTTPStatus(status), text)
    if not hasattr(request, "business"):  # it failed before anybody knew whose page to show
        return plain(request, status, f"{title}. {text}")
    is_crews = request.path_info.startswith((CREWS, CALENDARS))
    if is_crews:
        try:
            request.user.is_authenticated  # noqa: B018
        except (AttributeError, StoreUnavailable):  # it failed before anybody could tell who it is
            request.user = AnonymousUser()
    context = {
        "title": title,
        "text": text,
        "is_crews": is_crews,
        "base": "dispatch/base.html" if is_crews else "base.html",
    }
    response = render(request, "error.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def too_much(request: HttpRequest) -> HttpResponse:
    """A body that is larger than any of ours; a file of jobs is told who takes it."""
    if request.path_info == IMPORT:
        text = _(
            "Nothing was imported. At most 1 MB fits here at once, and you have to be signed in."
            " Larger files are taken at the server: manage.py jobs import FILE.csv"
        )
    elif re.fullmatch(settings.PHOTOS_PATH, request.path_info):
        text = _(
            "No photo was added. At most 30 MB fit at once, and you have to be signed in."
            " Please send fewer at a time, or smaller ones."
        )
        if takes_json(request):
            return JsonResponse({"status": "", "said": text}, status=413)
    elif request.path_info == settings.BOOKING_PATH and settings.PHOTOS_URL:
        text = _(
            "Nothing was booked. At most %(most)d photos and 30 MB fit at once. Please go back:"
            " what you typed should still be there. Choose fewer photos, or smaller ones."
        ) % {"most": MOST_OF_REQUEST}
    else:
        text = _("Nothing was saved. Please go back and shorten what you wrote.")
    return page(request, 413, text)


def too_many_photos(request: HttpRequest, error: TooMany) -> HttpResponse:
    """Before a byte of them is read."""
    text = _(
        "Nothing was booked: more photos are being sent right now than we can take. Please go back:"
        " what you typed should still be there. Send it without photos, or in a few minutes."
    )
    response = page(request, 429, text)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def plain(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """In plain text, while nobody can tell whose page to show."""
    if request.path_info.startswith(API):
        return problems.answer(HTTPStatus(status), text)
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain")


def unavailable(request: HttpRequest) -> HttpResponse:
    """For what is no page: not now, and not to be kept."""
    response = plain(request, 503, _("Out of reach right now. Please try again in a moment."))
    response.headers["Retry-After"] = "2"
    response.headers["Cache-Control"] = "no-store"
    return response


def moved(request: HttpRequest, error: LedgerMoved) -> HttpResponse:
    """For the crew, whose page has the first half of the sentence for its title."""
    if request.path_info.startswith(API):
        return problems.answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    title, _colon, text = told(error.args[0]).partition(": ")
    return page(request, 503, text[:1].upper() + text[1:], title)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(
        request, 400, _("Something in it is not as it should be. Please go back and retry.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 403, str(exception or _("You are not allowed to do that.")))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 404, _("The address may be mistyped, or the page has gone."))


def server_error(request: HttpRequest) -> HttpResponse:
    return page(request, 500, _("It has been noted. Please try again in a minute, or call us."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What a member sent from our own page with the token of an earlier session comes back with
    a fresh one; whoever has signed out since is asked to sign in first.
    """
    if request.path_info.startswith(CREWS) and is_from_own_page(request):
        with suppress(StoreUnavailable):
            if again := _sent_too_late(cast(SiteRequest, request)):
                return again
    text = _(
        "This form was open for too long, or came from another site."
        " Go back, reload the page and send it again."
    )
    return page(request, 403, text)


def _sent_too_late(request: SiteRequest) -> HttpResponse | None:
    if request.path == reverse("logout"):
        return see_other("logout")  # which asks
    if not request.user.is_authenticated:
        if is_fetch(request):
            return unauthorized()
        return sign_in_first(request, carried_by(request))
    if again := given_back(request, status=403):
        return again
    if request.path == reverse("login"):
        return see_other("board")
    if request.POST.get("member", request.user.username) == request.user.username:
        return None
    text = _(
        "You are signed in as %(name)s now, and that page was somebody else's. Nothing was done."
    )
    return page(request, 403, text % {"name": request.user.member.name})
