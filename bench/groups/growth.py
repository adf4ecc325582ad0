"""What years of finished jobs cost those who work on the open ones: next to nothing, on each store.

Measured is what a process does itself, the memory it takes, and what it sends to the store: whoever
plays S3 or DynamoDB, with all that is in it, is another process, reached over loopback by AWS's own
client. `python -m bench.groups.growth URL FOLDER` is the one that is measured.
"""

import gc
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
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
from dispatch.stores.dynamodb import Table
from dispatch.stores.migration.place import Place
from dispatch.stores.table import kinds
from dispatch.stores.table.archive import TableMonths
from dispatch.stores.table.ledger import TableLedger
from tests.aws import aws_environment
from tests.making import BUSINESS, DANA, make_job, make_member
from tests.memory_table import MemoryTable
from tests.moto_server import make_bucket, running_moto
from tests.table_server import running_table

Open = Callable[[int], Place]  # by how many are finished

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

OPEN, FINISHED = 50, 100_000
ROUNDS, TIMES = 5, 40  # processes for each size, and how often each of them does it
UNITS = {"page": "ms", "poll": "ms", "quiet poll": "ms", "poll's size": "KB", "change": "ms"}
UNITS |= {"bytes written": "KB", "memory": "MB"}
BUCKET = {
    "BACKEND": "dispatch.stores.s3.OneConnectionS3Storage",
    "OPTIONS": {"bucket_name": "jobs"},
}


def rows() -> Iterator[Row]:
    for store in (file, s3, table):
        with TemporaryDirectory() as folder, store(folder) as place:
            yield from rows_of(store.__name__, place, f"{folder}/crew")


@contextmanager
def file(folder: str) -> Iterator[Open]:
    yield lambda finished: wiring.place(BUSINESS, f"file:{folder}/{finished}")


@contextmanager
def s3(_: str) -> Iterator[Open]:
    with running_moto() as endpoint:
        os.environ.update(aws_environment(endpoint))
        bucket = make_bucket(endpoint, "jobs")
        yield lambda finished: wiring.place(BUSINESS, f"s3://{bucket}/{finished}/jobs.json")


@contextmanager
def table(_: str) -> Iterator[Open]:
    """Filled in memory, as AWS's client would take minutes; measured over loopback, as S3."""
    client = MemoryTable()
    inside = Table("jobs", lambda: client)

    def place(finished: int) -> Place:
        name = str(finished)
        months = TableMonths(inside, name, BUSINESS.zone)
        return Place(f"dynamodb://jobs/{name}", TableLedger(inside, kinds.jobs(name)), months)

    gc.disable()  # of millions of values, for seconds in which nobody is answered
    with running_table(client) as endpoint:
        os.environ.update(aws_environment(endpoint))
        yield place
    gc.enable()


def rows_of(store: str, place: Open, crew: str) -> Iterator[Row]:
    """Both sizes by turns, and of each the best round: what else runs here slows down either."""
    places, best = {size: place(size) for size in (0, FINISHED)}, dict[int, dict[str, float]]()
    for finished, each in places.items():
        fill(each, finished)
    for finished in (*places,) * ROUNDS:
        command = [sys.executable, "-m", "bench.groups.growth", places[finished].url, crew]
        told = json.loads(subprocess.check_output(command))
        known = best.get(finished, told)
        best[finished] = {name: min(told[name], known[name]) for name in UNITS}
    for name, unit in UNITS.items():
        few, many = (best[finished][name] for finished in places)
        what = f"{OPEN} open jobs, 0 → {FINISHED:,} finished, {store}: {name}"
        yield Row(f"{what} ({few:.1f} → {many:.1f} {unit})", many / few, "×", at_most=1.1)


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
    told["memory"] = memory()
    return told


def least(do: Callable[[], object]) -> float:
    """Milliseconds of this process's own work, in the best of several tries."""
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        do()
        spent.append(time.process_time() - began)
    return min(spent) * 1_000


def memory() -> float:
    """MB at most. `getrusage` says no less than what the process that started this one took."""
    status = Path("/proc/self/status")
    if found := status.exists() and re.search(r"VmHWM:\s+(\d+)", status.read_text()):
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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


def main(url: str, crew: str) -> None:
    django.setup()
    settings.JOBS_URL, settings.CREW_URL = url, f"file:{crew}"
    settings.STORAGES[f"jobs-{BUSINESS.slug}"] = BUCKET
    print(json.dumps(measure()))


if __name__ == "__main__":
    main(*sys.argv[1:])
