"""How long a browser stands still while it takes in one change among thousands of cards.

A page that works lets a message through each millisecond: the longest wait between two is what a
hand at it would notice.
"""

import shutil
import statistics
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from bench import Row
from dispatch.domain.job import Job, Window
from dispatch.domain.status import Status
from tests.browser.site import Site, now, sign_in_as
from tests.making import BUSINESS
from tests.serving import another_caller, serving

CARDS, TIMES = 2_000, 7
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
OPEN = [status for status in Status if status.is_open]
STANDSTILL = """async () => {
    const { refresh } = await import(document.querySelector("script[src*='dispatch/board']").src);
    const { port1, port2 } = new MessageChannel(), board = document.getElementById("board");
    let longest = 0, last = performance.now(), isOver = false, merged = false;
    board.addEventListener("merged", () => { merged = true; }, { once: true });
    port1.onmessage = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (!isOver) port2.postMessage(null);
    };
    port2.postMessage(null);
    await refresh();
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)));
    isOver = true;
    return merged ? longest : -1;
}"""


def rows() -> Iterator[Row]:
    if CHROMIUM is None:
        print("There is no chromium here: what a browser takes is not measured.", file=sys.stderr)
        return
    with TemporaryDirectory() as folder, serving(Path(folder)) as url, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        site, page = Site(url, Path(folder)), browser.new_page(extra_http_headers=another_caller())
        jobs = filled(site)
        page.goto(f"{url}/dashboard/")
        sign_in_as(page, "dana")
        page.wait_for_selector(f"#job-{jobs[-1].id}", state="attached")
        name = f"a browser with {CARDS:,} cards stands still for one"
        yield Row(f"{name} changed", changed(page, site, jobs), "ms", at_most=50)
        yield Row(f"{name} moved to the next column", moved(page, site, jobs), "ms")
        browser.close()


def filled(site: Site) -> list[Job]:
    """So many cards, in all columns, over the days to come."""
    today, made = BUSINESS.today(now()), list[Job]()
    for number in range(20):
        window = Window(today + timedelta(1 + number), "morning", "08:00", "12:00")
        status = OPEN[number % len(OPEN)]
        made += site.many_jobs(CARDS // 20, status=status, window=window)
    return made


def changed(page: Page, site: Site, jobs: list[Job]) -> float:
    times = []
    for number in range(TIMES):
        job = jobs[number * CARDS // TIMES]
        jobs[number * CARDS // TIMES] = site.change(job, location=f"{number} Elsewhere")
        times.append(standstill(page))
    return statistics.median(times)


def moved(page: Page, site: Site, jobs: list[Job]) -> float:
    """The first card of all columns, so that every one below it moves up."""
    times = []
    for number in range(TIMES):
        job = jobs[number]
        to = Status.READY_FOR_PICKUP if job.status is not Status.READY_FOR_PICKUP else Status.BOOKED
        jobs[number] = site.change(job, status=to)
        times.append(standstill(page))
    return statistics.median(times)


def standstill(page: Page) -> float:
    """Milliseconds, at most, in one refresh that brings something."""
    took = float(page.evaluate(STANDSTILL))
    assert took >= 0, "nothing had changed"
    return took
