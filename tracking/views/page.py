"""The customer's page: no account, no cookie; the link is the key.

What browsers and robots may keep of it, the settings say (`ANSWER_HEADERS`).
"""

import logging

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.stored.document import StoreUnavailable, UnreadableDocument
from dispatch.http import SiteRequest, as_picture, etag_of, is_known
from dispatch.jobs import photos
from tracking.public import tracked
from tracking.views.link import age, not_found, of_a_link, to_keep

log = logging.getLogger(__name__)
ASK_AGAIN = "5"  # seconds after which a page that could not be shown asks again by itself


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
        shown, job = tracked(request, token)
    except (JobNotFound, UnreadableDocument):
        # Old links ended in these signs too: only now it is clear that they stood behind this one.
        if (link := token.rstrip("-_")) == token:
            raise
        tracked(request, link)
        return redirect("track", link)
    context = {"job": shown, "token": token, "revision": request.revision, **age(request)}
    context["to_keep"] = to_keep(request, job)
    return render(request, "tracking/track.html", context)


@require_safe
@of_a_link
def live(request: SiteRequest, token: str) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    shown, _job = tracked(request, token)
    known = age(request)
    # Since when is known to the second only; a time of another day than today says which.
    today = request.business.today(wiring.now())
    etag = etag_of((shown, today, known["out_of_reach"]))
    if is_known(request, etag):
        response = HttpResponse(status=304)
    else:
        context = {"job": shown, "token": token, **known}
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
