"""The roster's pages: who is on the crew, when they are there, and how they come in."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.availability import SICK
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.permissions import Rank
from dispatch.domain.roster import Availability, Member
from dispatch.domain.status import Status
from dispatch.roster import Days, change_member
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import HASHED, restart, signed_in
from tests.making import BUSINESS, DANA, FakeClock, is_away, make_job, make_member, unavailable
from tests.web.api import Program
from tests.web.pages import text, words

CREW, JOEL, ACCOUNT = "/dashboard/crew/", "/dashboard/crew/joel/", "/dashboard/account/"
TODAY, MONDAY, TUESDAY = date(2026, 5, 22), date(2026, 5, 25), date(2026, 5, 26)
MORNING = Window(date=TODAY, name="morning", start="08:00", end="12:00")


def of(roster: RosterRepository, username: str = "joel") -> Member:
    return roster.read().member(username)


def fields(page: Any, **changed: Any) -> dict[str, Any]:
    """A browser's POST of the profile: all as it was shown, but for what changed."""
    form = page.context["form"]
    shown = {name: form[name].value() for name in ("name", "rank", "roles", "phone", "email")}
    return shown | dict(form.shown) | changed


def save(client: Client, page: Any, path: str = JOEL, **changed: Any) -> Any:
    return client.post(path, fields(page, **changed))


def take_off(client: Client, username: str = "joel", **days: Any) -> Any:
    return client.post(f"{CREW}{username}/days", {"set": "away", **days})


def put(jobs: JobRepository, job_id: str, **fields: Any) -> Job:
    fields = {"status": Status.BOOKED, "window": MORNING, "tracking_token": ""} | fields
    return jobs.change(lambda book: book.put(make_job(id=job_id, **fields))).job(job_id)


# --- the roster -------------------------------------------------------------------------


def test_the_roster_shows_how_to_reach_everybody(dana: Client, roster: RosterRepository) -> None:
    change_member(BUSINESS, "joel", lambda m: replace(m, phone="+16195550102", email="j@x.example"))
    page = text(dana.get(CREW))
    for link in ("tel:+16195550102", "sms:+16195550102", "mailto:j@x.example", JOEL):
        assert f'href="{link}"' in page
    assert "Joel joel Crew driver, first mate Free" in words(dana.get(CREW))


def test_who_has_left_is_shown_on_demand_only(dana: Client) -> None:
    dispatch.roster.deactivate(BUSINESS, "ana")
    assert f"{CREW}ana/" not in text(dana.get(CREW))
    assert "Show those who have left (1)" in words(dana.get(CREW))
    assert "Has left" in words(dana.get(CREW, {"all": "1"}))


@pytest.mark.parametrize("action", ["days", "sick", "access"])
def test_an_action_by_address_leads_to_the_member(dana: Client, action: str) -> None:
    assert dana.get(JOEL + action).headers["Location"] == JOEL


def test_who_is_not_on_the_roster_has_no_page(dana: Client) -> None:
    for path in ("", "days", "sick", "access"):
        assert dana.post(f"{CREW}pete/{path}", {"do": "sign-out"}).status_code == 404


# --- profiles ---------------------------------------------------------------------------


def test_a_profile_is_edited_and_fields_changed_by_others_stay(
    dana: Client, roster: RosterRepository
) -> None:
    page = dana.get(JOEL)
    dispatch.roster.edit_member(BUSINESS, "joel", {"email": "j@x.example"}, seen={"email": ""})
    changed = {"name": "Joel Ramirez", "phone": "619 555 0102", "roles": ["supervisor", "driver"]}
    assert save(dana, page, rank="viewer", **changed).status_code == 303
    joel = of(roster)
    assert (joel.name, joel.phone, joel.email) == ("Joel Ramirez", "+16195550102", "j@x.example")
    assert (joel.rank, joel.roles) == (Rank.VIEWER, ("driver", "supervisor"))


