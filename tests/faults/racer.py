"""Many processes that change the same jobs, forked from this one; `race.py` starts it.

Each makes its changes as a request would, when all are ready, and says in a line of JSON what went
wrong on the way without anybody noticing.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from multiprocessing import get_context
from random import Random
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

import dispatch.jobs  # noqa: E402
from dispatch import wiring  # noqa: E402
from dispatch.domain.jobbook import JobBook  # noqa: E402
from dispatch.domain.permissions import Actor, Rank  # noqa: E402
from dispatch.domain.status import Status  # noqa: E402
from dispatch.domain.stored.document import StaleWrite, StoreUnavailable  # noqa: E402
from dispatch.stores import dynamodb, s3  # noqa: E402
from dispatch.stores.job_repository import JobRepository  # noqa: E402
from dispatch.stores.repository import LedgerStore  # noqa: E402
from tests.aws import PATIENT  # noqa: E402

DANA = Actor("dana", Rank.DISPATCHER)
ROUND = (Status.BOOKED, Status.READY_FOR_PICKUP, Status.IN_PROGRESS, Status.PENDING)
TIMEOUT = 300  # seconds: whoever gives up must not be one of those who are counted


class LosesAnswers:
    """Writes and then, of a share of the writes, says that it does not know whether it did."""

    def __init__(self, store: LedgerStore[JobBook], share: float, seed: int) -> None:
        self.store, self.share, self.chance = store, share, Random(seed)
        self.load, self.takes, self.begin = store.load, store.takes, store.begin
        self.lost = self.stale = 0

    def commit(self, before: JobBook, after: JobBook) -> JobBook:
        try:
            written = self.store.commit(before, after)
            if self.chance.random() < self.share:
                raise StoreUnavailable("The answer was lost.")
        except StaleWrite:
            self.stale += 1
            raise
        except StoreUnavailable:
            self.lost += 1
            raise
        return written


def race(number: int, changes: int) -> None:
    """Notes on everybody's job, jobs of its own, and moves of one of them, in turns."""
    business, mine = settings.BUSINESSES[0], f"own-{number}"
    moves = 0
    for count in range(changes):
        name = f"{number}-{count}"
        if count % 3 == 0:
            dispatch.jobs.note(business, f"shared-{Random(name).randrange(4)}", name, by=DANA)
        elif count % 3 == 1:
            fields = {"customer_name": name, "location": "Soderblom Ave"}
            dispatch.jobs.create(business, fields, status=Status.PENDING, by="dana", key=name)
        else:
            dispatch.jobs.move(business, mine, ROUND[moves % 4], by=DANA, reason=name)
            moves += 1


def run(number: int, start: Any, options: Namespace) -> None:
    slug = settings.BUSINESSES[0].slug
    s3.CLIENT = dynamodb.CLIENT = PATIENT
    as_deployed = wiring._jobs(slug)
    store = LosesAnswers(as_deployed.ledger, options.lose, seed=number)
    settled = {"link_days": 30, "now": wiring.now, "timeout": TIMEOUT}
    jobs = JobRepository(store, as_deployed.months, **settled)
    wiring._jobs = lambda slug: jobs
    start.wait(60)
    race(number, options.changes)
    print(json.dumps({"lost": store.lost, "stale": store.stale}), flush=True)


def main() -> int:
    parser = ArgumentParser()
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--lose", type=float, default=0)
    options = parser.parse_args()
    fork = get_context("fork")
    start = fork.Barrier(options.processes)
    racers = [
        fork.Process(target=run, args=(number, start, options), daemon=True)
        for number in range(options.processes)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return int(any(racer.exitcode for racer in racers))


if __name__ == "__main__":
    sys.exit(main())
