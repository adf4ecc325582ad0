"""What the customer changes: another window, and a message or gate code for the crew."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.calendar import offered
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.moves import IllegalMove, JobConflict
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning import reschedule as planning
from dispatch.domain.planning.reschedule import Unbookable
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit import letter
from dispatch.domain.visit.letter import TooManyLetters
from dispatch.explain import explain
from dispatch.explain.windows import unbookable_text
from dispatch.http import SiteRequest, own_pages_only
from dispatch.ratelimit import TooMany
from tracking.public import public_view, tracked
from tracking.views.link import (
    counted,
    expected,
    moved_on,
    of_a_link,
    refused,
    to_page,
    too_often,
    too_often_text,
)

SOON = 7  # days that are shown at once; later ones are folded


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def reschedule(request: SiteRequest, token: str) -> HttpResponse:
    """POST puts the job into another window; GET asks for it."""
    business = request.business = wiring.in_force(request.business)
    _shown, job = tracked(request, token)
    if request.method == "POST":
        try:
            return _rescheduled(request, token, job)
        except TooMany as error:
            return too_often(request, token, job, error)
    if why := planning.refusal(job, wiring.now(), business):
        words = explain(IllegalMove(why, job.status, job.status), business)
        return refused(request, token, job, words)
    return _ask_window(request, token, job)


def _rescheduled(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    """Raises TooMany."""
    business = request.business
    try:
        window, version = _chosen(request), _version(request)
        with counted(request, job):
            jobs.reschedule(
                *(business, job.id, window),
                expected=expected(request),
                version=version,
                key=request.POST.get("key", ""),
            )
    except InvalidInput as error:
        return _ask_window(request, token, job, 422, wrong=explain(error, business))
    except Unbookable as error:
        why = unbookable_text(error.why, error.window, business, wiring.now())
        return _ask_window(request, token, job, 422, wrong=why)
    except WindowFull as full:
        return _ask_window(request, token, job, 409, full=full)
    except StoreUnavailable:
        return _ask_window(request, token, job, 503)
    except JobConflict as conflict:
        if not conflict.field:
            return moved_on(request, token, conflict.job)
        why = _("The time has changed meanwhile. This is how it is now.")
        return refused(request, token, conflict.job, why, 409)
    except IllegalMove as error:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        return refused(request, token, now, explain(error, business))
    return to_page(request, token)


def _chosen(request: SiteRequest) -> Window:
    """Of `date` and `window`; the page's buttons have both in one. Raises InvalidInput."""
    sent = request.POST
    chosen = sent.get("instead") or sent.get("window", "")
    day, space, name = chosen.partition(" ")
    given = {"date": day, "name": name} if space else {"date": sent.get("date"), "name": chosen}
    if not any(given.values()):
        raise InvalidInput({"window": _("Please choose a time.")})
    window: Window = job_input.clean({"window": given}, request.business)["window"]
    return window


def _version(request: SiteRequest) -> int | None:
    """Which version of the job they saw, where the form says it. Raises InvalidInput."""
    typed = request.POST.get("version", "")
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise InvalidInput({"version": _("That is no version of this pickup.")})
    return int(typed)


def _ask_window(
    request: SiteRequest,
    token: str,
    job: Job,
    status: int = 200,
    *,
    wrong: str = "",
    full: WindowFull | None = None,
) -> HttpResponse:
    """Asks for another window; or once more, where that is `wrong` or `full`, or the storage out
    of reach (503).
    """
    sent, business = request.POST, request.business
    days = offered.days(business, wiring.now(), but=job.id)
    context = {
        "job": public_view(business, job),
        "token": token,
        "needed": business.places_of(job.load),
        "soon": days[:SOON],
        "later": days[SOON:],
        "chosen": sent.get("instead") or sent.get("window", ""),
        "key": sent.get("key") or wiring.new_token(),
        "expected": sent.get("expected") or job.status,
        "version": sent.get("version") or job.version,
        "wrong": wrong,
        "full": full,
        "again": status == 503,
    }
    return render(request, "tracking/reschedule.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def message(request: SiteRequest, token: str) -> HttpResponse:
    """POST sends `text` to the crew, as a `gate_code` to the access notes too; GET asks for it."""
    if request.method == "POST":
        try:
            return _written(request, token)
        except StoreUnavailable:
            return _ask_text(request, token, None, 503)
    _shown, job = tracked(request, token)
    try:
        letter.check_may_write(job)
    except (IllegalMove, TooManyLetters) as error:
        return refused(request, token, job, _why_not(error, request.business))
    return _ask_text(request, token, job)


def _written(request: SiteRequest, token: str) -> HttpResponse:
    """Raises StoreUnavailable."""
    business, sent = request.business, request.POST
    _shown, job = tracked(request, token)
    try:
        text = letter.text_of("text", sent.get("text"))
        with counted(request, job):
            jobs.write(
                *(business, job.id, text),
                is_gate_code="gate_code" in sent,
                key=sent.get("key", ""),
            )
    except InvalidInput as error:
        return _ask_text(request, token, job, 422, explain(error, business))
    except TooMany as error:
        response = _ask_text(request, token, job, 429, too_often_text(error))
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    except (IllegalMove, TooManyLetters) as error:
        now = jobs.find(business, job.id, by=THE_CUSTOMER)
        return refused(request, token, now, _why_not(error, business))
    return to_page(request, token)


def _why_not(error: IllegalMove | TooManyLetters, business: Business) -> str:
    if isinstance(error, TooManyLetters):
        return _("You have sent us as many messages as fit here. Please call us.")
    return explain(error, business)


def _ask_text(
    request: SiteRequest, token: str, job: Job | None, status: int = 200, wrong: str = ""
) -> HttpResponse:
    """Asks for the message; or once more, with what was typed, where that is `wrong`, or the
    storage out of reach (503): then nobody may know which job it is about.
    """
    sent = request.POST
    context = {
        "job": public_view(request.business, job) if job else None,
        "token": token,
        "key": sent.get("key") or wiring.new_token(),
        "text": sent.get("text", ""),
        "is_gate_code": "gate_code" in sent,
        "longest": job_input.LONGEST["text"],
        "wrong": wrong,
        "again": status == 503,
    }
    return render(request, "tracking/message.html", context, status=status)
