"""While the roster cannot be read: who is signed in goes on, for a while; nothing about who may."""

import pytest
from django.test import Client

from dispatch.accounts import KEPT
from dispatch.domain.crew import Rank
from dispatch.domain.repository import JobRepository, RosterRepository
from dispatch.domain.status import Status
from tests.conftest import signed_in
from tests.making import PASSWORD, FakeClock, make_job, unavailable
from tests.web.api import Program, is_problem
from tests.web.pages import words

SIGN_IN = "/dashboard/login/"
LONG = 60  # seconds: an outage, not a hiccup


def board(client: Client) -> int:
    return client.get("/dashboard/board").status_code


def test_who_is_signed_in_goes_on_working(
    joel: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    program = Program("joel")
    with unavailable(roster):
        clock.tick(LONG)
        move = joel.post("/dashboard/jobs/jXkL9m2pQ/move", {"status": "ready_for_pickup"})
        assert (board(joel), move.status_code, program.get("jobs").status_code) == (200, 303, 200)


def test_after_a_quarter_of_an_hour_nobody_does(
    joel: Client, roster: RosterRepository, clock: FakeClock
) -> None:
    program = Program("joel")
    with unavailable(roster):
        clock.tick(KEPT - 10)
        assert board(joel) == 200
        clock.tick(20)
        assert board(joel) == 503
        assert is_problem(program.get("jobs"), 503)
    clock.tick(10)
    assert board(joel) == 200


def test_nobody_signs_in_and_the_page_says_why(roster: RosterRepository, clock: FakeClock) -> None:
    client = Client()
    assert client.get(SIGN_IN).status_code == 200
    with unavailable(roster):
        clock.tick(LONG)
        answer = client.post(SIGN_IN, {"username": "joel", "password": PASSWORD})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Nobody can sign in right now" in words(answer)
    assert 'value="joel"' in answer.content.decode()
    assert board(client) == 401
    clock.tick(10)
    signed_in("joel")


def test_a_wrong_password_counts_for_nothing_meanwhile(
    roster: RosterRepository, clock: FakeClock
) -> None:
    client = Client()
    with unavailable(roster):
        clock.tick(LONG)
        for _ in range(12):
            fields = {"username": "joel", "password": "wrong"}
            assert client.post(SIGN_IN, fields).status_code == 503
    clock.tick(10)
    signed_in("joel")


def test_no_token_is_given(roster: RosterRepository, clock: FakeClock) -> None:
    with unavailable(roster):
        clock.tick(LONG)
        answer = Program().post("token", {"username": "joel", "password": PASSWORD})
    assert is_problem(answer, 503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("joel/", {"name": "Joel", "rank": "dispatcher"}),
        ("joel/access", {"do": "deactivate"}),
        ("joel/access", {"do": "password"}),
        ("joel/sick", {}),
        ("new", {"username": "pete", "name": "Pete", "rank": "crew"}),
    ],
)
def test_nobody_changes_who_may_do_what(
    dana: Client, roster: RosterRepository, clock: FakeClock, path: str, fields: dict[str, str]
) -> None:
    before = roster.read().revision
    with unavailable(roster):
        clock.tick(LONG)
        assert dana.post(f"/dashboard/crew/{path}", fields).status_code == 503
    assert roster.refreshed().revision == before
    assert roster.read().member("joel").rank is Rank.CREW
