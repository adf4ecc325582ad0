"""The newest revision that a browser has seen: it is never shown an older one.

The crew's travels in a signed cookie of its own, a poll's and a customer's in the address.
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "seen"
PARAMETER = "r"
KEPT = 60  # seconds: every snapshot is newer by then


def revision_seen(request: HttpRequest) -> int:
    """0 where it has seen none; what is no revision is none."""
    asked = request.GET.get(PARAMETER, "")
    in_address = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0
    try:
        in_cookie = int(request.get_signed_cookie(COOKIE, "0", salt=_salt(request)) or 0)
    except (signing.BadSignature, ValueError):
        in_cookie = 0
    return max(in_address, in_cookie)


def remember(request: HttpRequest, response: HttpResponse, revision: int) -> HttpResponse:
    if revision > revision_seen(request):
        response.set_signed_cookie(
            COOKIE,
            str(revision),
            salt=_salt(request),
            max_age=KEPT,
            path="/dashboard/",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
    return response


def _salt(request: HttpRequest) -> str:
    return f"seen:{request.business.slug}"  # type: ignore[attr-defined]
