"""`manage.py crew away|list --from|create-table`, on a roster in a file and in a table."""

import io
from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from botocore.config import Config
from django.core.management import call_command
from django.core.management.base import CommandError

import dispatch.roster
from dispatch import wiring
from dispatch.domain.job import Crew
from dispatch.domain.roster import Availability, Member
from dispatch.domain.status import Status
from dispatch.stores.dynamodb import CLIENT
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.conftest import signed_in
from tests.making import BUSINESS, FakeClock, make_job, make_member
from tests.moto_server import aws_environment, running_moto
from tests.web.api import Program

SATURDAY = date(2026, 5, 23)
AS_DEPLOYED = wiring._roster.__wrapped__
_table = count(1)


def run(*words: str) -> str:
    said = io.StringIO()
    call_command("crew", *words, stdout=said, stderr=said)
    return said.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    assert "\n" not in str(refusal.value).strip(), "one clear line"
    return str(refusal.value)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture
def table(moto: str, monkeypatch: pytest.MonkeyPatch, settings: object) -> str:
    """The roster is to be in this table, which is not there yet."""
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    patient = CLIENT.merge(Config(read_timeout=60))  # moto takes its time
    monkeypatch.setattr("dispatch.stores.dynamodb.CLIENT", patient)
    name = f"crew_commands.{next(_table)}"
    settings.CREW_URL = f"dynamodb://{name}/{{business}}"  # type: ignore[attr-defined]
    kept = AS_DEPLOYED(BUSINESS.slug)
    monkeypatch.setattr(wiring, "_roster", lambda slug: kept)
    return name


