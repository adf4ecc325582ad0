"""Whole addresses for messages: where nobody has asked for a page, no request says the host."""

from django.conf import settings
from django.urls import reverse

from dispatch.domain.business import Business, Site
from dispatch.domain.job import Job


def public_url(business: Business) -> str:
    """Of the customers' pages at this stage: `https://quickdumpnow.com`."""
    site = _site(business)
    return site.public_url if site else _unnamed(business)


def tracking_link(business: Business, job: Job) -> str:
    """The customer's page; empty where the job has no link."""
    if not job.tracking_token:
        return ""
    return public_url(business) + reverse("track", args=[job.tracking_token])


def privacy_link(business: Business) -> str:
    """What is kept of customers."""
    return public_url(business) + reverse("privacy")


def drawer_link(business: Business, job: Job) -> str:
    """The job as the crew see it, at the dashboard's host."""
    site = _site(business)
    host = (site.dashboard_url or site.public_url) if site else _unnamed(business)
    return host + reverse("job", args=[job.id])


def _site(business: Business) -> Site | None:
    site: Site | None = getattr(business, settings.STAGE, None)  # none in development
    return site


def _unnamed(business: Business) -> str:
    """Where a business names no host for this stage: a laptop's, or the one that is allowed."""
    if settings.STAGE != "development":
        return f"https://{settings.ALLOWED_HOSTS[0]}"
    here, _, port = settings.BIND.rpartition(":")
    is_first = business.slug == settings.BUSINESSES[0].slug
    host = here if is_first else f"{business.slug.replace('_', '-')}.localhost"
    return f"http://{host}:{port}"
