"""What the day needs to open without reception, and to send later what was tapped meanwhile."""

import json
from contextlib import suppress
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.domain.moves import UNDO
from dispatch.domain.permissions import Permission
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain.words import told
from dispatch.http import SiteRequest, crew_only, speak
from dispatch.templatetags.formats import time_text

# The number is the format's: a copy of another is thrown away, never read.
COPY = "qdn-day-1"
ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))  # pixels, purpose


def offline_of(request: SiteRequest) -> dict[str, Any]:
    """For a page that is kept: when it was made, until when it holds, what statuses are called."""
    business, at = request.business, wiring.now()
    today = business.today(at)
    _, until = business.days(today, today)
    labels = json.dumps({status: told(status.label) for status in Status})
    said = {"time": time_text(at, business), "until": until, "labels": labels}
    return said | {"undo_reason": UNDO}


@require_safe
@crew_only(Permission.LOOK, poll=True)
def token(request: SiteRequest) -> HttpResponse:
    """For what has waited: the token to send it with, and whose session it would be sent in."""
    return JsonResponse({"token": get_token(request), "member": request.user.username})


@require_safe
def worker(request: SiteRequest) -> HttpResponse:
    """The service worker, with all that it has to be told."""
    with suppress(StoreUnavailable):
        if request.user.is_authenticated:
            speak(request, request.user.member.language)
    page = render_to_string("dispatch/no_reception.html", request=request)
    addresses = {name: reverse(name) for name in ("day", "login", "logout")}
    context = {"told": json.dumps({"copy": COPY, "page": page, **addresses})}
    kind = "text/javascript; charset=utf-8"
    response = render(request, "dispatch/worker.txt", context, content_type=kind)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def manifest(request: SiteRequest) -> HttpResponse:
    """With it a phone puts the day among its apps. It holds nothing but what the site shows."""
    business = request.business
    ours = [
        {
            "src": static(f"dispatch/offline/{purpose}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in ICONS
    ]
    own = [{"src": reverse("brand-icon"), "sizes": "any", "type": "image/svg+xml"}]
    app = {
        "id": reverse("day"),
        "name": business.name,
        "short_name": business.name,
        "start_url": reverse("day"),
        "scope": reverse("board"),
        "display": "standalone",
        "theme_color": business.colour,
        "background_color": "#faf8f4",  # the style's `--paper`
        "icons": own if business.is_branded else ours,
    }
    response = JsonResponse(app, content_type="application/manifest+json")
    response.headers["Cache-Control"] = "private, no-cache"
    return response
