"""The figures of finished jobs, each worked out by hand."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.numbers import Numbers, Span, Spread, for_figures, month_of, numbers, week_of
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.search import Found
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment, PriceLine
from tests.making import BUSINESS, DANA, JOEL, NOON, make_job

TODAY = date(2026, 5, 22)  # a Friday
WEEK = Span(date(2026, 5, 18), date(2026, 5, 24))
MORNING = Window(date=TODAY, name="morning", start="08:00", end="12:00")
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def done(at: datetime = NOON, price: int = 600, driver: str | None = "joel", **fields: Any) -> Job:
    made = {"status": DONE, "price": Decimal(price), "crew": Crew(driver=driver)}
    return make_job(**made | {"finished_at": at} | fields)


def through(*steps: tuple[Status, datetime], reason: str = "", **fields: Any) -> Job:
    """A job that came to these statuses at these times, from `pending` at noon."""
    job = make_job(crew=Crew(driver="joel"), **fields)
    for to, at in steps:
        who = DANA if to in (BOOKED, CANCELLED) else THE_CUSTOMER if to is READY else JOEL
        job = move(job, to, by=who, at=at, business=BUSINESS, reason=reason)
    return job


def of(*jobs: Job, span: Span = WEEK) -> Numbers:
    return numbers(jobs, span, span.before(TODAY), BUSINESS)


def paid(amount: int, method: str = "cash", by: str = "joel", **fields: Any) -> Payment:
    return Payment(
        **{"id": "p", "amount": Decimal(amount), "method": method, "by": by, "at": NOON} | fields
    )


# --- how much ----------------------------------------------------------------------------


def test_jobs_are_counted_and_their_prices_added_up() -> None:
    """600 + 300 = 900, of two that are done: 450 each. What was cancelled earns nothing."""
    found = of(done(price=600), done(price=300), done(price=175, status=CANCELLED)).total
    assert (found.completed, found.cancelled) == (2, 1)
    assert (found.revenue, found.average) == (900, 450)


def test_the_average_is_of_jobs_with_a_price_in_cents() -> None:
    """100 + 100 + 0 = 200 of three: 66.67; the one without a price is none of them."""
    free, unpriced = done(price=0), make_job(status=DONE, finished_at=NOON, price=UNSET)
    found = of(done(price=100), done(price=100), free, unpriced).total
    assert (found.completed, found.average) == (4, Decimal("66.67"))
    assert of().total.average is None


def test_what_is_paid_and_what_is_open_add_up_to_the_revenue() -> None:
    """Of 600 and 320: 250 + 100 - 100 that came back = 250 paid, 670 open."""
    part = done(price=600, payments=(paid(250, id="a"), paid(100, id="b", reversed=True)))
    found = of(part, done(price=320)).total
    assert (found.revenue, found.paid, found.open) == (920, 250, 670)


def test_a_job_counts_on_the_day_of_the_business_on_which_it_was_finished() -> None:
    """Sunday's last second and Monday's first, in San Diego (seven hours behind in May)."""
    monday = datetime.fromisoformat("2026-05-18T07:00:00+00:00")
    second = timedelta(seconds=1)
    days = monday - second, monday, monday + timedelta(days=7) - second, monday + timedelta(days=7)
    assert of(*map(done, days)).total.completed == 2
    assert of(make_job(status=BOOKED)).total.completed == 0


# --- how well ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "finished", "is_on_time"),
    [
        ("08:00", "15:00", True),
        ("12:00", "15:00", True),
        ("07:59", "09:00", False),
        ("12:01", "12:30", False),
        ("", "11:00", True),
        ("", "12:01", False),
    ],
)
def test_who_starts_within_the_window_is_on_time(
    started: str, finished: str, is_on_time: bool
) -> None:
    """Where nobody said that they started it is the end that counts."""

    def today_at(clock: str) -> datetime:
        return datetime.fromisoformat(f"2026-05-22T{clock}:00-07:00")

    steps = [(BOOKED, NOON - hours(40))]
    steps += [(STARTED, today_at(started))] if started else []
    job = through(*steps, (DONE, today_at(finished)), window=MORNING, created_at=NOON - hours(50))
    found = of(job).total
    assert (found.on_time, found.timed) == (int(is_on_time), 1)
    assert found.on_time_rate == float(is_on_time)


def test_what_was_promised_for_no_time_is_neither_on_time_nor_late() -> None:
    found = of(done(), done(status=CANCELLED, window=MORNING)).total
    assert (found.timed, found.on_time_rate) == (0, None)


def came_back(*more: tuple[Status, datetime]) -> Job:
    there = through((BOOKED, NOON), (STARTED, NOON + hours(1)))
    at = NOON + hours(2)
    back = move(there, BOOKED, by=JOEL, at=at, business=BUSINESS, reason="no_access: gate")
    for to, when in more:
        back = move(back, to, by=DANA, at=when, business=BUSINESS, reason="no luck")
    return back


def test_the_could_not_rate_is_of_the_jobs_that_the_crew_went_to() -> None:
    """Two of three came back once; the one cancelled without a visit is none of them."""
    later = came_back((DONE, NOON + hours(30)))
    given_up = came_back((CANCELLED, NOON + hours(31)))
    found = of(later, given_up, done(), done(status=CANCELLED)).total
    assert (found.could_not, found.visited, found.cancelled) == (2, 3, 2)
    assert found.could_not_rate == pytest.approx(2 / 3)


def test_a_visit_that_was_taken_back_at_once_is_none() -> None:
    undone = move(
        came_back(), STARTED, by=JOEL, at=NOON + hours(2), business=BUSINESS, reason="undo"
    )
    finished = move(undone, DONE, by=JOEL, at=NOON + hours(3), business=BUSINESS)
    assert of(finished).total.could_not == 0


# --- how long ----------------------------------------------------------------------------


def test_time_in_each_status_is_the_middle_one_and_the_middle_half() -> None:
    """Waiting 1, 2, 3, 4 and 10 hours: the middle is 3, half of them lie from 2 to 4."""
    jobs = [
        through((BOOKED, NOON + hours(each)), (STARTED, NOON + hours(11)), (DONE, NOON + hours(12)))
        for each in (1, 2, 3, 4, 10)
    ]
    times = of(*jobs).times
    assert list(times) == [PENDING, BOOKED, STARTED]
    assert times[PENDING] == Spread(hours(3), hours(2), hours(4), 5)
    assert times[BOOKED] == Spread(hours(8), hours(7), hours(9), 5)
    assert times[STARTED] == Spread(hours(1), hours(1), hours(1), 5)


def test_a_job_that_came_to_a_status_twice_was_in_it_for_both_times() -> None:
    """Booked from noon to one, and from two to six: five hours; started one hour, then two."""
    job = came_back((STARTED, NOON + hours(6)), (DONE, NOON + hours(8)))
    times = of(job).times
    assert times[BOOKED].median == hours(5)
    assert times[STARTED].median == hours(3)


def test_of_a_job_without_a_history_no_time_is_known() -> None:
    assert of(done()).times == {}
    assert of(through((BOOKED, NOON), (CANCELLED, NOON + hours(1)), reason="x")).times == {}


# --- by what -----------------------------------------------------------------------------


def test_figures_are_told_apart_by_driver_weekday_week_and_load() -> None:
    """Friday: joel 600 and ana 320; the Monday after: nobody's 175."""
    monday = NOON + timedelta(days=3)
    found = of(
        done(price=320, driver="ana", load="half"),
        done(price=600, load="full"),
        done(monday, price=175, driver=None, load="half"),
        span=Span(date(2026, 5, 18), date(2026, 5, 31)),
    )
    revenue = {name: each.revenue for name, each in found.by_driver.items()}
    assert revenue == {"joel": 600, "ana": 320, "": 175}
    assert list(found.by_driver) == ["joel", "ana", ""], "the most first"
    assert {day: each.completed for day, each in found.by_weekday.items()} == {0: 1, 4: 2}
    assert {day: each.revenue for day, each in found.by_week.items()} == {
        date(2026, 5, 18): 920,
        date(2026, 5, 25): 175,
    }
    assert {name: each.average for name, each in found.by_load.items()} == {
        "full": 600,
        "half": Decimal("247.5"),
    }


