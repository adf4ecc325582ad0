"""The days and windows that a customer may choose, and what is left of each."""

from contextlib import suppress
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Window
from dispatch.domain.planning import schedule
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


def days(business: Business, at: datetime, *, but: str = "") -> list[Day]:
    """Those that may be asked for, soonest first, full ones too; the job with the id `but` takes
    no place of them.
    """
    slots = [Slot(window, None) for window in business.bookable(at)]
    with suppress(StoreUnavailable):
        book, roster = wiring.jobs(business).read(), wiring.roster(business).read()
        rooms = schedule.bookable(book, roster, business, at, but=but)
        slots = [Slot(window, room.left) for window, room in rooms]
    by_day = groupby(slots, key=lambda slot: slot.window.date)
    return [Day(day, tuple(those)) for day, those in by_day]
