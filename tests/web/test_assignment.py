"""Assignment by drawer and by card: who is refused, how to insist, and what comes between."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.availability import NotAvailable
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.status import Status
from dispatch.roster import Days
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, FakeClock, make_job
from tests.opening import open_jobs, open_roster
from tests.stores.troubled import InMemory
from tests.web.api import Program
from tests.web.pages import text, words

DRAWER = "/dashboard/jobs/jXkL9m2pQ"
FETCH = {"X-Requested-With": "fetch"}
SATURDAY = date(2026, 5, 23)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, window=MORNING)))


def the_job(jobs: JobRepository) -> Job:
    return jobs.read().job("jXkL9m2pQ")


def assign(client: Client, query: str = "", **fields: Any) -> Any:
    return client.post(f"{DRAWER}/assign{query}", fields)


def away(username: str = "joel") -> None:
    dispatch.roster.set_away(BUSINESS, username, Days(SATURDAY, SATURDAY))


def joels_morning_is_full(jobs: JobRepository) -> None:
    mornings = [
        make_job(id=f"job{n}", tracking_token="", status="booked", window=MORNING)
        for n in range(BUSINESS.jobs_per_window)
    ]
    jobs.change(lambda book: book.put(*mornings))
    for job in mornings:
        dispatch.jobs.assign(BUSINESS, job.id, {"driver": "joel"}, by=DANA)


def board(client: Client) -> str:
    return text(client.get("/dashboard/board"))


def test_a_refusal_stands_beside_the_role_it_is_about(dana: Client, jobs: JobRepository) -> None:
    away()
    answer = assign(dana, driver="joel", first_mate="ana", version=1)
    assert answer.status_code == 409
    assert "Joel is away on Sat, May 23 (Morning). Who is free: Ana." in words(answer)
    assert 'id="id_driver_error"' in text(answer)
    for username in ("joel", "ana"):
        assert f'<option value="{username}" selected>' in text(answer)
    assert "Do it all the same" not in words(answer)
    assert the_job(jobs).crew == Crew()


def test_who_is_on_a_job_twice_is_named_once_on_its_card(dana: Client, jobs: JobRepository) -> None:
    assign(dana, driver="joel", first_mate="joel", version=1)
    assert the_job(jobs).crew == Crew(driver="joel", first_mate="joel")
    names = board(dana).partition('<div class="card-foot">')[2].partition("</div>")[0]
    assert names.count("Joel") == 1


def test_a_full_window_can_be_insisted_on(dana: Client, jobs: JobRepository) -> None:
    """Which is then no clash."""
    joels_morning_is_full(jobs)
    answer = dana.post(f"{DRAWER}/assign?version=1", {"driver": "joel"}, headers=FETCH)
    assert answer.status_code == 409
    assert text(answer).lstrip().startswith("<article")
    assert "Joel on Sat, May 23 (Morning) is full: 4 of 4 places are taken" in words(answer)
    assert "Do it all the same" in words(answer)
    assert 'name="insist" value="1"' in text(answer)
    assert the_job(jobs).crew == Crew()
    assert assign(dana, driver="joel", version=1, insist="1").status_code == 303
    assert the_job(jobs).crew.driver == "joel"
    assert the_job(jobs).history[-1].reason == "insisted"
    assert "Joel has too much" not in board(dana)
    assert "Joel has too much" not in words(dana.get(DRAWER))


def test_insisting_without_need_is_not_kept(dana: Client, jobs: JobRepository) -> None:
    assign(dana, driver="joel", version=1, insist="1")
    assert not the_job(jobs).history[-1].reason
    assert "Assigned: driver nobody → Joel" in words(dana.get(DRAWER))


def test_a_refused_form_still_knows_the_version_seen(dana: Client, jobs: JobRepository) -> None:
    """Else saving it again would undo what others assigned meanwhile."""
    away()
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"supervisor": "dana"}, by=DANA)
    answer = assign(dana, driver="joel", first_mate="", supervisor="", version=1)
    assert 'name="version" value="1"' in text(answer)
    assign(dana, driver="ana", first_mate="", supervisor="", version=1)
    assert the_job(jobs).crew == Crew(driver="ana", supervisor="dana")


def test_a_card_offers_the_drivers_who_are_free(dana: Client, jobs: JobRepository) -> None:
    button = f'formaction="{DRAWER}/assign?version=1" name="driver" value="{{}}"'
    assert button.format("joel") in board(dana)
    away()
    assert button.format("joel") not in board(dana)
    assert button.format("ana") in board(dana)
    assert assign(dana, "?version=1", driver="ana").status_code == 303
    assert the_job(jobs).crew.driver == "ana"
    assert button.format("ana") not in board(dana)
    stale = assign(dana, "?version=1", driver="joel")
    assert (stale.status_code, the_job(jobs).crew.driver) == (409, "ana")


def test_only_dispatchers_pick_drivers_on_cards(joel: Client, vic: Client, dana: Client) -> None:
    pick = 'name="driver"'
    assert [pick in board(each) for each in (dana, joel, vic)] == [True, False, False]
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", Status.COMPLETED, by=DANA)
    assert pick not in board(dana)


def test_what_came_between_is_said_on_the_board_and_in_the_drawer(dana: Client) -> None:
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"driver": "joel"}, by=DANA)
    before = dana.get("/dashboard/board").headers["ETag"]
    told = "Joel is away on Sat, May 23 (Morning)."
    assert told not in board(dana)
    away()
    assert dana.get("/dashboard/board").headers["ETag"] != before
    assert told in board(dana)
    assert told in words(dana.get(DRAWER))
    dispatch.roster.set_back(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
    assert told not in board(dana)


def test_a_job_moved_into_a_full_window_is_said_once_and_in_its_drawer(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    joels_morning_is_full(jobs)
    clock.tick(60)
    afternoon, program = {"date": "2026-05-23", "name": "afternoon"}, Program("dana")
    assert program.patch("jobs/jXkL9m2pQ", {"window": afternoon}).status_code == 200
    assert program.put("jobs/jXkL9m2pQ/crew", {"driver": "joel"}).status_code == 200
    told = "Joel has too much on Sat, May 23 (Morning): 5 of 4 places are taken."
    assert told not in board(dana)
    morning = afternoon | {"name": "morning"}
    assert program.patch("jobs/jXkL9m2pQ", {"window": morning}).status_code == 200
    assert board(dana).count(told) == 1
    assert told in words(dana.get(DRAWER))
    assert told not in words(dana.get("/dashboard/jobs/job0"))
    assert "Jobs to reassign" in words(dana.get("/dashboard/crew/joel/"))
    dispatch.jobs.move(BUSINESS, "job0", Status.COMPLETED, by=DANA)
    assert told not in board(dana)


# --- an assignment while another worker is told of a sick call ------------------------------


def sick_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Joel falls sick as another worker is told, which has snapshots of its own."""
    kept: Any = wiring.jobs(BUSINESS), wiring.roster(BUSINESS)
    jobs, roster = open_jobs(kept[0].store), open_roster(kept[1].store)

    def act() -> None:
        with monkeypatch.context() as there:
            there.setattr(wiring, "_jobs", lambda slug: jobs)
            there.setattr(wiring, "_roster", lambda slug: roster)
            dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)

    return act


