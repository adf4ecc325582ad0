"""The drawer: what the crew do to a job, and what happens when two do it at once."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.job import Crew, Eta, Event, Job, OnMyWay, Window
from dispatch.domain.permissions import THE_CUSTOMER, Actor
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, TOKEN, FakeClock, make_job, seconds
from tests.web.api import Program
from tests.web.pages import text, words

DRAWER = "/dashboard/jobs/jXkL9m2pQ"
NO_STATUS = "There is no such status."
HOURS = {"start": "08:00", "end": "12:00"}
MORNING = {"date": "2026-05-23", "name": "morning", **HOURS}
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
    """A browser's POST: every field of the form as it was shown, but for what was changed."""
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


def test_the_drawer_shows_all_that_the_crew_need(vic: Client, jobs: JobRepository) -> None:
    change(jobs, phone="+16195550142", access_notes="Gate code 4411", truck="T2")
    answer = vic.get(DRAWER)
    for fact in ("(619) 555-0142", "Gate code 4411", "T2", "$600", "Sat, May 23", "Edited:"):
        assert fact in words(answer)
    assert text(answer).count('<form method="post"') == 1, (
        "a viewer's only button is that to sign out"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price": (12345.67, 12345.71)}, "price $12,345.67 → $12,345.71"),
        ({"price": (320.0, 0.0)}, "price $320 → $0"),
        ({"price": (None, 320)}, "price no price yet → $320"),
        (
            {"price_lines": ([], [{"label": "Half load", "amount": 320}])},
            "parts of the price nothing → Half load $320",
        ),
        (
            {
                "price_lines": (
                    [{"label": "Half load", "amount": 320}, {"label": "Stairs", "amount": "0"}],
                    [],
                )
            },
            "parts of the price Half load $320 + Stairs $0 → nothing",
        ),
        (
            {"window": (None, {"date": "2026-05-23", "name": "morning", **HOURS})},
            "window nothing → Sat, May 23 (Morning)",
        ),
        (
            {"window": ({"date": "2027-05-23", "name": "at_dusk", **HOURS}, None)},
            "window Sun, May 23, 2027 (At dusk) → nothing",
        ),
        ({"driver": ("joel", None)}, "driver Joel → nobody"),
        ({"driver": (None, "gone")}, "driver nobody → gone"),
        ({"load": ("half", "piano")}, "load Half load → piano"),
        ({"phone": ("", "+16195550142")}, "phone nothing → (619) 555-0142"),
        ({"eta": (None, "2026-05-22T21:20:00Z")}, "estimate nothing → 2:20 PM"),
        ({"eta": ("2026-05-23T08:20:00+02:00", None)}, "estimate 11:20 PM → nothing"),
        ({"eta": ("2026-05-24T21:20:00Z", None)}, "estimate Sun, May 24, 2:20 PM → nothing"),
        # Of a later version, or of nobody we know.
        ({"tags": (["a", "b"], [])}, "tags a, b → nothing"),
        ({"paid": (None, {"amount": 20, "method": "cash"})}, "nothing → amount 20, method cash"),
        ({"vip": (False, True)}, "vip no → yes"),
        ({"window": ("noon", {"date": "2026-05-23"})}, "window noon → date 2026-05-23"),
        (
            {"window": (MORNING, {**MORNING, "start": "09:00", "end": "11:30"})},
            "window Sat, May 23 (Morning) → Sat, May 23 (Morning), 9–11:30 AM",
        ),
        ({"price": ("a lot", "sNaN")}, "price a lot → sNaN"),
        ({"eta": ("soon", 7)}, "estimate soon → 7"),
    ],
)
def test_the_history_says_values_as_people_do(
    dana: Client, jobs: JobRepository, changes: dict[str, Any], said: str
) -> None:
    """Money, the times here, names and labels; nothing as Python or JSON writes it."""
    event = Event(at=NOON, by="dana", what="edited", version=2, changes=changes)
    jobs.change(lambda book: book.put(replace(book.job("jXkL9m2pQ"), history=(event,))))
    history = words(dana.get(DRAWER)).partition("History")[2]
    assert said in history
    assert "Dana, May 22, 12:00 PM" in history


