"""Windows fill up: what customers are offered, and how a dispatcher goes beyond."""

from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.availability import INSISTED
from dispatch.domain.job import Job
from dispatch.domain.moves import UNDO
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, DANA, LARGE, NOON, FakeClock, make_job, unavailable
from tests.web.api import Program
from tests.web.pages import text, words

SATURDAY = NOON.date().replace(day=23)
MORNING, AFTERNOON = BUSINESS.windows_on(SATURDAY)
FETCH = {"X-Requested-With": "fetch"}
MARKS = {
    "load": "full",
    "date": "2026-05-23",
    "window": "morning",
    "location": "Soderblom Ave",
    "customer_name": "Mark",
    "phone": "619-555-0142",
    "key": "one-visit-of-the-form",
}
PLACES = 8  # two trucks, four jobs each


@pytest.fixture(autouse=True)
def crew(roster: RosterRepository) -> None:
    """Joel and Ana drive."""


def fill(jobs: JobRepository, count: int = PLACES, prefix: str = "job", **fields: Any) -> list[Job]:
    """So many jobs on Saturday morning."""
    made = [
        make_job(
            **{
                "id": f"{prefix}-{number}",
                "customer_name": "Somebody",
                "tracking_token": f"{prefix}{number:032}",
                "status": Status.BOOKED,
                "window": MORNING,
                **fields,
            }
        )
        for number in range(count)
    ]
    jobs.change(lambda book: book.put(*made))
    return made


def book(client: Client, **fields: Any) -> Any:
    return client.post("/book/", MARKS | fields)


def named(jobs: JobRepository, name: str) -> Job:
    (job,) = (job for job in jobs.read().jobs if job.customer_name == name)
    return job


def test_the_form_says_what_is_left_in_each_window(client: Client, jobs: JobRepository) -> None:
    fill(jobs, PLACES - 1)
    assert "Sat, May 23 Morning: 1 left Afternoon: 8 left" in words(client.get("/book/"))
    fill(jobs)
    page = client.get("/book/")
    assert "Sat, May 23 Morning: full Afternoon: 8 left" in words(page)
    assert 'data-window="morning" data-places="0">full<' in text(page)
    assert 'value="2026-05-23" required>' in text(page)


def test_a_day_without_a_place_can_be_chosen_by_nobody_who_has_not_done_so(
    client: Client, jobs: JobRepository
) -> None:
    fill(jobs)
    assert 'value="2026-05-23" required>' in text(client.get("/book/"))
    fill(jobs, window=AFTERNOON, count=PLACES, prefix="later")
    assert 'value="2026-05-23" required disabled>' in text(client.get("/book/"))
    page = book(client)
    assert page.status_code == 409
    assert 'value="2026-05-23" required checked>' in text(page)


