"""The request as every page and call sees it, who may pass, and what answers have in common."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import parse_etags
from django.utils.translation import activate, get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission
from dispatch.models import CrewUser
from dispatch.templatetags.formats import words

REVISION_COOKIE, ROSTER_COOKIE = "seen", "seen_roster"  # revisions of jobs and roster
REVISION_PARAMETER = "r"
LANGUAGE_PARAMETER = "language"
REVISION_KEPT = 60  # seconds: every snapshot is newer by then
UNSENT = "unsent"  # the field in which the sign-in page carries a form
UNSENT_KEPT = 12 * 3600  # seconds
MOST_UNSENT = 48 * 1024  # characters; the body that brings it back holds little more
NOT_CARRIED = {"csrfmiddlewaretoken", "member", UNSENT}
# How the page that gives a form back shows its fields: others as they are, not to be changed.
TO_TYPE = {
    *("customer_name", "phone", "email", "location", "access_notes", "truck", "price", "date"),
    *("text", "reason", "eta", "name", "label", "amount"),
}
LONG = {"text", "access_notes", "location"}
TO_HIDE = {
    *("key", "back", "version", "expected", "take", "insist", "revoke", "on_my_way", "job", "do"),
    *("id", "reverse", "by", "at"),
}

P = ParamSpec("P")


class SiteRequest(HttpRequest):
    """A request with what the site's middleware has found out about it."""

    business: Business
    public_url: str  # "https://quickdumpnow.com"; in development the host that was asked
    client_ip: str
    asked_language: str  # by the address, which goes before all others; empty: none
    carried_language: str  # the same, where our links keep it
    revision: int  # of the jobs: the newest that this browser has seen, never to be undercut
    user: CrewUser  # behind `crew_only` and the API's sign-in; elsewhere maybe anonymous


View = Callable[Concatenate[SiteRequest, P], HttpResponseBase]


def crew_only(permission: Permission, *, poll: bool = False) -> Callable[[View[P]], View[P]]:
    """A view for members who may; strangers are sent to sign in (a poll gets 401), others get 403.

    A form that was sent too late is carried by the sign-in page.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if poll or is_fetch(request):
                    return unauthorized()
                if carried := carried_by(request):
                    return sign_in_first(request, carried)
                # A form's own address is no page to come back to.
                safe = request.method in ("GET", "HEAD")
                return redirect_to_login(request.get_full_path() if safe else reverse("board"))
            speak(request, request.user.member.language)
            if not request.user.actor.may(permission):
                raise PermissionDenied(no_permission(request.user, permission))
            request.business = wiring.in_force(request.business)
            response = view(request, *args, **kwargs)
            if request.method == "POST":
                roster = wiring.roster(request.business).read()
                keep_revision(request, response, ROSTER_COOKIE, roster.revision)
            return response

        return guarded

    return decorate


def speak(request: SiteRequest, language: str) -> None:
    """Answer in that language, if the business speaks it and the address asks for none."""
    if language in request.business.languages and not request.asked_language:
        activate(language)


def unauthorized() -> HttpResponse:
    """For a page's script: the session has ended."""
    return HttpResponse(_("Please sign in."), status=401, content_type="text/plain")


def no_permission(user: CrewUser, permission: Permission) -> str:
    names = {"rank": words(user.rank), "what": _(permission.words)}
    return _("Your rank, %(rank)s, does not let you %(what)s. Ask a dispatcher.") % names


def is_fetch(request: HttpRequest) -> bool:
    """True where a page's script asks, which wants the changing part alone."""
    return request.headers.get("X-Requested-With") == "fetch"


def is_from_own_page(request: HttpRequest) -> bool:
    """True where the browser says that a page of this very host sent it."""
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def sign_in_first(request: SiteRequest, carried: str) -> HttpResponse:
    """The sign-in page, which carries the form that was sent, for whoever it was to send on."""
    context = {UNSENT: carried, "is_late": True, "next": reverse("board")}
    return render(request, "dispatch/login.html", context, status=401)


def given_back(request: SiteRequest, *, status: int = 200) -> HttpResponse | None:
    """The form that this member sent too late, with a fresh token; None where there is none, or
    it was another's.
    """
    try:
        sent = signing.loads(carried_by(request), salt=_salt(request), max_age=UNSENT_KEPT)
    except signing.BadSignature:
        return None
    if sent["member"] != request.user.username:
        return None
    fields = [
        (
            name,
            value,
            "typed" if name in TO_TYPE else "hidden" if _hides(name, value) else "kept",
            name in LONG or "\n" in value,  # a control of one line would lose the others
        )
        for name, value in sent["fields"]
    ]
    context = {"path": sent["path"], "fields": fields}
    return render(request, "dispatch/unsent.html", context, status=status)


