"""What is tapped without reception, and arrives later."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from msgspec import UNSET

from dispatch.domain.job import Job
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, NOON, FakeClock, make_job
from tests.web.pages import words

HOUR = timedelta(hours=1)
SCRIPT = {"X-Requested-With": "fetch", "Accept": "application/json"}
PATH = "/dashboard/jobs/jXkL9m2pQ"


@pytest.fixture(autouse=True)
def booked(jobs: JobRepository, roster: RosterRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status="booked")))


def job_of(jobs: JobRepository) -> Job:
    return jobs.read().job("jXkL9m2pQ")


def tap(member: Client, to: str, ago: object = 0, **more: Any) -> Any:
    path = f"{PATH}/{to}" if to in ("notes", "eta") else f"{PATH}/move"
    what = {} if to in ("notes", "eta") else {"status": to}
    return member.post(path, {**what, "ago_s": ago, **more}, headers=SCRIPT)


def test_it_is_dated_when_it_was_tapped_and_says_when_it_arrived(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.at += 3 * HOUR
    assert tap(joel, "in_progress", 2 * 3600).status_code == 200
    assert tap(joel, "completed", 3600).status_code == 200
    start, finish = job_of(jobs).moves
    assert (start.at, start.tapped_at) == (NOON + 3 * HOUR, NOON + HOUR)
    assert (finish.at, finish.tapped_at) == (NOON + 3 * HOUR, NOON + 2 * HOUR)
    assert job_of(jobs).finished_at == NOON + 2 * HOUR
    assert job_of(jobs).reached(Status.IN_PROGRESS) == NOON + HOUR
    assert job_of(jobs).updated_at == NOON + 3 * HOUR


def test_the_history_says_both(joel: Client, clock: FakeClock) -> None:
    clock.at += HOUR
    tap(joel, "in_progress", 1800)
    said = "In Progress Joel, May 22, 12:30 PM (without reception; it came at 1:00 PM )"
    assert said in words(joel.get(PATH))


def test_what_is_sent_at_once_has_one_time(joel: Client, jobs: JobRepository) -> None:
    tap(joel, "in_progress")
    assert job_of(jobs).history[-1].tapped_at is UNSET


def test_no_move_is_dated_before_the_one_that_it_follows(
    joel: Client, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.at += HOUR
    tap(dana, "ready_for_pickup")
    clock.at += HOUR
    tap(joel, "in_progress", 2 * 3600)  # before Dana's, and sent on top of it
    ready, start = job_of(jobs).moves
    assert start.tapped_at == ready.at == NOON + HOUR


def test_nobody_takes_back_later_by_saying_that_it_was_tapped_earlier(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    tap(joel, "in_progress")
    tap(joel, "completed")
    clock.at += HOUR
    back = tap(joel, "in_progress", 3600, reason="undo", expected="completed")
    assert (back.status_code, job_of(jobs).status) == (422, "completed")


def test_a_way_and_its_estimate_are_of_the_tap(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.at += HOUR
    tap(joel, "eta", 20 * 60, on_my_way=1, minutes=30)
    job = job_of(jobs)
    assert job.on_my_way
    assert job.eta
    assert job.on_my_way.at == job.eta.said_at == NOON + timedelta(minutes=40)
    assert job.eta.at == NOON + timedelta(minutes=70)
    assert [event.what for event in job.history[-2:]] == ["on_my_way", "eta"]


def test_a_note_is_of_when_it_was_written(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.at += HOUR
    tap(joel, "notes", 1800, text="Dog")
    assert job_of(jobs).notes[-1].at == NOON + HOUR / 2


@pytest.mark.parametrize(
    ("ago", "why"),
    [
        ("86401", "more than a day ago"),
        ("99999999", "more than a day ago"),
        *((ago, "no number of seconds") for ago in ("-1", "soon", "1e9", "9" * 30, "²")),
    ],
)
def test_what_is_too_old_or_no_time_at_all_is_refused_and_changes_nothing(
    joel: Client, jobs: JobRepository, ago: str, why: str
) -> None:
    answer = tap(joel, "in_progress", ago)
    assert answer.status_code == 422
    assert why in answer.json()["said"]
    assert not job_of(jobs).moves


def test_what_was_heard_in_time_is_done_however_late_it_is_sent_again(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """Its answer was lost, and the phone was off over the weekend."""
    tap(joel, "notes", 60, text="Dog", key="k1")
    clock.at += timedelta(days=2)
    again = tap(joel, "notes", 2 * 86400 + 60, text="Dog", key="k1")
    assert (again.status_code, len(job_of(jobs).notes)) == (200, 1)


def test_sent_again_it_is_done_once_and_keeps_its_first_time(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.at += HOUR
    tap(joel, "in_progress", 600, key="k1")
    clock.at += HOUR
    again = tap(joel, "in_progress", 4200, key="k1", expected="booked")
    assert (again.status_code, again.json()["status"]) == (200, "in_progress")
    (start,) = job_of(jobs).moves
    assert start.moment == NOON + HOUR - timedelta(minutes=10)


def test_the_answer_says_how_the_job_is_now(
    joel: Client, dana: Client, jobs: JobRepository
) -> None:
    done = tap(joel, "in_progress", expected="booked").json()
    assert done == {
        "status": "in_progress",
        "version": job_of(jobs).version,
        "said": "Moved to “In Progress”.",
        "may_insist": False,
    }
    tap(dana, "cancelled", reason="Moved away")
    late = tap(joel, "completed", expected="in_progress")
    assert (late.status_code, late.json()["status"]) == (409, "cancelled")
    assert "Dana has moved this job to “Cancelled”" in late.json()["said"]


def test_of_a_job_that_was_archived_meanwhile_a_move_is_told_and_a_note_is_kept(
    joel: Client, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    tap(dana, "completed")
    clock.at += timedelta(days=4)
    Archiver(jobs).archive(BUSINESS.today(clock.now()))
    assert not jobs.read().jobs
    late = tap(joel, "in_progress", 3600, expected="booked")
    assert (late.status_code, late.json()["status"]) == (409, "completed")
    assert tap(joel, "notes", 3600, text="Dog").status_code == 200
    assert [note.text for note in jobs.archived("jXkL9m2pQ").notes] == ["Dog"]


def test_what_was_tapped_too_long_ago_can_be_sent_as_of_now(
    joel: Client, jobs: JobRepository
) -> None:
    assert tap(joel, "in_progress", 86401, key="k1").status_code == 422
    assert tap(joel, "in_progress", "", key="k1", insist="1").status_code == 200
    (start,) = job_of(jobs).moves
    assert start.moment == start.at


def test_a_job_that_is_anothers_now_is_told_without_a_word_of_it(
    joel: Client, dana: Client
) -> None:
    dana.post(f"{PATH}/assign", {"driver": "ana"})
    answer = tap(joel, "in_progress")
    assert (answer.status_code, answer.json()["status"]) == (404, "")


def test_reports_go_by_when_it_was_done(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """On Friday at a quarter to midnight, without reception; sent on Saturday."""
    clock.at += 13 * HOUR
    tap(joel, "in_progress", 2 * 3600)
    tap(joel, "completed", 75 * 60)
    assert BUSINESS.today(clock.now()).isoformat() == "2026-05-23"
    finished = job_of(jobs).finished_at
    assert finished
    assert BUSINESS.today(finished).isoformat() == "2026-05-22"
