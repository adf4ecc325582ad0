"""The customer's pages: no account, no cookie; the link is the key.

What browsers and robots may keep of them, the settings say (`ANSWER_HEADERS`).
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import jobs, wiring
from dispatch.domain import job_input
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import UNDO, IllegalMove, JobConflict, has_undone, named_status, refusal
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable, UnreadableDocument
from dispatch.domain.visit.money import ACCEPTED, DECLINED
from dispatch.explain import explain
from dispatch.explain.words import told
from dispatch.http import (
    REVISION_PARAMETER,
    SiteRequest,
    as_picture,
    etag_of,
    is_known,
    own_pages_only,
    see_other,
)
from dispatch.jobs import photos
from dispatch.ratelimit import Limit, TooMany, source
from tracking.public import TrackedJob, public_view, tracked

log = logging.getLogger(__name__)
ASK_AGAIN = "5"  # seconds after which a page that could not be shown asks again by itself
ASK = {
    Status.READY_FOR_PICKUP: (
        gettext_lazy("I'm ready for pickup"),
        gettext_lazy("We tell the crew that everything is out and can be loaded."),
    ),
    Status.CANCELLED: (
        gettext_lazy("Cancel this pickup"),
        gettext_lazy("We take it off our list. Nothing is charged."),
    ),
}


# Whoever has the link may press its buttons, and not make the history grow without end.
ON_ONE_JOB = Limit("a customer's actions on a job", most=20, seconds=600)
IN_A_DAY = Limit("a customer's actions on a job in a day", most=60, seconds=24 * 3600)
OF_ONE_SENDER = Limit("customers' actions", most=60, seconds=600)


def of_a_link(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of a link; a link that is unknown, or goes meanwhile, has one page for all."""

    @wraps(view)
    def found(request: SiteRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, token, **kwargs)
        except JobNotFound:
            return not_found(request)

    return found


@require_safe
@of_a_link
def track(request: SiteRequest, token: str) -> HttpResponse:
    try:
        return _page(request, token)
    except StoreUnavailable as error:  # it may have been booked this very moment
        log.error("Storage: %s", error)
        response = render(request, "tracking/one_moment.html", status=503)
        response.headers["Refresh"] = ASK_AGAIN
        return response


def _page(request: SiteRequest, token: str) -> HttpResponse:
    try:
        shown, _job = tracked(request, token)
    except (JobNotFound, UnreadableDocument):
        # Old links ended in these signs too: only now it is clear that they stood behind this one.
        if (link := token.rstrip("-_")) == token:
            raise
        tracked(request, link)
        return redirect("track", link)
    context = {"job": shown, "token": token, "revision": request.revision, **_age(request)}
    return render(request, "tracking/track.html", context)


@require_safe
@of_a_link
def live(request: SiteRequest, token: str) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    shown, _job = tracked(request, token)
    age = _age(request)
    # Since when is known to the second only; a time of another day than today says which.
    today = request.business.today(wiring.now())
    etag = etag_of((shown, today, age["out_of_reach"]))
    if is_known(request, etag):
        response = HttpResponse(status=304)
    else:
        context = {"job": shown, "token": token, **age}
        response = render(request, "tracking/_live.html", context)
    response.headers["ETag"] = etag
    return response


@require_safe
@of_a_link
def photo(request: SiteRequest, token: str, photo_id: str) -> HttpResponseBase:
    shown, job = tracked(request, token)
    is_shown = photo_id in {each.id for each in shown.photos}
    body = photos.picture(request.business, job, photo_id) if is_shown else None
    return not_found(request) if body is None else as_picture(body)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def move(request: SiteRequest, token: str, to: Status) -> HttpResponse:
    """POST moves the job; GET asks first."""
    shown, job = tracked(request, token)
    if request.method == "POST":
        try:
            return _done(request, token, job, to)
        except TooMany as error:
            return _too_often(request, token, job, error)
        except StoreUnavailable:
            return _ask(request, token, shown, to, 503)
        except InvalidInput as error:
            return _ask(request, token, shown, to, 422, explain(error, request.business))
    if job.status is to:  # done: the back button leads here
        return _to_page(request, token)
    at, business = wiring.now(), request.business
    if why := refusal(job, to, by=THE_CUSTOMER, at=at, business=business, reason=""):
        words = explain(IllegalMove(why, job.status, to), business)
        return _refused(request, token, job, words)
    return _ask(request, token, shown, to)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def undo(request: SiteRequest, token: str) -> HttpResponse:
    """Take back one's own last move, within a minute of it."""
    _shown, job = tracked(request, token)
    if request.method == "POST":
        try:
            expected, business = _expected(request), wiring.in_force(request.business)
            key = request.POST.get("key", "")
            with _counted(request, job):
                jobs.undo(business, job.id, by=THE_CUSTOMER, expected=expected, key=key)
        except TooMany as error:
            return _too_often(request, token, job, error)
        except JobConflict as conflict:
            if not has_undone(conflict.job, THE_CUSTOMER):
                return _moved_on(request, token, conflict.job)
        except WindowFull:
            why = _("Your time has filled up meanwhile. Please call us: we find you another.")
            return _refused(request, token, job, why, 409)
        except IllegalMove:
            pass  # too late, or done already: the page shows how it is
    return _to_page(request, token)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def quote(request: SiteRequest, token: str) -> HttpResponse:
    """POST is the customer's `answer` to the price of that `id`; GET asks for it."""
    shown, job = tracked(request, token)
    if request.method != "POST":  # answered: the back button leads here
        return _ask_price(request, token, shown) if shown.quote else _to_page(request, token)
    try:
        return _answered(request, token, job)
    except TooMany as error:
        return _too_often(request, token, job, error)
    except StoreUnavailable:
        return _ask_price(request, token, shown, 503)


