"""Figures of finished jobs: how many, for how much, how long, how well; without a word.

A job counts on the day of the business on which it was finished; cash on the day it was taken.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from statistics import quantiles
from typing import NamedTuple, TypeVar

from msgspec import UNSET

from dispatch.domain.business import Business
from dispatch.domain.job import LONG_AGO, Job, Paid, Payment
from dispatch.domain.moves import COULD_NOT, UNDO, could_not_code
from dispatch.domain.status import Status

NOTHING = Decimal(0)
ONE_DAY = timedelta(days=1)
CASH = "cash"
WAITING = tuple(status for status in Status if status.is_open)  # in which a job's time passes

G = TypeVar("G", str, int, date)


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


class Outcome(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Figures:
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
    count: int

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
    by_week: dict[date, Figures]  # by its Monday
    by_weekday: dict[int, Figures]  # Monday is 0
    by_driver: dict[str, Figures]  # by username; the most revenue first
    by_load: dict[str, Figures]
    times: dict[Status, Spread]  # of completed jobs, in the order of a good day
    cash: dict[str, Taken]  # by username, the most first


def numbers(jobs: Iterable[Job], span: Span, business: Business) -> Numbers:
    """Of those of the jobs that were finished in the span, and of the cash that was taken in it."""
    every = list(jobs)
    mine = _finished_in(every, span, business)
    outcomes = [_outcome(job, business) for job in mine]
    by_driver = _by(outcomes, lambda each: each.driver)
    most = sorted(by_driver, key=lambda name: (-by_driver[name].revenue, name))
    return Numbers(
        total=Figures.of(outcomes),
        by_week=_by(outcomes, lambda each: week_of(each.day).first),
        by_weekday=_by(outcomes, lambda each: each.day.weekday()),
        by_driver={name: by_driver[name] for name in most},
        by_load=_by(outcomes, lambda each: each.load),
        times=_times(mine),
        cash=_cash(every, span, business),
    )


def total(jobs: Iterable[Job], span: Span, business: Business) -> Figures:
    """Of those of the jobs that were finished in the span."""
    return Figures.of(_outcome(job, business) for job in _finished_in(jobs, span, business))


def _finished_in(jobs: Iterable[Job], span: Span, business: Business) -> list[Job]:
    return [job for job in jobs if job.finished_at and business.today(job.finished_at) in span]


def _outcome(job: Job, business: Business) -> Outcome:
    at = job.finished_at or LONG_AGO  # which no finished job is without
    is_done, is_on_time = job.status is Status.COMPLETED, None
    if is_done and job.window:
        start, end = business.span(job.window)
        is_on_time = start <= (job.reached(Status.IN_PROGRESS) or at) <= end
    return Outcome(
        day=business.today(at),
        driver=job.crew.driver or "",
        load=job.load,
        is_done=is_done,
        price=None if job.price is UNSET else job.price,
        paid=job.paid.amount if job.paid else NOTHING,
        open=job.open_amount,
        is_on_time=is_on_time,
        came_back=_came_back(job),
    )


def _came_back(job: Job) -> bool:
    """True where the crew could not do it at least once, and did not take that back at once."""
    taken_back = [later.reason == UNDO for later in job.moves[1:]]
    return any(
        move.to is Status.BOOKED and could_not_code(move) in COULD_NOT and not undone
        for move, undone in zip_longest(job.moves, taken_back)
    )


def _by(outcomes: Iterable[Outcome], key: Callable[[Outcome], G]) -> dict[G, Figures]:
    groups = defaultdict[G, list[Outcome]](list)
    for each in outcomes:
        groups[key(each)].append(each)
    return {name: Figures.of(groups[name]) for name in sorted(groups)}


def _times(jobs: Iterable[Job]) -> dict[Status, Spread]:
    stays = defaultdict[Status, list[float]](list)
    for job in jobs:
        if job.status is Status.COMPLETED:
            spent = defaultdict[Status, float](float)  # it may have come to one several times
            for status, seconds in _stays(job):
                spent[status] += seconds
            for status, seconds in spent.items():
                stays[status].append(seconds)
    return {status: Spread.of(stays[status]) for status in WAITING if status in stays}


def _stays(job: Job) -> Iterator[tuple[Status, float]]:
    """The seconds between one move and the next, as far as the history knows them."""
    since = job.created_at
    for move in job.moves:
        if isinstance(move.from_, Status) and since != LONG_AGO:
            yield move.from_, max(0.0, (move.at - since).total_seconds())
        since = move.at


def _cash(jobs: Iterable[Job], span: Span, business: Business) -> dict[str, Taken]:
    taken = defaultdict[str, list[Decimal]](list)
    for job in jobs:
        for payment in _payments(job):
            if payment.method == CASH and business.today(payment.at) in span:
                taken[payment.by].append(payment.amount)
    sums = {name: Taken(sum(amounts, NOTHING), len(amounts)) for name, amounts in taken.items()}
    return dict(sorted(sums.items(), key=lambda each: (-each[1].amount, each[0])))


def _payments(job: Job) -> Iterator[Payment | Paid]:
    """Such as were not taken back; old files have the sum alone."""
    if job.payments:
        yield from (payment for payment in job.payments if not payment.reversed)
    elif job.paid:
        yield job.paid