def test_out_of_reach_the_form_offers_the_windows_and_says_nothing_of_places(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    with unavailable(jobs, roster):
        page = words(client.get("/book/"))
    assert "Sat, May 23 Morning Afternoon" in page
    assert "left" not in page


def test_a_full_window_is_refused_with_the_nearest_that_are_open_and_one_tap_books_one(
    client: Client, jobs: JobRepository
) -> None:
    fill(jobs)
    page = book(client)
    assert page.status_code == 409
    assert "Sat, May 23 · Morning, 8" in words(page)
    assert "is full now. Nothing you typed is lost." in words(page)
    assert "call (619) 555-0100" in words(page)
    assert 'value="Mark"' in text(page)
    assert "Soderblom Ave" in text(page)
    for near in ("2026-05-23 afternoon", "2026-05-25 morning", "2026-05-25 afternoon"):
        assert f'name="instead" value="{near}"' in text(page)
    answer = book(client, instead="2026-05-23 afternoon")
    assert answer.status_code == 303
    assert named(jobs, "Mark").window == AFTERNOON


def test_a_load_that_takes_more_than_is_left_is_told_so(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    fill(jobs, PLACES - 1)
    with override_settings(BUSINESSES=(LARGE,)):
        page = words(book(client))
        assert "There is too little room left for this much on Sat, May 23 · Morning" in page
        assert "is full" not in page
        page = words(dana.post("/dashboard/jobs/new", MARKS | {"status": "booked"}))
    said = "has too little room for it: 7 of 8 places are taken, and this would be 1 too many."
    assert f"Sat, May 23 (Morning) {said}" in page


@pytest.mark.long
def test_of_64_who_want_the_last_place_one_has_it(jobs: JobRepository) -> None:
    fill(jobs, PLACES - 1)
    start, codes = Barrier(64, timeout=60), list[int]()

    def want(number: int) -> None:
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        fields = {"customer_name": f"Mark {number}", "key": f"visit {number}"}
        start.wait()
        codes.append(book(client, **fields).status_code)

    threads = [Thread(target=want, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(codes) == [303] + [409] * 63
    assert len(jobs.read().jobs) == PLACES


def test_a_business_that_confirms_by_itself_never_overbooks(
    client: Client, jobs: JobRepository
) -> None:
    fill(jobs)
    with override_settings(BUSINESSES=(replace(BUSINESS, confirm="auto"),)):
        assert book(client).status_code == 409
        assert book(client, instead="2026-05-23 afternoon").status_code == 303
    assert named(jobs, "Mark").status is Status.BOOKED


def test_where_nothing_is_open_the_phone_number_is_said(
    client: Client, jobs: JobRepository
) -> None:
    every = BUSINESS.bookable(NOON)
    many = [
        make_job(
            id=f"{n}-{place}", tracking_token=f"{n:016}{place:016}", status="booked", window=window
        )
        for n, window in enumerate(every)
        for place in range(PLACES)
    ]
    jobs.change(lambda book: book.put(*many))
    page = words(book(client))
    assert "Nothing else is free in the days that we can offer here. Or call (619) 555-0100" in page


@pytest.fixture
def postcodes() -> Iterator[None]:
    with override_settings(BUSINESSES=(replace(BUSINESS, areas=("919", "920", "921")),)):
        yield


@pytest.mark.usefixtures("postcodes")
def test_where_we_do_not_come_is_said_kindly(client: Client, jobs: JobRepository) -> None:
    far = book(client, postcode="90210")
    assert far.status_code == 422
    assert "We do not come to 90210 as a rule. Or call us: (619) 555-0100." in words(far)
    assert 'value="90210"' in text(far)
    assert "We need it to see whether we come to you." in words(book(client))
    assert book(client, postcode=" 92104 ").status_code == 303
    assert named(jobs, "Mark").postcode == "92104"


# --- the dispatcher ----------------------------------------------------------------------


def new_job(client: Client, **fields: Any) -> Any:
    typed = {"customer_name": "Nancy", "location": "Texas St", "status": "booked", "key": "one"}
    return client.post("/dashboard/jobs/new", typed | MARKS | {"customer_name": "Nancy"} | fields)


def test_a_dispatcher_goes_beyond_knowingly_with_a_new_job(
    dana: Client, jobs: JobRepository
) -> None:
    fill(jobs)
    page = new_job(dana)
    assert page.status_code == 409
    assert (
        "Sat, May 23 (Morning) is full: 8 of 8 places are taken, and this would be 1 too many."
        in (words(page))
    )
    assert "Put it there all the same" in words(page)
    assert new_job(dana, insist="1").status_code == 303
    assert named(jobs, "Nancy").history[0].reason == INSISTED


def test_confirming_into_a_full_window_is_asked_about(dana: Client, jobs: JobRepository) -> None:
    fill(jobs)
    fill(jobs, 1, id="late", tracking_token="l" * 32, status=Status.PENDING)
    move = "/dashboard/jobs/late/move"
    asked = dana.post(move, {"status": "booked", "expected": "pending"}, headers=FETCH)
    assert asked.status_code == 409
    assert "this would be 1 too many" in words(asked)
    for sent in (
        'name="status" value="booked"',
        'name="expected" value="pending"',
        'name="insist"',
    ):
        assert sent in text(asked)
    done = dana.post(move, {"status": "booked", "expected": "pending", "insist": "1"})
    assert done.status_code == 303
    assert jobs.read().job("late").status is Status.BOOKED
    assert "Booking Confirmed all the same" in words(dana.get("/dashboard/jobs/late"))


def test_another_window_that_is_full_is_asked_about(dana: Client, jobs: JobRepository) -> None:
    fill(jobs)
    other = make_job(id="other", tracking_token="t" * 32, status="booked", window=AFTERNOON)
    jobs.change(lambda book: book.put(other))
    edit = {"date": "2026-05-23", "window": "morning", "version": 1, "truck": "T1"}
    asked = dana.post("/dashboard/jobs/other/edit", edit)
    assert asked.status_code == 409
    assert 'name="truck" value="T1"' in text(asked)
    assert jobs.read().job("other").window == AFTERNOON
    assert dana.post("/dashboard/jobs/other/edit", edit | {"insist": "1"}).status_code == 303
    job = jobs.read().job("other")
    assert (job.window, job.truck, job.history[-1].reason) == (MORNING, "T1", INSISTED)


def test_programs_are_refused_alike_and_may_insist(roster: object, jobs: JobRepository) -> None:
    fill(jobs)
    dana = Program("dana")
    new = {
        "customer_name": "Nancy",
        "location": "Texas St",
        "window": {"date": "2026-05-23", "name": "morning"},
    }
    refused = dana.post("jobs", new)
    assert (refused.status_code, refused.json()["field"]) == (409, "window")
    assert refused.json()["insistable"] is True
    assert dana.post("jobs", new | {"window": None}).status_code == 201
    job = named(jobs, "Nancy").id
    assert dana.patch(f"jobs/{job}", {"window": new["window"]}).status_code == 409
    insisted = dana.patch(f"jobs/{job}", {"window": new["window"], "insist": True})
    assert insisted.status_code == 200
    assert dana.post("jobs", new | {"insist": True}).status_code == 201


def test_an_undo_into_a_window_that_has_filled_meanwhile_is_refused_and_says_why(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    mine = fill(jobs, PLACES)[0]
    dispatch.jobs.move(BUSINESS, mine.id, Status.CANCELLED, by=THE_CUSTOMER)
    clock.tick(10)
    book(client)
    with pytest.raises(WindowFull):
        dispatch.jobs.undo(BUSINESS, mine.id, by=THE_CUSTOMER)
    page = client.post(f"/track/{mine.tracking_token}/undo", {"expected": "cancelled"})
    assert page.status_code == 409
    assert "has filled up meanwhile" in words(page)
    assert "(619) 555-0100" in words(page)
    assert jobs.read().job(mine.id).status is Status.CANCELLED


def test_the_crews_undo_of_a_finish_is_never_refused_for_room(
    jobs: JobRepository, clock: FakeClock
) -> None:
    mine, *_ = fill(jobs, PLACES, status=Status.IN_PROGRESS)
    dispatch.jobs.move(BUSINESS, mine.id, Status.COMPLETED, by=DANA)
    fill(jobs, 1, id="another", tracking_token="a" * 32)
    assert dispatch.jobs.undo(BUSINESS, mine.id, by=DANA).job.history[-1].reason == UNDO
