"""gunicorn's settings: `gunicorn -c python:qdn_site.gunicorn qdn_site.wsgi`."""

import os
from typing import Any

from gunicorn.workers import gthread

bind = os.environ.get("QDN_BIND", "").strip() or "127.0.0.1:8000"
workers = int(os.environ.get("QDN_WORKERS", "").strip() or 2)
worker_class = "qdn_site.worker.ImpatientWorker"
logger_class = "qdn_site.worker.JsonLogger"
threads = 16
timeout = 30
graceful_timeout = 20  # longer than an old worker waits for a new one, and then lingers
keepalive = 75  # longer than CloudFront keeps its own connections
# A worker that makes way for new pages answers for so long on connections that are still open,
# and says that it closes them. CloudFront lets an idle one go after 5 s, so that none is closed
# under a request; gunicorn's own 2 s would be.
gthread.STOP_KEEPALIVE_LINGER = 6.0
# What a refused request goes on sending is not worth a thread's time: the connection closes.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.1
max_requests = 10_000
max_requests_jitter = 1_000
limit_request_line = 4094
accesslog = "-"
control_socket_disable = True
# No preload: threads and clients are made after the fork.
preload_app = False


def on_starting(server: Any) -> None:
    """Once, by the master, which imports no settings."""
    stage = os.environ.get("QDN_STAGE", "").strip()
    if stage != "development" and not os.environ.get("QDN_ORIGIN_SECRET", "").strip():
        server.log.warning(
            "QDN_ORIGIN_SECRET is not set: whoever knows this server's address gets past"
            " CloudFront, and rate limits count CloudFront's addresses, not the visitors', so"
            " that a few of them can use up the tries of all. Let CloudFront send"
            " X-Origin-Verify, and set it."
        )
