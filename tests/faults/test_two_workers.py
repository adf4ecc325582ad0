"""Whichever worker answers: no browser is shown its own writes undone, and links work at once."""

import os
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from dispatch.domain.status import Status
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from tests.faults.visitor import Answer, Visitor, booking
from tests.making import PASSWORD, make_job
from tests.opening import open_jobs
from tests.serving import serving

pytestmark = pytest.mark.long

TOKEN = "two-workers-one-token".ljust(32, "x")
STEPS = (Status.BOOKED, Status.READY_FOR_PICKUP, Status.IN_PROGRESS, Status.COMPLETED)


def elsewhere(folder: Path) -> JobRepository:
    """The jobs as another container writes them."""
    store = FileStore(folder / "data" / "jobs.json")
    return open_jobs(store)


def put_a_job(folder: Path) -> None:
    elsewhere(folder).change(lambda book: book.put(make_job(id="job-1", tracking_token=TOKEN)))


def shown(answer: Answer) -> str:
    """The status of the one job that a board or a tracking page shows."""
    assert answer.status == 200, answer.text
    found = re.search(r'data-id="job-1" data-status="(\w+)"|<div data-status="(\w+)"', answer.text)
    assert found, answer.text
    return found[1] or found[2]


def moves(rounds: int) -> Iterator[tuple[Status, Status]]:
    """From where to where a dispatcher moves the job, round and round."""
    at = Status.PENDING
    for number in range(rounds):
        to = STEPS[number % len(STEPS)]
        yield at, to
        at = to


# --- two processes, each asked by name ------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pair")


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[str, str]]:
    """Two servers of one worker each that share a folder: we choose who answers."""
    with (
        serving(folder, QDN_WORKERS="1") as first,
        serving(folder, QDN_WORKERS="1", members=False) as second,
    ):
        put_a_job(folder)
        yield first, second


def test_who_moves_a_job_on_one_worker_sees_it_moved_on_the_other(pair: tuple[str, str]) -> None:
    dana = Visitor(pair[0]).signed_in("dana")
    for (at, to), other in zip(moves(24), cycle(reversed(pair)), strict=False):
        moved = dana.post(
            "/dashboard/jobs/job-1/move", status=to, expected=at, reason="round and round"
        )
        assert moved.status == 200, moved.text
        dana = dana.elsewhere(other)
        assert shown(dana.get("/dashboard/")) == to
        assert shown(dana.get("/dashboard/board")) == to
        assert f'data-status="{to}"' in dana.get("/dashboard/jobs/job-1").text


def test_what_a_customer_does_on_one_worker_is_shown_to_them_by_the_other(
    pair: tuple[str, str],
) -> None:
    here, there = (Visitor(url) for url in pair)
    page = here.post("/book/", **booking(here, "Mark")).headers["Location"]
    for step in ("cancel", "undo") * 3:
        page = here.post(f"{page.partition('?')[0]}/{step}").headers["Location"]
        status = "cancelled" if step == "cancel" else "pending"
        assert shown(there.get(page)) == shown(there.get(page.replace("?", "/live?"))) == status
        here, there = there, here


def test_a_new_password_saved_on_one_worker_keeps_the_session_on_the_other(
    pair: tuple[str, str],
) -> None:
    ana, passwords = Visitor(pair[0]).signed_in("ana"), (PASSWORD, "heap-99-truck")
    for number, other in zip(range(6), cycle(reversed(pair)), strict=False):
        old, new = passwords[number % 2], passwords[(number + 1) % 2]
        saved = ana.post("/dashboard/account/", old_password=old, new_password=new)
        assert saved.status == 303, saved.text
        ana = ana.elsewhere(other)
        assert ana.get("/dashboard/account/").status == 200


def test_a_phone_number_saved_on_one_worker_is_shown_by_the_other(pair: tuple[str, str]) -> None:
    dana = Visitor(pair[0]).signed_in("dana")
    for number, other in zip(range(6), cycle(reversed(pair)), strict=False):
        phone = f"619 555 01{number:02}"
        assert dana.post("/dashboard/account/", phone=phone).status == 303
        dana = dana.elsewhere(other)
        assert phone[-4:] in dana.get("/dashboard/account/").text


def test_a_link_works_on_both_workers_the_moment_it_is_made(pair: tuple[str, str]) -> None:
    first, second = pair
    for number in range(6):
        name = f"Priya {number}"
        here, there = (Visitor(first), Visitor(second))[:: 1 if number % 2 else -1]
        booked = here.post("/book/", **booking(here, name))
        assert booked.status == 303, booked.text
        link = booked.headers["Location"].partition("?")[0]
        assert name in there.get(link).text
        assert name in here.get(link).text


# --- gunicorn as it is deployed --------------------------------------------------------------


def test_with_two_workers_nobody_is_shown_their_own_move_undone(tmp_path: Path) -> None:
    """Many new connections; the kernel hands them to either worker."""
    with serving(tmp_path, QDN_WORKERS="2") as url:
        put_a_job(tmp_path)
        dana = Visitor(url).signed_in("dana")
        before = work_done()
        for at, to in moves(20):
            moved = dana.post(
                "/dashboard/jobs/job-1/move", status=to, expected=at, reason="round and round"
            )
            assert moved.status == 200, moved.text
            assert {shown(dana.get("/dashboard/board")) for _ in range(12)} == {to}
        after = work_done()
        assert sum(after[pid] > before.get(pid, 0) for pid in after) >= 2


def work_done() -> dict[int, int]:
    """The processor time of every process below this one that serves, by its id."""
    below = {os.getpid()}
    times: dict[int, int] = {}
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parts[2])):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) in below:
            pid = int(stat.parts[2])
            below.add(pid)
            times[pid] = int(fields[11]) + int(fields[12])
    return times
