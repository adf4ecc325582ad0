"""Signing in and out, and what ends a session."""

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.permissions import Rank
from dispatch.roster import change_member
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import signed_in
from tests.making import BUSINESS, PASSWORD, make_job
from tests.web.api import Program
from tests.web.pages import text, words

SIGN_IN, ACCOUNT = "/dashboard/login/", "/dashboard/account/"
NEW = "a-longer-word-of-mine"
NEW_SECRET = "a-new-secret-" + "n" * 50
HOME = "/dashboard/day/"  # where the crew land
MOVE = "/dashboard/jobs/jXkL9m2pQ/move"


def sign_in(
    client: Client, username: str = "joel", password: str = PASSWORD, then: str = ""
) -> str:
    """The address that signing in leads to; where it fails, the status and nothing else."""
    fields = {"username": username, "password": password, "next": then}
    answer = client.post(SIGN_IN, fields)
    return answer.headers.get("Location", str(answer.status_code))


def is_in(client: Client) -> bool:
    return client.get("/dashboard/board").status_code == 200


def copy_of(client: Client) -> Client:
    thief = Client()
    thief.cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    return thief


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize("username", ["joel", "JOEL", " joel ", "Joel"])
def test_a_name_may_be_typed_carelessly(client: Client, username: str) -> None:
    assert sign_in(client, username) == HOME
    assert is_in(client)


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize(
    ("username", "password"),
    [
        *(("joel", password) for password in ("wrong", "", PASSWORD + " ")),
        *((name, PASSWORD) for name in ("pete", "", "joel\0", "ü" * 200, "customer")),
        ("quickdumpnow:joel", PASSWORD),
    ],
)
def test_a_wrong_name_or_password_is_refused(client: Client, username: str, password: str) -> None:
    answer = client.post(SIGN_IN, {"username": username, "password": password})
    assert answer.status_code == 422
    assert "small letters" not in words(answer), "capitals would be no reason"
    typed = username and password and "\0" not in username
    assert ("That name and password do not go together." in words(answer)) == bool(typed)
    assert not is_in(client)


def test_who_is_not_active_or_has_no_password_yet_cannot_sign_in(joel: Client) -> None:
    change_member(BUSINESS, "joel", lambda member: replace(member, active=False))
    change_member(BUSINESS, "ana", lambda member: replace(member, password=""))
    assert not is_in(joel), "and is out at once"
    assert sign_in(Client()) == "422"
    assert sign_in(Client(), "ana", password="") == "422"


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize(
    "then",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""],
)
def test_after_signing_in_nobody_is_sent_elsewhere(client: Client, then: str) -> None:
    assert sign_in(client, then=then) == HOME
    assert sign_in(Client(), then="/dashboard/jobs/17") == "/dashboard/jobs/17"


@pytest.mark.usefixtures("roster")
def test_who_has_come_back_to_the_page_that_signs_out_is_not_asked_it_again(client: Client) -> None:
    assert sign_in(client, then="/dashboard/logout/") == HOME


@pytest.mark.parametrize("then", ["", "/dashboard/login/", "/dashboard/login/?next=/dashboard/"])
def test_who_is_signed_in_already_is_sent_to_the_board(joel: Client, then: str) -> None:
    answer = joel.get(SIGN_IN, {"next": then})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/dashboard/")


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/jobs/17?r=3", ACCOUNT])
def test_who_is_not_signed_in_is_asked_and_comes_back(client: Client, path: str) -> None:
    """But for a script, which is told so."""
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{SIGN_IN}?next=/dashboard/")
    assert client.get(path, headers={"X-Requested-With": "fetch"}).status_code == 401


@pytest.mark.usefixtures("roster")
def test_a_form_sent_after_the_session_ended_leads_back_to_a_page(client: Client) -> None:
    """Not to the address of the form, which answers 405 to whoever comes by address."""
    answer = client.post(MOVE, {"status": "booked"}, follow=True)
    assert answer.status_code == 200
    then = re.search(r'name="next" value="([^"]*)"', text(answer))
    assert then
    assert client.get(sign_in(client, then=then[1])).status_code == 200


def test_signing_out_asks_first_and_ends_copied_cookies_but_no_other_session(joel: Client) -> None:
    phone, thief = signed_in("joel"), copy_of(joel)
    assert "Sign out?" in words(joel.get("/dashboard/logout/"))
    assert is_in(thief)
    assert joel.post("/dashboard/logout/").status_code == 303
    assert not is_in(thief)
    assert is_in(phone)


def test_signing_out_everywhere_ends_all_of_ones_sessions_and_tokens(
    joel: Client, dana: Client
) -> None:
    phone, thief, program = signed_in("joel"), copy_of(joel), Program("joel")
    assert joel.post(f"{ACCOUNT}sign-out").headers["Location"] == SIGN_IN
    assert not any(map(is_in, (joel, phone, thief)))
    assert program.get("jobs").status_code == 401
    assert is_in(signed_in("joel"))
    assert is_in(dana)


