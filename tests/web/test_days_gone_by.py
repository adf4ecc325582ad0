"""Days that are over are shown as they were said, be the roster a file or a table."""

from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.contrib.auth.hashers import make_password
from django.test import Client

import dispatch.roster
from dispatch import wiring
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.permissions import Rank
from dispatch.roster import Days
from dispatch.stores.dynamodb import CLIENT
from tests.conftest import signed_in
from tests.making import BUSINESS, PASSWORD, FakeClock, make_member
from tests.moto_server import aws_environment, running_moto
from tests.web.api import Program, is_problem
from tests.web.pages import text, words

AS_DEPLOYED = wiring._roster.__wrapped__
MONDAY = date(2026, 5, 25)
MAY = "/dashboard/crew/?month=2026-05"
AWAY = '<span class="over">away</span>'
_table = count(1)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture(params=["file", "table"])
def crew_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> str:
    url = f"file:{tmp_path}"
    if request.param == "table":
        for name, value in aws_environment(request.getfixturevalue("moto")).items():
            monkeypatch.setenv(name, value)
        patient = CLIENT.merge(Config(read_timeout=60))  # moto takes its time
        monkeypatch.setattr("dispatch.stores.dynamodb.CLIENT", patient)
        url = f"dynamodb://days_gone_by.{next(_table)}/{{business}}"
    settings.CREW_URL = url
    if table := wiring.roster_table(BUSINESS):
        table.create_table()
    return url


@pytest.fixture
def dana(crew_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Two months after Joel was away on a Monday, a worker that was started only now."""
    kept = [AS_DEPLOYED(BUSINESS.slug)]
    monkeypatch.setattr(wiring, "_roster", lambda slug: kept[-1])
    dana = make_member("dana", rank=Rank.DISPATCHER, password=make_password(PASSWORD))
    wiring.roster(BUSINESS).change(lambda roster: roster.put(dana, make_member("joel")))
    dispatch.roster.set_away(BUSINESS, "joel", Days(MONDAY, MONDAY))
    clock.tick(60 * 24 * 3600)
    kept.append(AS_DEPLOYED(BUSINESS.slug))
    return signed_in("dana")


def test_a_month_that_is_over_shows_its_days_off(dana: Client) -> None:
    assert text(dana.get(MAY)).count(AWAY) == 1
    assert AWAY not in text(dana.get("/dashboard/crew/"))


@pytest.mark.usefixtures("dana")
def test_a_program_sees_who_was_free() -> None:
    days = Program("dana").get("crew?from=2026-05-25&to=2026-05-26").json()["days"]
    drivers = [[each["username"] for each in day["windows"][0]["free"]["driver"]] for day in days]
    assert drivers == [["dana"], ["dana", "joel"]]


@pytest.mark.parametrize("crew_url", ["table"], indirect=True)
def test_where_they_cannot_be_read_that_is_said(
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