def carried_by(request: SiteRequest) -> str:
    """The form that was sent, signed, or that which the sign-in page has carried so far.

    Never a password. Empty where nobody knows whose form it was, and where it is too long.
    """
    if request.path == reverse("login"):
        return request.POST.get(UNSENT, "")
    member = request.POST.get("member", "")
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in NOT_CARRIED and "password" not in name
    ]
    sent = {"member": member, "path": request.get_full_path(), "fields": fields}
    carried = signing.dumps(sent, salt=_salt(request), compress=True) if member else ""
    return carried if len(carried) <= MOST_UNSENT else ""


def _salt(request: SiteRequest) -> str:
    return f"{UNSENT}:{request.business.slug}"


def _hides(name: str, value: str) -> bool:
    return name in TO_HIDE or name.startswith("seen-") or not value


def own_pages_only(view: View[P]) -> View[P]:
    """For forms without a cookie, where the secret address is the authority: refuse a POST that
    another site's page sent. One without a browser's headers may pass.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        here = f"{request.scheme}://{request.get_host()}"
        is_own = request.headers.get("Origin") in (None, here, request.public_url)
        if (site := request.headers.get("Sec-Fetch-Site")) is not None:
            is_own = site in ("same-origin", "none")
        if request.method == "POST" and not is_own:
            raise PermissionDenied(_("That came from another site's page, so we did nothing."))
        return view(request, *args, **kwargs)

    return guarded


def post_only(page: str) -> Callable[[View[P]], View[P]]:
    """A form's address, for POST; a GET, as after signing in again, is sent to the form's page.

    `page` is the name of that one's URL, which takes the same arguments.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: SiteRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(reverse(page, args=args, kwargs=kwargs))
            return require_POST(view)(request, *args, **kwargs)

        return guarded

    return decorate


def revision_of(request: HttpRequest, business: Business) -> int:
    """The newest revision of the jobs that this browser has seen; 0 where it has seen none.

    The crew's is in a signed cookie; a poll's and a customer's in the address.
    """
    in_address = number_in_address(request, REVISION_PARAMETER)
    return max(in_address, kept_revision(request, REVISION_COOKIE, business))


def number_in_address(request: HttpRequest, name: str) -> int:
    """The value of that parameter, if it is up to 15 digits; else 0."""
    asked = request.GET.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0


def with_revision(request: SiteRequest, response: HttpResponse, revision: int) -> HttpResponse:
    """The browser remembers the jobs' revision, so that its next page is no older."""
    keep_revision(request, response, REVISION_COOKIE, revision)
    return response


def kept_revision(request: HttpRequest, cookie: str, business: Business) -> int:
    try:
        return int(request.get_signed_cookie(cookie, "0", salt=f"{cookie}:{business.slug}") or 0)
    except (signing.BadSignature, ValueError):
        return 0


def keep_revision(
    request: SiteRequest, response: HttpResponseBase, cookie: str, revision: int
) -> None:
    if revision > kept_revision(request, cookie, request.business):
        response.set_signed_cookie(
            cookie,
            str(revision),
            salt=f"{cookie}:{request.business.slug}",
            max_age=REVISION_KEPT,
            path=reverse("board"),
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )


def etag_of(shown: object) -> str:
    """The same wherever all that an answer shows is the same, going by its `repr`, and the language
    too; weak, as its bytes may differ.
    """
    said = repr((get_language(), shown))
    return f'W/"{blake2b(said.encode(), digest_size=12).hexdigest()}"'


def is_known(request: HttpRequest, etag: str) -> bool:
    """True where the asker has that answer."""
    return etag_is_in(request.headers.get("If-None-Match", ""), etag)


def etag_is_in(header: str, etag: str) -> bool:
    """As is usual for If-None-Match (RFC 9110, 13.1.2), weak or not."""
    if header == etag:  # as most are
        return True
    known = parse_etags(header)
    return "*" in known or etag.removeprefix("W/") in {each.removeprefix("W/") for each in known}


def tracking_url(request: SiteRequest, job: Job) -> str:
    """The customer's whole link, on the public host; empty where the job has none."""
    if not job.tracking_token:
        return ""
    return request.public_url + reverse("track", args=[job.tracking_token])


def as_picture(body: bytes) -> HttpResponse:
    """A photo, which is shown and kept nowhere."""
    response = HttpResponse(body, content_type="image/jpeg")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = "inline"
    return response


def see_other(page: str, *args: Any, query: str = "", anchor: str = "") -> HttpResponseRedirect:
    """303 to the page of that URL name."""
    tail = (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")
    return HttpResponseRedirect(reverse(page, args=args) + tail, status=303)
