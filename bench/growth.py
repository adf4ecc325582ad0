"""What years of finished jobs cost those who work on the open ones: next to nothing, on each store.

Measured is what a process does itself, the memory it takes, and what it sends to the store: whoever
plays S3 or DynamoDB, with all that is in it, is another process, reached over loopback by AWS's own
client. `python -m bench.growth fill|measure FINISHED URL FOLDER` is one process of it.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.conf import settings
from django.test import Client
from msgspec.structs import replace

from bench import Row
from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.stores.migration.place import Place
from tests.aws import aws_environment
from tests.making import BUSINESS, DANA, make_job, make_member
from tests.memory_table import MemoryTable
from tests.moto_server import make_bucket, running_moto, running_table

Where = tuple[str, dict[str, str]]  # an address, and the environment in which it is found

OPEN, FINISHED = 50, 100_000
ROUNDS, TIMES = 3, 15  # processes for each size, and how often each of them does it
UNITS = {"page": "ms", "poll": "ms", "quiet poll": "ms", "poll's size": "KB", "change": "ms"}
UNITS |= {"bytes written": "KB", "memory": "MB"}
BUCKET = {
    "BACKEND": "dispatch.stores.s3.OneConnectionS3Storage",
    "OPTIONS": {"bucket_name": "jobs"},
}


def rows() -> Iterator[Row]:
    for store in (file, s3, table):
        with TemporaryDirectory() as folder, store(folder) as (url, environment):
            yield from rows_of(store.__name__, partial(run, url, folder, environment))


@contextmanager
def file(folder: str) -> Iterator[Where]:
    yield f"file:{folder}", {}


@contextmanager
def s3(_: str) -> Iterator[Where]:
    with running_moto() as endpoint:
        yield f"s3://{make_bucket(endpoint, 'jobs')}", aws_environment(endpoint)


@contextmanager
def table(_: str) -> Iterator[Where]:
    with running_table(MemoryTable()) as endpoint:
        yield "dynamodb://jobs", aws_environment(endpoint)


def rows_of(store: str, run: Callable[[str, int], str]) -> Iterator[Row]:
    """Both sizes by turns, and of each the best round: what else runs here slows down either."""
    sizes, best = (0, FINISHED), dict[int, dict[str, float]]()
    for finished in sizes:
        run("fill", finished)
    for finished in sizes * ROUNDS:
        told = json.loads(run("measure", finished))
        known = best.get(finished, told)
        best[finished] = {name: min(told[name], known[name]) for name in UNITS}
    for name, unit in UNITS.items():
        few, many = (best[finished][name] for finished in sizes)
        what = f"{OPEN} open jobs, 0 → {FINISHED:,} finished, {store}: {name}"
        yield Row(f"{what} ({few:.1f} → {many:.1f} {unit})", many / few, "×", at_most=1.1)


def run(url: str, folder: str, environment: dict[str, str], do: str, finished: int) -> str:
    command = [sys.executable, "-m", "bench.growth", do, str(finished), url, folder]
    environment = {**os.environ, **environment}
    told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout


def fill(place: Place, count: int) -> None:
    """OPEN open jobs, and so many finished in the ten years before."""
    now, book, months = wiring.now(), JobBook(), dict[str, list[Job]]()
    for number in range(OPEN + count):
        named = {"id": f"job{number:06}", "tracking_token": f"{number:032}"}
        job = make_job(**named, status=Status.BOOKED, created_at=now, updated_at=now)
        if number < OPEN:
            book = book.put(job)
            continue
        at = now - timedelta(days=4 + number % 3_650)
        job = move(job, Status.COMPLETED, by=DANA, at=at, business=BUSINESS, reason="")
        months.setdefault(place.months.name(at), []).append(job)
    for name, jobs in months.items():
        month = JobBook().put(*jobs).written("filled", now)
        stored = place.months.ledger(name).commit(JobBook(), month)
        book = book.stamped({name: stored.revision})
    book = book.with_archive(day=BUSINESS.today(now))
    place.jobs.commit(JobBook(), book.written("filled", now))


def measure() -> dict[str, float]:
    from dispatch.models import CrewUser  # which Django must be set up for

    dana = make_member("dana", rank=Rank.DISPATCHER, roles=())
    wiring.roster(BUSINESS).change(lambda roster: roster.put(dana))
    client, trucks = Client(), iter(range(1_000))
    client.force_login(CrewUser.of(dana, BUSINESS.slug))

    def get(path: str, status: int = 200, **headers: str) -> Any:
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, answer
        return answer

    def change() -> None:
        job_id, truck, at = "job000007", f"T{next(trucks)}", wiring.now()
        wiring.jobs(BUSINESS).change(
            lambda book: book.changed(replace(book.job(job_id), truck=truck), at)
        )

    poll = "/dashboard/board"
    known = {"If-None-Match": get(poll).headers["ETag"]}
    told = {
        "page": least(lambda: get("/dashboard/")),
        "poll": least(lambda: get(poll)),
        "quiet poll": least(lambda: get(poll, 304, **known)),
        "poll's size": len(get(poll).content) / 1024,
        "change": least(change),
    }
    told["bytes written"] = written_by(change) / 1024
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told


def least(do: Callable[[], object]) -> float:
    """Milliseconds of this process's own work, in the best of several tries."""
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        do()
        spent.append(time.process_time() - began)
    return min(spent) * 1_000


def written_by(do: Callable[[], object]) -> int:
    """Bytes, to files or over the network."""
    sent, send = list[int](), socket.socket.sendall
    folder = Path(settings.JOBS_URL.removeprefix("file:"))

    def sendall(self: socket.socket, data: bytes, *flags: int) -> None:
        sent.append(len(data))
        send(self, data, *flags)

    socket.socket.sendall = sendall  # type: ignore[method-assign, assignment]
    before = written_at(folder)
    do()
    new = written_at(folder).items() - before.items()
    return sum(sent) + sum(path.stat().st_size for path, _ in new)


def written_at(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def main(do: str, finished: str, url: str, folder: str) -> None:
    django.setup()
    url = f"{url}/{finished}{'/jobs.json' if url.startswith('s3:') else ''}"
    if do == "fill":
        fill(wiring.place(BUSINESS, url), int(finished))
    else:
        settings.JOBS_URL, settings.CREW_URL = url, f"file:{folder}/crew"
        settings.STORAGES[f"jobs-{BUSINESS.slug}"] = BUCKET
        print(json.dumps(measure()))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    main(*sys.argv[1:])
