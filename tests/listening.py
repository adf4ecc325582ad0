"""A WSGI application on a loopback port, for a while."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    disable_nagle_algorithm = True  # else a body waits for the caller to acknowledge its head

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing is logged: addresses carry keys."""


@contextmanager
def listening(application: Any, port: int = 0) -> Iterator[str]:
    """Its address; port 0 takes any that is free."""
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
