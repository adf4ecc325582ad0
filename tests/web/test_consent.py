"""Texts only to who agreed: a dispatcher notes that they did, when and how, and takes it back."""

from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.job import CUSTOMER, Consent, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Channel
from dispatch.outbox import stops
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, NOON, FakeClock, make_job, unavailable
from tests.web.pages import sent_back, text, words

ID = "jXkL9m2pQ"
DRAWER = f"/dashboard/jobs/{ID}"
WORDS = "They said to us that we may send them text messages."
SAID = {"sms": Consent(at=NOON, by="dana", words=WORDS)}
ASKED = {"sms": Consent(at=NOON, by=CUSTOMER, words="May we text you? Reply STOP to end.")}
NEW = {"customer_name": "Ida", "location": "Main St", "status": "booked", "phone": "6195550143"}
BOTH = replace(BUSINESS, languages=("en", "es"))


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    keep(jobs, make_job(status="booked", phone="+16195550142"))


def keep(jobs: JobRepository, job: Job) -> None:
    jobs.change(lambda book: JobBook(revision=book.revision).put(job))


def the_job(jobs: JobRepository) -> Job:
    return jobs.read().job(ID)


def edit(client: Client, **typed: Any) -> Any:
    """A browser's POST: every field as it is shown, but for what was typed."""
    sent = sent_back(client.get(DRAWER), f"{DRAWER}/edit")
    return client.post(f"{DRAWER}/edit", sent | typed)


