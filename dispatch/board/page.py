"""The board at one moment, for one member: what its page and its poll show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from dispatch.board.card import digest, template_of
from dispatch.board.changes import Item
from dispatch.board.facts import Facts
from dispatch.board.filters import Filters
from dispatch.board.shown import ONE_DAY, Heading, Shown, Stack
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Permission
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON
from dispatch.explain.words import told
from dispatch.templatetags.formats import day_text
from dispatch.turns import Turns

SHOWN = 5  # lines of what needs attention; the others are folded


class Column(NamedTuple):
    """The jobs at one status, in the order in which they are due."""

    status: Status
    stack: Stack
    when: str  # `today`, `on Sat, May 23`: what it is of; empty where it is of all days
    business: Business | None  # whose money its sum is in; None where no prices are shown

    @property
    def sum(self) -> str:
        return self.business.money(self.stack.total) if self.business else ""

    @property
    def items(self) -> Turns[Item]:
        return Turns(chain.from_iterable(self.stack.groups))

    @property
    def heading(self) -> SafeString:
        head = self.status, self.stack.count, self.when, self.sum
        return _heading(*head, get_language(), template_of("_column_heading.html"))

    @property
    def head(self) -> tuple[int, Decimal | None, str, Business | None]:
        """All that the heading of this column shows."""
        total = self.stack.total if self.business else None
        return self.stack.count, total, self.when, self.business

    @property
    def is_folded(self) -> bool:
        return self.status is Status.CANCELLED


@lru_cache(maxsize=1024)
def _heading(
    status: Status, count: int, when: str, total: str, _language: str, template: Template
) -> SafeString:
    column = {"status": status, "count": count, "when": when, "sum": total}
    return template.render(Context({"column": column}))


class Layout(NamedTuple):
    """All that a browser shows, for as long as it may ask what has changed since."""

    revision: int
    columns: tuple[Column, ...]
    pressing: tuple[Item, ...]
    folded: tuple[Item, ...]
    bookings: Mapping[str, str]


@dataclass(frozen=True)
class Board:
    """What is open, and what was finished today.

    With a date in its filters it is that day's: the jobs of its windows, open or finished, and
    whatever was finished then.
    """

    shown: Shown
    member: Member
    at: datetime
    age: float
    damaged: tuple[str, ...] = ()  # months of the archive
    out_of_reach: bool = False  # the storage has been silent for so long that the page must say so

    @property
    def business(self) -> Business:
        return self.shown.known.business

    @property
    def book(self) -> JobBook:
        return self.shown.known.book

    @property
    def roster(self) -> Roster:
        return self.shown.known.roster

    @property
    def filters(self) -> Filters:
        return self.shown.filters

    @property
    def wrong_date(self) -> str:
        """Why there is no board of the date that was typed: then it is of nothing."""
        return told(self.filters.wrong_date)

    @property
    def day(self) -> date | None:
        """The day whose board it is; None where it is of all that is open."""
        return self.filters.day

    @property
    def today(self) -> date:
        return self.shown.known.today

    @property
    def of_day(self) -> str:
        """`today`, `on Sat, May 23`: what counts and sums are of, but of all that is open."""
        if self.day is None or self.day == self.today:
            return _("today")
        return _("on %(day)s") % {"day": day_text(self.day, self.business, self.at)}

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

    @property
    def as_of(self) -> datetime:
        """The time at which the storage last confirmed all this."""
        return self.at - timedelta(seconds=self.age)

    @cached_property
    def etag(self) -> str:
        """Changes with everything that the board shows, and with nothing else."""
        book, roster = self.book, self.roster
        shown = (
            *(self.business.slug, self.member.username, *self.shown.cards.reader, self.filters),
            # The times too: after a restore a revision comes a second time.
            *(book.revision, book.updated_at, roster.revision, roster.updated_at),
            *(self.notices, self.unreadable, self.columns[-1].when, self.shown.etag),
        )
        return f'W/"{digest(repr(shown).encode())}"'

    @cached_property
    def layout(self) -> Layout:
        lines = self.pressing, self.folded
        return Layout(self.book.revision, self.columns, *lines, self.shown.bookings)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        of_day = self.of_day
        business = self.business if self.shown.cards.reader.prices else None
        return tuple(
            Column(status, stack, "" if status.is_open and not self.day else of_day, business)
            for status, stack in self.shown.stacks.items()
        )

    @property
    def bookings(self) -> str:
        """Customers' bookings that nobody has moved yet, whatever the filters: ids and names."""
        return JSON.encode(list(self.shown.bookings.items())).decode()

    @cached_property
    def notices(self) -> SafeString:
        """What keeps the board from showing all, or all of it as it is."""
        is_whole = not (
            self.filters.wrong_date
            or self.out_of_reach
            or self.book.migration.refusal
            or self.damaged
            or self.flooded
        )
        if is_whole:  # as it nearly always is
            return SafeString("")
        may_discard = self.member.actor.may(Permission.DISCARD)
        context = {"board": self, "business": self.business, "may_discard": may_discard}
        return render_to_string("dispatch/_board_notices.html", context)

    @cached_property
    def attention(self) -> tuple[Item, ...]:
        """Everything that needs this member's attention, whatever the filters."""
        lines = self.shown.attention.every
        if not self.unreadable:
            return lines
        line = render_to_string("dispatch/_unreadable_line.html", {"board": self})
        return (Heading("/unreadable", line, line), *lines)

    @property
    def to_do(self) -> int:
        return len(self.attention)

    @property
    def pressing(self) -> tuple[Item, ...]:
        return self.attention[: SHOWN + bool(self.unreadable)]

    @property
    def folded(self) -> tuple[Item, ...]:
        return self.attention[SHOWN + bool(self.unreadable) :]

    @property
    def more(self) -> str:
        count = len(self.folded)
        return ngettext("%(count)s more", "%(count)s more", count) % {"count": count}

    @cached_property
    def unreadable(self) -> int:
        """How many entries of the jobs file cannot be read: told to who looks at every job."""
        sees_all = self.member.actor.may(Permission.LOOK_AT_EVERY_JOB)
        return len(self.book.entries) - len(self.shown.known.facts) if sees_all else 0

    def card(self, job: Job) -> SafeString:
        known = self.shown.known
        facts = known.facts.get(job.id, Facts(job, until=known.midnight))
        return self.shown.cards.card(facts._replace(job=job)).html

    @property
    def floods(self) -> frozenset[str]:
        return self.shown.known.floods

    @property
    def flooded(self) -> bool:
        return bool(self.floods)
