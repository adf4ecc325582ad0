"""The days and windows that a customer may choose, and what is left of each."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple
from weakref import ref

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.planning import schedule
from dispatch.domain.roster import Roster
from dispatch.domain.stored.document import StoreUnavailable


class Slot(NamedTuple):
    """A window of one day; `left` are its free places, None where nobody can say."""

    window: Window
    left: int | None

    @property
    def words(self) -> str:
        """`3 left`, `full`; empty where nobody can say."""
        if self.left is None:
            return ""
        left = ngettext("%(places)d left", "%(places)d left", self.left) % {"places": self.left}
        return left if self.left else _("full")


class Day(NamedTuple):
    date: date
    slots: tuple[Slot, ...]

    @property
    def name(self) -> str:
        """`2026-05-23`, as a form sends it."""
        return self.date.isoformat()

    @property
    def is_full(self) -> bool:
        return all(slot.left == 0 for slot in self.slots)


class Known(NamedTuple):
    """Days as they were made of these, by identity; the same until that moment. It keeps no old
    jobs in memory.
    """

    business: Business
    book: "ref[JobBook]"
    roster: Roster
    since: datetime
    until: datetime
    days: tuple[Day, ...]


_known: dict[str, Known] = {}  # the last, by business


def days(business: Business, at: datetime, *, but: str = "") -> tuple[Day, ...]:
    """Those that may be asked for, soonest first, full ones too; the job with the id `but` takes
    no place of them.

    One object for as long as they are the same, by which a page of them is kept: they were a
    seventh of it.
    """
    try:
        book, roster = wiring.jobs(business).read(), wiring.roster(business).read()
    except StoreUnavailable:
        return _by_day(Slot(window, None) for window in business.bookable(at))
    if but:
        return _made(business, book, roster, at, but)
    last = _known.get(business.slug)
    if (
        last is None
        or not (last.business is business and last.book() is book and last.roster is roster)
        or not last.since <= at <= last.until
    ):
        until, made = schedule.same_until(book, business, at), _made(business, book, roster, at)
        last = _known[business.slug] = Known(business, ref(book), roster, at, until, made)
    return last.days


def _made(
    business: Business, book: JobBook, roster: Roster, at: datetime, but: str = ""
) -> tuple[Day, ...]:
    rooms = schedule.bookable(book, roster, business, at, but=but)
    return _by_day(Slot(window, room.left) for window, room in rooms)


def _by_day(slots: Iterable[Slot]) -> tuple[Day, ...]:
    by_day = groupby(slots, key=lambda slot: slot.window.date)
    return tuple(Day(day, tuple(those)) for day, those in by_day)
