"""The front page, what is kept of customers, what a business looks like, the icon where browsers
look for it, and a word to robots.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.http import SiteRequest, etag_of, is_known

# Its letters on its colour, within a line of theirs: it stands on the page's top of that colour.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect x="1" y="1" width="30" height="30" rx="7" fill="{}" stroke="{}" stroke-width="1.5"/>'
    '<text x="16" y="{}" fill="{}" font-family="Arial, sans-serif" font-weight="700"'
    ' font-size="{}" text-anchor="middle">{}</text></svg>'
)
STYLE = """\
@media screen {{
  .top {{ background: {0}; border-color: {0}; }}
  .top, .top .wordmark, .top nav :is(a, button, a:hover, button:hover) {{ color: {1}; }}
  .top nav :is(a, button, [aria-current]) {{ text-decoration-color: currentcolor; }}
  .top :focus-visible {{ outline-color: {1}; }}
}}
"""
A_DAY = 24 * 3600  # seconds


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _readers_own(render(request, "home.html"))


@require_safe
def privacy(request: SiteRequest) -> HttpResponse:
    """What is kept of customers, how long, and whom to ask."""
    years, months = divmod(request.business.keep_months, 12)
    kept = wiring.versions_kept()
    context = {
        "has_photos": wiring.photos(request.business) is not None,
        "years": 0 if months else years,
        "copies_days": kept and kept.days,
    }
    return _readers_own(render(request, "privacy.html", context))


def _readers_own(response: HttpResponse) -> HttpResponse:
    """In their language: no cache on the way keeps it for others."""
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def icon(request: SiteRequest) -> HttpResponse:
    own = request.business.is_branded
    return HttpResponseRedirect(reverse("brand-icon") if own else static("site/icon.svg"))


@require_safe
def brand_icon(request: SiteRequest) -> HttpResponse:
    letters, colour, on = _look(request.business)
    baseline, size = ("23.5", "21") if len(letters) == 1 else ("21.5", "15.5")
    text = format_html(ICON, colour, on, baseline, on, size, letters)
    return _kept(request, text, "image/svg+xml")


@require_safe
def brand_style(request: SiteRequest) -> HttpResponse:
    return _kept(request, STYLE.format(*_look(request.business)[1:]), "text/css; charset=utf-8")


def _look(business: Business) -> tuple[str, str, str]:
    return business.letters, business.colour, business.on_colour


def _kept(request: SiteRequest, text: str, kind: str) -> HttpResponse:
    """Browsers keep it for a day, and then ask whether it has changed."""
    etag = etag_of(text)
    known = is_known(request, etag)
    response = HttpResponse(status=304) if known else HttpResponse(text, content_type=kind)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = f"public, max-age={A_DAY}"
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/track/", "/unsubscribe/", "/dashboard/", "/api/", "/calendar/")
    text = "\n".join(["User-agent: *", *(f"Disallow: {path}" for path in closed), ""])
    return HttpResponse(text, content_type="text/plain")
