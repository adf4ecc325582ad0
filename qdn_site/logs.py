"""Logs for machines: one JSON object a line, with the request's id, and without anybody's key."""

import json
import logging
import re
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

# A tracking token is a key to a job: four characters tell two of them apart in a log. Cut are
# what stands where a token belongs, however it is spelt, and whatever looks like one of ours.
PART = r"[^/?&#\s\"']"
RUN = "[A-Za-z0-9_-]"
# A long name of a function or an error is no token: of those not one in a million is like it.
WORDS = rf"(?>[a-z_-]++|(?:[A-Z][a-z]{{2,}}+)++)(?!{RUN})"
KEYS = re.compile(
    rf"((?i:\btrack/+|[?&/]token[=/]+){PART}{{4}}){PART}+"
    rf"|((?i:\btracking/+){PART}{{4}})[^/?&#\s\"'.]{{12,}}"
    rf"|(?<!{RUN})(?!{WORDS})({RUN}{{4}}){RUN}{{28,}}"
    r"|([0-9a-fA-F]{4})[0-9a-fA-F]{12,}"
)
MOST_UNQUOTED = 3  # times: Django unquotes an address once, and `next=` holds one within another
SAFE_ID = re.compile(r"[A-Za-z0-9_=-]{8,80}")


def without_keys(text: str) -> str:
    for _ in range(MOST_UNQUOTED):
        text = unquote(text)
    return KEYS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "request", "message", "error"}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            "message": without_keys(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = without_keys("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps({name: value for name, value in line.items() if value})


class RequestIdMiddleware:
    """Names each request as CloudFront does, or by chance; the answer says the name too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Amz-Cf-Id", "")
        name = given if SAFE_ID.fullmatch(given) else token_hex(8)
        kept = request_id.set(name)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(kept)
        response.headers["X-Request-Id"] = name
        return response
