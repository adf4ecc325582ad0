"""A process that moves all jobs is killed again and again, while others write and read."""

from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.document import LedgerMoved
from dispatch.stores.archive import DocumentMonths, JobDocument
from dispatch.stores.file import FileStore
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from tests.making import BUSINESS, NOON
from tests.opening import open_jobs
from tests.stores.test_archive import TODAY, done, everything, put, still_open

pytestmark = pytest.mark.long

FORK = get_context("fork")
YEAR = range(0, 360, 20)  # days ago


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
    jobs.archive(TODAY)
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
