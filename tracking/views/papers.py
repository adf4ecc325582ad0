"""What the customer takes away with them: the receipt, and the window for their calendar."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dispatch import feed
from dispatch.http import SiteRequest, see_other, tracking_url
from tracking.public import tracked
from tracking.receipt import Receipt
from tracking.views.link import not_found, of_a_link


@require_safe
@of_a_link
def receipt(request: SiteRequest, token: str) -> HttpResponseBase:
    """Once the pickup is done; before that, the page says how it stands."""
    _shown, job = tracked(request, token)
    done = Receipt.of(job, request.business)
    if done is None:
        return see_other("track", token)
    return render(request, "tracking/receipt.html", {"receipt": done, "token": token})


@require_safe
@of_a_link
def calendar(request: SiteRequest, token: str) -> HttpResponseBase:
    """The window as an event that takes the place of what it was before; 404 without a window."""
    _shown, job = tracked(request, token)
    written = feed.pickup(request.business, job, tracking_url(request, job))
    if written is None:
        return not_found(request)
    response = HttpResponse(written, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="pickup.ics"'
    return response
