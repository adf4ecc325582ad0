"""Who is free when and for what, and why somebody is not."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
Place = tuple[str, date, str]  # a driver's username, a date and a window's name
Load = Counter[Place]  # how many open jobs a driver has in a window
# By the id of a job that came when its place was full: how many there are.
Overfull = Mapping[str, int]
NOWHERE: Overfull = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody cannot take a role, and who can; `insistable` where a dispatcher may insist."""

    text: str
    insistable: bool = False


class NotAvailable(Exception):
    """Somebody cannot take a role; says which and why, and who can instead."""

    def __init__(self, refusal: Refusal, role: str) -> None:
        super().__init__(refusal.text)
        self.role, self.insistable = role, refusal.insistable


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody on a job who, as things are now, cannot do it."""

    role: str
    username: str
    text: str


class Came(NamedTuple):
    """When a job came to its place. Who had to insist came later than others of that second."""

    at: datetime
    insisted: bool


def is_free(member: Member, role: str, window: Window) -> bool:
    """Whether nothing that the member said stands against it; jobs are not looked at."""
    return member.may_be(role) and member.on(window.date).allows(role, window.name)


def free(roster: Roster, book: JobBook, business: Business, start: date, end: date) -> Free:
    """Who can still be given a job, in every window that the business offers, both days included.

    A driver whose window is full is not free to drive.
    """
    load = driving(book)
    days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    return {
        day: {
            window.name: {role: _free(roster, load, business, role, window) for role in ROLES}
            for window in business.windows_on(day)
        }
        for day in days
    }


def driving(book: JobBook, but: str = "") -> Load:
    """The load of every driver, without the job that has the id `but`."""
    jobs = (job for job in book.jobs if job.id != but)
    return Counter(place for job in jobs if (place := _place(job)))


def overfull(book: JobBook, business: Business) -> Overfull:
    """The jobs that were the last to come to a driver's window, beyond `jobs_per_window`; not
    those for which a dispatcher insisted on it.
    """
    places, most = defaultdict[Place, list[Job]](list), business.jobs_per_window
    for job in book.jobs:
        if place := _place(job):
            places[place].append(job)
    return {
        job.id: len(jobs)
        for jobs in places.values()
        if len(jobs) > most
        for job in sorted(jobs, key=_came)[most:]
        if not _came(job).insisted
    }


def why_not(
    roster: Roster, book: JobBook, business: Business, job: Job, role: str, username: str
) -> Refusal | None:
    """Why that member cannot take that role of that job; None where nothing stands against it."""
    window = job.window if job.status.is_open else None
    load = driving(book, but=job.id)
    if reason := _impossible(roster, business, role, username, window):
        return Refusal(f"{reason} {_instead(roster, load, business, role, username, window)}")
    if window is None or not _is_full(load, business, role, username, window):
        return None
    name, jobs = roster.member(username).name, load[username, window.date, window.name]
    reason = f"{name} already drives {jobs} jobs on {when(business, window)}."
    instead = _instead(roster, load, business, role, username, window)
    return Refusal(f"{reason} {instead}", insistable=True)


def check(
    roles: Mapping[str, str | None],
    job: Job,
    roster: Roster,
    book: JobBook,
    business: Business,
    *,
    insist: bool = False,
) -> bool:
    """Whether insisting made it possible. Raises NotAvailable for the first of these usernames by
    role that cannot be.
    """
    insisted = False
    for role, username in roles.items():
        refusal = why_not(roster, book, business, job, role, username) if username else None
        if refusal and not (insist and refusal.insistable):
            raise NotAvailable(refusal, role)
        insisted = insisted or refusal is not None
    return insisted


def clashes(
    job: Job, roster: Roster, business: Business, overfull: Overfull = NOWHERE
) -> tuple[Clash, ...]:
    """What has come between an open job and its crew since: a day off, another window, …"""
    if not job.status.is_open:
        return ()
    assigned = ((role, getattr(job.crew, role)) for role in ROLES)
    found = (
        Clash(
            *(role, username),
            _impossible(roster, business, role, username, job.window)
            or _one_too_many(roster, business, job, role, overfull),
        )
        for role, username in assigned
        if username
    )
    return tuple(clash for clash in found if clash.text)


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
    if but_as:
        return _only_as(member, day, but_as)
    gone = windows or _windows(business)
    return _with_windows(member, business, day, _free_windows(member, business, day) - {*gone})


def back(member: Member, business: Business, day: date, windows: Collection[str] = ()) -> Member:
    """Free again on that day: in these windows too, or as always."""
    if not windows:
        return member.with_day(day, AS_ALWAYS)
    return _with_windows(member, business, day, _free_windows(member, business, day) | {*windows})


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


def taken_off(book: JobBook, username: str, day: date, *, by: str, at: datetime) -> JobBook:
    """With the member's open jobs of that day back without them; itself where there are none."""
    for job in jobs_of(book, username, day):
        left = {role: name for role in ROLES if (name := getattr(job.crew, role)) != username}
        book = book.changed(job.assigned(Crew(**left), by=by, at=at, reason=SICK), at)
    return book


