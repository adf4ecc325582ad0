"""Finished jobs move from the working set into the archive, once a day.

A month is written first, and its jobs removed from the working set after: killed between the two,
a process leaves copies, which the next run puts right.
"""

import logging
import secrets
from collections import Counter
from contextlib import suppress
from datetime import date
from functools import partial

from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import ARCHIVED_AFTER, Archive, JobBook
from dispatch.domain.stored.document import LedgerGone, StaleWrite, UnreadableDocument
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.job_repository import JobRepository

log = logging.getLogger(__name__)

CLAIM_KEPT = 300  # seconds without news of who archives after which another process does


class Archiver:
    """Of the jobs of one business."""

    def __init__(self, jobs: JobRepository) -> None:
        self._jobs = jobs
        self._seen_claim, self._claim_seen_at = "", 0.0

    def daily(self, day: date) -> bool:
        """Once a day, whichever process comes first: True for the one that did it. Raises
        StoreUnavailable.

        One that has claimed it and is not heard of for minutes is taken for dead.
        """
        known = self._jobs.read()
        archive = known.archive
        if (archive.day and archive.day >= day) or not known.revision:
            return False
        if archive.claim != self._seen_claim:
            self._seen_claim, self._claim_seen_at = archive.claim, self._jobs.clock()
        if archive.claim and self._jobs.clock() - self._claim_seen_at < CLAIM_KEPT:
            return False
        mine = secrets.token_urlsafe(9)
        book = self._jobs.change(
            lambda book: book.with_archive(claim=mine) if book.archive == archive else book
        )
        if book.archive.claim != mine:
            return False
        self.archive(day)
        return True

    def archive(self, day: date) -> dict[str, int]:
        """Move what has been finished for three days into its months: how many into each.

        Written there first, removed here after, and only where nobody has changed it meanwhile.
        Raises StoreUnavailable.
        """
        stamps, moved = self._put_right(), list[Job]()
        due = self.due(self._jobs.refreshed())
        done = dict[str, int]()
        for name, entries in due.items():
            try:
                month = self._jobs.change_month(name, partial(JobBook.with_newer, entries=entries))
            except UnreadableDocument as error:
                log.error("Finished jobs stay where they are: %s", error)
                continue
            stamps[name], done[name] = month.revision, len(entries)
            moved += [entry.value for entry in entries if entry.value]

        def take_out(book: JobBook) -> JobBook:
            return book.without_older(moved).stamped(stamps).with_archive(day=day, claim="")

        self._jobs.change(take_out)
        return done

    def due(self, book: JobBook) -> dict[str, list[Entry[Job]]]:
        """By its month, each job that has been finished for three days."""
        found: dict[str, list[Entry[Job]]] = {}
        for entry in book.finished_before(self._jobs.now() - ARCHIVED_AFTER):
            if (job := entry.value) and job.finished_at:
                whole = JobBook.rewritten(entry, job)  # old files do not say when it was finished
                found.setdefault(self._jobs.months.name(job.finished_at), []).append(whole)
        return found

    def include(self, source: JobBook, *, dry: bool = False) -> int:
        """Take in those of these entries that are nowhere here yet: how many; `dry` only says it.

        What has been finished for three days goes straight into its month; interrupted, it goes
        on when it is called again. Raises StoreUnavailable.
        """
        rest = source.without(self._jobs.ids())
        stamps, counts = dict[str, int](), Counter[str]()
        if dry:
            return len(rest.entries)
        if self._jobs.read().etag is None:  # months without it would say that it is gone
            with suppress(StaleWrite):
                self._jobs.ledger.begin()

        def include(ledger: JobBook, more: JobBook, name: str) -> JobBook:
            after = ledger.including(more)
            counts[name] = len(after.entries) - len(ledger.entries)
            return after

        for name, entries in self.due(rest).items():
            old = JobBook(entries=tuple(entries))
            month = self._jobs.change_month(name, partial(include, more=old, name=name))
            stamps[name] = month.revision
            rest = rest.without({job.id for job in old.jobs})
        stamps = self._unstamped() | stamps
        self._jobs.change(lambda book: include(book, rest, "").stamped(stamps))
        return counts.total()

    def _unstamped(self) -> dict[str, int]:
        """The revisions of months of which nobody knows yet: whoever wrote them was cut off."""
        found, known = dict[str, int](), self._jobs.read().archive.months
        for name in {*self._jobs.months.names()} - {*known}:
            with suppress(UnreadableDocument):
                found[name] = self._jobs.month(name).revision
        return found

    def _put_right(self) -> dict[str, int]:
        """What a process that was killed has left half-way: jobs that are their month's no more
        come back, copies of what is in the working set go; as do older copies in other months, as
        people may have made them. The revision of each month.
        """
        names, stamps, seen = self._jobs.months.names(), dict[str, int](), set[int]()
        for place, month in enumerate(self._jobs.months.read(names)):
            if month.revision is not None:
                stamps[month.name] = month.revision
            book = self._jobs.read()
            for job in month.jobs:
                known = book.value(job.line.id)
                is_old = known is not None and known.version > job.line.version
                if is_old or not self._jobs.months.holds(month.name, job.line):
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
        is_leaving, elsewhere = not self._jobs.months.holds(name, job), None
        with suppress(UnreadableDocument):
            elsewhere = self._jobs.months.with_id(job.id, later) if is_leaving else None
        if is_leaving and elsewhere is None:
            self._jobs.bring_back(name, entry)
        else:  # one of the same version may be the only one that is left by now
            self._jobs.change_month(name, lambda month: month.without_older([job]))

    def _remove_older(self, name: str, job: JobLine, later: list[str]) -> None:
        """The older of this copy and one in a later month, if there is one."""
        with suppress(UnreadableDocument):
            if found := self._jobs.months.with_id(job.id, later):
                if found[1].line.version < job.version:
                    name, job = found[0], found[1].line
                self._jobs.change_month(name, lambda month: month.without_older([job]))

    def begin(self, day: date, *, dry: bool = False) -> list[str]:
        """Empty ledgers where some were and are gone, of the working set and of months: their
        names. `dry` only says them.

        Raises StaleWrite where somebody else was faster, StoreUnavailable.
        """
        begun, known = list[str](), Archive().months
        try:
            known = self._jobs.ledger.load().archive.months
        except LedgerGone:
            begun.append("jobs.json")
            if not dry:
                self._jobs.ledger.begin()
        for name in sorted(known.keys() - {*self._jobs.months.names()}):
            begun.append(f"the archive of {name}")
            if not dry:
                self._jobs.months.ledger(name).begin(known[name])
        if begun and not dry:
            self.archive(day)
        return begun
