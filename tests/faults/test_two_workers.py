"""Whichever worker answers: nothing that was shown is shown undone, and links work at once."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.stores.file import FileStore
from dispatch.stores.repository import DocumentRepository
from tests.faults.visitor import Answer, Visitor, booking
from tests.making import NOON, make_job
from tests.serving import serving

pytestmark = pytest.mark.long

TOKEN = "two-workers-one-token".ljust(32, "x")
STEPS = (Status.BOOKED, Status.READY_FOR_PICKUP, Status.IN_PROGRESS, Status.COMPLETED)


def elsewhere(folder: Path) -> DocumentRepository[JobBook]:
    """The jobs as another container writes them, who tells these workers nothing."""
    store = FileStore(folder / "data" / "jobs.json")
    return DocumentRepository(store, JobBook, now=lambda: NOON, background=False)


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


# --- two processes of one container, each asked by name ------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pair")


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[str, str]]:
    """Two servers of one worker each that share folder and hint: we choose who answers."""
    with (
        serving(folder, QDN_WORKERS="1") as first,
        serving(folder, QDN_WORKERS="1", members=False) as second,
    ):
        put_a_job(folder)
        yield first, second


def test_a_move_made_on_one_worker_is_shown_by_the_other_at_once(pair: tuple[str, str]) -> None:
    first, second = pair
    dana, vic = Visitor(first).signed_in("dana"), Visitor(second).signed_in("vic")
    customer = Visitor(second)
    for at, to in moves(24):
        moved = dana.post(
            "/dashboard/jobs/job-1/move", status=to, expected=at, reason="round and round"
        )
        assert moved.status == 200, moved.text
        assert shown(customer.get(f"/track/{TOKEN}")) == to
        assert shown(customer.get(f"/track/{TOKEN}/live")) == to
        assert shown(vic.get("/dashboard/board")) == to


def test_what_one_worker_has_shown_the_other_never_shows_undone(
    pair: tuple[str, str], folder: Path
) -> None:
    """The write came from elsewhere; one worker has found it and the other does not know yet."""
    first, second = (Visitor(url) for url in pair)
    jobs = elsewhere(folder)
    for number in range(12):
        house = {"location": f"{number} Soderblom Ave"}
        book = jobs.change(
            lambda book, house=house: book.changed(
                book.job("job-1").edited(house, by="dana", at=NOON), NOON
            )
        )
        assert house["location"] in first.get(f"/track/{TOKEN}?r={book.revision}").text
        assert house["location"] in second.get(f"/track/{TOKEN}").text
        first, second = second, first


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


def test_who_signs_out_on_one_worker_is_signed_out_on_the_other(pair: tuple[str, str]) -> None:
    first, second = pair
    joel = Visitor(first).signed_in("joel")
    copied = joel.elsewhere(second)
    assert copied.get("/dashboard/board").status == 200
    assert joel.post("/dashboard/logout/").status in (302, 303)
    assert copied.get("/dashboard/board").status == 401


# --- gunicorn as it is deployed --------------------------------------------------------------


def test_with_two_workers_no_move_is_ever_shown_undone(tmp_path: Path) -> None:
    """Many new connections; the kernel hands them to either worker."""
    with serving(tmp_path, QDN_WORKERS="2") as url:
        put_a_job(tmp_path)
        dana, vic, customer = Visitor(url).signed_in("dana"), Visitor(url), Visitor(url)
        vic.signed_in("vic")
        before = work_done()
        for at, to in moves(20):
            moved = dana.post(
                "/dashboard/jobs/job-1/move", status=to, expected=at, reason="round and round"
            )
            assert moved.status == 200, moved.text
            assert {shown(customer.get(f"/track/{TOKEN}")) for _ in range(12)} == {to}
            assert {shown(vic.get("/dashboard/board")) for _ in range(6)} == {to}
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
