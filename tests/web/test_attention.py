"""Needs attention: each reason in words with what to do about it, and the marks on the cards."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch.domain.job import Crew, Eta, Event, MessageIn, OnMyWay, Window
from dispatch.domain.outbox.message import Message
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Quote
from dispatch.roster import Days
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags.formats import HUES, hue
from tests.making import BUSINESS, DANA, LEGACY, NOON, FakeClock, make_job
from tests.serving import ROOT
from tests.stores.troubled import InMemory
from tests.web.pages import text, words

FRIDAY = date(2026, 5, 22)
MORNING = Window(date=FRIDAY, name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=FRIDAY, name="afternoon", start="12:00", end="16:00")
SATURDAY = Window(date=date(2026, 5, 23), name="morning", start="08:00", end="12:00")
JOELS: dict[str, Any] = {"status": Status.BOOKED, "crew": Crew(driver="joel")}
STARTED = Event(at=NOON - timedelta(hours=4), by="joel", from_=Status.BOOKED, to="in_progress")
WORKS: dict[str, Any] = {**JOELS, "status": Status.IN_PROGRESS, "history": (STARTED,)}
ASKED = MessageIn(at=NOON, text="Could you take <b>the fence</b>?")
WHERE = 'href="/dashboard/jobs/job1" data-drawer>'


def put(jobs: JobRepository, *each: dict[str, Any]) -> None:
    made = [
        make_job(**{"id": f"job{place}", "tracking_token": "", **fields})
        for place, fields in enumerate(each, 1)
    ]
    jobs.change(lambda book: book.put(*made))


def board(client: Client) -> Any:
    return client.get("/dashboard/board")


def attention(client: Client) -> str:
    """The list above the columns, in words."""
    return f" {words(board(client))}".partition(" Requested ")[0].strip()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**JOELS, "window": MORNING}, "Late the window was over at 12:00 PM Start it, or agree"),
        ({"window": MORNING}, "Late the window was over at 12:00 PM Agree another window"),
        (
            {**JOELS, "eta": Eta(at=NOON, said_at=NOON, by="joel")},
            "Late was expected at 12:00 PM Say a new time",
        ),
        ({**WORKS, "window": MORNING}, "Late in progress since 8:00 AM Finish it, or ask"),
        (
            {"status": Status.BOOKED, "window": AFTERNOON},
            "No driver today, 12–4 PM Pick a driver",
        ),
        (
            {**JOELS, "messages_in": (ASKED,)},
            "Wants an answer “Could you take <b>the fence</b>?” Answer it",
        ),
        (
            {**JOELS, "quote": Quote(amount=Decimal(450), answer="accepted", answered_at=NOON)},
            "Answered they said yes to $450 Go on with it",
        ),
        (
            {**JOELS, "quote": Quote(answer="declined", answered_at=NOON)},
            "Answered they said no to the price Go on with it",
        ),
        (
            {**JOELS, "messages": (Message(state="failed", at=NOON),)},
            "Not told a message to them did not arrive Call them",
        ),
    ],
)
def test_what_needs_somebody_is_said_with_what_to_do(
    dana: Client, jobs: JobRepository, clock: FakeClock, fields: dict[str, Any], told: str
) -> None:
    put(jobs, fields)
    clock.tick(1)
    assert f"Needs attention 1 Mark {told}" in attention(dana)
    assert WHERE in text(board(dana))


def test_a_driver_who_is_away_or_overfull_is_told_of(dana: Client, jobs: JobRepository) -> None:
    put(jobs, *[{**JOELS, "window": SATURDAY}] * (BUSINESS.jobs_per_window + 1))
    told = "Overfull Joel has too much on Sat, May 23"
    assert f"Mark {told}" in attention(dana)
    last = BUSINESS.jobs_per_window + 1
    assert told in words(dana.get(f"/dashboard/jobs/job{last}"))
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY.date, SATURDAY.date))
    told = "Mark Not free Joel is away on Sat, May 23 (Morning). Give it to somebody else"
    assert attention(dana).count(told) == 5


def test_requests_that_wait_are_one_line(
    dana: Client, vic: Client, joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, {}, {}, {"id": "young", "created_at": NOON + timedelta(minutes=30)})
    clock.tick(2 * 3600)
    assert attention(dana) == ""
    clock.tick(1)
    told = "Requests 2 wait longer than 2 hours, the oldest since 12:00 PM Confirm or decline"
    assert attention(dana) == f"Needs attention 1 {told}"
    assert 'href="/dashboard/requests/">Confirm or decline' in text(board(dana))
    assert attention(vic).count("1 waits longer than 2 hours, since 12:00 PM Look at it") == 2
    assert attention(joel) == ""


def test_crew_are_told_of_their_own_and_viewers_what_they_may_do(
    joel: Client, vic: Client, jobs: JobRepository
) -> None:
    today = {"status": Status.BOOKED, "window": AFTERNOON}
    put(
        jobs,
        {**JOELS, "messages_in": (ASKED,), "customer_name": "Ida"},
        {**JOELS, "messages_in": (ASKED,), "crew": Crew(driver="ana"), "customer_name": "Bea"},
        {**today, "customer_name": "Rosa"},
    )
    assert attention(joel).startswith("Needs attention 1 Ida Wants an answer")
    assert attention(joel).endswith("Look at it")
    assert "Needs attention 3 Rosa No driver today, 12–4 PM Look at it" in attention(vic)


def test_a_line_has_all_reasons_of_its_job_and_the_most_pressing_come_first(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.tick(1)
    put(
        jobs,
        {**JOELS, "messages_in": (ASKED,), "customer_name": "Ida"},
        {"status": Status.BOOKED, "window": MORNING, "customer_name": "Rosa"},
    )
    told = attention(dana)
    assert told.startswith("Needs attention 2 Rosa Late the window was over at 12:00 PM")
    assert "another window No driver today, 8 AM–12 PM Pick a driver Ida Wants" in told


def test_more_than_five_are_folded_with_their_number(dana: Client, jobs: JobRepository) -> None:
    put(jobs, *[{**JOELS, "messages_in": (ASKED,)}] * 7)
    before, summary, after = text(board(dana)).partition("<summary>2 more</summary>")
    assert summary
    assert (before.count("Answer it"), after.count("Answer it")) == (5, 2)


def test_it_is_there_whatever_the_filters_and_hides_nothing_that_is_settled(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, {**JOELS, "messages_in": (ASKED,)})
    query = {"q": "nobody", "date": "2026-05-23"}
    assert "Wants an answer" in words(dana.get("/dashboard/board", query))
    clock.tick(60)
    dispatch.jobs.note(BUSINESS, "job1", "Called them", by=DANA)
    assert attention(dana) == ""


def test_entries_that_cannot_be_read_are_told_to_who_looks_at_every_job(
    dana: Client, joel: Client, jobs: InMemory
) -> None:
    jobs.store.save(LEGACY.read_bytes(), None)
    told = "Unreadable 1 entry in the jobs file cannot be read and is not shown. Nothing is lost"
    assert told in attention(dana)
    assert "“manage.py jobs drop” takes it out" in attention(dana)
    assert told not in attention(joel)


def test_the_poll_tells_of_what_the_time_alone_has_brought(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, {"window": SATURDAY, "status": Status.BOOKED})
    before = board(dana).headers["ETag"]
    clock.tick(12 * 3600 - 1)
    assert board(dana).headers["ETag"] == before
    clock.tick(1)  # midnight: it is for today
    answer = dana.get("/dashboard/board", headers={"If-None-Match": before})
    assert "No driver today, 8 AM–12 PM" in words(answer)
    assert ("Start" in words(answer), "Start" in words(board(dana))) == (True, True)


# --- marks ------------------------------------------------------------------------------

DONE: dict[str, Any] = {"status": Status.COMPLETED, "finished_at": NOON}
PAID = Paid(amount=Decimal(600), method="cash", at=NOON, by="joel")


@pytest.mark.parametrize(
    ("fields", "marks"),
    [
        ({**JOELS, "window": MORNING}, ["Late"]),
        ({**JOELS, "window": AFTERNOON}, []),
        (DONE, ["Unpaid"]),
        ({**DONE, "paid": PAID}, []),
        ({**DONE, "status": Status.CANCELLED}, []),
        ({**JOELS, "messages_in": (ASKED, ASKED)}, ["Wants an answer"]),
        ({**JOELS, "quote": Quote(amount=Decimal(450))}, ["Waits for a yes"]),
        ({**JOELS, "on_my_way": OnMyWay(at=NOON, by="joel")}, ["On the way"]),
        ({"status": Status.BOOKED, "window": SATURDAY}, []),
    ],
)
def test_a_card_has_the_marks_of_its_job(
    dana: Client, jobs: JobRepository, clock: FakeClock, fields: dict[str, Any], marks: list[str]
) -> None:
    put(jobs, fields)
    clock.tick(1)
    assert card_marks(dana) == marks


def card_marks(client: Client) -> list[str]:
    _, _, card = text(board(client)).partition('<li\n  class="card ')
    return [part.split("<")[0].split(">")[1] for part in card.split('<span class="pill ')[1:]]


def test_who_sees_no_prices_sees_none_unpaid(
    joel: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(jobs, {**DONE, "crew": Crew(driver="joel")})
    assert card_marks(joel) == ["Unpaid"]
    monkeypatch.setattr("dispatch.board.card.sees_prices", lambda actor, business: False)
    put(jobs, {**DONE, "crew": Crew(driver="joel"), "truck": "T2"})
    assert card_marks(joel) == []


def test_a_card_says_its_driver_in_a_colour_of_theirs(dana: Client, jobs: JobRepository) -> None:
    """The same everywhere and always; who leads nobody's is said too."""
    put(jobs, JOELS, {"status": Status.BOOKED})
    joels, nobodys = text(board(dana)).split('<li\n  class="card ')[1:]
    assert f'class="chip hue-{hue("joel")}"' in joels
    assert "Joel" in joels
    assert 'class="chip none"' in nobodys
    assert "No driver" in nobodys
    assert (hue("joel"), hue("ana"), hue("")) == (7, 1, hue(""))
    style = (ROOT / "static" / "site" / "style.css").read_text(encoding="utf-8")
    assert all(f".hue-{number} " in style for number in range(HUES))


