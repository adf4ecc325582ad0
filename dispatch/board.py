"""Job book + roster → the columns and cards that one member sees."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Self
from urllib.parse import urlencode

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.safestring import SafeString

from dispatch import jobs
from dispatch.domain.availability import Overfull, clashes, is_free, overfull
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Job, JobLine, Window
from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.domain.jobbook import MAX_OF_ONE_SENDER, JobBook
from dispatch.domain.moves import coming, needs_attention, needs_reason, next_step, targets
from dispatch.domain.permissions import Actor, Permission, Rank, sees, sees_prices
from dispatch.domain.roster import Member, Roster
from dispatch.domain.search import is_found
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON
from dispatch.explain import clash_text, failed_text
from dispatch.http import etag_of

UNASSIGNED = "-"
FAR = date.max
ONE_DAY = timedelta(days=1)
# From a day, within which the jobs of its windows are looked for among the finished ones: for
# today that is before they are archived, so that no poll reads a month.
NEARBY = timedelta(days=2)
Drivers = tuple[tuple[str, str], ...]  # usernames, and how they are called


@dataclass(frozen=True)
class Filters:
    """The filters in the board's address."""

    q: str = ""
    crew: str = ""
    date: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        return cls(**{each.name: query.get(each.name, "").strip() for each in fields(cls)})

    def __bool__(self) -> bool:
        return any((self.q, self.crew, self.date))

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in asdict(self).items() if text})

    def let_through(self, job: JobLine, business: Business) -> bool:
        """True where crew and words fit; which day it is of is asked elsewhere."""
        if self.crew == UNASSIGNED and job.crew.driver:
            return False
        if self.crew not in ("", UNASSIGNED) and self.crew not in set(job.crew):
            return False
        return not self.q or is_found(job, self.q, business.country)


@dataclass(frozen=True)
class Column:
    """The jobs at one status, in the order in which they are due."""

    status: Status
    jobs: tuple[Job, ...]
    cards: tuple[SafeString, ...]

    @property
    def total(self) -> Decimal:
        return sum((job.price or Decimal(0) for job in self.jobs), Decimal(0))