# --- cash --------------------------------------------------------------------------------


def taken(jobs: Iterable[Job]) -> dict[str, tuple[int, int]]:
    return {name: (int(cash.amount), cash.payments) for name, cash in of(*jobs).cash.items()}


def test_cash_is_told_by_who_took_it_on_the_day_it_was_taken() -> None:
    """Joel: 100 + 50 on two jobs, one of which is still open. Cards and what was taken back are
    no cash; what was taken a week ago is that week's.
    """
    week = timedelta(days=7)
    jobs = [
        done(payments=(paid(100, id="a"), paid(70, "card", id="b"))),
        make_job(status=BOOKED, payments=(paid(50), paid(40, id="c", reversed=True))),
        done(
            NOON - week, payments=(paid(200, by="ana"), paid(5, by="ana", id="d", at=NOON - week))
        ),
        done(payments=(paid(900, at=NOON - week),)),
    ]
    assert taken(jobs) == {"ana": (200, 1), "joel": (150, 2)}
    assert list(taken(jobs)) == ["ana", "joel"], "the most first"


def test_cash_of_old_files_which_have_the_sum_alone_counts() -> None:
    old = Paid(amount=Decimal(60), method="cash", at=NOON, by="ana")
    assert taken([done(paid=old)]) == {"ana": (60, 1)}


