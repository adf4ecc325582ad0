"""The customer's link to a job, as others can use it."""

from django.http import HttpRequest

from dispatch.domain.job import Job


def tracking_url(request: HttpRequest, job: Job) -> str:
    """The whole address, on the public host of the stage; empty where the job has no link."""
    if not job.tracking_token:
        return ""
    path = f"/track/{job.tracking_token}"
    return public_url(request) + path


def public_url(request: HttpRequest) -> str:
    """`https://quickdumpnow.com`; in development whatever host was asked."""
    url: str = request.public_url  # type: ignore[attr-defined]
    return url
