"""`manage.py jobs …`: what was never ours stays out or can be taken out, and what strangers typed
neither steers a terminal nor stops a command.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from msgspec import UNSET

from dispatch.domain.job import Window
from dispatch.domain.jobbook import JobBook
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import NOON, make_job, make_member
from tests.stores.troubled import InMemory
from tests.test_commands import ROOT, SHELL, refused, run
from tests.web.pages import words

ONFLEET = [{"id": "task1", "state": 0, "recipients": [{"name": "Bo"}], "destination": {}}]
OURS = {"id": "7", "customer_name": "Bob", "location": "x", "status": "booked"}


def a_file(folder: Path, content: Any, name: str = "jobs.json") -> str:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / name).write_bytes(body)
    return str(folder / name)


# --- import -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("tasks.json", ONFLEET, "1 of 1 entries cannot be taken"),
        ("stops.json", {"stops": ONFLEET, "nextPageToken": None}, "it has no `jobs`"),
        ("empty.json", {}, "it has no `jobs`"),
        ("null.json", {"jobs": None}, "it has no `jobs`"),
        ("visits.csv", b"Job #,Total\n701,x\n", "1 of 1 rows cannot be taken"),
        ("cal.ics", b"BEGIN:VCALENDAR\r\n", "import takes a jobs.json or CSV, no ICS file"),
        ("export", b"Address,Alias\n", "JSON is malformed"),
        ("mixed.json", [OURS, *ONFLEET], "1 of 2 entries cannot be taken"),
    ],
)
def test_what_other_programs_export_imports_nothing(
    tmp_path: Path, jobs: JobRepository, name: str, content: Any, why: str
) -> None:
    assert why in refused("jobs", "import", a_file(tmp_path, content, name))
    assert jobs.refreshed().entries == ()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"tracking_token": "short"}, "$.tracking_token"),
        ({"id": "a/b"}, "$.id"),
        ({"id": "a\x1b[31m"}, "id: It has control characters in it."),
        ({"status": "Upcoming"}, "$.status"),
        ({"created_at": "yesterday"}, "$.created_at"),
        ({"price": "1_000"}, "price: That is no amount of money."),
        ({"phone": "555-0142"}, "phone: Please add the area code."),
        ({"phone": "555-0142", "status": "Upcoming"}, "$.status"),
    ],
)
def test_an_entry_that_cannot_be_taken_is_named_with_its_field(
    tmp_path: Path, wrong: dict[str, Any], named: str
) -> None:
    said = io.StringIO()
    file = a_file(tmp_path, [OURS | wrong])
    with pytest.raises(Exception, match="1 of 1 entries cannot be taken"):
        call_command("jobs", "import", file, stdout=said, stderr=said)
    (line,) = said.getvalue().splitlines()
    assert line.startswith("Cannot be taken: entry ")
    assert named in line
    assert line.endswith(" (number 1)")


def test_a_spreadsheet_s_numbers_and_words_are_read(tmp_path: Path, jobs: JobRepository) -> None:
    row = {"id": 1001, "phone": 6195550142, "price": "$1,250.00", "status": "Booked", "truck": 7.0}
    file = a_file(tmp_path, [OURS | row, OURS | {"id": 1002, "price": "", "location": 42}])
    assert "Imported 2 of 2" in run("jobs", "import", file)
    job, other = jobs.refreshed().jobs
    assert (job.id, job.phone, job.price, job.truck) == ("1001", "+16195550142", 1250, "7")
    assert (other.location, other.price) == ("42", UNSET)
    assert b'"phone":"+16195550142"' in jobs.read().encode()


@pytest.mark.parametrize("document", [[OURS], {"schema": 2, "revision": 3, "jobs": [OURS]}])
def test_a_byte_order_mark_is_passed_over_and_never_written(
    tmp_path: Path, jobs: InMemory, dana: Client, document: Any
) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(document).encode()
    jobs.store.save(body, None)
    assert dana.get("/dashboard/jobs/7").status_code == 200
    assert "Imported 0 of 1" in run("jobs", "import", a_file(tmp_path, body))
    jobs.change(lambda book: book.put(make_job()))
    assert jobs.store.body.startswith(b'{"schema":2')


# --- drop -------------------------------------------------------------------------------


def broken(jobs: InMemory, *entries: Any) -> None:
    body = json.dumps({"schema": 2, "revision": 1, "jobs": [OURS, *entries]}).encode()
    jobs.store.save(body, jobs.store.load().etag)
    jobs.refreshed()


def test_a_broken_entry_is_shown_and_taken_out_by_id_or_number(jobs: InMemory) -> None:
    broken(jobs, *ONFLEET, {"stops": []}, 42)
    with pytest.raises(Exception, match="3 of 4 entries are broken"):
        run("jobs", "verify")
    assert json.loads(run("jobs", "show", "3").partition("Cannot")[0]) == {"stops": []}
    assert run("jobs", "drop", "--dry-run", "task1").startswith("Would drop entry 'task1': ")
    assert len(jobs.refreshed().entries) == 4
    said = run("jobs", "drop", "task1", "4")
    assert [line.split(" (")[1] for line in said.splitlines()] == ["number 2)", "number 4)"]
    assert "Dropped entry " in run("jobs", "drop", "2")
    assert [job.id for job in jobs.refreshed().jobs] == ["7"]
    assert run("jobs", "verify").startswith("Revision ")


def test_an_id_that_is_a_number_is_no_place_in_the_file(jobs: InMemory) -> None:
    """Nor is anybody shown how Python writes what it reads."""
    broken(jobs, {"id": 4}, {"stops": []}, 42)
    assert "Dropped entry '4': " in run("jobs", "drop", "4")
    assert run("jobs", "drop", "2").startswith('Dropped entry {"stops": []}: ')
    assert run("jobs", "drop", "2").startswith("Dropped entry 42: ")


def test_the_board_s_notice_goes_with_the_entry(jobs: InMemory, dana: Client) -> None:
    broken(jobs, *ONFLEET)
    assert "manage.py jobs drop" in words(dana.get("/dashboard/"))
    run("jobs", "drop", "task1")
    assert "cannot be read" not in words(dana.get("/dashboard/"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("7", "The job '7' can be read: only what is broken is dropped."),
        ("1", "There is no broken entry '1'; `jobs verify` lists those that there are."),
        ("task1", "Several broken entries are 'task1': say the number, of 2, 3."),
        ("\u0662", "There is no broken entry '\u0662'"),
    ],
)
def test_only_what_is_broken_and_meant_is_dropped(jobs: InMemory, name: str, why: str) -> None:
    broken(jobs, *ONFLEET, ONFLEET[0] | {"state": 1})
    assert refused("jobs", "drop", name).startswith(why)
    assert len(jobs.refreshed().entries) == 3


def test_a_double_is_dropped_and_the_first_stays(jobs: InMemory) -> None:
    broken(jobs, OURS | {"customer_name": "Other"})
    assert "used twice" in run("jobs", "drop", "2")
    (job,) = jobs.refreshed().jobs
    assert job.customer_name == "Bob"


def test_an_entry_that_somebody_mended_meanwhile_is_not_dropped(jobs: InMemory) -> None:
    broken(jobs, *ONFLEET)
    mended = JobBook().put(make_job())
    jobs.store.save(mended.encode(), jobs.store.load().etag)
    assert "nothing was dropped" in refused("jobs", "drop", "task1")
    assert jobs.store.body == mended.encode()


# --- terminals --------------------------------------------------------------------------

ESCAPE = "Mark\x1b]0;pwned\x07\x9b31m\u202e\r\nFake line"


def stored_as_it_is(jobs: JobRepository, roster: RosterRepository) -> None:
    """As older versions let it in."""
    jobs.change(lambda book: book.put(make_job(customer_name=ESCAPE, access_notes=ESCAPE)))
    roster.change(lambda known: known.changed(make_member(name=ESCAPE), NOON))


@pytest.mark.parametrize(
    "command",
    ["jobs list", "jobs show jXkL9m2pQ", "jobs export", "jobs verify", "crew list"],
)
def test_no_text_steers_the_terminal(
    jobs: JobRepository, roster: RosterRepository, command: str
) -> None:
    stored_as_it_is(jobs, roster)
    said = run(*command.split())
    assert not set(said) & set("\x1b\x07\x9b\u202e\r")
    if command.endswith("list"):
        (line,) = [line for line in said.splitlines() if "Mark" in line]
        assert "Fake line" in line
    if "export" in command or "show" in command:
        found = json.loads(said)
        job = found["jobs"][0] if "jobs" in found else found
        assert job["customer_name"] == ESCAPE


def test_nothing_that_is_stored_makes_a_line_of_its_own(jobs: JobRepository) -> None:
    window = Window(date=NOON.date(), name="noon\nfake2", start="12:00", end="13:00")
    jobs.change(lambda book: book.put(make_job(id="a\nfake1", window=window, location="b\rfake3")))
    (line,) = run("jobs", "list").splitlines()
    assert all(text in line for text in ("fake1", "fake2", "fake3"))


@pytest.mark.long
def test_a_terminal_that_knows_ascii_alone_is_told_all(tmp_path: Path) -> None:
    job = make_job(customer_name="Zoë 🚛", location="Łódź")
    (tmp_path / "jobs.json").write_bytes(JobBook().put(job).encode())
    settings = {"QDN_STAGE": "development", "DJANGO_SECRET_KEY": "x" * 60}
    urls = {"QDN_JOBS_URL": f"file:{tmp_path}", "QDN_CREW_URL": f"file:{tmp_path}"}

    done = subprocess.run(
        [sys.executable, "-c", SHELL, "jobs list", "jobs export"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii", **settings, **urls},
        capture_output=True,
        timeout=60,
    )
    listed, exported = done.stdout.decode("ascii").split("\n", 1)
    assert "Zo\\u00eb \\ud83d\\ude9b, \\u0141\\u00f3d\\u017a" in listed
    assert json.loads(exported)["jobs"][0]["customer_name"] == "Zoë 🚛"


# --- in a table ---------------------------------------------------------------------------


def test_jobs_in_a_table_are_as_any(jobs_table: Table, tmp_path: Path) -> None:
    name = jobs_table.name
    would = f"Would make the DynamoDB table {name}, billed by use\n"
    assert run("jobs", "create-table", "--dry-run") == would
    missing = f"There is no DynamoDB table {name}: `manage.py jobs create-table` makes it."
    assert missing in refused("jobs", "list")
    assert run("jobs", "create-table") == f"Making the DynamoDB table {name} …\nIt is ready\n"
    assert run("jobs", "create-table") == f"The DynamoDB table {name} is there already\n"
    done = {"status": "completed", "updated_at": "2026-05-01T19:00:00Z"}
    source = [OURS, *({**OURS, **done, "id": f"done-{number}"} for number in range(21))]
    assert "Imported 22 of 22" in run("jobs", "import", a_file(tmp_path, source))
    assert run("jobs", "archive") == "Archived 21 jobs that were finished in 2026-05\n"
    assert run("jobs", "list").splitlines()[0].startswith("7 ")
    assert len(run("jobs", "list", "--all").splitlines()) == 22
    assert json.loads(run("jobs", "show", "done-20"))["id"] == "done-20"
    assert "Archive 2026-05, revision 1: 21 jobs" in run("jobs", "verify")
    assert len(json.loads(run("jobs", "export"))["jobs"]) == 22
    assert "Imported 0 of 22" in run("jobs", "import", a_file(tmp_path, source))


def test_jobs_in_a_document_need_no_table() -> None:
    told = "The jobs are a document: there is no table to make\n"
    assert run("jobs", "create-table") == told