@pytest.fixture(params=["file", "table"])
def joel(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Joel and Ana are on the roster, wherever that is."""
    if request.param == "table":
        request.getfixturevalue("table")
        run("create-table")
    else:
        request.getfixturevalue("settings").CREW_URL = f"file:{tmp_path}"
        kept = AS_DEPLOYED(BUSINESS.slug)
        monkeypatch.setattr(wiring, "_roster", lambda slug: kept)
    member = make_member("joel")
    wiring.roster(BUSINESS).change(lambda roster: roster.put(member, make_member("ana")))
    return member


def days_of(username: str) -> dict[date, Availability]:
    return dict(wiring.roster(BUSINESS).refreshed().member(username).availability)


@pytest.mark.usefixtures("joel")
def test_days_off_are_noted_listed_and_taken_back() -> None:
    assert run("away", "joel", "2026-05-23", "--to", "2026-05-25") == (
        "joel is away from 2026-05-23 to 2026-05-25\n"
    )
    assert run("away", "joel", "2026-05-24", "--back", "--windows", "morning") == (
        "joel is free again on 2026-05-24, morning\n"
    )
    listed = run("list", "--from", "2026-05-23", "--to", "2026-05-24").splitlines()
    assert [line.split()[0] for line in listed] == ["ana", "joel", "2026-05-23", "2026-05-24"]
    assert listed[2:] == ["    2026-05-23  away", "    2026-05-24  free: morning"]
    assert run("away", "joel", "2026-05-23", "--to", "2026-05-25", "--back").startswith("joel is")
    assert days_of("joel") == {}
    assert run("list").splitlines() == [line for line in listed if not line.startswith(" ")]


@pytest.mark.usefixtures("joel")
def test_a_part_of_a_day_can_be_off() -> None:
    run("away", "joel", "2026-05-23", "--windows", "morning, afternoon")
    run("away", "joel", "2026-05-23", "--windows=afternoon", "--back")
    assert days_of("joel") == {SATURDAY: Availability(("afternoon",))}
    assert days_of("ana") == {}


@pytest.mark.usefixtures("joel")
def test_some_roles_can_be_left() -> None:
    assert run("away", "joel", "2026-05-23", "--roles", "first_mate") == (
        "joel is away on 2026-05-23, but still there as first_mate\n"
    )
    assert days_of("joel") == {SATURDAY: Availability(roles=("first_mate",))}
    assert "2026-05-23  as first_mate" in run("list", "--from", "2026-05-01")
    run("away", "joel", "2026-05-23", "--back")
    assert days_of("joel") == {}


@pytest.mark.usefixtures("joel")
def test_a_dry_run_notes_nothing() -> None:
    assert run("away", "joel", "2026-05-23", "--dry-run") == (
        "Would note: joel is away on 2026-05-23\n"
    )
    assert days_of("joel") == {}


@pytest.mark.usefixtures("joel")
def test_what_is_so_already_is_said() -> None:
    run("away", "joel", "2026-05-23")
    revision = wiring.roster(BUSINESS).refreshed().revision
    assert run("away", "joel", "2026-05-23") == (
        "joel is away on 2026-05-23 already; nothing to do\n"
    )
    assert wiring.roster(BUSINESS).refreshed().revision == revision


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_jobs_that_now_stand_in_the_way_are_listed(
    joel: Member, jobs: JobRepository, dry: list[str]
) -> None:
    window = BUSINESS.window(SATURDAY, "morning")
    mine = make_job(status=Status.BOOKED, window=window, crew=Crew(driver="joel"))
    jobs.change(lambda book: book.put(mine))
    said = run("away", "joel", "2026-05-23", "--to", "2026-05-24", *dry).splitlines()
    assert said[1:] == ["Still driver of job jXkL9m2pQ, Mark, Sat, May 23 (Morning)"]
    assert len(run("away", "joel", "2026-05-24", *dry).splitlines()) == 1


@pytest.mark.usefixtures("joel")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pete", "2026-05-23"], "Nobody called pete is on the roster."),
        (["joel", "tomorrow"], "'tomorrow' is no date such as 2026-05-23"),
        (["joel", "2026-05-21"], "2026-05-21 is over."),
        (["joel", "2026-05-23", "--to", "2026-05-22"], "2026-05-22 is before 2026-05-23."),
        (["joel", "2026-05-23", "--to", "2027-05-24"], "more than a year"),
        (["joel", "2026-05-23", "--windows", "night"], "'night' is no window: there are morning"),
        (["joel", "2026-05-23", "--roles", "cook"], "'cook' is no role: there are driver"),
        (["joel", "2026-05-23", "--roles", "driver", "--back"], "Roles are left for a whole day"),
        (
            ["joel", "2026-05-23", "--roles", "driver", "--windows", "morning"],
            "Roles are left for a whole day",
        ),
    ],
)
def test_days_that_cannot_be_are_refused(words: list[str], told: str) -> None:
    assert told in refused("away", *words)


def test_today_is_the_business_s_own(joel: Member, clock: FakeClock) -> None:
    """At 11 p.m. in San Diego it is tomorrow in UTC."""
    clock.tick(11 * 3600)
    assert wiring.now().date() == SATURDAY
    run("away", "joel", "2026-05-22")
    assert date(2026, 5, 22) in days_of("joel")


# --- who leaves ----------------------------------------------------------------------------


@pytest.mark.usefixtures("roster")
def test_who_was_deactivated_and_comes_back_signs_in_anew() -> None:
    """The old cookie and the old token stay ended."""
    client, program = signed_in("joel"), Program("joel")
    run("deactivate", "joel")
    dispatch.roster.reactivate(BUSINESS, "joel")
    assert client.get("/dashboard/board").status_code == 401
    assert program.get("jobs").status_code == 401
    signed_in("joel")


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_the_last_dispatcher_cannot_be_deactivated(
    roster: RosterRepository, dry: list[str]
) -> None:
    assert "last active dispatcher" in refused("deactivate", "dana", *dry)
    assert roster.read().member("dana").active


# --- the table -----------------------------------------------------------------------------


def test_the_table_is_made_where_it_is_missing_and_once(table: str) -> None:
    assert run("create-table", "--dry-run").startswith(f"Would make the DynamoDB table {table}")
    assert "`manage.py crew create-table` makes it" in refused("list")
    assert run("create-table").splitlines() == [
        f"Making the DynamoDB table {table} …",
        "It is ready",
    ]
    assert run("create-table") == f"The DynamoDB table {table} is there already\n"
    assert run("list") == ""


def test_a_roster_in_a_file_needs_no_table() -> None:
    assert run("create-table") == "The roster is a file: there is no table to make\n"


def test_days_long_gone_stay_in_the_table_and_are_listed(table: str, clock: FakeClock) -> None:
    run("create-table")
    wiring.roster(BUSINESS).change(lambda roster: roster.put(make_member("joel")))
    run("away", "joel", "2026-05-23")
    clock.tick(100 * 24 * 3600)
    kept = AS_DEPLOYED(BUSINESS.slug)
    kept.change(lambda roster: roster.put(make_member("ana")))
    run("away", "joel", "2026-09-01")
    assert list(AS_DEPLOYED(BUSINESS.slug).read().member("joel").availability) == [date(2026, 9, 1)]
    assert "2026-05-23  away" in run("list", "--from", "2026-05-01", "--to", "2026-09-30")
