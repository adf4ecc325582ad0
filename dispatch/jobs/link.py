"""The one way from a customer's link to its job, for all pages that a link opens."""

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.http import SiteRequest
from dispatch.jobs.reading import find_by_token
from dispatch.ratelimit import Limit, source

UNKNOWN_LINKS = Limit("unknown links", most=60, seconds=60)


def of_link(request: SiteRequest, token: str) -> Job:
    """Raises JobNotFound, TooMany for who has tried many links that are none, StoreUnavailable."""
    with UNKNOWN_LINKS.misses(source(request), JobNotFound):
        return find_by_token(request.business, token, request.revision)
