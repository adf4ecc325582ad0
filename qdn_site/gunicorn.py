"""gunicorn's settings: `gunicorn -c python:qdn_site.gunicorn qdn_site.wsgi`.

Read by the master process. It imports nothing that connects (ssl, urllib3, boto3) and no Django:
each worker first replaces Python's blocking calls by gevent's, and those must not be in use yet.
"""

import os
import re
import resource
import sys
from typing import Any

# A connection is an open file. Containers often begin with 1,024, and may have many more.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = max(_soft, min(_hard, 10_000))
resource.setrlimit(resource.RLIMIT_NOFILE, (_files, _hard))

bind = os.environ.get("QDN_BIND", "").strip() or "127.0.0.1:8000"
# Scale by containers: rate limits are counted in the process, unless QDN_CACHE_URL names a Redis.
_workers = os.environ.get("QDN_WORKERS", "").strip() or "1"
if not re.fullmatch("[1-9][0-9]{0,2}", _workers):
    sys.exit(f"Refusing to start: QDN_WORKERS is {_workers!r}, no number of processes.")
workers = int(_workers)
# A greenlet for each connection, so that thousands of slow clients keep nobody else waiting.
worker_class = "gevent"
worker_connections = min(8_000, _files * 4 // 5)  # the other files are for stores and pages
# Also the time that a request's head may take. Longer than CloudFront keeps an idle connection
# to us (5 s), so that none closes under a request; shorter than `graceful_timeout`, so that a
# worker that is told to end waits for all of them.
keepalive = 15
graceful_timeout = 20  # ECS kills 30 s after its SIGTERM
# The heartbeat's file: in memory, where a full disk stops no worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
logger_class = "qdn_site.logs.JsonLogger"
accesslog = "-"
# No peer's X-Forwarded-Proto or SCRIPT_NAME is believed, not even one on loopback.
forwarded_allow_ips = ""
control_socket_disable = True  # the root file system may be read-only


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


def post_worker_init(worker: Any) -> None:
    """gunicorn looks up thirty settings a request, each in three steps: found at once, they take a
    tenth of a poll's time less.
    """
    known = worker.cfg.settings.items()
    vars(worker.cfg).update({name: setting.get() for name, setting in known})


def worker_int(worker: Any) -> None:
    """Ctrl-C: at once. gunicorn's own way ends in a traceback of gevent's."""
    os._exit(0)
