"""The edge's addresses, answered by the app alike where no CloudFront stands in front.

The same table as `edge/rewrite.js`; `edge/events/` holds both to it. Where the edge rewrites
silently, a browser is redirected here.
"""

import re
from urllib.parse import unquote

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from qdn_site.middleware import Middleware

# A token and what stood behind it in a text: signs, blanks, invisible characters, `&gt;`; no words.
LINK = re.compile(r"([A-Za-z0-9_-]{16,64})(?![A-Za-z0-9_-])(?:[^A-Za-z0-9%]|&[a-z]+;)*")
TRACK = "/track/"
UNTOUCHED = re.compile(r"/(api|static)(/|$)")
WWW = re.compile(r"(?:www\.)+([a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]+)?)", re.IGNORECASE)
OLD_TRACK = re.compile(r"/(track\.html|track/|track/index\.html|tracking/index\.html)")
OLD_BOOK = re.compile(r"/(book\.html|booking/index\.html|book/.+)", re.DOTALL)
SLASHLESS = re.compile(r"/(book|dashboard)")


class OldLinksMiddleware(Middleware):
    """301 (308 for what carries a body) to where an address is now. An unknown host passes."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        to = _elsewhere(request)
        if to is None:
            if OLD_TRACK.fullmatch(request.path_info):
                request.path_info = TRACK  # no such job: its page says so
            return self.get_response(request)
        again = request.method not in ("GET", "HEAD")
        response = HttpResponsePermanentRedirect(to, preserve_request=again)
        response.headers["Cache-Control"] = "no-store"
        return response


def _elsewhere(request: HttpRequest) -> str | None:
    """The address that this request should have had; None where it is right."""
    if UNTOUCHED.match(request.path_info):
        return None
    try:
        www = WWW.fullmatch(request.get_host())
    except DisallowedHost:
        return None
    to, query = _new_address(request.path_info, request.META.get("QUERY_STRING", ""))
    if www:
        here = to or request.get_full_path().partition("?")[0]
        to = f"https://{www[1].lower()}{here}"
    return f"{to}?{query}" if to and query else to


def _new_address(path: str, query: str) -> tuple[str | None, str]:
    """The path that an old link leads to (None: nowhere else), and the query that goes along."""
    if OLD_TRACK.fullmatch(path):
        parts = query.split("&")
        ours = [part for part in parts if re.match(r"token(=|$)", part)]
        link = LINK.fullmatch(_decoded(ours[0][6:])) if ours else None
        if link is None:
            return None, query
        return TRACK + link[1], "&".join(part for part in parts if part not in ours)
    link = LINK.fullmatch(path.removeprefix(TRACK)) if path.startswith(TRACK) else None
    if link and link[1] != link[0]:
        return TRACK + link[1], query
    if OLD_BOOK.fullmatch(path):
        return "/book/", query
    if path == "/dashboard.html":
        return "/dashboard/", query
    return (f"{path}/" if SLASHLESS.fullmatch(path) else None), query


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return ""  # no token either
