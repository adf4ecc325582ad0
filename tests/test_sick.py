"""“Sick today”: the roster says so, and the jobs of the day are back for others."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.availability import NotAvailable
from dispatch.domain.document import Document, StoreUnavailable
from dispatch.domain.job import Crew, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import MemberNotFound, Roster
from dispatch.domain.status import Status
from dispatch.stores.repository import DocumentRepository, JobRepository, RosterRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, is_away, make_job, unavailable

SATURDAY = date(2026, 5, 23)


@pytest.fixture
def joels(jobs: JobRepository, roster: RosterRepository) -> list[str]:
    """The ids of three jobs of Joel's Saturday; a fourth is Ana's."""
    crews = [Crew(driver="joel"), Crew(driver="ana", first_mate="joel"), Crew(driver="joel")]
    made = [_job(number, crew) for number, crew in enumerate([*crews, Crew(driver="ana")])]
    jobs.change(lambda book: book.put(*made))
    return [job.id for job in made[:3]]


def _job(number: int, crew: Crew) -> Job:
    window = BUSINESS.window(SATURDAY, "morning")
    token = f"token-{number}".ljust(32, "x")
    status = Status.BOOKED
    return make_job(
        id=f"job-{number}", tracking_token=token, window=window, crew=crew, status=status
    )


def test_all_jobs_of_the_day_come_back_in_one_write(
    joels: list[str], jobs: JobRepository, roster: RosterRepository
) -> None:
    before = jobs.read().revision
    done = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert [job.id for job in done.jobs] == joels
    assert [job.crew for job in done.jobs] == [Crew(), Crew(driver="ana"), Crew()]
    assert done.revision == jobs.read().revision == before + 1
    assert is_away(roster.read().member("joel"), SATURDAY)
    assert jobs.read().job("job-3").crew == Crew(driver="ana")


def test_who_is_sick_is_not_on_the_way(joels: list[str], jobs: JobRepository) -> None:
    for job_id in joels:
        dispatch.jobs.on_my_way(BUSINESS, job_id, by=JOEL)
        dispatch.jobs.set_eta(BUSINESS, job_id, NOON, by=JOEL)
    done = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert {(job.on_my_way, job.eta) for job in done.jobs} == {(None, None)}


def test_done_twice_it_changes_nothing_more(joels: list[str], jobs: JobRepository) -> None:
    done = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    again = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert (again.jobs, again.revision) == ((), done.revision)
    assert len(joels) == len(done.jobs)


def test_where_the_jobs_cannot_be_written_it_can_be_done_again(
    joels: list[str], jobs: JobRepository, roster: RosterRepository
) -> None:
    with unavailable(jobs), pytest.raises(StoreUnavailable):
        dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert is_away(roster.read().member("joel"), SATURDAY)
    assert [
        job.id for job in dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA).jobs
    ] == joels


def test_who_is_not_on_the_roster_is_not_sick(joels: list[str], jobs: JobRepository) -> None:
    with pytest.raises(MemberNotFound):
        dispatch.roster.sick(BUSINESS, "pete", SATURDAY, by=DANA)
    assert wiring.jobs(BUSINESS).read().revision == 1
    assert joels


# --- an assignment meanwhile ----------------------------------------------------------------


class Meanwhile:
    """A store at which another worker comes first: before the first `load`, or `save`."""

    def __init__(self, store: Any, step: str, act: Callable[[], object]) -> None:
        self.store, self.acts = store, {step: [act]}

    def load(self, known: Document | None = None) -> Document:
        self._come_first("load")
        document: Document = self.store.load(known)
        return document

    def save(self, body: bytes, if_match: str | None) -> Document:
        self._come_first("save")
        document: Document = self.store.save(body, if_match)
        return document

    def _come_first(self, step: str) -> None:
        acts = self.acts.get(step)
        if acts:
            acts.pop()()


def sick_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Joel falls sick as another worker is told, which has snapshots of its own."""
    kept = [(wiring.jobs(BUSINESS), JobBook), (wiring.roster(BUSINESS), Roster)]
    jobs, roster = (
        DocumentRepository(each._store, kind, now=lambda: NOON, background=False)  # type: ignore[attr-defined,type-var]
        for each, kind in kept
    )

    def act() -> None:
        with monkeypatch.context() as there:
            there.setattr(wiring, "_jobs", lambda slug: jobs)
            there.setattr(wiring, "_roster", lambda slug: roster)
            dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)

    return act


def assign_joel() -> None:
    dispatch.jobs.assign(BUSINESS, "job-3", {"driver": "joel"}, by=DANA)


def create_for_joel() -> None:
    fields = {
        "customer_name": "Ida",
        "location": "Elm St",
        "window": BUSINESS.window(SATURDAY, "morning"),
        "crew": Crew(driver="joel"),
    }
    dispatch.jobs.create(BUSINESS, fields, status=Status.BOOKED, by="dana")


@pytest.mark.parametrize("step", ["load", "save"])
@pytest.mark.parametrize("give", [assign_joel, create_for_joel])
def test_an_assignment_that_is_written_after_the_sick_day_sees_it(
    joels: list[str],
    jobs: JobRepository,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    give: Callable[[], None],
) -> None:
    """Though its own worker knew nothing of it when it began."""
    act = sick_elsewhere(monkeypatch)
    jobs._store = Meanwhile(jobs._store, step, act)  # type: ignore[attr-defined]
    with pytest.raises(NotAvailable, match="AWAY"):
        give()
    assert not [job.id for job in jobs.refreshed().jobs if "joel" in set(job.crew)]
    assert joels
