"""A log tells machines what happened, and nobody whose key it was."""

import json
import logging
import sys
import time
import tracemalloc
from contextlib import suppress

import pytest
from django.test import Client

from qdn_site import logs
from qdn_site.logs import (
    JsonFormatter,
    OnceAMinute,
    SteadyHandler,
    request_id,
    without_keys,
    without_names,
)

KEY = "fcdc1c82cb284dbe"
NEW_KEY = "q7-Zk_4mXo2PvT9sLw0cJd8uRb1yHn5e"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"GET /track/{KEY} HTTP/1.1", "GET /track/fcdc… HTTP/1.1"),
        (f"GET /track/{KEY}/live?r=3", "GET /track/fcdc…/live?r=3"),
        (f"GET /track.html?a=1&token={KEY}&b=2", "GET /track.html?a=1&token=fcdc…&b=2"),
        (f'"https://quickdumpnow.com/track/{KEY}"', '"https://quickdumpnow.com/track/fcdc…"'),
        (f"GET /track//{KEY}", "GET /track//fcdc…"),
        (f"GET /%74rack/{KEY}", "GET /track/fcdc…"),
        (f"GET /track%2F{KEY}/live", "GET /track/fcdc…/live"),
        (f"GET /track/%66{KEY[1:]}", "GET /track/fcdc…"),
        (f"GET /TRACK/{KEY}", "GET /TRACK/fcdc…"),
        (f"GET /tracking/{KEY}", "GET /tracking/fcdc…"),
        ("GET /tracking/from-another-system", "GET /tracking/from…"),
        (f"GET /{KEY}", "GET /fcdc…"),
        (f"GET /track{KEY}", "GET /trackfcdc…"),
        (f"GET /{NEW_KEY}", "GET /q7-Z…"),
        (f"GET /track{NEW_KEY}", "GET /trac…"),
        (f"GET /book/?%74oken={KEY}", "GET /book/?token=fcdc…"),
        (f"GET /book/?TOKEN={KEY}", "GET /book/?TOKEN=fcdc…"),
        (f"GET /x?next=%2Ftrack%2F{KEY}", "GET /x?next=/track/fcdc…"),
        (f"GET /x?next=%252Ftrack%252F%2566{KEY[1:]}", "GET /x?next=/track/fcdc…"),
        (f"Job(tracking_token='{NEW_KEY}')", "Job(tracking_token='q7-Z…')"),
    ],
)
def test_a_key_is_cut_to_four_characters(line: str, kept: str) -> None:
    assert without_keys(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        "GET /book/",
        "GET /dashboard/jobs/jXkL9m2pQ/move",
        "GET /dashboard/?date=2026-05-23&crew=joel&r=1234",
        "GET /static/tracking/track.0a1b2c3d4e5f.js",
        'File "/srv/tracking/not_found_page.py", line 3, in a_function_with_a_name_of_many_words',
        "botocore.errorfactory.ProvisionedThroughputExceededException: slow down",
    ],
)
def test_what_is_no_key_stays_readable(line: str) -> None:
    assert without_keys(line) == line


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("/dashboard/?q=Mark%20Twain&r=7", "/dashboard/?q=…&r=7"),
        ("/dashboard/?r=7&q=619-555-0142", "/dashboard/?r=7&q=…"),
        ("/api/jobs?status=booked&q=mark&limit=5", "/api/jobs?status=booked&q=…&limit=5"),
        ("/dashboard/login/?next=%2Fdashboard%2F%3Fq%3Dmark", "/dashboard/login/?next=…"),
        ("/dashboard/?Mark+Twain", "/dashboard/?…"),
        ("/dashboard/?q=&crew=joel", "/dashboard/?…&crew=…"),
        ("Error handling request GET /x?q=mark", "Error handling request GET /x?q=…"),
        ('Referer "https://a.example/?name=Mark"', 'Referer "https://a.example/?name=…"'),
        (
            "Invalid request from ip=::1: 'GET /?q=Mark Twain'",
            "Invalid request from ip=::1: 'GET /?…",
        ),
        ("/api/jobs?q=O'Brien", "/api/jobs?q=…"),
        ('/api/jobs?q=Mark%20"Sam"Twain&r=7', "/api/jobs?q=…&r=7"),
        ("/api/jobs?date=Mark&status=mark&to=6195550142", "/api/jobs?date=…&status=…&to=…"),
        ("/api/jobs?date=2026-05-23&from=2026-05-23%20Mark", "/api/jobs?date=2026-05-23&from=…"),
        ("/dashboard/?r=12345678&version=3", "/dashboard/?r=12345678&version=3"),
        ("File '/srv/a.py?x=mark', line 3", "File '/srv/a.py?x=…', line 3"),
        (
            "Invalid request from ip=::1: Invalid HTTP Version: 'Mark HTTP/1.1'",
            "Invalid request from ip=::1: Invalid HTTP Version: '…",
        ),
        (
            'Invalid request from ip=::1: Invalid HTTP request line: "GET /?q=O\'Brien Mark"',
            'Invalid request from ip=::1: Invalid HTTP request line: "GET /?…',
        ),
        ("Why? Nobody knows.", "Why? Nobody knows."),
    ],
)
def test_nobody_is_named_by_what_was_searched_for(line: str, kept: str) -> None:
    assert without_names(line) == kept
    record = logging.LogRecord("qdn", logging.ERROR, __file__, 1, "%s", (line,), None)
    assert json.loads(JsonFormatter().format(record))["message"] == without_keys(kept)


