"""Several jobs changed at once: each for itself, in one write, done once, and told of each."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

import dispatch.jobs
import dispatch.roster
from dispatch import wiring
from dispatch.domain.availability import NotAvailable
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.permissions import THE_CUSTOMER, Actor, Rank
from dispatch.domain.status import Status
from dispatch.explain import explain
from dispatch.jobs import several
from dispatch.jobs.several import AllDone, Seen
from dispatch.roster import Days
from tests.making import BUSINESS, DANA, NOON, make_job
from tests.stores.troubled import InMemory, elsewhere

SATURDAY, MONDAY = date(2026, 5, 23), date(2026, 5, 25)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")
PENDING, BOOKED, CANCELLED = Status.PENDING, Status.BOOKED, Status.CANCELLED
LENA = Actor("lena", Rank.DISPATCHER)

pytestmark = pytest.mark.usefixtures("roster")


def requests(jobs: InMemory, count: int = 3, **fields: Any) -> list[Seen]:
    """So many, of one morning, as somebody has just seen them."""
    made = [
        make_job(id=f"job{n}", tracking_token="", **{"window": MORNING, **fields})
        for n in range(count)
    ]
    jobs.change(lambda book: book.put(*made))
    return [Seen(job.id, job.version) for job in made]


def refusals(done: AllDone) -> list[str]:
    """A sentence of each; empty where it was done."""
    return [(each.refusal and explain(each.refusal, BUSINESS)) or "" for each in done.outcomes]


def now(jobs: InMemory) -> list[Job]:
    return list(jobs.refreshed().jobs)


DO: dict[str, Callable[..., AllDone]] = {
    "confirm": several.confirm,
    "decline": lambda *seen, **how: several.decline(*seen, "no truck", **how),
    "assign": lambda *seen, **how: several.assign(*seen, "joel", **how),
    "move": lambda *seen, **how: several.move_to(*seen, MONDAY, **how),
}
DONE: dict[str, Callable[[Job], bool]] = {
    "confirm": lambda job: job.status is BOOKED,
    "decline": lambda job: (job.status, job.moves[-1].reason) == (CANCELLED, "no truck"),
    "assign": lambda job: job.crew.driver == "joel",
    "move": lambda job: job.window is not None and job.window.date == MONDAY,
}


@pytest.mark.parametrize("what", DO)
def test_all_are_changed_in_one_write_and_by_their_key_once(jobs: InMemory, what: str) -> None:
    seen, writes = requests(jobs), jobs.store.saves
    done = DO[what](BUSINESS, seen, by=DANA, key="k")
    assert refusals(done) == ["", "", ""]
    assert all(map(DONE[what], now(jobs)))
    assert [each.job for each in done.outcomes] == now(jobs)
    assert jobs.store.saves == writes + 1
    again = DO[what](BUSINESS, seen, by=DANA, key="k")
    assert refusals(again) == ["", "", ""]
    assert jobs.store.saves == writes + 1


@pytest.mark.parametrize("what", DO)
def test_what_one_cannot_is_told_of_that_one_alone(jobs: InMemory, what: str) -> None:
    """Of four, one was taken back by its customer meanwhile, and one is gone."""
    seen = [*requests(jobs), Seen("gone", 1)]
    dispatch.jobs.move(BUSINESS, "job1", CANCELLED, by=THE_CUSTOMER)
    done = DO[what](BUSINESS, seen, by=DANA, key="k")
    said = refusals(done)
    assert said[1] == "The customer has moved this job to “Cancelled” at 12:00 PM."
    assert "no longer there" in said[3]
    assert (said[0], said[2]) == ("", "")
    assert [DONE[what](job) for job in now(jobs)] == [True, False, True]
    assert isinstance(done.outcomes[3].refusal, JobNotFound)
    assert done.outcomes[3].job is None


def test_a_driver_who_is_full_takes_as_many_as_fit_and_the_others_on_insisting(
    jobs: InMemory,
) -> None:
    seen = requests(jobs, BUSINESS.jobs_per_window + 2, status="booked")
    done = several.assign(BUSINESS, seen, "joel", by=DANA, key="k")
    full = [each for each in done.outcomes if each.refusal]
    assert [each.job_id for each in full] == ["job4", "job5"]
    assert "Joel on Sat, May 23 (Morning) is full: 4 of 4 places are taken" in refusals(done)[4]
    assert all(isinstance(each.refusal, NotAvailable) for each in full)
    rest = [Seen(each.job_id, 1) for each in full]
    assert (
        refusals(several.assign(BUSINESS, rest, "joel", by=DANA, insist=True, key="l")) == [""] * 2
    )


def test_who_falls_sick_before_the_write_is_given_none(jobs: InMemory) -> None:
    """The roster is read after the book, once for all of them, in each run over it."""
    seen = requests(jobs)

    def sick_and_written_over() -> None:
        dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
        elsewhere(jobs).change(lambda book: book.put(make_job()))

    jobs.store.before_save.append(sick_and_written_over)
    roster: Any = wiring.roster(BUSINESS)
    loads = roster.store.loads
    done = several.assign(BUSINESS, seen, "joel", by=DANA, key="k")
    assert roster.store.loads - loads <= 4, "two runs, and the sick call itself"
    assert all("Joel is away on Sat, May 23" in said for said in refusals(done))
    assert not [job for job in now(jobs) if job.crew.driver]


def test_a_day_alone_keeps_each_in_its_window_and_one_without_is_asked_for(jobs: InMemory) -> None:
    seen = requests(jobs, 2)
    jobs.change(lambda book: book.put(make_job(window=None)))
    done = several.move_to(BUSINESS, [*seen, Seen("jXkL9m2pQ", 1)], MONDAY, by=DANA, key="k")
    assert refusals(done) == ["", "", "It has no window yet: choose one."]
    assert [job.window and job.window.name for job in now(jobs)] == ["morning", "morning", None]
    given = several.move_to(BUSINESS, [Seen("jXkL9m2pQ", 1)], MONDAY, "afternoon", by=DANA, key="l")
    assert refusals(given) == [""]


def test_what_is_to_stay_as_it_was_seen_is_told_where_it_has_not(jobs: InMemory) -> None:
    """Whoever gives Joel's job to Joel, or says that it stays on its day, meant just that."""
    (seen,) = requests(jobs, 1, status="booked", crew=Crew(driver="joel"))
    dispatch.jobs.assign(BUSINESS, seen.job_id, {"driver": "ana"}, by=LENA)
    dispatch.jobs.edit(
        BUSINESS, seen.job_id, {"window": BUSINESS.window(MONDAY, "afternoon")}, by=LENA
    )
    given = several.assign(BUSINESS, [seen], "joel", by=DANA, key="a")
    assert refusals(given) == ["lena has changed the driver to Ana since you looked."]
    moved = several.move_to(BUSINESS, [seen], SATURDAY, "morning", by=DANA, key="b")
    (said,) = refusals(moved)
    assert said.startswith("lena has changed the window to Mon, May 25 (Afternoon)")


