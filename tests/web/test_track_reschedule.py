"""A customer moves their own pickup to another window."""

from datetime import date
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.job import Crew, Eta, Job, OnMyWay, Window
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import (
    BUSINESS,
    DANA,
    FULL,
    LARGE,
    NOON,
    TOKEN,
    FakeClock,
    make_job,
    unavailable,
)
from tests.web.pages import sent_back, text, words
from tests.web.test_capacity import PLACES, fill

PAGE = f"/track/{TOKEN}"
ASK = f"{PAGE}/reschedule"
ID = "jXkL9m2pQ"
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status


def on(day: str, name: str = "morning") -> Window:
    window = BUSINESS.agreed_window(date.fromisoformat(day), name)
    assert window
    return window


MONDAY, TUESDAY = on("2026-05-25"), on("2026-05-26")


@pytest.fixture(autouse=True)
def crew(roster: RosterRepository) -> None:
    """Joel and Ana drive."""


def put(jobs: JobRepository, **fields: Any) -> None:
    made = make_job(**{"status": BOOKED, "window": MONDAY, **fields})
    jobs.change(lambda book: book.put(made))


def stored(jobs: JobRepository) -> Job:
    return jobs.read().job(ID)


def choose(client: Client, value: str = "2026-05-26 morning", **fields: Any) -> Any:
    return client.post(ASK, {"window": value, **fields})


