"""Persons leave finished jobs: those that are named, and by themselves those of old months.

A job may lie in several places, as a process that was killed leaves it: each of them is changed,
and then looked at again. Files of photos go first, as long as the job names them.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from dispatch.domain.job import REMOVED, Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.privacy.redaction import StillOpen, has_left, redacted
from dispatch.domain.stored.document import LedgerMoved, StoreUnavailable, UnreadableDocument
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.job_repository import JobRepository, readable
from dispatch.stores.photos.files import PhotoFiles, name

log = logging.getLogger(__name__)

LOOKS = 4  # at where a job lies, while others move it
WORKING_SET = ""


class Copy(NamedTuple):
    """A job in the working set, or in a month: the `place` is its name."""

    place: str
    entry: Entry[Job]

    @property
    def job(self) -> Job:
        return readable(self.entry)


class Outcome(NamedTuple):
    """How many jobs their persons have left, and the months in which some may be left unread."""

    jobs: int
    damaged: list[str]


class Redactor:
    """Of the jobs of one business; `files` are None where there are no photos."""

    def __init__(self, jobs: JobRepository, files: PhotoFiles | None, keep_months: int) -> None:
        self._jobs, self._files, self._keep_months = jobs, files, keep_months

    def copies(self, job_id: str) -> list[Copy]:
        """Wherever the job lies, the one that counts first. Raises JobNotFound, StoreUnavailable:
        UnreadableDocument where it may be in a month that cannot be read.
        """
        found, unread = self._look(job_id)
        if not found:
            raise unread or JobNotFound(job_id)
        return found

    def redact(self, job_id: str, at: datetime) -> str:
        """Without its person from then on, and its photos gone. Done again, it finishes what was
        begun. Why a copy may be left in a month that cannot be read; empty where all can.

        Raises JobNotFound, StillOpen, StoreUnavailable.
        """
        for _ in range(LOOKS):
            found, unread = self._look(job_id)
            if not found:
                raise unread or JobNotFound(job_id)
            if found[0].job.status.is_open:
                raise StillOpen
            self._remove_photos(copy.job for copy in found)
            left = [copy.place for copy in found if not has_left(copy.entry)]
            for place in left:
                self._take_out(place, [job_id], at)
            if not left:
                return str(unread or "")
        raise StoreUnavailable(f"Others change the job {job_id!r} all the time. Try again.")

    def _look(self, job_id: str) -> tuple[list[Copy], UnreadableDocument | None]:
        """Where it is, and why it may be in other places, too."""
        book = self._jobs.refreshed(at_once=True)
        place = book.index.get(job_id)
        found = [] if place is None else [Copy(WORKING_SET, book.entries[place])]
        names, unread = self._jobs.month_names(), None
        try:
            while archived := self._jobs.months.with_id(job_id, names):
                found.append(Copy(archived[0], archived[1].entry()))
                names = names[names.index(archived[0]) + 1 :]
        except UnreadableDocument as error:
            unread = error
        return [copy for copy in found if copy.entry.value], unread

    # --- by itself -------------------------------------------------------------------------

    def daily(self, today: date, at: datetime) -> None:
        """As `run`, where a month has become too old since it last was. Raises StoreUnavailable."""
        if self._jobs.read().archive.redacted < self._first_kept(today):
            self.run(today, at)

    def run(self, today: date, at: datetime) -> Outcome:
        """Out of all months that are older than `keep_months`. A month is changed whole; killed in
        between, it goes on at the next call. Raises StoreUnavailable.
        """
        first, count, damaged = self._first_kept(today), 0, list[str]()
        for month, jobs in self._old(first):
            self._remove_photos(jobs)
            if jobs:
                self._take_out(month, [job.id for job in jobs], at)
                count += len(jobs)
            damaged += [month] if month in self._jobs.months.problems else []
        if damaged:
            log.error("Persons stay in what cannot be read of the archive: %s", ", ".join(damaged))
        else:
            self._jobs.change(lambda book: book.with_archive(redacted=first))
        return Outcome(count, damaged)

    def due(self, today: date) -> dict[str, int]:
        """By its month, from how many jobs `run` would take their persons."""
        found = ((month, len(jobs)) for month, jobs in self._old(self._first_kept(today)))
        return {month: count for month, count in found if count}

    def _first_kept(self, today: date) -> str:
        """The first month whose last day is not `keep_months` ago yet."""
        months = today.year * 12 + today.month - 1 - self._keep_months
        return f"{months // 12:04}-{months % 12 + 1:02}"

    def _old(self, first: str) -> Iterator[tuple[str, list[Job]]]:
        """The months before that one, oldest first, each with the jobs that still have a person.

        What the working set has, too, is a copy: the archiver puts that right.
        """
        names = sorted(name for name in self._jobs.month_names() if name < first)
        book = self._jobs.read()
        for month in self._jobs.months.read(names):
            jobs = [
                job.read()
                for job in month.jobs
                if job.line.customer_name != REMOVED
                and not job.line.status.is_open
                and book.value(job.line.id) is None
            ]
            yield month.name, [job for job in jobs if job]

    # --- what is taken out -----------------------------------------------------------------

    def _take_out(self, place: str, job_ids: list[str], at: datetime) -> None:
        change = partial(redacted, job_ids=job_ids, at=at)
        if place == WORKING_SET:
            self._jobs.change(change)
            return
        stamp = {place: self._jobs.change_month(place, change).revision}
        self._jobs.change(lambda book: book.stamped(stamp))  # everybody looks at it again

    def _remove_photos(self, jobs: Iterable[Job]) -> None:
        """Only of jobs that can be written here: elsewhere they may still be needed."""
        if refusal := self._jobs.read().migration.refusal:
            raise LedgerMoved(refusal)
        if self._files is None:
            return
        named: dict[date, set[str]] = {}
        for job in jobs:
            for photo in job.photos:
                if photo.has_our_id:  # another might lead elsewhere
                    named.setdefault(photo.at.date(), set()).add(name(job.id, photo))
        days = self._files.days() if named else []
        for day in sorted(named.keys() & {*days}):
            self._files.remove(day, sorted(named[day]))
