"""Whether the asker has what we would send."""

from django.http import HttpRequest
from django.utils.http import parse_etags


def is_known(request: HttpRequest, etag: str) -> bool:
    """A proxy that compresses weakens ETags on the way; for a poll they are as good."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in {each.removeprefix("W/") for each in known}
