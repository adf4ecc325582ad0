"""What all views of a customer's link share: who may, how often, and the page with a refusal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import IllegalMove, JobConflict, named_status
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning.reschedule import Unbookable
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import Status
from dispatch.domain.visit.letter import TooManyLetters
from dispatch.explain.words import told
from dispatch.http import REVISION_PARAMETER, SiteRequest, own_pages_only, see_other
from dispatch.ratelimit import Limit, TooMany, source
from tracking.public import public_view

# Whoever has the link may press its buttons, and not make the history grow without end.
ON_ONE_JOB = Limit("a customer's actions on a job", most=20, seconds=600)
IN_A_DAY = Limit("a customer's actions on a job in a day", most=60, seconds=24 * 3600)
# Ways for an action to end that have changed nothing.
NOTHING = (*(IllegalMove, InvalidInput, JobConflict, TooManyLetters, Unbookable, WindowFull),)
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


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def not_found(request: SiteRequest, rest: str = "") -> HttpResponse:
    """Unknown, malformed and expired links, and addresses that look like one, are told from each
    other by nobody.
    """
    return render(request, "tracking/not_found.html", status=404)


@contextmanager
def counted(request: SiteRequest, job: Job) -> Iterator[None]:
    """What a customer does to a job counts where it does something. Raises TooMany."""
    of_job = f"{request.business.slug} {job.id}"
    by_sender = OF_ONE_SENDER.unless(source(request), *NOTHING)
    by_job, by_day = (limit.unless(of_job, *NOTHING) for limit in (ON_ONE_JOB, IN_A_DAY))
    with by_sender, by_job, by_day:
        yield


def too_often(request: SiteRequest, token: str, job: Job, error: TooMany) -> HttpResponse:
    response = refused(request, token, job, too_often_text(error), 429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def too_often_text(error: TooMany) -> str:
    """That nothing was done now, and how long to wait."""
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
    return f"{why} {wait}"


def expected(request: SiteRequest) -> Status | None:
    """The status that the customer saw, where the form says it. Raises IllegalMove."""
    seen = request.POST.get("expected")
    return named_status(seen) if seen else None


def to_page(request: SiteRequest, token: str) -> HttpResponse:
    """With what was just written, whichever process shows it."""
    revision = wiring.jobs(request.business).read().revision
    return see_other("track", token, query=f"{REVISION_PARAMETER}={revision}")


def moved_on(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    """The page as it is now; who of the crew was faster is not for customers."""
    why = _("We have moved this pickup to “%(status)s” meanwhile.")
    if job.last_move and job.last_move.by == THE_CUSTOMER.name:
        why = _("You have moved this pickup to “%(status)s” meanwhile.")
    return refused(request, token, job, why % {"status": told(job.status.label)}, 409)


def refused(
    request: SiteRequest, token: str, job: Job, why: str, status: int = 422
) -> HttpResponse:
    """The page as it is, and above it why that cannot be done."""
    now = public_view(request.business, job)
    context = {"job": now, "token": token, "refusal": why, **age(request.business)}
    context["to_keep"] = to_keep(request, job)
    return render(request, "tracking/track.html", context, status=status)


def to_keep(request: SiteRequest, job: Job) -> str:
    """The language that the address asks for, where it is not that of the job's messages."""
    written = job.language or request.business.languages[0]
    return "" if request.asked_language == written else request.asked_language


def age(business: Business) -> dict[str, object]:
    """For the template: is the storage silent for so long that the page must say so, since when."""
    age = wiring.jobs(business).age()
    if not jobs.is_silent(age):
        return {"out_of_reach": False}
    return {"out_of_reach": True, "as_of": wiring.now() - timedelta(seconds=age)}
