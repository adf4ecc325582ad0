"""A business: when it works, what it charges, how it writes numbers."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dispatch.domain.business import Business, Load, WindowOffer
from dispatch.domain.job import Window
from dispatch.domain.typed import phones
from tests.making import BUSINESS, NOON

SATURDAY, SUNDAY = date(2026, 5, 23), date(2026, 5, 24)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BUSINESS.zone).astimezone(UTC)


def names_on(day: date, at: datetime, business: Business = BUSINESS) -> list[str]:
    return [window.name for window in business.bookable(at) if window.date == day]


@pytest.mark.parametrize(
    ("colour", "words"),
    [
        *(("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#14532d", "#ffffff")),
        *(("#c4b5fd", "#000000"), ("#9a3412", "#ffffff"), ("#767676", "#000000")),
        *(("#757575", "#ffffff"), ("#ff0000", "#000000"), ("#0000ff", "#ffffff")),
    ],
)
def test_words_on_a_colour_are_black_or_white_whichever_is_easier_to_read(
    colour: str, words: str
) -> None:
    """By the formula of WCAG 2.2: white on #757575 is 4.61 to 1, black 4.56; then it turns."""
    assert replace(BUSINESS, colour=colour).on_colour == words


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-05-22T04:59:59", ["morning", "afternoon"]),
        ("2026-05-22T05:00:00", ["morning", "afternoon"]),
        ("2026-05-22T05:00:01", ["afternoon"]),
        ("2026-05-22T09:00:00", ["afternoon"]),
        ("2026-05-22T09:00:01", []),
    ],
)
def test_a_window_is_bookable_until_the_notice_before_it_starts(now: str, left: list[str]) -> None:
    assert names_on(date(2026, 5, 22), local(now)) == left


def test_no_window_is_offered_on_days_off_and_on_closed_days() -> None:
    assert names_on(SATURDAY, NOON) == ["morning", "afternoon"]
    assert names_on(SUNDAY, NOON) == []
    closed = replace(BUSINESS, closed=(SATURDAY,))
    assert names_on(SATURDAY, NOON, closed) == []
    assert closed.window(SATURDAY, "morning") is None


def test_bookable_windows_come_soonest_first_up_to_the_horizon() -> None:
    windows = list(BUSINESS.bookable(NOON))
    assert windows[-1].date == date(2026, 5, 22) + timedelta(days=30 - 1)  # day 30 is a Sunday
    starts = [BUSINESS.span(window)[0] for window in windows]
    assert starts == sorted(starts)


def test_today_is_the_day_at_the_business_not_in_utc() -> None:
    assert BUSINESS.today(datetime(2026, 5, 23, 6, 59, tzinfo=UTC)) == date(2026, 5, 22)
    assert BUSINESS.today(datetime(2026, 5, 23, 7, 0, tzinfo=UTC)) == SATURDAY


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 5), (date(2026, 11, 1), 7), (date(2026, 5, 22), 6)]
)
def test_a_span_has_its_real_length_on_the_day_the_clocks_change(day: date, hours: int) -> None:
    window = Window(date=day, name="night", start="00:00", end="06:00")
    start, end = BUSINESS.span(window)
    assert end - start == timedelta(hours=hours)


def test_the_notice_is_real_hours_on_the_day_the_clocks_change() -> None:
    """On March 8, 2026 two o'clock is three: three hours before six, the wall says two."""
    night = WindowOffer(name="early", label="Early", start="06:00", end="08:00")
    business = replace(BUSINESS, windows=(night,))
    six = datetime(2026, 3, 8, 13, 0, tzinfo=UTC)
    assert names_on(date(2026, 3, 8), six - timedelta(hours=3), business) == ["early"]
    assert names_on(date(2026, 3, 8), six - timedelta(hours=3, seconds=-1), business) == []


def test_a_dispatcher_may_agree_to_a_window_of_any_day() -> None:
    agreed = BUSINESS.agreed_window(SUNDAY, "morning")
    assert agreed == Window(date=SUNDAY, name="morning", start="08:00", end="12:00")
    assert BUSINESS.agreed_window(SUNDAY, "midnight") is None


