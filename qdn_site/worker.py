"""How gunicorn works here: JSON access lines without keys, and no thread for dawdlers."""

import json
import logging
import selectors
import socket
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import get_parser
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.workers.gthread import ThreadWorker

from qdn_site.arrival import Arrival
from qdn_site.logs import JsonFormatter, without_keys

SLOWEST = 20  # seconds from a request's first byte to the end of its answer
GOODBYE = 2  # seconds for a client to close, too, after its last answer
MOST_AT_ONCE = 64 * 1024  # bytes


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
    """Gives a thread to requests that have come as a whole, and hangs up on those that never do.

    gunicorn itself gives one to every connection, so that a few dawdlers take all there are;
    its timeout watches the worker, not its clients. Here the main thread gathers what comes.
    """

    def init_process(self) -> None:
        self.until: dict[Any, float] = {}  # when to hang up, of all that are not idle
        self.arriving: dict[Any, Arrival] = {}
        self.leaving: set[Any] = set()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """A connection is new, or has its next request on the way."""
        self.until[conn] = time.monotonic() + SLOWEST
        conn.parser = conn.parser or get_parser(self.cfg, conn.sock, conn.client)
        self.arriving[conn] = Arrival(conn.parser.unreader.take_buffered())
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.gather, conn))
        self.gather(conn, conn.sock)

    def gather(self, conn: Any, sock: socket.socket) -> None:
        """Bytes have come, or the end of them: what ends too early is gunicorn's to refuse."""
        arrival = self.arriving[conn]
        more = _received(sock)
        arrival.add(more or b"")
        if more == b"" or arrival.is_whole():
            self._take_up(conn, arrival)
        elif arrival.is_endless():
            self.handle_error(None, sock, conn.client, LimitRequestHeaders("no end of it"))
            self._let_go(conn)
            self._see_off(conn)
        elif more and arrival.must_be_asked_for():
            with suppress(OSError):
                sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _take_up(self, conn: Any, arrival: Arrival) -> None:
        self._let_go(conn)
        conn.parser.unreader.unread(bytes(arrival.got))
        conn.data_ready = True
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """gunicorn's, but that where nothing of a body is left it needs no time to find that out.

        A busy machine takes all the time there is for it, and a connection that the answer has
        said to keep would be closed under the next request.
        """
        left = getattr(conn.parser.mesg.body.reader, "length", None)
        return keepalive and (left == 0 or super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: Any, fs: Any) -> None:
        """gunicorn's, but that it would wait for the client to go before it does anything else."""
        self.until.pop(conn, None)
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
            return
        self._see_off(conn)

    def _see_off(self, conn: Any) -> None:
        """Nothing more is said; what still comes is read, else the answer could be lost."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone already
            self._hang_up(conn)
            return
        self.until[conn] = time.monotonic() + GOODBYE
        self.leaving.add(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.drain, conn))

    def drain(self, conn: Any, sock: socket.socket) -> None:
        if _received(sock) == b"":
            self._hang_up(conn)

    def _hang_up(self, conn: Any) -> None:
        self._let_go(conn)
        self.until.pop(conn, None)
        self.nr_conns -= 1
        conn.close()

    def _let_go(self, conn: Any) -> None:
        """The main thread listens to it no longer."""
        if self.arriving.pop(conn, None) or conn in self.leaving:
            self.poller.unregister(conn.sock)
        self.leaving.discard(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called by the main thread about once a second."""
        super().murder_keepalived(force)
        now = time.monotonic()
        for conn in [conn for conn, until in self.until.items() if until < now]:
            if conn not in self.leaving:
                logging.getLogger(__name__).info("Hung up on a client that took too long.")
            if conn in self.arriving or conn in self.leaving:
                self._hang_up(conn)
                continue
            with suppress(OSError):  # a thread has it, and finds it gone
                conn.sock.shutdown(socket.SHUT_RDWR)


def _received(sock: socket.socket) -> bytes | None:
    """What has come; empty where that was the end, None where there is nothing yet."""
    try:
        return sock.recv(MOST_AT_ONCE)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def write_error(sock: socket.socket, status: int, reason: str, said: str) -> None:
    """gunicorn's own refusals, with our headers, and without the words of whoever is refused."""
    if status == 501:  # a transfer coding that nobody knows: no fault of ours, as a 5xx would say
        status, reason = 400, "Bad Request"
    body = f"{reason}.\n"
    headers = {
        "Connection": "close",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
        **settings.ANSWER_HEADERS["/"],
    }
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {headers[name]}" for name in headers)]
    util.write_nonblock(sock, "\r\n".join([*lines, "", body]).encode("latin-1"))


util.write_error = write_error
