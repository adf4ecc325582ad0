"""The one way from a link to what its holder sees, or to the 404 of a link that leads nowhere."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.http import SiteRequest, own_pages_only
from dispatch.ratelimit import Limit, source
from tracking.public import TrackedJob

UNKNOWN_LINKS = Limit("unknown links", most=60, seconds=60)


def tracked(request: SiteRequest, token: str) -> tuple[TrackedJob, Job]:
    """Raises JobNotFound, and TooMany for who has tried many links that are none."""
    with UNKNOWN_LINKS.failures(source(request), JobNotFound):
        job = jobs.find_by_token(request.business, token, request.revision)
    return public_view(request.business, job), job


def public_view(business: Business, job: Job) -> TrackedJob:
    return TrackedJob.of(job, wiring.roster(business).read(), business, wiring.now())


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
