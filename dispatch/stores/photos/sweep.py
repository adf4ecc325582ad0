"""Which files of photos are kept no longer.

A file is written before its job names it: killed in between, a process leaves one that no job
names.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.photos.files import PhotoFiles, job_of, name

log = logging.getLogger(__name__)

# What is tapped without reception comes up to a day after it was taken, and is then left a day.
NAMED_WITHIN = timedelta(days=3)
LOOKED_AT = timedelta(days=7)  # before which day a sweep has been


class Sweep:
    """Of the photos of one business, whose `jobs` name them."""

    def __init__(self, files: PhotoFiles, jobs: JobRepository, photo_days: int) -> None:
        self._files, self._jobs = files, jobs
        self._kept = timedelta(days=photo_days)

    def due(self, at: datetime) -> Iterator[tuple[date, list[str]]]:
        """By their day, the files that no job names a day after they came, and all that are older
        than `photo_days`. Of a job that cannot be read right now none is named here.

        Raises StoreUnavailable.
        """
        book, today = self._jobs.refreshed(at_once=True), at.date()
        for day in self._files.days():
            if day < today - self._kept:
                yield day, self._files.names(day)
            elif book.is_new:  # begun anew, maybe, to be put back
                continue
            elif today - NAMED_WITHIN - LOOKED_AT <= day <= today - NAMED_WITHIN:
                yield day, list(self._unnamed(day))

    def run(self, at: datetime) -> int:
        """How many files are gone. Raises StoreUnavailable."""
        gone = 0
        for day, names in self.due(at):
            if names:
                self._files.remove(day, names)
                gone += len(names)
        return gone

    def _unnamed(self, day: date) -> Iterator[str]:
        named: dict[str, set[str] | None] = {}  # by job; None: it may name any
        for file in self._files.names(day):
            job_id = job_of(file)
            if job_id is None:
                if file.startswith("."):  # its writer was killed
                    yield file
                continue
            if job_id not in named:
                named[job_id] = self._named_by(job_id, day)
            known = named[job_id]
            if known is not None and file not in known:
                yield file

    def _named_by(self, job_id: str, day: date) -> set[str] | None:
        """The files of that day that a job names. Raises StoreUnavailable."""
        job = self._find(job_id)
        if job is not None:
            return {name(job_id, photo) for photo in job.photos if photo.at.date() == day}
        if self._jobs.read().broken or self._jobs.damaged_months:
            log.warning("Photos of job %s stay: not every job can be read.", job_id)
            return None
        return set()

    def _find(self, job_id: str) -> Job | None:
        """In the book, else in the archive, else in the book as it is by then: jobs move from one
        to the other and back. Raises StoreUnavailable.
        """
        if job := self._jobs.read().value(job_id):
            return job
        with suppress(JobNotFound):
            return self._jobs.archived(job_id)
        return self._jobs.refreshed(at_once=True).value(job_id)