def _answered(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    """Yes or no is said; said again, it is said as well. Raises StoreUnavailable, TooMany."""
    business, sent = request.business, request.POST
    answer, quote_id, key = (sent.get(name, "") for name in ("answer", "id", "key"))
    if answer not in (ACCEPTED, DECLINED):
        return _refused(request, token, job, _("Please say yes or no to the price."))
    try:
        with _counted(request, job):
            jobs.answer(business, job.id, quote_id, answer, by=THE_CUSTOMER, key=key)
    except JobConflict as conflict:
        return _refused(request, token, conflict.job, explain(conflict, business), 409)
    except IllegalMove:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        why = _("This pickup is over, so its price stands as it is.")
        return _refused(request, token, now, why)
    return _to_page(request, token)


def _ask_price(
    request: SiteRequest, token: str, shown: TrackedJob, status: int = 200
) -> HttpResponse:
    """Asks for a yes or no; once more where the storage is out of reach (503)."""
    key = request.POST.get("key") or wiring.new_token()
    context = {"job": shown, "token": token, "key": key, "again": status == 503}
    return render(request, "tracking/price.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def not_found(request: SiteRequest, rest: str = "") -> HttpResponse:
    """Unknown, malformed and expired links, and addresses that look like one, are told from each
    other by nobody.
    """
    return render(request, "tracking/not_found.html", status=404)


def _ask(
    request: SiteRequest,
    token: str,
    shown: TrackedJob,
    to: Status,
    status: int = 200,
    wrong: str = "",
) -> HttpResponse:
    """Asks before it is done; or once more, with what was typed, where that is `wrong` or the
    storage out of reach (503).
    """
    title, text = ASK[to]
    context = {"job": shown, "token": token, "title": title, "text": text, "to": to}
    context |= {"wrong": wrong, "again": status == 503}
    context["key"] = request.POST.get("key") or wiring.new_token()
    return render(request, "tracking/ask.html", context, status=status)


def _done(request: SiteRequest, token: str, job: Job, to: Status) -> HttpResponse:
    """Do it; sent again, or done by somebody else meanwhile, it is done as well.

    Raises InvalidInput, StoreUnavailable, TooMany.
    """
    business, reason = request.business, job_input.text("reason", request.POST.get("reason"))
    try:
        with _counted(request, job):
            jobs.move(
                *(business, job.id, to),
                by=THE_CUSTOMER,
                expected=_expected(request),
                reason="" if reason == UNDO else reason,
                key=request.POST.get("key", ""),
            )
    except JobConflict as conflict:
        if conflict.job.status is not to:
            return _moved_on(request, token, conflict.job)
    except IllegalMove as error:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        if now.status is not to:
            return _refused(request, token, now, explain(error, business))
    return _to_page(request, token)


@contextmanager
def _counted(request: SiteRequest, job: Job) -> Iterator[None]:
    """What a customer does to a job counts where it does something. Raises TooMany."""
    nothing, of_job = (JobConflict, IllegalMove), f"{request.business.slug} {job.id}"
    by_sender = OF_ONE_SENDER.unless(source(request), *nothing)
    by_job, by_day = (limit.unless(of_job, *nothing) for limit in (ON_ONE_JOB, IN_A_DAY))
    with by_sender, by_job, by_day:
        yield


def _too_often(request: SiteRequest, token: str, job: Job, error: TooMany) -> HttpResponse:
    minutes = -(-error.retry_after // 60)
    if minutes > 90:
        hours = -(-minutes // 60)
        wait = ngettext(
            "Please wait %(count)d hour, or call us.",
            "Please wait %(count)d hours, or call us.",
            hours,
        ) % {"count": hours}
    else:
        count = max(minutes, 1)
        wait = ngettext("Please wait a minute.", "Please wait %(count)d minutes.", count) % {
            "count": count
        }
    why = _("That was a lot in a short time, so nothing was changed now.")
    response = _refused(request, token, job, f"{why} {wait}", 429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _expected(request: SiteRequest) -> Status | None:
    """The status that the customer saw, where the form says it. Raises IllegalMove."""
    seen = request.POST.get("expected")
    return named_status(seen) if seen else None


def _to_page(request: SiteRequest, token: str) -> HttpResponse:
    """With what was just written, whichever process shows it."""
    revision = wiring.jobs(request.business).read().revision
    return see_other("track", token, query=f"{REVISION_PARAMETER}={revision}")


def _moved_on(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    """The page as it is now; who of the crew was faster is not for customers."""
    why = _("We have moved this pickup to “%(status)s” meanwhile.")
    if job.last_move and job.last_move.by == THE_CUSTOMER.name:
        why = _("You have moved this pickup to “%(status)s” meanwhile.")
    return _refused(request, token, job, why % {"status": told(job.status.label)}, 409)


def _refused(
    request: SiteRequest, token: str, job: Job, why: str, status: int = 422
) -> HttpResponse:
    """The page as it is, and above it why that cannot be done."""
    now = public_view(request.business, job)
    context = {"job": now, "token": token, "refusal": why, **_age(request)}
    return render(request, "tracking/track.html", context, status=status)


def _age(request: SiteRequest) -> dict[str, object]:
    """For the template: is the storage silent for so long that the page must say so, since when."""
    age = wiring.jobs(request.business).age()
    if not jobs.is_silent(age):
        return {"out_of_reach": False}
    return {"out_of_reach": True, "as_of": wiring.now() - timedelta(seconds=age)}
