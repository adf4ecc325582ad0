"""A roster's month as its page shows it: a row a member, a cell a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby

from django.utils.translation import gettext as _
from msgspec import UNSET

from dispatch.domain.business import Business
from dispatch.domain.roster import Availability, Member
from dispatch.templatetags.formats import window_label, words

NOON = "12:00"
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 1)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one member: `short` fits into the table, `words` are for everybody."""

    day: date
    short: str
    words: str
    colour: str
    is_over: bool

    @property
    def sets(self) -> str:
        """A click takes a day off back, and makes any other one."""
        return "back" if self.colour == "away" else "away"


@dataclass(frozen=True)
class Month:
    """The days from the first of a month to its last."""

    first: date

    @classmethod
    def of(cls, text: str, today: date) -> "Month":
        """`2026-05`; this month where the text is none."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            first = today.replace(day=1)
        return cls(min(max(first, FIRST), LAST))

    @cached_property
    def days(self) -> list[date]:
        count = (self.next.first - self.first).days
        return [self.first + ahead * ONE_DAY for ahead in range(count)]

    @property
    def next(self) -> "Month":
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def previous(self) -> "Month":
        return Month((self.first - ONE_DAY).replace(day=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def row(member: Member, business: Business, days: Iterable[date], today: date) -> list[Cell]:
    cells = []
    for day in days:
        entry = member.on(day)
        short, colour = _short(entry, business)
        cells.append(Cell(day, short, told_in_words(entry, business), colour, day < today))
    return cells


def days_off(member: Member, business: Business, today: date) -> list[tuple[date, date, str]]:
    """From when to when, and what: days that follow one another and say the same are one."""
    told = [
        (day, told_in_words(entry, business))
        for day, entry in sorted(member.availability.items())
        if day >= today
    ]
    runs = groupby(enumerate(told), key=lambda each: (each[1][0] - each[0] * ONE_DAY, each[1][1]))
    grouped = [(words, [day for _, (day, _) in run]) for (_, words), run in runs]
    return [(days[0], days[-1], words) for words, days in grouped]


def told_in_words(entry: Availability, business: Business) -> str:
    """`free`, `away`, `free only in the morning`, `only as driver`."""
    if entry.windows == ():
        return _("away")
    parts = []
    if entry.windows is not UNSET:
        labels = [window_label(name, business).lower() for name in entry.windows]
        parts.append(_("free only in the %(windows)s") % {"windows": _(" and ").join(labels)})
    if entry.roles is not UNSET:
        roles = roles_in_words(entry.roles)
        parts.append(_("only as %(roles)s") % {"roles": roles} if roles else _("in no role"))
    return ", ".join(parts) or _("free")


def roles_in_words(roles: Iterable[str]) -> str:
    """`driver or first mate`."""
    return _(" or ").join(map(words, roles))


def _short(entry: Availability, business: Business) -> tuple[str, str]:
    """Empty where nothing is said; else `away`, or the part of the day that is left. And the
    colour.
    """
    if entry.windows == ():
        return _("away"), "away"
    if entry.windows is UNSET:
        return ("", "free") if entry.roles is UNSET else (_("part"), "part")
    offers = [offer for offer in business.windows if offer.name in entry.windows]
    if offers and all(offer.end <= NOON for offer in offers):
        return _("AM"), "part"
    is_late = offers and all(offer.start >= NOON for offer in offers)
    return _("PM") if is_late else _("part"), "part"
