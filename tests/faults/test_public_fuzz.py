"""No request to a public address is answered with a 5xx, or without the site's headers."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, example, given, settings

from dispatch.domain.jobbook import JobBook
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.faults.stranger import Sent, addresses, over_the_wire, requests
from tests.faults.visitor import Visitor, booking
from tests.making import BUSINESS, NOON, make_job
from tests.serving import serving

pytestmark = pytest.mark.long

EXAMPLES = {"customers": 1_500, "programs": 500, "the crew": 500, "throttled": 200}
WIRE_EXAMPLES = 300  # over gunicorn, at production
FORM = "application/x-www-form-urlencoded"
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload"}
CREW, PROGRAMS = "/dashboard/", "/api/"
UNKNOWN = f"/track/{'u' * 32}"
COUNTED = [UNKNOWN, f"{UNKNOWN}/live", "/dashboard/login/", "/api/token", "/api/track"]
SEEN = {
    "customers": {200, 303, 304, 400, 404, 405, 411, 413, 422},
    "programs": {200, 400, 401, 404, 405, 413, 415, 422},
    "the crew": {200, 302, 400, 401, 404, 413, 422},
    "throttled": {429},
    "wire": {200, 303, 400, 404, 405, 413, 422},
}


def paths_of(kind: str) -> list[str]:
    crew = [path for path in addresses() if path.startswith(CREW)]
    programs = [path for path in addresses() if path.startswith(PROGRAMS)]
    rest = [path for path in addresses() if path not in {*crew, *programs}]
    return {"the crew": crew, "programs": programs, "customers": rest, "throttled": COUNTED}[kind]


def valid() -> dict[str, str]:
    day = BUSINESS.bookable(NOON)[0]
    return {
        "customer_name": "Mark",
        "phone": "6195550142",
        "location": "1 Elm St",
        "load": "half",
        "date": day.date.isoformat(),
        "window": day.name,
    }


def check(sent: Sent, status: int, headers: Mapping[str, str], always: Mapping[str, str]) -> None:
    assert status < 500, (status, sent)
    # Of a content, which a 304 has not; it was there with the content, and is kept beside it.
    always = {} if status == 304 else always
    assert {name: headers.get(name) for name in always} == always, (status, sent)
    if sent.path.startswith("/track"):
        assert "no-store" in (headers.get("Cache-Control") or ""), (status, sent)
        assert "noindex" in (headers.get("X-Robots-Tag") or ""), (status, sent)
    if sent.path.startswith(CREW):
        cached = headers.get("Cache-Control") or ""
        assert "private" in cached or "no-store" in cached, (status, sent)


def sent_form(body: bytes) -> Sent:
    return Sent("POST", "/book/", "", {}, FORM, body, again=False)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_nothing_that_anybody_sends_is_answered_with_a_5xx_or_without_its_headers(
    kind: str, jobs: JobRepository, roster: RosterRepository
) -> None:
    seen: Counter[int] = Counter()
    etags: dict[str, str] = {}
    throttled = kind == "throttled"
    for _ in range(60 if throttled else 0):  # the tries of this minute, used up
        Client().get(UNKNOWN)

    @settings(max_examples=EXAMPLES[kind], suppress_health_check=list(HealthCheck), database=None)
    @given(requests(paths_of(kind), "testserver", valid()))
    def send(sent: Sent) -> None:
        jobs.change(lambda book: JobBook(revision=book.revision).put(make_job()))
        if not throttled:
            cache.clear()
        etag = etags.get(sent.path) if sent.again else None
        headers = {**sent.headers, **({"If-None-Match": etag} if etag else {})}
        answer = Client(raise_request_exception=False).generic(
            sent.method,
            sent.path,
            sent.body,
            content_type=sent.kind,
            headers=headers,
            QUERY_STRING=sent.query,
        )
        if answer.status_code == 200 and "ETag" in answer.headers:
            etags[sent.path] = answer.headers["ETag"]
        seen[answer.status_code] += 1
        check(sent, answer.status_code, answer.headers, site.ANSWER_HEADERS["/"])

    send()
    print(kind, sorted(seen.items()))
    assert {status for status in SEEN[kind] if seen[status] < 2} == set(), seen
    assert seen.total() >= EXAMPLES[kind]


def test_nor_over_gunicorn_at_production(tmp_path: Path) -> None:
    """With static files as they are collected, and the throttles as they are."""
    seen: Counter[int] = Counter()
    etags: dict[str, str] = {}
    env = {"QDN_STAGE": "production", "DJANGO_ALLOWED_HOSTS": "127.0.0.1"}
    with serving(tmp_path, **env) as base:
        netloc = urlsplit(base).netloc
        form = booking(Visitor(base), "Mark")
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', Visitor(base).get("/book/").text)
        assert files

        @settings(
            max_examples=WIRE_EXAMPLES, suppress_health_check=list(HealthCheck), database=None
        )
        @given(requests([*addresses(), *files, "/", "/robots.txt"], "127.0.0.1", form))
        @example(sent_form(b"x" * (site.MOST_BODY + 1)))
        @example(sent_form(urlencode(form).encode()))
        @example(sent_form(b"customer_name=Mark"))
        def send(sent: Sent) -> None:
            etag = etags.get(sent.path) if sent.again else None
            status, headers = over_the_wire(netloc, sent, etag)
            if status == 200 and "ETag" in headers:
                etags[sent.path] = headers["ETag"]
            seen[status] += 1
            if headers.get("X-Request-Id"):
                check(sent, status, headers, site.ANSWER_HEADERS["/"] | HSTS)
            else:  # gunicorn's own: no request that the application could have been given
                assert status in (400, 414, 417, 431, 501), (status, sent)

        send()
    print("wire", sorted(seen.items()))
    assert {status for status in SEEN["wire"] if not seen[status]} == set(), seen
    assert seen.total() >= WIRE_EXAMPLES
