"""The front page, and a word to robots."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    text = "User-agent: *\nDisallow: /track/\nDisallow: /dashboard/\nDisallow: /api/\n"
    return HttpResponse(text, content_type="text/plain")
