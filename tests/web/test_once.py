"""What is sent again under its key is done once; the same words under another are another."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, TOKEN, FakeClock, make_job, seconds, unavailable
from tests.web.api import Program
from tests.web.pages import text

ID = "jXkL9m2pQ"
DRAWER = f"/dashboard/jobs/{ID}"
SATURDAY = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
THREE_DAYS = 3 * 24 * 3600
Between = Callable[[], Any]


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=BOOKED, window=SATURDAY, load="full")))


def the_job(jobs: JobRepository) -> Job:
    return jobs.read().job(ID)


def moved_on() -> None:
    dispatch.jobs.move(BUSINESS, ID, DONE, by=DANA)


def moved_back() -> None:
    dispatch.jobs.move(BUSINESS, ID, BOOKED, by=DANA, reason="not yet")


def another_truck() -> None:
    dispatch.jobs.edit(BUSINESS, ID, {"truck": "T9"}, by=DANA)


def another_crew() -> None:
    dispatch.jobs.assign(BUSINESS, ID, {"driver": "joel"}, by=DANA)


def noted() -> None:
    dispatch.jobs.note(BUSINESS, ID, "OK", by=DANA)


def another_price() -> None:
    lines = (PriceLine("All of it", Decimal(700)),)
    dispatch.jobs.offer(BUSINESS, ID, "another-price", lines, by=DANA)


ACTIONS: list[tuple[str, dict[str, Any], Between]] = [
    ("notes", {"text": "Couch is behind the garage"}, noted),
    ("move", {"status": "ready_for_pickup", "expected": "booked"}, moved_back),
    ("move", {"status": "in_progress", "expected": "booked"}, moved_on),
    ("move", {"status": "cancelled", "reason": "sold it", "expected": "booked"}, moved_back),
    ("assign", {"driver": "ana", "version": 1}, another_crew),
    ("edit", {"truck": "T7", "version": 1}, another_truck),
    ("edit", {"price": "", "window": "", "date": "", "version": 1}, another_truck),
    ("eta", {"eta": "14:20"}, noted),
    ("eta", {"on_my_way": "1"}, noted),
    ("link", {}, noted),
    ("link", {"revoke": "1"}, noted),
    ("quote", {"id": "a-new-price", "label": "All of it", "amount": "650"}, another_price),
    ("pay", {"amount": "100", "method": "cash"}, noted),
]


@pytest.mark.parametrize(("action", "fields", "between"), ACTIONS)
def test_an_action_sent_again_is_done_once_whatever_colleagues_did_between(
    dana: Client, jobs: JobRepository, action: str, fields: dict[str, Any], between: Between
) -> None:
    sent = fields | {"key": "k1"}
    assert dana.post(f"{DRAWER}/{action}", sent).status_code == 303
    between()
    before = jobs.read()
    for headers in ({}, {"X-Requested-With": "fetch"}):
        answer = dana.post(f"{DRAWER}/{action}", sent, headers=headers)
        assert answer.status_code == (200 if headers else 303)
    assert jobs.read().revision == before.revision


@pytest.mark.parametrize(
    ("method", "path", "body", "between"),
    [
        ("post", "notes", {"text": "Couch is behind the garage"}, noted),
        ("post", "status", {"status": "in_progress", "expected": "booked"}, moved_on),
        ("put", "crew", {"driver": "ana", "version": 1}, another_crew),
        ("patch", "", {"truck": "T7", "version": 1}, another_truck),
        ("patch", "", {"price": None, "window": None, "version": 1}, another_truck),
    ],
)
def test_a_call_with_its_key_is_done_once_whatever_others_did_between(
    jobs: JobRepository,
    roster: JobRepository,
    method: str,
    path: str,
    body: dict[str, Any],
    between: Between,
) -> None:
    program, key = Program("dana"), {"Idempotency-Key": "k1"}
    call, address = getattr(program, method), f"jobs/{ID}/{path}".rstrip("/")
    first = call(address, body, **key)
    assert first.status_code in (200, 201)
    between()
    before = jobs.read()
    again = call(address, body, **key)
    assert again.status_code == first.status_code
    assert jobs.read().revision == before.revision
    if path == "notes":
        assert again.json()["note"] == first.json()["note"]
    assert call(address, body, **{"Idempotency-Key": "k" * 256}).status_code == 422


def test_the_same_words_with_another_key_are_another_note(
    dana: Client, jobs: JobRepository
) -> None:
    """As they are without any; and other words under a key are no repetition."""
    for fields in ({"key": "k1"}, {"key": "k2"}, {}, {}):
        dana.post(f"{DRAWER}/notes", {"text": "Called, no answer", **fields})
    dana.post(f"{DRAWER}/notes", {"text": "Called again", "key": "k1"})
    said = [note.text for note in the_job(jobs).notes]
    assert said == ["Called, no answer"] * 4 + ["Called again"]


def test_a_key_is_of_who_used_it_first(dana: Client, joel: Client, jobs: JobRepository) -> None:
    for client in (dana, joel):
        client.post(f"{DRAWER}/notes", {"text": "Called, no answer", "key": "k1"})
    assert [note.by for note in the_job(jobs).notes] == ["dana", "joel"]


def test_keys_are_kept_for_three_days(dana: Client, jobs: JobRepository, clock: FakeClock) -> None:
    for count, since in enumerate((0, THREE_DAYS, 1, 0)):
        clock.tick(since)
        dana.post(f"{DRAWER}/notes", {"text": "hello", "key": f"k{count}"})
    keys = the_job(jobs).keys
    assert keys
    assert set(keys.values()) == {clock.now(), clock.now() - seconds(1)}
    dana.post(f"{DRAWER}/notes", {"text": "hello", "key": "k1"})
    assert len(the_job(jobs).notes) == 4


def test_every_form_of_a_job_has_a_fresh_key_and_a_refused_one_that_which_was_sent(
    dana: Client, jobs: JobRepository
) -> None:
    """So does one whose answer says that nobody knows: sent again, it is done once."""
    pages = [dana.get(DRAWER), dana.get(DRAWER), dana.get("/dashboard/")]
    assert len({page.context["key"] for page in pages}) == 3
    assert text(pages[0]).count(f'name="key" value="{pages[0].context["key"]}"') > 5
    refused = dana.post(f"{DRAWER}/notes", {"text": "", "key": "k1"})
    assert 'name="key" value="k1"' in text(refused)
    with unavailable(jobs):
        unsure = dana.post(f"{DRAWER}/notes", {"text": "dog", "key": "k1"})
    assert unsure.status_code == 503
    assert 'name="key" value="k1"' in text(unsure)


def test_a_customers_undo_sent_twice_does_not_do_it_again(
    client: Client, jobs: JobRepository
) -> None:
    client.post(f"/track/{TOKEN}/cancel", {"key": "k1"})
    client.post(f"/track/{TOKEN}/undo", {"key": "k2"})
    client.post(f"/track/{TOKEN}/cancel", {"key": "k3"})
    assert client.post(f"/track/{TOKEN}/undo", {"key": "k2"}).status_code == 303
    assert client.post(f"/track/{TOKEN}/cancel", {"key": "k1"}).status_code == 303
    assert the_job(jobs).status is CANCELLED
    assert [move.by for move in the_job(jobs).moves] == [THE_CUSTOMER.name] * 3


def test_who_starts_a_job_that_nobody_drives_becomes_its_driver(
    dana: Client, joel: Client, jobs: JobRepository
) -> None:
    """If they may drive; an undone start makes nobody its driver."""
    dana.post(f"{DRAWER}/move", {"status": "in_progress"})
    assert the_job(jobs).crew == Crew()
    jobs.change(lambda book: book.put(make_job(status=BOOKED)))
    before = jobs.read().revision
    joel.post(f"{DRAWER}/move", {"status": "in_progress"})
    job = the_job(jobs)
    assert (job.crew, jobs.read().revision) == (Crew(driver="joel"), before + 1)
    assert job.history[-1].changes == {"driver": (None, "joel")}
    joel.post(f"{DRAWER}/move", {"status": "booked", "reason": "undo"})
    assert (the_job(jobs).status, the_job(jobs).crew) == (BOOKED, Crew())
    jobs.change(lambda book: book.put(make_job(status=BOOKED, crew=Crew(driver="joel"))))
    joel.post(f"{DRAWER}/move", {"status": "in_progress"})
    joel.post(f"{DRAWER}/move", {"status": "booked", "reason": "undo"})
    assert the_job(jobs).crew == Crew(driver="joel")
