"""Signing in and out, and what ends a session."""

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch.domain.permissions import Rank
from dispatch.roster import change_member
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.conftest import signed_in
from tests.making import BUSINESS, PASSWORD, make_job, unavailable
from tests.web.pages import text, words

SIGN_IN, ACCOUNT = "/dashboard/login/", "/dashboard/account/"
NEW = "a-longer-word-of-mine"
MOVE = "/dashboard/jobs/jXkL9m2pQ/move"


def sign_in(
    client: Client, username: str = "joel", password: str = PASSWORD, then: str = ""
) -> str:
    """Where signing in leads; where it fails, the status and nothing else."""
    fields = {"username": username, "password": password, "next": then}
    answer = client.post(SIGN_IN, fields)
    return answer.headers.get("Location", str(answer.status_code))


def is_in(client: Client) -> bool:
    return client.get("/dashboard/board").status_code == 200


@pytest.mark.usefixtures("roster")
def test_signing_in_leads_to_the_board(client: Client) -> None:
    assert sign_in(client) == "/dashboard/"
    assert is_in(client)


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize("username", ["JOEL", " joel ", "Joel"])
def test_a_name_may_be_typed_carelessly(client: Client, username: str) -> None:
    assert sign_in(client, username) == "/dashboard/"


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("joel", "wrong"),
        ("joel", ""),
        ("joel", PASSWORD + " "),
        ("pete", PASSWORD),
        ("", PASSWORD),
        ("joel\0", PASSWORD),
        ("ü" * 200, PASSWORD),
        ("quickdumpnow:joel", PASSWORD),
        ("customer", PASSWORD),
    ],
)
def test_a_wrong_name_or_password_is_refused_alike(
    client: Client, username: str, password: str
) -> None:
    assert sign_in(client, username, password) == "422"
    assert not is_in(client)


@pytest.mark.usefixtures("roster")
def test_a_refusal_does_not_tell_names_from_passwords(client: Client) -> None:
    pages = [
        client.post(SIGN_IN, {"username": name, "password": "wrong"}) for name in ("joel", "pete")
    ]
    known, unknown = (words(page) for page in pages)
    assert known == unknown
    assert "That name and password do not go together." in known
    assert "small letters" not in known, "capitals would be no reason"


@pytest.mark.usefixtures("roster")
def test_who_is_not_active_cannot_sign_in_and_is_out_at_once(client: Client) -> None:
    sign_in(client)
    change_member(BUSINESS, "joel", lambda member: replace(member, active=False))
    assert not is_in(client)
    assert sign_in(Client()) == "422"


