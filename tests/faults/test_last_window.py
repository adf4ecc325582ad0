"""Sixty-four customers of four processes want the last place in a window, all at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.job import CUSTOMER, Window
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.status import Status
from tests.faults.storage import opening
from tests.faults.test_last_place import FORK, at_once
from tests.making import BUSINESS, NOON, make_job, make_member

pytestmark = pytest.mark.long

ROUNDS = 20
PROCESSES, CUSTOMERS = 4, 16  # of each process so many at once


@pytest.mark.parametrize("kind", ["file", "s3", "table"])
def test_of_64_customers_one_has_the_last_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """In twenty windows, one after the other."""
    windows, drivers = BUSINESS.bookable(NOON)[:ROUNDS], (make_member("joel"), make_member("ana"))
    roster = wiring.roster(BUSINESS).change(lambda roster: roster.put(*drivers))
    places = schedule.places(windows[0], roster, BUSINESS)
    taken = [
        make_job(id=f"{n}-{place}", tracking_token="", status=Status.BOOKED, window=window)
        for n, window in enumerate(windows)
        for place in range(places - 1)
    ]
    with opening(kind, tmp_path, "last-window") as (open_again, _url, _endpoint):
        jobs = open_again()
        jobs.change(lambda book: book.put(*taken))
        start = FORK.Barrier(PROCESSES * CUSTOMERS)

        def want(window: Window, name: str) -> str:
            fields = {"customer_name": name, "location": "1 Elm St", "window": window}
            sent = {"by": CUSTOMER, "key": name, "source": name}
            start.wait(60)
            try:
                dispatch.jobs.create(BUSINESS, fields, status=Status.PENDING, **sent)
            except WindowFull:
                return "full"
            return "given"

        def customers(process: int) -> Counter[str]:
            jobs = open_again()
            monkeypatch.setattr(wiring, "_jobs", lambda slug: jobs)
            with ThreadPoolExecutor(CUSTOMERS) as pool:
                return Counter(
                    chain.from_iterable(
                        pool.map(want, [window] * CUSTOMERS, names(process, window))
                        for window in windows
                    )
                )

        said = sum(at_once(customers, PROCESSES), Counter[str]())
        count = schedule.taken(jobs.refreshed(at_once=True), BUSINESS, NOON)
    assert said == {"given": ROUNDS, "full": ROUNDS * (PROCESSES * CUSTOMERS - 1)}
    assert {count[window.date, window.name] for window in windows} == {places}


def names(process: int, window: Window) -> list[str]:
    return [f"{window.date} {window.name} {process} {n}" for n in range(CUSTOMERS)]
