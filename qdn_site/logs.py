"""Logs for machines: one JSON object a line, with the request's id, and without anybody's key or
what somebody was searched by.

Where they cannot be written the service goes on.
"""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import getrandbits
from typing import Any
from urllib.parse import unquote

from gunicorn.glogging import Logger

from dispatch.domain.status import Status

request_id: ContextVar[str] = ContextVar("request_id", default="")
SAFE_ID = re.compile(r"[A-Za-z0-9_=-]{8,80}")

# A tracking token is a key to a job, a calendar's secret to a member's days: in a log their first
# four characters tell two of them apart. The rest is cut from what stands where a token belongs,
# however it is spelt, and from whatever looks like one of ours.
PART = r"[^/?&#\s\"']"
RUN = "[A-Za-z0-9_-]"
# The long name of a function or an error is no token: not one token in a million looks like it.
WORDS = rf"(?>[a-z_-]++|(?:[A-Z][a-z]{{2,}}+)++)(?!{RUN})"
KEYS = re.compile(
    rf"((?i:\b(?:track|calendar)/+|[?&/]token[=/]+){PART}{{4}}){PART}+"
    rf"|((?i:\btracking/+){PART}{{4}})[^/?&#\s\"'.]{{12,}}"
    rf"|(?<!{RUN})(?!{WORDS})({RUN}{{4}}){RUN}{{28,}}"
    r"|([0-9a-fA-F]{4})[0-9a-fA-F]{12,}"
)
# Of a query only these values are kept: the others may be a name, a phone number, an address.
TELLS_NOBODY = (
    r"(?:r|limit|version)=\d{1,8}|(?:date|from|to)=\d{4}-\d\d-\d\d"
    rf"|status=(?:{'|'.join(Status)})"
)
VALUE = r"""(?:[^&#\s"']|["'](?=\w))"""  # O'Brien is one; a quote behind an address ends it
VALUES = re.compile(rf"([?&])(?!(?:{TELLS_NOBODY})(?!{VALUE}))([\w.-]{{1,32}}=)?{VALUE}+")
# One that is no HTTP, with blanks in its address, say.
BROKEN_LINE = re.compile(r"""(?s)^(Invalid request from [^'"]*['"](?:[A-Z]+ /[^?\s]*\?)?).+""")
LONGEST_KEPT = 500  # characters of an address, or of a browser's name
ONCE_A = 60  # seconds, in which the same message is written once
MOST_UNQUOTED = 3  # times: Django unquotes an address once, and `next=` holds one within another


def id_of(environ: Mapping[str, Any]) -> str:
    """A request's id: CloudFront's own, or a random one."""
    given = environ.get("HTTP_X_AMZ_CF_ID", "")
    return given if SAFE_ID.fullmatch(given) else f"{getrandbits(64):016x}"  # it is no secret


def without_keys(text: str) -> str:
    """A text in which all tokens are cut to their first four characters."""
    for _ in range(MOST_UNQUOTED):
        text = unquote(text)
    return KEYS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)


def without_names(text: str) -> str:
    """An address, or a text with addresses in it, without the values in their queries."""
    return VALUES.sub(r"\1\2…", BROKEN_LINE.sub(r"\1…", text))


class OnceAMinute(logging.Filter):
    """Lets through one message a minute of each kind from these loggers; all others pass. Messages
    are of one kind if they are the same before their values are put in.
    """

    def __init__(self, *loggers: str) -> None:
        super().__init__()
        self.loggers, self.said = loggers, dict[object, float]()

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if record.name not in self.loggers:
            return True
        if now - self.said.get(record.msg, float("-inf")) < ONCE_A:
            return False
        self.said[record.msg] = now
        return True


_not_written = OnceAMinute(__name__)


def not_written(record: logging.LogRecord) -> None:
    """Says on stderr, once a minute, that a log cannot be written, as its disk is full or its
    reader has gone: Python would write a traceback for each line.
    """
    error = sys.exc_info()[1]
    said = {"name": __name__, "levelname": "ERROR", "msg": "A log cannot be written: %r"}
    record = logging.makeLogRecord({**said, "args": (error,)})
    if _not_written.filter(record) and sys.stderr:
        with suppress(OSError, ValueError):  # which has gone too
            sys.stderr.write(f"{JsonFormatter().format(record)}\n")
            sys.stderr.flush()


class SteadyHandler(logging.StreamHandler[Any]):
    """Writes the application's messages; where that fails, the application goes on."""

    handleError = staticmethod(not_written)


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "request", "message", "error"}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            "message": without_keys(without_names(record.getMessage())),
        }
        if record.exc_info:
            error = "".join(traceback.format_exception(*record.exc_info))
            line["error"] = without_keys(without_names(error))
        return json.dumps({name: value for name, value in line.items() if value})


def _told(text: str) -> str:
    """What of that text is written. It is kept, as it is half of a line's work, and browsers ask
    for the same addresses again and again; not a stranger's long one: 2,048 of them take 30 MB.
    """
    return _kept(text) if len(text) <= LONGEST_KEPT else _kept.__wrapped__(text)


@lru_cache(maxsize=2048)
def _kept(text: str) -> str:
    return without_keys(without_names(text))


class JsonLogger(Logger):
    """gunicorn's own messages, and one line for each request, as JSON."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        # No line says them, and to find them out takes longer than to write it.
        logging._srcfile = None  # as Python's own HOWTO says
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.handleError = not_written

    def access(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> None:
        if not (self.cfg.accesslog or self.cfg.logconfig):
            return
        path = environ.get("RAW_URI") or environ.get("PATH_INFO") or ""
        names = (value for name, value in resp.headers if name.lower() == "x-request-id")
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "request": next(names, ""),
            "method": environ.get("REQUEST_METHOD"),
            "path": _told(path),
            "status": int(str(resp.status)[:3]),
            "bytes": getattr(resp, "sent", None),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "agent": _told(environ.get("HTTP_USER_AGENT", ""))[:200],
        }
        self.access_log.info(json.dumps(line))
