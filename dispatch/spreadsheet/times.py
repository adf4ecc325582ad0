"""Days and clock times as spreadsheets write them."""

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum

from django.utils.translation import gettext as _

from dispatch.domain.business import Business
from dispatch.domain.job_input import FIRST_DATE, LAST_DATE
from dispatch.domain.typed.texts import dashes

FIGURES = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])")
ISO = re.compile(r"([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(?![0-9])")
NAMED = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%d %b %y", "%b %d %y")
WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
CLOCK = re.compile(
    r"(?<![0-9:])([0-9]{1,2})(?::([0-9]{2}))?(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(a|p)?\.?(?:m\b\.?)?",
    re.IGNORECASE,
)
SPAN = re.compile(r"\s*(?:-|\bto\b|\buntil\b)\s*", re.IGNORECASE)


class Order(StrEnum):
    """The order of the figures in a day such as 03/04/2026."""

    MONTH_FIRST = "month-first"
    DAY_FIRST = "day-first"

    @property
    def label(self) -> str:
        is_first = self is Order.DAY_FIRST
        return _("The day stands first") if is_first else _("The month stands first")


class NoTime(ValueError):
    """That text is no day or no time; says so in a sentence."""


def order_of(cells: Iterable[str]) -> Order | None:
    """That in which all of these days can be read; None where both can, or neither.

    Any, where each means the same in both.
    """
    possible, differs = {*Order}, False
    for cell in cells:
        found = FIGURES.match(cell)
        if found and found[2] != ".":
            first, second = int(found[1]), int(found[3])
            differs |= first != second
            if first > 12:
                possible.discard(Order.MONTH_FIRST)
            if second > 12:
                possible.discard(Order.DAY_FIRST)
    if not differs:
        return Order.MONTH_FIRST
    return possible.pop() if len(possible) == 1 else None


def day(typed: str, order: Order) -> tuple[dt.date, str]:
    """The day, and the text behind it. Raises NoTime."""
    with suppress(ValueError):
        found, rest = _day(WEEKDAY.sub("", dashes(typed).strip()), order)
        if FIRST_DATE <= found <= LAST_DATE:
            return found, rest
    raise NoTime(_("“{typed}” is no day such as 2026-05-23.").format(typed=typed))


def _day(text: str, order: Order) -> tuple[dt.date, str]:
    """Raises ValueError."""
    if found := ISO.match(text):
        return dt.date(int(found[1]), int(found[2]), int(found[3])), text[found.end() :]
    if found := FIGURES.match(text):
        return _of_figures(found, order), text[found.end() :]
    words = re.sub(r"[\s,.-]+", " ", text).strip()
    for pattern in NAMED:
        with suppress(ValueError):
            return dt.datetime.strptime(words, pattern).date(), ""  # noqa: DTZ007  a day
    raise ValueError(text)


def local_day(typed: str, order: Order, business: Business) -> tuple[dt.date, str]:
    """As `day`; of a time with its offset from UTC, the day and the time there. Raises NoTime."""
    if told := _with_offset(typed, business):
        return told.date(), f"{told:%H:%M}"
    return day(typed, order)


def _with_offset(typed: str, business: Business) -> dt.datetime | None:
    """`2026-05-23T16:00:00Z` as a time of the business."""
    with suppress(ValueError, OverflowError):
        told = dt.datetime.fromisoformat(typed)
        if told.tzinfo and FIRST_DATE <= told.date() <= LAST_DATE:
            return told.astimezone(business.zone).replace(microsecond=0)
    return None


def _of_figures(found: re.Match[str], order: Order) -> dt.date:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    is_day_first = order is Order.DAY_FIRST or found[2] == "."
    number, month = (first, second) if is_day_first else (second, first)
    return dt.date(year + 2000 if len(found[4]) == 2 else year, month, number)


def clock(typed: str) -> str:
    """`9:00 AM`, `9am` and `09:00:00` are `09:00`. Raises NoTime."""
    found = CLOCK.fullmatch(typed.strip().removeprefix("T").removesuffix("Z"))
    if found:
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
        is_told = found[2] or half  # a 9 alone may be anything
        hour = hour % 12 + (12 if half == "p" else 0) if half and 1 <= hour <= 12 else hour
        if is_told and hour < 24 and minute < 60:
            return f"{hour:02}:{minute:02}"
    raise NoTime(_("“{typed}” is no time such as 9:00 AM or 13:00.").format(typed=typed))


def clocks(typed: str) -> tuple[str, str]:
    """The times of `8:00 AM - 12:00 PM`; the second is empty where there is one only.

    Raises NoTime.
    """
    first, *rest = SPAN.split(dashes(typed).strip(), maxsplit=1)
    return clock(first), clock(rest[0]) if rest else ""


def moment(typed: str, order: Order, business: Business) -> dt.datetime:
    """In UTC, of a time of the business; noon where none is told. Raises NoTime."""
    if told := _with_offset(typed, business):
        return told.astimezone(dt.UTC)
    date, rest = day(typed, order)
    time = dt.time.fromisoformat(clock(rest)) if rest.strip() else dt.time(12)
    return dt.datetime.combine(date, time, business.zone).astimezone(dt.UTC)