def test_the_history_is_told_of_what_was_done(dana: Client, jobs: JobRepository) -> None:
    change(jobs, price=Decimal("12345.67"))
    change(jobs, price_lines=(PriceLine("Piano", Decimal("285.50")), PriceLine("Tip", Decimal(0))))
    dispatch.jobs.set_eta(BUSINESS, "jXkL9m2pQ", NOON + seconds(7200), by=DANA)
    history = words(dana.get(DRAWER)).partition("History")[2]
    assert "Edited: price $600 → $12,345.67 Dana" in history
    assert "parts of the price nothing → Piano $285.50 + Tip $0 Dana" in history
    assert "Estimate: nothing → 2:00 PM Dana" in history


def test_a_link_that_has_died_is_neither_shown_nor_offered_anew(
    dana: Client, clock: FakeClock
) -> None:
    """A new one would be as dead: it is the job's end that counts."""
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", DONE, by=DANA)
    clock.tick(30 * 24 * 3600)
    page = dana.get(DRAWER)
    assert (TOKEN in text(page), "Make a new link" in text(page)) == (True, True)
    clock.tick(1)
    page = dana.get(DRAWER)
    assert (TOKEN in text(page), "Make a new link" in text(page)) == (False, False)


def test_a_script_gets_the_drawer_alone_a_person_a_whole_page(joel: Client) -> None:
    assert text(joel.get(DRAWER)).startswith("<!doctype html>")
    assert text(joel.get(DRAWER, headers=FETCH)).lstrip().startswith("<article")
    moved = joel.post(f"{DRAWER}/move", {"status": "in_progress"}, headers=FETCH)
    assert moved.status_code == 200
    assert 'data-status="in_progress"' in text(moved)
    assert "Moved to “In Progress”." in words(moved)


# --- moving -----------------------------------------------------------------------------


def test_a_move_leads_back_to_where_the_form_was(joel: Client, jobs: JobRepository) -> None:
    """Old names of statuses are taken too."""
    answer = press(joel, "move", status="started", expected="confirmed", back="/dashboard/?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/?q=x")
    press(joel, "move", status="booked", reason="other", text="the street was closed")
    moves = [(move.by, move.to, move.reason) for move in the_job(jobs).moves]
    assert moves == [("joel", STARTED, ""), ("joel", BOOKED, "other: the street was closed")]


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/track/x", "", "/dashboard\n/x", "\0"]
)
def test_a_form_leads_nowhere_else(joel: Client, back: str) -> None:
    answer = press(joel, "move", status="in_progress", back=back)
    assert answer.headers["Location"] == DRAWER


@pytest.mark.parametrize(("by", "name"), [(DANA, "Dana"), (THE_CUSTOMER, "The customer")])
def test_who_saw_an_older_status_moves_nothing_and_is_told_who_did(
    joel: Client, jobs: JobRepository, by: Actor, name: str
) -> None:
    """A form says what was seen; the button of a card does in its address."""
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", READY, by=by)
    for answer in (
        press(joel, "move", status="in_progress", expected="booked"),
        joel.post(f"{DRAWER}/move?expected=booked", {"status": "in_progress"}),
    ):
        assert answer.status_code == 409
        assert f"{name} has moved this job to “Ready for Pickup” at 12:00 PM." in words(answer)
        assert 'id="job-jXkL9m2pQ"' in text(answer)
        assert 'data-status="ready_for_pickup"' in text(answer)
    assert the_job(jobs).status is READY


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "pending"}, "Only a dispatcher can move a job"),
        ({"status": "booked"}, "Say why it could not be done"),
        ({"status": "booked", "reason": "other"}, "Say in a few words why it could not be done."),
        *(({"status": status}, NO_STATUS) for status in ("teleported", "")),
        ({}, NO_STATUS),
        ({"status": "in_progress", "expected": "lost"}, NO_STATUS),
    ],
)
def test_a_move_that_is_not_allowed_changes_nothing_and_says_why(
    joel: Client, jobs: JobRepository, fields: dict[str, str], sentence: str
) -> None:
    before = the_job(jobs)
    answer = press(joel, "move", **fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert the_job(jobs) == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "not_ready"}, "Booking Confirmed Not ready Joel"),
        ({"reason": "no_access", "text": "Gate shut"}, "No access: Gate shut Joel"),
        ({"reason": "other", "text": "A bear"}, "Something else: A bear Joel"),
    ],
)
def test_the_history_tells_in_words_why_it_could_not_be_done(
    joel: Client, fields: dict[str, str], told: str
) -> None:
    press(joel, "move", status="booked", **fields)
    assert told in words(joel.get(DRAWER)).partition("History")[2]


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


