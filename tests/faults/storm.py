"""A bad night: people change jobs at two servers while storage fails and processes are killed.

`python -m tests.faults.storm --store s3 --seeds 3 --changes 3000 --faults 150` is the long one.
No acknowledged change may be lost or made twice, nobody who has written may be shown less, and the
page after a booking may be late (503) but never missing (404).
"""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError

from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from tests.aws import aws_environment
from tests.faults.cable import Cable, cable_to
from tests.faults.storage import STORES, storage
from tests.faults.visitor import Answer, Visitor, booking
from tests.making import make_job
from tests.serving import (
    SECRET,
    another_caller,
    environment_of,
    gunicorn,
    roomy_businesses,
    roster_file,
    static_root,
)

PEOPLE = 6
PATIENCE = 60  # tries of one change
ROUND = (Status.BOOKED, Status.READY_FOR_PICKUP, Status.IN_PROGRESS, Status.PENDING)
GONE = (OSError, HTTPException, URLError)  # what a killed server or a cut connection looks like


@dataclass
class Night:
    """What was acknowledged, and what was seen that may not be."""

    changes: int
    booked: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    moved: dict[int, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> int:
        return len(self.booked) + len(self.noted) + sum(map(len, self.moved.values()))


class Server:
    """gunicorn behind a door that stays open while its worker is killed."""

    def __init__(self, folder: Path, environment: dict[str, str], cable: Cable | None) -> None:
        self.cable = cable
        self._door = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = "http://{}:{}".format(*self._door.getsockname())
        self._log = (folder / "server.log").open("ab")
        self._process = gunicorn(environment, self._door, stdout=self._log)

    def kill_worker(self) -> None:
        found = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        for pid in found.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self.kill_worker()
        self._door.close()
        self._log.close()


class Person:
    """A dispatcher who moves a job of their own, notes on everybody's, and lets customers book."""

    def __init__(self, number: int, night: Night, servers: list[Server], seed: int) -> None:
        self.number, self.night, self.servers = number, night, servers
        self.chance = random.Random(f"{seed} {number}")
        self.dana = Visitor(servers[0].url, another_caller()).signed_in("dana")
        self.status = Status.PENDING

    def work(self) -> None:
        count = 0
        while self.night.done < self.night.changes:
            count += 1
            # Of 3,000 fewer bookings than may wait at once: those beyond are refused.
            act = self.chance.choice((self._book, self._note, self._move, self._move))
            act(f"{self.number}-{count}")

    def _book(self, name: str) -> None:
        server = self.chance.choice(self.servers)
        customer = Visitor(server.url, another_caller())
        form = self._until(lambda: booking(customer, name))
        answer = form and self._until(lambda: ok(customer.post("/book/", **form)))
        if answer is None:
            return
        with self.night.lock:
            self.night.booked.append(name)
        seen = self._look(customer.elsewhere(self._other(server).url), answer.headers["Location"])
        if seen is not None and seen.status not in (200, 503):
            self.night.wrong.append(f"the page after booking {name}: {seen.status}")

    def _note(self, name: str) -> None:
        job = f"shared-{self.chance.randrange(4)}"
        if self._post(f"/dashboard/jobs/{job}/notes", text=name, key=name):
            with self.night.lock:
                self.night.noted.append(name)

    def _move(self, name: str) -> None:
        to = ROUND[(ROUND.index(self.status) + 1) % 4]
        fields = {"status": to, "reason": name, "key": name}
        if not self._post(f"/dashboard/jobs/own-{self.number}/move", **fields):
            return
        self.status = to
        with self.night.lock:
            self.night.moved.setdefault(self.number, []).append(name)
        elsewhere = self.dana.elsewhere(self.chance.choice(self.servers).url)
        seen = self._look(elsewhere, "/dashboard/board")
        card = seen and re.search(rf'id="job-own-{self.number}"[^>]*data-status="(\w+)"', seen.text)
        if seen is not None and seen.status == 200 and not (card and card[1] == to):
            self.night.wrong.append(f"after {name} to {to}: {card and card[1]}")

    def _post(self, path: str, **fields: str) -> Answer | None:
        def post() -> Answer:
            self.dana = self.dana.elsewhere(self.chance.choice(self.servers).url)
            return ok(self.dana.post(path, **fields))

        return self._until(post)

    def _until(self, act: Callable[[], Any]) -> Any:
        """Until it is acknowledged, as a person whose page says “try again” would."""
        for _ in range(PATIENCE):
            try:
                return act()
            except (TryAgain, AssertionError, *GONE):
                self.night.retries += 1
                time.sleep(self.chance.uniform(0.05, 0.3))
        return None

    def _look(self, who: Visitor, path: str) -> Answer | None:
        try:
            return who.get(path.removeprefix(who.url))
        except GONE:
            return None

    def _other(self, server: Server) -> Server:
        return next(each for each in self.servers if each is not server)


class TryAgain(Exception):
    """The server says 503: it is not known whether it was done, or it was not."""


def ok(answer: Answer) -> Answer:
    if answer.status == 503:
        raise TryAgain
    assert answer.status < 400, f"{answer.status}: {answer.text[:500]}"
    return answer


def spoil(night: Night, servers: list[Server], faults: int, seed: int) -> None:
    """So many faults, evenly over the changes."""
    chance = random.Random(seed)
    kinds = ["kill", "refuse", "hang"] if servers[0].cable else ["kill"]
    for number in range(1, faults + 1):
        while night.done < night.changes * number / (faults + 1):
            time.sleep(0.02)
        server, kind = chance.choice(servers), chance.choice(kinds)
        night.faults[kind] += 1
        if kind == "kill":
            server.kill_worker()
        elif server.cable:
            server.cable.fail("refuses" if kind == "refuse" else "hangs")
            time.sleep(chance.uniform(0.1, 1.5))
            server.cable.mend()


def night(kind: str, folder: Path, *, changes: int, faults: int, seed: int) -> Night:
    """One of them. Raises AssertionError with all that was wrong."""
    told = Night(changes)
    with ExitStack() as stack:
        stored, where, endpoint = stack.enter_context(storage(kind, folder, f"storm-{seed}"))
        names = [f"shared-{n}" for n in range(4)] + [f"own-{n}" for n in range(PEOPLE)]
        jobs = [make_job(id=name, tracking_token=name.ljust(32, "x")) for name in names]
        stored.change(lambda book: book.put(*jobs))
        servers = [stack.enter_context(_server(folder / str(n), where, endpoint)) for n in range(2)]
        people = [Person(number, told, servers, seed) for number in range(PEOPLE)]
        threads = [threading.Thread(target=person.work) for person in people]
        for thread in threads:
            thread.start()
        spoil(told, servers, faults, seed)
        for thread in threads:
            thread.join()
        _check(stored.refreshed(), told)
    return told


@contextmanager
def _server(folder: Path, where: str, endpoint: str) -> Iterator[Server]:
    folder.mkdir()
    with ExitStack() as stack:
        cable = stack.enter_context(cable_to(endpoint)) if endpoint else None
        aws = aws_environment(cable.url) if cable else {}
        settings = {
            "QDN_STATIC_ROOT": str(static_root()),
            "QDN_ORIGIN_SECRET": SECRET,
            "QDN_BUSINESSES": roomy_businesses(),
        }
        environment = environment_of(folder, QDN_JOBS_URL=where, **settings, **aws)
        (folder / "data" / "crew.json").write_bytes(roster_file())
        server = Server(folder, environment, cable)
        stack.callback(server.close)
        yield server


def _check(book: JobBook, told: Night) -> None:
    """Each acknowledged change is there once."""
    wrong = list(told.wrong)
    booked = Counter(job.customer_name for job in book.jobs if job.request)
    notes = Counter(note.text for job in book.jobs for note in job.notes)
    wrong += [f"booked {name}: {booked[name]} times" for name in told.booked if booked[name] != 1]
    wrong += [f"noted {name}: {notes[name]} times" for name in told.noted if notes[name] != 1]
    wrong += [f"{name}: {n} times" for name, n in (booked + notes).items() if n > 1]
    for number, names in told.moved.items():
        reasons = [move.reason for move in book.job(f"own-{number}").moves]
        known = [reason for reason in reasons if reason in names]
        if known != names:
            wrong.append(f"own-{number}: {len(known)} of {len(names)} moves, or in another order")
    assert not book.problems
    assert not wrong, "\n".join(wrong)


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--store", default="s3", choices=STORES)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--changes", type=int, default=3_000)
    parser.add_argument("--faults", type=int, default=150)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    for seed in range(1, options.seeds + 1):
        began = time.monotonic()
        with TemporaryDirectory() as folder:
            told = night(
                options.store,
                Path(folder),
                changes=options.changes,
                faults=options.faults,
                seed=seed,
            )
        print(
            f"{options.store}, seed {seed}: {told.done} changes acknowledged over"
            f" {sum(told.faults.values())} faults ({dict(told.faults)}), {told.retries} tries"
            " again, none lost, none doubled, nobody shown less:"
            f" {time.monotonic() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
