"""The front page, the icon where browsers look for it, and a word to robots."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(static("site/icon.svg"))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/track/", "/dashboard/", "/api/", "/calendar/")
    text = "\n".join(["User-agent: *", *(f"Disallow: {path}" for path in closed), ""])
    return HttpResponse(text, content_type="text/plain")
