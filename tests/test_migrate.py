"""`manage.py jobs migrate`, and what people are told while jobs are on their way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.domain.stored.document import LedgerMoved
from dispatch.stores import s3
from dispatch.stores.job_repository import JobRepository
from tests.aws import PATIENT, aws_environment
from tests.making import BUSINESS, LEGACY, TOKEN, make_job
from tests.memory import MemoryStore
from tests.moto_server import make_bucket
from tests.stores.test_archive import done, noted, still_open
from tests.stores.test_migration import go
from tests.stores.troubled import InMemory
from tests.test_commands import refused, run
from tests.web.api import Program, is_problem
from tests.web.pages import text, words
from tests.web.test_booking import book

AS_DEPLOYED = wiring._jobs
SAID = "The jobs are being moved to file:new: they can be read here, and not be changed."

Live = Callable[[str], JobRepository]


@pytest.fixture
def live_at(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """The site with its jobs at that address, as newly started."""
    monkeypatch.setattr(wiring, "_jobs", AS_DEPLOYED)

    def at(url: str) -> JobRepository:
        settings.JOBS_URL = url
        AS_DEPLOYED.cache_clear()
        return wiring.jobs(BUSINESS)

    yield at
    AS_DEPLOYED.cache_clear()


@pytest.fixture
def places(live_at: Live, tmp_path: Path) -> tuple[str, str]:
    """A year at the one address, and nothing at the other."""
    old, new = f"file:{tmp_path}/old", f"file:{tmp_path}/new"
    made = [still_open("open"), done("a"), done("b"), done("april", 30)]
    live_at(old).change(lambda book: book.put(*made))
    run("jobs", "archive")
    return old, new


def exported() -> list[Any]:
    return sorted(JobBook.decode(run("jobs", "export").encode()).jobs, key=lambda job: job.id)


# --- the command -------------------------------------------------------------------------


def test_a_site_moves_while_its_pages_are_read(
    live_at: Live, places: tuple[str, str], dana: Client, client: Client
) -> None:
    old, new = places
    before = exported()
    said = run("jobs", "migrate", "--to", new)
    assert f"{old} refuses changes from now on" in said
    assert "1/3 archive of 2026-04: 1 copied" in said
    assert f"Set QDN_JOBS_URL={new} and start the servers anew." in said
    assert exported() == before
    assert client.get(f"/track/{still_open('open').tracking_token}").status_code == 200
    assert dana.post("/dashboard/jobs/open/notes", {"text": "late"}).status_code == 503
    assert f"being moved to {new}" in run("jobs", "verify")
    live_at(new)
    assert exported() == before
    assert dana.post("/dashboard/jobs/open/notes", {"text": "late"}).status_code == 303
    assert dana.post("/dashboard/jobs/a/notes", {"text": "late"}).status_code == 303
    assert client.get(f"/track/{done('a').tracking_token}").status_code == 200


def test_a_dry_run_says_how_much_there_is(places: tuple[str, str]) -> None:
    old, new = places
    said = run("jobs", "migrate", "--to", new, "--dry-run")
    assert "Would copy 2 records, " in said
    assert "bytes: archive of 2026-05" in said
    assert said.splitlines()[-1].startswith("Would copy 4 records, ")
    assert f" from {old} to {new}, with 2 months of the archive" in said
    run("jobs", "migrate", "--to", new)
    assert "are in" in run("jobs", "migrate", "--to", new, "--dry-run")


def test_what_was_begun_is_taken_back(places: tuple[str, str], live_at: Live) -> None:
    old, new = places
    assert "are not moved anywhere" in refused("jobs", "migrate", "--back")
    run("jobs", "migrate", "--to", new)
    said = run("jobs", "migrate", "--back", "--dry-run")
    assert said.startswith(f"Would take changes in {old} again")
    with pytest.raises(LedgerMoved):
        add_a_note()
    assert run("jobs", "migrate", "--back").startswith(f"{old} takes changes again")
    add_a_note()
    run("jobs", "migrate", "--to", new)
    live_at(new)
    add_a_note()
    live_at(old)
    assert "has been written to since" in refused("jobs", "migrate", "--back")
    live_at(new)
    run("jobs", "migrate", "--to", old)
    assert len(live_at(old).read().job("open").notes) == 2


def add_a_note() -> None:
    job = still_open("open")
    wiring.jobs(BUSINESS).change(lambda book: noted(book, job.id))


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("", "--to is '': say where, as file:<folder> or s3://<bucket>/jobs.json"),
        ("jobs.json", "--to is 'jobs.json': say where"),
        ("s3://bucket", "--to is 's3://bucket': say where"),
        ("file:/{nobody}", "--to is 'file:/{nobody}': say where"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(to: str, why: str, places: tuple[str, str]) -> None:
    assert refused("jobs", "migrate", "--to", to).startswith(why)


def test_a_place_with_other_jobs_and_its_own_are_refused(
    places: tuple[str, str], live_at: Live
) -> None:
    old, new = places
    assert "already" in refused("jobs", "migrate", "--to", old)
    live_at(new).change(lambda book: book.put(make_job()))
    live_at(old)
    assert f"{new} holds other jobs" in refused("jobs", "migrate", "--to", new)
    add_a_note()


def test_of_several_businesses_each_is_moved_by_itself(
    live_at: Live, settings: Settings, tmp_path: Path
) -> None:
    other = msgspec.structs.replace(BUSINESS, slug="othertown")
    settings.BUSINESSES = (BUSINESS, other)
    old, new = f"file:{tmp_path}/old/{{business}}", f"file:{tmp_path}/new/{{business}}"
    live_at(old).change(lambda book: book.put(make_job()))
    wiring.jobs(other).change(lambda book: book.put(still_open("theirs")))
    ours = ("jobs", "--business", BUSINESS.slug, "migrate")
    assert "needs {business}" in refused(*ours, "--to", f"file:{tmp_path}/new")
    said = run(*ours, "--to", new)
    assert f"Set QDN_JOBS_URL={new}, once those of every business are there" in said
    wiring.jobs(other).change(lambda book: book.put(still_open("more")))
    run(*ours, "--back")
    run(*ours, "--to", new)
    assert [job.id for job in live_at(new).read().jobs] == [make_job().id]


def test_jobs_as_the_first_system_left_them_move(live_at: Live, tmp_path: Path) -> None:
    """As after any write they have today's form."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "jobs.json").write_bytes(LEGACY.read_bytes())
    live_at(f"file:{tmp_path}/old")
    before = exported()
    run("jobs", "migrate", "--to", f"file:{tmp_path}/new")
    live_at(f"file:{tmp_path}/new")
    assert exported() == before


