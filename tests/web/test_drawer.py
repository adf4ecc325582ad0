"""The drawer: what the crew do to a job, and what happens when two do it at once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
from dispatch.domain.job import Crew, Eta, Job, PriceLine, Window
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, FakeClock, make_job, seconds
from tests.web.pages import text, words

DRAWER = "/dashboard/jobs/jXkL9m2pQ"
FETCH = {"X-Requested-With": "fetch"}
SATURDAY = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=BOOKED, window=SATURDAY, load="full")))


def the_job(jobs: JobRepository) -> Job:
    return jobs.read().job("jXkL9m2pQ")


def change(jobs: JobRepository, **fields: Any) -> None:
    """Somebody else's edit, as a new version."""
    dispatch.jobs.edit(BUSINESS, "jXkL9m2pQ", fields, by=DANA)


def press(client: Client, action: str, **fields: Any) -> Any:
    return client.post(f"{DRAWER}/{action}", fields)


def everything(jobs: JobRepository, **changed: Any) -> dict[str, Any]:
    """What a browser sends: every field of the form as it was shown, but for what was changed."""
    job = the_job(jobs)
    return {
        **{name: getattr(job, name) for name in ("customer_name", "phone", "email", "location")},
        **{name: getattr(job, name) for name in ("access_notes", "load", "price", "truck")},
        "date": job.window.date.isoformat() if job.window else "",
        "window": job.window.name if job.window else "",
        "version": job.version,
        **changed,
    }


# --- the drawer itself ------------------------------------------------------------------


def test_the_drawer_shows_all_that_the_crew_need(dana: Client, jobs: JobRepository) -> None:
    change(jobs, phone="+16195550142", access_notes="Gate code 4411", truck="T2")
    page = words(dana.get(DRAWER))
    for fact in ("(619) 555-0142", "Gate code 4411", "T2", "$600", "Sat, May 23", "Edited:"):
        assert fact in page


def test_a_script_gets_the_drawer_alone_a_person_a_whole_page(dana: Client) -> None:
    assert text(dana.get(DRAWER, headers=FETCH)).lstrip().startswith("<article")
    assert text(dana.get(DRAWER)).startswith("<!doctype html>")


@pytest.mark.parametrize("action", ["", "/move", "/assign", "/notes", "/eta", "/edit"])
def test_a_job_that_is_not_there_is_404_with_a_way_back(dana: Client, action: str) -> None:
    fields = {"status": "booked", "text": "x", "eta": "12:00", "driver": "joel"}
    path = f"/dashboard/jobs/nope{action}"
    page = dana.post(path, fields) if action else dana.get(path)
    assert page.status_code == 404
    assert "There is no such job" in words(page)


def test_a_viewer_sees_no_buttons(vic: Client) -> None:
    assert text(vic.get(DRAWER)).count("<form") == 1  # that to sign out


# --- moving -----------------------------------------------------------------------------


def test_a_move_leads_back_to_where_the_form_was(joel: Client, jobs: JobRepository) -> None:
    answer = press(joel, "move", status="in_progress", expected="booked", back="/dashboard/?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/?q=x")
    assert (the_job(jobs).status, the_job(jobs).last_move.by) == (STARTED, "joel")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/track/x", "", "/dashboard\n/x", "\0"]
)
def test_a_form_leads_nowhere_else(joel: Client, back: str) -> None:
    answer = press(joel, "move", status="in_progress", back=back)
    assert answer.headers["Location"] == DRAWER


def test_a_script_gets_the_fresh_drawer(joel: Client) -> None:
    answer = joel.post(f"{DRAWER}/move", {"status": "in_progress"}, headers=FETCH)
    assert answer.status_code == 200
    assert 'data-status="in_progress"' in text(answer)
    assert "Moved to “In Progress”." in words(answer)


def test_who_saw_an_older_status_moves_nothing_and_is_told_who_did(
    joel: Client, jobs: JobRepository
) -> None:
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", READY, by=DANA)
    answer = press(joel, "move", status="in_progress", expected="booked")
    assert answer.status_code == 409
    assert "Dana has moved this job to “Ready for Pickup” at 12:00 PM." in words(answer)
    assert 'id="job-jXkL9m2pQ"' in text(answer)
    assert 'data-status="ready_for_pickup"' in text(answer)
    assert the_job(jobs).status is READY


