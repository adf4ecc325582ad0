"""Job book + roster → the columns and cards that one member sees."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dispatch import jobs
from dispatch.board.attention import Line, Teller
from dispatch.board.card import Cards
from dispatch.board.filters import Filters
from dispatch.domain.attention import by_the_clock
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Job, JobLine, Window
from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.domain.jobbook import ARCHIVED_AFTER, MAX_OF_ONE_SENDER, JobBook
from dispatch.domain.moves import is_due, needs_attention
from dispatch.domain.permissions import Permission, sees, sees_prices
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON
from dispatch.explain.words import told
from dispatch.http import etag_of
from dispatch.templatetags.formats import day_text
from dispatch.templatetags.formats import window as window_text

FAR = date.max
ONE_DAY = timedelta(days=1)
UNARCHIVED = ARCHIVED_AFTER - ONE_DAY  # of what was finished then polls read no month
SHOWN = 5  # lines of what needs attention; the others are folded


@dataclass(frozen=True)
class Group:
    """The cards of one window, with its day and hours for a heading."""

    heading: str
    cards: tuple[SafeString, ...]


@dataclass(frozen=True)
class Column:
    """The jobs at one status, in the order in which they are due."""

    status: Status
    jobs: tuple[Job, ...]
    groups: tuple[Group, ...]
    when: str  # `today`, `on Sat, May 23`; empty where it is of all days

    @property
    def is_folded(self) -> bool:
        return self.status is Status.CANCELLED

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
            here = self._open if status.is_open else self._finished
            shown = tuple(
                job
                for job in here
                if job.status is status and self.filters.let_through(job, self.business)
            )
            when = "" if status.is_open and not self.day else self.of_day
            columns.append(Column(status, shown, tuple(self._groups(shown)), when))
        return columns

    def _groups(self, shown: tuple[Job, ...]) -> Iterator[Group]:
        """The cards by what they have in common, in the order of the first of each."""
        found: dict[Window | str | None, list[Job]] = {}
        for job in shown:
            found.setdefault(self._common(job), []).append(job)
        for common, here in found.items():
            own = common if isinstance(common, str) else ""
            cards = tuple(self._cards.card(job, grouped=not own) for job in here)
            yield Group(own or window_text(here[0].window, self.business), cards)

    def _common(self, job: Job) -> Window | str | None:
        """The window, or in words what comes before it."""
        if job.sender in self.floods:
            return _("From one sender")
        return _("Came back") if needs_attention(job) else job.window

    @cached_property
    def wrong_date(self) -> str:
        """Why there is no board of the date that was typed: then it is of nothing."""
        try:
            date_of(self.filters.date, "date")
        except InvalidInput as error:
            return told(error.errors["date"]) if self.filters.date else ""
        return ""

    @cached_property
    def day(self) -> date | None:
        """The day whose board it is; None where it is of all that is open."""
        is_day = self.filters.date and not self.wrong_date
        return date.fromisoformat(self.filters.date) if is_day else None

    @property
    def of_day(self) -> str:
        """`today`, `on Sat, May 23`: what counts and sums are of, but of all that is open."""
        if self.day is None or self.day == self.today:
            return _("today")
        return _("on %(day)s") % {"day": day_text(self.day, self.business, self.at)}

    @property
    def today(self) -> date:
        return self.business.today(self.at)

    @property
    def steps(self) -> list[tuple[date, str]]:
        """The day before the board's, today and the day after, with the query of their boards."""
        day = self.day or self.today
        steps = (day - ONE_DAY, self.today, day + ONE_DAY)
        return [(each, self._query(f"{each}")) for each in steps]

    @property
    def all_days(self) -> str:
        """The query of the board of all that is open."""
        return self._query("")

    def _query(self, day: str) -> str:
        return replace(self.filters, date=day).query

    @cached_property
    def _open(self) -> list[Job]:
        """As they are due."""
        shown = [] if self.wrong_date else self.seen
        here = (job for job in shown if job.status.is_open and (not self.day or self._is_due(job)))
        return sorted(here, key=self._due)

    @cached_property
    def _finished(self) -> list[Job]:
        """Newest first."""
        if self.wrong_date:
            return []
        day = self.day or self.today
        first, last = jobs.around(day, day) if self.day else (day, day)
        if day >= self.today:
            first = max(first, self.today - UNARCHIVED)
        start, end = self.business.days(day, day)
        found = [
            each
            for each in jobs.finished(self.business, first, last, book=self.book)
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
        return jobs.is_silent(self.age)

    @property
    def as_of(self) -> datetime:
        """The time at which the storage last confirmed all this."""
        return self.at - timedelta(seconds=self.age)

    @cached_property
    def etag(self) -> str:
        """Changes with everything that the board shows, and with nothing else."""
        shown = (
            *(self.business.slug, self.member.username, self.member.rank, self.filters),
            # The times too: after a restore a revision comes a second time.
            *(self.book.revision, self.book.updated_at),
            *(self.roster.revision, self.roster.updated_at, self.out_of_reach, self.damaged),
            # At midnight what was finished leaves; and what is archived has a revision of its own.
            *(self.today.year, self.of_day),
            [(job.id, job.version, job.updated_at) for job in self._finished],
            # What comes with the time alone.
            [
                (job.id, need.why)
                for job in self.seen
                for need in by_the_clock(job, self.business, self.at)
            ],
            [job.id for job in self.seen if self._cards.is_on_the_way(job)],
            [
                job.id
                for job in self.seen
                if job.status is Status.BOOKED and is_due(job, self.today)
            ],
        )
        return etag_of(shown)

    @cached_property
    def attention(self) -> list[Line]:
        """Everything that needs this member's attention, whatever the filters."""
        teller = Teller(self.member.actor, self.roster, self.business, self.at)
        needs = self._cards.needs
        soonest = sorted((job for job in self.seen if job.id in needs), key=self._due)
        return teller.lines(chain.from_iterable(needs[job.id] for job in soonest))

    @property
    def to_do(self) -> int:
        return len(self.attention) + bool(self.unreadable)

    @property
    def pressing(self) -> list[Line]:
        return self.attention[:SHOWN]

    @property
    def folded(self) -> list[Line]:
        return self.attention[SHOWN:]

    @property
    def unreadable(self) -> int:
        """How many entries of the jobs file cannot be read: told to who looks at every job."""
        sees_all = self.member.actor.may(Permission.LOOK_AT_EVERY_JOB)
        return len(self.book.problems) if sees_all else 0

    def card(self, job: Job) -> SafeString:
        return self._cards.card(job)

    @cached_property
    def _cards(self) -> Cards:
        return Cards(self.business, self.book, self.roster, self.member, self.at, self.seen)

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
