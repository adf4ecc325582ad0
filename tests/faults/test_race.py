"""Eight processes change the same jobs at once: nothing is lost, nothing is there twice."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from dispatch.domain.document import StoreUnavailable
from dispatch.domain.jobbook import JobBook
from dispatch.stores.archive import JobDocument
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.repository import LedgerStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.aws import aws_environment, patient_dynamodb
from tests.making import make_job
from tests.moto_server import make_bucket, running_moto
from tests.serving import ROOT, environment_of

pytestmark = pytest.mark.long

PROCESSES = 8
CHANGES, CHANGES_ON_MOTO, CHANGES_ON_TABLE = 50, 15, 6  # of each process; moto is slow
LOSE = 1 / 3

Place = tuple[LedgerStore[JobBook], dict[str, str]]


@pytest.fixture
def on_file(tmp_path: Path) -> Place:
    environment = environment_of(tmp_path)
    return JobDocument(FileStore(tmp_path / "data" / "jobs.json")), environment


@pytest.fixture
def on_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An S3 that cuts off a share of the answers to its writes."""
    with running_moto(lose=LOSE, seed=7) as endpoint:
        aws = aws_environment(endpoint)
        for name, value in aws.items():
            monkeypatch.setenv(name, value)
        bucket = make_bucket(endpoint, "race")
        store = JobDocument(S3Store(OneConnectionS3Storage(bucket_name=bucket), "jobs.json"))
        url = f"s3://{bucket}/jobs.json"
        yield store, environment_of(tmp_path, QDN_JOBS_URL=url, **aws)


@pytest.fixture
def on_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with running_moto() as endpoint:
        aws = aws_environment(endpoint)
        for name, value in aws.items():
            monkeypatch.setenv(name, value)
        table = Table("race", patient_dynamodb)
        table.create()
        environment = environment_of(tmp_path, QDN_JOBS_URL="dynamodb://race/here", **aws)
        yield TableLedger(table, kinds.jobs("here")), environment


def test_on_a_file_whose_answers_get_lost_no_change_is_lost_or_made_twice(
    on_file: Place,
) -> None:
    told = race(*on_file, lose=LOSE)
    assert told["stale"] > 0
    assert told["lost"] > PROCESSES * CHANGES / 5


def test_on_s3_whose_connections_break_no_change_is_lost_or_made_twice(
    on_s3: Place,
) -> None:
    """The server writes, and hangs up before it answers."""
    told = race(*on_s3, changes=CHANGES_ON_MOTO)
    assert told["stale"] > 0
    assert told["lost"] > PROCESSES * CHANGES_ON_MOTO / 5


def test_on_a_table_whose_answers_get_lost_no_change_is_lost_or_made_twice(
    on_table: Place,
) -> None:
    told = race(*on_table, lose=LOSE, changes=CHANGES_ON_TABLE)
    assert told["stale"] > 0
    assert told["lost"] > PROCESSES * CHANGES_ON_TABLE / 5


def race(
    store: LedgerStore[JobBook],
    environment: dict[str, str],
    lose: float = 0,
    changes: int = CHANGES,
) -> dict[str, int]:
    """Let them run, look at what they left, and give what they met on the way."""
    names = [f"shared-{n}" for n in range(4)] + [f"own-{n}" for n in range(PROCESSES)]
    jobs = [make_job(id=name, tracking_token=f"token-of-{name}".ljust(32, "x")) for name in names]
    start = JobBook().put(*jobs).written("start", jobs[0].created_at)
    with suppress(StoreUnavailable):  # the answer to this one may get lost too
        store.commit(store.load(), start)
    told = _run(environment, lose, changes)
    _check(store.load(), changes)
    return told


def _run(environment: dict[str, str], lose: float, changes: int) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.faults.racer", f"--changes={changes}", f"--lose={lose}"]
    racers = [
        subprocess.Popen(
            [*command, str(number)],
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    try:
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        told: Counter[str] = Counter()
        for racer in racers:
            said, _ = racer.communicate(timeout=120)
            assert racer.returncode == 0
            told.update(json.loads(said))
        return dict(told)
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()


def _check(book: JobBook, changes: int) -> None:
    """Every change is there once, in the order in which its process made it."""
    counts = range(changes)
    expected = {number: [f"{number}-{count}" for count in counts] for number in range(PROCESSES)}

    assert book.revision == 1 + PROCESSES * changes
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