# --- spans -------------------------------------------------------------------------------


def span(first: str, last: str) -> Span:
    return Span(date.fromisoformat(first), date.fromisoformat(last))


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert week_of(TODAY) == WEEK
    assert week_of(date(2026, 5, 18)) == week_of(date(2026, 5, 24)) == WEEK
    assert month_of(date(2024, 2, 29)) == span("2024-02-01", "2024-02-29")
    assert month_of(date(2026, 12, 5)) == span("2026-12-01", "2026-12-31")


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2026-05-11", "2026-05-17"), ("2026-05-04", "2026-05-10")),
        (("2026-05-18", "2026-05-24"), ("2026-05-11", "2026-05-15")),  # until Friday, as this one
        (("2026-04-01", "2026-04-30"), ("2026-03-01", "2026-03-31")),
        (("2026-05-01", "2026-05-31"), ("2026-04-01", "2026-04-22")),
        (("2026-05-22", "2026-05-22"), ("2026-05-21", "2026-05-21")),
        (("2026-05-01", "2026-05-10"), ("2026-04-21", "2026-04-30")),
        (("2026-06-01", "2026-06-07"), ("2026-05-25", "2026-05-31")),  # still to come
    ],
)
def test_a_span_is_compared_with_as_much_just_before(
    asked: tuple[str, str], before: tuple[str, str]
) -> None:
    assert span(*asked).before(TODAY) == span(*before)


def test_a_long_month_that_is_not_over_is_compared_with_no_more_than_the_one_before() -> None:
    assert span("2026-03-01", "2026-03-31").before(date(2026, 3, 30)) == span(
        "2026-02-01", "2026-02-28"
    )


def test_the_figures_of_the_span_before_stand_beside() -> None:
    week = timedelta(days=7)
    found = of(done(), done(NOON - week, price=320), done(NOON - week + timedelta(days=1)))
    assert (found.total.revenue, found.before.revenue) == (600, 320)


# --- what is read of a job ---------------------------------------------------------------


def test_a_stored_job_is_read_as_far_as_its_figures_need_it() -> None:
    """And all of it where others have written it in their own way."""
    lines = (PriceLine(label="Full load", amount=Decimal(600)),)
    whole = replace(came_back((DONE, NOON + hours(30))), price_lines=lines, payments=(paid(60),))
    raw = JobBook().put(whole).entries[0].raw
    found = Found(whole, lambda: whole, raw)
    read = for_figures(found)
    assert read
    assert read is not whole
    assert (read.notes, read.access_notes) == ((), "")
    assert of(read) == of(whole)
    assert for_figures(found._replace(raw=raw.replace(b"Z", b""))) is whole, "no offsets"
    assert for_figures(found._replace(raw=b"{")) is whole
    assert for_figures(found._replace(raw=b"")) is whole