def test_a_window_that_is_no_longer_offered_still_has_a_name() -> None:
    old = Window(date=SATURDAY, name="late_night", start="20:00", end="23:00")
    assert BUSINESS.label_of(old.name) == "Late night"


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [
        *(("USD", "600", "$600"), ("USD", "600.00", "$600"), ("USD", "285.5", "$285.50")),
        *(("USD", "0", "$0"), ("USD", "1234567.89", "$1,234,567.89"), ("USD", "-20", "-$20")),
        ("CHF", "20", "CHF 20"),  # it has no sign of its own
    ],
)
def test_money_is_written_as_people_here_do(currency: str, amount: str, written: str) -> None:
    assert replace(BUSINESS, currency=currency).money(Decimal(amount)) == written


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("619-555-0142", "+16195550142"),
        ("(619) 555 0142", "+16195550142"),
        ("1 619 555 0142", "+16195550142"),
        ("+52 55 1234 5678", "+525512345678"),
        ("ask for Bob", None),
        ("911", None),
        ("", None),
        ("+", None),
        ("0" * 60, None),
        ("٦١٩٥٥٥٠١٤٢", "+16195550142"),
    ],
)
def test_phones_are_kept_in_e164(typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(phones.NoNumber):
            phones.read(typed, BUSINESS.country)
    else:
        assert phones.read(typed, BUSINESS.country) == kept


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("+16195550142", "(619) 555-0142"),
        ("+525512345678", "+52 55 1234 5678"),
        ("ask for Bob", "ask for Bob"),
        ("", ""),
    ],
)
def test_phones_are_shown_as_people_here_write_them(kept: str, shown: str) -> None:
    assert BUSINESS.phone_text(kept) == shown


def a_window(**fields: str) -> dict[str, list[dict[str, str]]]:
    return {"windows": [{"name": "m", "label": "M", "start": "08:00", "end": "12:00", **fields}]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus' is unknown"),
        ({"timezone": "../etc/passwd"}, "is unknown"),
        ({"currency": "dollars"}, "currency"),
        ({"confirm": "maybe"}, "confirm"),
        ({"notice_hours": -1}, "notice_hours"),
        ({"windows": []}, "windows"),
        ({"loads": []}, "loads"),
        ({"slug": "Quick Dump"}, "slug"),
        ({"collour": "red"}, "collour"),
        (a_window(start="12:00", end="08:00"), "before it starts"),
        (a_window(start="8:00"), "start"),
        (a_window(days="mo-fr"), "days 'mo-fr'"),
    ],
)
def test_a_business_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(msgspec.to_builtins(BUSINESS) | wrong, Business)


@pytest.mark.parametrize("kind", ["windows", "loads"])
def test_two_offers_of_one_name_are_refused(kind: str) -> None:
    offers = getattr(BUSINESS, kind)
    with pytest.raises(ValueError, match=f"two {kind} are called {offers[0].name!r}"):
        replace(BUSINESS, **{kind: (*offers, offers[0])})


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("mon-sun", [0, 1, 2, 3, 4, 5, 6]),
        ("sat", [5]),
        ("mon, wed-fri", [0, 2, 3, 4]),
        ("sat-mon", [0, 5, 6]),
    ],
)
def test_days_are_named_singly_and_as_spans_over_weekends(days: str, numbers: list[int]) -> None:
    offer = WindowOffer(name="m", label="M", start="08:00", end="12:00", days=days)
    assert sorted(offer.weekdays) == numbers


def test_loads_are_found_by_name() -> None:
    assert BUSINESS.load("half") == Load(name="half", label="Half load", price=Decimal(320))
    assert BUSINESS.load("whole-house") is None


@pytest.mark.parametrize("price", ["-5", "NaN", "12.345"])
def test_a_load_has_a_price_that_can_be_charged(price: str) -> None:
    with pytest.raises(ValueError):
        Load(name="half", label="Half", price=Decimal(price))