def test_a_log_that_cannot_be_written_is_said_once_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_not_written", OnceAMinute(logs.__name__))
    with open("/dev/full", "w") as full:
        log = logging.Logger("qdn")
        log.addHandler(SteadyHandler(full))
        for number in range(3):
            log.error("line %d", number)
        with suppress(OSError):
            full.close()
        log.error("closed")
    said = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["message"][:24] for line in said] == ["A log cannot be written:"]


def test_what_helpers_fail_by_is_said_once_a_minute_and_all_else_each_time() -> None:
    once = OnceAMinute("helper")

    def passes(name: str, words: str, *args: object) -> bool:
        return once.filter(logging.LogRecord(name, logging.ERROR, "", 1, words, args, None))

    said = [passes("helper", "out of reach: %s", n) for n in range(3)]
    assert said == [True, False, False]
    assert passes("helper", "another kind")
    assert passes("another", "out of reach: %s", 1)
    assert passes("another", "out of reach: %s", 1)
    once.said = {words: at - 61 for words, at in once.said.items()}
    assert passes("helper", "out of reach: %s", 4)


def test_a_long_line_is_cut_at_once() -> None:
    for piece in ("a", "aA", "%25", "track/", "tracking/abcd", "a-", "0a_"):
        started = time.process_time()
        without_keys(without_names(piece * 20_000))
        assert time.process_time() - started < 0.5


def test_what_strangers_say_at_length_is_not_kept() -> None:
    tracemalloc.start()
    for number in range(200):
        logs._told(f"{number} robot " * 800)
    grown, _most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000


def test_a_line_is_json_with_the_requests_name_and_no_key_in_message_or_traceback() -> None:
    try:
        raise ValueError(f"/track/{KEY}")
    except ValueError:
        record = logging.LogRecord(
            "qdn", logging.ERROR, __file__, 1, "GET /track/%s", (KEY,), sys.exc_info()
        )
    token = request_id.set("abc123")
    try:
        line = json.loads(JsonFormatter().format(record))
    finally:
        request_id.reset(token)
    assert line["request"] == "abc123"
    assert line["message"] == "GET /track/fcdc…"
    assert KEY not in json.dumps(line)


def test_every_answer_names_its_request(client: Client) -> None:
    given = client.get("/", headers={"X-Amz-Cf-Id": "cloudfront-said-so_1=="})
    assert given.headers["X-Request-Id"] == "cloudfront-said-so_1=="
    assert len(client.get("/healthz").headers["X-Request-Id"]) == 16


def test_a_name_that_could_break_the_log_is_not_taken(client: Client) -> None:
    answer = client.get("/", headers={"X-Amz-Cf-Id": 'x","level":"CRITICAL'})
    assert answer.headers["X-Request-Id"].isalnum()
