"""Booking a pickup: a form that loses nothing, and makes one job however often it is sent."""

import datetime as dt
from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from booking.forms import BookingForm, with_instead
from dispatch import jobs, wiring
from dispatch.domain.job import CUSTOMER, Job
from dispatch.domain.jobbook import MadeElsewhere, TooManyRequests
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import CREATABLE, Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.http import REVISION_PARAMETER, SiteRequest, own_pages_only, see_other
from dispatch.ratelimit import Limit, TooMany, sender_mark, source

MOST_KEY = 64
TRAP = "website"  # nobody sees this field; robots fill it in, but password managers too
SAME_WITHIN = dt.timedelta(hours=1)
BOOKINGS = Limit("bookings", most=60, seconds=3600)


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def book(request: SiteRequest) -> HttpResponse:
    business = request.business = wiring.in_force(request.business)
    posted = with_instead(request.POST) if request.method == "POST" else None
    form = BookingForm(posted, business=business, at=wiring.now())
    # A double click, a reload and the back button are one request.
    key = request.POST.get("key", "")[:MOST_KEY] or wiring.new_token()
    if not form.is_valid():
        return _page(request, form, key, 422 if form.is_bound else 200)
    fields = form.job_fields()
    try:
        if same := _just_sent(request, fields):
            return see_other(*_page_of(same))
        BOOKINGS.spend(source(request))
        done = jobs.create(
            *(business, fields),
            status=Status.BOOKED if business.confirm == "auto" else Status.PENDING,
            by=CUSTOMER,
            key=key,
            source=sender_mark(request),
            doubtful=bool(request.POST.get(TRAP, "").strip()),
        )
    except jobs.KeyReused as error:
        name, token = _page_of(error.job)
        earlier = reverse(name, args=[token])
        return _page(request, form, wiring.new_token(), 409, earlier=earlier)
    except WindowFull as full:
        form.add_error("window", _("Please choose another time."))
        return _page(request, form, key, 409, refusal=full)
    except (StoreUnavailable, TooManyRequests, TooMany, MadeElsewhere) as error:
        status = {TooMany: 429, MadeElsewhere: 409}.get(type(error), 503)
        return _page(request, form, key, status, refusal=error)
    return see_other(*_page_of(done.job), query=f"{REVISION_PARAMETER}={done.revision}")


def _page_of(job: Job) -> tuple[str, str]:
    """The URL name and the token of the customer's page; where a dispatcher has taken the link
    away, of the page that says to call.
    """
    return ("track", job.tracking_token) if job.tracking_token else ("unknown-link", "")


def _just_sent(request: SiteRequest, fields: dict[str, Any]) -> Job | None:
    """The same from the same sender: the back button fetched the form anew, with another key.

    Whoever else knows all that a customer typed is not shown that customer's link.
    """
    since, sender = wiring.now() - SAME_WITHIN, sender_mark(request)
    for job in wiring.jobs(request.business).read().jobs:
        fresh = job.created_at >= since and job.status in CREATABLE
        theirs = fresh and job.request and job.request.source == sender
        if theirs and all(job.field(name) == value for name, value in fields.items()):
            return job
    return None


def _days(request: SiteRequest) -> dict[str, dict[str, tuple[int | None, str]]]:
    """By day and window how many places are left, and in words; None where nobody can say."""
    business, at = request.business, wiring.now()
    days: dict[str, dict[str, tuple[int | None, str]]] = {}
    for window in business.bookable(at):
        days.setdefault(f"{window.date}", {})[window.name] = None, ""
    with suppress(StoreUnavailable):
        book, roster = wiring.jobs(business).read(), wiring.roster(business).read()
        for window, room in schedule.bookable(book, roster, business, at):
            days[f"{window.date}"][window.name] = room.left, _left(room.left)
    return days


def _left(places: int) -> str:
    left = ngettext("%(places)d left", "%(places)d left", places) % {"places": places}
    return left if places else _("full")


def _page(
    request: SiteRequest,
    form: BookingForm,
    key: str,
    status: int,
    *,
    earlier: str = "",
    refusal: Exception | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "days": _days(request),
        "key": key,
        "earlier": earlier,
        "full": refusal if isinstance(refusal, WindowFull) else None,
        "unavailable": isinstance(refusal, StoreUnavailable),
        "crowded": isinstance(refusal, TooManyRequests),
        "hurried": isinstance(refusal, TooMany),
        "elsewhere": isinstance(refusal, MadeElsewhere),
    }
    response = render(request, "booking/book.html", context, status=status)
    response.headers["Cache-Control"] = "no-store" if request.method == "POST" else "no-cache"
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
