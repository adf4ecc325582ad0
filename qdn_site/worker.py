"""How gunicorn works here: JSON access lines without keys, and no thread for dawdlers."""

import json
import logging
import socket
import time
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from qdn_site.logs import JsonFormatter, without_keys

SLOWEST = 20  # seconds from a request's first byte to the end of its answer


class JsonLogger(Logger):
    """gunicorn's own words and one line for each request, as JSON."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> None:
        if not (self.cfg.accesslog or self.cfg.logconfig):
            return
        headers = {name.lower(): value for name, value in resp.headers}
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "request": headers.get("x-request-id", ""),
            "method": environ.get("REQUEST_METHOD"),
            "path": without_keys(environ.get("RAW_URI") or environ.get("PATH_INFO") or ""),
            "status": int(str(resp.status)[:3]),
            "bytes": getattr(resp, "sent", None),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "agent": without_keys(environ.get("HTTP_USER_AGENT", ""))[:200],
        }
        self.access_log.info(json.dumps(line))


class ImpatientWorker(ThreadWorker):
    """Hangs up on requests that take too long to arrive, so that they hold no thread for ever.

    gunicorn's own timeout watches the worker, not its clients.
    """

    def init_process(self) -> None:
        self.under_way: dict[Any, float] = {}
        super().init_process()

    def handle(self, conn: Any) -> Any:
        self.under_way[conn] = time.monotonic() + SLOWEST
        try:
            return super().handle(conn)
        finally:
            self.under_way.pop(conn, None)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called by the main thread about once a second."""
        super().murder_keepalived(force)
        now = time.monotonic()
        for conn in [conn for conn, until in list(self.under_way.items()) if until < now]:
            logging.getLogger(__name__).info("Hung up on a client that took too long.")
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.under_way.pop(conn, None)  # it hung up by itself
