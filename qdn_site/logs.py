"""Logs for machines: one JSON object a line, with the request's id, and without anybody's key."""

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from gunicorn.glogging import Logger

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


class JsonLogger(Logger):
    """gunicorn's own messages, and one line for each request, as JSON."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> None:
        if not (self.cfg.accesslog or self.cfg.logconfig):
            return
        headers = {name.lower(): value for name, value in resp.headers}
        line = {
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "request": headers.get("x-request-id", ""),
            "method": environ.get("REQUEST_METHOD"),
            "path": without_keys(environ.get("RAW_URI") or environ.get("PATH_INFO") or ""),
            "status": int(str(resp.status)[:3]),
            "bytes": getattr(resp, "sent", None),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "agent": without_keys(environ.get("HTTP_USER_AGENT", ""))[:200],
        }
        self.access_log.info(json.dumps(line))
