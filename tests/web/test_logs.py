"""A log tells machines what happened, and nobody whose key it was."""

import json
import logging
import sys

import pytest
from django.test import Client

from qdn_site.logs import JsonFormatter, request_id, without_keys

KEY = "fcdc1c82cb284dbe"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"GET /track/{KEY} HTTP/1.1", "GET /track/fcdc… HTTP/1.1"),
        (f"GET /track/{KEY}/live?r=3", "GET /track/fcdc…/live?r=3"),
        (f"GET /track.html?a=1&token={KEY}&b=2", "GET /track.html?a=1&token=fcdc…&b=2"),
        (f'"https://quickdumpnow.com/track/{KEY}"', '"https://quickdumpnow.com/track/fcdc…"'),
        (f"GET /track//{KEY}", "GET /track//fcdc…"),
        ("GET /book/", "GET /book/"),
    ],
)
def test_a_key_is_cut_to_four_characters(line: str, kept: str) -> None:
    assert without_keys(line) == kept


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