def create_for_joel() -> None:
    fields = {"customer_name": "Ida", "location": "Elm St", "window": MORNING}
    crew = {"crew": Crew(driver="joel")}
    dispatch.jobs.create(BUSINESS, fields | crew, status=Status.BOOKED, by="dana")


def assign_joel() -> None:
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"driver": "joel"}, by=DANA)


@pytest.mark.usefixtures("roster")
@pytest.mark.parametrize("step", ["load", "save"])
@pytest.mark.parametrize("give", [assign_joel, create_for_joel])
def test_an_assignment_that_is_written_after_the_sick_day_sees_it(
    jobs: InMemory,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    give: Callable[[], None],
) -> None:
    """Though its own worker knew nothing of it when it began."""
    his = {"status": Status.BOOKED, "window": MORNING, "crew": Crew(driver="joel")}
    jobs.change(lambda book: book.put(make_job(id="his", tracking_token="", **his)))
    clock.tick(1.5)  # what it has seen is too old to be written over without a look
    getattr(jobs.store, f"before_{step}").append(sick_elsewhere(monkeypatch))
    with pytest.raises(NotAvailable, match="AWAY"):
        give()
    assert not [job.id for job in jobs.refreshed().jobs if "joel" in set(job.crew)]


@pytest.mark.usefixtures("roster")
def test_who_is_sick_is_not_on_the_way() -> None:
    assign_joel()
    dispatch.jobs.on_my_way(BUSINESS, "jXkL9m2pQ", by=JOEL)
    dispatch.jobs.set_eta(BUSINESS, "jXkL9m2pQ", NOON, by=JOEL)
    done = dispatch.roster.sick(BUSINESS, "joel", SATURDAY, by=DANA)
    assert [(job.on_my_way, job.eta) for job in done.jobs] == [(None, None)]
