"""The newest revisions that a browser has seen: it is never shown older ones.

The crew's travel in signed cookies of their own, a poll's and a customer's in the address.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase

COOKIE, ROSTER_COOKIE = "seen", "seen_roster"
PARAMETER = "r"
KEPT = 60  # seconds: every snapshot is newer by then


def revision_seen(request: HttpRequest) -> int:
    """0 where it has seen none; what is no revision is none."""
    asked = request.GET.get(PARAMETER, "")
    in_address = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0
    return max(in_address, _in_cookie(request, COOKIE))


def roster_revision_seen(request: HttpRequest) -> int:
    return _in_cookie(request, ROSTER_COOKIE)


def remember(request: HttpRequest, response: HttpResponse, revision: int) -> HttpResponse:
    if revision > revision_seen(request):
        _keep(request, response, COOKIE, revision)
    return response


def remember_roster(request: HttpRequest, response: HttpResponseBase, revision: int) -> None:
    if revision > roster_revision_seen(request):
        _keep(request, response, ROSTER_COOKIE, revision)


def _in_cookie(request: HttpRequest, cookie: str) -> int:
    try:
        return int(request.get_signed_cookie(cookie, "0", salt=_salt(request, cookie)) or 0)
    except (signing.BadSignature, ValueError):
        return 0


def _keep(request: HttpRequest, response: HttpResponseBase, cookie: str, revision: int) -> None:
    response.set_signed_cookie(
        cookie,
        str(revision),
        salt=_salt(request, cookie),
        max_age=KEPT,
        path="/dashboard/",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def _salt(request: HttpRequest, cookie: str) -> str:
    return f"{cookie}:{request.business.slug}"  # type: ignore[attr-defined]
