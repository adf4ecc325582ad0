"""Sixteen processes give one driver the last place in a window, all at once."""

from collections.abc import Callable, Iterator
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import pytest

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.availability import NotAvailable, driving
from dispatch.domain.job import Crew, Job
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.explain import explain
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.repository import LedgerStore, Repository
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.aws import aws_environment, patient_dynamodb
from tests.making import BUSINESS, DANA, make_job, make_member
from tests.moto_server import running_moto
from tests.opening import AS_IN_COMMANDS, open_jobs

pytestmark = pytest.mark.long

MANY = 16
SATURDAY = date(2026, 5, 23)
FORK = get_context("fork")

T = TypeVar("T")


@pytest.fixture(params=["file", "table"])
def open_crew(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], LedgerStore[Roster]]]:
    """The roster's store, opened anew: one of a connection of its own in each process."""
    if request.param == "file":
        yield lambda: DocumentLedger(FileStore(tmp_path / "crew.json"), Roster)
        return
    with running_moto() as endpoint:
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)

        Table("last_place", patient_dynamodb).create()
        yield lambda: TableLedger(Table("last_place", patient_dynamodb), kinds.crew("here"))


@pytest.fixture(autouse=True)
def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_crew: Callable[[], LedgerStore[Roster]]
) -> Callable[[], None]:
    """Opens jobs and roster anew; patient, as nobody may give up uncounted."""

    def open_both() -> None:
        jobs = open_jobs(FileStore(tmp_path / "jobs.json"), timeout=60)
        roster = Repository(open_crew(), timeout=60, **AS_IN_COMMANDS)
        monkeypatch.setattr(wiring, "_jobs", lambda slug: jobs)
        monkeypatch.setattr(wiring, "_roster", lambda slug: roster)

    open_both()
    return open_both


def job(name: str, crew: Crew) -> Job:
    window = BUSINESS.window(SATURDAY, "morning")
    fields = {"window": window, "crew": crew, "status": Status.BOOKED}
    return make_job(id=name, tracking_token=f"token-of-{name}".ljust(32, "x"), **fields)


def test_the_last_place_in_a_window_is_given_once(opened: Callable[[], None]) -> None:
    places = BUSINESS.jobs_per_window
    given = [job(f"given-{number}", Crew(driver="joel")) for number in range(places - 1)]
    wanted = [job(f"wanted-{number}", Crew()) for number in range(MANY)]
    wiring.jobs(BUSINESS).change(lambda book: book.put(*given, *wanted))
    crew = make_member("joel"), make_member("ana")
    wiring.roster(BUSINESS).change(lambda roster: roster.put(*crew))

    said = at_once(lambda number: assign(f"wanted-{number}", opened), MANY)

    refusal = "Joel on Sat, May 23 (Morning) is full: 4 of 4 places are taken,"
    refusal += " and this would be 1 too many. Who is free: Ana."
    assert sorted(said) == sorted(["given"] + [refusal] * (MANY - 1))
    book = wiring.jobs(BUSINESS).refreshed()
    assert driving(book, BUSINESS)["joel", SATURDAY, "morning"] == places
    left = next(each for each in wanted if not book.job(each.id).crew.driver)
    dispatch.jobs.assign(BUSINESS, left.id, {"driver": "joel"}, by=DANA, insist=True)
    book = wiring.jobs(BUSINESS).refreshed()
    assert driving(book, BUSINESS)["joel", SATURDAY, "morning"] == places + 1


def assign(job_id: str, opened: Callable[[], None]) -> str:
    opened()
    try:
        dispatch.jobs.assign(BUSINESS, job_id, {"driver": "joel"}, by=DANA)
    except NotAvailable as refusal:
        return explain(refusal, BUSINESS) if refusal.insistable else "refused for good"
    return "given"


def at_once(fn: Callable[[int], T], many: int) -> list[T]:
    """The result in each of so many processes, which all start together; or what it raised."""
    start, answers = FORK.Barrier(many), FORK.Queue()

    def run(number: int) -> None:
        start.wait(60)
        try:
            answers.put(fn(number))
        except Exception as error:
            answers.put(repr(error))

    processes = [FORK.Process(target=run, args=(number,), daemon=True) for number in range(many)]
    for process in processes:
        process.start()
    said = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    return said