def test_the_button_of_a_card_says_in_its_address_what_was_seen(
    joel: Client, jobs: JobRepository
) -> None:
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", READY, by=DANA)
    answer = joel.post(f"{DRAWER}/move?expected=booked", {"status": "ready_for_pickup"})
    assert answer.status_code == 409


def test_a_conflict_with_the_customer_names_the_customer(joel: Client) -> None:
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", READY, by=THE_CUSTOMER)
    answer = press(joel, "move", status="in_progress", expected="booked")
    assert "The customer has moved this job" in words(answer)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "pending"}, "Only a dispatcher can move a job"),
        ({"status": "booked"}, "Say why it could not be done"),
        ({"status": "booked", "reason": "other"}, "Say why it could not be done"),
        ({"status": "teleported"}, "There is no such status."),
        ({"status": ""}, "There is no such status."),
        ({}, "There is no such status."),
        ({"status": "in_progress", "expected": "lost"}, "There is no such status."),
    ],
)
def test_a_move_that_is_not_allowed_changes_nothing_and_says_why(
    joel: Client, jobs: JobRepository, fields: dict[str, str], told: str
) -> None:
    before = the_job(jobs)
    answer = press(joel, "move", **fields)
    assert answer.status_code == 422
    assert told in words(answer)
    assert the_job(jobs) == before


def test_could_not_do_it_is_kept_with_its_code_and_words(joel: Client, jobs: JobRepository) -> None:
    press(joel, "move", status="booked", reason="other", text="the street was closed")
    assert the_job(jobs).history[-1].reason == "other: the street was closed"


def test_old_names_of_statuses_are_taken_too(joel: Client, jobs: JobRepository) -> None:
    press(joel, "move", status="done", expected="confirmed")
    assert the_job(jobs).status is DONE


def test_undo_is_offered_for_a_minute_to_whoever_moved(
    joel: Client, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    press(joel, "move", status="completed")
    assert "Undo: back to Booking Confirmed" in words(joel.get(DRAWER))
    assert "Undo" not in words(dana.get(DRAWER))
    clock.tick(61)
    assert "Undo" not in words(joel.get(DRAWER))
    assert press(joel, "move", status="booked", reason="undo").status_code == 422


# --- crew -------------------------------------------------------------------------------


def test_a_dispatcher_assigns_people_to_roles(dana: Client, jobs: JobRepository) -> None:
    assert press(dana, "assign", driver="joel", first_mate="ana", version=1).status_code == 303
    assert the_job(jobs).crew == Crew(driver="joel", first_mate="ana")
    press(dana, "assign", driver="", version=2)
    assert the_job(jobs).crew == Crew(first_mate="ana")


@pytest.mark.parametrize("username", ["vic", "dana", "pete", "x" * 32])
def test_who_cannot_take_a_role_is_refused_and_who_can_is_named(
    dana: Client, jobs: JobRepository, username: str
) -> None:
    answer = press(dana, "assign", driver=username)
    assert answer.status_code == 409
    assert "Joel, Ana." in words(answer)
    assert the_job(jobs).crew == Crew()


def test_two_who_assign_different_roles_both_succeed(dana: Client, jobs: JobRepository) -> None:
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"first_mate": "ana"}, by=DANA)
    form = {"driver": "joel", "first_mate": "", "supervisor": "", "version": 1}
    assert press(dana, "assign", **form).status_code == 303
    assert the_job(jobs).crew == Crew(driver="joel", first_mate="ana")


def test_two_who_assign_one_role_do_not_overwrite_each_other(
    dana: Client, jobs: JobRepository
) -> None:
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"driver": "ana"}, by=DANA)
    answer = press(dana, "assign", driver="joel", version=1)
    assert answer.status_code == 409
    assert "Somebody else has changed the driver" in words(answer)
    assert the_job(jobs).crew == Crew(driver="ana")


# --- notes and estimates ----------------------------------------------------------------


def test_a_note_is_kept_and_shown_as_text(joel: Client, jobs: JobRepository) -> None:
    press(joel, "notes", text="<b>dog</b> in yard")
    assert [(note.by, note.text) for note in the_job(jobs).notes] == [
        ("joel", "<b>dog</b> in yard")
    ]
    assert "&lt;b&gt;dog&lt;/b&gt; in yard" in text(joel.get(DRAWER))


