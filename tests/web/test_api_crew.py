"""`/api/crew`: who is free; and assignment by program."""

from datetime import date
from typing import Any

import pytest

import dispatch.jobs
import dispatch.roster
from dispatch.domain.job import Window
from dispatch.roster import Days
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import BUSINESS, DANA, make_job
from tests.web.api import Program, is_problem

SATURDAY, SUNDAY = date(2026, 5, 23), date(2026, 5, 24)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")


@pytest.fixture
def dana(roster: RosterRepository) -> Program:
    return Program("dana")


def names(answer: Any, window: str, role: str = "driver", day: int = 0) -> list[str]:
    windows = {each["name"]: each["free"] for each in answer.json()["days"][day]["windows"]}
    return [member["username"] for member in windows[window][role]]


def fill_joels_morning(jobs: JobRepository) -> None:
    for number in range(BUSINESS.jobs_per_window):
        job = make_job(id=f"job{number}", tracking_token="", status="booked", window=MORNING)
        jobs.change(lambda book, job=job: book.put(job))
        dispatch.jobs.assign(BUSINESS, job.id, {"driver": "joel"}, by=DANA)


def test_who_is_free_by_window_and_role(dana: Program) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY, ("morning",)))
    answer = dana.get("crew?from=2026-05-23&to=2026-05-25")
    assert answer.status_code == 200
    days = answer.json()["days"]
    assert [day["date"] for day in days] == ["2026-05-23", "2026-05-24", "2026-05-25"]
    assert names(answer, "morning") == ["ana"]
    assert names(answer, "afternoon") == names(answer, "morning", day=2) == ["joel", "ana"]
    assert names(answer, "morning", "supervisor") == ["dana"]
    assert days[1]["windows"] == []  # a Sunday
    member = days[0]["windows"][0]["free"]["driver"][0]
    assert member == {"username": "ana", "name": "Ana"}, "nothing but names"


def test_who_has_no_place_left_is_not_free_to_drive(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    answer = dana.get("crew?date=2026-05-23")
    assert names(answer, "morning") == ["ana"]
    assert names(answer, "afternoon") == names(answer, "morning", "first_mate") == ["joel", "ana"]


def test_sixty_two_days_are_the_most(dana: Program) -> None:
    assert len(dana.get("crew?from=2026-05-23&to=2026-07-23").json()["days"]) == 62


def test_a_program_may_insist_where_a_window_is_full(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    jobs.change(lambda book: book.put(make_job(status="booked", window=MORNING)))
    refused = dana.put("jobs/jXkL9m2pQ/crew", {"driver": "joel"})
    assert is_problem(refused, 409)
    assert (refused.json()["field"], refused.json()["insistable"]) == ("driver", True)
    assert "Who is free: Ana." in refused.json()["detail"]
    assert dana.put("jobs/jXkL9m2pQ/crew", {"driver": "joel", "insist": True}).status_code == 200
    assert jobs.read().job("jXkL9m2pQ").crew.driver == "joel"


def test_a_new_job_may_be_insisted_on_too(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    window = {"date": "2026-05-23", "name": "morning"}
    new = {"customer_name": "Ann", "location": "x", "window": window, "crew": {"driver": "joel"}}
    key = {"Idempotency-Key": "k1"}
    refused = dana.post("jobs", new, **key)
    assert is_problem(refused, 409)
    assert (refused.json()["field"], refused.json()["insistable"]) == ("driver", True)
    made = dana.post("jobs", new | {"insist": True}, **key)
    assert (made.status_code, made.json()["job"]["crew"]["driver"]) == (201, "joel")
    assert dana.post("jobs", new | {"insist": True}, **key).json() == made.json()
    assert made.json()["job"]["history"][0]["reason"] == "insisted", (
        "which the board calls no clash"
    )


def test_nobody_insists_on_who_is_away(dana: Program, jobs: JobRepository) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
    jobs.change(lambda book: book.put(make_job(status="booked", window=MORNING)))
    refused = dana.put("jobs/jXkL9m2pQ/crew", {"driver": "joel", "insist": True})
    assert is_problem(refused, 409)
    assert refused.json()["insistable"] is False
