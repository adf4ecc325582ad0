"""Free members by day, window and role; and what keeps somebody from a job."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from msgspec import UNSET

from dispatch.domain.business import Business
from dispatch.domain.job import ROLES, Crew, Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import AS_ALWAYS, Availability, Member, Roster

SICK = "sick"
INSISTED = "insisted"

# Members by date, window and role.
Free = dict[date, dict[str, dict[str, tuple[Member, ...]]]]
Slot = tuple[str, date, str]  # a driver's username, a date and a window's name
Workload = Counter[Slot]  # the places that a driver's open jobs take of each window
# By the id of a job that came when its slot had no room for it: the places taken of that slot.
Overfull = Mapping[str, int]
NOWHERE: Overfull = {}


class Obstacle(Enum):
    """The reasons for which somebody cannot take a role on a job."""

    UNKNOWN = auto()
    LEFT = auto()
    NOT_ABLE = auto()
    NOT_THAT_DAY = auto()
    AWAY = auto()
    FULL = auto()  # the driver's window: a dispatcher may insist


class NotAvailable(Exception):
    """Somebody cannot take a role; `instead` are those who can.

    Where the driver's window has no room for it, `taken` are the places that others have, and
    `needed` those that the job takes.
    """

    def __init__(
        self,
        role: str,
        username: str,
        obstacle: Obstacle,
        window: Window | None,
        instead: tuple[Member, ...],
        taken: int = 0,
        needed: int = 0,
    ) -> None:
        super().__init__(f"{username} as {role}: {obstacle.name}")
        self.role, self.username, self.obstacle, self.window = role, username, obstacle, window
        self.instead, self.taken, self.needed = instead, taken, needed

    @property
    def insistable(self) -> bool:
        return self.obstacle is Obstacle.FULL


class Clash(NamedTuple):
    """Somebody on a job who, as things are now, cannot do it; `taken` are the places that all
    jobs of a driver's overfull window take.
    """

    role: str
    username: str
    obstacle: Obstacle
    taken: int = 0


def is_free(member: Member, role: str, window: Window) -> bool:
    """True where nothing that the member said stands against it; jobs are not looked at."""
    return member.may_be(role) and member.on(window.date).allows(role, window.name)


def free(roster: Roster, book: JobBook, business: Business, start: date, end: date) -> Free:
    """Members who can still be given a job, in every window offered, both days included.

    A driver whose window is full is not free to drive.
    """
    load = driving(book, business)
    days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    return {
        day: {
            window.name: {role: free_in(window, role, roster, load, business) for role in ROLES}
            for window in business.windows_on(day)
        }
        for day in days
    }


def driving(book: JobBook, business: Business, but: str = "") -> Workload:
    """The load of every driver, without the job that has the id `but`."""
    load = Workload()
    for job in book.jobs:
        if job.id != but and (slot := slot_of(job)):
            load[slot] += business.places_of(job.load)
    return load


def overfull(book: JobBook, business: Business) -> Overfull:
    """The jobs that were the last to come to a driver's window, beyond its places; not those for
    which a dispatcher insisted on it.
    """
    by_slot = defaultdict[Slot, list[Job]](list)
    for job in book.jobs:
        if slot := slot_of(job):
            by_slot[slot].append(job)
    found = (overfull_in(jobs, business) for jobs in by_slot.values())
    return {job_id: taken for each in found for job_id, taken in each.items()}


def overfull_in(jobs: Collection[Job], business: Business) -> Overfull:
    """The same, of all the jobs of one slot."""
    taken, most = sum(business.places_of(job.load) for job in jobs), business.jobs_per_window
    if taken <= most:
        return NOWHERE
    held, found = 0, dict[str, int]()
    for _at, is_insisted, job_id, places in sorted(
        (*_came(job), job.id, business.places_of(job.load)) for job in jobs
    ):
        held += places
        if held > most and not is_insisted:
            found[job_id] = taken
    return found


def not_available(
    roster: Roster, book: JobBook, business: Business, job: Job, role: str, username: str
) -> NotAvailable | None:
    """Why that member cannot take that role of that job; None where nothing stands against it."""
    window = job.window if job.status.is_open else None
    load, needed = driving(book, business, but=job.id), business.places_of(job.load)
    why, taken = _obstacle(roster, username, role, window), 0
    if why is None and window and _is_full(load, business, role, username, window, needed):
        why, taken = Obstacle.FULL, load[username, window.date, window.name]
    if why is None:
        return None
    can = free_in(window, role, roster, load, business, needed) if window else roster.able(role)
    instead = tuple(member for member in can if member.username != username)
    return NotAvailable(role, username, why, window, instead, taken, needed)


def check(
    roles: Mapping[str, str | None],
    job: Job,
    roster: Roster,
    book: JobBook,
    business: Business,
    *,
    insist: bool = False,
) -> bool:
    """True where insisting made it possible. Raises NotAvailable for the first of these usernames
    by role that cannot be.
    """
    insisted = False
    for role, username in roles.items():
        if username and (found := not_available(roster, book, business, job, role, username)):
            if not (insist and found.insistable):
                raise found
            insisted = True
    return insisted


def clashes(job: Job, roster: Roster, overfull: Overfull = NOWHERE) -> tuple[Clash, ...]:
    """Obstacles that came up since the crew were assigned: a day off, another window, …"""
    if not job.status.is_open:
        return ()
    found = []
    for role in ROLES:
        if username := getattr(job.crew, role):
            if why := _obstacle(roster, username, role, job.window):
                found.append(Clash(role, username, why))
            elif role == "driver" and job.id in overfull:
                found.append(Clash(role, username, Obstacle.FULL, overfull[job.id]))
    return tuple(found)


def away(
    member: Member,
    business: Business,
    day: date,
    windows: Collection[str] = (),
    *,
    but_as: Collection[str] = (),
) -> Member:
    """Away on that day: in these windows besides those already said, or in all of them; or
    there `but_as` these roles only.
    """
    known = member.on(day)
    if but_as:
        left = tuple(role for role in ROLES if role in but_as)
        roles = UNSET if {*member.roles} <= {*left} else left
        kept = UNSET if known.windows == () else known.windows
        return member.with_day(day, Availability(kept, roles))
    if not windows:
        return member.with_day(day, Availability((), known.roles))
    return _with_windows(member, business, day, but=windows)


def back(member: Member, business: Business, day: date, windows: Collection[str] = ()) -> Member:
    """Free again on that day: in these windows too, or as always."""
    if not windows:
        return member.with_day(day, AS_ALWAYS)
    return _with_windows(member, business, day, also=windows)


def jobs_of(book: JobBook, username: str, day: date) -> tuple[Job, ...]:
    """The open jobs of that day on whose crew the member is."""
    return tuple(
        job
        for job in book.jobs
        if job.status.is_open
        and job.window is not None
        and job.window.date == day
        and username in set(job.crew)
    )


def lost_by(job: Job, username: str) -> list[str]:
    """The roles that the member had on it until they fell sick, and that nobody has been given."""
    for event in reversed(job.history):
        changes = event.changes or {}
        if event.reason == SICK and username in {old for old, _ in changes.values()}:
            return [role for role in changes if getattr(job.crew, role, "") is None]
    return []


def taken_off(book: JobBook, username: str, day: date, *, by: str, at: datetime) -> JobBook:
    """With the member's open jobs of that day back without them; itself where there are none."""
    for job in jobs_of(book, username, day):
        left = {role: name for role in ROLES if (name := getattr(job.crew, role)) != username}
        book = book.changed(job.assigned(Crew(**left), by=by, at=at, reason=SICK), at)
    return book


