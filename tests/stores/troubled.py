"""A store in memory to which things happen, and the repositories above it."""

from collections.abc import Callable
from typing import Any

from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import (
    Contended,
    Document,
    DocumentStore,
    StaleWrite,
    StoreUnavailable,
    Version,
)
from dispatch.stores.archive import DocumentMonths, JobDocument, Shelf
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, FakeClock, make_job
from tests.memory import MemoryStore
from tests.opening import open_jobs


class TroubledStore:
    """Before each load or save, and after each save, the next thing of a list happens."""

    def __init__(self, body: bytes | None = None) -> None:
        self.inner = MemoryStore(body)
        self.loads = self.saves = 0
        self.silent = False  # it answers nobody
        self.before_load: list[Callable[[], Any]] = []
        self.before_save: list[Callable[[], Any]] = []
        self.on_save: list[Callable[[bytes], Any]] = []
        self.after_save: list[Callable[[], Any]] = []

    def load(self, known: Document | None = None) -> Document:
        self.loads += 1
        self._answer()
        _next(self.before_load)
        return self.inner.load(known)

    def save(self, body: bytes, if_match: str | None) -> Document:
        self.saves += 1
        self._answer()
        _next(self.before_save)
        _next(self.on_save, body)
        saved = self.inner.save(body, if_match)
        _next(self.after_save)
        return saved

    def _answer(self) -> None:
        if self.silent:
            raise StoreUnavailable("The bucket does not answer.")

    def beside(self, name: str) -> DocumentStore:
        self._answer()
        return self.inner.beside(name)

    def versions(self) -> list[Version]:
        self._answer()
        return self.inner.versions()

    def names_in(self, folder: str) -> list[str]:
        self._answer()
        return self.inner.names_in(folder)

    @property
    def body(self) -> bytes:
        return self.inner.load().body

    @property
    def book(self) -> JobBook:
        """The jobs as stored."""
        return JobBook.decode(self.body) if self.inner.load().etag else JobBook()


class InMemory(JobRepository):
    """The apps' own repository, of jobs or roster, above a `store` that tests can reach."""

    def __init__(self, kind: type[Any], clock: FakeClock) -> None:
        self.store, self._kind_and_clock = TroubledStore(), (kind, clock)
        self.restart()

    def restart(self) -> None:
        """Nothing was ever read."""
        kind, clock = self._kind_and_clock
        options = {"now": clock.now, "clock": clock, "sleep": lambda pause: None}
        ledger = JobDocument(self.store) if kind is JobBook else DocumentLedger(self.store, kind)
        months = DocumentMonths(self.store, BUSINESS.zone, clock=clock)
        settings = {"link_days": BUSINESS.link_days, "background": False, **options}
        super().__init__(ledger, months, **settings)


def elsewhere(jobs: InMemory) -> JobRepository:
    """The same jobs as another worker has them; of what it does, this one's snapshot is silent."""
    return open_jobs(jobs.store, now=wiring.now)


def _next(things: list[Callable[..., Any]], *about: bytes) -> None:
    if things:
        things.pop(0)(*about)


def gone() -> None:
    raise StoreUnavailable("The cable was pulled.")


def busy() -> None:
    raise Contended("Others kept writing.")


def stale() -> None:
    raise StaleWrite


def repository(store: Shelf, clock: FakeClock, **settings: Any) -> JobRepository:
    """As production's, but its pauses pass on the clock alone."""
    ours = {"sleep": clock.tick, "chance": lambda: 1.0, "background": False}
    return open_jobs(store, now=clock.now, clock=clock, **{**ours, **settings})


def adding(name: str) -> Callable[[JobBook], JobBook]:
    """A change that adds the job of this id."""
    return lambda book: book.put(job_named(name))


def job_named(name: str) -> Job:
    return make_job(id=name, tracking_token=f"token-of-{name}".ljust(32, "x"))


def ids(book: JobBook) -> list[str]:
    return [job.id for job in book.jobs]
