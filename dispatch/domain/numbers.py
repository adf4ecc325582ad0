"""Figures of finished jobs: how many, for how much, how long, how well; without a word.

A job counts on the day of the business on which it was finished; cash on the day it was taken.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from operator import attrgetter
from statistics import quantiles
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from dispatch.domain.business import Business
from dispatch.domain.job import LONG_AGO, Event, Job, JobLine
from dispatch.domain.moves import COULD_NOT, UNDO, could_not_code
from dispatch.domain.search import Found, InTurns
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment, PriceLine

NOTHING = Decimal(0)
ONE_DAY = timedelta(days=1)
CASH = "cash"
WAITING = tuple(status for status in Status if status.is_open)  # in which a job's time passes

G = TypeVar("G", str, int, date)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row, both ends included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def is_month(self) -> bool:
        """True of a whole month of the calendar."""
        return self == month_of(self.first)

    def before(self, today: date) -> "Span":
        """What it is compared with: as many days just before, or the month before a whole month;
        of a span that is not over yet only as many of them as have passed of it.
        """
        end, length = self.first - ONE_DAY, (self.last - self.first).days + 1
        start = end.replace(day=1) if self.is_month else self.first - length * ONE_DAY
        if not self.first <= today < self.last:
            return Span(start, end)
        return Span(start, min(end, start + (today - self.first)))


def week_of(day: date) -> Span:
    """From its Monday to its Sunday."""
    monday = day - day.weekday() * ONE_DAY
    return Span(monday, monday + 6 * ONE_DAY)


def month_of(day: date) -> Span:
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY)


class Step(Event, frozen=True):
    """An event as it is stored; its times are trusted to be as we write them."""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a time without an offset")


class Sums(msgspec.Struct, frozen=True, gc=False):
    """As much of a stored job as its figures are made of, beside its line."""

    price: Decimal | UnsetType = UNSET
    price_lines: tuple[PriceLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    paid: Paid | None = None
    load: str = ""
    history: tuple[Step, ...] = ()


LINE_FIELDS, SUM_FIELDS = JobLine.__struct_fields__, Sums.__struct_fields__
LINE_OF, SUMS_OF = attrgetter(*LINE_FIELDS), attrgetter(*SUM_FIELDS)
SUMS = msgspec.json.Decoder(Sums)  # made here, once: threads are the first to use it


def for_figures(found: Found) -> Job | None:
    """The job, maybe without what its figures are not made of: to read all of thousands takes ten
    times as long. None where it is damaged.
    """
    if found.raw:
        with suppress(ValueError):  # which others have written
            sums, line = SUMS.decode(found.raw), found.line
            known = zip(LINE_FIELDS + SUM_FIELDS, LINE_OF(line) + SUMS_OF(sums), strict=True)
            return Job(**dict(known))
    return found.whole()


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What one finished job adds to the figures. `is_on_time` is None where no time was promised,
    or it was not done.
    """

    day: date
    driver: str  # a username; empty: nobody
    load: str
    is_done: bool
    price: Decimal | None
    paid: Decimal
    open: Decimal
    is_on_time: bool | None
    came_back: bool
    stays: Mapping[Status, float]  # seconds, in all


class Figures(NamedTuple):
    """Of completed jobs, but for `cancelled`. The crew went to all that are completed, and to the
    cancelled ones from which they came back.
    """

    completed: int
    cancelled: int
    priced: int
    revenue: Decimal
    paid: Decimal
    open: Decimal
    on_time: int
    timed: int
    could_not: int
    visited: int

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Figures":
        every = list(outcomes)
        done = [each for each in every if each.is_done]
        prices = [each.price for each in done if each.price is not None]
        timed = [each.is_on_time for each in done if each.is_on_time is not None]
        return cls(
            completed=len(done),
            cancelled=len(every) - len(done),
            priced=len(prices),
            revenue=sum(prices, NOTHING),
            paid=sum((each.paid for each in done), NOTHING),
            open=sum((each.open for each in done), NOTHING),
            on_time=sum(timed),
            timed=len(timed),
            could_not=sum(each.came_back for each in every),
            visited=sum(each.is_done or each.came_back for each in every),
        )

    @classmethod
    def sum(cls, figures: Iterable["Figures"]) -> "Figures":
        return cls._make(sum(each) for each in zip(cls.of([]), *figures, strict=True))

    @property
    def average(self) -> Decimal | None:
        """The price of a job that has one, in cents."""
        return round(self.revenue / self.priced, 2) if self.priced else None

    @property
    def on_time_rate(self) -> float | None:
        return self.on_time / self.timed if self.timed else None

    @property
    def could_not_rate(self) -> float | None:
        return self.could_not / self.visited if self.visited else None


class Spread(NamedTuple):
    """The middle one of many durations, and the two between which the middle half of them lies."""

    median: timedelta
    low: timedelta
    high: timedelta
    jobs: int

    @classmethod
    def of(cls, seconds: list[float]) -> "Spread":
        cuts = quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
        low, median, high = (timedelta(seconds=round(cut)) for cut in cuts)
        return cls(median, low, high, len(seconds))


