"""`manage.py jobs redact`, on a laptop's own files: what it removes, says and refuses."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.job import REMOVED
from dispatch.domain.jobbook import JobBook, Migration
from dispatch.jobs import daily
from dispatch.stores.file import KEPT_FOR
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON, FakeClock, make_job
from tests.photos.pictures import jpeg
from tests.privacy.birds import CANARY, NOTHING_SINGS, NUMBER, PHOTOS, canary_job, with_unknown
from tests.test_archive_commands import run_or_refused
from tests.test_commands import refused, run
from tests.web.api import Program
from tests.web.pages import text

AS_DEPLOYED = wiring._jobs
ID, TOKEN = canary_job().id, canary_job().tracking_token


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def jobs(
    settings: Settings, folder: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[JobRepository]:
    """One job whose person is a canary, in the archive of this month, with photos of each kind."""
    settings.JOBS_URL, settings.PHOTOS_URL = f"file:{folder}", f"file:{media}"
    monkeypatch.setattr(wiring, "_jobs", AS_DEPLOYED)
    AS_DEPLOYED.cache_clear()
    jobs = wiring.jobs(BUSINESS)
    jobs.change(lambda book: with_unknown(book, canary_job()))
    run("jobs", "archive")
    files = wiring.photos(BUSINESS)
    assert files
    for photo in PHOTOS:
        files.write(ID, photo, jpeg() + CANARY.encode())
    yield jobs
    AS_DEPLOYED.cache_clear()


def singing(folder: Path) -> set[str]:
    """The folders below whose files hold a canary; of older versions `versions`."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            body = gzip.decompress(body) if path.suffix == ".gz" else body
            if any(bird in body for bird in NOTHING_SINGS):
                parts = path.relative_to(folder).parts
                found.add("versions" if "versions" in parts else parts[0])
    return found


def test_nothing_of_the_person_is_left_but_in_older_versions_as_it_says(
    folder: Path, media: Path
) -> None:
    assert singing(folder) == {"archive", "versions"}
    assert singing(media)
    said = run("jobs", "redact", ID)
    assert f"Removed from {ID}: name, address, phone, email" in said
    assert "4 photos, 1 notes" in said
    assert (
        "the link, texts in its history; and fields that this version does not know: nickname"
        in (said)
    )
    until = BUSINESS.today(NOON + KEPT_FOR)
    place = f"the folders `versions` of {folder}"
    assert f"- earlier versions in {place}: until {until} at the latest" in said
    assert singing(folder) == {"versions"}
    assert not singing(media)
    assert "Nothing of a person is left" in run("jobs", "redact", ID)


def test_those_versions_are_gone_by_then_though_nobody_writes_the_month_again(
    folder: Path, clock: FakeClock
) -> None:
    run("jobs", "redact", ID)
    wiring.jobs(BUSINESS).change(lambda book: book.put(make_job(id="next")))
    wiring.forget_old(BUSINESS)
    assert singing(folder) == {"versions"}
    clock.at += KEPT_FOR + timedelta(days=9_000)  # versions bear the time of the machine
    assert "old versions" in run("jobs", "archive")
    assert singing(folder) == set()
    assert [*(folder / "archive/versions/2026-05.json").iterdir()], "the newest stays"


