"""`manage.py jobs archive` and `begin`; and the archive in all that the others say of the jobs."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.status import Status
from dispatch.domain.stored.document import LedgerGone
from dispatch.stores.archiver import Archiver
from tests.making import NOON, make_job
from tests.stores.test_archive import noted
from tests.stores.troubled import InMemory, elsewhere
from tests.test_commands import refused, run
from tests.web.pages import words


def done(name: str, days_ago: float, **fields: Any) -> Job:
    at = NOON - timedelta(days=days_ago)
    token = name.ljust(32, "x")
    return make_job(id=name, tracking_token=token, status=Status.COMPLETED, updated_at=at, **fields)


def run_or_refused(*args: str) -> str:
    """All that a command says before it is refused."""
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command(*args, stdout=said, stderr=said)
    return said.getvalue()


@pytest.fixture(autouse=True)
def some_jobs(jobs: InMemory) -> None:
    made = [make_job(), done("new", 1), done("may", 5), done("april", 40)]
    jobs.change(lambda book: book.put(*made))


def test_a_dry_run_says_what_would_be_moved(jobs: InMemory) -> None:
    said = run("jobs", "archive", "--dry-run")
    assert "Would archive 1 jobs that were finished in 2026-05" in said
    assert "Would archive 1 jobs that were finished in 2026-04" in said
    assert len(jobs.refreshed().jobs) == 4


def test_what_is_archived_is_listed_shown_verified_and_exported(
    jobs: InMemory, tmp_path: Path
) -> None:
    assert "Archived 1 jobs that were finished in 2026-05" in run("jobs", "archive")
    assert "Nothing was finished" in run("jobs", "archive")
    assert "april" not in run("jobs", "list")
    assert [line.split()[0] for line in run("jobs", "list", "--all").splitlines()] == [
        *("jXkL9m2pQ", "new", "may", "april")
    ]
    assert '"id": "april"' in run("jobs", "show", "april")
    verified = run("jobs", "verify")
    assert ": 2 jobs (1 pending, 1 completed)" in verified
    assert "Archive 2026-04, revision 1: 1 jobs (1 completed)" in verified
    run("jobs", "export", str(tmp_path / "all.json"))
    book = JobBook.decode((tmp_path / "all.json").read_bytes())
    assert [job.id for job in book.jobs] == ["jXkL9m2pQ", "new", "may", "april"]
    assert (tmp_path / "all.json").stat().st_mode & 0o777 == 0o600
    assert "Imported 0 of 4 entries" in run("jobs", "import", str(tmp_path / "all.json"))


def test_the_jobs_of_a_customer_are_listed_however_old_they_are(jobs: InMemory) -> None:
    grace = {"phone": "+16195550142", "customer_name": "Grace Hopper"}
    made = [done("old", 900, **grace), done("young", 1, **grace)]
    jobs.change(lambda book: book.put(*made))
    run("jobs", "archive")

    def listed(*asked: str) -> list[str]:
        return [line.split()[0] for line in run("jobs", "list", *asked).splitlines()]

    assert listed("--phone", "(619) 555-0142") == listed("--name", "grace HOPPER")
    assert listed("--phone", "(619) 555-0142") == ["young", "old"]
    assert listed("--name", "Grace") == listed("--phone", "0142") == []
    assert listed("--name", "Grace Hopper", "--status", "cancelled") == []


def test_a_damaged_month_is_said_and_hides_no_other(jobs: InMemory, tmp_path: Path) -> None:
    run("jobs", "archive")
    month = jobs.store.beside("archive/2026-05.json")
    month.save(b"{", month.load().etag)
    assert "1 of 4 entries are broken" in refused("jobs", "verify")
    whole = tmp_path / "all.json"
    assert "Of the archive 2026-05 is missing in it." in refused("jobs", "export", str(whole))
    assert [job.id for job in JobBook.decode(whole.read_bytes()).jobs] == [
        *("jXkL9m2pQ", "new", "april")
    ]


def test_a_broken_entry_of_a_month_is_taken_out_and_the_notice_goes_with_it(
    jobs: InMemory, dana: Client
) -> None:
    jobs.change(lambda book: book.put(done("may2", 6)))
    run("jobs", "archive")
    month = jobs.store.beside("archive/2026-05.json")
    good = month.load()
    month.save(good.body.replace(b'"completed"', b'"gone"', 1), good.etag)
    assert "“manage.py jobs drop --month” takes a broken entry out" in words(
        dana.get("/dashboard/history/")
    )
    said = run_or_refused("jobs", "verify")
    assert "Cannot be read: entry 'may': " in said
    assert "(number 1 of 2026-05)" in said
    assert refused("jobs", "drop", "may") == (
        "There is no broken entry 'may'; `jobs verify` lists those that there are."
    )
    assert "There is no archive of 2026-03." in refused("jobs", "drop", "1", "--month", "2026-03")
    assert "can be read" in refused("jobs", "drop", "may2", "--month", "2026-05")
    dropping = ("jobs", "drop", "may", "--month", "2026-05")
    assert run(*dropping, "--dry-run").startswith("Would drop entry 'may': ")
    stamp = jobs.refreshed().archive.months["2026-05"]
    assert run(*dropping).startswith("Dropped entry 'may': ")
    assert jobs.refreshed().archive.months["2026-05"] == stamp + 1
    assert "Archive 2026-05, revision 2: 1 jobs" in run("jobs", "verify")
    assert "cannot be read" not in words(dana.get("/dashboard/history/"))


def test_a_month_that_was_there_and_is_gone_is_said(jobs: InMemory, tmp_path: Path) -> None:
    run("jobs", "archive")
    jobs.store.beside("archive/2026-05.json").delete()
    assert "1 of 4 entries are broken" in refused("jobs", "verify")
    whole = str(tmp_path / "all.json")
    assert "Of the archive 2026-05 is missing in it." in refused("jobs", "export", whole)


def test_a_new_ledger_is_begun_only_where_one_was_and_is_gone(jobs: InMemory) -> None:
    run("jobs", "archive")
    assert "The jobs are there" in refused("jobs", "begin")
    jobs.store.inner.delete()
    jobs.restart()
    assert "was there and is gone" in refused("jobs", "list")
    assert "Would begin jobs.json anew" in run("jobs", "begin", "--dry-run")
    assert "Began jobs.json anew" in run("jobs", "begin")
    assert [line.split()[0] for line in run("jobs", "list", "--all").splitlines()] == [
        *("may", "april")
    ]


def test_a_month_that_is_lost_says_what_helps_and_is_begun_anew(
    jobs: InMemory, dana: Client
) -> None:
    """Then what was finished in it goes there, and every process looks at it again."""
    run("jobs", "archive")
    other = elsewhere(jobs)
    with pytest.raises(JobNotFound):
        other.archived_by_token("n" * 32)
    for _ in range(3):
        jobs.change_job("may", lambda book: noted(book, "may"))
    jobs.store.inner.beside("archive/2026-05.json").delete()
    jobs.change(lambda book: book.put(done("again", 5)))
    helps = "put back by `manage.py jobs restore`, or begun anew, empty, by `manage.py jobs begin`."
    assert helps in run_or_refused("jobs", "verify")
    with pytest.raises(LedgerGone, match="jobs begin"):
        jobs.change_month("2026-05", lambda month: month)
    assert Archiver(jobs).archive(NOON.date()) == {}
    assert run("jobs", "begin", "--dry-run") == "Would begin the archive of 2026-05 anew\n"
    assert run("jobs", "begin") == "Began the archive of 2026-05 anew\n"
    assert "cannot be read" not in words(dana.get("/dashboard/history/"))
    assert jobs.archived("again").id == "again"
    other.refreshed()
    assert other.archived_by_token(done("again", 5).tracking_token).id == "again"
    assert "The jobs are there" in refused("jobs", "begin")