def test_two_who_edit_one_field_lose_nothing(dana: Client, roster: RosterRepository) -> None:
    page = dana.get(JOEL)
    theirs, seen = {"name": "Joey", "email": "j@x.example"}, {"name": "Joel", "email": ""}
    dispatch.roster.edit_member(BUSINESS, "joel", theirs, seen=seen)
    answer = save(dana, page, name="Joel R", phone="619 555 0102")
    assert answer.status_code == 409
    assert "Somebody else has changed the name" in words(answer)
    assert "Now it is “Joey”" in words(answer)
    assert 'value="Joel R"' in text(answer)
    assert (of(roster).name, of(roster).phone) == ("Joey", "")
    assert save(dana, answer).status_code == 303
    joel = of(roster)
    assert (joel.name, joel.phone, joel.email) == ("Joel R", "+16195550102", "j@x.example")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", " "), ("name", "Jo\x9bel"), ("name", "Jo\u202eel"), ("name", "x" * 81)),
        *(("phone", "call me"), ("phone", "555-0142"), ("phone", "619-555-0142 or 0143")),
        *(("email", "j@"), ("email", "j@x"), ("email", "j..j@x.example")),
        *(("rank", "boss"), ("roles", ["cook"])),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    dana: Client, roster: RosterRepository, field: str, value: Any
) -> None:
    before = of(roster)
    answer = save(dana, dana.get(JOEL), **{field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in text(answer)
    assert of(roster) == before


def test_a_phone_keeps_its_extension_which_is_shown_and_dialled(
    dana: Client, roster: RosterRepository
) -> None:
    save(dana, dana.get(JOEL), phone="\u202a619-555-0102\u202c x7")
    assert of(roster).phone == "+16195550102;ext=7"
    page = text(dana.get(JOEL))
    assert 'href="tel:+16195550102,7"' in page
    assert 'href="sms:+16195550102"' in page
    assert 'value="(619) 555-0102 ext. 7"' in page


def test_a_new_member_gets_a_password_shown_once(dana: Client, roster: RosterRepository) -> None:
    new = {"username": "pete", "name": "Pete", "rank": "crew", "roles": ["driver"]}
    answer = dana.post(f"{CREW}new", new)
    password = re.search(r"<code>([^<]+)</code>", text(answer))
    assert password
    assert "no-store" in answer.headers["Cache-Control"]
    fields = {"username": "pete", "password": password[1]}
    assert Client().post("/dashboard/login/", fields).status_code == 302
    assert password[1] not in text(dana.get(f"{CREW}pete/"))
    assert password[1] not in roster.read().encode().decode()


@pytest.mark.parametrize(
    ("username", "status", "told"),
    [
        ("joel", 409, "Somebody signs in by that name"),
        ("Pete B", 422, "How about “pete.b”?"),
        ("customer", 422, "a word of the jobs' history"),
        ("", 422, "Please give the name that they sign in with"),
    ],
)
def test_a_wrong_username_is_explained(dana: Client, username: str, status: int, told: str) -> None:
    answer = dana.post(f"{CREW}new", {"username": username, "name": "Pete", "rank": "crew"})
    assert answer.status_code == status
    assert told in words(answer)


# --- the way in -------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["password", "sign-out", "deactivate"])
def test_what_ends_their_sessions(dana: Client, joel: Client, do: str) -> None:
    """Also where they come back thereafter."""
    program = Program("joel")
    assert dana.post(f"{JOEL}access", {"do": "explode"}).status_code == 422
    assert joel.get("/dashboard/board").status_code == 200
    assert dana.post(f"{JOEL}access", {"do": do}).status_code in (200, 303)
    for _ in range(2):
        assert joel.get("/dashboard/board").status_code == 401
        assert program.get("jobs").status_code == 401
        dana.post(f"{JOEL}access", {"do": "reactivate"})
    if do != "password":
        signed_in("joel")


def test_the_last_dispatcher_stays_one(dana: Client, roster: RosterRepository) -> None:
    page = dana.get(f"{CREW}dana/")
    demoted = save(dana, page, f"{CREW}dana/", rank="crew")
    gone = dana.post(f"{CREW}dana/access", {"do": "deactivate"})
    assert (demoted.status_code, gone.status_code) == (409, 409)
    assert "last active dispatcher" in words(demoted)
    assert "last active dispatcher" in words(gone)
    change_member(BUSINESS, "ana", lambda member: replace(member, rank=Rank.DISPATCHER))
    assert dana.post(f"{CREW}dana/access", {"do": "deactivate"}).status_code == 303
    assert not of(roster, "dana").active


# --- days -------------------------------------------------------------------------------


def test_a_range_of_days_off_and_back(dana: Client, roster: RosterRepository) -> None:
    assert take_off(dana, **{"from": "2026-05-25", "to": "2026-05-26"}).status_code == 303
    assert is_away(of(roster), MONDAY)
    assert is_away(of(roster), TUESDAY)
    assert "Mon, May 25 to Tue, May 26: away" in words(dana.get(JOEL))
    dana.post(f"{JOEL}days", {"set": "back", "from": "2026-05-26"})
    assert set(of(roster).availability) == {MONDAY}


def test_a_part_of_a_day(dana: Client, roster: RosterRepository) -> None:
    take_off(dana, **{"from": "2026-05-25", "windows": ["morning"]})
    assert of(roster).on(MONDAY) == Availability(windows=("afternoon",))
    page = text(dana.get(CREW))
    assert 'aria-label="Joel, Mon, May 25: free only in the afternoon">PM<' in page
    of_old = Availability(("late_night",))
    change_member(BUSINESS, "joel", lambda joel: joel.with_day(MONDAY, of_old))
    assert "Mon, May 25: free only in the late night" in words(dana.get(JOEL))


def test_a_day_on_which_some_roles_are_left(dana: Client, roster: RosterRepository) -> None:
    some = {"from": "2026-05-25", "but_as": ["first_mate"]}
    assert take_off(dana, **some).status_code == 303
    assert of(roster).on(MONDAY) == Availability(roles=("first_mate",))
    page = words(dana.get(JOEL))
    assert "Joel is away, Mon, May 25 (but still there as first mate)." in page
    assert "Mon, May 25: only as first mate" in page
    assert 'aria-label="Joel, Mon, May 25: only as first mate">part<' in text(dana.get(CREW))
    refused = take_off(dana, **some, set="back")
    assert refused.status_code == 422
    assert "Free again means in every role" in words(refused)
    assert take_off(dana, **{"from": "2026-05-25", "set": "back"}).status_code == 303
    assert of(roster).availability == {}


def test_a_click_on_a_day_of_the_month(dana: Client, roster: RosterRepository) -> None:
    button = f"{JOEL}days?day=2026-05-25&month=2026-05"
    answer = dana.post(button, {"set": "away"})
    assert answer.headers["Location"] == f"{CREW}?month=2026-05#month"
    page = text(dana.get(CREW))
    assert 'value="back" aria-label="Joel, Mon, May 25: away">away<' in page
    dana.post(button, {"set": "back"})
    assert of(roster).availability == {}


@pytest.mark.parametrize(
    ("month", "shown"),
    [
        *(("2026-12", "December 2026"), ("", "May 2026"), ("x", "May 2026")),
        *(("9999-12", "December 2199"), ("0001-01", "January 2000"), ("2026-13", "May 2026")),
    ],
)
def test_any_month_can_be_looked_at(dana: Client, month: str, shown: str) -> None:
    assert shown in words(dana.get(CREW, {"month": month}))


def test_days_that_are_over_have_no_buttons(dana: Client) -> None:
    page = text(dana.get(CREW))
    assert ("day=2026-05-22&" in page, "day=2026-05-21&" in page) == (True, False)


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"from": "2026-05-21"}, "from"),
        ({"from": "soon"}, "from"),
        ({}, "from"),
        ({"from": "2026-05-25", "to": "2026-05-24"}, "to"),
        ({"from": "2026-05-25", "to": "2027-05-26"}, "to"),
        ({"from": "9999-12-31"}, "from"),
        ({"from": "2026-05-25", "windows": ["night"]}, "windows"),
        ({"from": "2026-05-25", "but_as": ["cook"]}, "but_as"),
        ({"from": "2026-05-25", "windows": ["morning"], "but_as": ["driver"]}, "but_as"),
    ],
)
@pytest.mark.parametrize("path", [f"{JOEL}days", f"{ACCOUNT}days"])
def test_days_that_cannot_be_are_refused_beside_their_field(
    dana: Client, roster: RosterRepository, path: str, days: dict[str, str], field: str
) -> None:
    answer = dana.post(path, {"set": "away", **days})
    assert answer.status_code == 422
    assert f'id="days_{field}_error"' in text(answer)
    assert not any(member.availability for member in roster.read().members)