def when(business: Business, window: Window) -> str:
    """`Sat, May 23 (Morning)`."""
    return f"{window.date:%a, %b} {window.date.day} ({business.label(window)})"


def _free(
    roster: Roster, load: Load, business: Business, role: str, window: Window
) -> tuple[Member, ...]:
    return tuple(
        member
        for member in roster.members
        if is_free(member, role, window)
        and not _is_full(load, business, role, member.username, window)
    )


def _is_full(load: Load, business: Business, role: str, username: str, window: Window) -> bool:
    drives = load[username, window.date, window.name]
    return role == "driver" and drives >= business.jobs_per_window


def _place(job: Job) -> Place | None:
    """Where an open job fills its driver's time."""
    if not (job.status.is_open and job.crew.driver and job.window):
        return None
    return job.crew.driver, job.window.date, job.window.name


def _came(job: Job) -> Came:
    for event in reversed(job.history):
        if event.changes and event.changes.keys() & {"driver", "window"}:
            return Came(event.at, event.reason == INSISTED)
    return Came(job.created_at, insisted=any(event.reason == INSISTED for event in job.history))


def _one_too_many(
    roster: Roster, business: Business, job: Job, role: str, overfull: Overfull
) -> str:
    """What only insisting could have made possible; empty where the driver has the time."""
    if role != "driver" or not job.window or job.id not in overfull:
        return ""
    name, jobs = roster.name_of(job.crew.driver or ""), overfull[job.id]
    most = f"{business.jobs_per_window} at most, unless somebody insists"
    return f"{name} drives {jobs} jobs on {when(business, job.window)}; {most}."


def _impossible(
    roster: Roster, business: Business, role: str, username: str, window: Window | None
) -> str:
    """Why nobody can insist on it; empty where nothing stands against it."""
    member, label = roster.value(username), role.replace("_", " ")
    if member is None:
        return f"Nobody called {username} is on the crew."
    if not member.active:
        return f"{member.name} has left the crew."
    if role not in member.roles:
        return f"{member.name} cannot be {label}."
    known = member.on(window.date) if window else AS_ALWAYS
    if known.roles is not UNSET and role not in known.roles:
        return f"{member.name} is not to be {label} on that day."
    if window and not is_free(member, role, window):
        return f"{member.name} is away on {when(business, window)}."
    return ""


def _instead(
    roster: Roster, load: Load, business: Business, role: str, username: str, window: Window | None
) -> str:
    others = _free(roster, load, business, role, window) if window else roster.able(role)
    names = ", ".join(other.name for other in others if other.username != username)
    return f"{'Who is free' if window else 'Who can'}: {names or 'nobody'}."


def _only_as(member: Member, day: date, roles: Collection[str]) -> Member:
    """All that the member can be at all is as on any day."""
    known = member.on(day).windows
    windows = UNSET if known == () else known
    left = tuple(role for role in ROLES if role in roles)
    return member.with_day(
        day, Availability(windows, UNSET if {*member.roles} <= {*left} else left)
    )


def _windows(business: Business) -> tuple[str, ...]:
    """Those of any day: a dispatcher may agree to one that is not offered on it."""
    return tuple(offer.name for offer in business.windows)


def _free_windows(member: Member, business: Business, day: date) -> set[str]:
    known = member.on(day).windows
    return {name for name in _windows(business) if known is UNSET or name in known}


def _with_windows(member: Member, business: Business, day: date, names: Set[str]) -> Member:
    every = _windows(business)
    kept = tuple(name for name in every if name in names)
    windows = UNSET if kept == every else kept
    return member.with_day(day, Availability(windows, member.on(day).roles))
