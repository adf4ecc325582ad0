"""A customer books a pickup."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.job import Job
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, FakeClock, unavailable
from tests.web.api import Program
from tests.web.pages import text, words

WHAT = {"load": "full", "access_notes": "Gate code 4411", "key": "one-visit-of-the-form"}
WHEN = {"date": "2026-05-23", "window": "afternoon", "location": "Soderblom Ave"}
WHO = {"customer_name": "Mark", "phone": "619-555-0142", "email": "mark@example.com"}
MARKS = WHAT | WHEN | WHO


def book(client: Client, **fields: Any) -> Any:
    return client.post("/book/", MARKS | fields)


def the_job(jobs: JobRepository) -> Job:
    (job,) = jobs.read().jobs
    return job


def test_a_booking_becomes_a_job_with_all_of_it(client: Client, jobs: JobRepository) -> None:
    answer = book(client)
    job = the_job(jobs)
    assert (job.status, job.customer_name, job.location) == ("pending", "Mark", "Soderblom Ave")
    assert (job.phone, job.email) == ("+16195550142", "mark@example.com")
    assert (job.load, job.price, job.access_notes) == ("full", 600, "Gate code 4411")
    assert job.window == BUSINESS.windows[1].on(date(2026, 5, 23))
    assert [(event.what, event.by) for event in job.history] == [("created", "customer")]
    assert (len(job.id), len(job.tracking_token), job.version) == (9, 32, 1)
    assert re.fullmatch("[A-Za-z0-9]{32}", job.tracking_token)  # no sign for a link finder to cut
    own_page = f"/track/{job.tracking_token}?r=1"
    assert (answer.status_code, answer.headers["Location"]) == (303, own_page)
    assert "We have your request" in words(client.get(own_page))


def test_one_booking_too_many_loses_nothing_that_was_typed(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one address may be an office, or all customers of a phone company."""
    monkeypatch.setattr("booking.views.BOOKINGS.most", 0)
    answer = book(client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "call (619) 555-0100" in words(answer)
    assert 'value="Mark"' in text(answer)
    assert jobs.read().jobs == ()


def test_a_business_that_confirms_by_itself_says_so(client: Client, jobs: JobRepository) -> None:
    with override_settings(BUSINESSES=(replace(BUSINESS, confirm="auto"),)):
        pages = [words(client.get(path)) for path in ("/", "/book/")]
        book(client)
    assert not any("we confirm" in page.lower() or "confirm it" in page for page in pages)
    assert "Your booking holds at once" in pages[1]
    assert "Book this pickup" in pages[1]
    assert "Request this pickup" not in pages[1]
    assert the_job(jobs).status is Status.BOOKED


def test_a_double_click_and_a_reload_make_one_job(client: Client, jobs: JobRepository) -> None:
    """The same page sent with other details is not taken for a repetition."""
    first, again = book(client), book(client)
    assert first.headers["Location"].split("?")[0] == again.headers["Location"].split("?")[0]
    page = book(client, location="Texas St")
    assert page.status_code == 409
    assert f"/track/{the_job(jobs).tracking_token}" in text(page)
    assert "Texas St" in text(page)
    assert 'value="one-visit-of-the-form"' not in text(page)


def test_a_key_opens_nothing_to_another_sender(client: Client, jobs: JobRepository) -> None:
    """They may have looked over a shoulder; or it is the customer, in another network by now."""
    first = book(client)
    elsewhere = Client(REMOTE_ADDR="203.0.113.7")
    told = book(elsewhere)
    assert told.status_code == 409
    assert the_job(jobs).tracking_token not in text(told)
    assert "reached us already" in words(told)
    assert "(619) 555-0100" in words(told)
    assert 'value="Mark"' in text(told)
    other = book(elsewhere, location="Texas St")
    assert other.status_code == 303
    assert len(jobs.read().jobs) == 2
    assert other.headers["Location"].split("?")[0] != first.headers["Location"].split("?")[0]
    assert book(client).headers["Location"].split("?")[0] == first.headers["Location"].split("?")[0]


@pytest.mark.parametrize(
    "again", [{}, {"key": "another"}, {"location": "Texas St"}], ids=lambda again: "".join(again)
)
def test_who_sends_again_after_their_link_was_taken_away_is_told_to_call(
    client: Client, jobs: JobRepository, again: dict[str, str]
) -> None:
    book(client)
    dispatch.jobs.renew_link(BUSINESS, the_job(jobs).id, by=DANA, revoke=True)
    answer = book(client, **again)
    if answer.status_code == 409:  # the same page with other details
        assert 'href="/track/"' in text(answer)
    else:
        assert answer.headers["Location"].split("?")[0] == "/track/"
    assert "Call us and we will find it: (619) 555-0100" in words(client.get("/track/"))
    assert the_job(jobs).tracking_token == ""


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("customer_name", "", "Please tell us your name."),
        ("customer_name", "   ", "Please tell us your name."),
        ("location", "", "Please tell us where to pick it up."),
        ("phone", "", "Please give us a number"),
        ("email", "mark at home", "does not look like an e-mail address"),
        ("load", "", "Please choose how much there is to haul, or count the items."),
        ("date", "", "Please choose a day."),
        ("date", "2026-05-21", "Thu, May 21 is over."),
        ("date", "2026-05-24", "We have no such time on Sun, May 24."),
        ("date", "2026-06-22", "We take bookings up to 30 days ahead. Or call us: (619) 555-0100."),
        ("date", "2026-12-25", "We take bookings up to 30 days ahead."),
        ("postcode", "N°1", "That is no postcode such as 92104."),
        ("window", "", "Please choose a time of day."),
        ("access_notes", "x" * 1001, "at most 1000"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(
    client: Client, jobs: JobRepository, field: str, value: str, sentence: str
) -> None:
    page = book(client, **{field: value})
    assert page.status_code == 422
    assert sentence in words(page)
    for name in {"location", "customer_name", "phone", "email"} - {field}:
        shown = f">\n{MARKS[name]}<" if name == "location" else f'value="{MARKS[name]}"'
        assert shown in text(page)
    assert "Gate code 4411" in text(page) or field == "access_notes"
    assert 'value="one-visit-of-the-form"' in text(page)
    assert jobs.read().jobs == ()


@pytest.mark.parametrize("website", ["https://mark.example", "x" * 300])
def test_what_a_password_manager_put_into_the_trap_is_booked_and_marked_for_the_dispatcher(
    client: Client, dana: Client, jobs: JobRepository, website: str
) -> None:
    """Until somebody of the crew has looked; the customer has a page as anybody."""
    page = client.get(book(client, website=website).headers["Location"])
    assert "We have your request" in words(page)
    assert "doubt" not in text(page).lower()
    job = the_job(jobs)
    places = ("/dashboard/", f"/dashboard/jobs/{job.id}", "/dashboard/requests/")
    assert all("Doubtful" in words(dana.get(place)) for place in places)
    assert Program("dana").get(f"jobs/{job.id}").json()["doubtful"] is True
    again = book(client, website="")
    assert again.headers["Location"].partition("?")[0] == f"/track/{job.tracking_token}"
    dispatch.jobs.move(BUSINESS, job.id, Status.BOOKED, by=DANA)
    assert not any("Doubtful" in words(dana.get(place)) for place in places)


def test_a_window_that_has_gone_since_is_refused_kindly(client: Client, clock: FakeClock) -> None:
    clock.tick(19.5 * 3600)  # Saturday, half past seven
    page = book(client, date="2026-05-23", window="morning")
    assert "We need 3 hours’ notice. Please choose a later time. Or call us" in words(page)


def test_nothing_is_believed_but_what_the_form_asks(client: Client, jobs: JobRepository) -> None:
    book(client, price="1", status="completed", id="mine", tracking_token="x" * 32, driver="joel")
    job = the_job(jobs)
    assert (job.price, job.status, job.crew.driver) == (600, Status.PENDING, None)
    assert job.id != "mine"
    assert job.tracking_token != "x" * 32


def test_hostile_names_are_shown_as_text(client: Client, jobs: JobRepository) -> None:
    page = book(client, customer_name="<script>alert(1)</script>", email="no")
    assert "<script>alert(1)" not in text(page)
    assert "&lt;script&gt;alert(1)" in text(page)


def test_out_of_reach_the_page_keeps_all_says_what_to_do_and_books_once_thereafter(
    client: Client, jobs: JobRepository
) -> None:
    with unavailable(jobs):
        page = book(client)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert "(619) 555-0100" in words(page)
    assert 'value="Mark"' in text(page)
    assert 'value="one-visit-of-the-form"' in text(page)
    assert book(client).status_code == 303
    assert the_job(jobs).customer_name == "Mark"


def test_the_form_offers_loads_and_the_days_that_are_free(client: Client, clock: FakeClock) -> None:
    for hours in (0, 11):  # at 23:00 in San Diego it is tomorrow in UTC
        clock.tick(hours * 3600)
        answer = client.get("/book/")
        page = words(answer)
        assert "Full load $600" in page
        assert "8\N{NO-BREAK SPACE}AM–12\N{NO-BREAK SPACE}PM" in text(answer)
        assert "Sat, May 23 Morning: 8 left Afternoon: 8 left" in page
        assert "Fri, May 22" not in page
        assert "Sun, " not in page
