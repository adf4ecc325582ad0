"""Several jobs changed at once, each for itself: what one cannot is told of that one alone.

All is one change of the book, of the very functions that change a single job. With a `key`, what
was done to a job is not done to it again. All raise StoreUnavailable, and then nobody knows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import JobConflict
from dispatch.domain.permissions import Actor
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status


class Seen(NamedTuple):
    """A job that somebody has ticked, and the version in which they saw it, if that is known."""

    job_id: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The job as it is now, if it is there, and why it could not be done, if it was not."""

    job_id: str
    job: Job | None
    refusal: Exception | None = None


@dataclass(frozen=True, slots=True)
class AllDone:
    """What became of each, in the order given; everybody sees it so from `revision` on."""

    outcomes: tuple[Outcome, ...]
    revision: int


def confirm(
    business: Business, seen: Iterable[Seen], *, by: Actor, insist: bool = False, key: str
) -> AllDone:
    """With `insist`, into windows that are full too."""
    return _move(business, seen, Status.BOOKED, by=by, insist=insist, key=key)


def decline(
    business: Business, seen: Iterable[Seen], reason: str, *, by: Actor, key: str
) -> AllDone:
    """Requests that are not taken."""
    return _move(business, seen, Status.CANCELLED, by=by, reason=reason, key=key)


def assign(
    business: Business,
    seen: Iterable[Seen],
    driver: str | None,
    *,
    by: Actor,
    insist: bool = False,
    key: str,
) -> AllDone:
    """With `insist`, beyond `jobs_per_window` too."""
    once = _Roster(business)

    def change(each: Seen) -> jobs.Change:
        return _if_open(
            each.job_id,
            jobs.assign.change(
                *(business, each.job_id, {"driver": driver}),
                by=by,
                version=each.version,
                insist=insist,
                key=key,
                roster=once.read,
            ),
            driver=driver,
        )

    return _all(business, seen, change, begin=once.forget)


def move_to(
    business: Business,
    seen: Iterable[Seen],
    day: date,
    window: str = "",
    *,
    by: Actor,
    insist: bool = False,
    key: str,
) -> AllDone:
    """To that day: into the window of that name, or each into the one that it has; with `insist`,
    into one that is full too.
    """
    book = wiring.jobs(business).read()

    def change(each: Seen) -> jobs.Change:
        job = book.value(each.job_id)
        name = window or (job.window.name if job and job.window else "")
        agreed = business.agreed_window(day, name)
        if job and not agreed:
            return partial(
                _refuse, InvalidInput({"window": _("It has no window yet: choose one.")})
            )
        fields: dict[str, Window | None] = {"window": agreed}
        edited = jobs.edit.change(
            *(business, each.job_id, fields), by=by, version=each.version, insist=insist, key=key
        )
        return _if_open(each.job_id, edited, window=agreed)

    return _all(business, seen, change)


def place(
    business: Business,
    seen: Iterable[Seen],
    window: Window,
    driver: str | None,
    *,
    by: Actor,
    insist: bool = False,
    key: str,
) -> AllDone:
    """All into that window and with that driver (None: nobody). Who is in it already keeps the
    hours that were agreed.
    """
    once, book = _Roster(business), wiring.jobs(business).read()

    def change(each: Seen) -> jobs.Change:
        how: dict[str, Any] = {"by": by, "version": each.version, "insist": insist, "key": key}
        job = book.value(each.job_id)
        there = job.window if job and job.window and job.window.is_as(window) else window
        placed = jobs.place.change(*(business, each.job_id, there, driver), **how, roster=once.read)
        return _if_open(each.job_id, placed, window=there, driver=driver)

    return _all(business, seen, change, begin=once.forget)


def cover(
    business: Business,
    given: Mapping[Seen, Mapping[str, str]],
    *,
    by: Actor,
    key: str,
) -> AllDone:
    """To each job its own people, usernames by role."""
    once = _Roster(business)

    def change(each: Seen) -> jobs.Change:
        how: dict[str, Any] = {"by": by, "version": each.version, "key": key}
        assigned = jobs.assign.change(business, each.job_id, given[each], **how, roster=once.read)
        return _if_open(each.job_id, assigned)

    return _all(business, given, change, begin=once.forget)


def _move(
    business: Business,
    seen: Iterable[Seen],
    to: Status,
    *,
    by: Actor,
    key: str,
    reason: str = "",
    insist: bool = False,
) -> AllDone:
    """Of requests, and of nothing that is more by now."""

    def change(each: Seen) -> jobs.Change:
        return jobs.move.change(
            *(business, each.job_id, to),
            by=by,
            expected=Status.PENDING,
            reason=reason,
            insist=insist,
            key=key,
        )

    return _all(business, seen, change)


def _all(
    business: Business,
    seen: Iterable[Seen],
    change: Callable[[Seen], jobs.Change],
    begin: Callable[[], object] = lambda: None,
) -> AllDone:
    """`begin` is called before each run over the book: there may be several."""
    changes = {each.job_id: change(each) for each in seen}
    refused: dict[str, Exception] = {}

    def apply(book: JobBook) -> JobBook:
        begin()
        refused.clear()
        for job_id, apply_one in changes.items():
            try:
                book = apply_one(book)
            except jobs.REFUSED as error:
                refused[job_id] = error
        return book

    book = wiring.jobs(business).change(apply)
    outcomes = (Outcome(name, book.value(name), refused.get(name)) for name in changes)
    return AllDone(tuple(outcomes), book.revision)


def _if_open(job_id: str, change: jobs.Change, **wanted: Any) -> jobs.Change:
    """Raises JobConflict for a job that has been finished since it was ticked; and where it is not
    as `wanted` then: it was so when it was ticked, and others have changed that since.
    """

    def apply(book: JobBook) -> JobBook:
        job = book.job(job_id)
        if not job.status.is_open:
            raise JobConflict(job)
        book = change(book)
        job = book.job(job_id)
        for name, value in wanted.items():
            if plain(job.field(name)) != plain(value):
                raise JobConflict(job, name)
        return book

    return apply


def _refuse(error: Exception, book: JobBook) -> JobBook:
    raise error


class _Roster:
    """The roster, as read once in each run over the book, after the book was."""

    def __init__(self, business: Business) -> None:
        self._business = business
        self._read: Roster | None = None

    def forget(self) -> None:
        self._read = None

    def read(self) -> Roster:
        self._read = self._read or wiring.roster(self._business).refreshed(at_once=True)
        return self._read
