"""Seven days of jobs by driver and window, with the places that are free and those too many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from dispatch.calendar.month import ONE_DAY, told_in_words
from dispatch.domain.availability import Workload, is_free
from dispatch.domain.business import Business
from dispatch.domain.job import Job, JobLine, Window
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import Room, Taken
from dispatch.domain.roster import AS_ALWAYS, Member, Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.route import in_driving_order

NOBODY = "-"  # stands for a driver's username


class Stop(NamedTuple):
    """What is shown of a job."""

    id: str
    version: int
    status: Status
    customer_name: str

    @classmethod
    def of(cls, job: JobLine) -> "Stop":
        return cls(job.id, job.version, job.status, job.customer_name)


class Slot(NamedTuple):
    """One driver's jobs in a window of a day; `room` is theirs, None of jobs without a driver.
    More jobs may go into it where `is_ours`: the business still has a window of that name.
    """

    window: Window
    driver: str
    jobs: tuple[Stop, ...]
    room: Room | None
    is_ours: bool

    @property
    def name(self) -> str:
        """As a form names it: `2026-05-23 morning joel`."""
        return f"{self.window.date} {self.window.name} {self.driver}"


class Cell(NamedTuple):
    """One driver's day; `off` says what they do not do on it, empty on a day as always."""

    day: date
    off: str
    slots: tuple[Slot, ...]


class Row(NamedTuple):
    username: str
    name: str
    cells: tuple[Cell, ...]


class Head(NamedTuple):
    """A day, and what is left in each of its windows. A day without windows is one off: a holiday,
    where the business says that it is closed. It may have jobs all the same.
    """

    day: date
    is_holiday: bool
    has_jobs: bool
    rooms: tuple[tuple[Window, Room], ...]


@dataclass(frozen=True)
class Week:
    """The week from `first` on: the jobs that a member sees, open ones and those that were done."""

    first: date
    business: Business
    roster: Roster
    open_jobs: tuple[Job, ...]
    done: tuple[JobLine, ...]
    taken: Taken
    load: Workload

    @classmethod
    def of(
        cls,
        first: date,
        jobs: Iterable[Job],
        finished: Iterable[JobLine],
        roster: Roster,
        business: Business,
        taken: Taken,
        load: Workload,
    ) -> "Week":
        """The jobs of these seven days, among those that somebody sees."""
        last = first + timedelta(days=6)
        done = (
            job
            for job in finished
            if job.status is Status.COMPLETED and job.window and first <= job.window.date <= last
        )
        due = (
            job
            for job in jobs
            if job.status.is_open and (job.window is None or first <= job.window.date <= last)
        )
        return cls(first, business, roster, tuple(due), tuple(done), taken, load)

    @cached_property
    def days(self) -> list[date]:
        return [self.first + ahead * ONE_DAY for ahead in range(7)]

    @property
    def last(self) -> date:
        return self.days[-1]

    @property
    def previous(self) -> date:
        return self.first - timedelta(days=7)

    @property
    def next(self) -> date:
        return self.first + timedelta(days=7)

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        return tuple(
            Head(
                day,
                day in self.business.closed,
                any(each == day for each, _driver in self._jobs),
                tuple(
                    (window, schedule.room(window, self.roster, self.taken, self.business))
                    for window in self._windows(day)
                ),
            )
            for day in self.days
        )

    def _windows(self, day: date) -> list[Window]:
        """Those offered; on a day that is none off, also those with a limit of no places that jobs
        stand in all the same.
        """
        if day in self.business.closed:
            return []
        offered = [*self.business.windows_on(day)]
        every = (offer.on(day) for offer in self.business.windows)
        return [
            window
            for window in every
            if window in offered
            or (self.business.limit(day, window.name) == 0 and self.taken[day, window.name])
        ]

    @cached_property
    def without_time(self) -> list[Stop]:
        """Open jobs that no window was agreed for."""
        found = (job for job in self.open_jobs if job.window is None)
        return [Stop.of(job) for job in sorted(found, key=lambda job: job.created_at)]

    @cached_property
    def rows(self) -> list[Row]:
        """Jobs without a driver first, then each who may drive, then who drives all the same."""
        drivers = {member.username: member for member in self.roster.able("driver")}
        others = sorted({driver for _, driver in self._jobs} - {*drivers, NOBODY})
        every = (NOBODY, *drivers, *others)
        return [
            Row(
                username,
                "" if username == NOBODY else self.roster.name_of(username),
                tuple(self._cell(username, drivers.get(username), day) for day in self.days),
            )
            for username in every
        ]

    @cached_property
    def _jobs(self) -> dict[tuple[date, str], list[JobLine]]:
        """By day and driver."""
        found = defaultdict[tuple[date, str], list[JobLine]](list)
        due = defaultdict[tuple[date, str], list[Job]](list)
        for job in self.done:
            if job.window:
                found[job.window.date, job.crew.driver or NOBODY].append(job)
        for job in self.open_jobs:
            if job.window:
                due[job.window.date, job.crew.driver or NOBODY].append(job)
        for key, jobs in due.items():
            found[key] += in_driving_order(jobs)
        return found

    def _cell(self, username: str, member: Member | None, day: date) -> Cell:
        jobs = self._jobs.get((day, username), [])
        windows = {window.name: window for window in self.business.windows_on(day)}
        for job in jobs:
            if job.window:  # it may be one that is not offered on that day
                windows.setdefault(job.window.name, job.window)
        said = member.on(day) if member else AS_ALWAYS
        return Cell(
            day,
            "" if said == AS_ALWAYS else told_in_words(said, self.business),
            tuple(
                self._slot(username, member, window, jobs)
                for window in sorted(windows.values(), key=lambda each: each.start)
            ),
        )

    def _slot(
        self, username: str, member: Member | None, window: Window, jobs: Iterable[JobLine]
    ) -> Slot:
        here = tuple(Stop.of(job) for job in jobs if job.window and job.window.name == window.name)
        is_ours = self.business.agreed_window(window.date, window.name) is not None
        if username == NOBODY:
            return Slot(window, username, here, None, is_ours)
        places = (
            self.business.jobs_per_window if member and is_free(member, "driver", window) else 0
        )
        driven = self.load[username, window.date, window.name]
        return Slot(window, username, here, Room(places, driven), is_ours)
