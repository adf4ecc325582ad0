"""What a container takes: to start, to serve, and while six people sign in at once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import Row
from bench.jobs import open_jobs
from bench.process import cpu, memory, watching
from bench.site import CREW_HOST, HOST, Door, Site, request, running, served

OPEN = 100  # jobs
STARTS = 3
AT_ONCE = ("dana", "joel", "ana", "vic", "dana", "joel")
USE = 30  # rounds of what people do all day


def rows() -> Iterator[Row]:
    with running(open_jobs(OPEN)) as site:
        cookie = site.signed_in("dana")
        seconds = [started(site, cookie) for _ in range(STARTS)]
        most = max(seconds) - min(seconds)
        name = "start to first board, master and worker"
        yield Row(name, median(seconds), "s of CPU", at_most=1.5, spread=most)
        use(site, cookie)
        yield Row("memory of a container after use", memory(site.app.pid), "MB", at_most=130)
        with watching(site.app.pid) as seen:
            sign_in_at_once(site)
        name = f"memory at most while {len(AT_ONCE)} people sign in at once"
        yield Row(name, max(seen), "MB", at_most=330)
        yield Row("memory after that", memory(site.app.pid), "MB")


def started(site: Site, cookie: str) -> float:
    """Seconds of CPU from `exec` to the board of who had been signed in before."""
    with (
        TemporaryDirectory() as folder,
        served("qdn_site.wsgi", site.environment, Path(folder) / "log") as door,
    ):
        board = door.ask(request("/dashboard/", host=CREW_HOST, Cookie=cookie))
        assert board.status == 200, board
        return cpu(door.pid)


def use(site: Site, cookie: str) -> None:
    """Every page that people have open all day, and the reports."""
    crew = ("", "board", "day/", "schedule/", "numbers/", "history/", "crew/", "requests/")
    pages = [request(f"/dashboard/{name}", host=CREW_HOST, Cookie=cookie) for name in crew]
    pages += [request("/", host=HOST), request("/book/", host=HOST)]
    for _ in range(USE):
        for page in pages:
            answer = site.app.ask(page)
            assert answer.status < 400, answer


def sign_in_at_once(site: Site) -> None:
    """All of them have answers when this returns."""
    doors = [Door(site.app.port, site.app.pid) for _ in AT_ONCE]
    threads = [
        threading.Thread(target=replace(site, app=door).signed_in, args=(name,))
        for door, name in zip(doors, AT_ONCE, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread, door in zip(threads, doors, strict=True):
        thread.join()
        door.close()
