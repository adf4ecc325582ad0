"""A program on loopback to which events are posted; it checks signatures, as ours is documented."""

import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.listening import listening

SECRET = "a-secret-of-at-least-32-characters"
HANGS, DIES = 0, -1  # instead of a status: it never answers; it takes the event, and then is gone


@dataclass
class Listener:
    """What was posted to `url`, signed rightly, in order. `answers` are the next ones' statuses,
    HANGS or DIES; then 204.
    """

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of these events
    forged: int = 0
    asked: list[str] = field(default_factory=list)  # method and path of everything that came
    answers: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if not is_signed(body, environ):
            self.forged += 1
            start_response("403 Forbidden", [])
            return []
        answer = self.answers.pop(0) if self.answers else 204
        if answer == HANGS:
            self.over.wait()
        if answer in (DIES, 204) or 200 <= answer < 300:
            self.events.append(json.loads(body))
            self.keys.append(environ["HTTP_IDEMPOTENCY_KEY"])
        if answer <= 0:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        start_response(f"{answer} As told", [("Location", f"{self.url}/elsewhere")])
        return []


def is_signed(body: bytes, environ: dict[str, Any]) -> bool:
    timestamp = environ.get("HTTP_X_QDN_TIMESTAMP", "")
    mine = hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()
    return hmac.compare_digest(f"sha256={mine}", environ.get("HTTP_X_QDN_SIGNATURE", ""))


@contextmanager
def webhook_server() -> Iterator[Listener]:
    listener = Listener()
    with listening(listener) as listener.url:
        try:
            yield listener
        finally:
            listener.over.set()
