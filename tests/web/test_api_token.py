"""Tokens: who gets one, and what ends it."""

from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Site
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import BUSINESS, NOON, PASSWORD, FakeClock, make_job
from tests.web.api import Program, is_problem

OTHER = "another-" + "y" * 50


def test_a_member_gets_a_token_for_twelve_hours(roster: RosterRepository, clock: FakeClock) -> None:
    answer = Program().post("token", {"username": "Joel ", "password": PASSWORD})
    assert answer.json().keys() == {"access", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 12 * 3600)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_ends_after_twelve_hours(roster: RosterRepository, clock: FakeClock) -> None:
    joel = Program("joel")
    clock.tick(12 * 3600 - 1)
    assert joel.get("jobs").status_code == 200
    clock.tick(1)
    assert is_problem(joel.get("jobs"), 401)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    roster: RosterRepository,
) -> None:
    wrong = Program().post("token", {"username": "joel", "password": "nope"})
    unknown = Program().post("token", {"username": "nobody", "password": "nope"})
    assert is_problem(wrong, 401)
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")
    assert (wrong.content, wrong.status_code) == (unknown.content, unknown.status_code)


@pytest.mark.parametrize(
    "change",
    [
        lambda member: member.with_password("a-new-hash"),
        lambda member: replace(member, epoch=member.epoch + 1),
        lambda member: replace(member, active=False),
    ],
    ids=["new password", "signed out everywhere", "deactivated"],
)
def test_what_ends_the_sessions_ends_the_tokens(roster: RosterRepository, change: Any) -> None:
    joel = Program("joel")
    roster.change(lambda book: book.changed(change(book.member("joel")), NOON))
    assert is_problem(joel.get("jobs"), 401)


def test_who_has_gone_from_the_roster_has_no_token(roster: RosterRepository) -> None:
    joel = Program("joel")
    roster.change(lambda book: type(book)(revision=book.revision))
    assert is_problem(joel.get("jobs"), 401)


def test_a_token_of_one_business_is_worth_nothing_at_another(roster: RosterRepository) -> None:
    ours = replace(BUSINESS, production=Site("https://ours.test"))
    other = replace(BUSINESS, slug="other", production=Site("https://other.test"))
    wiring.roster(other).change(lambda book: book.put(*roster.read().members))
    with override_settings(
        STAGE="production", BUSINESSES=(ours, other), ALLOWED_HOSTS=["ours.test", "other.test"]
    ):
        joel = Program(Host="ours.test")
        joel.headers["Authorization"] = f"Bearer {joel.sign_in('joel')}"
        assert joel.get("jobs").status_code == 200
        assert is_problem(joel.get("jobs", Host="other.test"), 401)


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
        *(
            "",
            "Bearer",
            "Bearer ",
            "Bearer x",
            "Bearer a.b.c",
            "Basic am9lbDpwdw==",
            "Bearer é.é.é",
        ),
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


def test_the_session_reads_the_api_and_needs_a_csrf_token_to_write(
    joel: Client, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(make_job(status="booked")))
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["sessionid"] = joel.cookies["sessionid"].value
    note = ("/api/jobs/jXkL9m2pQ/notes", {"text": "Two couches"}, "application/json")
    assert browser.get("/api/jobs").status_code == 200
    assert is_problem(browser.post(*note), 403)
    browser.cookies["csrftoken"] = "c" * 32
    assert browser.post(*note, headers={"X-CSRFToken": "c" * 32}).status_code == 201


def test_without_anything_it_is_401(roster: RosterRepository) -> None:
    answer = Program().get("jobs")
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
