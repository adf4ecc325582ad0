"""The site's own middleware, in the order of settings.MIDDLEWARE."""

import logging
import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import urlsplit

import gevent
from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.http.request import split_domain_port
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils.translation import gettext as _

from dispatch.domain.business import Business, Site
from dispatch.domain.stored.document import LedgerMoved, StoreUnavailable
from dispatch.http import SiteRequest, is_fetch, revision_of, unauthorized
from dispatch.ratelimit import Limit, TooMany, source
from qdn_site import errors
from qdn_site.environment import hosts_of
from qdn_site.logs import id_of, request_id

log = logging.getLogger(__name__)
FORWARDED = ("HTTP_CLOUDFRONT_FORWARDED_PROTO", "HTTP_CLOUDFRONT_VIEWER_ADDRESS")
PROTO, VIEWER = FORWARDED
# A 304 has no content of which these could say anything (RFC 9110, 15.4.5).
OF_CONTENT = ("Content-Type", "Content-Length", "Content-Language", *settings.ANSWER_HEADERS["/"])
SHARED_PATHS = (settings.STATIC_URL, "/brand.")
CREW_PATHS = ("/dashboard/", "/api/", "/calendar/")
# Large bodies that anybody may send lie in temporary files until they are answered: of all
# strangers together 360 MB at most. The seconds are those in which a lost one is forgotten.
OF_A_SENDER = Limit("large bodies of a stranger", most=30, seconds=3600)
OF_A_SENDER_AT_ONCE = Limit("large bodies of a stranger at once", most=3, seconds=300)
OF_ALL_AT_ONCE = Limit("large bodies of strangers at once", most=12, seconds=300)


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response


class RequestIdMiddleware(Middleware):
    """Each request has an id, which stands in its log lines and in its answer."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        own = id_of(request.META)
        before = request_id.set(own)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(before)
        response.headers["X-Request-Id"] = own
        return response


class Utf8Middleware(Middleware):
    """Addresses and bodies are UTF-8, whatever codec a client names: Python has some that are no
    text at all.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.encoding = settings.DEFAULT_CHARSET
        return self.get_response(request)


class HeadersMiddleware(Middleware):
    """The headers of every answer; a view's own win. HEAD gets just the headers."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for prefix, headers in settings.ANSWER_HEADERS.items():
            if request.path.startswith(prefix):
                for name, value in headers.items():
                    response.headers.setdefault(name, value)
        if settings.STAGE == "staging":
            response.headers.setdefault("X-Robots-Tag", settings.NOT_INDEXED)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            is_crews = request.path.startswith(CREW_PATHS)  # where no robot comes
            for name in (*OF_CONTENT, "X-Robots-Tag") if is_crews else OF_CONTENT:
                response.headers.pop(name, None)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class OriginMiddleware(Middleware):
    """CloudFront's headers are believed only where it has shown who it is.

    With `QDN_ORIGIN_SECRET`, requests that do not carry it are refused. `request.client_ip` is
    the viewer's address behind CloudFront, else the peer's.
    """

    def __call__(self, request: SiteRequest) -> HttpResponse:
        meta, secret = request.META, settings.ORIGIN_SECRET
        given = meta.get("HTTP_X_ORIGIN_VERIFY", "")
        if not secret:
            for header in FORWARDED:
                meta.pop(header, None)
            # That a viewer came by https CloudFront alone knows: a form's own host, and no other of
            # ours, is trusted by either.
            own = meta.get("HTTP_HOST", "")
            if settings.STAGE != "development" and meta.get("HTTP_ORIGIN") == f"https://{own}":
                meta["HTTP_ORIGIN"] = f"http://{own}"
        elif not compare_digest(given.encode(), secret.encode()):
            return HttpResponse("Please come in by the front door.\n", status=403)
        else:
            meta.setdefault(PROTO, "https")  # CloudFront itself sends viewers on to https
        viewer = meta.get(VIEWER, "").rpartition(":")[0].strip("[]")
        request.client_ip = viewer or meta.get("REMOTE_ADDR", "")
        return self.get_response(request)


class CompressionMiddleware(GZipMiddleware):
    """What is only read goes compressed, with a padding by chance, which is Django's own.

    The length of a compressed answer tells how much of it is alike (BREACH). So answers to what
    was sent are not: they may hold a new link, a password or a token beside what was typed. Pages
    that are read show no secret beside what their address brings.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_picture = response.headers.get("Content-Type") == "image/jpeg"  # which is compressed
        is_read = request.method in ("GET", "HEAD") and not is_picture
        return super().process_response(request, response) if is_read else response


