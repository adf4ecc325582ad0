"""`POST /api/track`: what the link's holder may know."""

import dataclasses

import pytest

from dispatch.domain.job import Crew, Note
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import NOON, TOKEN, FakeClock, make_job
from tests.web.api import Program, is_problem
from tracking.public import TrackedJob


def test_it_says_no_more_than_the_page_shows(jobs: JobRepository, roster: RosterRepository) -> None:
    secret = Note(at=NOON, by="joel", text="Dog bites")
    job = make_job(notes=(secret,), crew=Crew(driver="joel"), access_notes="Gate 4711")
    jobs.change(lambda book: book.put(job))
    answer = Program().post("track", {"token": TOKEN})
    assert answer.json().keys() == {field.name for field in dataclasses.fields(TrackedJob)}
    assert (answer.json()["status"], answer.json()["price"]) == ("pending", 600)
    for hidden in ("Dog bites", "Gate 4711", TOKEN, "jXkL9m2pQ"):
        assert hidden not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "../jobs", "\x00", "🚛" * 16, "x" * 5000])
def test_unknown_and_malformed_are_not_told_from_expired(
    jobs: JobRepository, roster: RosterRepository, clock: FakeClock, token: str
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.COMPLETED)))
    clock.tick(31 * 24 * 3600)
    expired = Program().post("track", {"token": TOKEN})
    answer = Program().post("track", {"token": token})
    assert is_problem(answer, 404)
    assert answer.content == expired.content


@pytest.mark.parametrize("body", [{}, {"token": 5}, {"token": None}, {"token": TOKEN, "x": 1}, []])
def test_what_is_no_such_question_is_422(roster: RosterRepository, body: object) -> None:
    assert is_problem(Program().post("track", body), 422)