def test_cards_stand_under_their_windows_and_the_cancelled_are_folded(
    dana: Client, jobs: JobRepository
) -> None:
    back = Event(at=NOON, by="joel", from_=Status.BOOKED, to=Status.BOOKED, reason="no_access")
    put(
        jobs,
        {**JOELS, "window": AFTERNOON, "customer_name": "Ida"},
        {**JOELS, "window": SATURDAY, "customer_name": "Rosa"},
        {**JOELS, "window": AFTERNOON, "customer_name": "Bea"},
        {**JOELS, "customer_name": "Kofi"},
        {**JOELS, "window": SATURDAY, "history": (back,), "customer_name": "Jun"},
        {"status": Status.CANCELLED, "finished_at": NOON, "customer_name": "Walt"},
    )
    shown = words(board(dana)).partition("Booking Confirmed")[2]
    order = [
        *("Came back", "Jun", "Sat, May 23 · Morning, 8 AM–12 PM · Soderblom Ave"),
        *("Fri, May 22 · Afternoon, 12–4 PM", "Ida", "12–4 PM · Soderblom Ave", "Bea"),
        *("Sat, May 23 · Morning, 8 AM–12 PM", "Rosa", "No time agreed yet", "Kofi"),
    ]
    for each in order:
        assert each in shown, each
        shown = shown.partition(each)[2]
    assert '<details class="fold">' in text(board(dana)).partition('data-status="cancelled"')[2]


