"""A job taken on the phone: the caller is known, each day shows its load, nothing is lost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.job import Job
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, NOON, FakeClock, make_job
from tests.web.pages import text, words

PAGE = "/dashboard/jobs/new"
SATURDAY = NOON.date().replace(day=23)
MORNING, AFTERNOON = BUSINESS.windows_on(SATURDAY)
CALLING = {"phone": "619-555-0142", "load": "half", "key": "one-visit", "status": "booked"}


@pytest.fixture(autouse=True)
def crew(roster: RosterRepository) -> None:
    """Joel and Ana drive."""


def put(jobs: JobRepository, *ids: str, **fields: Any) -> list[Job]:
    known = {"phone": "+16195550142", "status": "booked", "window": MORNING}
    made = [make_job(id=each, tracking_token="", **known | fields) for each in ids]
    jobs.change(lambda book: book.put(*made))
    return made


def shown(page: Any) -> dict[str, str]:
    """The values of the form's one-line fields."""
    found = re.findall(r'name="(\w+)" value="([^"]*)"', text(page))
    return dict(found)


def test_the_number_comes_first(dana: Client) -> None:
    page = text(dana.get(PAGE))
    assert page.index('name="phone"') < page.index('name="customer_name"')


def test_a_known_callers_name_and_address_are_offered_and_a_tap_fills_them_in(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "home", customer_name="Nancy", location="Texas St", email="n@example.com")
    put(jobs, "shop", customer_name="Nancy", location="Adams Ave", access_notes="Ring twice")
    put(jobs, "other", customer_name="Oscar", phone="+16195550199")
    page = dana.post(PAGE, CALLING | {"lookup": "1", "description": "a piano"})
    assert page.status_code == 200
    assert "Nancy, Texas St" in words(page)
    assert "Nancy, Adams Ave" in words(page)
    assert "Oscar" not in words(page)
    assert "a piano" in text(page)
    page = dana.post(PAGE, CALLING | {"take": "shop", "load": "full", "description": "a piano"})
    assert shown(page)["customer_name"] == "Nancy"
    assert "Adams Ave</textarea>" in text(page)
    assert "Ring twice" in text(page)
    assert "a piano" in text(page)
    assert shown(page)["key"] == "one-visit"
    assert len(jobs.read().jobs) == 3, "nothing was saved"


def test_what_they_had_a_year_ago_is_found_too(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    long_ago = NOON - timedelta(days=400)
    put(jobs, "old", customer_name="Nancy", status="completed", finished_at=long_ago, window=None)
    Archiver(jobs).archive(SATURDAY)
    assert not jobs.read().jobs
    page = dana.get(f"{PAGE}?phone=1")
    assert "Known from earlier" not in words(page)
    page = dana.post(PAGE, CALLING | {"lookup": "1"})
    assert "Nancy" in words(page)
    assert "Completed" in words(page)
    assert shown(dana.post(PAGE, CALLING | {"take": "old"}))["customer_name"] == "Nancy"


@pytest.mark.parametrize("number", ["", "call me", "619", "+44 20 7946 0123", "0" * 41])
def test_a_number_that_nobody_has_offers_nothing(dana: Client, number: str) -> None:
    page = dana.post(PAGE, CALLING | {"lookup": "1", "phone": number})
    assert page.status_code == 200
    assert "Known from earlier" not in words(page)


@pytest.mark.parametrize("had", ["half", "heap", ""])
def test_the_load_that_was_said_stays_whatever_they_had_before(
    dana: Client, jobs: JobRepository, had: str
) -> None:
    put(jobs, "shop", customer_name="Nancy", load=had)
    page = dana.post(PAGE, CALLING | {"take": "shop", "load": "full"})
    assert '<option value="full" selected>' in text(page)
    page = dana.post(PAGE, CALLING | {"take": "shop", "load": ""})
    assert ('<option value="half" selected>' in text(page)) is (had == "half")


def test_a_slip_keeps_the_forms_key(dana: Client) -> None:
    """What was sent before, and whose answer was lost, is not done twice then."""
    page = dana.post(PAGE, CALLING | {"status": "booked"})
    assert page.status_code == 422
    assert shown(page)["key"] == "one-visit"


def test_what_is_gone_cannot_be_taken(dana: Client) -> None:
    assert dana.post(PAGE, CALLING | {"take": "nobody"}).status_code == 404


def test_the_strip_shows_the_load_of_the_days_to_come_and_a_tap_chooses_one(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, *"abcdefghi")
    with override_settings(BUSINESSES=(replace(BUSINESS, closed=(SATURDAY.replace(day=26),)),)):
        page = dana.get(PAGE)
    assert "Sat, May 23 Morning 1 too many Afternoon 8 left" in words(page)
    assert "Sun, May 24 Day off" in words(page)
    assert "Tue, May 26 Closed" in words(page)
    assert "Fri, May 22 Afternoon 8 left" in words(page), "its morning is over"
    page = dana.post(PAGE, CALLING | {"slot": "2026-05-25 afternoon"})
    assert shown(page)["date"] == "2026-05-25"
    assert '<option value="afternoon" selected>' in text(page)
    assert 'value="2026-05-25 afternoon" formnovalidate aria-pressed="true"' in text(page)
    assert shown(page)["phone"] == "619-555-0142"


def test_a_closed_day_is_questioned_and_then_taken(dana: Client, jobs: JobRepository) -> None:
    """As are a day that is over and one that is far off: see the dates."""
    sunday = {"customer_name": "Nancy", "location": "L", "date": "2026-05-24", "window": "morning"}
    page = dana.post(PAGE, CALLING | sunday)
    assert page.status_code == 422
    assert "You do not work then on Sun, May 24. If you mean it, say so below." in words(page)
    assert "Yes, I mean Sun, May 24" in words(page)
    done = dana.post(PAGE, CALLING | sunday | {"date_meant": "2026-05-24"})
    assert done.status_code == 303
    (job,) = jobs.read().jobs
    assert (job.status, job.window and job.window.date.day) == (Status.BOOKED, 24)


def test_items_add_to_the_loads_price(dana: Client, jobs: JobRepository) -> None:
    dana.post(PAGE, CALLING | {"customer_name": "N", "location": "L", "item-mattress": "2"})
    (job,) = jobs.read().jobs
    assert job.price == 400
    assert [line.label for line in job.price_lines] == ["Half load", "2 × Mattress"]
    assert "$320" in text(dana.get(PAGE)), "for the page's script"
