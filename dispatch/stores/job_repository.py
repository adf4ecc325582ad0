"""The door to the jobs: those that are open or finished lately, and the archive behind them.

Nothing above asks where a job lies. Of several copies of one the working set's counts; what is
half-way between, because a process was killed, the next day's run brings where it belongs.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from dispatch.domain.document import (
    LedgerGone,
    NoVersion,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import (
    ARCHIVED_AFTER,
    Archive,
    Found,
    JobBook,
    JobNotFound,
    when_finished,
)
from dispatch.domain.ledger import Entry
from dispatch.stores.archive import Archived, Months
from dispatch.stores.repository import LedgerStore, Repository, gone

log = logging.getLogger(__name__)

TRIES = 3  # of a change of a job that others archive, or bring back, meanwhile
CLAIM_KEPT = 300  # seconds without news of who archives after which another process does


class JobRepository(Repository[JobBook]):
    """As any other, with the archive of what is no longer in its ledger."""

    def __init__(
        self, store: LedgerStore[JobBook], months: Months, *, link_days: int, **settings: Any
    ) -> None:
        super().__init__(store, **settings)
        self._months, self._settings = months, {**settings, "background": False}
        self._linked = timedelta(days=link_days)
        self._seen_claim, self._claim_seen_at = "", 0.0
        self._last_changed: tuple[str, Repository[JobBook]] | None = None

    # --- reading -------------------------------------------------------------------------

    @property
    def damaged_months(self) -> tuple[str, ...]:
        """Of those that this process has read the ones that it could not, or not wholly."""
        return tuple(sorted(self._months.problems))

    def archived(self, job_id: str) -> Job:
        """Raises JobNotFound, StoreUnavailable."""
        return _readable(self.archived_entry(job_id), job_id)

    def archived_entry(self, job_id: str) -> Entry[Job] | None:
        """The job as it is stored. Raises StoreUnavailable."""
        found = self._months.with_id(job_id, self._newest_first(self.read()))
        return found[1].entry() if found else None

    def archived_by_token(self, token: str) -> Job:
        """Of the months whose links may still live. Raises JobNotFound, StoreUnavailable."""
        since, book = self._months.name(self._now() - self._linked), self.read()
        months = book.archive.months
        living = {name: revision for name, revision in months.items() if name >= since}
        found = self._months.with_token(token, living) if token else None
        if found and book.value(found.line.id):  # a copy: this link may be revoked since
            return book.by_token(token)
        return _readable(found.entry() if found else None, "no such link")

    def finished(self, book: JobBook, first: date, last: date) -> list[Found]:
        """What was finished on these days of the business, both included, newest first: jobs of
        the `book`, and those archived before it was read. Raises StoreUnavailable.
        """
        names = list[str]()
        if first <= self._months.day(self._now() - ARCHIVED_AFTER):
            span = self._months.name_of(first), self._months.name_of(last)
            names = [name for name in self._newest_first(book) if span[0] <= name <= span[1]]
        archived = dict[str, Archived]()
        for month in self._months.read(names):
            for job in month.jobs:  # the newest of several copies, as people may have made them
                known = archived.get(job.line.id)
                if known is None or known.line.version < job.line.version:
                    archived[job.line.id] = job
        old = (job for job_id, job in archived.items() if book.value(job_id) is None)
        found = [
            each
            for each in (*book.found, *(Found(job.line, job.read) for job in old))
            if (at := each.line.finished_at) and first <= self._months.day(at) <= last
        ]
        return sorted(found, key=when_finished, reverse=True)

    def archived_ids(self) -> set[str]:
        """Raises StoreUnavailable."""
        months = self._months.read(self._months.names())
        return {job.line.id for month in months for job in month.jobs}

    def month_names(self) -> list[str]:
        """Of the archive, `2026-05`, newest first, those that are gone too.

        Raises StoreUnavailable.
        """
        return sorted({*self.read().archive.months, *self._months.names()}, reverse=True)

    def month(self, name: str) -> JobBook:
        """All of it. Raises StoreUnavailable: UnreadableDocument where it is damaged or gone."""
        ledger = self._months.ledger(name)
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
                found = self._months.with_id(job_id, self._newest_first(self.read()))
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
            is_leaving = job is None or not self._months.holds(name, job)  # or has left
            return month if is_leaving else fn(month)

        month = self._change_month(name, apply)
        job = month.value(job_id)
        if job is None:
            return None
        if not self._months.holds(name, job):
            book = self._bring_back(name, month.entries[month.index[job_id]])
            return None if is_leaving else (book.job(job_id), book.revision)
        return job, self.change(lambda book: book.stamped({name: month.revision})).revision

    def _bring_back(self, name: str, entry: Entry[Job]) -> JobBook:
        """A job that is this month's no more: into the working set, then out of here."""
        job = _readable(entry)
        book = self.change(lambda book: book.with_newer([entry]))
        self._change_month(name, lambda month: month.without_older([job]))
        return book

    def change_month(self, name: str, fn: Callable[[JobBook], JobBook]) -> JobBook:
        """As `change`, of a month, at which every process then looks again.

        Raises StoreUnavailable: LedgerGone for one that was there, and is no more.
        """
        month = self._change_month(name, fn)
        self.change(lambda book: book.stamped({name: month.revision}))
        return month

    def _change_month(self, name: str, fn: Callable[[JobBook], JobBook]) -> JobBook:
        """Raises LedgerGone for one that was there, and is no more."""
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
            known = name, Repository(self._months.ledger(name), **self._settings)
            self._last_changed = known
        return known[1]

    # --- archiving -----------------------------------------------------------------------

    def archive_daily(self, day: date) -> None:
        """Once a day, whichever process comes first. Raises StoreUnavailable.

        One that has claimed it and is not heard of for minutes is taken for dead.
        """
        known = self.read()
        archive = known.archive
        if (archive.day and archive.day >= day) or not known.revision:
            return
        if archive.claim != self._seen_claim:
            self._seen_claim, self._claim_seen_at = archive.claim, self._clock()
        if archive.claim and self._clock() - self._claim_seen_at < CLAIM_KEPT:
            return
        mine = secrets.token_urlsafe(9)
        book = self.change(
            lambda book: book.with_archive(claim=mine) if book.archive == archive else book
        )
        if book.archive.claim == mine:
            self.archive(day)

    def archive(self, day: date) -> dict[str, int]:
        """Move what has been finished for three days into its months: how many into each.

        Written there first, removed here after, and only where nobody has changed it meanwhile.
        Raises StoreUnavailable.
        """
        stamps, moved = self._put_right(), list[Job]()
        due = self.due(self.refreshed())
        done = dict[str, int]()
        for name, entries in due.items():
            try:
                month = self._change_month(name, partial(JobBook.with_newer, entries=entries))
            except UnreadableDocument as error:
                log.error("Finished jobs stay where they are: %s", error)
                continue
            stamps[name], done[name] = month.revision, len(entries)
            moved += [entry.value for entry in entries if entry.value]

        def take_out(book: JobBook) -> JobBook:
            return book.without_older(moved).stamped(stamps).with_archive(day=day, claim="")

        self.change(take_out)
        return done

    def due(self, book: JobBook) -> dict[str, list[Entry[Job]]]:
        """By its month, each job that has been finished for three days."""
        found: dict[str, list[Entry[Job]]] = {}
        for entry in book.finished_before(self._now() - ARCHIVED_AFTER):
            if (job := entry.value) and job.finished_at:
                whole = JobBook.rewritten(entry, job)  # old files do not say when it was finished
                found.setdefault(self._months.name(job.finished_at), []).append(whole)
        return found

    def _put_right(self) -> dict[str, int]:
        """What a process that was killed has left half-way: jobs that are their month's no more
        come back, copies of what is in the working set go; as do older copies in other months, as
        people may have made them. The revision of each month.
        """
        names, stamps, seen = self._months.names(), dict[str, int](), set[int]()
        for place, month in enumerate(self._months.read(names)):
            if month.revision is not None:
                stamps[month.name] = month.revision
            book = self.read()
            for job in month.jobs:
                known = book.value(job.line.id)
                is_old = known is not None and known.version > job.line.version
                if is_old or not self._months.holds(month.name, job.line):
                    self._settle(month.name, job.entry(), names[:place])
                elif (mark := hash(job.line.id)) in seen:
                    self._remove_older(month.name, job.line, names[:place])
                else:
                    seen.add(mark)
        return stamps

    def _settle(self, name: str, entry: Entry[Job], later: list[str]) -> None:
        job = entry.value
        if job is None:
            return
        is_leaving, elsewhere = not self._months.holds(name, job), None
        with suppress(UnreadableDocument):
            elsewhere = self._months.with_id(job.id, later) if is_leaving else None
        if is_leaving and elsewhere is None:
            self._bring_back(name, entry)
        else:  # one of the same version may be the only one that is left by now
            self._change_month(name, lambda month: month.without_older([job]))

    def _remove_older(self, name: str, job: JobLine, later: list[str]) -> None:
        """The older of this copy and one in a later month, if there is one."""
        with suppress(UnreadableDocument):
            if found := self._months.with_id(job.id, later):
                if found[1].line.version < job.version:
                    name, job = found[0], found[1].line
                self._change_month(name, lambda month: month.without_older([job]))

    def begin(self, day: date, *, dry: bool = False) -> list[str]:
        """Empty ledgers where some were and are gone, of the working set and of months: their
        names. `dry` only says them.

        Raises StaleWrite where somebody else was faster, StoreUnavailable.
        """
        begun, known = list[str](), Archive().months
        try:
            known = self._store.load().archive.months
        except LedgerGone:
            begun.append("jobs.json")
            if not dry:
                self._store.begin()
        for name in sorted(known.keys() - {*self._months.names()}):
            begun.append(f"the archive of {name}")
            if not dry:
                self._months.ledger(name).begin(known[name])
        if begun and not dry:
            self.archive(day)
        return begun

    # --- yesterday back ------------------------------------------------------------------

    def versions(self) -> Iterator[tuple[datetime, JobBook]]:
        """The working set as it was, and since when, newest first. Raises StoreUnavailable."""
        return self._store.versions()

    def as_of(self, at: datetime) -> JobBook:
        """All jobs as they were then, those archived by then too.

        Raises NoVersion where nothing is kept of that time, StoreUnavailable.
        """
        book = self._store.as_of(at)
        for name in self._months.names():
            with suppress(NoVersion, UnreadableDocument):
                book = book.including(self._months.ledger(name).as_of(at))
        return book

    def damaged(self) -> Iterator[LedgerStore[JobBook]]:
        """What cannot be read or is gone: the working set, and months. Raises StoreUnavailable."""
        known = dict[str, int]()
        try:
            known = dict(self._store.load().archive.months)
        except UnreadableDocument:
            yield self._store
            with suppress(UnreadableDocument):  # put back by now, maybe
                known = self._store.load().archive.months
        for name in sorted({*known, *self._months.names()}):
            ledger = self._months.ledger(name)
            try:
                is_there = ledger.load().etag is not None
            except UnreadableDocument:
                is_there = False
            if not is_there:
                yield ledger

    def differences(self, then: JobBook, at: datetime) -> list[tuple[Job | None, Job]]:
        """Of each job that is not any more what it was `then`: as it is, None where it is gone,
        and as `restore` would leave it at `at`. Raises StoreUnavailable.
        """
        book, found = self.read(), list[tuple[Job | None, Job]]()
        archived = {
            each.line.id: each
            for month in self._months.read(self._months.names())
            for each in month.jobs
        }
        for old in then.jobs:
            now = book.value(old.id) or (old.id in archived and archived[old.id].read()) or None
            back = (now or old).back_to(old, at, is_gone=now is None)
            if back is not now:
                found.append((now, back))
        return found

    def restore(self, then: JobBook, chosen: list[tuple[Job | None, Job]], at: datetime) -> None:
        """Such of the `differences` as they were `then`, each as its next version.

        Raises JobNotFound, StoreUnavailable.
        """
        is_there = {job.id: now is not None for now, job in chosen}

        def back(book: JobBook, job_id: str) -> JobBook:
            now, entry = book.value(job_id), then.entries[then.index[job_id]]
            if entry.value is None or (now is None and is_there[job_id]):
                raise JobNotFound(job_id)
            after = (now or entry.value).back_to(entry.value, at, is_gone=now is None)
            return book if after is now else book.with_entries([JobBook.rewritten(entry, after)])

        def all_here(book: JobBook) -> JobBook:
            for job_id in is_there:
                with suppress(JobNotFound):
                    book = back(book, job_id)
            return book

        book = self.change(all_here)
        for job_id in is_there.keys() - book.index.keys():
            self.change_job(job_id, partial(back, job_id=job_id))


def _readable(entry: Entry[Job] | None, named: str = "") -> Job:
    """Raises JobNotFound."""
    if entry is None or entry.value is None:
        raise JobNotFound(named)
    return entry.value