class BusinessMiddleware(Middleware):
    """The request's host chooses `request.business`; an unknown host gets 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.by_host: dict[str, Business] = {
            host: business
            for business in settings.BUSINESSES
            for host in hosts_of(business, settings.STAGE)
        }

    def __call__(self, request: SiteRequest) -> HttpResponse:
        try:
            host = split_domain_port(request.get_host())[0]
        except DisallowedHost:
            return errors.plain(request, 400, _("Unknown host."))
        # Hosts that only ALLOWED_HOSTS names, such as localhost, are the first business's.
        business = self.by_host.get(host, settings.BUSINESSES[0])
        site: Site | None = getattr(business, settings.STAGE, None)  # none in development
        here = f"{request.scheme}://{request.get_host()}"
        request.business = business
        request.public_url = site.public_url if site else here
        request.revision = revision_of(request, business)
        return _other_host(site, host, request) or self.get_response(request)


def _other_host(site: Site | None, host: str, request: HttpRequest) -> HttpResponse | None:
    """A dashboard that has a host of its own is served there alone, and the public pages not."""
    if site is None or site.dashboard_url is None or site.dashboard_url == site.public_url:
        return None
    path, at_dashboard = request.path_info, host == urlsplit(site.dashboard_url).hostname
    if at_dashboard and path == "/":
        return HttpResponseRedirect(reverse("board"))
    if path.startswith(SHARED_PATHS) or at_dashboard == f"{path}/".startswith(CREW_PATHS):
        return None
    return errors.plain(request, 404, _("There is no such page here."))


class BodyMiddleware(Middleware):
    """413 before a byte of an oversized body is read; 400 for one that ends too early or comes
    too slowly.

    Django takes what has come of a form for the whole: half a booking would be booked. A body
    that does not say its length it takes for none, so that a whole booking would be lost: 411.
    """

    def __call__(self, request: SiteRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH")
        if not length and "HTTP_TRANSFER_ENCODING" in request.META:
            text = _(
                "Nothing was saved: it did not say how long it is."
                " Please send it with a Content-Length."
            )
            return errors.page(request, 411, text)
        length = length or "0"
        known = length.isascii() and length.isdigit() and len(length) < 10
        if not known or int(length) > _most_of_members(request):
            return errors.too_much(request)
        is_large = int(length) > settings.MOST_BODY
        if not (is_large and _is_anybodys(request)):
            # No stranger fills our memory by what only members send.
            if is_large and not _is_members(request):
                return unauthorized() if is_fetch(request) else errors.too_much(request)
            return self._read(request, int(length))
        with ExitStack() as under_way:
            try:
                OF_A_SENDER.spend(source(request))
                under_way.enter_context(OF_A_SENDER_AT_ONCE.at_once(source(request)))
                under_way.enter_context(OF_ALL_AT_ONCE.at_once(""))
            except TooMany as error:
                return errors.too_many_photos(request, error)
            return self._read(request, int(length), most_text=settings.MOST_BODY)

    def _read(self, request: HttpRequest, length: int, most_text: int = 0) -> HttpResponse:
        """The answer, once the body is here. With `most_text`, what is no file has so many bytes at
        most.
        """
        is_large = length > settings.MOST_BODY
        timeout = settings.LARGE_TIMEOUT if is_large else settings.CLIENT_TIMEOUT
        whole = False
        # OSError: the client hung up. gunicorn itself would wait for ever.
        with suppress(OSError), gevent.Timeout(timeout, exception=False):
            is_streamed = is_large and _has_files(request)
            came = _parsed(request) if is_streamed else len(request.body)
            whole = came == length
        if not whole:
            return errors.bad_request(request)
        if most_text and length - _in_files(request) > most_text:
            return errors.too_much(request)
        return self.get_response(request)


def _most_of_members(request: HttpRequest) -> int:
    """How many bytes somebody who is signed in may send there."""
    found = (each for each in settings.MOST_BODIES if re.fullmatch(each, request.path_info))
    most = settings.MOST_BODIES.get(next(found, ""), settings.MOST_BODY)
    # What holds no file is read into memory.
    return most if _has_files(request) else min(most, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _is_members(request: HttpRequest) -> bool:
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return bool(SessionStore(session).load())


def _is_anybodys(request: HttpRequest) -> bool:
    """True of a booking with photos."""
    return request.path_info == settings.BOOKING_PATH and _has_files(request)


def _has_files(request: HttpRequest) -> bool:
    return request.content_type == "multipart/form-data"


def _parsed(request: HttpRequest) -> int:
    """Reads a form, its files into temporary ones as they come: how many bytes those were.

    Three of 30 MB at a time would not fit into the memory of a small container.
    """
    came, read = 0, request.read

    def counted(size: int | None = -1) -> bytes:
        nonlocal came
        chunk = read(size)
        came += len(chunk)
        gevent.sleep(0)  # others have their turn, also where all of it is there already
        return chunk

    request.read = counted  # type: ignore[method-assign]
    _ = request.POST
    return came


def _in_files(request: HttpRequest) -> int:
    """Bytes."""
    return sum(file.size or 0 for _name, files in request.FILES.lists() for file in files)


class RefusalsMiddleware(Middleware):
    """Storage out of reach, or too many tries: an answer that says so and what to do.

    Pages that give back what was typed answer by themselves.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers.setdefault("Retry-After", "10")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooMany):
            response = errors.page(request, 429, _("Please wait a little before you try again."))
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        if isinstance(error, StoreUnavailable):
            log.error("Storage: %s", error)
            if isinstance(error, LedgerMoved) and request.path_info.startswith(errors.CREW_ONLY):
                return errors.moved(request, error)
            text = _(
                "Nothing is lost: what we had saved is safe. If you were sending something, we"
                " cannot say yet whether it arrived; sending it again will not make it twice."
            )
            return errors.page(request, 503, text)
        return None