def test_two_who_assign_different_roles_both_succeed_but_one_role_is_a_conflict(
    dana: Client, jobs: JobRepository
) -> None:
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"first_mate": "ana"}, by=DANA)
    form = {"driver": "joel", "first_mate": "", "supervisor": "", "version": 1}
    assert press(dana, "assign", **form).status_code == 303
    both = Crew(driver="joel", first_mate="ana")
    assert the_job(jobs).crew == both
    answer = press(dana, "assign", driver="ana", version=1)
    assert answer.status_code == 409
    assert "Dana has changed the driver to Joel since you looked." in words(answer)
    assert the_job(jobs).crew == both


# --- notes and estimates ----------------------------------------------------------------


def test_notes_are_kept_and_shown_as_text(joel: Client, dana: Client, jobs: JobRepository) -> None:
    press(joel, "notes", text="<b>dog</b> in yard")
    press(dana, "notes", text="two")
    notes = [(note.by, note.text) for note in the_job(jobs).notes]
    assert notes == [("joel", "<b>dog</b> in yard"), ("dana", "two")]
    assert "&lt;b&gt;dog&lt;/b&gt; in yard" in text(joel.get(DRAWER))


@pytest.mark.parametrize(
    ("action", "field", "values"),
    [
        ("notes", "text", ["", "  \n ", "x" * 2001, "\0"]),
        ("eta", "eta", ["25:00", "soon", "14:20\0", "٢٥"]),
    ],
)
def test_what_is_no_note_or_no_time_is_refused(
    joel: Client, jobs: JobRepository, action: str, field: str, values: list[str]
) -> None:
    before = the_job(jobs)
    for value in values:
        assert press(joel, action, **{field: value}).status_code == 422, value
    assert the_job(jobs) == before


def test_an_estimate_is_a_clock_time_of_today_here(joel: Client, jobs: JobRepository) -> None:
    press(joel, "eta", eta="14:20")
    assert the_job(jobs).eta == Eta(at=NOON + seconds(8400), said_at=NOON, by="joel")
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


def test_on_my_way_and_estimates_are_of_confirmed_jobs_alone(
    joel: Client, jobs: JobRepository
) -> None:
    """A page may have been open since before the job was cancelled: its customer sees neither."""
    press(joel, "eta", on_my_way="1")
    assert the_job(jobs).on_my_way == OnMyWay(at=NOON, by="joel")
    assert the_job(jobs).status is BOOKED
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", STARTED, by=JOEL)
    before = the_job(jobs)
    for pressed in ({"on_my_way": "1"}, {"eta": "14:20"}):
        answer = press(joel, "eta", **pressed)
        assert answer.status_code == 422
        assert "“On my way” and estimates are for confirmed jobs" in words(answer)
    assert the_job(jobs) == before


# --- editing ----------------------------------------------------------------------------


def test_an_edit_changes_what_was_typed_and_nothing_else(dana: Client, jobs: JobRepository) -> None:
    """Though it bring one field alone; a window goes where both its parts are empty."""
    before = the_job(jobs)
    press(dana, "edit", **everything(jobs, price="650", phone="619 555 0142"))
    after = the_job(jobs)
    assert (after.price, after.phone, after.version) == (650, "+16195550142", 2)
    assert (after.window, after.load, after.location) == (before.window, "full", before.location)
    assert set(after.history[-1].changes or ()) == {"price", "phone"}
    press(dana, "edit", truck="T7")
    assert (the_job(jobs).truck, the_job(jobs).price) == ("T7", 650)
    press(dana, "edit", **everything(jobs, date="", window=""))
    assert the_job(jobs).window is None


