"""CloudFront's word is believed only where CloudFront has shown who it is."""

from collections.abc import Callable
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dispatch.http import SiteRequest

FORWARDED = ("HTTP_CLOUDFRONT_FORWARDED_PROTO", "HTTP_CLOUDFRONT_VIEWER_ADDRESS")
PROTO, VIEWER = FORWARDED


class OriginMiddleware:
    """With `QDN_ORIGIN_SECRET`, requests that do not carry it are refused.

    `request.client_ip` is the viewer's address behind CloudFront, else the peer's.
    """

    def __init__(self, get_response: Callable[[SiteRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.secret: str = settings.ORIGIN_SECRET

    def __call__(self, request: SiteRequest) -> HttpResponse:
        meta = request.META
        if not self.secret:
            for header in FORWARDED:
                meta.pop(header, None)
        elif not _same(meta.get("HTTP_X_ORIGIN_VERIFY", ""), self.secret):
            return HttpResponse("Please come in by the front door.\n", status=403)
        else:
            meta.setdefault(PROTO, "https")  # CloudFront itself sends viewers on to https
        viewer = meta.get(VIEWER, "").rpartition(":")[0].strip("[]")
        request.client_ip = viewer or meta.get("REMOTE_ADDR", "")
        return self.get_response(request)


def _same(given: str, secret: str) -> bool:
    return compare_digest(given.encode(), secret.encode())


class HeadersMiddleware:
    """What every answer says to browsers; a view's own word wins. HEAD gets just the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for prefix, headers in settings.ANSWER_HEADERS.items():
            if request.path.startswith(prefix):
                for name, value in headers.items():
                    response.headers.setdefault(name, value)
        if settings.STAGE == "staging":
            response.headers.setdefault("X-Robots-Tag", settings.NOT_INDEXED)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response