def drivers_for(window: Window | None, roster: Roster) -> tuple[Member, ...]:
    """Members who may drive then; their jobs are not looked at."""
    return tuple(
        member
        for member in roster.able("driver")
        if window is None or is_free(member, "driver", window)
    )


def free_in(
    window: Window,
    role: str,
    roster: Roster,
    load: Workload,
    business: Business,
    needed: int = 1,
) -> tuple[Member, ...]:
    """Members who can still be given that role then; to drive, those who have so many places
    left as are `needed`.
    """
    return tuple(
        member
        for member in roster.members
        if is_free(member, role, window)
        and not _is_full(load, business, role, member.username, window, needed)
    )


def slot_of(job: Job) -> Slot | None:
    """The slot of its driver's time in which an open job has places."""
    if not (job.status.is_open and job.crew.driver and job.window):
        return None
    return job.crew.driver, job.window.date, job.window.name


def _is_full(
    load: Workload, business: Business, role: str, username: str, window: Window, needed: int
) -> bool:
    taken = load[username, window.date, window.name]
    return role == "driver" and taken + needed > business.jobs_per_window


def _came(job: Job) -> tuple[datetime, bool]:
    """The time at which the job came to its slot, or took another load there; True where somebody
    insisted on it.
    """
    for event in reversed(job.history):
        if event.changes and event.changes.keys() & {"driver", "window", "load"}:
            return event.at, event.reason == INSISTED
    return job.created_at, any(event.reason == INSISTED for event in job.history)


def _obstacle(roster: Roster, username: str, role: str, window: Window | None) -> Obstacle | None:
    """An obstacle that no insisting helps against; None where the member may be that then."""
    member = roster.value(username)
    if member is None:
        return Obstacle.UNKNOWN
    if not member.active:
        return Obstacle.LEFT
    if role not in member.roles:
        return Obstacle.NOT_ABLE
    if window is None or is_free(member, role, window):
        return None
    roles = member.on(window.date).roles
    return Obstacle.NOT_THAT_DAY if roles is not UNSET and role not in roles else Obstacle.AWAY


def _with_windows(
    member: Member,
    business: Business,
    day: date,
    *,
    also: Collection[str] = (),
    but: Collection[str] = (),
) -> Member:
    # Those of any day: a dispatcher may agree to one that is not offered on it.
    every, known = tuple(offer.name for offer in business.windows), member.on(day)
    free = {*(every if known.windows is UNSET else known.windows), *also} - {*but}
    kept = tuple(name for name in every if name in free)
    return member.with_day(day, Availability(UNSET if kept == every else kept, known.roles))
