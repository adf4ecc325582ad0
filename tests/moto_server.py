"""S3, DynamoDB, SES and SNS on loopback, for this process and for others."""

import random
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any
from urllib.request import Request, urlopen

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class OneAtATime:
    """moto looks at a condition and then writes, without a lock; S3 does both in one step."""

    def __init__(self, app: Application) -> None:
        self.app, self.lock = app, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        with self.lock:
            return list(self.app(environ, start_response))


class LosesAnswers:
    """Cuts the connection after this share of the writes that it has made."""

    def __init__(self, app: Application, share: float, seed: int) -> None:
        self.app, self.share, self.chance = app, share, random.Random(seed)
        self.lost = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        said: list[str] = []

        def remember(status: str, *rest: Any) -> Any:
            said.append(status)
            return start_response(status, *rest)

        body = self.app(environ, remember)
        written = environ["REQUEST_METHOD"] == "PUT" and said[-1].startswith("200")
        if written and self.chance.random() < self.share:
            self.lost += 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        return body


class Quiet(MotoRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as S3 keeps them

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def server(port: int = 0, *, lose: float = 0, seed: int = 1) -> BaseWSGIServer:
    app: Application = OneAtATime(DomainDispatcherApplication(create_backend_app))
    if lose:
        app = LosesAnswers(app, lose, seed)
    return make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)


@contextmanager
def running_moto(*, lose: float = 0, seed: int = 1) -> Iterator[str]:
    """The endpoint's URL. Of the answers to writes, the share `lose` never arrives.

    All of a process share what is in it, as moto keeps that in globals: use new bucket names.
    """
    with serving(server(lose=lose, seed=seed)) as url:
        warm(url)
        yield url


@contextmanager
def serving(running: BaseWSGIServer) -> Iterator[str]:
    thread = threading.Thread(target=running.serve_forever, args=[0.05], name="moto", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def warm(endpoint: str) -> None:
    """moto imports a service at its first call, for longer than our own clients wait."""
    for service in ("s3", "dynamodb"):
        known = {"Authorization": f"AWS4 a/20260522/us-east-1/{service}/"}
        call = Request(endpoint, headers={**known, "X-Amz-Target": "DynamoDB_20120810.ListTables"})
        with suppress(OSError), urlopen(call, timeout=60):
            pass


def s3_client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def make_bucket(endpoint: str, bucket: str) -> str:
    s3_client(endpoint).create_bucket(Bucket=bucket)
    return bucket
