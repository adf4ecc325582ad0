"""No made-up call is answered with a 5xx, and every refusal is a problem document."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import PASSWORD, TOKEN, make_job
from tests.web.api import Program

pytestmark = pytest.mark.long

ID = "jXkL9m2pQ"
WHO = ("", "vic", "joel", "dana")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")

texts = st.text(max_size=60) | st.sampled_from(
    ["", " ", "\x00", "a\nb", "🚛", "\u202e", "x" * 3_000, "' OR 1=1", "../..", "NaN", "undo"]
)
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([10**400, -(10**400), 1e308, -0.0, 0.1 + 0.2, "1e-400", "Infinity", "٣"])
)
plain = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
statuses = st.sampled_from([*Status, "done", "confirmed", "lost"]) | anything
days = st.dates().map(str) | st.sampled_from(["2026-05-23", "0001-01-01", "9999-12-31"])
windows = st.fixed_dictionaries(
    {"date": days | anything, "name": st.sampled_from(["morning", "afternoon", "x"]) | anything},
    optional={"start": st.sampled_from(["08:00", "23:59"]) | anything, "end": anything},
)
lines = st.lists(
    st.fixed_dictionaries({"label": texts | anything, "amount": numbers | anything}), max_size=4
)
people = st.sampled_from(["joel", "ana", "vic", "dana", "nobody", ""]) | anything
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("customer_name", "location", "phone", "email", "text"), texts | anything),
    **dict.fromkeys(("access_notes", "truck", "reason", "username"), texts | anything),
    **dict.fromkeys(("driver", "first_mate", "supervisor"), people),
    "load": st.sampled_from(["half", "full"]) | anything,
    "price": numbers | anything,
    "price_lines": lines | anything,
    "window": windows | anything,
    "status": statuses,
    "expected": statuses,
    "version": numbers | anything,
    "crew": st.dictionaries(st.sampled_from(["driver", "x"]), people) | anything,
    "token": st.just(TOKEN) | texts | anything,
    "password": st.just(PASSWORD) | anything,
}
# The fields that each address knows, so that many a made-up body comes through to the jobs.
ADDRESSES: dict[str, tuple[str, ...]] = {
    "token": ("username", "password"),
    "track": ("token",),
    "jobs": (
        *("customer_name", "location", "phone", "email", "access_notes", "truck", "load"),
        *("price", "price_lines", "window", "status", "crew"),
    ),
    f"jobs/{ID}": (
        *("customer_name", "location", "phone", "email", "access_notes", "truck", "load"),
        *("price", "price_lines", "window", "version"),
    ),
    f"jobs/{ID}/status": ("status", "expected", "reason"),
    f"jobs/{ID}/crew": ("driver", "first_mate", "supervisor", "version"),
    f"jobs/{ID}/notes": ("text",),
    **dict.fromkeys(("jobs/nope", "jobs/nope/status", "openapi.json", "docs", "nope", ""), ()),
}


def bodies(address: str) -> st.SearchStrategy[bytes]:
    known = st.fixed_dictionaries({}, optional={name: FIELDS[name] for name in ADDRESSES[address]})
    made = (known | anything).map(lambda body: json.dumps(body).encode())
    needed = {"customer_name": "Mark", "location": "x"} if address == "jobs" else {}
    whole = known.map(lambda body: json.dumps(needed | body, ensure_ascii=True).encode())
    return whole | made | st.binary(max_size=200)


# A call that is right, of which one or two fields are then made up.
RIGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "token": ("POST", {"username": "joel", "password": PASSWORD}),
    "track": ("POST", {"token": TOKEN}),
    "jobs": ("POST", {"customer_name": "Mark", "location": "Soderblom Ave", "load": "half"}),
    f"jobs/{ID}": ("PATCH", {"truck": "T1", "version": 1}),
    f"jobs/{ID}/status": ("POST", {"status": "in_progress", "expected": "booked"}),
    f"jobs/{ID}/crew": ("PUT", {"driver": "ana"}),
    f"jobs/{ID}/notes": ("POST", {"text": "Two couches"}),
}


def almost_right(address: str) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(ADDRESSES[address]).flatmap(
        lambda name: st.tuples(st.just(name), FIELDS[name])
    )
    return st.lists(one, max_size=2).map(lambda made_up: RIGHT[address][1] | dict(made_up))


queries = st.dictionaries(
    st.sampled_from(["status", "crew", "date", "q", "limit", "after", "r", "x"]),
    texts | numbers.map(str) | st.sampled_from(["2026-05-23", "WzEsMV0", "-", "10"]),
    max_size=4,
)
header_texts = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)
headers = st.dictionaries(
    st.sampled_from(
        ["Accept", "If-None-Match", "If-Match", "Idempotency-Key", "Cookie", "X-CSRFToken"]
    ),
    header_texts | st.sampled_from(["*/*", "application/json", "*", 'W/"x"', "csrftoken=x"]),
    max_size=3,
)
content_types = (
    st.sampled_from(
        ["application/json"] * 6
        + ["", "text/plain", "application/json; charset=latin-1", "multipart/form-data; boundary=x"]
    )
    | header_texts
)


@pytest.fixture
def programs(roster: RosterRepository) -> dict[str, Program]:
    return {name: Program(name) for name in WHO}


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_call_is_answered_with_a_5xx(
    address: str, programs: dict[str, Program], jobs: JobRepository
) -> None:
    @settings(
        max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.sampled_from(METHODS), bodies(address), queries, headers, content_types)
    def call(
        method: str, body: bytes, query: dict[str, str], given: dict[str, str], content_type: str
    ) -> None:
        # As it was, and no larger than it was: what one call has made is no matter of the next.
        jobs.change(lambda book: JobBook(revision=book.revision).put(make_job(status="booked")))
        for name in WHO:
            _check(programs[name], method, address, body, query, given, content_type)

    call()


@pytest.mark.parametrize("address", RIGHT)
def test_a_call_that_is_almost_right_is_answered_or_refused(
    address: str, programs: dict[str, Program], jobs: JobRepository, dana: Client
) -> None:
    """And what it was let to write leaves every page as it should be."""
    method = RIGHT[address][0]

    @settings(
        max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(almost_right(address), queries)
    def call(body: dict[str, Any], query: dict[str, str]) -> None:
        before = jobs.change(
            lambda book: JobBook(revision=book.revision).put(make_job(status="booked"))
        )
        for name in ("joel", "dana"):
            sent = json.dumps(body).encode()
            _check(programs[name], method, address, sent, query, {}, "application/json")
        assert not jobs.refreshed().problems
        if jobs.read().jobs == before.jobs:  # refused, all of it
            return
        assert dana.get("/dashboard/").status_code == 200
        for job in jobs.read().jobs:
            assert dana.get(f"/dashboard/jobs/{job.id}").status_code == 200
            assert dana.get(f"/track/{job.tracking_token}").status_code == 200

    call()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.sampled_from(METHODS), st.text(max_size=80) | st.binary(max_size=80))
def test_no_address_is_answered_with_a_5xx(method: str, tail: str | bytes) -> None:
    raw = tail if isinstance(tail, bytes) else tail.encode("utf-8", "surrogatepass")
    path = "/api/" + "".join(f"%{byte:02x}" for byte in raw)
    _judge(Client(raise_request_exception=False).generic(method, path), method)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(header_texts)
def test_no_authorization_is_answered_with_a_5xx(header: str) -> None:
    for value in (header, f"Bearer {header}"):
        answer = Program(Authorization=value).get("jobs")
        assert answer.status_code == 401
        _judge(answer, "GET")


def _check(
    program: Program,
    method: str,
    address: str,
    body: bytes,
    query: dict[str, str],
    given: dict[str, str],
    content_type: str,
) -> None:
    answer = program.client.generic(
        method,
        f"/api/{address}",
        body,
        content_type=content_type,
        query_params=query,
        headers={**given, **program.headers},
    )
    _judge(answer, method)


def _judge(answer: Any, method: str) -> None:
    cache.clear()  # no limit on tries keeps thousands of calls from what is tested here
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        if method != "HEAD":
            assert json.loads(answer.content)["status"] == answer.status_code
