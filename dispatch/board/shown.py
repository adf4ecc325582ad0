"""The cards and lines of a board, put together anew only where what is known of a job is new."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain, compress
from operator import attrgetter, is_not
from typing import NamedTuple

from django.template import Template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from dispatch import jobs
from dispatch.board.attention import Attention, Teller
from dispatch.board.card import Card, Cards, Reader, digest
from dispatch.board.changes import Item
from dispatch.board.facts import Facts, FactsById, Known, Order
from dispatch.board.filters import Filters
from dispatch.domain.job import JobLine, Window
from dispatch.domain.jobbook import ARCHIVED_AFTER
from dispatch.domain.permissions import sees
from dispatch.domain.status import Status
from dispatch.templatetags.formats import window as window_text

ONE_DAY = timedelta(days=1)
UNARCHIVED = ARCHIVED_AFTER - ONE_DAY  # of what was finished then polls read no month
FLOOD, CAME_BACK = "/flood", "/back"  # groups before those of windows
ORDER = attrgetter("order")


class Heading(NamedTuple):
    """What the cards below it have in common. Its id holds a slash, which no job's id does."""

    id: str
    etag: str
    html: str


@dataclass(frozen=True, eq=False)
class Group:
    """The cards of one window below its heading; or those of a flood, or of jobs that came back."""

    heading: Heading
    cards: tuple[Card, ...]

    def __iter__(self) -> Iterator[Item]:
        yield self.heading
        yield from self.cards

    @cached_property
    def etag(self) -> str:
        etags = [self.heading.etag, *(card.etag for card in self.cards)]
        return digest(" ".join(etags).encode())


class Place(NamedTuple):
    """Where the card of a job stands: its column, its group's id, and what sorts it in there."""

    status: Status
    group: str
    order: Order


@dataclass(frozen=True, eq=False)
class Stack:
    """The cards of a column, by group."""

    by_id: Mapping[str, Group]
    total: Decimal  # of the prices

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """In the order of the first card of each."""
        return tuple(sorted(self.by_id.values(), key=lambda group: group.cards[0].order))

    @cached_property
    def count(self) -> int:
        return sum(len(group.cards) for group in self.groups)

    @cached_property
    def etag(self) -> str:
        return digest("".join([group.etag for group in self.groups]).encode())


Where = tuple[Status, str]  # a column, and the id of a group in it
Stacks = Mapping[Status, Stack]