def test_a_session_is_renewed_under_a_new_secret_that_knows_the_old_one(joel: Client) -> None:
    old = copy_of(joel)
    with override_settings(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert is_in(joel)
    with override_settings(SECRET_KEY=NEW_SECRET):
        assert is_in(joel)
        assert not is_in(old)


def test_a_cookie_that_was_tampered_with_is_no_session(joel: Client) -> None:
    joel.cookies["sessionid"] = joel.cookies["sessionid"].value[:-2] + "xx"
    assert not is_in(joel)


@pytest.mark.parametrize("new", [NEW, PASSWORD])
def test_a_new_password_ends_all_sessions_but_this_one(joel: Client, new: str) -> None:
    """Even where it is the same again."""
    phone, old = signed_in("joel"), copy_of(joel)
    fields = {"phone": "", "old_password": PASSWORD, "new_password": new}
    assert joel.post(ACCOUNT, fields).status_code == 303
    assert [is_in(client) for client in (joel, phone, old)] == [True, False, False]
    assert sign_in(Client(), password=new) == HOME
    assert (sign_in(Client()) == HOME) == (new == PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("an-old-secret", NEW, "The password you have now is not right"),
        ("", NEW, "The password you have now is not right"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "password", "too common"),
    ],
)
def test_a_password_that_cannot_be_changes_nothing_and_none_is_shown_again(
    joel: Client, old: str, new: str, message: str
) -> None:
    page = joel.post(ACCOUNT, {"old_password": old, "new_password": new})
    assert page.status_code == 422
    assert message in words(page)
    assert not [secret for secret in ("an-old-secret", NEW, PASSWORD) if secret in text(page)]
    assert sign_in(Client()) == HOME


def shown(page: Any) -> dict[str, str]:
    """A POST of the account's form that nobody has touched."""
    hidden = re.findall(r'name="(seen-[^"]+)" value="([^"]*)"', text(page))
    return dict(hidden) | {"phone": page.context["form"]["phone"].value()}


def phone_is(phone: str) -> None:
    """Somebody else, or a program, has made it so."""
    change_member(BUSINESS, "joel", lambda member: replace(member, phone=phone))


def test_the_own_phone_is_kept_in_e164_or_refused(joel: Client, roster: RosterRepository) -> None:
    """Though one of old may stay."""
    assert joel.post(ACCOUNT, {"phone": "619 555 0199"}).status_code == 303
    assert roster.read().member("joel").phone == "+16195550199"
    answer = joel.post(ACCOUNT, shown(joel.get(ACCOUNT)) | {"phone": "call me"})
    assert answer.status_code == 422
    assert 'id="id_phone_error"' in text(answer)
    assert "nothing was saved yet" in words(answer)
    assert roster.read().member("joel").phone == "+16195550199"
    phone_is("ask Ana")
    assert joel.post(ACCOUNT, shown(joel.get(ACCOUNT))).status_code == 303
    assert roster.read().member("joel").phone == "ask Ana"


def test_a_new_password_leaves_anothers_new_phone(joel: Client, roster: RosterRepository) -> None:
    phone_is("+16195550102")
    page = joel.get(ACCOUNT)
    phone_is("+16195550103")
    fields = shown(page) | {"old_password": PASSWORD, "new_password": NEW}
    assert joel.post(ACCOUNT, fields).status_code == 303
    assert roster.read().member("joel").phone == "+16195550103"
    assert sign_in(Client(), password=NEW) == HOME


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


def test_a_lower_rank_counts_at_once(dana: Client) -> None:
    change_member(BUSINESS, "ana", lambda member: replace(member, rank=Rank.DISPATCHER))
    change_member(BUSINESS, "dana", lambda member: replace(member, rank=Rank.CREW))
    assert dana.get("/dashboard/jobs/new").status_code == 403


@pytest.mark.usefixtures("roster")
def test_without_its_token_no_form_of_the_crew_is_taken(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    client = Client(enforce_csrf_checks=True)
    for page, path, fields, status in (
        (SIGN_IN, SIGN_IN, {"username": "dana", "password": PASSWORD}, 302),
        ("/dashboard/", MOVE, {"status": "booked"}, 303),
    ):
        assert client.post(path, fields).status_code == 403
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text(client.get(page)))
        assert token
        assert client.post(path, fields | {"csrfmiddlewaretoken": token[1]}).status_code == status


@pytest.mark.usefixtures("roster")
def test_the_board_holds_one_token_for_all_its_cards(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(), make_job(id="2", tracking_token="")))
    assert "csrfmiddlewaretoken" not in text(dana.get("/dashboard/board"))