def test_a_dry_run_says_the_same_and_that_there_is_no_way_back(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    dry = run("jobs", "redact", ID, "--dry-run").splitlines()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert dry.pop(1) == "This cannot be undone: no restore brings them back."
    assert [line.replace("Would remove", "Removed") for line in dry] == run(
        "jobs", "redact", ID
    ).splitlines()


def test_no_page_no_call_and_no_export_shows_the_person(dana: Client, tmp_path: Path) -> None:
    run("jobs", "redact", ID)
    program = Program("dana")
    history = "/dashboard/history/?from=2026-05-01&to=2026-05-22"
    answers = [
        *(dana.get(history), dana.get(f"/dashboard/jobs/{ID}"), Client().get(f"/track/{TOKEN}")),
        dana.get(f"/dashboard/jobs/{ID}/sheet"),
        *(program.get(f"jobs/{ID}"), program.get("jobs?from=2026-05-01&to=2026-05-22")),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 200, 200]
    for answer in answers:
        assert not [bird for bird in NOTHING_SINGS if bird.decode() in text(answer)]
    csv = dana.get("/dashboard/export.csv?from=2026-05-01&to=2026-05-22").getvalue().decode()
    assert ID in csv
    assert CANARY not in csv
    assert REMOVED in text(answers[0])
    assert "The customer’s data was removed" in text(answers[1])
    run("jobs", "export", str(tmp_path / "all.json"))
    run("jobs", "export", str(tmp_path / "all.csv"))
    for file in ("all.json", "all.csv"):
        assert REMOVED.encode() in (tmp_path / file).read_bytes()
        assert CANARY.encode() not in (tmp_path / file).read_bytes()


def test_a_restore_brings_nobody_back(folder: Path) -> None:
    run("jobs", "redact", ID)
    for which in ("--all", ID):
        said = run("jobs", "restore", which, "--to", "2126-01-01T00:00Z")
        assert "Nothing is different" in said
    copies = sorted((folder / "archive/versions/2026-05.json").iterdir())
    then = f"{copies[0].name[:13]}:{copies[0].name[14:16]}:{copies[0].name[17:26]}Z"
    for dry in ([], ["--dry-run"]):
        said = run("jobs", "restore", ID, "--to", then, *dry)
        assert said == f"{ID} stays as it is: the person was taken out of it for good\n"
    assert singing(folder) == {"versions"}


def test_a_file_that_was_exported_before_brings_nobody_back(folder: Path, tmp_path: Path) -> None:
    run("jobs", "export", str(tmp_path / "before.json"))
    run("jobs", "redact", ID)
    again = run("jobs", "import", str(tmp_path / "before.json"), "--keep-unreadable")
    assert "Imported 0 of 1 entries" in again
    assert singing(folder) == {"versions"}


def test_its_history_says_what_was_done(jobs: JobRepository) -> None:
    jobs.change(lambda book: with_unknown(book, canary_job(1, id="fresh", tracking_token="")))
    run("jobs", "redact", "fresh")
    last, _first = run("jobs", "history", "fresh").splitlines()
    assert last.endswith("version 2    the person was taken out of it")


def test_all_jobs_of_a_customer_are_found(jobs: JobRepository) -> None:
    more = canary_job(1, id="by-mail", tracking_token="", phone="", email="Canary@Example.com")
    jobs.change(lambda book: book.put(more))
    said = run("jobs", "redact", "--of", "(619) 867-5309", "--dry-run")
    assert [line.split()[3] for line in said.splitlines() if "Would" in line] == [f"{ID}:"]
    run("jobs", "redact", "--of", "canary@example.com")
    assert jobs.archived(ID).customer_name == REMOVED
    assert jobs.refreshed().job("by-mail").customer_name == REMOVED


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Name jobs by their ids, or a customer with --of."),
        (("nowhere",), "There is no job 'nowhere'. Nothing was changed."),
        (("--of", "619 555 0000"), "No job has '619 555 0000' as its phone number"),
        ((ID, "open"), "The job 'open' is still open (Requested): complete or cancel it first."),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(
    jobs: JobRepository, words: tuple[str, ...], why: str
) -> None:
    jobs.change(lambda book: book.put(make_job(id="open")))
    assert why in refused("jobs", "redact", *words)
    assert jobs.archived(ID).phone == NUMBER


def test_what_cannot_be_read_is_said_for_it_may_hold_the_person_too(folder: Path) -> None:
    (folder / "archive/2026-04.json").write_bytes(b"{")
    said = refused("jobs", "redact", ID)
    assert "The archive of 2026-04 cannot be read." in said
    assert "run this again" in said
    assert singing(folder) == {"versions"}


def test_nothing_is_said_to_be_done_where_nothing_can_be_written(
    jobs: JobRepository, folder: Path, media: Path
) -> None:
    file = folder / "jobs.json"
    moved = JobBook.decode(file.read_bytes()).with_migration(Migration(id="m", to="file:new"))
    file.write_bytes(moved.encode())
    said = run_or_refused("jobs", "redact", ID)
    assert "Removed" not in said
    assert "archive" in singing(folder)
    assert singing(media)


def test_a_broken_double_of_it_is_said(jobs: JobRepository, folder: Path) -> None:
    whole = folder / "jobs.json"
    double = b'"jobs":[{"id": "jXkL9m2pQ", "status": "lost", "customer_name": "canary"}'
    whole.write_bytes(whole.read_bytes().replace(b'"jobs":[\n', double, 1))
    assert "Entry number 1 cannot be read. The person may be in there" in refused(
        "jobs", "redact", ID
    )


def test_the_daily_work_by_hand_takes_persons_out_of_old_months(
    jobs: JobRepository, folder: Path, media: Path, clock: FakeClock
) -> None:
    clock.at += timedelta(days=31 * 85)
    dry = run("jobs", "archive", "--dry-run")
    assert "Would take the person out of 1 jobs that were finished in 2026-05" in dry
    assert singing(folder) == {"archive", "versions"}
    said = run("jobs", "archive")
    assert "Took the person out of 1 jobs that were finished 84 months ago" in said
    assert "archive" not in singing(folder)
    assert not singing(media)
    assert "Took the person" not in run("jobs", "archive")


def test_the_server_does_it_once_a_day(
    jobs: JobRepository, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enough(Exception):
        pass

    looks = [0]

    def sleep(seconds: float) -> None:
        if seconds == daily.LOOK:
            if not looks:
                raise Enough
            looks.pop()

    clock.at += timedelta(days=31 * 85)
    monkeypatch.setattr(daily.time, "sleep", sleep)
    with pytest.raises(Enough):
        daily.tidy(BUSINESS)
    assert jobs.archived(ID).customer_name == REMOVED