@pytest.mark.parametrize(
    ("status", "then"), [(PENDING, PENDING), (BOOKED, BOOKED), (READY, BOOKED)]
)
def test_another_window_is_taken_and_who_was_ready_is_so_no_more(
    client: Client, jobs: JobRepository, status: Status, then: Status
) -> None:
    put(jobs, status=status)
    page = client.get(ASK)
    assert "So far: Mon, May 25 · Morning" in words(page)
    answer = client.post(ASK, {**sent_back(page, ""), "window": "2026-05-26 morning"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")
    job = stored(jobs)
    assert (job.window, job.status) == (TUESDAY, then)
    assert {event.by for event in job.history} == {"customer"}
    shown = words(client.get(PAGE))
    assert "for Tuesday, May 26, 8 AM–12 PM" in shown
    assert "was Mon, May 25 · Morning, 8 AM–12 PM" in shown
    assert f'action="{PAGE}/undo"' not in text(client.get(PAGE)), "it is chosen anew instead"


def test_date_and_window_may_come_apart(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    assert client.post(ASK, {"date": "2026-05-26", "window": "morning"}).status_code == 303
    assert stored(jobs).window == TUESDAY


def test_the_page_shows_each_day_with_what_is_left(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    fill(jobs, PLACES, window=TUESDAY)
    fill(jobs, PLACES - 1, "other", window=on("2026-05-27"))
    page = client.get(ASK)
    shown = words(page)
    assert "Monday, May 25 8 AM–12 PM your time now 12–4 PM 8 left" in shown
    assert "Tuesday, May 26 8 AM–12 PM full" in shown
    assert 'value="2026-05-25 morning" required disabled' in text(page)
    assert "Wednesday, May 27 8 AM–12 PM 1 left" in shown
    assert "Sunday" not in shown, "we are closed then"
    assert len(page.content) < 25 * 1024


def test_a_window_that_fills_meanwhile_is_refused_with_the_nearest(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    form = sent_back(client.get(ASK), "")
    fill(jobs, window=TUESDAY)
    answer = client.post(ASK, {**form, "window": "2026-05-26 morning"})
    assert answer.status_code == 409
    assert "Tue, May 26 · Morning, 8 AM–12 PM is full now." in words(answer)
    assert 'name="instead" value="2026-05-26 afternoon"' in text(answer)
    assert stored(jobs).window == MONDAY
    again = client.post(ASK, {**form, "window": "", "instead": "2026-05-26 afternoon"})
    assert again.status_code == 303
    assert stored(jobs).window == on("2026-05-26", "afternoon")


def test_an_old_request_finds_no_room_where_there_is_none(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """Though it holds its place for four hours only."""
    put(jobs, status=PENDING)
    fill(jobs, window=TUESDAY)
    clock.tick(5 * 3600)
    assert choose(client).status_code == 409
    assert stored(jobs).window == MONDAY


def test_its_own_place_is_no_obstacle_in_the_same_window_of_other_hours(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs, window=replace(TUESDAY, start="09:00"))
    fill(jobs, PLACES - 1, window=TUESDAY)
    assert choose(client).status_code == 303
    assert stored(jobs).window == TUESDAY


@pytest.mark.parametrize("status", [STARTED, DONE, CANCELLED])
def test_what_is_under_way_or_over_keeps_its_time(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    put(jobs, status=status)
    for answer in (client.get(ASK), choose(client)):
        assert answer.status_code == 422
        assert "cannot be changed here any more" in words(answer)
        assert "(619) 555-0100" in words(answer)
    assert stored(jobs).window == MONDAY


@pytest.mark.parametrize(("early", "status"), [(1, 303), (0, 422), (-1, 422)])
def test_the_cut_off_is_the_one_of_cancelling(
    client: Client, jobs: JobRepository, clock: FakeClock, early: int, status: int
) -> None:
    put(jobs)
    cut_off = BUSINESS.span(MONDAY)[0].timestamp() - 12 * 3600
    clock.tick(cut_off - NOON.timestamp() - early)
    assert (ASK in text(client.get(PAGE))) == (status == 303)
    answer = choose(client)
    assert answer.status_code == status
    if status == 422:
        assert "It is too late to choose another time here. Please call us." in words(answer)
        assert client.get(ASK).status_code == 422
    assert (stored(jobs).window == TUESDAY) == (status == 303)


def test_a_request_is_moved_at_any_time(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, status=PENDING)
    clock.at = BUSINESS.span(MONDAY)[1]
    clock.tick(60)
    assert choose(client).status_code == 303
    assert stored(jobs).window == TUESDAY


def test_in_two_tabs_the_second_sees_what_the_first_has_done(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    first, second = (sent_back(client.get(ASK), "") for _ in range(2))
    client.post(ASK, {**first, "window": "2026-05-26 morning"})
    answer = client.post(ASK, {**second, "window": "2026-05-27 morning"})
    assert answer.status_code == 409
    assert "The time has changed meanwhile. This is how it is now." in words(answer)
    assert "Confirmed for Tuesday, May 26" in words(answer)
    assert stored(jobs).window == TUESDAY
    same = client.post(ASK, {**second, "window": "2026-05-26 morning"})
    assert same.status_code == 303, "it is as they want it"


def test_a_tab_from_before_it_moved_on_changes_nothing(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    form = sent_back(client.get(ASK), "")
    client.post(f"{PAGE}/ready")
    answer = client.post(ASK, {**form, "window": "2026-05-26 morning"})
    assert answer.status_code == 409
    assert "You have moved this pickup to “Ready for Pickup” meanwhile." in words(answer)
    assert (stored(jobs).window, stored(jobs).status) == (MONDAY, READY)


def test_what_the_office_does_besides_is_no_obstacle(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    form = sent_back(client.get(ASK), "")
    dispatch.jobs.assign(BUSINESS, ID, {"driver": "joel"}, by=DANA)
    assert client.post(ASK, {**form, "window": "2026-05-26 morning"}).status_code == 303
    assert (stored(jobs).window, stored(jobs).crew.driver) == (TUESDAY, "joel")


def test_sent_twice_it_is_done_once(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=READY)
    form = sent_back(client.get(ASK), "")
    for _ in range(2):
        answer = client.post(ASK, {**form, "window": "2026-05-26 morning"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")
    dispatch.jobs.edit(BUSINESS, ID, {"window": MONDAY}, by=DANA)
    client.post(ASK, {**form, "window": "2026-05-26 morning"})
    assert stored(jobs).window == MONDAY, "a late copy does not undo what came after it"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "Please choose a time."),
        ("2026-05-24 morning", "We have no such time on Sun, May 24."),
        ("2026-05-20 morning", "is over"),
        ("2026-05-22 afternoon", "We need 3 hours’ notice."),
        ("2027-05-26 morning", "We take bookings up to"),
        ("2026-05-26 midnight", "There is no window of that name"),
        ("2026-13-26 morning", "That is no date"),
        ("morning", "Give both the date and the window."),
        ("2026-05-26 ", "Give both the date and the window."),
        ("\0 \0", "control characters"),
        ("9" * 5000, "It has 5000 characters"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_why(
    client: Client, jobs: JobRepository, value: str, why: str
) -> None:
    put(jobs)
    answer = choose(client, value)
    assert answer.status_code == 422
    assert why in words(answer)
    assert "Take this time" in words(answer)
    assert stored(jobs).window == MONDAY


@pytest.mark.parametrize("fields", [{"version": "x"}, {"version": "9" * 40}, {"expected": "x"}])
def test_what_no_page_of_ours_sends_is_refused(
    client: Client, jobs: JobRepository, fields: dict[str, str]
) -> None:
    put(jobs)
    assert choose(client, **fields).status_code == 422
    assert stored(jobs).window == MONDAY


def test_a_day_that_is_closed_meanwhile_is_refused(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    with override_settings(BUSINESSES=(replace(BUSINESS, closed=(TUESDAY.date,)),)):
        answer = choose(client)
        assert answer.status_code == 422
        assert "We are closed on Tue, May 26." in words(answer)
        assert "Tuesday, May 26" not in words(client.get(ASK))


def test_nobody_is_on_the_way_to_the_new_window_yet(client: Client, jobs: JobRepository) -> None:
    said = {"on_my_way": OnMyWay(at=NOON, by="joel"), "eta": Eta(at=NOON, said_at=NOON, by="joel")}
    put(jobs, crew=Crew(driver="joel"), stop=2, **said)
    choose(client)
    job = stored(jobs)
    assert (job.on_my_way, job.eta, job.stop, job.crew.driver) == (None, None, None, "joel")


def test_out_of_reach_it_is_asked_once_more_under_the_same_key(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    with unavailable(jobs):
        answer = choose(client, key="one-visit")
    assert answer.status_code == 503
    assert 'name="key" value="one-visit"' in text(answer)
    assert 'value="2026-05-26 morning" required checked' in text(answer)
    assert choose(client, key="one-visit").status_code == 303


def test_out_of_reach_the_time_of_the_button_that_was_pressed_stays_chosen(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    with unavailable(jobs):
        answer = choose(client, instead="2026-05-26 afternoon")
    assert answer.status_code == 503
    assert 'value="2026-05-26 afternoon" required checked' in text(answer)


def test_a_window_with_too_little_room_for_this_much_is_not_called_full(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs, load=FULL.name)
    fill(jobs, PLACES - 1, window=TUESDAY)
    fill(jobs, prefix="other", window=on("2026-05-27"))
    with override_settings(BUSINESSES=(LARGE,)):
        shown = words(client.get(ASK))
    assert "Tuesday, May 26 8 AM–12 PM too little room" in shown
    assert "Wednesday, May 27 8 AM–12 PM full" in shown


def test_a_window_that_is_over_today_does_not_say_that_the_day_is(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    answer = choose(client, "2026-05-22 morning")
    assert answer.status_code == 422
    assert "It is too late for that time. Please choose a later one." in words(answer)
    assert "May 22 is over" not in words(answer)


def test_where_no_notice_is_asked_for_none_is_spoken_of(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs)
    clock.tick(60)
    with override_settings(BUSINESSES=(replace(BUSINESS, notice_hours=0),)):
        answer = choose(client, "2026-05-22 afternoon")
    assert "It is too late for that time. Please choose a later one." in words(answer)


def test_a_job_without_a_window_is_given_one(client: Client, jobs: JobRepository) -> None:
    put(jobs, window=None)
    assert "So far: No time agreed yet" in words(client.get(ASK))
    assert choose(client).status_code == 303
    assert stored(jobs).window == TUESDAY


def test_who_changes_their_mind_all_day_is_limited(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    answers = [
        choose(client, f"2026-05-{26 + n % 2} morning", key=f"{n}").status_code for n in range(25)
    ]
    assert answers == [303] * 20 + [429] * 5


def test_the_crew_read_it_in_the_history(client: Client, dana: Client, jobs: JobRepository) -> None:
    put(jobs)
    choose(client)
    drawer = words(dana.get(f"/dashboard/jobs/{ID}"))
    assert "Edited: window Mon, May 25 (Morning) → Tue, May 26 (Morning) The customer" in drawer


def test_who_runs_the_day_is_told_until_a_member_has_done_something_with_it(
    client: Client, dana: Client, joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, crew=Crew(driver="joel"))
    clock.tick(1)
    choose(client)
    told = "Moved by customer the customer chose Tue, May 26 (Morning)"
    assert f"{told} Tell the driver, and note it" in words(dana.get("/dashboard/board"))
    assert f"{told} Look at it" in words(joel.get("/dashboard/board"))
    clock.tick(1)
    dispatch.jobs.note(BUSINESS, ID, "Joel can", by=DANA)
    assert told not in words(dana.get("/dashboard/board"))


def test_of_a_job_without_a_driver_nobody_is_told_more(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    put(jobs)
    choose(client)
    assert "Moved by customer" not in words(dana.get("/dashboard/board"))
