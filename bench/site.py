"""The application as it is deployed, on one core, and who asks it, on another.

gunicorn in production's settings behind what CloudFront adds, its jobs in S3 and its roster in
DynamoDB: those two, played by moto in a process of its own, are beside the one who asks. The
reference is the same gunicorn with a Django view that does nothing (`bench.bare`).
"""

import json
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from gzip import decompress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlencode

from bench.storage import Storage
from bench.storage import running as running_storage
from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from tests.aws import aws_environment
from tests.making import BUSINESS, PASSWORD
from tests.moto_server import make_bucket, s3_client
from tests.serving import (
    PRODUCTION,
    SECRET,
    environment_of,
    gunicorn,
    roster_file,
    static_root,
)

CORES = os.sched_getaffinity(0)
LAST_CHUNK = b"0\r\n\r\n"
JSON_TYPE = "application/json"
FETCH = {"X_Requested_With": "fetch"}  # as a page's script asks
HOST, CREW_HOST = "quickdumpnow.com", "dispatch.quickdumpnow.com"
CONNECTIONS = 8  # kept open, as CloudFront does; each waits for its answer before it asks again
ROUNDS, LENGTH = 7, 0.5  # by turns, and the seconds of each
BROWSER = {
    "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15",
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
    "Accept-Language": "en-US,en;q=0.9",
    "X-Origin-Verify": SECRET,
    "CloudFront-Viewer-Address": "198.51.100.7:46532",
    "CloudFront-Forwarded-Proto": "https",
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # by their names in lower case
    body: bytes
    size: int  # bytes, with the headers

    @property
    def text(self) -> bytes:
        """The body as it was before it was compressed, as short ones are not."""
        is_gzip = self.headers.get("content-encoding") == "gzip"
        return decompress(self.body) if is_gzip else self.body


@dataclass
class Door:
    """Where one server listens. Each request is on a connection that is kept."""

    port: int
    pid: int
    sockets: list[socket.socket] = field(default_factory=list)

    def ask(self, request: bytes) -> Answer:
        connection = self.connected(1)[0]
        connection.sendall(request)
        return answer_on(connection)

    def connected(self, count: int) -> list[socket.socket]:
        while len(self.sockets) < count:
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(connection)
        return self.sockets[:count]

    def rate(self, requests: list[bytes], status: int, length: float = LENGTH) -> float:
        """Answers a second, to these by turns, with several always waiting."""
        connections = self.connected(CONNECTIONS)
        sent = done = 0
        began = time.perf_counter()
        for connection in connections:
            connection.sendall(requests[sent % len(requests)])
            sent += 1
        until = began + length
        while time.perf_counter() < until:
            for connection in connections:
                if (got := answer_on(connection)).status != status:
                    raise AssertionError(f"{got.status} {got.headers}"[:600])
                connection.sendall(requests[sent % len(requests)])
                sent += 1
                done += 1
        took = time.perf_counter() - began
        for connection in connections:
            answer_on(connection)
        return done / took

    def close(self) -> None:
        for connection in self.sockets:
            connection.close()
        self.sockets.clear()


def answer_on(connection: socket.socket) -> Answer:
    data = bytearray()
    while (answer := whole(data)) is None:
        if not (more := connection.recv(65536)):
            raise ConnectionError(bytes(data))
        data += more
    return answer


def whole(data: bytearray) -> Answer | None:
    """None of one that has not come to its end."""
    if (end := data.find(b"\r\n\r\n")) < 0:
        return None
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    headers = dict[str, str]()
    for line in lines:
        name, _, value = line.partition(": ")
        name = name.lower()  # cookies come in several
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    status = int(first.split()[1])
    length = 0 if status in (204, 304) else int(headers.get("content-length", -1))
    if len(data) < end + 4 + length if length >= 0 else not data[end + 4 :].endswith(LAST_CHUNK):
        return None
    return Answer(status, headers, bytes(data[end + 4 :]), len(data))


def request(
    path: str, *, host: str = HOST, method: str = "GET", body: bytes = b"", **headers: str
) -> bytes:
    """`headers` with `_` for each hyphen."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    if method != "GET":
        more["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (BROWSER | more).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Site:
    app: Door
    bare: Door
    storage: Storage
    environment: dict[str, str]

    def signed_in(self, username: str) -> str:
        """The cookies of who has just signed in."""
        there = "/dashboard/login/"
        page = self.app.ask(request(there, host=CREW_HOST))
        token = cookie_of(page, "csrftoken")
        fields = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = self.app.ask(
            request(
                there,
                host=CREW_HOST,
                method="POST",
                body=urlencode(fields).encode(),
                Content_Type="application/x-www-form-urlencoded",
                Cookie=f"csrftoken={token}",
                Origin=f"https://{CREW_HOST}",
            )
        )
        assert answer.status == 302, answer
        session = cookie_of(answer, "sessionid")
        return f"csrftoken={token}; sessionid={session}"

    def bearer(self, username: str) -> str:
        body = json.dumps({"username": username, "password": PASSWORD}).encode()
        answer = self.app.ask(
            request("/api/token", host=CREW_HOST, method="POST", body=body, Content_Type=JSON_TYPE)
        )
        return f"Bearer {json.loads(answer.body)['access']}"


@contextmanager
def running(jobs: Iterable[Job], *, latency: float = 0, crew: bytes = b"") -> Iterator[Site]:
    """With these jobs, in storage that takes so many seconds. Dana, Joel, Ana and Vic can sign in,
    or whoever is in the roster `crew`.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        with on_core(1):
            storage = stack.enter_context(running_storage(folder, latency))
        endpoint = storage.url
        bucket = make_bucket(endpoint, f"jobs-{token_hex(4)}")
        put_jobs(endpoint, bucket, jobs)
        environment = environment_of(
            folder,
            **aws_environment(endpoint),
            **PRODUCTION
            | {
                "QDN_JOBS_URL": f"s3://{bucket}/jobs.json",
                "QDN_CREW_URL": f"file:{folder}/data",
                "QDN_MEDIA_URL": "",
                "QDN_ORIGIN_SECRET": SECRET,
                "QDN_STATIC_ROOT": str(static_root()),
            },
        )
        (folder / "data" / "crew.json").write_bytes(crew or roster_file())
        app = stack.enter_context(served("qdn_site.wsgi", environment, folder / "app.log"))
        bare = stack.enter_context(served("bench.bare", environment, folder / "bare.log"))
        stack.enter_context(on_core(1))
        yield Site(app, bare, storage, environment)


def cookie_of(answer: Answer, name: str) -> str:
    found = re.search(rf"\b{name}=([^;]+)", answer.headers["set-cookie"])
    assert found, answer
    return found[1]


def put_jobs(endpoint: str, bucket: str, jobs: Iterable[Job]) -> None:
    now = wiring.now()
    book = JobBook().put(*jobs).with_archive(day=BUSINESS.today(now)).written("filled", now)
    s3_client(endpoint).put_object(Bucket=bucket, Key="jobs.json", Body=book.encode())


@contextmanager
def served(name: str, environment: dict[str, str], log: Path) -> Iterator[Door]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door, log.open("ab") as output:
        port = door.getsockname()[1]
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as gunicorn does by itself
        with on_core(0):
            server = gunicorn(environment, door, app=name, stdout=output)
    there = Door(port, server.pid)
    try:
        assert there.ask(request("/healthz")).status == 200, log.read_text()
        yield there
    finally:
        there.close()
        server.terminate()
        server.wait()


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started here stays on that one."""
    known = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(CORES)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, known)


def compared(site: Site, requests: dict[str, tuple[list[bytes], int]]) -> dict[str, list[float]]:
    """The rate of each, as a share of the bare view's beside it, in each round."""
    shares: dict[str, list[float]] = {name: [] for name in requests}
    bare = [request("/")]
    for _ in range(ROUNDS):
        for name, (asked, status) in requests.items():
            before = site.bare.rate(bare, 200, LENGTH / 2)
            own = site.app.rate(asked, status)
            after = site.bare.rate(bare, 200, LENGTH / 2)
            shares[name].append(own / ((before + after) / 2))
    return shares
