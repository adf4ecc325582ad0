"""What years of finished jobs cost those who work on the open ones: next to nothing.

`python -m bench.growth fill|measure FINISHED FOLDER` is one process of it.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.conf import settings
from django.test import Client
from msgspec.structs import replace

from bench import Row
from dispatch import wiring
from dispatch.domain.moves import move
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from tests.making import BUSINESS, DANA, make_job, make_member

OPEN, FINISHED = 50, 100_000
ROUNDS, TIMES = 3, 15  # processes for each size, and how often each of them does it
UNITS = {"page": "ms", "poll": "ms", "quiet poll": "ms", "poll's size": "KB", "change": "ms"}
UNITS |= {"bytes written": "KB", "memory": "MB"}


def rows() -> Iterator[Row]:
    """Both sizes by turns, and of each the best round: what else runs here slows down either."""
    sizes, best = (0, FINISHED), dict[int, dict[str, float]]()
    with TemporaryDirectory() as folder:
        for finished in sizes:
            run("fill", finished, folder)
        for finished in sizes * ROUNDS:
            told = json.loads(run("measure", finished, folder))
            known = best.get(finished, told)
            best[finished] = {name: min(told[name], known[name]) for name in UNITS}
    for name, unit in UNITS.items():
        few, many = (best[finished][name] for finished in sizes)
        what = f"{OPEN} open jobs, 0 → {FINISHED:,} finished: {name}"
        yield Row(f"{what} ({few:.1f} → {many:.1f} {unit})", many / few, "×", at_most=1.1)


def run(do: str, finished: int, folder: str) -> str:
    command = [sys.executable, "-m", "bench.growth", do, str(finished), f"{folder}/{finished}"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def with_finished(count: int) -> None:
    """Fill the business's store: OPEN open jobs, and so many finished in the ten years before."""
    now, jobs = wiring.now(), []
    for number in range(OPEN + count):
        named = {"id": f"job{number:06}", "tracking_token": f"{number:032}"}
        job = make_job(**named, status=Status.BOOKED, created_at=now, updated_at=now)
        if number >= OPEN:
            at = now - timedelta(days=4 + number % 3_650)
            job = move(job, Status.COMPLETED, by=DANA, at=at, business=BUSINESS, reason="")
        jobs.append(job)
    repository = wiring.jobs(BUSINESS)
    repository.change(lambda book: book.put(*jobs))
    Archiver(repository).archive(BUSINESS.today(now))


def measure(folder: Path) -> dict[str, float]:
    from dispatch.models import CrewUser  # which Django must be set up for

    dana = make_member("dana", rank=Rank.DISPATCHER, roles=())
    wiring.roster(BUSINESS).change(lambda roster: roster.put(dana))
    client, trucks = Client(), iter(range(1_000))
    client.force_login(CrewUser.of(dana, BUSINESS.slug))

    def get(path: str, status: int = 200, **headers: str) -> Any:
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, answer
        return answer

    def change() -> None:
        job_id, truck, at = "job000007", f"T{next(trucks)}", wiring.now()
        wiring.jobs(BUSINESS).change(
            lambda book: book.changed(replace(book.job(job_id), truck=truck), at)
        )

    poll = "/dashboard/board"
    known = {"If-None-Match": get(poll).headers["ETag"]}
    told = {
        "page": least(lambda: get("/dashboard/")),
        "poll": least(lambda: get(poll)),
        "quiet poll": least(lambda: get(poll, 304, **known)),
        "poll's size": len(get(poll).content) / 1024,
        "change": least(change),
    }
    before = written_at(folder)
    change()
    new = written_at(folder).items() - before.items()
    told["bytes written"] = sum(path.stat().st_size for path, _ in new) / 1024
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told


def least(do: Callable[[], object]) -> float:
    """Milliseconds of this process's own work, in the best of several tries."""
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        do()
        spent.append(time.process_time() - began)
    return min(spent) * 1_000


def written_at(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def main(do: str, finished: int, folder: Path) -> None:
    django.setup()
    settings.JOBS_URL = settings.CREW_URL = f"file:{folder}"
    if do == "fill":
        with_finished(finished)
    else:
        print(json.dumps(measure(folder)))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