@pytest.mark.parametrize("said", ["", "  \n ", "x" * 2001, "\0"])
def test_a_note_that_cannot_be_is_refused(joel: Client, jobs: JobRepository, said: str) -> None:
    assert press(joel, "notes", text=said).status_code == 422
    assert the_job(jobs).notes == ()


def test_notes_of_two_at_once_are_both_kept(
    joel: Client, dana: Client, jobs: JobRepository
) -> None:
    press(joel, "notes", text="one")
    press(dana, "notes", text="two")
    assert [note.text for note in the_job(jobs).notes] == ["one", "two"]


def test_an_estimate_is_a_clock_time_of_today_here(joel: Client, jobs: JobRepository) -> None:
    press(joel, "eta", eta="14:20")
    eta = the_job(jobs).eta
    assert eta
    assert (eta.at, eta.said_at, eta.by) == (NOON + seconds(8400), NOON, "joel")
    press(joel, "eta", eta="")
    assert the_job(jobs).eta is None


@pytest.mark.parametrize("at", Status)
def test_an_estimate_is_asked_for_and_shown_while_the_crew_are_to_come(
    dana: Client, jobs: JobRepository, at: Status
) -> None:
    eta = Eta(at=NOON, said_at=NOON, by="joel")
    jobs.change(lambda book: book.put(make_job(status=at, eta=eta)))
    page = words(dana.get(DRAWER))
    shown = at in (BOOKED, READY)
    assert ("Expected 12:00 PM said at 12:00 PM by Joel" in page) == shown
    assert ("Save estimate" in page) == ("On my way" in page) == shown


@pytest.mark.parametrize("said", ["25:00", "soon", "14:20\0", "٢٥"])
def test_what_is_no_time_is_no_estimate(joel: Client, jobs: JobRepository, said: str) -> None:
    assert press(joel, "eta", eta=said).status_code == 422
    assert the_job(jobs).eta is None


def test_on_my_way_is_told_once_the_job_is_confirmed(joel: Client, jobs: JobRepository) -> None:
    press(joel, "eta", on_my_way="1")
    way = the_job(jobs).on_my_way
    assert way
    assert (way.at, way.by) == (NOON, "joel")
    assert the_job(jobs).status is BOOKED


def test_on_my_way_is_for_confirmed_jobs(joel: Client, jobs: JobRepository) -> None:
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", STARTED, by=JOEL)
    answer = press(joel, "eta", on_my_way="1")
    assert answer.status_code == 422
    assert "“On my way” is for confirmed jobs" in words(answer)


# --- editing ----------------------------------------------------------------------------


def test_an_edit_changes_what_was_typed_and_nothing_else(dana: Client, jobs: JobRepository) -> None:
    before = the_job(jobs)
    press(dana, "edit", **everything(jobs, price="650", phone="619 555 0142"))
    after = the_job(jobs)
    assert (after.price, after.phone, after.version) == (650, "+16195550142", 2)
    assert (after.window, after.load, after.location) == (before.window, "full", before.location)
    assert set(after.history[-1].changes or ()) == {"price", "phone"}


def test_an_edit_may_bring_one_field_alone(dana: Client, jobs: JobRepository) -> None:
    press(dana, "edit", truck="T7")
    assert (the_job(jobs).truck, the_job(jobs).customer_name) == ("T7", "Mark")


def test_saving_what_is_there_already_changes_nothing(dana: Client, jobs: JobRepository) -> None:
    before = jobs.read().revision
    assert press(dana, "edit", **everything(jobs)).status_code == 303
    assert jobs.read().revision == before


def test_the_phone_stands_in_the_form_as_people_write_it(dana: Client, jobs: JobRepository) -> None:
    change(jobs, phone="+16195550142")
    before = jobs.read().revision
    shown = "(619) 555-0142"
    assert f'value="{shown}"' in text(dana.get(DRAWER))
    assert press(dana, "edit", **everything(jobs, phone=shown)).status_code == 303
    assert jobs.read().revision == before


def test_fields_that_nobody_else_touched_go_through(dana: Client, jobs: JobRepository) -> None:
    form = everything(jobs, truck="T7")
    change(jobs, access_notes="Gate code 4411", price=Decimal(700))
    assert press(dana, "edit", **form).status_code == 303
    job = the_job(jobs)
    assert (job.truck, job.access_notes, job.price) == ("T7", "Gate code 4411", 700)


