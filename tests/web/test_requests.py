"""The requests, confirmed one day for another: what is shown, and what several at once are told."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.job import Item, Job, Window
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine
from dispatch.domain.visit.photo import Photo
from dispatch.roster import Days
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, NOON, make_job, seconds, unavailable
from tests.stores.troubled import InMemory
from tests.web.pages import text, words

PAGE, BOARD, SEVERAL = "/dashboard/requests/", "/dashboard/", "/dashboard/jobs/several"
FETCH = {"X-Requested-With": "fetch"}
SATURDAY, MONDAY = date(2026, 5, 23), date(2026, 5, 25)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=SATURDAY, name="afternoon", start="12:00", end="16:00")
PLACES = 2 * BUSINESS.jobs_per_window  # Joel's and Ana's
PENDING, BOOKED, CANCELLED = Status.PENDING, Status.BOOKED, Status.CANCELLED


def put(jobs: JobRepository, count: int = 3, **fields: Any) -> list[Job]:
    made = [
        make_job(
            **{
                "id": f"job{n}",
                "tracking_token": "",
                "customer_name": f"Customer {n}",
                "window": MORNING,
                **fields,
            }
        )
        for n in range(count)
    ]
    jobs.change(lambda book: book.put(*made))
    return made


def post(client: Client, do: str, made: list[Job], page: str = PAGE, **fields: Any) -> Any:
    """What a browser sends for these jobs as they were shown."""
    ticks = [f"{job.id}/{job.version}" for job in made]
    return client.post(page, {"do": do, "job": ticks, "key": "k", **fields})


def ticked(answer: Any) -> list[str]:
    return re.findall(r'name="job" value="([^"/]*)/[0-9]*" form="several" checked', text(answer))


def now(jobs: JobRepository) -> list[Job]:
    return list(jobs.refreshed().jobs)


# --- the list ----------------------------------------------------------------------------


def test_each_request_says_what_where_and_for_how_much(dana: Client, jobs: JobRepository) -> None:
    put(
        jobs,
        1,
        load="half",
        items=(Item(name="mattress", count=2),),
        description="Behind <the> shed",
        location="1 Elm St",
        postcode="92110",
        price_lines=(PriceLine("Half load", Decimal(320)), PriceLine("Mattress", Decimal(80))),
        photos=(Photo(id="a"), Photo(id="b")),
        phone="+16195550142",
    )
    page = words(dana.get(PAGE))
    assert (
        "Customer 0 $400 Half load, 2 × Mattress · 2 photos Behind <the> shed 1 Elm St 92110"
        " Asked May 22, 12:00 PM · (619) 555-0142"
    ) in page


def test_they_stand_by_window_the_soonest_first_with_how_full_it_is(
    dana: Client, jobs: JobRepository, roster: JobRepository
) -> None:
    put(jobs, 1, window=None, id="never")
    put(jobs, 1, window=AFTERNOON, id="later")
    put(jobs, 2, status=BOOKED)
    put(jobs, 1, id="second", created_at=NOON - seconds(60))
    put(jobs, 1, id="first", created_at=NOON - seconds(120))
    page = text(dana.get(PAGE))
    order = ["Morning, ", "request-first", "request-second", "Afternoon, ", "request-later"]
    places = [page.index(each) for each in (*order, "No time agreed yet", "request-never")]
    assert places == sorted(places)
    assert f"4 of {PLACES} places taken" in words(dana.get(PAGE))
    put(jobs, PLACES, status=BOOKED)
    assert f"Full: {PLACES + 2} of {PLACES} places taken" in words(dana.get(PAGE))


def test_whose_window_is_over_is_said(dana: Client, jobs: JobRepository) -> None:
    put(jobs, 1, window=Window(date=date(2026, 5, 21), name="morning", start="08:00", end="12:00"))
    assert "It is over" in words(dana.get(PAGE))


# --- several at once ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("do", "fields", "told"),
    [
        ("confirm", {}, "confirmed for Sat, May 23 (Morning)"),
        ("assign", {"driver": "joel"}, "Joel drives"),
        ("move", {"date": "2026-05-25", "window": ""}, "now Mon, May 25 (Morning)"),
        ("move", {"date": "2026-05-25", "window": "afternoon"}, "now Mon, May 25 (Afternoon)"),
        ("decline", {"reason": "We do not go there"}, "declined"),
    ],
)
def test_several_are_done_at_once_and_each_is_told(
    dana: Client, jobs: InMemory, do: str, fields: dict[str, str], told: str
) -> None:
    made = put(jobs)
    writes = jobs.store.saves
    answer = post(dana, do, made[:2], **fields)
    assert answer.status_code == 200
    said = words(answer)
    assert "2 jobs are done." in said
    for name in ("Customer 0", "Customer 1"):
        assert f"{name} : {told}" in said
    assert ticked(answer) == []
    assert jobs.store.saves == writes + 1
    assert [job.version for job in now(jobs)] == [2, 2, 1]
    again = post(dana, do, made[:2], **fields)
    assert (again.status_code, jobs.store.saves) == (200, writes + 1), "by its key it is done once"


def test_what_could_not_be_done_stays_ticked_with_why_beside_it(
    dana: Client, jobs: JobRepository
) -> None:
    """One was edited by somebody else meanwhile, one taken back by its customer."""
    made = put(jobs, 4)
    dispatch.jobs.edit(BUSINESS, "job1", {"window": AFTERNOON}, by=DANA)
    dispatch.jobs.move(BUSINESS, "job2", CANCELLED, by=THE_CUSTOMER)
    answer = post(dana, "move", made[:3], date="2026-05-25")
    assert answer.status_code == 409
    assert "1 job is done. 2 could not be done: Customer 1 : see beside it" in words(answer)
    why = "Dana has changed the window to Sat, May 23 (Afternoon) since you looked."
    assert f"See it Customer 1 {why}" in words(answer)
    assert "The customer has moved this job to “Cancelled” at 12:00 PM." in words(answer)
    assert ticked(answer) == ["job1"]
    assert 'value="2026-05-25"' in text(answer)


def test_into_a_full_window_only_knowingly(dana: Client, jobs: JobRepository) -> None:
    full = {"tracking_token": "", "status": BOOKED, "window": MORNING}
    taken = [make_job(id=f"taken{n}", **full) for n in range(PLACES - 1)]
    jobs.change(lambda book: book.put(*taken))
    made = put(jobs, 2)
    answer = post(dana, "confirm", made)
    assert answer.status_code == 409
    assert "is full: " in words(answer)
    assert 'name="insist" value="confirm"' in text(answer)
    left = ticked(answer)
    assert left
    ticks = [f"{job_id}/1" for job_id in left]
    done = dana.post(PAGE, {"insist": "confirm", "job": ticks, "key": "l"})
    assert done.status_code == 200
    assert {job.status for job in now(jobs)} == {BOOKED}


@pytest.mark.parametrize(
    ("do", "fields", "says"),
    [
        ("assign", {"driver": ""}, "Choose who drives."),
        ("move", {"date": "", "window": "morning"}, "That is no date such as 2026-05-23."),
        ("move", {"date": "2026-05-21"}, "That day is over."),
        ("move", {"date": "2026-05-23\0"}, "That is no date"),
        ("decline", {"reason": "  "}, "Say why: the customer is told."),
        ("decline", {"reason": "x" * 501}, "at most 500 fit."),
        ("", {}, "Choose one of the buttons below."),
        ("explode", {}, "Choose one of the buttons below."),
    ],
)
def test_what_is_left_out_is_asked_for_and_nothing_typed_is_lost(
    dana: Client, jobs: JobRepository, do: str, fields: dict[str, str], says: str
) -> None:
    made = put(jobs)
    answer = post(dana, do, made[:2], **fields)
    assert answer.status_code == 422
    assert says in words(answer)
    assert ticked(answer) == ["job0", "job1"]
    assert now(jobs) == made
    if fields.get("window"):
        assert '<option value="morning" selected>' in text(answer)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-05-24", "You do not work then on Sun, May 24."),
        ("2026-12-25", "You are closed on Fri, Dec 25."),
        ("2027-05-25", "Tue, May 25, 2027 is more than a year off."),
    ],
)
def test_a_day_that_is_likely_a_slip_is_asked_about_and_then_taken(
    dana: Client, jobs: JobRepository, day: str, says: str
) -> None:
    made = put(jobs)
    asked = post(dana, "move", made[:1], date=day)
    assert (asked.status_code, says in words(asked)) == (422, True)
    assert 'name="insist" value="move"' in text(asked)
    assert now(jobs) == made
    answer = post(dana, "", made[:1], date=day, insist="move")
    assert answer.status_code == 200
    moved = jobs.refreshed().job("job0").window
    assert moved
    assert f"{moved.date}" == day


def test_nothing_ticked_is_said(dana: Client, jobs: JobRepository) -> None:
    put(jobs)
    answer = post(dana, "confirm", [])
    assert (answer.status_code, "Tick at least one job." in words(answer)) == (422, True)


@pytest.mark.parametrize("job", ["job0", "job0/99", "job0/0", "job0/x", "gone/1", "/", ""])
def test_a_tick_that_stands_for_nothing_known_changes_nothing_else(
    dana: Client, jobs: JobRepository, job: str
) -> None:
    """An id alone says no version: it is as good as that of a program."""
    put(jobs, 2)
    answer = dana.post(PAGE, {"do": "assign", "driver": "joel", "job": [job, "job1/1"], "key": "k"})
    assert answer.status_code == (200 if job == "job0" else 409)
    assert jobs.refreshed().job("job1").crew.driver == "joel"


def test_while_the_storage_is_out_of_reach_all_stay_ticked_under_the_same_key(
    dana: Client, jobs: InMemory
) -> None:
    made = put(jobs)
    with unavailable(jobs):
        answer = post(dana, "confirm", made)
    assert answer.status_code == 503
    assert ticked(answer) == ["job0", "job1", "job2"]
    assert 'name="key" value="k"' in text(answer)


def test_a_driver_who_is_away_is_refused_with_who_is_free(
    dana: Client, jobs: JobRepository
) -> None:
    made = put(jobs, 1)
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
    answer = post(dana, "assign", made, driver="joel")
    assert "Joel is away on Sat, May 23 (Morning). Who is free: Ana." in words(answer)


# --- from the board ----------------------------------------------------------------------


def test_a_dispatchers_cards_can_be_ticked_and_nobody_elses(
    dana: Client, joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs, 1, status=BOOKED)
    tick = 'name="job" value="job0/1" form="several"'
    assert [tick in text(each.get(BOARD)) for each in (dana, joel, vic)] == [True, False, False]
    assert 'id="several"' in text(dana.get(BOARD))
    assert 'id="several"' not in text(joel.get(BOARD))
    assert post(joel, "assign", [], SEVERAL, driver="joel").status_code == 403


def test_the_boards_answer_is_told_of_each_and_has_the_rest_still_ticked(
    dana: Client, jobs: JobRepository
) -> None:
    made = put(jobs, 2, status=BOOKED)
    dispatch.jobs.assign(BUSINESS, "job1", {"driver": "ana"}, by=DANA)
    answer = post(dana, "assign", made, SEVERAL, driver="joel")
    assert answer.status_code == 409
    assert "Customer 0 : Joel drives" in words(answer)
    assert "Dana has changed the driver to Ana since you looked." in words(answer)
    assert ticked(answer) == ["job1"]
    assert post(dana, "assign", now(jobs), SEVERAL, driver="joel", key="l").status_code == 200
    assert [job.crew.driver for job in now(jobs)] == ["joel", "joel"]


def test_a_script_gets_what_is_told_alone(dana: Client, jobs: JobRepository) -> None:
    made = put(jobs, 1, status=BOOKED)
    form = {"do": "assign", "driver": "joel", "job": f"{made[0].id}/1", "key": "k"}
    answer = dana.post(SEVERAL, form, headers=FETCH)
    assert text(answer).lstrip().startswith('<div class="notice told"')
    assert 'data-done="job0 "' in text(answer)


def test_what_is_unset_and_who_asks_for_the_address_is_led_to_the_board(dana: Client) -> None:
    assert dana.get(SEVERAL).headers["Location"] == BOARD
    assert post(dana, "assign", [], SEVERAL).status_code == 422
    assert wiring.jobs(BUSINESS).read().jobs == ()


def test_those_ticked_are_printed_on_a_page_of_their_own(dana: Client, jobs: JobRepository) -> None:
    made = put(jobs, 2, status=BOOKED)
    answer = post(dana, "print", made, SEVERAL)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/dashboard/jobs/sheet?job=job0&job=job1"
    assert "Customer 1" in words(dana.get(answer.headers["Location"]))
