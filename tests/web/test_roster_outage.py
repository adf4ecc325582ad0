"""While the roster cannot be read: who is signed in goes on, for a while; nothing about who may."""

from typing import Any

import pytest
from django.test import Client

from dispatch.accounts import KEPT
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import signed_in
from tests.making import PASSWORD, FakeClock, make_job, unavailable
from tests.stores.troubled import InMemory, gone
from tests.web.api import Program, is_problem
from tests.web.pages import text, words

SIGN_IN = "/dashboard/login/"
PETE = {"username": "pete", "name": "Pete B", "rank": "crew"}
NEW = "a-longer-word-of-mine"
LONG = 60  # seconds: an outage, not a hiccup


def board(client: Client) -> int:
    return client.get("/dashboard/board").status_code


def test_who_is_signed_in_goes_on_working_for_a_quarter_of_an_hour(
    joel: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    program = Program("joel")
    with unavailable(roster):
        clock.tick(KEPT - 10)
        move = joel.post("/dashboard/jobs/jXkL9m2pQ/move", {"status": "ready_for_pickup"})
        assert (board(joel), move.status_code, program.get("jobs").status_code) == (200, 303, 200)
        clock.tick(20)
        assert board(joel) == 503
        assert is_problem(program.get("jobs"), 503)
    clock.tick(10)
    assert board(joel) == 200


def test_nobody_signs_in_and_the_page_says_why(roster: RosterRepository, clock: FakeClock) -> None:
    """A wrong password counts for nothing meanwhile."""
    client = Client()
    assert client.get(SIGN_IN).status_code == 200
    fields = {"username": "joel", "password": PASSWORD}
    with unavailable(roster):
        clock.tick(LONG)
        answer = client.post(SIGN_IN, fields)
        assert is_problem(Program().post("token", fields), 503)
        for _ in range(12):
            assert client.post(SIGN_IN, fields | {"password": "wrong"}).status_code == 503
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Nobody can sign in right now" in words(answer)
    assert "(619) 555-0100" in words(answer)
    assert 'value="joel"' in text(answer)
    assert board(client) == 401
    clock.tick(10)
    signed_in("joel")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("joel/", {"name": "Joel", "rank": "dispatcher"}),
        ("joel/access", {"do": "deactivate"}),
        ("joel/access", {"do": "password"}),
        ("joel/sick", {}),
        ("new", PETE),
    ],
)
def test_nobody_changes_who_may_do_what(
    dana: Client, roster: RosterRepository, clock: FakeClock, path: str, fields: dict[str, str]
) -> None:
    before = roster.read().revision
    with unavailable(roster):
        clock.tick(LONG)
        assert dana.post(f"/dashboard/crew/{path}", fields).status_code == 503
    clock.tick(LONG)
    assert roster.refreshed().revision == before
    assert roster.read().member("joel").rank is Rank.CREW


# --- what was typed ----------------------------------------------------------------------


def post(client: Client, roster: RosterRepository, path: str, fields: dict[str, str]) -> Any:
    """Sent while the roster is out of reach."""
    with unavailable(roster):
        answer = client.post(f"/dashboard/{path}", fields)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "we do not know yet whether" in words(answer)
    assert "nothing was saved" not in words(answer)
    return answer


@pytest.mark.parametrize(
    ("path", "fields", "typed"),
    [
        ("crew/joel/", {"name": "Joel R", "rank": "crew"}, "Joel R"),
        ("crew/joel/days", {"set": "away", "from": "2026-05-25"}, "2026-05-25"),
        ("crew/joel/days?day=2026-05-25", {"set": "away"}, "2026-05-25"),
        ("crew/new", PETE, "Pete B"),
        ("account/", {"phone": "619 555 0199"}, "619 555 0199"),
        ("account/days", {"set": "back", "from": "2026-05-25"}, "2026-05-25"),
    ],
)
def test_what_was_typed_is_given_back(
    dana: Client, roster: RosterRepository, path: str, fields: dict[str, str], typed: str
) -> None:
    answer = post(dana, roster, path, fields)
    assert f'value="{typed}"' in text(answer)
    assert "What you typed is still here" in words(answer)


def test_a_new_password_is_not_given_back_and_may_be_the_one_to_sign_in_with(
    joel: Client, roster: RosterRepository
) -> None:
    fields = {"phone": "619 555 0199", "old_password": PASSWORD, "new_password": NEW}
    answer = post(joel, roster, "account/", fields)
    assert 'value="619 555 0199"' in text(answer)
    assert NEW not in text(answer)
    assert PASSWORD not in text(answer)
    assert "If you are asked to sign in then, the new password is set" in words(answer)


def test_a_new_member_who_came_through_gets_a_password_later(
    dana: Client, roster: InMemory
) -> None:
    """Sent again it would be refused, and the first password was never shown."""

    def answer_lost() -> None:
        roster.store.before_load.append(gone)
        gone()

    roster.store.after_save.append(answer_lost)
    answer = dana.post("/dashboard/crew/new", PETE)
    assert answer.status_code == 503
    assert "does not do it twice" not in words(answer)
    assert "Look at the roster first" in words(answer)
    assert dana.post("/dashboard/crew/new", PETE).status_code == 409
    assert "signs in as pete with the password" in words(
        dana.post("/dashboard/crew/pete/access", {"do": "password"})
    )
