"""`manage.py crew …` and `manage.py jobs …`: what they do, say, and refuse."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from dispatch import wiring
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import signed_in
from tests.making import BUSINESS, LEGACY, PASSWORD, make_job
from tests.stores.troubled import InMemory

ROOT = Path(__file__).resolve().parent.parent
KEEP = "--keep-unreadable"
MARKS_LINK = "/track/fcdc1c82cb284dbe"


def run(*words: str) -> str:
    """All that the command says, errors too."""
    said = io.StringIO()
    call_command(*words, stdout=said, stderr=said)
    return said.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    assert "\n" not in str(refusal.value).strip(), "one clear line"
    return str(refusal.value)


@pytest.fixture
def typed_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


# --- crew -------------------------------------------------------------------------------


@pytest.mark.usefixtures("typed_password")
def test_a_member_is_added_and_can_sign_in() -> None:
    said = run(
        *("crew", "add", "joel", "--rank", "crew", "--role", "driver", "--role", "first_mate"),
        *("--phone", "619-555-0102", "--full-name", "Joel Ramirez", "--password-stdin"),
    )
    assert said.startswith("Added joel")
    member = wiring.roster(BUSINESS).read().member("joel")
    assert (member.rank, member.roles) == (Rank.CREW, ("driver", "first_mate"))
    assert (member.phone, member.name) == ("+16195550102", "Joel Ramirez")
    signed_in("joel")


def test_a_dry_run_adds_nobody() -> None:
    assert run("crew", "add", "joel", "--rank", "crew", "--dry-run").startswith("Would add joel")
    assert wiring.roster(BUSINESS).read().members == ()


@pytest.mark.parametrize("name", ["Joel", "jo el", "customer", "-x", "", "x" * 33])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    assert refused("crew", "add", "--rank", "crew", "--", name).startswith(f"{name!r} cannot be")


@pytest.mark.usefixtures("roster")
def test_nobody_is_added_twice() -> None:
    assert refused("crew", "add", "joel", "--rank", "crew") == "joel is on the roster already."


def test_a_phone_that_is_none_is_refused() -> None:
    said = refused("crew", "add", "joel", "--rank", "crew", "--phone", "ask for Bob")
    assert "phone: That does not look like a phone number." in said


@pytest.mark.parametrize("typed", ["short\n", "password\n", "\n", ""])
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert "password" in refused("crew", "add", "joel", "--rank", "crew", "--password-stdin")
    assert wiring.roster(BUSINESS).read().members == ()


def test_who_is_on_the_crew_is_listed(roster: RosterRepository) -> None:
    run("crew", "deactivate", "vic")
    lines = run("crew", "list").splitlines()
    assert [line.split()[:2] for line in lines] == [
        *(["ana", "crew"], ["dana", "dispatcher"], ["joel", "crew"])
    ]
    assert "vic" in run("crew", "list", "--all")


@pytest.mark.usefixtures("typed_password")
def test_a_new_password_ends_the_sessions(joel: Client) -> None:
    assert "joel has a new password" in run("crew", "password", "joel", "--password-stdin")
    assert joel.get("/dashboard/board").status_code == 401


def test_a_dry_run_changes_no_password(joel: Client) -> None:
    assert run("crew", "password", "joel", "--dry-run").startswith("Would set a new password")
    assert joel.get("/dashboard/board").status_code == 200


def test_who_has_left_is_out_at_once_and_stays_in_the_history(joel: Client) -> None:
    assert run("crew", "deactivate", "joel", "--dry-run") == "Would deactivate joel\n"
    assert joel.get("/dashboard/board").status_code == 200
    assert run("crew", "deactivate", "joel") == "joel can no longer sign in\n"
    assert joel.get("/dashboard/board").status_code == 401
    assert wiring.roster(BUSINESS).read().name_of("joel") == "Joel"


@pytest.mark.parametrize("action", ["password", "deactivate"])
def test_who_is_not_on_the_roster_is_named(action: str) -> None:
    assert refused("crew", action, "pete") == "Nobody called pete is on the roster."


@pytest.mark.usefixtures("typed_password")
def test_a_full_name_is_tidied_as_in_the_form() -> None:
    run(
        "crew",
        "add",
        "joel",
        "--rank",
        "crew",
        "--full-name",
        " Joel\n Ramirez",
        "--password-stdin",
    )
    assert wiring.roster(BUSINESS).read().member("joel").name == "Joel Ramirez"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("  ", "Please give a name."),
        ("x" * 81, "It has 81 characters; at most 80 fit."),
        ("Jo\x1bel", "It has control characters in it."),
        ("Jo\u202eel", "It has control characters in it."),
        ("Jo\udcffel", "It has control characters in it."),
    ],
)
def test_a_full_name_is_judged_as_in_the_form(name: str, sentence: str) -> None:
    said = refused(*("crew", "add", "joel", "--rank", "crew", "--full-name", name, "--dry-run"))
    assert said == f"'joel' cannot be a member: name: {sentence}"


# --- jobs -------------------------------------------------------------------------------


@pytest.fixture
def imported() -> str:
    """The old jobs are there; what their import said."""
    return run("jobs", "import", str(LEGACY), KEEP)


def test_jobs_are_listed_and_by_status(jobs: JobRepository) -> None:
    booked = make_job(id="17", tracking_token="", status=Status.BOOKED)
    jobs.change(lambda book: book.put(make_job(), booked))
    assert [line.split()[0] for line in run("jobs", "list").splitlines()] == ["jXkL9m2pQ", "17"]
    (line,) = run("jobs", "list", "--status", "confirmed").splitlines()
    assert line.startswith("17 ")
    assert "'lost' is none of pending, booked" in refused("jobs", "list", "--status", "lost")


@pytest.mark.usefixtures("imported")
def test_a_job_is_shown_with_the_fields_that_we_do_not_know() -> None:
    shown = json.loads(run("jobs", "show", "17"))
    assert (shown["customer_name"], shown["x_invoice"]["no"]) == ("Café Nuñez & Sons", 1041)


def test_a_job_that_is_not_there_is_named() -> None:
    assert refused("jobs", "show", "nope") == "There is no job 'nope'."


def test_the_import_of_old_jobs_says_what_it_took_and_what_is_broken(
    imported: str, jobs: JobRepository
) -> None:
    assert "Imported 5 of 5 entries" in imported
    assert "Kept as it is: entry 'broken-1': Invalid enum value 'teleported'" in imported
    assert "+16195550142" in {job.phone for job in jobs.read().jobs}  # brought to E.164


def test_a_file_with_an_unreadable_entry_and_a_dry_run_import_nothing(jobs: JobRepository) -> None:
    for words in ((), ("--dry-run",)):
        assert "1 of 5 entries cannot be taken" in refused("jobs", "import", str(LEGACY), *words)
    assert "Would import 5 of 5 entries" in run("jobs", "import", str(LEGACY), KEEP, "--dry-run")
    assert jobs.refreshed().entries == ()


def test_an_entry_with_a_wrong_field_is_taken_only_as_it_is(
    tmp_path: Path, jobs: JobRepository
) -> None:
    file = tmp_path / "jobs.json"
    old = {"id": "7", "customer": "Bob", "location": "x", "phone": "ask for Bob", "status": "done"}
    file.write_text(json.dumps([old]))
    assert "1 of 1 entries cannot be taken" in refused("jobs", "import", str(file))
    assert jobs.refreshed().entries == ()
    said = run("jobs", "import", str(file), KEEP)
    assert "entry '7': phone: That does not look like a phone number." in said
    assert jobs.read().job("7").phone == "ask for Bob"


@pytest.mark.usefixtures("imported")
def test_a_second_import_takes_nothing_twice(jobs: JobRepository) -> None:
    revision = jobs.read().revision
    assert "Imported 0 of 5 entries" in run("jobs", "import", str(LEGACY), KEEP)
    assert jobs.refreshed().revision == revision


def test_old_links_go_on_working_after_the_import(
    client: Client, request: pytest.FixtureRequest
) -> None:
    assert client.get(MARKS_LINK).status_code == 404
    request.getfixturevalue("imported")
    page = client.get(MARKS_LINK)
    assert page.status_code == 200
    assert "Soderblom Ave" in page.content.decode()


@pytest.mark.usefixtures("imported")
def test_an_invoice_and_a_broken_entry_survive_twenty_moves_of_the_crew(
    dana: Client, jobs: JobRepository
) -> None:
    for count in range(20):
        to = "booked" if count % 2 == 0 else "in_progress"
        answer = dana.post("/dashboard/jobs/17/move", {"status": to, "reason": "again"})
        assert answer.status_code == 303
    exported = run("jobs", "export")
    assert '"x_invoice":{"no": 1041, "sent": true}' in exported
    assert '{"id": "broken-1", "location": 42, "status": "teleported"}' in exported
    assert len(jobs.read().job("17").moves) == 20


@pytest.mark.usefixtures("imported")
def test_a_broken_entry_can_be_looked_at() -> None:
    shown, said = io.StringIO(), io.StringIO()
    call_command("jobs", "show", "broken-1", stdout=shown, stderr=said)
    broken = {"id": "broken-1", "location": 42, "status": "teleported"}
    assert json.loads(shown.getvalue()) == broken
    assert "Cannot be read: entry 'broken-1': " in said.getvalue()


def test_verify_counts_the_jobs_and_fails_over_what_is_broken(
    request: pytest.FixtureRequest,
) -> None:
    assert run("jobs", "verify") == "Revision 0: 0 jobs (none)\n"
    request.getfixturevalue("imported")
    said = io.StringIO()
    with pytest.raises(CommandError, match="1 of 5 entries are broken"):
        call_command("jobs", "verify", stdout=said, stderr=said)
    assert "4 jobs (1 pending, 1 booked, 1 in_progress, 1 completed)" in said.getvalue()
    assert "Cannot be read: entry 'broken-1': " in said.getvalue()


@pytest.mark.usefixtures("imported")
def test_what_is_exported_can_be_imported(tmp_path: Path, jobs: JobRepository) -> None:
    file = tmp_path / "jobs.json"
    assert run("jobs", "export", str(file)) == f"Wrote {file}\n"
    assert "Imported 0 of 5" in run("jobs", "import", str(file), KEEP)
    assert file.read_bytes() == jobs.read().encode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "No such file"),
        (b"", "it is no JSON"),
        (b"<html>", "is not ours"),
        (b'{"schema": 3, "jobs": []}', "has schema 3"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_in_a_line(
    tmp_path: Path, body: bytes | None, why: str
) -> None:
    if body is not None:
        (tmp_path / "jobs.json").write_bytes(body)
    assert why in refused("jobs", "import", str(tmp_path / "jobs.json"))


def test_an_export_that_cannot_be_written_is_refused_in_a_line(tmp_path: Path) -> None:
    assert "No such file" in refused("jobs", "export", str(tmp_path / "no" / "jobs.json"))


@pytest.mark.parametrize(
    "words", ["list", "show 17", "verify", "export", f"import {LEGACY} {KEEP}"]
)
def test_a_document_that_is_not_ours_is_refused_in_a_line_and_stays(
    jobs: InMemory, words: str
) -> None:
    jobs.store.save(b"<html>", None)
    assert "The jobs document is not ours" in refused("jobs", *words.split())
    assert jobs.store.body == b"<html>"


def test_another_business_is_not_guessed() -> None:
    assert "invalid choice: 'othertown'" in refused("jobs", "--business", "othertown", "list")
    assert run("jobs", "--business", "quickdumpnow", "list") == ""


# --- for real ---------------------------------------------------------------------------


SHELL = """
import runpy, sys
for line in sys.argv[1:]:
    sys.argv = ["manage.py", *line.split()]
    code = 0
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        code = end.code
    print("exit", code, file=sys.stderr)
