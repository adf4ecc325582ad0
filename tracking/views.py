"""The customer's pages: no account, no cookie; the link is the key.

What browsers and robots may keep of them, the settings say (`ANSWER_HEADERS`).
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import blake2b

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import desk, wiring
from dispatch.domain.business import Business
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import THE_CUSTOMER, UNDO, IllegalMove, JobConflict, refuse, undoes_to
from dispatch.domain.status import Status
from dispatch.etag import is_known
from dispatch.origin import own_pages_only
from dispatch.seen import PARAMETER, revision_seen
from tracking.lookup import shown, tracked
from tracking.public import TrackedJob

ASK = {
    Status.READY_FOR_PICKUP: (
        "I'm ready for pickup",
        "We tell the crew that everything is out and can be loaded.",
    ),
    Status.CANCELLED: ("Cancel this pickup", "We take it off our list. Nothing is charged."),
}

View = Callable[[HttpRequest, str], HttpResponse]


def of_a_link(view: View) -> View:
    """Where there is no such link, or its job goes while we look, the one page for that."""

    @wraps(view)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return view(request, token)
        except JobNotFound:
            return not_found(request)

    return found


@require_safe
@of_a_link
def track(request: HttpRequest, token: str) -> HttpResponse:
    shown, _ = tracked(request, token)
    context = {"job": shown, "token": token, "revision": revision_seen(request), **_age(request)}
    return render(request, "tracking/track.html", context)


@require_safe
@of_a_link
def live(request: HttpRequest, token: str) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    shown, _ = tracked(request, token)
    age = _age(request)
    etag = f'"{blake2b(repr((shown, age)).encode(), digest_size=12).hexdigest()}"'
    if is_known(request, etag):
        response = HttpResponse(status=304)
    else:
        context = {"job": shown, "token": token, **age}
        response = render(request, "tracking/_live.html", context)
    response.headers["ETag"] = etag
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def ready(request: HttpRequest, token: str) -> HttpResponse:
    return _move(request, token, Status.READY_FOR_PICKUP)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    return _move(request, token, Status.CANCELLED)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """Take back one's own last move, within a minute of it."""
    _, job = tracked(request, token)
    back = undoes_to(job, THE_CUSTOMER, wiring.now())
    if request.method != "POST" or back is None:
        return HttpResponseRedirect(f"/track/{token}", status=303)
    return _done(request, token, job, back, UNDO)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def anything_else(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What looks like a link and is none answers as an unknown one."""
    return not_found(request)


def not_found(request: HttpRequest) -> HttpResponse:
    """Unknown, malformed and expired links are told from each other by nobody."""
    return render(request, "tracking/not_found.html", status=404)


def _move(request: HttpRequest, token: str, to: Status) -> HttpResponse:
    shown, job = tracked(request, token)
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:500]
        try:
            return _done(request, token, job, to, "" if reason == UNDO else reason)
        except StoreUnavailable:
            return _ask(request, token, shown, to, 503)
    at, business = wiring.now(), _business(request)
    if why := refuse(job, to, by=THE_CUSTOMER, at=at, business=business, reason=""):
        return _refused(request, token, shown, why)
    return _ask(request, token, shown, to)


def _ask(
    request: HttpRequest, token: str, shown: TrackedJob, to: Status, status: int = 200
) -> HttpResponse:
    """Asks before it is done, or (503) to try once more, with what was typed."""
    title, text = ASK[to]
    context = {"job": shown, "token": token, "title": title, "text": text, "to": to}
    return render(request, "tracking/ask.html", context | {"again": status == 503}, status=status)


def _done(request: HttpRequest, token: str, job: Job, to: Status, reason: str) -> HttpResponse:
    business = _business(request)
    try:
        done = desk.move_job(business, job.id, to, by=THE_CUSTOMER, reason=reason)
    except (IllegalMove, JobConflict) as refusal:
        now = shown(business, desk.find(business, job.id, by=THE_CUSTOMER))
        return _refused(request, token, now, str(refusal))
    return HttpResponseRedirect(f"/track/{token}?{PARAMETER}={done.revision}", status=303)


def _refused(request: HttpRequest, token: str, shown: TrackedJob, why: str) -> HttpResponse:
    """The page as it is, and above it why that cannot be done."""
    context = {"job": shown, "token": token, "refusal": why, **_age(request)}
    return render(request, "tracking/track.html", context, status=422)


def _age(request: HttpRequest) -> dict[str, object]:
    """Whether the storage has been silent for so long that the page must say so; since when."""
    age = wiring.jobs(_business(request)).age()
    if age <= desk.SILENT:
        return {"out_of_reach": False}
    return {"out_of_reach": True, "as_of": wiring.now() - timedelta(seconds=age)}


def _business(request: HttpRequest) -> Business:
    business: Business = request.business  # type: ignore[attr-defined]
    return business