def test_two_dispatchers_who_assign_the_same_jobs_at_once_are_told_of_each_others(
    jobs: InMemory,
) -> None:
    """Each job goes to one of the two drivers, and its second is told by whom."""
    seen, barrier = requests(jobs, 12, status="booked"), threading.Barrier(2)
    told: dict[str, AllDone] = {}

    def assign(by: Actor, driver: str, order: list[Seen]) -> None:
        barrier.wait()
        told[driver] = several.assign(BUSINESS, order, driver, by=by, insist=True, key=driver)

    threads = [
        threading.Thread(target=assign, args=(DANA, "joel", seen)),
        threading.Thread(target=assign, args=(LENA, "ana", seen[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drivers = {job.id: job.crew.driver for job in now(jobs)}
    words = {
        "ana": "lena has changed the driver to Ana since you looked.",
        "joel": "Dana has changed the driver to Joel since you looked.",
    }
    for driver, done in told.items():
        for each, said in zip(done.outcomes, refusals(done), strict=True):
            has_it = drivers[each.job_id]
            assert has_it
            assert said == ("" if has_it == driver else words[has_it])
    assert sum(len([s for s in refusals(done) if s]) for done in told.values()) == 12


@pytest.mark.long
@pytest.mark.usefixtures("jobs_table")
def test_a_table_cuts_it_at_its_limits_and_whoever_is_faster_in_between_loses_nothing() -> None:
    """Forty-five are three commits; what is written is done once, by its key."""
    made = [make_job(id=f"job{n}", tracking_token="", window=MORNING) for n in range(45)]
    call_command("jobs", "create-table")
    jobs = wiring.jobs(BUSINESS)
    jobs.change(lambda book: book.put(*made))
    commit, is_first = jobs.ledger.commit, iter([True])

    def another_comes_between(before: Any, after: Any) -> Any:
        if next(is_first, False):
            noted = before.changed(made[44].noted("hm", by="ana", at=NOON), NOON)
            commit(before, noted.written("another", NOON))
        return commit(before, after)

    jobs.ledger.commit = another_comes_between  # type: ignore[method-assign]
    seen = [Seen(job.id, job.version) for job in made]
    done = several.assign(BUSINESS, seen, "joel", by=DANA, insist=True, key="k")
    assert refusals(done) == [""] * 45
    assert [note.text for note in jobs.refreshed().job("job44").notes] == ["hm"]
    for job in jobs.refreshed().jobs:
        assert (job.crew.driver, len(job.history)) == ("joel", 1)
