"""Many writers at once, on one document in S3 and on a table: each change is there once, soon, and
cheaply.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bench import Row
from dispatch import wiring
from dispatch.domain.document import Document, StaleWrite, StoreUnavailable
from dispatch.domain.jobbook import JobBook
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from tests.making import make_job
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import open_jobs, open_jobs_in

GET, PUT = 0.030, 0.040  # seconds that S3 takes
READ, WRITE = 0.008, 0.012  # and DynamoDB
WRITERS = 64
SECONDS = 3.0  # of each of the two

Change = Callable[[JobBook], JobBook]


class DistantStore(MemoryStore):
    """As far away as S3: half of each pause is the way there, and half the way back."""

    def __init__(self, get: float = GET, put: float = PUT) -> None:
        super().__init__(JobBook().put(make_job()).encode())
        self.get, self.put, self.puts = get, put, 0

    def load(self, known: Document | None = None) -> Document:
        time.sleep(self.get / 2)
        document = super().load(known)
        time.sleep(self.get / 2)
        return document

    def save(self, body: bytes, if_match: str | None) -> Document:
        with self._lock:
            self.puts += 1
        time.sleep(self.put / 2)
        try:
            return super().save(body, if_match)
        finally:
            time.sleep(self.put / 2)

    @property
    def version(self) -> int:
        """Of the one job that there is."""
        (job,) = JobBook.decode(MemoryStore.load(self).body).jobs
        return job.version


class DistantTable(MemoryTable):
    """As far away as DynamoDB."""

    def __init__(self) -> None:
        super().__init__()
        self.puts = 0
        self.repository().change(lambda book: book.put(make_job()))

    def repository(self, **settings: Any) -> JobRepository:
        return open_jobs_in(Table("bench", lambda: self), "bench", now=wiring.now, **settings)

    def get_item(self, *args: Any, **options: Any) -> dict[str, Any]:
        time.sleep(READ)
        return super().get_item(*args, **options)

    def query(self, *args: Any, **options: Any) -> dict[str, Any]:
        time.sleep(READ)
        return super().query(*args, **options)

    def transact_write_items(self, *args: Any, **options: Any) -> dict[str, Any]:
        with self._lock:
            self.puts += 1
        time.sleep(WRITE / 2)
        try:
            return super().transact_write_items(*args, **options)
        finally:
            time.sleep(WRITE / 2)

    @property
    def version(self) -> int:
        (job,) = self.repository().read().jobs
        return job.version


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
    store = DistantStore()
    naive = race(store, naively(store))
    store = DistantStore()
    ours = race(store, open_jobs(store, now=wiring.now, background=True).change)
    at_once = f"{WRITERS} writers on one document"
    rates = f"({naive.rate:.1f} → {ours.rate:.1f} changes a second)"
    yield Row(f"{at_once}, to naive ones {rates}", ours.rate / naive.rate, "×", at_least=40)
    yield Row(f"{at_once}: lost", ours.lost, at_most=0)
    yield Row(f"{at_once}: refused", ours.refused, at_most=0)
    yield Row(f"{at_once}: p99", ours.p99 / store.put, "PUTs", at_most=5)
    yield Row(f"{at_once}: PUTs a change", ours.puts / max(1, len(ours.seconds)), at_most=0.1)
    table = DistantTable()
    there = race(table, table.repository(background=True).change)
    at_once = f"{WRITERS} writers on a table"
    rates = f"({ours.rate:.1f} → {there.rate:.1f} changes a second)"
    yield Row(f"{at_once}, to those on a document {rates}", there.rate / ours.rate, "×", at_least=1)
    yield Row(f"{at_once}: lost", there.lost, at_most=0)
    yield Row(f"{at_once}: refused", there.refused, at_most=0)


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
    writers: int = WRITERS,
    length: float = SECONDS,
) -> Race:
    """All count up the version of one job, one change after the other, until time is up."""
    start = threading.Barrier(writers + 1)

    def write(_: int) -> tuple[list[float], int]:
        seconds, refused = [], 0
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
    lost = max(0, len(seconds) - (store.version - 1))
    return Race(seconds, lost, sum(refused for _, refused in each), store.puts, took)


def one_more(book: JobBook) -> JobBook:
    (job,) = book.jobs
    return book.put(replace(job, version=job.version + 1))
