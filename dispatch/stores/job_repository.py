"""The door to the jobs: those that are open or finished lately, and the archive behind them.

Nothing above asks where a job lies. Of several copies of one the working set's counts; what is
half-way between, because a process was killed, the next day's run brings where it belongs.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any

from dispatch.domain.job import Job
from dispatch.domain.jobbook import ARCHIVED_AFTER, JobBook, JobNotFound
from dispatch.domain.search import Found, customer, when_finished
from dispatch.domain.stored.document import StoreUnavailable, UnreadableDocument
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.archive import Archived, Months
from dispatch.stores.repository import LedgerStore, Repository, gone, is_whole

TRIES = 3  # of a change of a job that others archive, or bring back, meanwhile


class JobRepository(Repository[JobBook]):
    """As any other, with the archive of what is no longer in its ledger."""

    def __init__(
        self, store: LedgerStore[JobBook], months: Months, *, link_days: int, **settings: Any
    ) -> None:
        super().__init__(store, **settings)
        self.months, self._settings = months, {**settings, "background": False}
        self._linked = timedelta(days=link_days)
        self._last_changed: tuple[str, Repository[JobBook]] | None = None

    # --- reading -------------------------------------------------------------------------

    @property
    def damaged_months(self) -> tuple[str, ...]:
        """Of those that this process has read the ones that it could not, or not wholly."""
        return tuple(sorted(self.months.problems))

    def archived(self, job_id: str) -> Job:
        """Raises JobNotFound, StoreUnavailable."""
        return readable(self.archived_entry(job_id), job_id)

    def archived_entry(self, job_id: str) -> Entry[Job] | None:
        """The job as it is stored. Raises StoreUnavailable."""
        found = self.months.with_id(job_id, self._newest_first(self.read()))
        return found[1].entry() if found else None

    def archived_by_token(self, token: str) -> Job:
        """Of the months whose links may still live. Raises JobNotFound, StoreUnavailable."""
        since, book = self.months.name(self.now() - self._linked), self.read()
        months = book.archive.months
        living = {name: revision for name, revision in months.items() if name >= since}
        found = self.months.with_token(token, living) if token else None
        if found and book.value(found.line.id):  # a copy: this link may be revoked since
            return book.by_token(token)
        return readable(found.entry() if found else None, "no such link")

    def finished(self, book: JobBook, first: date, last: date) -> list[Found]:
        """What was finished on these days of the business, both included, newest first: jobs of
        the `book`, and those archived before it was read. Raises StoreUnavailable.
        """
        names = list[str]()
        if first <= self.months.day(self.now() - ARCHIVED_AFTER):
            span = self.months.name_of(first), self.months.name_of(last)
            names = [name for name in self._newest_first(book) if span[0] <= name <= span[1]]
        archived = chain.from_iterable(month.jobs for month in self.months.read(names))
        in_turns = self.months.in_turns
        found = [
            (when_finished(each), each)
            for each in in_turns(chain(book.found, _not_in(book, in_turns(archived))))
            if (at := each.line.finished_at) and first <= self.months.day(at) <= last
        ]
        return [each for _, each in sorted(found, key=itemgetter(0), reverse=True)]

    def of_customer(self, book: JobBook, by: str, text: str) -> list[Found]:
        """All that one customer has had, however long ago, newest first, the open ones last: the
        jobs whose `customer` has exactly this as `phone` or `name`. Raises StoreUnavailable.

        A table has indexes for it, which answer no search by parts of words and numbers.
        """
        archived = self.months.of_customer(by, text, self._newest_first(book))
        mine = (each for each in book.found if customer(each.line)[by] == text)
        return sorted((*mine, *_not_in(book, archived)), key=when_finished, reverse=True)

    def archived_ids(self) -> set[str]:
        """Raises StoreUnavailable."""
        months = self.months.read(self.months.names())
        return {job.line.id for month in months for job in month.jobs}

    def ids(self) -> set[str]:
        """Of all jobs as they are now, the archived ones too. Raises StoreUnavailable."""
        return {job.id for job in self.refreshed(at_once=True).jobs} | self.archived_ids()

    def month_names(self) -> list[str]:
        """Of the archive, `2026-05`, newest first, those that are gone too.

        Raises StoreUnavailable.
        """
        return sorted({*self.read().archive.months, *self.months.names()}, reverse=True)

    def month(self, name: str) -> JobBook:
        """All of it. Raises StoreUnavailable: UnreadableDocument where it is damaged or gone."""
        ledger = self.months.ledger(name)
        month = ledger.load()
        if month.etag is None:
            raise gone(ledger, JobBook)
        return month

    def _newest_first(self, book: JobBook) -> list[str]:
        return sorted(book.archive.months, reverse=True)

    # --- changing ------------------------------------------------------------------------

    def change_job(self, job_id: str, fn: Callable[[JobBook], JobBook]) -> tuple[Job, int]:
        """As `change`, of one job, wherever it lies; `fn` is given the ledger that has it.

        The job as written, and the revision from which on everybody sees it so. Raises
        JobNotFound, and what `fn` raises.
        """
        for _ in range(TRIES):
            try:
                book = self.change(fn)
            except JobNotFound:
                found = self.months.with_id(job_id, self._newest_first(self.read()))
                if found is None:
                    raise
            else:
                return book.value(job_id) or self.archived(job_id), book.revision
            if done := self._change_archived(found[0], job_id, fn):
                return done
        raise StoreUnavailable("Too many others are writing; nothing was changed.")

    def _change_archived(
        self, name: str, job_id: str, fn: Callable[[JobBook], JobBook]
    ) -> tuple[Job, int] | None:
        """None where it is no longer archived: then the working set has it."""
        is_leaving = False

        def apply(month: JobBook) -> JobBook:
            nonlocal is_leaving
            job = month.value(job_id)
            is_leaving = job is None or not self.months.holds(name, job)  # or has left
            return month if is_leaving else fn(month)

        month = self.change_month(name, apply)
        job = month.value(job_id)
        if job is None:
            return None
        tells = any(each.is_pending for each in job.messages or ())  # which nobody looks for here
        if tells or not self.months.holds(name, job):
            book = self.bring_back(name, month.entries[month.index[job_id]])
            return None if is_leaving else (book.job(job_id), book.revision)
        return job, self.change(lambda book: book.stamped({name: month.revision})).revision

    def bring_back(self, name: str, entry: Entry[Job]) -> JobBook:
        """A job that is this month's no more: into the working set, then out of here."""
        job = readable(entry)
        book = self.change(lambda book: book.with_newer([entry]))
        self.change_month(name, lambda month: month.without_older([job]))
        return book

    def change_month(self, name: str, fn: Callable[[JobBook], JobBook]) -> JobBook:
        """As `change`, of a month; who has read it looks again once the working set is stamped.

        Raises StoreUnavailable: LedgerGone for one that was there, and is no more.
        """
        was_there = name in self.read().archive.months

        def apply(month: JobBook) -> JobBook:
            if was_there and month.etag is None:
                raise gone(f"The archive of {name}", JobBook)
            return fn(month)

        return self._opened(name).change(apply)

    def _opened(self, name: str) -> Repository[JobBook]:
        """The last that was changed is kept: its changes are written together, too."""
        known = self._last_changed
        if known is None or known[0] != name:
            known = name, Repository(self.months.ledger(name), **self._settings)
            self._last_changed = known
        return known[1]

    # --- damaged or gone -----------------------------------------------------------------

    def damaged(self) -> Iterator[LedgerStore[JobBook]]:
        """What cannot be read or is gone: the working set, and months. Raises StoreUnavailable."""
        known = dict[str, int]()
        try:
            known = dict(self.ledger.load().archive.months)
        except UnreadableDocument:
            yield self.ledger
            with suppress(UnreadableDocument):  # put back by now, maybe
                known = self.ledger.load().archive.months
        for name in sorted({*known, *self.months.names()}):
            if not is_whole(ledger := self.months.ledger(name)):
                yield ledger


def readable(entry: Entry[Job] | None, named: str = "") -> Job:
    """Raises JobNotFound."""
    if entry is None or entry.value is None:
        raise JobNotFound(named)
    return entry.value


def newest(archived: Iterable[Archived]) -> dict[str, Archived]:
    """By id; of several copies, as people may have made them, the newest."""
    found = dict[str, Archived]()
    for job in archived:
        known = found.get(job.line.id)
        if known is None or known.line.version < job.line.version:
            found[job.line.id] = job
    return found


def _not_in(book: JobBook, archived: Iterable[Archived]) -> Iterator[Found]:
    old = (job for job_id, job in newest(archived).items() if book.value(job_id) is None)
    return (Found(job.line, job.read, job.raw) for job in old)
