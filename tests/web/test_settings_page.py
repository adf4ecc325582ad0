"""The owner at the wheel: closed days, windows' places and prices, without a deployment."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
from dispatch import overrides, wiring
from dispatch.domain.permissions import Actor, Rank
from dispatch.domain.planning.overrides import Overrides, Subject
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, DANA, NOON, FakeClock, make_job, unavailable
from tests.web.api import Program
from tests.web.pages import text, words

PAGE = "/dashboard/settings/"
SATURDAY = date(2026, 5, 23)
MORNING, AFTERNOON = BUSINESS.windows_on(SATURDAY)
LENA = Actor("lena", Rank.DISPATCHER)
MARKS = {
    "load": "full",
    "date": "2026-05-23",
    "window": "morning",
    "location": "Soderblom Ave",
    "customer_name": "Mark",
    "phone": "619-555-0142",
    "key": "one-visit",
}


PRICES = {f"load-{load.name}": "1" for load in BUSINESS.loads} | {
    f"item-{item.name}": "1" for item in BUSINESS.items
}


@pytest.fixture(autouse=True)
def crew(roster: RosterRepository) -> None:
    """Joel and Ana drive."""


def do(client: Client, what: str, **fields: str) -> Any:
    return client.post(PAGE, {"do": what, **fields}, follow=True)


def put(jobs: JobRepository, count: int) -> None:
    made = [
        make_job(id=f"job{n}", tracking_token="", status=Status.BOOKED, window=MORNING)
        for n in range(count)
    ]
    jobs.change(lambda book: book.put(*made))


def prices(page: Any) -> dict[str, str]:
    """The fields of the form as they are shown."""
    found = re.findall(r'name="((?:seen-)?(?:load|item)-\w+)" value="([\d.]+)"', text(page))
    return dict(found)


def test_a_day_that_is_closed_is_offered_to_nobody_and_says_what_is_booked_then(
    dana: Client, client: Client, jobs: JobRepository
) -> None:
    put(jobs, 2)
    page = do(dana, "close", date="2026-05-23")
    assert "Sat, May 23 is closed now. 2 jobs are booked then and stay as they are" in words(page)
    assert "Sat, May 23 2 jobs are booked" in words(page)
    assert "Dana" in words(page).partition("Who changed what")[2]
    assert "Sat, May 23 Morning" not in words(client.get("/book/"))
    refused = client.post("/book/", MARKS)
    assert "We are closed on Sat, May 23. Please choose another day. Or call us" in words(refused)
    assert "Sat, May 23 Closed" in words(dana.get("/dashboard/schedule/"))
    page = do(dana, "open", date="2026-05-23")
    assert "We work on Sat, May 23 as usual." in words(page)
    assert "Sat, May 23 Morning" in words(client.get("/book/"))


def test_a_day_that_the_file_closes_can_be_opened_and_given_back_to_it(
    dana: Client, client: Client
) -> None:
    christmas = date(2026, 12, 25)
    assert christmas in BUSINESS.closed
    do(dana, "open", date=f"{christmas}")
    assert christmas not in wiring.in_force(BUSINESS).closed
    do(dana, "close", date=f"{christmas}")
    assert wiring.in_force(BUSINESS) is BUSINESS
    assert "Fri, Dec 25: open → as usual" in words(dana.get(PAGE))


def test_a_broken_truck_lowers_the_places_and_says_what_is_too_much(
    dana: Client, client: Client, jobs: JobRepository
) -> None:
    put(jobs, 3)
    page = do(dana, "limit", date="2026-05-23", window="morning", places="4")
    assert "Sat, May 23 (Morning): 3 of 4 places are taken." in words(page)
    assert "Sat, May 23 Morning: 1 left" in words(client.get("/book/"))
    page = do(dana, "limit", date="2026-05-23", window="morning", places="2")
    assert "3 of 2 places are taken, 1 too many: give jobs another time." in words(page)
    assert "1 too many" in words(page)
    assert client.post("/book/", MARKS).status_code == 409
    assert "Morning 1 too many" in words(dana.get("/dashboard/schedule/"))
    do(dana, "unlimit", date="2026-05-23", window="morning")
    assert "Morning: 5 left" in words(client.get("/book/"))


def test_a_window_without_a_place_is_closed(dana: Client, client: Client) -> None:
    page = do(dana, "limit", date="2026-05-23", window="morning", places="0")
    assert "Sat, May 23 · Morning" in words(page)
    assert "Sat, May 23 Afternoon: 8 left" in words(client.get("/book/"))
    assert "We have no such time on Sat, May 23." in words(client.post("/book/", MARKS))


def test_prices_hold_at_once_and_jobs_keep_theirs(
    dana: Client, client: Client, jobs: JobRepository
) -> None:
    put(jobs, 1)
    sent = prices(dana.get(PAGE)) | {"load-full": "650.50", "item-mattress": "45"}
    page = do(dana, "prices", **sent)
    assert "2 prices are new. Jobs that are booked keep theirs." in words(page)
    assert "Full load: as usual → $650.50" in words(page)
    assert "$600 before it was set here" in words(page)
    assert "Full load $650.50" in words(client.get("/book/"))
    client.post("/book/", MARKS)
    assert sorted(job.price for job in jobs.read().jobs) == [600, 650.5]  # type: ignore[type-var]
    made = Program("dana").post(
        "jobs",
        {"customer_name": "N", "location": "L", "load": "full", "items": [{"name": "mattress"}]},
    )
    assert made.json()["job"]["price"] == 695.5
    back = prices(dana.get(PAGE)) | {"load-full": "600", "item-mattress": "40"}
    do(dana, "prices", **back)
    assert wiring.in_force(BUSINESS) is BUSINESS


def test_of_two_dispatchers_the_second_is_told_of_the_firsts_price(dana: Client) -> None:
    sent = prices(dana.get(PAGE))
    wanted = {Subject("load", None, "full"): overrides.Wanted(Decimal(610), Decimal(600))}
    overrides.set_prices(BUSINESS, wanted, by=LENA)
    page = do(dana, "prices", **(sent | {"load-full": "700", "load-half": "330"}))
    assert page.status_code == 409
    assert "Somebody else has just made it $610. Save again if you mean yours." in words(page)
    assert 'name="load-full" value="700"' in text(page)
    assert wiring.in_force(BUSINESS).loads[1].price == 320, "none is set where one is refused"
    do(dana, "prices", **(sent | {"load-half": "330"}))
    assert [load.price for load in wiring.in_force(BUSINESS).loads] == [175, 330, 610]


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("close", {"date": ""}, "Please choose a day."),
        ("close", {"date": "2026-05-21"}, "That day is over."),
        ("close", {"date": "2029-05-21"}, "That is more than two years off."),
        ("close", {"date": "tomorrow"}, "That is no date"),
        ("limit", {"date": "2026-05-23", "window": "morning", "places": "-1"}, "greater than"),
        ("limit", {"date": "2026-05-23", "window": "morning", "places": "x"}, "whole number"),
        ("limit", {"date": "2026-05-23", "window": "night", "places": "1"}, "valid choice"),
        ("prices", {"load-full": "much"}, "Please give a price."),
        ("prices", PRICES | {"load-full": " "}, "Please give a price."),
        ("sell", {}, "Say what is to be done."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    dana: Client, what: str, fields: dict[str, str], said: str
) -> None:
    page = dana.post(PAGE, {"do": what, **fields})
    assert page.status_code == 422
    assert said in words(page)
    assert wiring.in_force(BUSINESS) is BUSINESS


def test_only_dispatchers_set_anything(joel: Client, vic: Client) -> None:
    assert {each.get(PAGE).status_code for each in (joel, vic)} == {403}
    assert joel.post(PAGE, {"do": "close", "date": "2026-05-23"}).status_code == 403


def test_out_of_reach_it_is_said_and_the_file_holds(dana: Client, client: Client) -> None:
    """The ledger of settings alone is away; what was read last is used."""
    do(dana, "close", date="2026-05-23")
    with unavailable(wiring.overrides(BUSINESS)):
        page = dana.post(PAGE, {"do": "open", "date": "2026-05-23"})
        assert page.status_code == 503
        assert "Sat, May 23 Morning" not in words(client.get("/book/"))
        wiring.overrides(BUSINESS).restart()  # type: ignore[attr-defined]
        assert "Sat, May 23 Morning" in words(client.get("/book/"))


def test_what_is_stored_survives_and_what_is_none_of_ours_is_kept(clock: FakeClock) -> None:
    overrides.close(BUSINESS, SATURDAY, by=DANA)
    overrides.limit(BUSINESS, SATURDAY, "morning", 3, by=DANA)
    stored = wiring.overrides(BUSINESS).refreshed().written("w", NOON).encode()
    again = Overrides.decode(stored.replace(b'"id":"closed', b'"id":"colour'))
    assert len(again.problems) == 1
    assert again.of(Subject("places", SATURDAY, "morning")) == 3


def test_confirming_asks_for_the_places_as_they_were_set(dana: Client, jobs: JobRepository) -> None:
    put(jobs, 1)
    do(dana, "limit", date="2026-05-23", window="morning", places="1")
    new = make_job(id="new", tracking_token="", window=MORNING)
    jobs.change(lambda book: book.put(new))
    move = "/dashboard/jobs/new/move"
    assert dana.post(move, {"status": "booked"}).status_code == 409
    dispatch.jobs.move(BUSINESS, "new", Status.BOOKED, by=DANA)  # of the business as in its file
    assert jobs.read().job("new").status is Status.BOOKED
