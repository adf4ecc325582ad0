"""A process that archives, or moves all jobs, is killed again and again."""

import os
import signal
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.stored.document import LedgerMoved
from dispatch.stores import atomic
from dispatch.stores.archive import DocumentMonths, JobDocument
from dispatch.stores.archiver import Archiver
from dispatch.stores.file import FileStore
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from tests.making import BUSINESS, NOON
from tests.opening import open_jobs
from tests.stores.test_archive import TODAY, done, everything, put, still_open

pytestmark = pytest.mark.long

FORK = get_context("fork")
YEAR = range(0, 360, 20)  # days ago


def archive(folder: Path, steps: int) -> None:
    """Killed before its write of that number, or after it where the number is odd."""
    write, made = atomic.replace, 0

    def dying(*args: Any, **settings: Any) -> None:
        nonlocal made
        if made == steps // 2 and steps % 2 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*args, **settings)
        if made == steps // 2:
            os.kill(os.getpid(), signal.SIGKILL)
        made += 1

    atomic.replace = dying
    Archiver(open_jobs(FileStore(folder / "jobs.json", keeps=True), timeout=60)).archive(TODAY)


def test_killed_at_every_write_of_the_archive_nothing_is_lost_or_shown_twice(
    tmp_path: Path,
) -> None:
    for steps in range(100):
        folder = tmp_path / str(steps)
        folder.mkdir()
        jobs = open_jobs(FileStore(folder / "jobs.json", keeps=True), timeout=60)
        put(jobs, still_open("open"), done("may"), done("today", 0), done("april", 30))
        expected = everything(jobs)
        process = FORK.Process(target=archive, args=(folder, steps))
        process.start()
        process.join()
        assert everything(jobs) == expected
        if process.exitcode == 0:
            break
        Archiver(jobs).archive(TODAY)
        assert everything(jobs) == expected
        assert [job.id for job in jobs.refreshed().jobs] == ["open", "today"]
    assert steps >= 12


def place(folder: Path) -> Place:
    shelf = FileStore(folder / "jobs.json")
    return Place(f"file:{folder}", JobDocument(shelf), DocumentMonths(shelf, BUSINESS.zone))


def move(old: Path, new: Path, said: Any) -> None:
    for line in Move(place(old), place(new), lambda: NOON).forward():
        said.send(line)
    said.send("done")


def test_killed_at_every_line_it_says_all_jobs_arrive(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    jobs = open_jobs(FileStore(old / "jobs.json"), timeout=60)
    put(jobs, still_open("open"), *(done(f"j{day}", 4 + day) for day in YEAR))
    Archiver(jobs).archive(TODAY)
    expected, last = everything(jobs).keys(), ""
    for lines in range(1, 100):
        with suppress(LedgerMoved):
            put(jobs, still_open(f"late{lines}"))
            expected = {*expected, f"late{lines}"}
        said, to_say = FORK.Pipe(duplex=False)
        process = FORK.Process(target=move, args=(old, new, to_say))
        process.start()
        to_say.close()  # so that its end is heard
        for _ in range(lines):
            if (last := said.recv()) == "done":
                break
        process.kill()
        process.join()
        assert everything(jobs).keys() == expected
        if last == "done":
            break
    assert lines > 10
    moved = open_jobs(FileStore(new / "jobs.json"), timeout=60)
    assert everything(moved).keys() == expected
    put(moved, still_open("after"))
