"""Many writers at once, of one job and of as many jobs, on one document in S3 and on a table: each
change is there once, soon, and cheaply.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bench import Row
from bench.far import GET, PUT, READ, WRITE, far_away
from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import Document, StaleWrite, StoreUnavailable
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from tests.making import make_job
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import open_jobs, open_jobs_in

WRITERS = 64
SECONDS = 3.0  # of each of the two

Change = Callable[[JobBook], JobBook]


class DistantStore(MemoryStore):
    """As far away as S3."""

    def __init__(self, jobs: int = 1, *, get: float = GET, put: float = PUT) -> None:
        super().__init__(JobBook().put(*made(jobs)).encode())
        self.get, self.put, self.puts = get, put, 0

    def load(self, known: Document | None = None) -> Document:
        with far_away(self.get):
            return super().load(known)

    def save(self, body: bytes, if_match: str | None) -> Document:
        with self._lock:
            self.puts += 1
        with far_away(self.put):
            return super().save(body, if_match)

    def repository(self) -> JobRepository:
        return open_jobs(self, now=wiring.now, background=True)

    @property
    def changes(self) -> int:
        """That are in its jobs' versions."""
        return changes_of(JobBook.decode(MemoryStore.load(self).body))


class DistantTable(MemoryTable):
    """As far away as DynamoDB."""

    def __init__(self, jobs: int = 1) -> None:
        super().__init__()
        self.puts = 0
        self.repository(background=False).change(lambda book: book.put(*made(jobs)))

    def repository(self, *, background: bool = True) -> JobRepository:
        table = Table("bench", lambda: self)
        return open_jobs_in(table, "bench", now=wiring.now, background=background)

    def get_item(self, *args: Any, **options: Any) -> dict[str, Any]:
        with far_away(READ):
            return super().get_item(*args, **options)

    def query(self, *args: Any, **options: Any) -> dict[str, Any]:
        with far_away(READ):
            return super().query(*args, **options)

    def transact_write_items(self, *args: Any, **options: Any) -> dict[str, Any]:
        with self._lock:
            self.puts += 1
        with far_away(WRITE):
            return super().transact_write_items(*args, **options)

    @property
    def changes(self) -> int:
        return changes_of(self.repository(background=False).read())


def made(jobs: int) -> list[Job]:
    return [make_job(id=f"job{n:06}", tracking_token=f"{n:032}") for n in range(jobs)]


def changes_of(book: JobBook) -> int:
    return sum(job.version - 1 for job in book.jobs)


@dataclass(frozen=True)
class Race:
    """`seconds` of each change that was acknowledged, and what became of all of them."""

    seconds: list[float]
    lost: int  # acknowledged, and not there
    refused: int
    puts: int
    length: float  # seconds

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.length

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] if self.seconds else self.length


def rows() -> Iterator[Row]:
    """As many writers of one job, and each of a job of its own, which is harder on a table."""
    store = DistantStore()
    naive = race(store, naively(store))
    for jobs in (1, WRITERS):
        what, rates = f"{WRITERS} writers of {jobs} {'job' if jobs == 1 else 'jobs'}", list[float]()
        for where, place in (("document", DistantStore(jobs)), ("table", DistantTable(jobs))):
            ours = race(place, place.repository().change, jobs)
            rates.append(ours.rate)
            told = f"{what}, {where}"
            to_naive = (
                f"{told}: to naive ones ({naive.rate:.1f} → {ours.rate:.0f} changes a second)"
            )
            yield Row(to_naive, ours.rate / naive.rate, "×", at_least=40)
            yield Row(f"{told}: p99", ours.p99 / PUT, "PUTs", at_most=5)
            yield Row(f"{told}: writes a change", ours.puts / len(ours.seconds), at_most=0.1)
            yield Row(f"{told}: lost", ours.lost, at_most=0)
            yield Row(f"{told}: refused", ours.refused, at_most=0)
        yield Row(f"{what}: table to document", rates[1] / rates[0], "×", at_least=1)


def naively(store: DistantStore) -> Callable[[Change], object]:
    """Read, change, write; again where somebody else was faster."""

    def change(fn: Change) -> None:
        while True:
            document = store.load()
            book = fn(JobBook.decode(document.body)).written("naive", wiring.now())
            try:
                store.save(book.encode(), document.etag)
            except StaleWrite:
                continue
            return

    return change


def race(
    store: DistantStore | DistantTable,
    change: Callable[[Change], object],
    jobs: int = 1,
    *,
    writers: int = WRITERS,
    length: float = SECONDS,
) -> Race:
    """All count up their job's version, one change after the other, until time is up."""
    start = threading.Barrier(writers + 1)

    def write(number: int) -> tuple[list[float], int]:
        seconds, refused = [], 0
        one_more = counting_up(number % jobs)
        start.wait()
        until = time.perf_counter() + length
        while (began := time.perf_counter()) < until:
            try:
                change(one_more)
                seconds.append(time.perf_counter() - began)
            except StoreUnavailable:
                refused += 1
        return seconds, refused

    with ThreadPoolExecutor(writers) as pool:
        told = pool.map(write, range(writers))
        start.wait()
        began = time.perf_counter()
        each = list(told)
    took = time.perf_counter() - began
    seconds = [second for seconds, _ in each for second in seconds]
    lost = max(0, len(seconds) - store.changes)
    return Race(seconds, lost, sum(refused for _, refused in each), store.puts, took)


def counting_up(number: int) -> Change:
    def one_more(book: JobBook) -> JobBook:
        job = book.job(f"job{number:06}")
        return book.put(replace(job, version=job.version + 1))

    return one_more
