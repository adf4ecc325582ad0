"""A cache in front of Django: what it has answered is given again, without it, for as long as all
that the answer was made from is the same.

Views mark such answers, and say what they were made from (`dispatch.answers`). An answer is kept by
its request: who asks, for which address, in which language. Its id, its tokens and its padding are
made anew each time. Where anything is in doubt, Django answers.
"""

import gzip
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.text import compress_string

from dispatch import wiring
from dispatch.answers import LOOK_AHEAD, SINCE_PARAMETER, Page, Polled
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.roster import MemberNotFound
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.http import REVISION_COOKIE, REVISION_PARAMETER, etag_is_in
from qdn_site.answer_cache.body import Body, NotRenewable
from qdn_site.logs import id_of
from qdn_site.middleware import PROTO, VIEWER
from qdn_site.releases import pages

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Any], Iterable[bytes]]

CREW, LINKS = "/dashboard/", "/track/"
PATHS = (CREW, LINKS, settings.BOOKING_PATH)
# All that the middleware and the views behind these paths read of a request beside its address.
IN_THE_KEY = (
    *("HTTP_HOST", "HTTP_X_ORIGIN_VERIFY", PROTO, "wsgi.url_scheme", "HTTP_COOKIE"),
    *("HTTP_AUTHORIZATION", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING"),
    "HTTP_X_REQUESTED_WITH",
)
# A poll's revisions: other ones each time, so they are no part of the key.
OF_POLLS = re.compile(rf"(?:^|(?<=&))(?:{REVISION_PARAMETER}|{SINCE_PARAMETER})=\d{{0,15}}(?:&|$)")
NUMBERS = re.compile(rf"(?:^|&)({REVISION_PARAMETER}|{SINCE_PARAMETER})=(\d{{0,15}})(?=&|$)")
# What is left may name them in another way, as no page of ours does.
OTHERWISE = re.compile(rf"(?:^|&)(?:(?:{REVISION_PARAMETER}|{SINCE_PARAMETER})(?:[=&]|$)|[^=&]*%)")
LASTS = LOOK_AHEAD.total_seconds()
MOST = 16_000_000  # bytes of memory, about
OF_AN_ENTRY = 4_000  # of them, beside its body
SMALLEST = 200  # bytes: what is smaller Django does not compress, either
ANEW = {"X-Request-Id", "Content-Length", "ETag", "Content-Encoding"}  # headers of one answer only
PHRASES = {status: f"{status} {HTTPStatus(status).phrase}" for status in (200, 304)}


class Answer(NamedTuple):
    """What is sent, but for its id."""

    status: int
    headers: Headers
    body: bytes


class Entry(Protocol):
    """What is kept of one request and of its answer."""

    @property
    def size(self) -> int:
        """Bytes of memory that it takes, about."""
        ...

    def answer(self, environ: Environ, query: str, now: float) -> Answer | None:
        """To a request with the same key, at so many seconds since the epoch; None where Django is
        to be asked. So it is where this raises StoreUnavailable, JobNotFound or NotRenewable.
        """
        ...


@dataclass
class PageEntry:
    """A whole page."""

    page: Page
    query: str
    shown: pages.Shown
    headers: Headers
    sent: bytes  # its body
    is_gzip: bool
    secret: str  # of the CSRF cookie, from which its tokens are made

    @cached_property
    def size(self) -> int:
        """With `body`, which is made once it is given again."""
        # A gzip body ends in the length of what it was made from.
        plain = int.from_bytes(self.sent[-4:], "little") if self.is_gzip else len(self.sent)
        return OF_AN_ENTRY + len(self.sent) + plain

    @cached_property
    def body(self) -> Body:
        """Made for the second who asks: for a page that only one asks for it would be lost work.

        Raises NotRenewable.
        """
        plain = gzip.decompress(self.sent) if self.is_gzip else self.sent
        return Body(plain, compress=self.is_gzip)

    def answer(self, environ: Environ, query: str, now: float) -> Answer | None:
        page = self.page
        holds = (
            query == self.query
            and 0 < page.until.timestamp() - now <= LASTS  # nor was the clock put back
            and pages.shown() is self.shown
            and page.still()
            and page.basis.holds(now)
        )
        if not holds:
            return None
        body = self.body.renewed({**MAKERS, "csrfmiddlewaretoken": self._token})
        return Answer(200, [*self.headers, ("Content-Length", str(len(body)))], body)

    def _token(self) -> bytes:
        """Another mask of the same secret, by Django itself, which reads it where its middleware
        puts it.
        """
        return get_token(SimpleNamespace(META={"CSRF_COOKIE": self.secret})).encode()  # type: ignore[arg-type]


MAKERS: dict[str, Callable[[], bytes]] = {  # of a page's values that are new each time
    "key": lambda: wiring.new_token().encode(),
    "id": lambda: wiring.new_token().encode(),
    "data-now": lambda: wiring.now().isoformat().encode(),
}


@dataclass
class PollEntry:
    """A poll: its part is asked for anew each time, as Django would; kept is all around it."""

    polled: Polled
    shown: pages.Shown
    compress: bool
    headers: dict[int, Headers] = field(default_factory=dict)  # by status, of those seen so far
    size: int = OF_AN_ENTRY

    def answer(self, environ: Environ, query: str, now: float) -> Answer | None:
        asked, known = self.polled, environ.get("HTTP_IF_NONE_MATCH", "")
        numbers = {name: int(number or 0) for name, number in NUMBERS.findall(query)}
        revision = max(numbers.get(REVISION_PARAMETER, 0), asked.revision)
        part = asked.poll.now(revision, numbers.get(SINCE_PARAMETER, 0), known)
        if part is None or pages.shown() is not self.shown or not asked.basis.holds(now):
            return None
        etag = ("ETag", part.etag)
        if etag_is_in(known, part.etag):
            kept = self.headers.get(304)
            return Answer(304, [*kept, etag], b"") if kept else None
        kept = self.headers.get(200)
        if kept is None or part.html is None:
            return None
        body = part.html().encode()
        headers = [*kept, etag]
        if self.compress and len(body) >= SMALLEST:
            headers.append(("Content-Encoding", "gzip"))
            body = compress_string(body, max_random_bytes=GZipMiddleware.max_random_bytes)
        return Answer(200, [*headers, ("Content-Length", str(len(body)))], body)


class AnswerCache:
    """The application behind it, asked only for what is not kept.

    Where the entries take more than MOST bytes, the one that was made first goes first.
    """

    def __init__(self, application: Application, clock: Callable[[], float] = time.time) -> None:
        self.application, self.clock = application, clock
        self.entries, self.size = dict[str, Entry](), 0

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        key = key_of(environ)
        if key is None:
            return self.application(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        entry = self.entries.get(key)
        if entry and (answer := _tried(entry, environ, query, self.clock())):
            request_id = ("X-Request-Id", id_of(environ))
            start_response(PHRASES[answer.status], [*answer.headers, request_id])
            return [answer.body]
        shown = pages.shown()
        response = self.application(environ, start_response)
        self._keep(key, entry_of(environ, response, query, shown, entry))
        return response

    def _keep(self, key: str, entry: Entry | None) -> None:
        self._drop(key)
        if entry is None:
            return
        self.entries[key] = entry
        self.size += len(key) + entry.size
        while self.size > MOST:
            self._drop(next(iter(self.entries)))

    def _drop(self, key: str) -> None:
        if entry := self.entries.pop(key, None):
            self.size -= len(key) + entry.size


def _tried(entry: Entry, environ: Environ, query: str, now: float) -> Answer | None:
    """None where Django is to answer, which also says what is to be said of an error."""
    try:
        return entry.answer(environ, query, now)
    except (StoreUnavailable, JobNotFound, MemberNotFound, NotRenewable):
        return None
    except Exception:
        log.exception("What is kept of %s cannot be given; Django answers.", environ["PATH_INFO"])
        return None


def key_of(environ: Environ) -> str | None:
    """Of a request: two of the same key get the same answer. None where nothing is kept."""
    path = environ["PATH_INFO"]
    has_body = environ.get("CONTENT_LENGTH") not in (None, "", "0")
    if environ["REQUEST_METHOD"] != "GET" or has_body or not path.startswith(PATHS):
        return None
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    query = environ.get("QUERY_STRING", "")
    rest = OF_POLLS.sub("", query) if query else ""
    if rest and OTHERWISE.search(rest):
        return None
    said = [path, rest]
    said += [environ.get(name, "") for name in IN_THE_KEY]
    if path.startswith(CREW):
        said.append(environ.get("HTTP_USER_AGENT", ""))
    if path.startswith(LINKS):  # who has missed too many links is refused, whoever has that one
        viewer = environ.get(VIEWER, "").rpartition(":")[0] if settings.ORIGIN_SECRET else ""
        said.append(viewer or environ.get("REMOTE_ADDR", ""))
    return "\0".join(said)


def entry_of(
    environ: Environ, response: object, query: str, shown: pages.Shown, last: Entry | None
) -> Entry | None:
    """What can be kept of Django's answer, in place of the last entry of that key; None where that
    is nothing.
    """
    if not isinstance(response, HttpResponse):
        return None
    page: Page | None = getattr(response, "page", None)
    polled: Polled | None = getattr(response, "polled", None)
    secret, sent = environ.get("CSRF_COOKIE", ""), environ.get("HTTP_COOKIE", "")
    # These may be set again for who sends the same cookies; any other is for this request alone.
    again = {REVISION_COOKIE}
    if secret and secret in sent:
        again.add(settings.CSRF_COOKIE_NAME)
    if response.cookies.keys() - again:
        return None
    headers = _headers(response)
    if polled:
        by_status = {response.status_code: headers}
        if isinstance(last, PollEntry) and last.polled.language == polled.language:
            by_status = last.headers | by_status
        compress = bool(re_accepts_gzip.search(environ.get("HTTP_ACCEPT_ENCODING", "")))
        return PollEntry(polled, shown, compress, by_status)
    if page and response.status_code == 200:
        is_gzip = response.headers.get("Content-Encoding") == "gzip"
        if is_gzip:
            headers.append(("Content-Encoding", "gzip"))
        return PageEntry(page, query, shown, headers, response.content, is_gzip, secret)
    return None


def _headers(response: HttpResponse) -> Headers:
    """Those that are the same in each answer, with its cookies."""
    cookies = [("Set-Cookie", each.OutputString()) for each in response.cookies.values()]
    return [(name, value) for name, value in response.items() if name not in ANEW] + cookies