"""


@pytest.mark.long
def test_from_a_shell_the_commands_write_files_and_fail_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", SHELL, f"jobs import {LEGACY} {KEEP}", "jobs verify"),
            *("crew add joel --rank crew --password-stdin", "crew add ana --rank crew"),
        ],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "QDN_STAGE": "development",
            "DJANGO_SECRET_KEY": "x" * 60,
            "QDN_JOBS_URL": f"file:{tmp_path}",
            "QDN_CREW_URL": f"file:{tmp_path}",
        },
        input=PASSWORD,
        capture_output=True,
        text=True,
        timeout=60,
    )
    _, broken, added, nobody, _ = re.split(r"exit \d\n", done.stderr)
    assert re.findall(r"exit (\d)", done.stderr) == ["0", "1", "0", "1"]
    assert done.stdout.startswith("Imported 5 of 5 entries\n")
    assert json.loads((tmp_path / "jobs.json").read_bytes())["revision"] == 1
    assert broken.splitlines()[-1] == "CommandError: 1 of 5 entries are broken."
    assert nobody.splitlines()[-1].endswith("use --password-stdin.")
    assert added == ""
    assert b"rolling" not in (tmp_path / "crew.json").read_bytes()


@pytest.mark.long
def test_from_a_shell_an_outage_is_one_line_and_a_reader_who_has_seen_enough_is_none(
    tmp_path: Path,
) -> None:
    (tmp_path / "crew.json").mkdir()
    (tmp_path / "file").touch()
    reader, writer = os.pipe()
    os.close(reader)
    settings = {"QDN_STAGE": "development", "DJANGO_SECRET_KEY": "x" * 60}

    def told(jobs: str, *lines: str, stdout: int = subprocess.DEVNULL) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", SHELL, *lines],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                **settings,
                "QDN_JOBS_URL": f"file:{jobs}",
                "QDN_CREW_URL": f"file:{tmp_path}",
            },
            input=PASSWORD.encode(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return done.stderr.decode().splitlines()

    assert told(str(tmp_path), "crew add joel --rank crew --password-stdin") == [
        f"CommandError: {tmp_path}/crew.json is a folder, and should be a file",
        "exit 1",
    ]
    assert told(str(tmp_path / "file" / "x"), "jobs list") == [
        f"CommandError: {tmp_path}/file/x cannot be made: Not a directory",
        "exit 1",
    ]
    assert told(str(tmp_path), "jobs verify", stdout=writer) == ["exit 1"]
    os.close(writer)