def test_neither_away_nor_back_is_refused(dana: Client) -> None:
    answer = take_off(dana, **{"from": "2026-05-25", "set": "maybe"})
    assert answer.status_code == 422
    assert "Say whether away or free again." in words(answer)


# --- sick -------------------------------------------------------------------------------


def test_sick_today_brings_the_jobs_back_and_lists_them(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    put(jobs, "one", crew=Crew(driver="joel", first_mate="ana"))
    put(jobs, "two", crew=Crew(driver="ana"))
    before = put(jobs, "three", crew=Crew(driver="ana", first_mate="joel")).version
    revision = jobs.read().revision
    answer = dana.post(f"{JOEL}sick", follow=True)
    assert is_away(of(roster), TODAY)
    crews = [jobs.read().job(name).crew for name in ("one", "two", "three")]
    assert crews == [Crew(first_mate="ana"), Crew(driver="ana"), Crew(driver="ana")]
    assert jobs.read().revision == revision + 1
    assert jobs.read().job("three").version == before + 1
    assert "2 jobs came back" in words(answer)
    shown = [f'href="/dashboard/jobs/{name}"' in text(answer) for name in ("one", "two", "three")]
    assert shown == [True, False, True]
    assert "No driver" in words(dana.get(JOEL))
    dispatch.jobs.move(BUSINESS, "one", Status.CANCELLED, by=DANA, reason="customer called")
    assert "1 job of today came back and needs a look" in words(dana.get(JOEL))


def test_the_roster_comes_first_and_all_can_be_done_again(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    put(jobs, "one", crew=Crew(driver="joel"))
    with unavailable(jobs):
        assert dana.post(f"{JOEL}sick").status_code == 503
    assert is_away(of(roster), TODAY)
    again, more = (dispatch.roster.sick(BUSINESS, "joel", TODAY, by=DANA) for _ in range(2))
    assert ([job.id for job in again.jobs], more.jobs) == (["one"], ())
    assert more.revision == again.revision
    assert jobs.read().job("one").history[-1].reason == SICK


# --- one's own page ---------------------------------------------------------------------


@pytest.mark.parametrize("username", ["joel", "vic"])
def test_everybody_keeps_their_own_days_off(roster: RosterRepository, username: str) -> None:
    client = signed_in(username)
    assert client.post(f"{ACCOUNT}days", {"set": "away", "from": "2026-05-25"}).status_code == 303
    assert is_away(of(roster, username), MONDAY)
    assert "Mon, May 25: away" in words(client.get(ACCOUNT))


def test_a_roster_of_another_order_is_no_conflict(dana: Client, roster: RosterRepository) -> None:
    """Roles may have been stored in any order, by hand or from a shell."""
    odd = make_member("pete", roles=("first_mate", "driver"))
    roster.change(lambda book: book.put(odd))
    page = dana.get(f"{CREW}pete/")
    assert save(dana, page, f"{CREW}pete/", name="Pete B").status_code == 303
    assert of(roster, "pete").roles == ("first_mate", "driver")


# --- days that are over: shown as they were said, wherever the roster is --------------------

MAY, OVER = "/dashboard/crew/?month=2026-05", '<span class="over">away</span>'


@pytest.fixture(params=["document", "table"])
def later(request: pytest.FixtureRequest, clock: FakeClock) -> Client:
    """Two months after Joel was away on a Monday, a worker that was started only now."""
    if request.param == "table":
        request.getfixturevalue("crew_table").create()
    dana = make_member("dana", rank=Rank.DISPATCHER, password=HASHED)
    wiring.roster(BUSINESS).change(lambda roster: roster.put(dana, make_member("joel")))
    dispatch.roster.set_away(BUSINESS, "joel", Days(MONDAY, MONDAY))
    clock.tick(60 * 24 * 3600)
    restart()
    return signed_in("dana")


def test_a_month_that_is_over_shows_its_days_off(later: Client) -> None:
    assert text(later.get(MAY)).count(OVER) == 1
    assert OVER not in text(later.get("/dashboard/crew/"))
    days = Program("dana").get("crew?from=2026-05-25&to=2026-05-26").json()["days"]
    drivers = [[each["username"] for each in day["windows"][0]["free"]["driver"]] for day in days]
    assert drivers == [["dana"], ["dana", "joel"]]
