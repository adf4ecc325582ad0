"""Requests that a stranger might send: valid, nearly valid and nonsense."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import quote_from_bytes, urlencode

from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import strategies as st

from tests.making import TOKEN

FORM = "application/x-www-form-urlencoded"
NAMES = {"<str:token>": TOKEN, "<str:job_id>": "jXkL9m2pQ", "<str:username>": "joel"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
TOO_LARGE = b"customer_name=" + b"x" * 70_000


@dataclass(frozen=True)
class Sent:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    kind: str
    body: bytes
    again: bool  # with the ETag that this address said last

    @property
    def target(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")


def addresses() -> list[str]:
    """Every address of the URLconf, and those that middleware answers."""
    found = [f"/{route}" for route in _routes(get_resolver().url_patterns)]
    unknown = ["/track/short", f"/track/{'u' * 32}/ready", "/track.html", "/nowhere"]
    return [*found, "/healthz", "/readyz", "/static/x.css", *unknown]


def _routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for each in patterns:
        route = str(each.pattern)
        if route.startswith("^") or not route:
            route = "x" if isinstance(each, URLPattern) and each.name is None else ""
        for name, value in NAMES.items():
            route = route.replace(name, value)
        if isinstance(each, URLResolver):
            yield from (route + rest for rest in _routes(each.url_patterns))
        else:
            yield route


def mostly(usual: st.SearchStrategy, odd: st.SearchStrategy, times: int = 9) -> st.SearchStrategy:
    return st.integers(0, times).flatmap(lambda n: usual if n else odd)


latin = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40
)
odd = st.sampled_from(
    [
        *("", " ", "\x00", "%", "%zz", "..", "../../etc/passwd", "x" * 3_000, "é", "💥", "\u202e"),
        *("<script>", "' OR 1=1", "-1", "999999999999", "1e999", "NaN", "null", "[]", "{}", "\r\n"),
    ]
)
words = st.text(max_size=30) | odd
raw = st.binary(max_size=40) | words.map(lambda text: text.encode("utf-8", "surrogatepass"))
tails = raw.map(lambda part: quote_from_bytes(part, safe="/%.;:@&=+$,"))
queries = st.dictionaries(
    st.sampled_from(["r", "next", "expected", "q", "date", "month", "token", "limit"]) | words,
    words,
    max_size=3,
).map(urlencode)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"),
            *("Forwarded", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Address"),
            *("X-Origin-Verify", "X-Request-Id", "X-Requested-With", "X-CSRFToken"),
            *("Accept", "Accept-Encoding", "Accept-Language", "If-None-Match", "If-Match"),
            *("If-Modified-Since", "Range", "Origin", "Referer", "Sec-Fetch-Site", "Expect"),
            *("Authorization", "Content-Encoding", "Transfer-Encoding", "X-HTTP-Method-Override"),
        ]
    ),
    latin | st.sampled_from(["fetch", "same-origin", "null", "*", 'W/"x"', "bytes=0-", "https"]),
    max_size=3,
)
cookies = st.dictionaries(
    st.sampled_from(["sessionid", "csrftoken", "seen", "messages"]), latin, max_size=2
).map(lambda jar: "; ".join(f"{name}={value}" for name, value in jar.items()))
changes = st.dictionaries(
    st.sampled_from(
        [
            *("customer_name", "phone", "email", "location", "load", "date", "window", "key"),
            *("website", "access_notes", "reason", "username", "password", "next", "token"),
            *("unsent", "member"),
        ]
    ),
    words,
    max_size=2,
)


def bodies(valid: Mapping[str, str]) -> st.SearchStrategy[tuple[str, bytes]]:
    """A body that would do, with up to two fields changed; sometimes anything at all."""
    fields = changes.map(lambda changed: {**valid, **changed})
    sensible = fields.map(lambda body: (FORM, urlencode(body).encode())) | fields.map(
        lambda body: ("application/json", json.dumps(body).encode())
    )
    nonsense = st.one_of(
        st.tuples(st.just(FORM), st.binary(max_size=200)),
        st.tuples(latin, st.binary(max_size=100)),
        st.tuples(st.just("multipart/form-data; boundary=x"), st.binary(max_size=100)),
        st.just((FORM, TOO_LARGE)),
    )
    return mostly(sensible, nonsense, 4)


def requests(paths: list[str], host: str, valid: Mapping[str, str]) -> st.SearchStrategy[Sent]:
    sensible, nothing = bodies(valid), st.just(("", b""))
    bodies_of = {True: sensible, False: mostly(nothing, sensible)}
    said = (
        mostly(st.just(""), tails),
        mostly(st.just(""), queries, 2),
        mostly(st.just({}), headers, 2),
        mostly(st.just(""), cookies, 2),
        mostly(st.just(host), latin, 19),
    )

    @cache  # to put a strategy together takes longer than to draw from it
    def to(path: str) -> st.SearchStrategy[Sent]:
        usual = ("POST", "POST", "GET") if path == "/book/" else ("GET", "POST")
        methods = mostly(st.sampled_from(usual), st.sampled_from(METHODS), 4)
        return methods.flatmap(partial(by, path))

    @cache
    def by(path: str, method: str) -> st.SearchStrategy[Sent]:
        return st.builds(
            lambda tail, query, more, jar, at, body, again: Sent(
                method, path + tail, query, {**more, "Cookie": jar, "Host": at}, *body, again
            ),
            *said,
            bodies_of[method == "POST"],
            st.booleans(),
        )

    answering = ("/book/", "/dashboard/login/", "/dashboard/board")  # in most ways
    often = [path for path in answering if path in paths]
    return st.sampled_from([*paths, *often * 5]).flatmap(to)


def over_the_wire(netloc: str, sent: Sent, etag: str | None) -> tuple[int, HTTPMessage]:
    """Ask a server for it. `http.client` alters nothing that Django's client would let through."""
    connection = HTTPConnection(netloc, timeout=30)
    more = {"If-None-Match": etag} if etag else {}
    kind = {"Content-Type": sent.kind} if sent.kind else {}
    connection.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
    for name, value in {**sent.headers, **kind, **more}.items():
        connection.putheader(name, value.encode("latin-1"))
    if sent.body:
        connection.putheader("Content-Length", str(len(sent.body)))
    connection.endheaders(sent.body or None)
    with connection.getresponse() as answer:
        answer.read()
        connection.close()
        return answer.status, answer.headers
