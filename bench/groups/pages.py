"""What pages and polls cost, as shares of a bare Django view's rate, and how large they are."""

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, takewhile
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from bench import Row
from bench.jobs import sample_jobs, windows_from
from bench.polls import Board
from bench.site import CREW_HOST, FETCH, JSON_TYPE, Answer, Door, Site, compared, request, running
from dispatch import wiring
from dispatch.domain.job import Crew, Job
from dispatch.domain.status import Status
from tests.making import BUSINESS

FEW, MANY, WEEK, STOPS = 100, 2_000, 200, 10  # open jobs, and of them a driver's of a day
NOT_BEGUN = (Status.PENDING, Status.BOOKED, Status.READY_FOR_PICKUP)
CHANGES = 60
NUMBERS = count()
BOARD, BOARD_PART = "/dashboard/", "/dashboard/board?"


class Asked(NamedTuple):
    name: str
    requests: list[bytes]
    status: int = 200
    at_least: float = 0


def rows() -> Iterator[Row]:
    jobs = jobs_of_week(FEW)
    with running(jobs) as site:
        yield from pages(site, jobs)
        few, size = after_changes(site, jobs)
        yield Row(f"board's poll after one of {FEW} cards changed", few, "×", at_least=0.5)
        yield Row("its size, compressed", size, "bytes", at_most=2_000)
    with running(jobs := jobs_of_week(MANY)) as site:
        many, size = after_changes(site, jobs)
        yield Row(f"the same, of {MANY:,}", many, "×")
        yield Row(f"{FEW} → {MANY:,} open jobs: poll after one change", few / many, "×", at_most=2)
    with running(jobs_of_week(WEEK)) as site:
        dana = {"host": CREW_HOST, "Cookie": site.signed_in("dana")}
        week = f"/dashboard/schedule/?from={monday()}"
        yield from shares(
            site, [Asked(f"schedule, {WEEK} jobs", [request(week, **dana)], 200, 0.1)]
        )
        yield from shares(site, [Asked("schedule, first time", anew(week, **dana))])


def pages(site: Site, jobs: list[Job]) -> Iterator[Row]:
    dana, joel = ({"host": CREW_HOST, "Cookie": site.signed_in(who)} for who in ("dana", "joel"))
    links = [f"/track/{job.tracking_token}" for job in jobs if job.status == "booked"][:20]
    day = f"/dashboard/day/?date={monday()}"
    unchanged = known(site, BOARD_PART, **dana)
    asked = [
        Asked("tracking page", [request(link) for link in links], 200, 0.6),
        Asked("its poll", [known(site, f"{link}/live") for link in links], 304, 1.3),
        Asked(f"board's poll, {FEW} cards", [unchanged], 304, 1),
        Asked("booking", [request("/book/")], 200, 0.4),
        Asked(f"driver's day, {STOPS} stops", [request(day, **joel)], 200, 0.4),
        Asked("tracking page, first time", anew(f"{links[0]}?")),
        Asked("booking, first time", anew("/book/?")),
        Asked("driver's day, first time", anew(day, **joel)),
        Asked("board, whole", [request(BOARD, **dana)]),
    ]
    yield from shares(site, asked)
    yield Row("board's poll, unchanged", site.app.ask(unchanged).size, "bytes", at_most=250)
    whole = site.app.ask(request(BOARD, **dana))
    yield Row(f"board, {FEW} cards, compressed", len(whole.body), "bytes", at_most=8_000)


def shares(site: Site, asked: list[Asked]) -> Iterator[Row]:
    for each in asked:
        for one in each.requests[:20]:
            for _ in range(2):
                answer = site.app.ask(one)
                assert answer.status == each.status, (each.name, answer)
    found = compared(site, {each.name: (each.requests, each.status) for each in asked})
    for each in asked:
        some = found[each.name]
        spread = max(some) - min(some)
        name = f"{each.name}: {each.status}"
        yield Row(name, median(some), "×", at_least=each.at_least, spread=spread)


def after_changes(site: Site, jobs: list[Job]) -> tuple[float, float]:
    """How many polls a bare answer is worth, and how large they are, each the first one after a
    change.
    """
    board, bearer = Board(site.signed_in("dana")), site.bearer("dana")
    times, sizes = list[float](), list[int]()
    board.takes(site.app.ask(board.asks()))
    for number in range(CHANGES):
        body = json.dumps({"access_notes": f"Gate {number}", "truck": f"T{number}"}).encode()
        path = f"/api/jobs/{jobs[number % len(jobs)].id}"
        said = {"Content_Type": JSON_TYPE, "Authorization": bearer}
        done = site.app.ask(request(path, host=CREW_HOST, method="PATCH", body=body, **said))
        assert done.status == 200, done
        bare, _ok = took(site.bare, request("/"))
        seconds, fresh = took(site.app, board.asks())
        assert fresh.status == 200, fresh
        board.takes(fresh)
        times.append(seconds / bare)
        sizes.append(len(fresh.body))
    return 1 / median(times), median(sizes)


def took(door: Door, asked: bytes) -> tuple[float, Answer]:
    """Seconds."""
    began = time.perf_counter()
    answer = door.ask(asked)
    return time.perf_counter() - began, answer


def known(site: Site, path: str, **asked: str) -> bytes:
    """A poll by who has the newest already."""
    answer = site.app.ask(request(path, **asked, **FETCH))
    return request(path, **asked, **FETCH, If_None_Match=answer.headers["etag"])


def anew(path: str, **asked: str) -> list[bytes]:
    """Addresses that nobody has asked before: what is kept does not help."""
    return [request(f"{path}&n={next(NUMBERS)}", **asked) for _ in range(2_000)]


def jobs_of_week(count: int) -> list[Job]:
    """In the week that begins with the next Monday, and not begun, so that the time alone changes
    nothing; the first ones are Joel's stops of that day.
    """
    sunday = monday() + timedelta(days=6)
    windows = [*takewhile(lambda window: window.date <= sunday, windows_from(monday()))]
    jobs = [*sample_jobs(count, windows, NOT_BEGUN)]
    joels = {"window": windows[0], "status": Status.BOOKED, "crew": Crew(driver="joel")}
    return [replace(job, **joels) for job in jobs[:STOPS]] + jobs[STOPS:]


def monday() -> date:
    """The next."""
    today = BUSINESS.today(wiring.now())
    return today + timedelta(days=7 - today.weekday())