@dataclass(frozen=True)
class Shown:
    """A board as all readers of one kind see it."""

    known: Known
    cards: Cards
    filters: Filters
    stacks: Stacks
    bookings: Mapping[str, str]  # customers' that nobody has moved yet: their names by the job's id
    attention: Attention  # whatever the filters

    @classmethod
    def of(cls, known: Known, reader: Reader, filters: Filters, template: Template) -> "Shown":
        """`template` of a card."""
        cards = Cards(known.business, known.roster, reader, known.today, template)
        stacks = dict.fromkeys(Status, Stack({}, Decimal(0)))
        teller = Teller(reader.actor, known.roster, known.business, known.since)
        nothing = cls(known, cards, filters, stacks, {}, Attention(teller))
        return nothing._with(known, {}, known.facts, nothing._archived())

    def next(self, known: Known) -> "Shown":
        """Itself, where all is as it was."""
        before = self.known
        if known is before and not self.reads_archive:
            return self
        is_same = known.business is before.business and known.roster is before.roster
        is_alike = known.today == before.today and known.floods == before.floods
        if not (is_same and is_alike) or self.reads_archive:
            return self.of(known, self.cards.reader, self.filters, self.cards.template)
        old, new = before.facts, known.facts
        changed = list(compress(new, map(is_not, map(old.get, new), new.values())))
        come = {job_id: new[job_id] for job_id in changed}
        left = {job_id: facts for job_id in changed if (facts := old.get(job_id))}
        if len(old) - len(left) > len(new) - len(come):
            left |= {job_id: old[job_id] for job_id in old.keys() - new.keys()}
        return self._with(known, left, come)

    @property
    def etag(self) -> str:
        return " ".join([stack.etag for stack in self.stacks.values()] + [self.attention.etag])

    def _with(
        self, known: Known, left: FactsById, come: FactsById, archived: Iterable[Facts] = ()
    ) -> "Shown":
        return replace(
            self,
            known=known,
            stacks=self._placed(left.values(), chain(come.values(), archived)),
            bookings=self._booked(left, come),
            attention=self.attention.next(known, left, come),
        )

    def _placed(self, left: Iterable[Facts], come: Iterable[Facts]) -> Stacks:
        """The cards without those of the jobs that `left`, and with those of the ones that have
        `come`.
        """
        gone, new = defaultdict[Where, list[Order]](list), defaultdict[Where, list[Card]](list)
        windows = dict[str, Window | None]()
        for facts in left:
            if place := self._place(facts):
                gone[place.status, place.group].append(place.order)
        for facts in come:
            if place := self._place(facts):
                windows[place.group] = facts.job.window
                is_grouped = place.group not in (FLOOD, CAME_BACK)
                card = self.cards.card(facts, place.order, grouped=is_grouped)
                new[place.status, place.group].append(card)
        stacks = {**self.stacks}
        for where in gone.keys() | new.keys():
            status, group = where
            stack, known = stacks[status], stacks[status].by_id.get(group)
            cards, total = [*known.cards] if known else [], stack.total
            for order in gone[where]:
                total -= cards.pop(bisect_left(cards, order, key=ORDER)).price
            for card in new[where]:
                insort(cards, card, key=ORDER)
                total += card.price
            by_id = {name: other for name, other in stack.by_id.items() if name != group}
            if cards:
                heading = known.heading if known else self._heading(group, windows[group])
                by_id[group] = Group(heading, tuple(cards))
            stacks[status] = Stack(by_id, total)
        return stacks

    def _heading(self, group: str, window: Window | None) -> Heading:
        own = {FLOOD: _("From one sender"), CAME_BACK: _("Came back")}
        words = own.get(group) or window_text(window, self.known.business)
        html = format_html('<li class="group" data-id="{}"><h3>{}</h3></li>', group, words)
        return Heading(group, html, html)

    def _place(self, facts: Facts) -> Place | None:
        """None where it is not on this board."""
        job, actor = facts.job, self.cards.reader.actor
        if not (self._is_of_day(job) and sees(actor, job)):
            return None
        if not self.filters.let_through(job, self.known.business):
            return None
        order: Order = (
            (-job.finished_at.timestamp(), job.id) if job.finished_at else self.known.due(facts)
        )
        return Place(job.status, self._group(facts), order)

    def _group(self, facts: Facts) -> str:
        job, window = facts.job, facts.job.window
        if job.sender in self.known.floods:
            return FLOOD
        if facts.came_back:
            return CAME_BACK
        return f"/{window.date}/{window.name}/{window.start}/{window.end}" if window else "/"

    def _is_of_day(self, job: JobLine) -> bool:
        """With a date in the filters true of the jobs of that day's windows, and whatever was
        finished then; else of those that are open, or were finished today.
        """
        day = self.filters.day
        is_due = day is not None and job.window is not None and job.window.date == day
        if self.filters.wrong_date:
            return False
        if job.finished_at is None:
            return is_due or day is None
        first, last, start, end = self._span
        is_near = first <= self.known.business.today(job.finished_at) <= last
        return is_near and (is_due or start <= job.finished_at < end)

    @cached_property
    def _span(self) -> tuple[date, date, datetime, datetime]:
        """The days on which the board's finished jobs were finished, and its day's two ends."""
        known = self.known
        day = self.filters.day or known.today
        first, last = jobs.around(day, day) if self.filters.day else (day, day)
        if not self.reads_archive:
            first = max(first, known.today - UNARCHIVED)
        return first, last, *known.business.days(day, day)

    @property
    def reads_archive(self) -> bool:
        """True of a day that is over: its months are looked at each time."""
        return self.filters.day is not None and self.filters.day < self.known.today

    def _archived(self) -> list[Facts]:
        """What was finished so long ago that the book has it no more. Raises StoreUnavailable."""
        if not self.reads_archive:
            return []
        book, (first, last, *_ends) = self.known.book, self._span
        found = [
            each
            for each in jobs.finished(self.known.business, first, last, book=book)
            if book.value(each.line.id) is None and self._is_of_day(each.line)
        ]
        read = [job for each in found if (job := each.whole())]
        return [Facts(job, until=self.known.midnight) for job in read]

    def _booked(self, left: FactsById, come: FactsById) -> Mapping[str, str]:
        actor = self.cards.reader.actor
        new = {
            job_id: each.job.customer_name
            for job_id, each in come.items()
            if each.is_booking and sees(actor, each.job)
        }
        gone = self.bookings.keys() & left.keys() - new.keys()
        if not gone and new.items() <= self.bookings.items():
            return self.bookings
        found = {**self.bookings, **new}
        for job_id in gone:
            del found[job_id]
        return found