def test_saving_what_is_there_already_changes_nothing(dana: Client, jobs: JobRepository) -> None:
    """However the phone is written, and however a browser ends its lines."""
    change(jobs, phone="+16195550142", access_notes="Gate code 4411\nRing twice")
    before = jobs.read().revision
    shown = {"phone": "(619) 555-0142", "access_notes": "Gate code 4411\r\nRing twice"}
    assert f'value="{shown["phone"]}"' in text(dana.get(DRAWER))
    for fields in ({}, shown):
        assert press(dana, "edit", **everything(jobs, **fields)).status_code == 303
    assert jobs.read().revision == before


def test_fields_that_nobody_else_touched_go_through(dana: Client, jobs: JobRepository) -> None:
    """As does the same change by two."""
    form = everything(jobs, truck="T7", price="700")
    change(jobs, access_notes="Gate code 4411", price=Decimal(700))
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", STARTED, by=JOEL)
    assert press(dana, "edit", **form).status_code == 303
    job = the_job(jobs)
    assert (job.truck, job.access_notes, job.price) == ("T7", "Gate code 4411", 700)
    assert job.status is STARTED


def test_a_field_changed_by_another_is_a_conflict(dana: Client, jobs: JobRepository) -> None:
    form = everything(jobs, price="650", truck="T7")
    change(jobs, price=Decimal(700))
    answer = press(dana, "edit", **form)
    assert answer.status_code == 409
    assert "Dana has changed the price to $700 since you looked." in words(answer)
    assert 'id="job-jXkL9m2pQ"' in text(answer)
    assert 'value="650"' in text(answer)
    assert 'value="T7"' in text(answer)
    assert (the_job(jobs).price, the_job(jobs).truck) == (700, "")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("customer_name", "", "Please give a name."),
        ("price", "1e9", "It must be from 0 to 99,999."),
        ("date", "", "Give both the date and the window"),
        ("version", "x", ""),
    ],
)
def test_an_edit_that_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(
    dana: Client, jobs: JobRepository, field: str, value: str, sentence: str
) -> None:
    """Every rule on what may be typed stands in test_one_rule.py."""
    before = the_job(jobs)
    answer = press(dana, "edit", **everything(jobs, **{"truck": "T7", field: value}))
    assert answer.status_code == 422
    assert sentence in words(answer)
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


# --- a job taken by phone ---------------------------------------------------------------

GRACE = {"customer_name": "Grace Kim", "phone": "619-555-0127", "location": "6021 Waverly Ave"}
WHEN = {"load": "half", "date": "2026-05-25", "window": "morning"}
BY_PHONE = GRACE | WHEN | {"status": "booked", "key": "one-visit"}


@pytest.mark.parametrize(("price", "kept"), [("", "320"), ("299.50", "299.50"), ("0", "0")])
def test_a_job_taken_by_phone_is_booked_for_its_loads_price_unless_one_was_agreed(
    dana: Client, jobs: JobRepository, price: str, kept: str
) -> None:
    answer = dana.post("/dashboard/jobs/new", BY_PHONE | {"price": price})
    assert answer.status_code == 303
    job = jobs.read().job(answer.headers["Location"].rsplit("/", 1)[1])
    assert (job.status, job.price, job.phone) == (BOOKED, Decimal(kept), "+16195550127")
    assert job.history[0].by == "dana"
    assert len(job.tracking_token) == 32


