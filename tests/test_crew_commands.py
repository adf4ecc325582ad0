"""`manage.py crew away|list --from|restore|create-table`, in a document and a table."""

import io
from datetime import date
from pathlib import Path
from shutil import rmtree

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from dispatch import overrides, wiring
from dispatch.domain.job import Crew
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import Stops
from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.roster import Availability
from dispatch.domain.status import Status
from dispatch.domain.stored.document import LedgerGone
from dispatch.outbox import stops
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import Repository, RosterRepository
from tests.conftest import restart
from tests.making import BUSINESS, DANA, FakeClock, make_job, make_member
from tests.opening import AS_IN_COMMANDS, open_roster
from tests.stores.troubled import InMemory

SATURDAY = date(2026, 5, 23)


def run(*words: str) -> str:
    said = io.StringIO()
    call_command("crew", *words, stdout=said, stderr=said)
    return said.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    assert "\n" not in str(refusal.value).strip(), "one clear line"
    return str(refusal.value)


@pytest.fixture(autouse=True)
def members() -> None:
    joel_and_ana_are_on_the_roster()


def joel_and_ana_are_on_the_roster() -> None:
    members = (make_member("joel"), make_member("ana"))
    wiring.roster(BUSINESS).change(lambda roster: roster.put(*members))


def days_of(username: str) -> dict[date, Availability]:
    return dict(wiring.roster(BUSINESS).refreshed().member(username).availability)


@pytest.mark.parametrize("place", ["document", "table"])
def test_days_off_are_noted_listed_and_ended(place: str, request: pytest.FixtureRequest) -> None:
    if place == "table":
        request.getfixturevalue("crew_table").create()
        joel_and_ana_are_on_the_roster()
    said = run("away", "joel", "2026-05-23", "--to", "2026-05-25")
    assert said == "joel is away from 2026-05-23 to 2026-05-25\n"
    said = run("away", "joel", "2026-05-24", "--back", "--windows", "morning")
    assert said == "joel is free again on 2026-05-24, morning\n"
    listed = run("list", "--from", "2026-05-23", "--to", "2026-05-24").splitlines()
    assert [line.split()[0] for line in listed] == ["ana", "joel", "2026-05-23", "2026-05-24"]
    assert listed[2:] == ["    2026-05-23  away", "    2026-05-24  free: morning"]
    assert run("away", "joel", "2026-05-23", "--to", "2026-05-25", "--back").startswith("joel is")
    assert days_of("joel") == {}
    run("away", "joel", "2026-05-23", "--windows", "morning, afternoon")
    run("away", "joel", "2026-05-23", "--windows=afternoon", "--back")
    assert days_of("joel") == {SATURDAY: Availability(("afternoon",))}
    assert days_of("ana") == {}
    assert run("list").splitlines() == [line for line in listed if not line.startswith(" ")]


def test_some_roles_can_be_left() -> None:
    said = run("away", "joel", "2026-05-23", "--roles", "first_mate")
    assert said == "joel is away on 2026-05-23, but still there as first_mate\n"
    assert days_of("joel") == {SATURDAY: Availability(roles=("first_mate",))}
    assert "2026-05-23  as first_mate" in run("list", "--from", "2026-05-01")
    run("away", "joel", "2026-05-23", "--back")
    assert days_of("joel") == {}


