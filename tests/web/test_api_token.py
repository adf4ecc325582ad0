"""Tokens: who gets one, and what ends it."""

from collections.abc import Callable

import jwt
import pytest
from django.conf import settings
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.roster import Member, Roster
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, PASSWORD, FakeClock, make_job
from tests.web.api import Program, is_problem

OTHER = "another-" + "y" * 50


def test_a_member_gets_a_token_for_twelve_hours(roster: RosterRepository, clock: FakeClock) -> None:
    answer = Program().post("token", {"username": "Joel ", "password": PASSWORD})
    assert answer.json().keys() == {"access", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 12 * 3600)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    joel = Program(Authorization=f"Bearer {answer.json()['access']}")
    clock.tick(12 * 3600 - 1)
    assert joel.get("jobs").status_code == 200
    clock.tick(1)
    assert is_problem(joel.get("jobs"), 401)


@pytest.mark.parametrize(
    "left",
    [
        lambda joel: [joel.with_password("a-new-hash")],
        lambda joel: [replace(joel, epoch=joel.epoch + 1)],
        lambda joel: [replace(joel, active=False)],
        lambda joel: [],
    ],
    ids=["new password", "signed out everywhere", "deactivated", "gone"],
)
def test_what_ends_the_sessions_ends_the_tokens(
    roster: RosterRepository, left: Callable[[Member], list[Member]]
) -> None:
    joel = Program("joel")
    members = left(roster.read().member("joel"))
    roster.change(lambda now: Roster(revision=now.revision).put(*members))
    assert is_problem(joel.get("jobs"), 401)


def test_tokens_of_the_old_secret_are_still_good(roster: RosterRepository) -> None:
    joel = Program("joel")
    with override_settings(SECRET_KEY=OTHER, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert joel.get("jobs").status_code == 200
    with override_settings(SECRET_KEY=OTHER):
        assert is_problem(joel.get("jobs"), 401)


def test_nobody_signs_with_the_secret_itself(roster: RosterRepository) -> None:
    token = Program().sign_in("joel")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"], audience=BUSINESS.slug)


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer é.é.é"),
        "Basic am9lbDpwdw==",
        "Bearer " + jwt.encode({"sub": "joel"}, None, algorithm="none"),
        "Bearer " + jwt.encode({"sub": "joel"}, "x" * 32, algorithm="HS256"),
        "Bearer W1tbW1tb." + "W1tb" * 900 + ".x",
        "Bearer " + "W1tb" * 900 + ".x.y",
    ],
)
def test_a_made_up_token_is_refused(roster: RosterRepository, header: str) -> None:
    assert is_problem(Program(Authorization=header).get("jobs"), 401)


def test_a_bearer_request_neither_reads_nor_sets_a_cookie(
    roster: RosterRepository, jobs: JobRepository
) -> None:
    joel = Program("joel")
    joel.client.cookies["sessionid"] = "broken"
    joel.client.cookies["csrftoken"] = "broken"
    answer = joel.get("jobs")
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_good_session_does_not_mend_a_bad_token(joel: Client) -> None:
    assert is_problem(joel.get("/api/jobs", headers={"Authorization": "Bearer x"}), 401)


def test_to_write_by_api_a_session_needs_a_csrf_token(joel: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status="booked")))
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["sessionid"] = joel.cookies["sessionid"].value
    note = ("/api/jobs/jXkL9m2pQ/notes", {"text": "Two couches"}, "application/json")
    assert browser.get("/api/jobs").status_code == 200
    assert is_problem(browser.post(*note), 403)
    browser.cookies["csrftoken"] = "c" * 32
    assert browser.post(*note, headers={"X-CSRFToken": "c" * 32}).status_code == 201


def test_without_a_token_or_the_right_password_it_is_401(roster: RosterRepository) -> None:
    wrong = {"username": "joel", "password": "nope"}
    for answer in (Program().get("jobs"), Program().post("token", wrong)):
        assert is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
