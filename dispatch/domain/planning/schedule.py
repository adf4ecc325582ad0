"""The places in a window of a day: how many there are, how many are taken, and what is full."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dispatch.domain.availability import is_free
from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status

NEAREST = 3  # windows offered instead of one that is full

Taken = Counter[tuple[date, str]]  # places by date and window


class Room(NamedTuple):
    """The places of a window on one day, and those that are taken: maybe more than there are."""

    places: int
    taken: int

    @property
    def left(self) -> int:
        return max(0, self.places - self.taken)

    @property
    def excess(self) -> int:
        return max(0, self.taken - self.places)


class WindowFull(Exception):
    """A job needs more places of its window than are left in its `room`; `nearest` are windows
    that have them, soonest first. A dispatcher may insist.
    """

    def __init__(self, window: Window, room: Room, needed: int, nearest: list[Window]) -> None:
        super().__init__(f"{window.name} of {window.date}: {room.taken} of {room.places} taken")
        self.window, self.room, self.needed, self.nearest = window, room, needed, nearest

    insistable = True


def holds_places(job: Job, business: Business, at: datetime) -> bool:
    """True of open jobs; of a request for its `hold_hours`, and not where it may be a robot's."""
    if job.status is not Status.PENDING:
        return job.status.is_open
    return not job.is_doubtful and at < _held_until(job, business)


def _held_until(job: Job, business: Business) -> datetime:
    """Of a request."""
    since = job.reached(Status.PENDING) or job.created_at
    return since + timedelta(hours=business.hold_hours)


def taken(
    book: JobBook, business: Business, at: datetime, but: str = "", *, requests: bool = True
) -> Taken:
    """The places that the jobs take, without the job that has the id `but`; and without those
    that `requests` hold, where that is False.
    """
    count = Taken()
    for job in book.jobs:
        if job.status is Status.PENDING and not requests:
            continue
        if job.window and job.id != but and holds_places(job, business, at):
            count[job.window.date, job.window.name] += business.places_of(job.load)
    return count


def places(window: Window, roster: Roster, business: Business) -> int:
    """`jobs_per_window` for each driver who is free then, as far as there are trucks, and no more
    than its limit on that day.

    A roster without any driver says nothing of who is free: then the trucks count.
    """
    drivers = roster.able("driver")
    free = sum(is_free(member, "driver", window) for member in drivers)
    trucks = min(free, business.trucks or free) if drivers else business.trucks or 1
    limit = business.limit(window.date, window.name)
    every = trucks * business.jobs_per_window
    return every if limit is None else min(every, limit)


def room(window: Window, roster: Roster, taken: Taken, business: Business) -> Room:
    return Room(places(window, roster, business), taken[window.date, window.name])


def bookable(
    book: JobBook, roster: Roster, business: Business, at: datetime, but: str = ""
) -> list[tuple[Window, Room]]:
    """Every window that a customer may still ask for, soonest first, full ones too; without what
    the job that has the id `but` takes.
    """
    count = taken(book, business, at, but)
    return [(each, room(each, roster, count, business)) for each in business.bookable(at)]


def same_until(book: JobBook, business: Business, at: datetime) -> datetime:
    """The last moment at which the same is `bookable` as now, if nobody changes anything."""
    today = business.today(at)
    _, midnight = business.days(today, today)  # another day comes within the horizon
    holds = (_held_until(job, business) for job in book.jobs if job.status is Status.PENDING)
    ends = [midnight, *(end for end in holds if end > at)]
    last = min(ends) - timedelta.resolution
    if first := business.next_bookable(at):
        last = min(last, business.span(first)[0] - timedelta(hours=business.notice_hours))
    return last


def check(
    job: Job,
    before: Job | None,
    roster: Roster,
    book: JobBook,
    business: Business,
    at: datetime,
    *,
    insist: bool = False,
) -> bool:
    """True where insisting made it possible: a new job, or one as it is to be after `before`.

    Raises WindowFull. What takes no more than it took passes; so does what is over already, and
    a job that the crew have begun. Confirming a request asks once more; while it holds its place
    others that are not confirmed either do not stand against it.
    """
    window = job.window
    if window is None or not _asks(job, before, business, at):
        return False
    # Of those that have their place, `_asks` is true of confirmed ones alone.
    is_confirmed = before is not None and _has_place(before, job, business, at)
    count = taken(book, business, at, but=job.id, requests=not is_confirmed)
    wanted = business.places_of(job.load)
    found = room(window, roster, count, business)
    if wanted <= found.left:
        return False
    if insist:
        return True
    start = business.span(window)[0]
    open_ones = [
        each for each in business.bookable(at) if room(each, roster, count, business).left >= wanted
    ]
    near = sorted(open_ones, key=lambda each: abs(business.span(each)[0] - start))[:NEAREST]
    raise WindowFull(window, found, wanted, sorted(near, key=business.span))


def _asks(job: Job, before: Job | None, business: Business, at: datetime) -> bool:
    if job.window is None or not (job.still_coming or job.status is Status.PENDING):
        return False
    if business.span(job.window)[1] <= at:
        return False
    if before is None:
        return True
    if not holds_places(job, business, at):
        return False
    is_confirmed = before.status is Status.PENDING and job.status is not Status.PENDING
    return is_confirmed or not _has_place(before, job, business, at)


def _has_place(before: Job, job: Job, business: Business, at: datetime) -> bool:
    """True where it held all that it takes now, in that very window."""
    held = holds_places(before, business, at) and before.window == job.window
    return held and business.places_of(job.load) <= business.places_of(before.load)
