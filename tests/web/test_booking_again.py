"""The booking form, filled in with what a customer told us before."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.outbox.message import Channel
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, NOON, TOKEN, FakeClock, make_job, unavailable
from tests.post.carriers import FakeCarrier
from tests.web.pages import sent_back, text, words
from tests.web.test_booking import book, the_job

TYPED = {
    "postcode": "92104",
    "description": "A sofa",
    "sms": "1",
    "load": "half",
    "item-mattress": "2",
}


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mails and texts are sent here."""
    carriers = {Channel.EMAIL: FakeCarrier(), Channel.SMS: FakeCarrier()}
    monkeypatch.setattr(wiring, "carriers", lambda _business: carriers)


@pytest.fixture
def marks(client: Client, jobs: JobRepository, post: None) -> Job:
    assert book(client, **TYPED).status_code == 303
    return the_job(jobs)


def again(client: Client, job: Job) -> Any:
    return client.get(f"/track/{job.tracking_token}/again")


def filled_in(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in sent_back(page, "/book/").items()}


def test_what_was_known_is_filled_in(client: Client, marks: Job) -> None:
    page = again(client, marks)
    form = filled_in(page)
    expected = {
        "customer_name": "Mark",
        "phone": "(619) 555-0142",
        "email": "mark@example.com",
        "location": "Soderblom Ave",
        "postcode": "92104",
        "access_notes": "Gate code 4411",
        "description": "A sofa",
        "item-mattress": "2",
        "language": "en",
    }
    assert {name: form[name] for name in expected} == expected
    assert 'value="half" data-price="320"' in text(page)
    assert "Estimate: $400" in words(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert marks.tracking_token not in text(page)


def test_neither_day_nor_consent_nor_key_are_carried_over(client: Client, marks: Job) -> None:
    page = text(again(client, marks))
    (*chosen,) = (part for part in page.split("<input")[1:] if "checked" in part.split(">")[0])
    assert ['value="half"' in part for part in chosen] == [True]
    assert 'name="key" value="one-visit-of-the-form"' not in page


def test_sent_it_is_another_job(client: Client, marks: Job, jobs: JobRepository) -> None:
    form = filled_in(again(client, marks))
    new = {**form, "load": "half", "date": "2026-05-25", "window": "morning"}
    assert client.post("/book/", new).status_code == 303
    first, second = jobs.read().jobs
    assert first.id != second.id
    assert (second.price, second.items, second.phone) == (first.price, first.items, first.phone)
    assert (bool(first.consent), bool(second.consent)) == (True, False)


@pytest.mark.parametrize("name", ["access_notes", "description", "phone", "email"])
def test_what_the_crew_wrote_is_not_told(client: Client, marks: Job, name: str) -> None:
    """The page before it does not show that either."""
    canary = {"phone": "+16195550177", "email": "canary@example.com"}.get(name, "canary 0815")
    dispatch.jobs.edit(BUSINESS, marks.id, {name: canary}, by=DANA)
    page = again(client, marks)
    assert filled_in(page)[name] == ""
    assert "canary" not in text(page)
    assert "555-0177" not in text(page)
    # Nor what they wrote before they put back the customer's own.
    dispatch.jobs.edit(BUSINESS, marks.id, {name: getattr(marks, name)}, by=DANA)
    assert filled_in(again(client, marks))[name] == ""


def test_of_a_job_by_phone_only_what_its_page_shows(client: Client, jobs: JobRepository) -> None:
    dispatch.jobs.create(
        BUSINESS,
        {
            "customer_name": "Ida",
            "location": "Texas St",
            "phone": "+16195550177",
            "access_notes": "canary",
            "description": "canary",
            "load": "full",
        },
        status=Status.BOOKED,
        by="dana",
    )
    page = again(client, the_job(jobs))
    form = filled_in(page)
    assert (form["customer_name"], form["location"]) == ("Ida", "Texas St")
    assert (form["phone"], form["access_notes"], form["description"]) == ("", "", "")
    assert "canary" not in text(page)


def test_what_is_not_offered_any_more_is_left_out(client: Client, marks: Job) -> None:
    fewer = replace(BUSINESS, loads=BUSINESS.loads[:1], items=BUSINESS.items[1:])
    with override_settings(BUSINESSES=(fewer,)):
        page = again(client, marks)
    assert page.status_code == 200
    assert "Estimate: nothing chosen yet" in words(page)


@pytest.mark.parametrize("token", ["x" * 32, "no-link", "x" * 5000, "%00"])
def test_an_unknown_link_is_told_as_on_the_tracking_page(client: Client, token: str) -> None:
    page = client.get(f"/track/{token}/again")
    assert page.status_code == 404
    assert text(page) == text(client.get(f"/track/{token}"))


def test_an_expired_link_too(client: Client, jobs: JobRepository, clock: FakeClock) -> None:
    done = make_job(status="completed", finished_at=NOON)
    jobs.change(lambda book: book.put(done))
    assert again(client, done).status_code == 200
    clock.tick(timedelta(days=BUSINESS.link_days, seconds=1).total_seconds())
    assert again(client, done).status_code == 404


def test_guesses_here_count_with_those_at_other_pages_of_links(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.jobs.link.UNKNOWN_LINKS.most", 2)
    assert client.get(f"/track/{'a' * 32}").status_code == 404
    assert client.get(f"/track/{'b' * 32}/again").status_code == 404
    assert client.get(f"/track/{'c' * 32}/again").status_code == 429


def test_out_of_reach_it_says_so(client: Client, jobs: JobRepository) -> None:
    with unavailable(jobs):
        assert client.get(f"/track/{TOKEN}/again").status_code == 503


def test_it_takes_no_form_itself(client: Client, marks: Job) -> None:
    assert client.post(f"/track/{marks.tracking_token}/again", {}).status_code == 405
