"""Whatever anybody sends to a public address: never a 5xx, and never without its headers."""

import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.conf import settings as site
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.domain.jobbook import JobBook
from dispatch.domain.repository import JobRepository, RosterRepository
from tests.making import TOKEN, make_job

pytestmark = pytest.mark.long

EXAMPLES = 1_250  # at each of four kinds of address
ALWAYS = {
    **site.ANSWER_HEADERS["/"],
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
KINDS = {
    "pages": ["/", "/book/", "/robots.txt", "/healthz", "/readyz", "/nowhere", "/static/x.css"],
    "links": [
        *(f"/track/{TOKEN}{part}" for part in ("", "/live", "/ready", "/cancel", "/undo", "/x")),
        *("/track/", "/track/short", f"/track/{'u' * 32}/ready", "/track.html"),
    ],
    "programs": ["/api/track", "/api/token", "/api/jobs", "/api/docs", "/api/openapi.json"],
    "the door": ["/dashboard/", "/dashboard/board", "/dashboard/login/", "/dashboard/jobs/x"],
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")

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
)
hosts = st.sampled_from(["localhost", "127.0.0.1", "testserver"]) | latin
headers = st.dictionaries(
    st.sampled_from(
        [
            *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"),
            *("Forwarded", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Address"),
            *("X-Origin-Verify", "X-Request-Id", "X-Requested-With", "X-CSRFToken", "Cookie"),
            *("Accept", "Accept-Encoding", "Accept-Language", "If-None-Match", "If-Match"),
            *("If-Modified-Since", "Range", "Origin", "Referer", "Sec-Fetch-Site", "Expect"),
            *("Authorization", "Content-Encoding", "Transfer-Encoding", "X-HTTP-Method-Override"),
        ]
    ),
    latin | st.sampled_from(["fetch", "same-origin", "null", "*", 'W/"x"', "bytes=0-", "https"]),
    max_size=4,
)
cookies = st.dictionaries(
    st.sampled_from(["sessionid", "csrftoken", "seen", "messages"]), latin, max_size=2
)
fields = st.dictionaries(
    st.sampled_from(
        [
            *("customer_name", "phone", "email", "location", "load", "date", "window", "key"),
            *("website", "access_notes", "reason", "username", "password", "next", "token"),
        ]
    ),
    words,
    max_size=8,
)
bodies = st.one_of(
    st.tuples(st.just("application/x-www-form-urlencoded"), st.binary(max_size=200)),
    st.tuples(st.just("application/json"), fields.map(lambda body: json.dumps(body).encode())),
    st.tuples(latin, st.binary(max_size=100)),
    st.tuples(st.just("multipart/form-data; boundary=x"), st.binary(max_size=100)),
)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_anybody_sends_is_answered_with_a_5xx_or_without_its_headers(
    kind: str, jobs: JobRepository, roster: RosterRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.throttle.Limit.check", lambda limit, key: None)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.sampled_from(METHODS),
        st.sampled_from(KINDS[kind]),
        st.just("") | tails,
        queries,
        hosts,
        headers,
        cookies,
        fields,
        st.none() | bodies,
    )
    def send(
        method: str,
        path: str,
        tail: str,
        query: dict[str, str],
        host: str,
        given_headers: dict[str, str],
        jar: dict[str, str],
        form: dict[str, str],
        body: tuple[str, bytes] | None,
    ) -> None:
        jobs.change(lambda book: JobBook(revision=book.revision).put(make_job()))
        client = Client(raise_request_exception=False)
        for name, value in jar.items():
            client.cookies[name] = value.replace("\r", "").replace("\n", "")
        sent: dict[str, Any] = {"headers": {**given_headers, "Host": host}, "query_params": query}
        if body:
            answer = client.generic(method, path + tail, body[1], content_type=body[0], **sent)
        elif method == "POST":
            answer = client.post(path + tail, form, **sent)
        else:
            answer = client.generic(method, path + tail, **sent)
        assert answer.status_code < 500, answer.content
        missing = [name for name in ALWAYS if name not in answer.headers]
        assert not missing, (answer.status_code, missing)

    send()
