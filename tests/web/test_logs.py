"""A log tells machines what happened, and nobody whose key it was."""

import json
import logging
import sys
import time

import pytest
from django.test import Client

from qdn_site.logs import JsonFormatter, request_id, without_keys

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


def test_a_long_line_is_cut_at_once() -> None:
    for piece in ("a", "aA", "%25", "track/", "tracking/abcd", "a-", "0a_"):
        started = time.process_time()
        without_keys(piece * 20_000)
        assert time.process_time() - started < 0.5


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
