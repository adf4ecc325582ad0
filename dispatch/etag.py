"""Whether the asker has what we would send."""

from hashlib import blake2b

from django.http import HttpRequest
from django.utils.http import parse_etags


def etag_of(shown: object) -> str:
    """The same wherever all that an answer shows is the same, going by its `repr`."""
    return f'"{blake2b(repr(shown).encode(), digest_size=12).hexdigest()}"'


def is_known(request: HttpRequest, etag: str) -> bool:
    """A proxy that compresses weakens ETags on the way; for a poll they are as good."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in {each.removeprefix("W/") for each in known}
