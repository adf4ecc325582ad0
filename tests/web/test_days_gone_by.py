"""Days that are over are shown as they were said, wherever the roster is."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

import dispatch.roster
from dispatch import wiring
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.permissions import Rank
from dispatch.roster import Days
from tests.conftest import restart, signed_in
from tests.making import BUSINESS, PASSWORD, FakeClock, make_member
from tests.web.api import Program, is_problem
from tests.web.pages import text, words

MONDAY = date(2026, 5, 25)
MAY = "/dashboard/crew/?month=2026-05"
AWAY = '<span class="over">away</span>'


@pytest.fixture(params=["document", "table"])
def dana(request: pytest.FixtureRequest, clock: FakeClock) -> Client:
    """Two months after Joel was away on a Monday, a worker that was started only now."""
    if request.param == "table":
        request.getfixturevalue("crew_table").create_table()
    dana = make_member("dana", rank=Rank.DISPATCHER, password=make_password(PASSWORD))
    wiring.roster(BUSINESS).change(lambda roster: roster.put(dana, make_member("joel")))
    dispatch.roster.set_away(BUSINESS, "joel", Days(MONDAY, MONDAY))
    clock.tick(60 * 24 * 3600)
    restart()
    return signed_in("dana")


def test_a_month_that_is_over_shows_its_days_off(dana: Client) -> None:
    assert text(dana.get(MAY)).count(AWAY) == 1
    assert AWAY not in text(dana.get("/dashboard/crew/"))
    days = Program("dana").get("crew?from=2026-05-25&to=2026-05-26").json()["days"]
    drivers = [[each["username"] for each in day["windows"][0]["free"]["driver"]] for day in days]
    assert drivers == [["dana"], ["dana", "joel"]]


@pytest.mark.parametrize("dana", ["table"], indirect=True)
def test_where_they_cannot_be_read_it_says_so(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program("dana")

    def silent(*days: object) -> Any:
        raise StoreUnavailable("DynamoDB does not answer.")

    monkeypatch.setattr(wiring.roster_table(BUSINESS), "between", silent)
    page = dana.get(MAY)
    assert page.status_code == 200
    assert "Days off that are over cannot be read just now" in words(page)
    assert is_problem(program.get("crew?date=2026-05-25"), 503)
    assert program.get("crew?date=2026-07-25").status_code == 200
