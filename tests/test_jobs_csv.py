"""`manage.py jobs import FILE.csv` and `export FILE.csv`: of any size."""

import io
import sys
from pathlib import Path

import pytest

from dispatch.domain.status import Status
from dispatch.management.commands import _jobs_csv
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from tests.making import NOON, make_job
from tests.test_commands import refused, run
from tests.test_jobs_commands import a_file

TWO = (
    "Client name,Service street,Date,Visit completed,Assigned to\n"
    "Bo,1 Elm St,2026-06-01,No,Pete\nCy,2 Elm St,2026-05-01,Yes,Joel\n"
)


def names(jobs: JobRepository) -> tuple[list[str], dict[str, list[str]]]:
    """Of the customers, on the board and in the archive."""
    months = {
        name: [job.customer_name for job in jobs.month(name).jobs] for name in jobs.month_names()
    }
    return [job.customer_name for job in jobs.refreshed().jobs], months


@pytest.mark.usefixtures("roster")
def test_rows_are_jobs_the_finished_ones_in_the_archive(
    tmp_path: Path, jobs: JobRepository
) -> None:
    file = a_file(tmp_path, TWO.encode("cp1252"), "visits.csv")
    said = run("jobs", "import", "--dry-run", file)
    assert said.splitlines() == [
        "Row 2: It says no time: Morning was taken.",
        "Row 2: Nobody called “Pete” is on the roster: nobody drives it yet.",
        "Row 3: It says no time: Morning was taken.",
        "Would import 2 of 2 rows",
    ]
    assert names(jobs) == ([], {})
    assert "Imported 2 of 2 rows" in run("jobs", "import", file)
    assert names(jobs) == (["Bo"], {"2026-05": ["Cy"]})
    assert "Imported 0 of 2 rows" in run("jobs", "import", file)


def test_a_row_that_is_no_job_stops_all_unless_it_is_left_out(
    tmp_path: Path, jobs: JobRepository
) -> None:
    file = a_file(tmp_path, b"Name,Address,Phone\nBo,1 Elm St,\nCy,2 Elm St,12\n", "a.csv")
    why = "Nothing imported: 1 of 2 rows cannot be taken."
    assert refused("jobs", "import", file).startswith(why)
    assert jobs.refreshed().jobs == ()
    said = run("jobs", "import", file, "--keep-unreadable")
    assert "Left out: row 3: Phone: That does not look like a phone number." in said
    assert "Imported 1 of 2 rows" in said


def test_a_day_that_is_read_two_ways_has_to_be_said(tmp_path: Path, jobs: JobRepository) -> None:
    file = a_file(tmp_path, b"Name,Address,Date\nBo,1 Elm St,07/06/2026\n", "a.csv")
    assert refused("jobs", "import", file) == (
        "“07/06/2026” may be July 6, 2026 (--dates month-first) or June 7, 2026"
        " (--dates day-first): say which."
    )
    run("jobs", "import", file, "--dates", "day-first", "--window", "afternoon")
    (job,) = jobs.refreshed().jobs
    assert job.window
    assert (f"{job.window.date}", job.window.name) == ("2026-06-07", "afternoon")


def test_columns_can_be_said(tmp_path: Path, jobs: JobRepository) -> None:
    file = a_file(tmp_path, b"Wer,Wo,Phone,Um\nBo,1 Elm St,none,9:00\n", "a.tsv")
    said = ("--column", "wer=customer_name", "--column", "Wo=location", "--column", "Phone=")
    run("jobs", "import", file, *said, "--column", "um=start", "--day", "2026-06-01")
    (job,) = jobs.refreshed().jobs
    assert (job.customer_name, job.location, job.phone) == ("Bo", "1 Elm St", "")
    assert job.window
    assert job.window.name == "morning"
    assert refused("jobs", "import", file, "--column", "x=phone") == "There is no column 'x'."
    assert "'fone' is no field" in refused("jobs", "import", file, "--column", "Wer=fone")


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"PK\x03\x04", "This is no CSV file."), (b"", "There are no rows in it")],
)
def test_a_file_that_cannot_be_read_imports_nothing(tmp_path: Path, body: bytes, why: str) -> None:
    file = a_file(tmp_path, body, "a.csv")
    assert refused("jobs", "import", file).startswith(f"{file}: {why}")
    assert "No such file" in refused("jobs", "import", f"{file}.csv")


def test_standard_input_is_csv_where_that_is_said(
    jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TWO.encode())))
    assert "Imported 2 of 2 rows" in run("jobs", "import", "-", "--csv")


def test_how_it_goes_on_is_said_where_it_takes_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_jobs_csv, "EVERY", 0.0)
    rows = "".join(f"Bo,{number} Elm St\n" for number in range(3))
    said = run("jobs", "import", a_file(tmp_path, f"Name,Address\n{rows}".encode(), "a.csv"))
    assert said.splitlines()[:2] == ["1 of 3 rows read", "2 of 3 rows read"]


def test_all_jobs_are_exported_by_the_files_name(tmp_path: Path, jobs: JobRepository) -> None:
    old = make_job(id="old", tracking_token="", status=Status.COMPLETED, finished_at=NOON)
    jobs.change(lambda book: book.put(make_job(), old))
    file = tmp_path / "jobs.csv"
    assert run("jobs", "export", str(file)) == f"Wrote {file}\n"
    body = file.read_bytes()
    assert body.startswith(b'\xef\xbb\xbf"Job","Created"')
    assert body.count(b"\r\n") == 3
    assert '"jXkL9m2pQ"' in run("jobs", "export", "--csv")
    assert "Imported 0 of 2 rows" in run("jobs", "import", str(file))


@pytest.mark.usefixtures("roster")
def test_jobs_in_a_table_come_and_go_alike(jobs_table: Table, tmp_path: Path) -> None:
    run("jobs", "create-table")
    rows = "".join(f"Bo,{number} Elm St,\n" for number in range(45))
    body = f"Name,Address,Finished\n{rows}Cy,2 Elm St,2026-05-01\n".encode()
    file = a_file(tmp_path, body, "a.csv")
    assert "Imported 46 of 46 rows" in run("jobs", "import", file)
    assert "Imported 0 of 46 rows" in run("jobs", "import", file)
    assert run("jobs", "export", "--csv").count('Elm St"') == 46
    assert "2026-05, revision" in run("jobs", "verify")
