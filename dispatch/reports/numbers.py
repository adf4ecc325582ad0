"""The numbers of a span of days, gathered, and in the words of their page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeVar

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.numbers import (
    Figures,
    Numbers,
    Span,
    for_figures,
    month_of,
    numbers,
    week_of,
)
from dispatch.domain.roster import Roster
from dispatch.domain.search import Found
from dispatch.reports.charts import Chart, Row
from dispatch.templatetags.formats import (
    SHORT_DAY,
    day_text,
    duration,
    load_label,
    money,
    number,
    percent,
)
from dispatch.turns import Turns, in_turns

A_YEAR = timedelta(days=jobs.MOST_DAYS)  # so long ago may the job be that somebody pays for
IN_ADVANCE = timedelta(days=31)  # so much later may it be finished

K = TypeVar("K")


def named_spans(today: date) -> list[tuple[str, Span]]:
    this_week, this_month = week_of(today), month_of(today)
    return [
        (_("This week"), this_week),
        (_("Last week"), week_of(this_week.first - timedelta(days=1))),
        (_("This month"), this_month),
        (_("Last month"), month_of(this_month.first - timedelta(days=1))),
    ]


class Tile(NamedTuple):
    """One figure: its name, itself, of what it is made, and how it was before."""

    label: str
    told: str
    detail: str = ""
    arrow: str = ""
    change: str = ""


class Section(NamedTuple):
    """Figures told apart by something: a row each, and a chart of them."""

    title: str
    what: str
    rows: list[tuple[str, Figures]]
    chart: Chart


@dataclass(frozen=True)
class Page:
    """All that the page of a span shows."""

    business: Business
    roster: Roster
    span: Span
    before: Span
    numbers: Numbers

    @cached_property
    def tiles(self) -> list[Tile]:
        now, then, told = self.numbers.total, self.numbers.before, self._money
        cancelled = _("and %(count)s cancelled") % {"count": number(now.cancelled)}
        return [
            _tile(_("Jobs done"), now.completed, then.completed, number, cancelled),
            _tile(_("Revenue"), now.revenue, then.revenue, told),
            _tile(_("Average price"), now.average, then.average, told),
            _tile(_("Paid"), now.paid, then.paid, told),
            _tile(_("Still open"), now.open, then.open, told),
            _rate(_("On time"), now.on_time_rate, then.on_time_rate, now.on_time, now.timed),
            _rate(
                *(_("Could not do it"), now.could_not_rate, then.could_not_rate),
                *(now.could_not, now.visited),
            ),
        ]

    @cached_property
    def sections(self) -> Turns[Section]:
        known = self.numbers
        offered = [load.name for load in self.business.loads]
        by_load = sorted(known.by_load.items(), key=lambda each: _place(each[0], offered))
        sections = [
            self._section("driver", _("By driver"), _("Driver"), known.by_driver, self._driver),
            self._section("week", _("By week"), _("Week"), known.by_week, self._week),
            self._section("weekday", _("By weekday"), _("Day"), known.by_weekday, _weekday),
            self._section("load", _("By load"), _("Load"), dict(by_load), self._load),
        ]
        return Turns(sections)

    @cached_property
    def times(self) -> Chart:
        rows = [
            Row(
                _(status.label), duration(each.median), *(part.total_seconds() for part in each[:3])
            )
            for status, each in self.numbers.times.items()
        ]
        return Chart.of("times", _("How long a job is usually at each status"), rows)

    @cached_property
    def cash(self) -> list[tuple[str, Decimal, int]]:
        return [
            (self.roster.name_of(name), taken.amount, taken.payments)
            for name, taken in self.numbers.cash.items()
        ]

    @cached_property
    def cash_chart(self) -> Chart:
        rows = [Row(name, self._money(amount), float(amount)) for name, amount, _count in self.cash]
        return Chart.of("cash", _("Cash to hand in, by who took it"), rows)

    @property
    def all_cash(self) -> Decimal:
        return sum((amount for _name, amount, _count in self.cash), Decimal(0))

    def _section(
        self,
        name: str,
        title: str,
        what: str,
        figures: dict[K, Figures],
        label: Callable[[K], str],
    ) -> Section:
        rows = Turns((label(key), each) for key, each in figures.items())
        bars = [Row(said, self._money(each.revenue), float(each.revenue)) for said, each in rows]
        about = _("Revenue, %(by)s") % {"by": title[:1].lower() + title[1:]}
        return Section(title, what, rows, Chart.of(name, about, bars))

    def _money(self, amount: Decimal | None) -> str:
        return "–" if amount is None else money(amount, self.business)

    def _driver(self, username: str) -> str:
        return self.roster.name_of(username) if username else _("No driver")

    def _load(self, name: str) -> str:
        return load_label(name, self.business) if name else _("No load said")

    def _week(self, monday: date) -> str:
        day = day_text(monday, self.business, letters=SHORT_DAY)
        return _("Week of %(day)s") % {"day": day}


def page(business: Business, span: Span, *, at_least: int = 0) -> Page:
    """With the jobs of revision `at_least` or newer. Raises StoreUnavailable."""
    before = span.before(business.today(wiring.now()))
    book = wiring.jobs(business).read(at_least)
    earliest = min(before.first, span.last - A_YEAR)
    found = jobs.finished(business, earliest, span.last + IN_ADVANCE, book=book)
    still_open = [each for each in book.found if each.line.status.is_open]
    wanted = (each for each in found if _counts(each, span, before, business))
    whole = (job for each in chain(wanted, still_open) if (job := for_figures(each)))
    known = numbers(whole, span, before, business, in_turns)
    return Page(business, wiring.roster(business).read(), span, before, known)


def _counts(found: Found, span: Span, before: Span, business: Business) -> bool:
    """Finished in one of the two, or maybe paid for in the span: most others are not even read."""
    line = found.line
    finished = business.today(line.finished_at) if line.finished_at else None
    if finished and (finished in span or finished in before):
        return True
    changed, made = business.today(line.updated_at), business.today(line.created_at)
    return changed >= span.first and made <= span.last


def _tile(
    label: str,
    now: Decimal | int | None,
    then: Decimal | int | None,
    told: Callable[..., str],
    detail: str = "",
) -> Tile:
    if now is None or then is None:
        return Tile(label, told(now), detail)
    if then and now != then:
        much = percent(abs(float(now) / float(then) - 1))
        return Tile(label, told(now), detail, *_change(now > then, much, told(then)))
    words = _("as before") if now == then else _("none before")
    return Tile(label, told(now), detail, change=words if now else "")


def _rate(label: str, now: float | None, then: float | None, some: int, every: int) -> Tile:
    detail = _("%(some)s of %(every)s") % {"some": number(some), "every": number(every)}
    if now is None or then is None:
        return Tile(label, percent(now), detail if every else "")
    points = round(100 * now) - round(100 * then)
    if not points:
        return Tile(label, percent(now), detail, change=_("as before"))
    much = ngettext("%(count)d point", "%(count)d points", abs(points)) % {"count": abs(points)}
    return Tile(label, percent(now), detail, *_change(points > 0, much, percent(then)))


def _change(is_more: bool, much: str, then: str) -> tuple[str, str]:
    """The arrow, and the words that say the same."""
    words = (
        _("%(much)s more than before (%(then)s)")
        if is_more
        else _("%(much)s less than before (%(then)s)")
    )
    return "▲" if is_more else "▼", words % {"much": much, "then": then}


def _place(name: str, offered: list[str]) -> int:
    return offered.index(name) if name in offered else len(offered)


def _weekday(number: int) -> str:
    return str(WEEKDAYS[number])
