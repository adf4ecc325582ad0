"""A wrong call is answered with a problem document, never a 500, never a page."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from dispatch.api.problems import CONTENT_TYPE
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from qdn_site import errors
from tests.making import TOKEN, make_job, unavailable
from tests.web.api import Program, is_problem

BROKEN = [
    *(b"", b"{", b"nope", b"NaN", b'{"a": NaN}', b"\xff\xfe", b'{"customer_name": "\xff"}'),
    *(b'{"customer_name": "\\ud800", "location": "x"}', b"\xef\xbb\xbf{}", b"[" * 30_000),
    *(b'{"a":' * 10_000, b"null", b"[]", b"5", b'"x"', b"1e999", b"1" * 5_000),
    b'{"customer_name": "a", "customer_name": 5, "location": "x"}',
    b'{"customer_name": "a\\u0000", "location": "x"}',
]


def sent(body: bytes, content_type: str = "application/json") -> Any:
    dana = Program("dana")
    return dana.client.generic(
        "POST", "/api/jobs", body, content_type=content_type, headers=dana.headers
    )


MARK = {"customer_name": "Mark", "location": "Soderblom Ave"}
JOB = "jobs/jXkL9m2pQ"
LINES = [{"label": "Half load", "amount": 320}, {"label": "Regular", "amount": "-20.50"}]
EVENING = {"date": "2026-05-23", "name": "evening", "start": "18:00", "end": "20:00"}
NEW_JOBS = [
    *(({"price": price}, "price") for price in (1.234, "-Infinity", "1e-400", True, [], {})),
    ({"price_lines": LINES, "price": 1}, "price"),
    ({"price_lines": [*LINES, {"label": "b"}]}, "price_lines[2].amount"),
    *(({"status": status}, "status") for status in ("completed", "cancelled", "lost", "", 3, None)),
    *(({name: "x"}, name) for name in ("id", "version", "history", "tracking_token", "colour")),
    ({"window": {"date": "2026-05-23", "name": "night"}}, "window"),
    ({"window": {"date": "2026-05-23"}}, "window.name"),
    ({"window": EVENING | {"end": "17:00"}}, "window"),
    ({"window": EVENING | {"start": "25:00", "end": "26:00"}}, "window.start"),
    ({"window": "afternoon"}, "window"),
]
MOVES = [
    ({"status": "booked"}, "reason"),
    *(({"status": status}, "status") for status in ("cancelled", "in_progress", "lost")),
    ({}, "status"),
    ({"status": "completed", "expected": "x"}, "expected"),
    ({"status": "completed", "reason": "x" * 501}, "reason"),
]
EDITS = [
    *(({"status": "done"}, "status"), ({"crew": {}}, "crew"), ([], "body"), ("x", "body")),
    *(({"customer_name": None}, "customer_name"), ({"version": "1"}, "version")),
    *(({"truck": "T2", "version": version}, "version") for version in (0, -1, 2, 99, 10**30)),
]
ASKED = {
    "jobs": {
        "limit": ["abc", "0", "501", "", "1e3", "9" * 400],
        "date": ["today", "2026-02-30"],
        "status": ["lost"],
        "after": ["x", "é", "WzFd", "="],
        "r": ["x", "-1", "", "9" * 16],
        "stauts": ["booked"],
        "q": ["x" * 300],
    },
    "crew": {
        "date": ["today", "1999-12-31", "9999-12-31", "2026-05-23&from=2026-05-23"],
        "from": ["x&to=2026-05-23"],
        "day": ["2026-05-23"],
    },
}


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        *(("post jobs", MARK | fields, field) for fields, field in NEW_JOBS),
        ("post jobs", {"location": "Soderblom Ave"}, "customer_name"),
        ("post jobs", {"customer_name": "Mark"}, "location"),
        *((f"patch {JOB}", body, field) for body, field in EDITS),
        *((f"put {JOB}/crew", {"driver": "joel", "version": v}, "version") for v in (0, 2, 10**30)),
        (f"put {JOB}/crew", {"driver": "joel", "insist": "please"}, "insist"),
        *((f"post {JOB}/status", body, field) for body, field in MOVES),
        (f"post {JOB}/notes", {"text": " "}, "text"),
        *(
            (f"get {path}?{field}={value}", None, field)
            for path, asked in ASKED.items()
            for field, values in asked.items()
            for value in values
        ),
        *(("get crew", None, "date"), ("get crew?from=2026-05-23", None, "to")),
        *((f"get crew?from=2026-05-23&to={to}", None, "to") for to in ("2026-05-22", "2026-07-24")),
        ("get crew?to=2026-05-23", None, "from"),
        *(("post track", {"token": token}, "token") for token in (5, None)),
        *(("post track", {}, "token"), ("post track", [], "body")),
        ("post track", {"token": TOKEN, "x": 1}, "x"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_and_changes_nothing(
    roster: RosterRepository, jobs: JobRepository, call: str, body: Any, field: str
) -> None:
    jobs.change(lambda book: book.put(make_job(status="in_progress", truck="T1")))
    method, path = call.split(" ", 1)
    program = Program("joel" if path.endswith("/status") else "dana")
    answer = program.get(path) if method == "get" else getattr(program, method)(path, body)
    assert is_problem(answer, 422)
    assert answer.json()["field"] == field
    assert jobs.read().revision == 1


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:20]))
def test_a_body_that_is_no_good_is_422(roster: RosterRepository, body: bytes) -> None:
    answer = sent(body)
    assert is_problem(answer, 422)
    assert answer.json()["field"] in ("body", "customer_name", "a")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "x", "multipart/form-data"]
)
def test_other_content_types_are_415(roster: RosterRepository, content_type: str) -> None:
    assert is_problem(sent(b"{}", content_type), 415)


def test_a_body_in_chunks_is_411(roster: RosterRepository) -> None:
    answer = Client().generic(
        "POST", "/api/track", content_type="application/json", HTTP_TRANSFER_ENCODING="chunked"
    )
    assert is_problem(answer, 411)


def test_too_many_wrong_passwords_are_429(roster: RosterRepository) -> None:
    tries = [Program().post("token", {"username": "dana", "password": "x"}) for _ in range(12)]
    assert is_problem(tries[0], 401)
    assert is_problem(tries[-1], 429)
    assert int(tries[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "jobs", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "jobs/x", "GET, HEAD, OPTIONS, PATCH"),
        ("GET", "token", "OPTIONS, POST"),
        ("GET", "jobs/x/status", "OPTIONS, POST"),
        ("HEAD", "token", "OPTIONS, POST"),
        ("BREW", "jobs", "GET, HEAD, OPTIONS, POST"),
        ("POST", "docs", "GET, HEAD"),
        ("POST", "openapi.json", "GET, HEAD"),
    ],
)
def test_another_method_is_405_naming_those_there_are(method: str, path: str, allowed: str) -> None:
    answer = Client().generic(method, f"/api/{path}")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Allow"] == allowed


def test_options_says_what_there_is() -> None:
    answer = Client().options("/api/jobs")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "x/y;q=1"])
def test_who_wants_no_json_gets_406(roster: RosterRepository, accept: str) -> None:
    assert is_problem(Program("vic").get("jobs", Accept=accept), 406)


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", "text/html, */*;q=0.1", ";;,q="])
def test_who_takes_json_among_others_gets_it(roster: RosterRepository, accept: str) -> None:
    assert Program("vic").get("jobs", Accept=accept).status_code in (200, 406)


@pytest.mark.parametrize(
    "path", ["", "nope", "jobs/", "jobs/a/b", "crewx", "docs/", "%00", "jobs//x"]
)
def test_an_unknown_address_is_404(path: str) -> None:
    assert is_problem(Client().get(f"/api/{path}"), 404)
    assert is_problem(Client().post(f"/api/{path}"), 404)


def test_too_large_is_413() -> None:
    assert is_problem(Program().post("track", {"token": "x" * 70_000}), 413)


def test_storage_out_of_reach_is_503(roster: RosterRepository, jobs: JobRepository) -> None:
    vic = Program("vic")
    with unavailable(jobs):
        answer = vic.get("jobs")
    assert is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def test_an_unknown_host_is_told_so_as_a_problem() -> None:
    assert is_problem(Client().get("/api/jobs", headers={"Host": "evil.test"}), 400)


@pytest.mark.parametrize("status", sorted(errors.TITLES))
def test_every_page_for_errors_has_its_problem(status: int) -> None:
    answer = errors.page(RequestFactory().get("/api/x"), status, "Text.")
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, CONTENT_TYPE)
    assert json.loads(answer.content)["detail"] == "Text."


def test_many_parameters_are_refused(roster: RosterRepository) -> None:
    query = "a=1&" * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + "a=1"
    assert is_problem(Program("vic").get(f"jobs?{query}"), 400)


def test_a_job_of_the_old_days_reads_well(roster: RosterRepository, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(id="Job #7, old", tracking_token="")))
    assert Program("vic").get("jobs/Job%20%237,%20old").status_code == 200