def test_the_days_beside_today_and_all_days_are_a_step_away(
    dana: Client, jobs: JobRepository
) -> None:
    """And the other filters come along."""
    page = text(dana.get("/dashboard/", {"q": "a&b"}))
    for day in ("2026-05-21", "2026-05-22", "2026-05-23"):
        assert f'href="?q=a%26b&amp;date={day}"' in page
    assert ("All open jobs" in page, 'aria-current="date"' in page) == (True, False)
    page = text(dana.get("/dashboard/", {"q": "a&b", "date": "2026-05-22"}))
    assert 'href="?q=a%26b&amp;date=2026-05-22" aria-current="date">' in page
    assert 'href="?q=a%26b">All open jobs</a>' in page


@pytest.mark.parametrize(
    ("fields", "button"),
    [
        ({**JOELS, "window": SATURDAY}, "quiet"),  # the customer says that they are ready
        ({**JOELS, "window": AFTERNOON}, "primary"),
        ({"status": Status.PENDING}, "primary"),
    ],
)
def test_only_the_crews_own_step_stands_out(
    dana: Client, jobs: JobRepository, fields: dict[str, Any], button: str
) -> None:
    put(jobs, fields)
    assert f'class="button small {button}" form="act"' in text(board(dana))


def test_an_unpaid_job_that_is_paid_since_loses_its_mark(dana: Client, jobs: JobRepository) -> None:
    put(jobs, DONE)
    assert card_marks(dana) == ["Unpaid"]
    job = jobs.read().job("job1")
    jobs.change(lambda book: book.changed(replace(job, paid=PAID), NOON))
    assert card_marks(dana) == []
