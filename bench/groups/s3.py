"""Boards polled while their jobs are in S3: what S3 is asked, and that no poll waits for it."""

import time
from collections.abc import Iterator
from statistics import median

from bench import Row
from bench.far import GET
from bench.jobs import open_jobs
from bench.load import Sample, Visitor, errors, quantile, run
from bench.polls import Board
from bench.site import Site, running

OPEN = 100  # jobs
POLLS = 40  # a second
EVERY = 5.0  # seconds between two of one board
LENGTH = 26.0  # seconds: a thousand polls, and some
SLOW_GET = 0.3  # seconds: a poll that waited for S3 would be seen
ROUNDS = 3


def rows() -> Iterator[Row]:
    with running(open_jobs(OPEN), latency=GET) as site:
        boards = opened(site)
        rounds = [measured(site, boards) for _ in range(ROUNDS)]
    gets, shares = [each[0] for each in rounds], [each[1] for each in rounds]
    name = f"{POLLS} board polls a second: GETs at S3, of all keys, per 1,000 polls"
    yield Row(name, median(gets), "", at_most=25, spread=max(gets) - min(gets))
    name = f"{POLLS} board polls a second: p99 of p50"
    yield Row(name, median(shares), "×", at_most=4, spread=max(shares) - min(shares))
    with running(open_jobs(OPEN), latency=SLOW_GET) as site:
        samples = polled(site, opened(site), LENGTH)
    name = f"the slowest of {len(samples):,} polls where a GET takes {1000 * SLOW_GET:.0f} ms"
    yield Row(name, quantile(samples, 1), "ms", at_most=1000 * SLOW_GET / 2)


def opened(site: Site) -> list[Visitor]:
    """Boards that have been polled already, so that their polls find nothing new."""
    cookies = [site.signed_in(name) for name in ("dana", "joel", "ana")]
    boards = [Board(cookies[number % len(cookies)]) for number in range(round(POLLS * EVERY))]
    visitors = [Visitor("board", EVERY, board.asks, board.takes) for board in boards]
    polled(site, visitors, EVERY)
    return visitors


def measured(site: Site, boards: list[Visitor]) -> tuple[float, float]:
    """GETs per 1,000 polls, and p99 as a share of p50."""
    began = time.monotonic()
    samples = polled(site, boards, LENGTH)
    asked = site.storage.calls(began, began + LENGTH)
    gets = sum(call.method == "GET" for call in asked)
    return 1000 * gets / len(samples), quantile(samples, 0.99) / quantile(samples, 0.5)


def polled(site: Site, boards: list[Visitor], length: float) -> list[Sample]:
    samples = run(site.app.port, boards, length)
    assert not errors(samples), "a poll was refused"
    return samples
