"""A busy hour in one process: boards and tracking pages that poll, and jobs that change meanwhile.

Each page polls as its own script does, on a connection of its own. `python -m bench crowd` takes
five minutes; QDN_BENCH_CROWD says for how many seconds else.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from itertools import count, cycle

from msgspec.structs import replace

from bench import Row
from bench.far import GET
from bench.jobs import open_jobs
from bench.load import Sample, Visitor, errors, quantile, run
from bench.polls import Board, TrackingPage
from bench.process import watching
from bench.site import CREW_HOST, JSON_TYPE, Site, request, running
from dispatch.domain.job import Job
from dispatch.domain.permissions import Rank
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from tests.making import make_member
from tests.serving import roster_file

LENGTH = float(os.environ.get("QDN_BENCH_CROWD", 300))  # seconds
BOARDS, BOARD_EVERY = 500, 5.0
PAGES, PAGE_EVERY = 2_000, 10.0
CHANGES = 5  # a second
ARRIVING = 60.0  # seconds in which they all come, once
OPEN = 200  # jobs, each with ten of the tracking pages
DISPATCHERS, CREW = 20, 30  # who share the boards
SETTLED = 0.2  # of the whole time: what is taken then is what it takes at the end, too
AT_MOST = 1.1  # times what it was then
MOVED = {Status.BOOKED: Status.READY_FOR_PICKUP, Status.READY_FOR_PICKUP: Status.BOOKED}


def rows() -> Iterator[Row]:
    jobs = [driven(job, number) for number, job in enumerate(open_jobs(OPEN))]
    with running(jobs, latency=GET, crew=crew()) as site:
        readers, writers = [*boards(site), *pages(jobs)], [*changers(site, jobs)]
        run(site.app.port, come(readers), ARRIVING)
        visitors = [*readers, *writers]
        run(site.app.port, visitors, 2 * PAGE_EVERY)  # until all goes its usual way
        with watching(site.app.pid, every=1.0) as seen:
            samples = run(site.app.port, visitors, LENGTH)
        yield from rows_of(samples, seen)


def come(visitors: list[Visitor]) -> list[Visitor]:
    """Each asks once, one after the other."""
    apart = ARRIVING / len(visitors)
    return [
        replaced(each, every=2 * ARRIVING, first=apart * place)
        for place, each in enumerate(visitors)
    ]


def rows_of(samples: list[Sample], megabytes: list[float]) -> Iterator[Row]:
    """`megabytes` as they were second by second."""
    who = f"{BOARDS} boards, {PAGES:,} tracking pages, {CHANGES} changes a second"
    yield Row(f"{who}: errors among {len(samples):,} requests", errors(samples), "", at_most=0.5)
    yield Row(f"{who}: p99", quantile(samples, 0.99), "ms", at_most=100)
    for kind in dict.fromkeys(sample.kind for sample in samples):
        mine = [sample for sample in samples if sample.kind == kind]
        yield Row(
            f"  of the {kind}: p99 (p50 {quantile(mine, 0.5):.1f} ms)", quantile(mine, 0.99), "ms"
        )
    part = max(1, round(len(megabytes) * SETTLED))
    then, at_end = max(megabytes[:part]), min(megabytes[-part:])
    name = f"{who}: memory at the end ({then:.0f} → {at_end:.0f} MB)"
    yield Row(name, at_end / then, "×", at_most=AT_MOST)


def crew() -> bytes:
    """The roster, in which all have Dana's password."""
    roster = Roster.decode(roster_file())
    dana = roster.member("dana")
    names = {f"dispatcher{number}": Rank.DISPATCHER for number in range(DISPATCHERS)}
    names |= {f"crew{number}": Rank.CREW for number in range(CREW)}
    for name, rank in names.items():
        roles = ("driver",) if rank is Rank.CREW else ()
        roster = roster.put(make_member(name, rank=rank, roles=roles, password=dana.password))
    return roster.encode()


def driven(job: Job, number: int) -> Job:
    """By one of the crew, where it is driven by anybody."""
    if job.crew.driver is None:
        return job
    return replace(job, crew=replace(job.crew, driver=f"crew{number % CREW}"))


def boards(site: Site) -> Iterator[Visitor]:
    names = [f"dispatcher{number}" for number in range(DISPATCHERS)]
    names += [f"crew{number}" for number in range(CREW)]
    cookies = cycle([site.signed_in(name) for name in names])
    for _ in range(BOARDS):
        known = Board(next(cookies))
        yield Visitor("boards", BOARD_EVERY, known.asks, known.takes)


def pages(jobs: list[Job]) -> Iterator[Visitor]:
    of = cycle(jobs)
    for _ in range(PAGES):
        known = TrackingPage(next(of).tracking_token)
        yield Visitor("tracking pages", PAGE_EVERY, known.asks, known.takes)


def changers(site: Site, jobs: list[Job]) -> Iterator[Visitor]:
    """Each has jobs of its own, so that nobody is in anybody's way."""
    bearer = site.bearer("dispatcher0")
    for number in range(CHANGES):
        mine = Changer(bearer, {job.id: job.status for job in jobs[number::CHANGES]})
        yield Visitor("changes", 1.0, mine.asks, lambda answer: None)


@dataclass
class Changer:
    """Moves a job to and fro, gives it another truck, notes something on it, and so on."""

    bearer: str
    status: dict[str, Status]  # by the job's id
    done: Iterator[int] = field(default_factory=count)

    def asks(self) -> bytes:
        number = next(self.done)
        job_id = [*self.status][number % len(self.status)]
        then = MOVED.get(self.status[job_id])
        if number % 3 == 0 and then:
            self.status[job_id] = then
            return self.call("POST", f"{job_id}/status", status=then, reason="not yet")
        if number % 3 == 1:
            return self.call("POST", f"{job_id}/notes", text=f"Seen again, {number}")
        return self.call("PATCH", job_id, truck=f"T{number}")

    def call(self, method: str, path: str, **fields: str) -> bytes:
        return request(
            f"/api/jobs/{path}",
            host=CREW_HOST,
            method=method,
            body=json.dumps(fields).encode(),
            Content_Type=JSON_TYPE,
            Authorization=self.bearer,
        )
