"""The one way from a link to what its holder sees, for the pages and the API."""

from django.http import HttpRequest

from dispatch import desk, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.seen import revision_seen
from dispatch.throttle import Limit, source
from tracking.public import TrackedJob

UNKNOWN_LINKS = Limit("unknown links", most=60, seconds=60)


def tracked(request: HttpRequest, token: str) -> tuple[TrackedJob, Job]:
    """Raises JobNotFound, and TooMany for who has tried many links that are none."""
    business: Business = request.business  # type: ignore[attr-defined]
    UNKNOWN_LINKS.check(source(request))
    try:
        job = desk.find_by_token(business, token, revision_seen(request))
    except JobNotFound:
        UNKNOWN_LINKS.count(source(request))
        raise
    return shown(business, job), job


def shown(business: Business, job: Job) -> TrackedJob:
    return TrackedJob.of(job, wiring.roster(business).read(), business, wiring.now())