def test_a_field_that_somebody_else_changed_is_a_conflict_that_loses_nothing(
    dana: Client, jobs: JobRepository
) -> None:
    form = everything(jobs, price="650", truck="T7")
    change(jobs, price=Decimal(700))
    answer = press(dana, "edit", **form)
    assert answer.status_code == 409
    assert "Somebody else has changed the price since you looked." in words(answer)
    assert 'id="job-jXkL9m2pQ"' in text(answer)
    assert 'value="650"' in text(answer)
    assert 'value="T7"' in text(answer)
    assert (the_job(jobs).price, the_job(jobs).truck) == (700, "")


def test_the_same_change_by_two_is_no_conflict(dana: Client, jobs: JobRepository) -> None:
    form = everything(jobs, price="700")
    change(jobs, price=Decimal(700))
    assert press(dana, "edit", **form).status_code == 303


def test_a_move_in_between_is_no_conflict_for_an_edit(dana: Client, jobs: JobRepository) -> None:
    form = everything(jobs, truck="T7")
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", STARTED, by=JOEL)
    assert press(dana, "edit", **form).status_code == 303
    assert (the_job(jobs).status, the_job(jobs).truck) == (STARTED, "T7")


def test_a_price_that_became_a_sum_in_between_is_a_conflict(
    dana: Client, jobs: JobRepository
) -> None:
    form = everything(jobs, price="650")
    change(jobs, price_lines=(PriceLine(label="Full load", amount=Decimal(610)),))
    assert press(dana, "edit", **form).status_code == 409
    assert the_job(jobs).price == 610


def test_the_window_is_taken_away_when_both_parts_are_empty(
    dana: Client, jobs: JobRepository
) -> None:
    press(dana, "edit", **everything(jobs, date="", window=""))
    assert the_job(jobs).window is None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("customer_name", "", "Please give a name."),
        ("phone", "ask for Bob", "does not look like a phone number"),
        ("email", "nope", "does not look like an e-mail address"),
        ("price", "-1", "It must be from 0 to 99,999."),
        ("price", "1.234", "more than two decimals"),
        ("price", "NaN", "no amount of money"),
        ("price", "1e9", "It must be from 0 to 99,999."),
        ("date", "", "Give both the date and the window"),
        ("date", "tomorrow", "That is no date"),
        ("date", "0001-01-01", "It must be from 2000 to 2199."),
        ("date", "9999-12-31", "It must be from 2000 to 2199."),
        ("window", "midnight", "There is no window of that name"),
        ("load", "whole-house", "There is no such load"),
        ("version", "x", ""),
    ],
)
def test_an_edit_that_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(
    dana: Client, jobs: JobRepository, field: str, value: str, told: str
) -> None:
    before = the_job(jobs)
    answer = press(dana, "edit", **everything(jobs, **{"truck": "T7", field: value}))
    assert answer.status_code == 422
    assert told in words(answer)
    assert 'value="T7"' in text(answer)
    assert the_job(jobs) == before


@pytest.mark.parametrize(
    ("action", "fields"), [("edit", {"truck": "T7"}), ("assign", {"driver": "joel"})]
)
def test_a_version_that_the_job_never_had_is_refused_and_can_be_sent_again(
    dana: Client, jobs: JobRepository, action: str, fields: dict[str, str]
) -> None:
    before = the_job(jobs)
    answer = press(dana, action, **fields, version=99)
    assert answer.status_code == 422
    assert "never had a version 99" in words(answer)
    assert the_job(jobs) == before
    assert 'value="99"' not in text(answer)


def test_old_values_that_would_be_refused_today_do_not_stand_in_the_way(
    dana: Client, jobs: JobRepository
) -> None:
    """An imported job may have a phone that is none; its price can be changed all the same."""
    old = make_job(
        phone="ask for Bob", email="none", location="x" * 400, load="attic", truck="y" * 50
    )
    jobs.change(lambda book: book.put(old))
    assert press(dana, "edit", **everything(jobs, price="650")).status_code == 303
    assert (the_job(jobs).price, the_job(jobs).phone) == (650, "ask for Bob")
    assert press(dana, "edit", price="660").status_code == 303
    assert press(dana, "edit", phone="still none").status_code == 422


def test_how_a_browser_ends_its_lines_is_no_edit(dana: Client, jobs: JobRepository) -> None:
    change(jobs, access_notes="Gate code 4411\nRing twice")
    before = jobs.read().revision
    press(dana, "edit", **everything(jobs, access_notes="Gate code 4411\r\nRing twice"))
    assert jobs.read().revision == before


