"""A member's day: its stops in driving order."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from weakref import ref

from django.utils.translation import override

from dispatch import jobs, wiring
from dispatch.answers import Part, same_until
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.route import in_driving_order
from dispatch.http import etag_of
from dispatch.views.visit.stop import Stop

LATELY = timedelta(days=2)  # before its day: what was finished earlier is nobody's stop any more


@dataclass(frozen=True)
class Day:
    """One member's day, for whoever looks at it; `asked` is the stop that they have opened."""

    day: date
    member: Member
    everybodys: tuple[Job, ...]
    business: Business
    book: JobBook
    roster: Roster
    viewer: Member
    at: datetime
    age: float
    asked: str = ""

    def later(self, at: datetime) -> "Day":
        """The same day as it is at that moment; at its own moment, the very same object."""
        return self if at == self.at else replace(self, at=at)

    @property
    def is_today(self) -> bool:
        return self.day == self.business.today(self.at)

    @property
    def steps(self) -> tuple[date, date, date]:
        """The day before, today, and the day after."""
        one = timedelta(days=1)
        return self.day - one, self.business.today(self.at), self.day + one

    @property
    def is_own(self) -> bool:
        return self.member.username == self.viewer.username

    @property
    def out_of_reach(self) -> bool:
        return jobs.is_silent(self.age)

    @property
    def as_of(self) -> datetime:
        return self.at - timedelta(seconds=self.age)

    @property
    def _jobs(self) -> list[Job]:
        return [job for job in self.everybodys if self.member.username in set(job.crew)]

    @cached_property
    def stops(self) -> list[Stop]:
        """All of them, in driving order."""
        who = self.viewer.actor, self.member.username
        return [
            Stop(job, self.business, self.roster, *who, self.day, self.at)
            for job in in_driving_order(self._jobs)
        ]

    @cached_property
    def open(self) -> Stop | None:
        """The large one: that which was asked for, what is under way, or what comes next."""
        asked = [stop for stop in self.stops if stop.job.id == self.asked]
        under_way = [stop for stop in self.stops if stop.is_under_way]
        return next(iter((*asked, *under_way, *self._to_come)), None)

    @property
    def _to_come(self) -> list[Stop]:
        return [stop for stop in self.stops if not stop.is_over]

    @property
    def rest(self) -> list[Stop]:
        return [stop for stop in self._to_come if stop is not self.open]

    @property
    def done(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.is_over and stop is not self.open]

    @property
    def next(self) -> Stop | None:
        """The one after the large one."""
        return next(iter(self.rest), None)

    @property
    def order(self) -> str:
        """The ids of all stops, as they are driven."""
        return " ".join(stop.job.id for stop in self.stops)

    @cached_property
    def etag(self) -> str:
        """Changes with everything that the page shows."""
        shown = (self.business.slug, self.viewer.username, self.viewer.rank, self.day)
        return etag_of(
            (
                *(*shown, self.member.username, self.asked, self.out_of_reach, self.is_today),
                *(self.roster.revision, self.roster.updated_at),
                *((each.name, each.price) for each in self.business.items),  # may be offered here
                [stop.etag for stop in self.stops],
            )
        )


class Whose(NamedTuple):
    """Whose day, for whom, and the stop that they have opened."""

    business: Business
    day: date
    member: Member
    viewer: Member
    asked: str

    def now(self, revision: int) -> Day:
        """Of jobs of that revision at least. Raises StoreUnavailable."""
        repository = wiring.jobs(self.business)
        book, at = repository.read(revision), wiring.now()
        every = jobs_of_day(self.business, self.day, book, at)
        return Day(
            day=self.day,
            member=self.member,
            everybodys=tuple(every),
            business=self.business,
            book=book,
            roster=wiring.roster(self.business).read(),
            viewer=self.viewer,
            at=at,
            age=repository.age(),
            asked=self.asked,
        )


@dataclass
class DayPoll:
    """The poll of a day: only whether it is as it was. Its HTML takes a request, for its forms."""

    whose: Whose
    language: str
    etag: str = ""  # the last
    book: "ref[JobBook] | None" = None  # of which it was made
    span: tuple[datetime, datetime] | None = None  # in which that book makes the same

    def now(self, revision: int, since: int, known: str) -> Part:
        """Raises StoreUnavailable."""
        span, book = self.span, wiring.jobs(self.whose.business).read(revision)
        if self.book and book is self.book() and span and span[0] <= wiring.now() < span[1]:
            return Part(self.etag, None)
        with override(self.language):
            return self.part(self.whose.now(revision))

    def part(self, day: Day) -> Part:
        """The part of this day, which is now the last that was seen; in the active language."""
        until = None if day.out_of_reach else same_until(lambda at: day.later(at).etag, day.at)
        self.etag, self.span = day.etag, (day.at, until) if until else None
        self.book = ref(day.book)  # no old ones stay in memory
        return Part(day.etag, None)


def jobs_of_day(business: Business, day: date, book: JobBook, at: datetime) -> list[Job]:
    """Everybody's stops of that day: what is promised for it, unless it was cancelled on another,
    what of others was finished on it, and today what of others is under way. Raises
    StoreUnavailable.
    """
    today = business.today(at)
    promised = [
        job
        for job in jobs.of_day(business, day, book, since=day - LATELY)
        if job.status is not Status.CANCELLED
        or (job.finished_at and business.today(job.finished_at) == day)
    ]
    under_way = [job for job in book.jobs if job.status is Status.IN_PROGRESS and day == today]
    finished = (each.whole() for each in jobs.finished(business, day, day, book=book))
    done = [job for job in finished if job and job.status is Status.COMPLETED]
    known = {job.id for job in promised}
    return promised + [job for job in under_way + done if job.id not in known]