def test_a_double_click_makes_one_job(dana: Client, jobs: JobRepository) -> None:
    first, second = (dana.post("/dashboard/jobs/new", BY_PHONE) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    page = dana.post("/dashboard/jobs/new", BY_PHONE | {"location": "Texas St"})
    assert page.status_code == 409
    assert "You have already saved this as another job." in words(page)
    assert len(jobs.read().jobs) == 2


def test_no_job_starts_elsewhere(dana: Client, jobs: JobRepository) -> None:
    for status in ("completed", "in_progress", "cancelled", "", "lost"):
        answer = dana.post("/dashboard/jobs/new", BY_PHONE | {"status": status})
        assert answer.status_code == 422, status
    empty = dana.post("/dashboard/jobs/new", {})
    assert empty.status_code == 422
    assert "Please give a name." in words(empty)
    assert len(jobs.read().jobs) == 1


@pytest.mark.parametrize(
    ("typed", "mended", "status"),
    [
        ({"price": "650"}, {}, 409),  # which somebody else has changed too
        ({"price": "500", "email": "no e-mail"}, {"email": "a@b.example"}, 422),
    ],
)
def test_sending_again_after_a_refusal_does_not_undo_what_others_changed(
    dana: Client, jobs: JobRepository, typed: dict[str, str], mended: dict[str, str], status: int
) -> None:
    mine = everything(jobs, **typed)
    change(jobs, price=Decimal(500), truck="T2")
    refused = press(dana, "edit", **mine)
    assert refused.status_code == status
    again = {field.name: field.value() for field in refused.context["forms"]["edit"]} | mended
    assert press(dana, "edit", **again).status_code == 303
    job = the_job(jobs)
    assert (job.price, job.truck) == (Decimal(typed["price"]), "T2")
    assert job.email == mended.get("email", "")


def test_an_extension_is_shown_and_dialled_and_no_message_goes_to_it(
    dana: Client, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(make_job(phone="+16195550142;ext=4471")))
    page = text(dana.get("/dashboard/jobs/jXkL9m2pQ"))
    assert 'href="tel:+16195550142,4471"' in page
    assert 'href="sms:+16195550142?&amp;body=Hello%20Mark%2C%20' in page
    assert "(619) 555-0142 ext. 4471</dd>" in page


def test_what_must_be_given_is_not_called_optional(dana: Client, jobs: JobRepository) -> None:
    for page in (dana.get(DRAWER), press(dana, "edit", **everything(jobs, phone="1"))):
        for label in ("Name", "Address"):
            assert f"{label} (optional)" not in words(page)
            assert f"{label} " in words(page)
        assert "Phone (optional)" in words(page)


@pytest.mark.parametrize("path", ["/dashboard/jobs/jXkL9m2pQ", "/dashboard/jobs/new"])
def test_no_wheel_turns_a_price(dana: Client, jobs: JobRepository, path: str) -> None:
    jobs.change(lambda book: book.put(make_job()))
    page = text(dana.get(path))
    assert 'type="number"' not in page
    assert 'name="price"' in page
    assert 'inputmode="decimal"' in page


# --- another load -----------------------------------------------------------------------


def test_another_load_asks_whether_its_price_is_to_be_taken(
    dana: Client, jobs: JobRepository
) -> None:
    sent = everything(jobs, load="half", truck="T7")
    asked = press(dana, "edit", **sent)
    assert asked.status_code == 422
    assert "“Half load” is $320, but the job’s price is $600. Which one?" in words(asked)
    assert "Save with the load’s price Save and leave it at $600" in words(asked)
    assert 'value="T7"' in text(asked)
    assert the_job(jobs).load == "full"
    assert press(dana, "edit", **sent, take="price").status_code == 303
    assert (the_job(jobs).load, the_job(jobs).price) == ("half", 600)
    press(dana, "edit", **everything(jobs, load="quarter"), take="load")
    assert (the_job(jobs).load, the_job(jobs).price) == ("quarter", 175)


@pytest.mark.parametrize(
    "changed",
    [
        {"load": "half", "price": "300"},
        {"load": "half", "price": "320"},
        {"load": ""},
        {"load": "full", "truck": "T7"},
        {"truck": "T7"},
    ],
)
def test_nothing_is_asked_where_the_price_is_said_or_is_the_loads(
    dana: Client, jobs: JobRepository, changed: dict[str, str]
) -> None:
    assert press(dana, "edit", **everything(jobs, **changed)).status_code == 303


def test_a_price_of_lines_is_kept_or_gives_way_to_the_new_loads(
    dana: Client, jobs: JobRepository
) -> None:
    change(jobs, price_lines=(PriceLine("Piano", Decimal(285)), PriceLine("Tip", Decimal(20))))
    asked = press(dana, "edit", **everything(jobs, load="half"))
    assert "the job’s price is $305, the sum of its lines" in words(asked)
    press(dana, "edit", **everything(jobs, load="half"), take="price")
    assert len(the_job(jobs).price_lines) == 2
    press(dana, "edit", **everything(jobs, load="quarter"), take="load")
    assert (the_job(jobs).price, the_job(jobs).price_lines) == (175, ())


def test_a_program_changes_the_load_alone(roster: JobRepository, jobs: JobRepository) -> None:
    answer = Program("dana").patch("jobs/jXkL9m2pQ", {"load": "half"})
    assert (answer.json()["load"], answer.json()["price"]) == ("half", 600)