@pytest.mark.usefixtures("roster")
def test_who_has_no_password_yet_cannot_sign_in(client: Client) -> None:
    change_member(BUSINESS, "joel", lambda member: replace(member, password=""))
    assert sign_in(client, password="") == "422"


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize(
    ("then", "lands"),
    [
        ("/dashboard/jobs/17", "/dashboard/jobs/17"),
        ("https://evil.example/", "/dashboard/"),
        ("//evil.example/", "/dashboard/"),
        ("/\\evil.example", "/dashboard/"),
        ("javascript:alert(1)", "/dashboard/"),
        ("", "/dashboard/"),
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(client: Client, then: str, lands: str) -> None:
    assert sign_in(client, then=then) == lands


@pytest.mark.parametrize("then", ["", "/dashboard/login/", "/dashboard/login/?next=/dashboard/"])
def test_who_is_signed_in_already_is_sent_to_the_board(joel: Client, then: str) -> None:
    answer = joel.get(SIGN_IN, {"next": then})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/dashboard/")


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/jobs/17?r=3", ACCOUNT])
def test_who_is_not_signed_in_is_asked_and_comes_back(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{SIGN_IN}?next=/dashboard/")


@pytest.mark.usefixtures("roster")
def test_a_form_sent_after_the_session_ended_leads_back_to_a_page(client: Client) -> None:
    """Not to the address of the form, which answers 405 to whoever comes by address."""
    answer = client.post(MOVE, {"status": "booked"}, follow=True)
    assert answer.status_code == 200
    then = re.search(r'name="next" value="([^"]*)"', text(answer))
    assert then
    assert client.get(sign_in(client, then=then[1])).status_code == 200


def test_a_signed_out_poll_is_401_and_shows_nothing(client: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    answer = client.get("/dashboard/board")
    assert (answer.status_code, text(answer)) == (401, "Please sign in.")


@pytest.mark.parametrize("path", ["/dashboard/jobs/17", "/dashboard/"])
def test_a_signed_out_script_is_told_with_401(client: Client, path: str) -> None:
    assert client.get(path, headers={"X-Requested-With": "fetch"}).status_code == 401


def test_signing_out_asks_first(joel: Client) -> None:
    assert "Sign out?" in words(joel.get("/dashboard/logout/"))
    assert is_in(joel)


def test_signing_out_ends_a_copied_cookie_too(joel: Client) -> None:
    thief = Client()
    thief.cookies = SimpleCookie(joel.cookies.output(header="", sep=";"))
    assert is_in(thief)
    assert joel.post("/dashboard/logout/").status_code == 303
    assert not is_in(thief)


def test_signing_out_leaves_ones_other_sessions_alone(joel: Client) -> None:
    phone = signed_in("joel")
    joel.post("/dashboard/logout/")
    assert is_in(phone)


def test_a_cookie_that_was_tampered_with_is_no_session(joel: Client) -> None:
    joel.cookies["sessionid"] = joel.cookies["sessionid"].value[:-2] + "xx"
    assert not is_in(joel)


def test_a_new_password_ends_all_sessions_but_this_one(joel: Client) -> None:
    phone = signed_in("joel")
    fields = {"phone": "", "old_password": PASSWORD, "new_password": NEW}
    assert joel.post(ACCOUNT, fields).status_code == 303
    assert is_in(joel)
    assert not is_in(phone)
    assert sign_in(Client()) == "422"
    assert sign_in(Client(), password=NEW) == "/dashboard/"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("wrong", NEW, "The password you have now is not right"),
        ("", NEW, "The password you have now is not right"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "password", "too common"),
    ],
)
def test_a_password_that_cannot_be_changes_nothing(
    joel: Client, old: str, new: str, told: str
) -> None:
    page = joel.post(ACCOUNT, {"old_password": old, "new_password": new})
    assert page.status_code == 422
    assert told in words(page)
    assert sign_in(Client()) == "/dashboard/"


def test_passwords_are_never_shown_again(joel: Client) -> None:
    fields = {"old_password": "an-old-secret", "new_password": "a-new-secret-x"}
    page = text(joel.post(ACCOUNT, fields))
    assert "an-old-secret" not in page
    assert "a-new-secret-x" not in page


def shown(page: Any) -> dict[str, str]:
    """What the account's form sends that nobody has touched."""
    hidden = re.findall(r'name="(seen-[^"]+)" value="([^"]*)"', text(page))
    return dict(hidden) | {"phone": page.context["form"]["phone"].value()}


def phone_is(phone: str) -> None:
    """Somebody else, or a program, has made it so."""
    change_member(BUSINESS, "joel", lambda member: replace(member, phone=phone))


def test_the_own_phone_is_kept_in_e164(joel: Client, roster: RosterRepository) -> None:
    assert joel.post(ACCOUNT, {"phone": "619 555 0199"}).status_code == 303
    assert roster.read().member("joel").phone == "+16195550199"


def test_a_new_password_leaves_a_phone_that_somebody_else_has_changed(
    joel: Client, roster: RosterRepository
) -> None:
    phone_is("+16195550102")
    page = joel.get(ACCOUNT)
    phone_is("+16195550103")
    fields = shown(page) | {"old_password": PASSWORD, "new_password": NEW}
    assert joel.post(ACCOUNT, fields).status_code == 303
    assert roster.read().member("joel").phone == "+16195550103"
    assert sign_in(Client(), password=NEW) == "/dashboard/"


def test_two_who_change_ones_phone_lose_neither(joel: Client, roster: RosterRepository) -> None:
    page = joel.get(ACCOUNT)
    phone_is("+16195550103")
    answer = joel.post(ACCOUNT, shown(page) | {"phone": "619 555 0199"})
    assert answer.status_code == 409
    assert "Somebody else has changed the phone since you looked" in words(answer)
    assert "Now it is “(619) 555-0103”" in words(answer)
    assert roster.read().member("joel").phone == "+16195550103"
    assert joel.post(ACCOUNT, shown(answer)).status_code == 303
    assert roster.read().member("joel").phone == "+16195550199"


def test_an_own_phone_that_is_none_is_refused_beside_its_field(
    joel: Client, roster: RosterRepository
) -> None:
    answer = joel.post(ACCOUNT, shown(joel.get(ACCOUNT)) | {"phone": "call me"})
    assert answer.status_code == 422
    assert 'id="id_phone_error"' in text(answer)
    assert "nothing was saved yet" in words(answer)
    assert roster.read().member("joel").phone == ""


def test_a_phone_of_old_that_is_none_may_stay(joel: Client, roster: RosterRepository) -> None:
    phone_is("ask Ana")
    assert joel.post(ACCOUNT, shown(joel.get(ACCOUNT))).status_code == 303
    assert roster.read().member("joel").phone == "ask Ana"


@pytest.mark.parametrize(
    ("username", "dispatcher", "crew"), [("dana", 200, 200), ("joel", 403, 200), ("vic", 403, 403)]
)
def test_each_rank_does_what_it_may(
    roster: RosterRepository, jobs: JobRepository, username: str, dispatcher: int, crew: int
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    client, here = signed_in(username), "/dashboard/jobs/jXkL9m2pQ/"
    fetch = {"headers": {"X-Requested-With": "fetch"}}
    assert client.get("/dashboard/").status_code == 200
    assert client.get("/dashboard/jobs/new").status_code == dispatcher
    assert client.post(here + "assign", {"driver": "joel"}, **fetch).status_code == dispatcher
    assert client.post(here + "edit", {"truck": "T9"}, **fetch).status_code == dispatcher
    assert client.post(here + "notes", {"text": "dog"}, **fetch).status_code == crew
    assert client.post(here + "eta", {"eta": "14:20"}, **fetch).status_code == crew


def test_a_lower_rank_counts_at_once(dana: Client) -> None:
    change_member(BUSINESS, "ana", lambda member: replace(member, rank=Rank.DISPATCHER))
    change_member(BUSINESS, "dana", lambda member: replace(member, rank=Rank.CREW))
    assert dana.get("/dashboard/jobs/new").status_code == 403


@pytest.mark.usefixtures("roster")
def test_without_its_token_no_form_of_the_crew_is_taken(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client) == "403"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text(client.get(SIGN_IN)))
    assert token
    fields = {"username": "dana", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    assert client.post(SIGN_IN, fields).status_code == 302
    assert client.post(MOVE, {"status": "booked"}).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="([^"]+)"', text(client.get("/dashboard/"))
    )
    assert token
    fields = {"status": "booked", "csrfmiddlewaretoken": token[1]}
    assert client.post(MOVE, fields).status_code == 303


@pytest.mark.usefixtures("roster")
def test_the_board_holds_one_token_for_all_its_cards(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(), make_job(id="2", tracking_token="")))
    assert "csrfmiddlewaretoken" not in text(dana.get("/dashboard/board"))


def test_signing_in_while_the_roster_is_out_of_reach_says_so(
    client: Client, roster: RosterRepository
) -> None:
    with unavailable(roster):
        roster._snapshot._value = None  # type: ignore[attr-defined]
        page = client.post(SIGN_IN, {"username": "joel", "password": PASSWORD})
    assert page.status_code == 503
    assert "(619) 555-0100" in words(page)


def test_a_member_of_a_roster_that_cannot_be_read_goes_on_reading_the_last_one(
    joel: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    with unavailable(roster):
        assert is_in(joel)
