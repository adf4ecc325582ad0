"""What a customer takes along: the receipt of a pickup that is done, and its window as an event."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar, Component

import dispatch.jobs
from dispatch.domain.job import Crew, Event, Job, Note, Window
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment, PriceLine
from dispatch.domain.visit.photo import Photo
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, NOON, TOKEN, FakeClock, make_job
from tests.web.pages import text, words

PAGE = f"/track/{TOKEN}"
RECEIPT, CALENDAR = f"{PAGE}/receipt", f"{PAGE}/calendar.ics"
ID = "jXkL9m2pQ"
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
SATURDAY = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")
PRIVATE: dict[str, Any] = {  # what no paper of a customer's says
    "phone": "+16198675301",
    "email": "canary@example.com",
    "access_notes": "canary gate",
    "truck": "canary truck",
    "crew": Crew(driver="canary.user"),
    "notes": (Note(at=NOON, by="canary.user", text="canary note"),),
    "photos": (Photo(id="canary-photo"),),
    "history": (Event(at=NOON, by="canary.user", what="edited", reason="canary reason"),),
}


def put(jobs: JobRepository, **fields: Any) -> None:
    made = make_job(**{"status": DONE, "window": SATURDAY, "finished_at": NOON, **fields})
    jobs.change(lambda book: book.put(made))


def payment(amount: str, method: str = "cash", **fields: Any) -> Payment:
    made = {"id": f"p{amount}", "at": NOON, "by": "canary.user", **fields}
    return Payment(amount=Decimal(amount), method=method, **made)


# --- the receipt --------------------------------------------------------------------------


def test_a_receipt_says_who_did_what_when_for_how_much_and_what_is_open(
    client: Client, jobs: JobRepository
) -> None:
    lines = (PriceLine("Full load", Decimal(600)), PriceLine("2 × Mattress", Decimal(80)))
    paid = (payment("100"), payment("30", reversed=True), payment("50.50", "card"))
    put(jobs, price_lines=lines, payments=paid, **PRIVATE)
    answer = client.get(RECEIPT)
    assert answer.status_code == 200
    said = words(answer)
    for part in (
        "Receipt QuickDumpNow (619) 555-0100 hello@quickdumpnow.com",
        f"Number {ID} Done on Friday, May 22, 12:00 PM For Mark Where Soderblom Ave",
        "Full load $600 2 × Mattress $80 Total $680",
        "Paid: Cash, May 22, 12:00 PM $100 Paid: Card, May 22, 12:00 PM $50.50",
        "Still open $529.50",
    ):
        assert part in said
    assert "$30" not in said, "what was taken back counts no more"
    assert "canary" not in text(answer).lower()
    assert "867" not in text(answer)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"load": "full"}, "Full load $600 Total $600 Still open $600"),
        ({}, "Pickup $600 Total $600 Still open $600"),
        ({"price": Decimal(0)}, "Pickup $0 Total $0 Still open $0"),
        (
            {"paid": Paid(amount=Decimal(600), method="check", at=NOON, by="joel")},
            "Total $600 Paid: Check, May 22, 12:00 PM $600 Still open $0",
        ),
        (
            {"payments": (payment("20", "<b>barter"),)},
            "Paid: <b>barter, May 22, 12:00 PM $20 Still open $580",
        ),
    ],
)
def test_a_job_of_any_kind_has_one(
    client: Client, jobs: JobRepository, fields: dict[str, Any], said: str
) -> None:
    put(jobs, **fields)
    assert said in words(client.get(RECEIPT))
    assert "<b>" not in text(client.get(RECEIPT))


def test_without_a_price_nothing_is_open(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    jobs.change(lambda book: book.put(without_price(book.job(ID))))
    said = words(client.get(RECEIPT))
    assert "Total No price yet" in said
    assert "Still open" not in said


def without_price(job: Job) -> Job:
    made = {name: getattr(job, name) for name in ("id", "tracking_token", "status", "window")}
    return Job(
        **made, customer_name="Mark", location="Soderblom Ave", created_at=NOON, updated_at=NOON
    )


@pytest.mark.parametrize("status", [PENDING, BOOKED, READY, STARTED, CANCELLED])
def test_before_it_is_done_there_is_none(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    put(jobs, status=status)
    answer = client.get(RECEIPT)
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)


def test_a_receipt_lives_as_long_as_its_link(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs)
    clock.tick(30 * 24 * 3600)
    assert client.get(RECEIPT).status_code == 200
    clock.tick(1)
    for path in (RECEIPT, CALENDAR, f"{PAGE}/message", f"{PAGE}/reschedule"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert text(answer) == text(client.get("/track/" + "u" * 32))


# --- the event ------------------------------------------------------------------------------


def event(client: Client) -> Component:
    answer = client.get(CALENDAR)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (found,) = Calendar.from_ical(answer.content).walk("VEVENT")
    return found


def test_the_window_is_one_event_with_the_link_and_nothing_private(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs, status=BOOKED, location="2801 Adams Ave\nrear", version=7, **PRIVATE)
    found = event(client)
    assert found["UID"] == f"pickup-{ID}@{BUSINESS.slug}"
    assert found["SEQUENCE"] == 7
    assert (found["DTSTART"].dt, found["DTEND"].dt) == BUSINESS.span(SATURDAY)
    assert found["LOCATION"] == "2801 Adams Ave\nrear"
    assert found["SUMMARY"] == f"Pickup by {BUSINESS.name}"
    assert found["URL"] == found["DESCRIPTION"]
    assert str(found["URL"]).endswith(PAGE)
    whole = text(client.get(CALENDAR))
    for secret in ("canary", "8675", "600", "Mark"):
        assert secret not in whole


def test_another_window_takes_the_place_of_the_first(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED)
    before = event(client)
    sunday = Window(date=date(2026, 5, 24), name="morning", start="08:00", end="12:00")
    dispatch.jobs.edit(BUSINESS, ID, {"window": sunday}, by=DANA)
    after = event(client)
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == BUSINESS.span(sunday)[0]


@pytest.mark.parametrize(
    ("status", "said"),
    [(PENDING, "TENTATIVE"), (BOOKED, "CONFIRMED"), (DONE, "CONFIRMED"), (CANCELLED, "CANCELLED")],
)
def test_the_event_says_how_sure_it_is(
    client: Client, jobs: JobRepository, status: Status, said: str
) -> None:
    put(jobs, status=status)
    assert event(client)["STATUS"] == said


def test_without_a_window_there_is_no_event(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED, window=None)
    answer = client.get(CALENDAR)
    assert answer.status_code == 404
    assert text(answer) == text(client.get("/track/" + "u" * 32))


@pytest.mark.parametrize("day", ["2026-11-01", "2026-03-08"])
def test_in_a_night_of_the_clocks_the_event_is_as_long_as_the_window(
    client: Client, jobs: JobRepository, day: str
) -> None:
    night = Window(date=date.fromisoformat(day), name="night", start="01:00", end="05:00")
    put(jobs, status=BOOKED, window=night)
    found = event(client)
    start, end = found["DTSTART"].dt, found["DTEND"].dt
    assert isinstance(start, datetime)
    assert end - start == timedelta(hours=5 if day.startswith("2026-11") else 3)
