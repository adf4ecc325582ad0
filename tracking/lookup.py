"""The one way from a link to what its holder sees, for the pages and the API."""

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.http import SiteRequest
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
