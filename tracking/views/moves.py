"""What the customer does with one tap: ready, cancelled, yes or no to a price, and undo."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain import job_input
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.moves import UNDO, IllegalMove, JobConflict, has_undone, refusal
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.money import ACCEPTED, DECLINED
from dispatch.explain import explain
from dispatch.http import SiteRequest, own_pages_only
from dispatch.ratelimit import TooMany
from tracking.public import TrackedJob, tracked
from tracking.views.link import (
    counted,
    expected,
    moved_on,
    of_a_link,
    refused,
    to_page,
    too_often,
)

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


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def move(request: SiteRequest, token: str, to: Status) -> HttpResponse:
    """POST moves the job; GET asks first."""
    shown, job = tracked(request, token)
    ask = partial(_ask, request, token, shown, to, _what_then(job, to))
    if request.method == "POST":
        try:
            return _done(request, token, job, to)
        except TooMany as error:
            return too_often(request, token, job, error)
        except StoreUnavailable:
            return ask(503)
        except InvalidInput as error:
            return ask(422, explain(error, request.business))
    if job.status is to:  # done: the back button leads here
        return to_page(request, token)
    at, business = wiring.now(), request.business
    if why := refusal(job, to, by=THE_CUSTOMER, at=at, business=business, reason=""):
        words = explain(IllegalMove(why, job.status, to), business)
        return refused(request, token, job, words)
    return ask()


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def undo(request: SiteRequest, token: str) -> HttpResponse:
    """Take back one's own last move, within a minute of it."""
    _shown, job = tracked(request, token)
    if request.method == "POST":
        try:
            seen, business = expected(request), wiring.in_force(request.business)
            key = request.POST.get("key", "")
            with counted(request, job):
                jobs.undo(business, job.id, by=THE_CUSTOMER, expected=seen, key=key)
        except TooMany as error:
            return too_often(request, token, job, error)
        except JobConflict as conflict:
            if not has_undone(conflict.job, THE_CUSTOMER):
                return moved_on(request, token, conflict.job)
        except WindowFull:
            why = _("Your time has filled up meanwhile. Please call us: we find you another.")
            return refused(request, token, job, why, 409)
        except IllegalMove:
            pass  # too late, or done already: the page shows how it is
    return to_page(request, token)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def quote(request: SiteRequest, token: str) -> HttpResponse:
    """POST is the customer's `answer` to the price of that `id`; GET asks for it."""
    shown, job = tracked(request, token)
    if request.method != "POST":  # answered: the back button leads here
        return _ask_price(request, token, shown) if shown.quote else to_page(request, token)
    try:
        return _answered(request, token, job)
    except TooMany as error:
        return too_often(request, token, job, error)
    except StoreUnavailable:
        return _ask_price(request, token, shown, 503)


def _answered(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    """Yes or no is said; said again, it is said as well. Raises StoreUnavailable, TooMany."""
    business, sent = request.business, request.POST
    answer, quote_id, key = (sent.get(name, "") for name in ("answer", "id", "key"))
    if answer not in (ACCEPTED, DECLINED):
        return refused(request, token, job, _("Please say yes or no to the price."))
    try:
        with counted(request, job):
            jobs.answer(business, job.id, quote_id, answer, by=THE_CUSTOMER, key=key)
    except JobConflict as conflict:
        return refused(request, token, conflict.job, explain(conflict, business), 409)
    except IllegalMove:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        why = _("This pickup is over, so its price stands as it is.")
        return refused(request, token, now, why)
    return to_page(request, token)


def _ask_price(
    request: SiteRequest, token: str, shown: TrackedJob, status: int = 200
) -> HttpResponse:
    """Asks for a yes or no; once more where the storage is out of reach (503)."""
    key = request.POST.get("key") or wiring.new_token()
    context = {"job": shown, "token": token, "key": key, "again": status == 503}
    return render(request, "tracking/price.html", context, status=status)


def _what_then(job: Job, to: Status) -> str:
    """What the question says besides."""
    if to is Status.CANCELLED and job.paid and job.paid.amount:
        return _("We take it off our list. About what you have paid, please call us.")
    return str(ASK[to][1])


def _ask(
    request: SiteRequest,
    token: str,
    shown: TrackedJob,
    to: Status,
    text: str,
    status: int = 200,
    wrong: str = "",
) -> HttpResponse:
    """Asks before it is done; or once more, with what was typed, where that is `wrong` or the
    storage out of reach (503).
    """
    context = {"job": shown, "token": token, "title": ASK[to][0], "text": text, "to": to}
    context |= {"wrong": wrong, "again": status == 503}
    context["key"] = request.POST.get("key") or wiring.new_token()
    return render(request, "tracking/ask.html", context, status=status)


def _done(request: SiteRequest, token: str, job: Job, to: Status) -> HttpResponse:
    """Do it; sent again, or done by somebody else meanwhile, it is done as well.

    Raises InvalidInput, StoreUnavailable, TooMany.
    """
    business, reason = request.business, job_input.text("reason", request.POST.get("reason"))
    try:
        with counted(request, job):
            jobs.move(
                *(business, job.id, to),
                by=THE_CUSTOMER,
                expected=expected(request),
                reason="" if reason == UNDO else reason,
                key=request.POST.get("key", ""),
            )
    except JobConflict as conflict:
        if conflict.job.status is not to:
            return moved_on(request, token, conflict.job)
    except IllegalMove as error:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        if now.status is not to:
            return refused(request, token, now, explain(error, business))
    return to_page(request, token)