class Taken(NamedTuple):
    """Cash that one member took, and in how many payments."""

    amount: Decimal
    payments: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures of a span, in all and by what sets jobs apart; none of those has an empty one."""

    total: Figures
    before: Figures  # of the span before
    by_week: dict[date, Figures]  # by its Monday
    by_weekday: dict[int, Figures]  # Monday is 0
    by_driver: dict[str, Figures]  # by username; the most revenue first
    by_load: dict[str, Figures]
    times: dict[Status, Spread]  # of completed jobs, in the order of a good day
    cash: dict[str, Taken]  # by username, the most first


def numbers(
    jobs: Iterable[Job], span: Span, before: Span, business: Business, in_turns: InTurns = iter
) -> Numbers:
    """Of those of the jobs that were finished in the span, beside those of the span `before`; and
    of the cash that was taken in the span. The jobs are looked at one by one.
    """
    outcomes, earlier = list[Outcome](), list[Outcome]()
    taken = defaultdict[str, list[Decimal]](list)
    for job in in_turns(jobs):
        for payment in _cash(job):
            if business.today(payment.at) in span:
                taken[payment.by].append(payment.amount)
        day = business.today(job.finished_at) if job.finished_at else None
        if day and day in span:
            outcomes.append(_outcome(job, day, business))
        elif day and day in before:
            earlier.append(_outcome(job, day, business))
    by_week = _by(outcomes, lambda each: week_of(each.day).first, in_turns)
    by_driver = _by(outcomes, lambda each: each.driver, in_turns)
    cash = {name: Taken(sum(amounts, NOTHING), len(amounts)) for name, amounts in taken.items()}
    return Numbers(
        total=Figures.sum(by_week.values()),
        before=Figures.sum(_by(earlier, lambda each: each.day, in_turns).values()),
        by_week=by_week,
        by_weekday=_by(outcomes, lambda each: each.day.weekday(), in_turns),
        by_driver=_most_first(by_driver, lambda each: each.revenue),
        by_load=_by(outcomes, lambda each: each.load, in_turns),
        times=_times(each for each in in_turns(outcomes) if each.is_done),
        cash=_most_first(cash, lambda each: each.amount),
    )


def _outcome(job: Job, day: date, business: Business) -> Outcome:
    """Of a job that was finished on that day."""
    is_done, moves, is_on_time = job.status is Status.COMPLETED, job.moves, None
    if is_done and job.window:
        started = [move.moment for move in moves if move.to is Status.IN_PROGRESS]
        start, end = business.span(job.window)
        is_on_time = start <= (started[-1] if started else job.finished_at or LONG_AGO) <= end
    return Outcome(
        day=day,
        driver=job.crew.driver or "",
        load=job.load,
        is_done=is_done,
        price=None if job.price is UNSET else job.price,
        paid=job.paid.amount if job.paid else NOTHING,
        open=job.open_amount,
        is_on_time=is_on_time,
        came_back=_came_back(moves),
        stays=_stays(job.created_at, moves),
    )


def _came_back(moves: Sequence[Event]) -> bool:
    """True where the crew could not do it at least once, and did not take that back at once."""
    return any(
        move.to is Status.BOOKED
        and could_not_code(move) in COULD_NOT
        and not (later and later.reason == UNDO)
        for move, later in zip_longest(moves, moves[1:])
        if move.reason
    )


def _stays(since: datetime, moves: Sequence[Event]) -> Mapping[Status, float]:
    """From one move to the next, as far as the history knows them: a job may come to a status
    several times.
    """
    stays: dict[Status, float] = {}
    for move in moves:
        if isinstance(move.from_, Status) and since != LONG_AGO:
            seconds = max(0.0, (move.moment - since).total_seconds())
            stays[move.from_] = stays.get(move.from_, 0.0) + seconds
        since = move.moment
    return stays


def _cash(job: Job) -> Iterator[Payment | Paid]:
    """The payments in cash that were not taken back; old files have the sum alone."""
    payments = job.payments or ((job.paid,) if job.paid else ())
    for payment in payments:
        is_reversed = isinstance(payment, Payment) and payment.reversed
        if payment.method == CASH and not is_reversed:
            yield payment


def _by(
    outcomes: Iterable[Outcome], key: Callable[[Outcome], G], in_turns: InTurns
) -> dict[G, Figures]:
    groups = defaultdict[G, list[Outcome]](list)
    for each in in_turns(outcomes):
        groups[key(each)].append(each)
    return {name: Figures.of(groups[name]) for name in in_turns(sorted(groups))}


def _most_first(found: Mapping[str, T], amount: Callable[[T], Decimal]) -> dict[str, T]:
    return dict(sorted(found.items(), key=lambda each: (-amount(each[1]), each[0])))


def _times(outcomes: Iterable[Outcome]) -> dict[Status, Spread]:
    times = defaultdict[Status, list[float]](list)
    for each in outcomes:
        for status, seconds in each.stays.items():
            times[status].append(seconds)
    return {status: Spread.of(times[status]) for status in WAITING if status in times}
