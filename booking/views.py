"""Booking a pickup: a form that loses nothing, and makes one job however often it is sent."""

import datetime as dt
import logging
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking.again import known
from booking.forms import BookingForm, sizes, with_instead
from dispatch import jobs, wiring
from dispatch.answers import Basis, lasting, unchanged
from dispatch.calendar import offered
from dispatch.domain.job import CUSTOMER, Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound, MadeElsewhere, TooManyRequests
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import CREATABLE, Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import MOST_OF_REQUEST, Kind
from dispatch.http import (
    LANGUAGE_PARAMETER,
    REVISION_PARAMETER,
    SiteRequest,
    own_pages_only,
    see_other,
    speak,
)
from dispatch.jobs import photos
from dispatch.jobs.link import of_link
from dispatch.ratelimit import Limit, TooMany, sender_mark, source

log = logging.getLogger(__name__)
MOST_KEY = 64
TRAP = "website"  # nobody sees this field; robots fill it in, but password managers too
SAME_WITHIN = dt.timedelta(hours=1)
BOOKINGS = Limit("bookings", most=60, seconds=3600)
CHANGES = "private, no-cache"  # with the day, and with the language
LOST_PHOTOS = "lost_photos=1"  # which the tracking page tells


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def book(request: SiteRequest) -> HttpResponse:
    """With `add_up` the form comes back with the price of what is chosen, and nothing is booked."""
    business = request.business = wiring.in_force(request.business)
    speak(request, request.POST.get(LANGUAGE_PARAMETER, ""))  # in which they saw the form
    sent = (with_instead(request.POST), request.FILES) if request.method == "POST" else ()
    form = BookingForm(*sent, business=business, at=wiring.now())
    # A double click, a reload and the back button are one request.
    key = request.POST.get("key", "")[:MOST_KEY] or wiring.new_token()
    if "add_up" in request.POST:
        form.forget_others(["load", "photo", *(field.name for _offer, field in form.counts)])
        return _page(request, form, key)
    if not form.is_bound:
        return _empty(request, form, key)
    if not form.is_valid():
        return _page(request, form, key, 422)
    fields = form.job_fields()
    try:
        if same := _just_sent(request, form, fields):
            return _booked(request, form, jobs.Done(same, 0))
        BOOKINGS.spend(source(request))
        done = jobs.create(
            *(business, fields),
            status=Status.BOOKED if business.confirm == "auto" else Status.PENDING,
            by=CUSTOMER,
            key=key,
            source=sender_mark(request),
            doubtful=bool(request.POST.get(TRAP, "").strip()),
            consent=form.consent,
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
    return _booked(request, form, done)


@require_safe
def again(request: SiteRequest, token: str) -> HttpResponse:
    """The form, filled in with what is known from the job of that link."""
    business = request.business = wiring.in_force(request.business)
    try:
        job = of_link(request, token)
        speak(request, job.language)
    except JobNotFound:
        return render(request, "tracking/not_found.html", status=404)
    form = BookingForm(business=business, at=wiring.now(), initial=known(job, business))
    return _page(request, form, wiring.new_token(), is_again=True)


def _empty(request: SiteRequest, form: BookingForm, key: str) -> HttpResponse:
    """The same for all until somebody books, or the clock closes a window."""
    basis, business = Basis.of(request), request.business
    try:
        book = wiring.jobs(business).read()
    except StoreUnavailable:  # days can be chosen all the same, and nobody says what is left
        return _page(request, form, key)
    return lasting(
        _page(request, form, key),
        basis,
        still=unchanged(business, book, 0),
        shown=lambda at: (business.today(at), offered.days(business, at)),
        at=form.at,
    )


def _booked(request: SiteRequest, form: BookingForm, done: jobs.Done) -> HttpResponse:
    """To the customer's page. Photos come after the job: if they are lost, it is not."""
    lost = ""
    if form.photos:
        try:
            # Of a job the same file is the same photo, whichever form brings it.
            added = photos.take(
                *(request.business, done.job.id, form.photos, Kind.REQUEST),
                by=THE_CUSTOMER,
                key=done.job.id,
            )
            done, lost = added.done, LOST_PHOTOS if added.refused else ""
        except (InvalidInput, StoreUnavailable, JobNotFound) as error:
            log.warning("Photos of a booking are lost: %s", error)
            lost = LOST_PHOTOS
    seen = f"{REVISION_PARAMETER}={done.revision}" if done.revision else ""
    query = "&".join(filter(None, (seen, lost)))
    return see_other(*_page_of(done.job), query=query)


def _page_of(job: Job) -> tuple[str, str]:
    """The URL name and the token of the customer's page; where a dispatcher has taken the link
    away, of the page that says to call.
    """
    return ("track", job.tracking_token) if job.tracking_token else ("unknown-link", "")


def _just_sent(request: SiteRequest, form: BookingForm, fields: dict[str, Any]) -> Job | None:
    """The same from the same sender: the back button fetched the form anew, with another key.

    Whoever else knows all that a customer typed is not shown that customer's link.
    """
    since, sender = wiring.now() - SAME_WITHIN, sender_mark(request)
    for job in wiring.jobs(request.business).read().jobs:
        fresh = job.created_at >= since and job.status in CREATABLE
        theirs = fresh and job.request and job.request.source == sender
        agreed = bool(job.consent) == bool(form.consent)
        if theirs and agreed and all(job.field(name) == value for name, value in fields.items()):
            return job
    return None


def _page(
    request: SiteRequest,
    form: BookingForm,
    key: str,
    status: int = 200,
    *,
    earlier: str = "",
    refusal: Exception | None = None,
    is_again: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "sizes": sizes(request.business),
        "days": offered.days(request.business, wiring.now()),
        "estimate": form.estimate,
        "zero": Decimal(0),
        "most_photos": MOST_OF_REQUEST,
        "photos_are_gone": bool(request.FILES),
        "key": key,
        "is_again": is_again,
        "earlier": earlier,
        "full": refusal if isinstance(refusal, WindowFull) else None,
        "unavailable": isinstance(refusal, StoreUnavailable),
        "crowded": isinstance(refusal, TooManyRequests),
        "hurried": isinstance(refusal, TooMany),
        "elsewhere": isinstance(refusal, MadeElsewhere),
    }
    response = render(request, "booking/book.html", context, status=status)
    if not is_again:  # which is a link's page, as the settings say
        response.headers["Cache-Control"] = "no-store" if request.method == "POST" else CHANGES
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