def test_a_job_taken_by_phone_says_that_they_agreed(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", NEW | {"sms": ["", "on"]})
    (made,) = (job for job in jobs.read().jobs if job.id != ID)
    assert made.consent == SAID


def test_who_was_not_asked_has_not_agreed(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", NEW | {"sms": ""})
    (made,) = (job for job in jobs.read().jobs if job.id != ID)
    assert not made.consent


def test_sent_again_a_moment_later_it_is_the_same_job(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    for _ in range(2):
        answer = dana.post("/dashboard/jobs/new", NEW | {"sms": "on", "key": "k1"})
        assert answer.status_code == 303
        clock.tick(5)
    assert len(jobs.read().jobs) == 2


def test_what_was_ticked_stays_while_the_caller_is_looked_up(dana: Client) -> None:
    page = dana.post("/dashboard/jobs/new", {"phone": "6195550142", "sms": "on", "lookup": "1"})
    assert sent_back(page, "")["sms"] == ["", "on"]


def test_texts_need_a_number(dana: Client, jobs: JobRepository) -> None:
    sent = NEW | {"phone": "", "sms": "on"}
    answer = dana.post("/dashboard/jobs/new", sent)
    assert answer.status_code == 422
    assert "Please give the number for the text messages." in words(answer)
    keep(jobs, make_job(status="booked"))
    assert edit(dana, sms="on").status_code == 422
    assert not the_job(jobs).consent
    assert edit(dana, sms="on", phone="6195550142").status_code == 303
    assert the_job(jobs).consent == SAID


def test_a_tick_in_the_drawer_notes_it_with_when_and_how(dana: Client, jobs: JobRepository) -> None:
    assert edit(dana, sms=["", "on"]).status_code == 303
    assert the_job(jobs).consent == SAID
    drawer = words(dana.get(DRAWER))
    assert "Text messages agreed on May 22, 12:00 PM (Dana)" in drawer
    assert WORDS in drawer
    assert f"Consent: text messages no → yes ({WORDS})" in drawer


def test_without_it_consent_is_taken_back(dana: Client, jobs: JobRepository) -> None:
    keep(jobs, make_job(status="booked", phone="+16195550142", consent=ASKED))
    assert edit(dana, sms="").status_code == 303
    assert not the_job(jobs).consent
    drawer = words(dana.get(DRAWER))
    assert "Consent: text messages yes → no" in drawer
    assert "agreed on" not in drawer


def test_an_edit_of_something_else_leaves_it_as_they_said_it(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    keep(jobs, make_job(status="booked", phone="+16195550142", consent=ASKED))
    clock.tick(60)
    assert edit(dana, truck="T1").status_code == 303
    dana.post(f"{DRAWER}/edit", {"truck": "T2", "version": "2"})  # a form without the control
    assert the_job(jobs).truck == "T2"
    assert the_job(jobs).consent == ASKED


def test_who_saw_an_older_page_brings_no_consent_back(dana: Client, jobs: JobRepository) -> None:
    keep(jobs, make_job(status="booked", phone="+16195550142", consent=ASKED))
    seen = sent_back(dana.get(DRAWER), f"{DRAWER}/edit")
    dispatch.jobs.edit(BUSINESS, ID, {}, by=DANA, texts="")
    answer = dana.post(f"{DRAWER}/edit", seen | {"truck": "T1"})
    assert answer.status_code == 303
    assert the_job(jobs).truck == "T1"
    assert not the_job(jobs).consent


def test_after_a_conflict_the_tick_is_still_there(dana: Client, jobs: JobRepository) -> None:
    seen = sent_back(dana.get(DRAWER), f"{DRAWER}/edit")
    dispatch.jobs.edit(BUSINESS, ID, {"truck": "T1"}, by=DANA)
    answer = dana.post(f"{DRAWER}/edit", seen | {"truck": "T2", "sms": ["", "on"]})
    assert answer.status_code == 409
    assert not the_job(jobs).consent
    assert sent_back(answer, f"{DRAWER}/edit")["sms"] == ["", "on"]


def test_pressed_twice_it_is_noted_once(dana: Client, jobs: JobRepository) -> None:
    sent = sent_back(dana.get(DRAWER), f"{DRAWER}/edit") | {"sms": ["", "on"]}
    for _ in range(2):
        assert dana.post(f"{DRAWER}/edit", sent).status_code == 303
    assert [event.what for event in the_job(jobs).history].count("consent") == 1


def test_another_channels_consent_is_left_alone(dana: Client, jobs: JobRepository) -> None:
    fax = {"fax": Consent(at=NOON, by=CUSTOMER, words="By fax?")}
    keep(jobs, make_job(status="booked", phone="+16195550142", consent=fax | ASKED))
    assert edit(dana, sms="").status_code == 303
    assert the_job(jobs).consent == fax


# --- who said stop -----------------------------------------------------------------------


def test_the_drawer_says_who_wants_no_more_and_they_can_ask_again(
    dana: Client, joel: Client, jobs: JobRepository
) -> None:
    assert "said stop" not in words(dana.get(DRAWER))
    stops.stop(BUSINESS, Channel.SMS, "+16195550142", by=CUSTOMER)
    drawer = dana.get(DRAWER)
    assert "Text messages They have said stop, so they get none." in words(drawer)
    assert "E-mails They have said stop" not in words(drawer)
    assert f"{DRAWER}/resume" not in text(joel.get(DRAWER))
    sent = sent_back(drawer, f"{DRAWER}/resume") | {"channel": "sms"}
    for _ in range(2):
        assert dana.post(f"{DRAWER}/resume", sent).status_code == 303
    assert not stops.has_stopped(BUSINESS, Channel.SMS, "+16195550142")
    drawer = dana.get(DRAWER)
    assert "said stop" not in words(drawer)
    assert words(drawer).count("They asked for text messages again") == 1


@pytest.mark.parametrize("channel", ["", "webhook", "fax"])
def test_there_are_no_other_messages_to_ask_for(dana: Client, channel: str) -> None:
    answer = dana.post(f"{DRAWER}/resume", {"channel": channel})
    assert answer.status_code == 422
    assert "There is no such kind of message." in words(answer)


def test_out_of_reach_nobody_is_taken_to_have_asked(dana: Client, jobs: JobRepository) -> None:
    stops.stop(BUSINESS, Channel.SMS, "+16195550142", by=CUSTOMER)
    with unavailable(wiring.stops(BUSINESS)):
        answer = dana.post(f"{DRAWER}/resume", {"channel": "sms", "key": "k1"})
    assert answer.status_code == 503
    assert stops.has_stopped(BUSINESS, Channel.SMS, "+16195550142")
    assert dana.post(f"{DRAWER}/resume", {"channel": "sms", "key": "k1"}).status_code == 303
    assert not stops.has_stopped(BUSINESS, Channel.SMS, "+16195550142")


# --- the language ------------------------------------------------------------------------


@override_settings(BUSINESSES=(replace(BUSINESS, languages=("en",)),))
def test_one_language_is_no_choice(dana: Client) -> None:
    for page in (dana.get(DRAWER), dana.get("/dashboard/jobs/new")):
        assert 'name="language"' not in text(page)


@override_settings(BUSINESSES=(BOTH,))
def test_of_several_one_can_be_chosen(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", NEW | {"language": "es"})
    (made,) = (job for job in jobs.read().jobs if job.id != ID)
    assert made.language == "es"
    assert edit(dana, language="es").status_code == 303
    assert the_job(jobs).language == "es"
    assert "Language Spanish" in words(dana.get(DRAWER))
    assert edit(dana, language="fr").status_code == 422


@override_settings(BUSINESSES=(BOTH,))
def test_who_calls_again_is_written_to_in_their_language(dana: Client, jobs: JobRepository) -> None:
    keep(jobs, make_job(status="booked", phone="+16195550142", language="es", consent=ASKED))
    form = sent_back(dana.get(f"/dashboard/jobs/new?again={ID}"), "")
    assert form["language"] == ["es"]
    assert form["sms"] == [""]  # which is asked for each time
    assert wiring.jobs(BUSINESS).read().job(ID).consent == ASKED
