"""The customer's page: no account, no cookie; the link is the key.

What browsers and robots may keep of it, the settings say (`ANSWER_HEADERS`).
"""

import logging

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.answers import Basis, lasting
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.stored.document import StoreUnavailable, UnreadableDocument
from dispatch.http import SiteRequest, as_picture
from dispatch.jobs import photos
from dispatch.jobs.reading import find_by_token
from tracking.public import tracked
from tracking.views.link import age, not_found, of_a_link, to_keep
from tracking.views.live import showing

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
    basis, at = Basis.of(request), wiring.now()
    try:
        shown, job = tracked(request, token)
    except (JobNotFound, UnreadableDocument):
        # Old links ended in these signs too: only now it is clear that they stood behind this one.
        if (link := token.rstrip("-_")) == token:
            raise
        tracked(request, link)
        return redirect("track", link)
    business, revision = request.business, request.revision
    how_old = age(business)
    context = {"job": shown, "token": token, "revision": revision, **how_old}
    context["to_keep"] = to_keep(request, job)
    response = render(request, "tracking/track.html", context)
    # A position may come at any time, and the storage answer again.
    if job.on_my_way or how_old["out_of_reach"]:
        return response
    return lasting(
        response,
        basis,
        still=lambda: find_by_token(business, token, revision) is job,
        shown=lambda at: showing(business, job, at),
        at=at,
    )


@require_safe
@of_a_link
def photo(request: SiteRequest, token: str, photo_id: str) -> HttpResponseBase:
    shown, job = tracked(request, token)
    is_shown = photo_id in {each.id for each in shown.photos}
    body = photos.picture(request.business, job, photo_id) if is_shown else None
    return not_found(request) if body is None else as_picture(body)
