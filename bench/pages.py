"""What pages and polls cost, as shares of a bare Django view's rate, and how large they are."""

import os
from collections.abc import Iterator
from statistics import median

import django
from msgspec.structs import replace

from bench import Row
from bench.site import CREW_HOST, HOST, Site, compared, request, running
from dispatch.domain.job import Job
from tests.making import BUSINESS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
FEW, MANY, WEEK = 100, 2_000, 200  # open jobs
STOPS = 10
FETCH = {"X_Requested_With": "fetch"}  # as a page's script asks


def open_jobs(count: int) -> Iterator[Job]:
    """In the windows to come, so that the time alone changes nothing."""
    from dispatch import sample, wiring

    at = wiring.now()
    rows = [row for row in sample.JOBS if row.status not in ("completed", "cancelled")]
    for number in range(count):
        row = rows[number % len(rows)]._replace(window=4 + number % 40)
        job = sample.made_job(BUSINESS, row._replace(name=f"{row.name} {number}"), at)
        history = tuple(replace(event, at=at) for event in job.history)
        yield replace(job, created_at=at, history=history)


def rows() -> Iterator[Row]:
    django.setup()
    jobs = list(open_jobs(FEW))
    with running(jobs) as site:
        link = f"/track/{next(job for job in jobs if job.status == 'booked').tracking_token}"
        dana, joel = (
            {"host": CREW_HOST, "Cookie": site.signed_in(each)} for each in ("dana", "joel")
        )
        day = "/dashboard/day/"
        asked = {
            "tracking page": (request(link), 200),
            "its poll, unchanged": (known(site, f"{link}/live", host=HOST), 304),
            "board's poll, unchanged": (known(site, "/dashboard/board?", **dana), 304),
            "booking": (request("/book/"), 200),
            "day": (request(day, **joel), 200),
            "schedule": (request("/dashboard/schedule/", **dana), 200),
            "board's part": (request("/dashboard/board", **dana, **FETCH), 200),
            "board": (request("/dashboard/", **dana), 200),
        }
        for name, (each, _status) in asked.items():
            for _ in range(3):
                answer = site.app.ask(each)
            print(name, answer.status, len(answer.body), answer.size, flush=True)
        shares = compared(site, {name: ([each], status) for name, (each, status) in asked.items()})
    for name, each in shares.items():
        print(f"{name:30} {median(each):.3f} {min(each):.3f}–{max(each):.3f}", flush=True)
    yield from ()


def known(site: Site, path: str, **asked: str) -> bytes:
    """A poll that has the newest already."""
    answer = site.app.ask(request(path, **asked, **FETCH))
    return request(path, **asked, **FETCH, If_None_Match=answer.headers["etag"])


if __name__ == "__main__":
    for row in rows():
        print(row)
