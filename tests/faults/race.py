"""Processes change the same jobs at once, and some answers are lost: no change may be, or be there
twice.

`python -m tests.faults.race --store s3 --processes 8 --changes 50` is the long one.
"""

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from dispatch.domain.jobbook import JobBook
from tests.aws import aws_environment
from tests.faults.storage import STORES, storage
from tests.making import make_job
from tests.serving import ROOT, environment_of

LOSE = 1 / 3


def race(kind: str, folder: Path, *, processes: int = 8, changes: int = 50) -> dict[str, int]:
    """Let them run, look at what they left, and give what they met on the way.

    On S3 the server writes and hangs up before it answers; elsewhere the processes play so.
    """
    with storage(kind, folder, "race", lose=LOSE) as (jobs, url, endpoint):
        names = [f"shared-{n}" for n in range(4)] + [f"own-{n}" for n in range(processes)]
        links = [f"token-of-{name}".ljust(32, "x") for name in names]
        made = [
            make_job(id=name, tracking_token=link) for name, link in zip(names, links, strict=True)
        ]
        jobs.change(lambda book: book.put(*made))
        aws = aws_environment(endpoint) if endpoint else {}
        environment = environment_of(folder, QDN_JOBS_URL=url, **aws)
        told = _run(environment, processes, changes, lose=0 if kind == "s3" else LOSE)
        _check(jobs.refreshed(at_once=True), processes, changes)
    return told


def _run(environment: dict[str, str], processes: int, changes: int, lose: float) -> dict[str, int]:
    sizes = [f"--processes={processes}", f"--changes={changes}", f"--lose={lose}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.racer", *sizes],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        timeout=900,  # a guard against one that hangs
        check=True,
    )
    told: Counter[str] = Counter()
    for line in done.stdout.splitlines():
        told.update(json.loads(line))
    return dict(told)


def _check(book: JobBook, processes: int, changes: int) -> None:
    """Every change is there once, in the order in which its process made it."""
    counts = range(changes)
    expected = {number: [f"{number}-{count}" for count in counts] for number in range(processes)}

    assert book.revision == 1 + processes * changes
    assert not book.problems
    assert len(set(book.recent_writes)) == len(book.recent_writes)

    made = [job.customer_name for job in book.jobs if job.request]
    assert sorted(made) == sorted(name for names in expected.values() for name in names[1::3])
    assert len({job.id for job in book.jobs}) == len({job.tracking_token for job in book.jobs})

    notes = {f"shared-{n}": [note.text for note in book.job(f"shared-{n}").notes] for n in range(4)}
    for shared, texts in notes.items():
        assert book.job(shared).version == 1 + len(texts)
        for names in expected.values():
            ours = [name for name in names[0::3] if f"shared-{Random(name).randrange(4)}" == shared]
            assert [text for text in texts if text in names] == ours
    assert sum(map(len, notes.values())) == sum(len(names[0::3]) for names in expected.values())

    for number, names in expected.items():
        own = book.job(f"own-{number}")
        assert [move.reason for move in own.moves] == names[2::3]
        assert own.version == 1 + len(own.moves)
        assert all(a.to == b.from_ for a, b in zip(own.moves, own.moves[1:], strict=False))


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--store", default="s3", choices=STORES)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--changes", type=int, default=50, help="of each process")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        sizes = {"processes": options.processes, "changes": options.changes}
        told = race(options.store, Path(folder), **sizes)
    print(
        f"{options.store}: {options.processes} × {options.changes} changes, {told['lost']} answers"
        f" lost, {told['stale']} races lost, no change lost, none made twice:"
        f" {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
