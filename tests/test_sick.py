"""“Sick today”: the roster says so, and the jobs of the day are back for others."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.availability import NotAvailable
from dispatch.domain.job import Crew
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.stores.repository import DocumentRepository, JobRepository, RosterRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, make_job
from tests.stores.troubled import TroubledStore

SATURDAY = date(2026, 5, 23)
JOELS = Crew(driver="joel")


@pytest.fixture(autouse=True)
def saturday(jobs: JobRepository, roster: RosterRepository) -> None:
    """Three jobs of Joel's; a fourth is Ana's."""
    window = BUSINESS.window(SATURDAY, "morning")
    crews = (JOELS, Crew(driver="ana", first_mate="joel"), JOELS, Crew(driver="ana"))
    made = [
        make_job(id=f"job-{n}", tracking_token="", window=window, crew=crew, status=Status.BOOKED)
        for n, crew in enumerate(crews)
    ]
    jobs.change(lambda book: book.put(*made))


def test_who_is_sick_is_not_on_the_way() -> None:
    for number in range(3):
        dispatch.jobs.on_my_way(BUSINESS, f"job-{number}", by=JOEL)
        dispatch.jobs.set_eta(BUSINESS, f"job-{number}", NOON, by=JOEL)
    done = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert [(job.on_my_way, job.eta) for job in done.jobs] == [(None, None)] * 3


# --- an assignment meanwhile ----------------------------------------------------------------


def sick_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Joel falls sick as another worker is told, which has snapshots of its own."""
    kept: dict[Any, Any] = {JobBook: wiring.jobs(BUSINESS), Roster: wiring.roster(BUSINESS)}
    jobs, roster = (
        DocumentRepository(repository._store, kind, now=lambda: NOON, background=False)
        for kind, repository in kept.items()
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
    window = BUSINESS.window(SATURDAY, "morning")
    fields = {"customer_name": "Ida", "location": "Elm St", "window": window, "crew": JOELS}
    dispatch.jobs.create(BUSINESS, fields, status=Status.BOOKED, by="dana")


@pytest.mark.parametrize("step", ["load", "save"])
@pytest.mark.parametrize("give", [assign_joel, create_for_joel])
def test_an_assignment_that_is_written_after_the_sick_day_sees_it(
    jobs: JobRepository, monkeypatch: pytest.MonkeyPatch, step: str, give: Callable[[], None]
) -> None:
    """Though its own worker knew nothing of it when it began."""
    store = TroubledStore()
    getattr(store, f"before_{step}").append(sick_elsewhere(monkeypatch))
    store.inner, jobs._store = jobs._store, store  # type: ignore[attr-defined]
    with pytest.raises(NotAvailable, match="AWAY"):
        give()
    assert not [job.id for job in jobs.refreshed().jobs if "joel" in set(job.crew)]