def test_from_a_file_to_s3_and_home_again(
    live_at: Live,
    places: tuple[str, str],
    settings: Settings,
    moto: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3, "CLIENT", PATIENT)
    bucket = make_bucket(moto, "moved-jobs")
    url, before = f"s3://{bucket}/quickdumpnow/jobs.json", exported()
    assert "NoSuchBucket" in refused("jobs", "migrate", "--to", "s3://no-bucket/jobs.json")
    run("jobs", "migrate", "--to", url)
    storage = {"BACKEND": "dispatch.stores.s3.OneConnectionS3Storage"}
    ours = {f"jobs-{BUSINESS.slug}": {**storage, "OPTIONS": {"bucket_name": bucket}}}
    settings.STORAGES = {**settings.STORAGES, **ours}
    live_at(url)
    assert exported() == before
    add_a_note()
    run("jobs", "archive")
    after = exported()
    assert "3/3" in run("jobs", "migrate", "--to", places[0])
    live_at(places[0])
    assert exported() == after != before
    add_a_note()


# --- what people are told ----------------------------------------------------------------


@pytest.fixture
def moving(jobs: InMemory) -> None:
    """The jobs of the site, on their way."""
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED), done("a")))
    run("jobs", "archive")
    go(jobs.store, MemoryStore())
    jobs.refreshed(at_once=True)


@pytest.mark.usefixtures("moving")
@pytest.mark.parametrize("job_id", ["jXkL9m2pQ", "a"])
@pytest.mark.parametrize("headers", [{}, {"X-Requested-With": "fetch"}])
def test_a_dispatcher_reads_where_to_and_keeps_what_was_typed(
    dana: Client, job_id: str, headers: dict[str, str]
) -> None:
    form = {"text": "dog in yard"}
    answer = dana.post(f"/dashboard/jobs/{job_id}/notes", form, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert SAID in words(answer)
    assert "What you typed is still here." in words(answer)
    assert "dog in yard</textarea>" in text(answer)


@pytest.mark.usefixtures("moving")
def test_the_board_the_form_and_the_others_say_it_too(dana: Client, joel: Client) -> None:
    assert SAID in words(dana.get("/dashboard/"))
    assert SAID in words(joel.get("/dashboard/board"))
    form = {"customer_name": "Paul", "location": "Elm St", "status": "booked"}
    answer = dana.post("/dashboard/jobs/new", form)
    assert answer.status_code == 503
    assert SAID in words(answer)
    assert 'value="Paul"' in text(answer)
    assert SAID in words(dana.post("/dashboard/jobs/jXkL9m2pQ/link", {"revoke": "1"}))
    answer = Program("dana").post("jobs/jXkL9m2pQ/notes", {"text": "x"})
    assert is_problem(answer, 503)
    assert SAID in answer.json()["detail"]


def test_an_action_that_gives_nothing_back_says_it_in_its_title(
    client: Client, dana: Client, jobs: InMemory
) -> None:
    book(client)
    (junk,) = jobs.refreshed().jobs
    go(jobs.store, MemoryStore())
    answer = dana.post("/dashboard/requests/", {"job": junk.id})
    assert answer.status_code == 503
    assert "<title>The jobs are being moved to file:new · " in text(answer)
    assert "They can be read here, and not be changed. Please try again" in words(answer)


@pytest.mark.usefixtures("moving")
def test_a_customer_reads_the_usual_words_and_the_phone_number(client: Client) -> None:
    page = client.get(f"/track/{TOKEN}")
    assert page.status_code == 200
    booked = book(client)
    ready = client.post(f"/track/{TOKEN}/ready")
    for answer in (booked, ready):
        assert answer.status_code == 503
        assert "We cannot reach our records right now" in words(answer)
        assert "(619) 555-0100" in words(answer)
    for answer in (page, booked, ready):
        assert "moved" not in words(answer)
        assert "file:new" not in text(answer)


def test_the_board_says_nothing_where_nothing_moves(dana: Client, jobs: InMemory) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert "being moved" not in words(dana.get("/dashboard/"))