@dataclass(frozen=True)
class Board:
    """The board at one moment, for one member: what is open, and what was finished today.

    With a date in its filters it is that day's: the jobs of its windows, open or finished, and
    whatever was finished then.
    """

    business: Business
    book: JobBook
    roster: Roster
    member: Member
    at: datetime
    age: float
    filters: Filters
    damaged: tuple[str, ...] = ()  # months of the archive

    @cached_property
    def columns(self) -> list[Column]:
        columns = []
        for status in Status:
            here = sorted(self._open, key=self._due) if status.is_open else self._finished
            shown = tuple(
                job
                for job in here
                if job.status is status and self.filters.let_through(job, self.business)
            )
            columns.append(Column(status, shown, tuple(map(self.card, shown))))
        return columns

    @cached_property
    def wrong_date(self) -> str:
        """Why there is no board of the date that was typed: then it is of nothing."""
        try:
            date_of(self.filters.date, "date")
        except InvalidInput as error:
            return error.errors["date"] if self.filters.date else ""
        return ""

    @cached_property
    def day(self) -> date | None:
        """The day whose board it is; None where it is of all that is open."""
        is_day = self.filters.date and not self.wrong_date
        return date.fromisoformat(self.filters.date) if is_day else None

    @property
    def of_day(self) -> str:
        """`today`, `on Sat, May 23`: what counts and sums are of, but of all that is open."""
        if self.day is None or self.day == self.business.today(self.at):
            return "today"
        return f"on {self.business.day_text(self.day, self.at)}"

    @property
    def beside(self) -> list[tuple[date, str]]:
        """The day before and the day after, with the query of their boards."""
        days = [self.day + step for step in (-ONE_DAY, ONE_DAY)] if self.day else []
        return [(day, replace(self.filters, date=f"{day}").query) for day in days]

    @cached_property
    def _open(self) -> list[Job]:
        shown = [] if self.wrong_date else self.seen
        return [job for job in shown if job.status.is_open and (not self.day or self._is_due(job))]

    @cached_property
    def _finished(self) -> list[Job]:
        """Newest first."""
        if self.wrong_date:
            return []
        day = self.day or self.business.today(self.at)
        near = NEARBY if self.day else timedelta(0)
        start, end = self.business.days(day, day)
        found = [
            each
            for each in jobs.finished(self.business, day - near, day + near, book=self.book)
            if (at := each.line.finished_at) and (start <= at < end or self._is_due(each.line))
            if sees(self.member.actor, each.line)
        ]
        return [job for each in found if (job := each.whole())]

    def _is_due(self, job: JobLine) -> bool:
        """True of the jobs in the windows of the board's day."""
        return job.window is not None and job.window.date == self.day

    @property
    def sees_prices(self) -> bool:
        return sees_prices(self.member.actor, self.business)

    @cached_property
    def seen(self) -> list[Job]:
        return [job for job in self.book.jobs if sees(self.member.actor, job)]

    @property
    def bookings(self) -> str:
        """Customers' bookings that nobody has moved yet, whatever the filters: ids and names."""
        new = [
            (job.id, job.customer_name)
            for job in self.seen
            if job.status.is_open and not job.moves and job.history
            if (job.history[0].what, job.history[0].by) == ("created", CUSTOMER)
        ]
        return JSON.encode(new).decode()

    @property
    def out_of_reach(self) -> bool:
        """True once the storage has been silent for so long that the page must say so."""
        return self.age > jobs.SILENT

    @property
    def as_of(self) -> datetime:
        """The time at which the storage last confirmed all this."""
        return self.at - timedelta(seconds=self.age)

    @cached_property
    def etag(self) -> str:
        """Changes with everything that the board shows, and with nothing else."""
        late = [job.id for job in self.book.jobs if is_late(job, self.business, self.at)]
        shown = (
            *(self.business.slug, self.member.username, self.member.rank, self.filters),
            # The times too: after a restore a revision comes a second time.
            *(self.book.revision, self.book.updated_at),
            *(self.roster.revision, self.roster.updated_at, self.out_of_reach, self.damaged, late),
            # At midnight what was finished leaves; and what is archived has a revision of its own.
            *(self.business.today(self.at).year, self.of_day),
            [(job.id, job.version, job.updated_at) for job in self._finished],
            [job.id for job in self.book.jobs if self._is_on_the_way(job)],
        )
        return etag_of(shown)

    def card(self, job: Job) -> SafeString:
        failed = needs_attention(job)
        key = CardKey(
            job,
            (self.business.slug, job.id, job.version),
            *(self.business, self.member.rank, self.sees_prices),
            year=self.business.today(self.at).year,
            late=is_late(job, self.business, self.at),
            on_my_way=self._is_on_the_way(job),
            names=tuple(self.roster.name_of(username) for username in dict.fromkeys(job.crew)),
            drivers=self._drivers(job),
            attention=failed_text(failed, self.roster, self.business) if failed else "",
            clashes=tuple(
                clash_text(clash, job.window, self.roster, self.business)
                for clash in clashes(job, self.roster, self._overfull)
            ),
        )
        return _render_card(key, self._template)

    def _is_on_the_way(self, job: Job) -> bool:
        return coming(job, self.business, self.at)[0] is not None

    @cached_property
    def _template(self) -> Template:
        template: Template = get_template("dispatch/_card.html").template  # type: ignore[attr-defined]
        return template

    @cached_property
    def _overfull(self) -> Overfull:
        return overfull(self.book, self.business)

    def _drivers(self, job: Job) -> Drivers:
        """Free drivers, whom a dispatcher may pick right on the card."""
        if not (job.status.is_open and self.member.actor.may(Permission.ASSIGN)):
            return ()
        window = job.window
        if window not in self._free_drivers:
            self._free_drivers[window] = tuple(
                (each.username, each.first_name)
                for each in self.roster.able("driver")
                if window is None or is_free(each, "driver", window)
            )
        return self._free_drivers[window]

    @cached_property
    def _free_drivers(self) -> dict[Window | None, Drivers]:
        return {}

    def _due(self, job: Job) -> tuple[bool, bool, date, str, datetime]:
        """As they are promised; first those that need attention, and last those of a sender who
        floods us.
        """
        day, start = (job.window.date, job.window.start) if job.window else (FAR, "")
        is_calm = needs_attention(job) is None
        return (job.sender in self.floods, is_calm, day, start, job.created_at)

    @cached_property
    def floods(self) -> set[str]:
        """The senders of as many requests as one may send: likely junk."""
        counts = Counter(job.sender for job in self.book.sent_lately(self.at))
        return {mark for mark, count in counts.items() if mark and count >= MAX_OF_ONE_SENDER}

    @property
    def flooded(self) -> bool:
        return bool(self.floods)


def is_late(job: Job, business: Business, at: datetime) -> bool:
    """The promised time is over and nobody has started."""
    waiting = job.status.is_open and job.status is not Status.IN_PROGRESS
    return waiting and job.window is not None and at > business.span(job.window)[1]


@dataclass(frozen=True)
class CardKey:
    """All that a card shows. Equal keys, equal HTML; jobs that are one object compare at once."""

    job: Job = field(hash=False)  # it holds mappings; `version` stands for it
    version: tuple[str, str, int]  # business, job, and that job's version
    business: Business = field(compare=False, repr=False)
    rank: Rank
    sees_prices: bool
    year: int  # of the dates of other years it says which
    late: bool
    on_my_way: bool
    names: tuple[str, ...]
    drivers: Drivers
    attention: str  # why a visit came to nothing
    clashes: tuple[str, ...]


@lru_cache(maxsize=4096)
def _render_card(key: CardKey, template: Template) -> SafeString:
    """Holds no CSRF token, no revision and no relative time: those would not keep."""
    by = Actor("", key.rank)
    context = {
        **{each.name: getattr(key, each.name) for each in fields(key)},
        "etag": etag_of((template.source, key)).strip('W/"'),
        "next": next_step(key.job, by),
        "targets": [(to, needs_reason(key.job.status, to)) for to in targets(key.job, by)],
    }
    return template.render(Context(context))
