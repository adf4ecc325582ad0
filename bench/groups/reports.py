"""Reports over a year of jobs: how long they take, and whom they keep waiting meanwhile."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import Row
from bench.far import GET
from bench.jobs import open_jobs
from bench.load import Sample, Visitor, errors, quantile, run
from bench.polls import Board, TrackingPage
from bench.site import CREW_HOST, Site, request, running
from dispatch import wiring
from tests.making import BUSINESS
from tests.serving import ROOT, manage

OPEN, FINISHED = 100, 10_000  # jobs
LENGTH = 36.0  # seconds
EVERY = 0.1  # seconds between two polls, of each of FEW boards and tracking pages
FEW = 4
APART = 2.0  # seconds between two reports


def rows() -> Iterator[Row]:
    jobs = list(open_jobs(OPEN))
    with running(jobs, latency=GET) as site:
        archived(site)
        cookie = site.signed_in("dana")
        # As many open boards and tracking pages as are asked each tenth of a second.
        boards = [Board(cookie) for _ in range(FEW)]
        others = [Visitor("board polls", FEW * EVERY, b.asks, b.takes) for b in boards]
        pages = [TrackingPage(job.tracking_token) for job in jobs[:FEW]]
        others += [Visitor("tracking pages", FEW * EVERY, p.asks, p.takes) for p in pages]
        everything = [*others, *reports(cookie)]
        run(site.app.port, everything, APART * len(reports(cookie)))
        quiet = run(site.app.port, others, LENGTH)
        busy = run(site.app.port, everything, LENGTH)
    assert not errors(quiet) + errors(busy)
    yield from rows_of(quiet, busy)


def rows_of(quiet: list[Sample], busy: list[Sample]) -> Iterator[Row]:
    """What others took while nobody asked for a report, and while reports were under way."""
    usual = {sample.kind for sample in quiet}
    reports = [sample for sample in busy if sample.kind not in usual]
    for kind in dict.fromkeys(sample.kind for sample in reports):
        seconds = [sample.seconds for sample in reports if sample.kind == kind]
        name = f"{kind} over a year of {FINISHED:,} jobs"
        yield Row(name, median(seconds), "s", at_most=1.5, spread=max(seconds) - min(seconds))
    for kind in sorted(usual):
        before = quantile((each for each in quiet if each.kind == kind), 0.99)
        mine = [each for each in meanwhile(busy, reports) if each.kind == kind]
        then = quantile(mine, 0.99)
        name = f"{kind} meanwhile, p99 of {len(mine)} ({before:.1f} → {then:.1f} ms)"
        yield Row(name, then / before, "×", at_most=3)


def meanwhile(samples: list[Sample], reports: list[Sample]) -> list[Sample]:
    """Those that were due while a report was under way."""
    spans = [(report.due, report.due + report.seconds) for report in reports]
    return [each for each in samples if any(start <= each.due < end for start, end in spans)]


def archived(site: Site) -> None:
    """A year of work, into the store of this site."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "year.json"
        made = [sys.executable, "-m", "bench.year", str(FINISHED)]
        file.write_bytes(subprocess.check_output(made, cwd=ROOT))
        manage(site.environment, "jobs", "import", str(file))
    manage(site.environment, "jobs", "archive")
    site.app.close()  # connections that have been idle for so long are ended


def reports(cookie: str) -> list[Visitor]:
    """One after the other, each of the whole year until today."""
    today = BUSINESS.today(wiring.now())
    year = f"from={today - timedelta(days=364)}&to={today}"
    paths = {
        "numbers": f"/dashboard/numbers/?{year}",
        "export": f"/dashboard/export.csv?what=jobs&{year}",
        "history": f"/dashboard/history/?{year}",
    }
    return [
        Visitor(
            name,
            APART * len(paths),
            lambda path=path: request(path, host=CREW_HOST, Cookie=cookie),
            first=APART * place,
        )
        for place, (name, path) in enumerate(paths.items())
    ]
