"""Yesterday back: all jobs as they once were, and the way there."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.stored.document import NoVersion, UnreadableDocument
from dispatch.stores.job_repository import JobRepository, newest


class Past:
    """Of the jobs of one business, for as long as the stores keep it."""

    def __init__(self, jobs: JobRepository) -> None:
        self._jobs = jobs

    def versions(self) -> Iterator[tuple[datetime, JobBook]]:
        """The working set as it was, and since when, newest first. Raises StoreUnavailable."""
        return self._jobs.ledger.versions()

    def as_of(self, at: datetime) -> JobBook:
        """All jobs as they were then, those archived by then too.

        Raises NoVersion where nothing is kept of that time, StoreUnavailable.
        """
        book = self._jobs.ledger.as_of(at)
        for name in self._jobs.months.names():
            with suppress(NoVersion, UnreadableDocument):
                book = book.including(self._jobs.months.ledger(name).as_of(at))
        return book

    def differences(self, then: JobBook, at: datetime) -> list[tuple[Job | None, Job]]:
        """Of each job that is not any more what it was `then`: as it is, None where it is gone,
        and as `restore` would leave it at `at`: itself where its person has left it since. Raises
        StoreUnavailable.
        """
        book, found = self._jobs.read(), list[tuple[Job | None, Job]]()
        months = self._jobs.months.read(self._jobs.months.names())
        archived = newest(chain.from_iterable(month.jobs for month in months))
        for old in then.jobs:
            now = book.value(old.id) or (old.id in archived and archived[old.id].read()) or None
            back = (now or old).back_to(old, at, is_gone=now is None)
            has_left = back is now and back.is_redacted and not old.is_redacted
            if back is not now or has_left:
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

        book = self._jobs.change(all_here)
        for job_id in is_there.keys() - book.index.keys():
            self._jobs.change_job(job_id, partial(back, job_id=job_id))