def test_a_dry_run_notes_nothing_and_what_is_so_already_is_said() -> None:
    dry = run("away", "joel", "2026-05-23", "--dry-run")
    assert dry == "Would note: joel is away on 2026-05-23\n"
    assert days_of("joel") == {}
    run("away", "joel", "2026-05-23")
    revision = wiring.roster(BUSINESS).refreshed().revision
    again = run("away", "joel", "2026-05-23")
    assert again == "joel is away on 2026-05-23 already; nothing to do\n"
    assert wiring.roster(BUSINESS).refreshed().revision == revision


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_jobs_that_now_stand_in_the_way_are_listed(jobs: JobRepository, dry: list[str]) -> None:
    window = BUSINESS.window(SATURDAY, "morning")
    mine = make_job(status=Status.BOOKED, window=window, crew=Crew(driver="joel"))
    jobs.change(lambda book: book.put(mine))
    said = run("away", "joel", "2026-05-23", "--to", "2026-05-24", *dry).splitlines()
    assert said[1:] == ["Still driver of job jXkL9m2pQ, Mark, Sat, May 23 (Morning)"]
    assert len(run("away", "joel", "2026-05-24", *dry).splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pete", "2026-05-23"], "Nobody called pete is on the roster."),
        (["joel", "tomorrow"], "'tomorrow': That is no date such as 2026-05-23."),
        (["joel", "9999-12-31"], "'9999-12-31': It must be from 2000 to 2199."),
        (["joel", "2026-05-21"], "2026-05-21 is over."),
        (["joel", "2028-05-23"], "2028-05-23 is more than two years off."),
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


def test_days_beyond_all_calendars_are_not_listed() -> None:
    assert "'9999-12-31': It must be from 2000" in refused("list", "--from", "9999-12-31")


def test_today_is_the_business_s_own(clock: FakeClock) -> None:
    """At 11 p.m. in San Diego it is tomorrow in UTC."""
    clock.tick(11 * 3600)
    assert wiring.now().date() == SATURDAY
    run("away", "joel", "2026-05-22")
    assert date(2026, 5, 22) in days_of("joel")


# --- who leaves ----------------------------------------------------------------------------


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_the_last_dispatcher_cannot_be_let_go(roster: RosterRepository, dry: list[str]) -> None:
    assert "last active dispatcher" in refused("deactivate", "dana", *dry)
    assert roster.read().member("dana").active


# --- the table -----------------------------------------------------------------------------


def test_the_table_is_made_where_it_is_missing_and_once(crew_table: Table) -> None:
    would = f"Would make the DynamoDB table {crew_table.name}, billed by use\n"
    assert run("create-table", "--dry-run") == would
    assert "`manage.py crew create-table` makes it" in refused("list")
    assert run("create-table") == f"Making the DynamoDB table {crew_table.name} …\nIt is ready\n"
    assert run("create-table") == f"The DynamoDB table {crew_table.name} is there already\n"
    assert run("list") == ""


def test_a_roster_in_a_file_needs_no_table() -> None:
    assert run("create-table") == "The roster is a file: there is no table to make\n"


def test_a_table_as_it_once_was_laid_out_is_brought_over(crew_table: Table) -> None:
    crew_table.create()
    assert run("upgrade-table") == "There is nothing to bring over\n"
    prefix = f"CREW#{BUSINESS.slug}#"
    joel = {"username": "joel", "name": "Joel", "rank": "crew", "version": 1}
    joel |= dict.fromkeys(("created_at", "updated_at"), "2026-05-01T19:00:00Z")
    meta = {"schema": 1, "revision": 4, "write_id": "w4", "members": ["joel"], "versions": [1]}
    for key, item in (
        ((f"{prefix}META", "META"), meta),
        ((f"{prefix}joel", "PROFILE"), joel),
        ((f"{prefix}joel", "AVAIL#2026-05-23"), {"windows": list[str]()}),
    ):
        crew_table.write(crew_table.put(*key, before={}, then=item))
    assert "`manage.py crew upgrade-table` brings it over" in refused("list")
    told = "the roster (members: 1, days off: 1)"
    assert run("upgrade-table", "--dry-run") == f"Would bring over {told}\n"
    assert "upgrade-table" in refused("list")
    assert run("upgrade-table") == f"Brought over {told}; what was of old is gone\n"
    assert days_of("joel") == {SATURDAY: Availability(())}
    assert run("list", "--from", "2026-05-23").splitlines()[1] == "    2026-05-23  away"
    assert run("upgrade-table") == "There is nothing to bring over\n"


def test_a_roster_in_a_file_is_nothing_to_bring_over() -> None:
    assert run("upgrade-table") == "There is nothing to bring over\n"


def test_days_long_gone_stay_and_are_listed(crew_table: Table, clock: FakeClock) -> None:
    crew_table.create()
    joel_and_ana_are_on_the_roster()
    run("away", "joel", "2026-05-23")
    clock.tick(100 * 24 * 3600)
    restart()
    wiring.roster(BUSINESS).change(lambda roster: roster.put(make_member("pete")))
    run("away", "joel", "2026-09-01")
    restart()
    assert list(days_of("joel")) == [SATURDAY, date(2026, 9, 1)]
    assert "2026-05-23  away" in run("list", "--from", "2026-05-01", "--to", "2026-08-30")


# --- restore -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [b"{", None], ids=["damaged", "gone"])
def test_a_roster_that_is_damaged_or_gone_is_put_back_as_it_last_was(
    how: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "crew.json"
    monkeypatch.setattr(wiring, "_roster", lambda _: open_roster(FileStore(path, keeps=True)))
    kept_in(tmp_path, monkeypatch)
    joel_and_ana_are_on_the_roster()
    assert "there is nothing to put back" in refused("restore")
    path.unlink() if how is None else path.write_bytes(how)
    assert run("restore", "--dry-run") == f"Would put back {path} as it last was\n"
    assert run("restore") == f"Put back {path} as it last was\n"
    assert {each.username for each in wiring.roster(BUSINESS).read().members} == {"joel", "ana"}
    path.unlink()
    rmtree(tmp_path / "versions")
    assert "no version is kept" in refused("restore")


def kept_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set and who said stop are in files there."""
    for name, kind in (("settings", Overrides), ("stops", Stops)):
        ledger = DocumentLedger(FileStore(folder / f"{name}.json", keeps=True), kind)
        repository = Repository(ledger, **AS_IN_COMMANDS)
        of = {"settings": "_overrides", "stops": "_stops"}[name]
        monkeypatch.setattr(wiring, of, lambda _, it=repository: it)


def test_settings_and_stops_that_are_damaged_are_put_back_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joels, path, said = (tmp_path / f"{name}.json" for name in ("crew", "settings", "stops"))
    monkeypatch.setattr(wiring, "_roster", lambda _: open_roster(FileStore(joels, keeps=True)))
    joel_and_ana_are_on_the_roster()
    kept_in(tmp_path, monkeypatch)
    overrides.close(BUSINESS, date(2026, 12, 24), by=DANA)
    stops.stop(BUSINESS, Channel.SMS, "+16195550142", by="customer")
    for each in (path, said):
        each.write_bytes(b"{")
    assert run("restore").splitlines() == [f"Put back {it} as it last was" for it in (path, said)]
    assert date(2026, 12, 24) in wiring.in_force(BUSINESS).closed
    assert stops.has_stopped(BUSINESS, Channel.SMS, "+16195550142")


def test_a_roster_that_is_gone_says_what_helps(roster: InMemory) -> None:
    roster.read()
    roster.store.inner.delete()
    with pytest.raises(LedgerGone, match=r"it is put back by `manage.py crew restore`\."):
        roster.change(lambda known: known.put(make_member("new")))
