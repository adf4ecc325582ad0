"""Who books, in which language, and whether they may be written to."""

from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.job import Consent
from dispatch.domain.outbox.message import Channel
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON
from tests.post.carriers import FakeCarrier
from tests.web.pages import text, words
from tests.web.test_booking import book, the_job

ASKED = (
    "May we text you about this pickup? QuickDumpNow texts you when this pickup is confirmed or"
    " changed, the evening before, and when the crew is on the way. Message and data rates may"
    " apply. Reply STOP to end the texts. Nobody reads replies: please call instead."
)


@pytest.fixture(autouse=True)
def post(monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mails and texts are sent here."""
    carriers = {Channel.EMAIL: FakeCarrier(), Channel.SMS: FakeCarrier()}
    monkeypatch.setattr(wiring, "carriers", lambda _business: carriers)


def within(**fields: Any) -> Any:
    return override_settings(BUSINESSES=(replace(BUSINESS, **fields),))


def test_who_agrees_to_texts_is_kept_with_when_and_how_it_was_asked(
    client: Client, jobs: JobRepository
) -> None:
    assert ASKED in words(client.get("/book/"))
    book(client, sms="1")
    assert the_job(jobs).consent == {"sms": Consent(at=NOON, by="customer", words=ASKED)}


def test_nobody_agrees_who_ticks_nothing(client: Client, jobs: JobRepository) -> None:
    page = text(client.get("/book/"))
    (box,) = (part for part in page.split("<") if 'name="sms"' in part)
    assert "checked" not in box
    book(client)
    assert not the_job(jobs).consent


def test_a_text_reaches_no_extension(client: Client, jobs: JobRepository) -> None:
    page = book(client, phone="619-555-0142 x 4471", sms="1")
    assert page.status_code == 422
    said = "A text reaches no extension. Give a number without one, or untick the texts below."
    assert f'id="id_phone_error">{said}' in text(page)
    assert 'name="sms" value="1" aria-describedby="id_sms_terms" checked' in text(page)
    assert book(client, phone="619-555-0142 x 4471").status_code == 303
    assert the_job(jobs).phone == "+16195550142;ext=4471"


@pytest.mark.parametrize("sms", [{}, {"sms": "1"}])
def test_seven_digits_are_told_what_they_lack(client: Client, sms: dict[str, str]) -> None:
    page = book(client, phone="555-0142", **sms)
    assert page.status_code == 422
    assert 'id="id_phone_error">Please add the area code.' in text(page)


def test_a_tick_sent_twice_is_one_job_and_one_that_came_later_is_not_swallowed(
    client: Client, jobs: JobRepository
) -> None:
    assert book(client, sms="1").status_code == 303
    assert book(client, sms="1").status_code == 303
    assert book(client, sms="1", key="another").status_code == 303
    assert the_job(jobs).consent
    other = book(client)
    assert other.status_code == 409
    assert "You have already sent a booking from this page" in words(other)


@pytest.mark.parametrize(
    ("languages", "reads", "kept"),
    [
        (("en", "es"), "es", "es"),
        (("en", "es"), "en-us", "en"),
        (("en",), "es", "en"),
        (("es", "en"), "fr", "es"),
    ],
)
def test_the_language_that_they_book_in_is_kept(
    client: Client, jobs: JobRepository, languages: tuple[str, ...], reads: str, kept: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = reads
    with within(languages=languages):
        assert book(client).status_code == 303
    assert the_job(jobs).language == kept


def test_a_language_that_is_none_changes_nothing(client: Client, jobs: JobRepository) -> None:
    assert book(client, language="tlh").status_code == 303
    assert the_job(jobs).language == "en"


# --- what happens next -------------------------------------------------------------------


def told(page: Any) -> list[str]:
    """Which of the sentences shows."""
    shown = [part.partition(">")[0] for part in text(page).split("<p data-told=")[1:]]
    return [part.strip('"') for part in shown if "hidden" not in part]


@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"email": ""}, ""),
        ({}, "email"),
        ({"email": "", "sms": "1"}, "sms"),
        ({"sms": "1"}, "sms+email"),
    ],
)
def test_what_happens_next_is_said_with_a_time_and_how(
    client: Client, given: dict[str, str], by: str
) -> None:
    assert told(book(client, customer_name="", **given)) == [by]


def test_where_no_texts_are_sent_nobody_is_asked_and_nothing_is_promised(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "carriers", lambda _business: {})
    page = client.get("/book/")
    assert "May we text you" not in words(page)
    assert told(book(client, customer_name="", sms="1")) == [""]
    book(client, sms="1")
    assert not the_job(jobs).consent


def test_the_time_is_the_businesss(client: Client) -> None:
    assert "confirm it within 2 hours, by text." in words(client.get("/book/"))
    with within(respond_hours=1):
        assert "confirm it within an hour, by text." in words(client.get("/book/"))
    with within(confirm="auto"):
        page = words(client.get("/book/"))
    assert "Your booking holds at once." in page
    assert "confirm it" not in page