def test_an_old_window_that_is_no_longer_offered_is_kept(dana: Client, jobs: JobRepository) -> None:
    night = Window(date=date(2026, 5, 23), name="night", start="20:00", end="23:00")
    jobs.change(lambda book: book.put(make_job(window=night)))
    assert press(dana, "edit", **everything(jobs, truck="T7")).status_code == 303
    assert the_job(jobs).window == night


# --- a job taken by phone ---------------------------------------------------------------

BY_PHONE = {
    "customer_name": "Grace Kim",
    "phone": "619-555-0127",
    "location": "6021 Waverly Ave",
    "load": "half",
    "date": "2026-05-24",
    "window": "morning",
    "status": "booked",
    "key": "one-visit",
}


def test_a_job_taken_by_phone_is_on_the_board_as_booked(dana: Client, jobs: JobRepository) -> None:
    answer = dana.post("/dashboard/jobs/new", BY_PHONE)
    assert answer.status_code == 303
    job = jobs.read().job(answer.headers["Location"].rsplit("/", 1)[1])
    assert (job.status, job.price, job.phone) == (BOOKED, 320, "+16195550127")
    assert job.history[0].by == "dana"
    assert len(job.tracking_token) == 32


def test_a_price_that_was_agreed_wins_over_the_loads(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", BY_PHONE | {"price": "299.50"})
    assert jobs.read().jobs[-1].price == Decimal("299.50")


def test_a_job_for_free_is_free(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", BY_PHONE | {"price": "0"})
    assert jobs.read().jobs[-1].price == 0


def test_a_double_click_makes_one_job(dana: Client, jobs: JobRepository) -> None:
    first, second = (dana.post("/dashboard/jobs/new", BY_PHONE) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(jobs.read().jobs) == 2


def test_the_key_of_another_job_makes_no_job_and_says_so(dana: Client, jobs: JobRepository) -> None:
    dana.post("/dashboard/jobs/new", BY_PHONE)
    page = dana.post("/dashboard/jobs/new", BY_PHONE | {"location": "Texas St"})
    assert page.status_code == 409
    assert "You have already saved this as another job." in words(page)
    assert len(jobs.read().jobs) == 2


@pytest.mark.parametrize("status", ["completed", "in_progress", "cancelled", "", "lost"])
def test_no_job_starts_elsewhere(dana: Client, jobs: JobRepository, status: str) -> None:
    assert dana.post("/dashboard/jobs/new", BY_PHONE | {"status": status}).status_code == 422
    assert len(jobs.read().jobs) == 1


def test_an_empty_form_is_refused_not_opened_anew(dana: Client) -> None:
    page = dana.post("/dashboard/jobs/new", {})
    assert page.status_code == 422
    assert "Please give a name." in words(page)


def test_names_of_the_roster_are_shown_not_usernames(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    press(dana, "assign", driver="joel")
    assert "Joel" in words(dana.get("/dashboard/board"))


def test_sending_again_after_a_conflict_does_not_undo_what_others_changed(
    dana: Client, jobs: JobRepository
) -> None:
    mine = everything(jobs, price="650")
    change(jobs, price=Decimal(500), truck="T2")
    refused = press(dana, "edit", **mine)
    assert refused.status_code == 409
    form = refused.context["forms"]["edit"]
    assert (form["price"].value(), form["truck"].value()) == ("650", "T2")
    again = {field.name: field.value() for field in form}
    assert press(dana, "edit", **again).status_code == 303
    assert (the_job(jobs).price, the_job(jobs).truck) == (Decimal(650), "T2")


def test_sending_again_after_a_mistake_does_not_undo_what_others_changed(
    dana: Client, jobs: JobRepository
) -> None:
    mine = everything(jobs, email="no e-mail")
    change(jobs, truck="T2")
    refused = press(dana, "edit", **mine)
    assert refused.status_code == 422
    again = {field.name: field.value() for field in refused.context["forms"]["edit"]}
    assert press(dana, "edit", **again | {"email": "a@b.example"}).status_code == 303
    assert (the_job(jobs).email, the_job(jobs).truck) == ("a@b.example", "T2")
    assert f'name="version" value="{mine["version"]}"' in text(refused)
