"""A dispatcher's day of forty jobs, by keyboard alone and without a reload; with and without
JavaScript.
"""

import csv
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from dispatch.domain.job import Crew
from dispatch.domain.status import Status
from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.making import BUSINESS, NOON
from tests.serving import AT_NOON, serving

pytestmark = pytest.mark.long

WINDOWS = BUSINESS.bookable(NOON)[:4]  # from tomorrow on; this afternoon is under way
TODAY = BUSINESS.agreed_window(BUSINESS.today(NOON), "afternoon")


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("monday")
    with serving(folder, **AT_NOON) as url:
        yield Site(url, folder, now=lambda: NOON)


@pytest.fixture
def dana(request: pytest.FixtureRequest, site: Site, window: Window) -> Page:
    """Joel and Ana have two jobs each this afternoon; 24 others are confirmed, 12 are asked for."""
    number = 0
    for driver in ("joel", "ana"):
        names = [f"Today {driver} {n}" for n in range(2)]
        for name in names:
            site.job(customer_name=name, window=TODAY, crew=Crew(driver=driver))
    for window_ in WINDOWS:
        for place in range(8 if window_ is WINDOWS[0] else 9):
            status = Status.PENDING if place < 3 else Status.BOOKED
            site.job(status, customer_name=f"Mark {number:02}", window=window_)
            number += 1
    month_ago = NOON - timedelta(days=30)
    site.job(Status.COMPLETED, customer_name="José Peña", finished_at=month_ago, window=None)
    return window("dana", java_script_enabled=request.node.callspec.params["site"])


def press(it: Locator, key: str = "Enter") -> None:
    it.focus()
    it.press(key)


def test_forty_jobs_are_confirmed_assigned_covered_printed_found_and_exported(
    dana: Page, site: Site
) -> None:
    confirm_all(dana)
    assign_all(dana)
    joel_is_sick(dana)
    jobs = [job for job in site.all_jobs() if job.status.is_open]
    assert {job.status for job in jobs} == {Status.BOOKED}
    assert all(job.crew.driver for job in jobs)
    assert all(job.crew.driver == "ana" for job in jobs if job.window == TODAY)
    print_tomorrow(dana)
    find_last_months(dana)
    export(dana)


def confirm_all(dana: Page) -> None:
    dana.goto("/dashboard/")
    press(dana.get_by_role("link", name="Requests", exact=True))
    boxes = dana.locator("[form=several][type=checkbox]")
    expect(boxes).to_have_count(12)
    for box in boxes.all():
        press(box, "Space")
    press(dana.get_by_role("button", name="Confirm"))
    expect(dana.get_by_text("9 jobs are done. 3 could not be:")).to_be_visible()
    press(dana.get_by_role("button", name="all the same"))
    expect(dana.get_by_text("None waits to be confirmed.")).to_be_visible()


def assign_all(dana: Page) -> None:
    for window in WINDOWS:
        day = window.date
        for driver in ("joel", "ana"):
            dana.goto(f"/dashboard/schedule/?from={day}")
            unassigned = dana.locator(f'.slot[data-to="{day} {window.name} -"]')
            boxes = unassigned.get_by_role("checkbox")
            for box in boxes.all()[:4]:
                press(box, "Space")
            press(dana.locator(f'.here[value="{day} {window.name} {driver}"]'))
            theirs = dana.locator(f'.slot[data-to="{day} {window.name} {driver}"] .stop')
            expect(theirs).to_have_count(4)
    for number, window in enumerate(WINDOWS[1:]):  # one more than there is room for
        dana.goto(f"/dashboard/schedule/?from={window.date}")
        rest = dana.locator(f'.slot[data-to="{window.date} {window.name} -"]')
        press(rest.get_by_role("checkbox"), "Space")
        driver = ("joel", "ana")[number % 2]
        press(dana.locator(f'.here[value="{window.date} {window.name} {driver}"]'))
        press(dana.get_by_role("button", name="Do it all the same"))
        expect(rest.get_by_role("checkbox")).to_have_count(0)


def joel_is_sick(dana: Page) -> None:
    dana.goto("/dashboard/schedule/")
    press(dana.locator("tr", has_text="Joel").get_by_role("link", name="Days off, sick"))
    press(dana.get_by_role("button", name="Sick today"))
    press(dana.get_by_role("button", name="Give them to these"))
    expect(dana.get_by_text("2 jobs have others now.")).to_be_visible()


def print_tomorrow(dana: Page) -> None:
    heading = dana.locator("thead th", has_text="Sat, May 23")
    press(heading.get_by_role("link", name="Print"))
    expect(dana.get_by_role("heading", name="Joel")).to_be_visible()
    expect(dana.locator(".job")).to_have_count(8 + 9)
    dana.go_back()


def find_last_months(dana: Page) -> None:
    press(dana.get_by_role("link", name="History"))
    dana.get_by_label("Search").focus()
    dana.keyboard.type("jose pena")
    dana.keyboard.press("Enter")
    expect(dana.get_by_role("link", name="José Peña", exact=True)).to_be_visible()


def export(dana: Page) -> None:
    press(dana.get_by_role("link", name="Export"))
    dana.get_by_label("From").fill("2026-04-01")
    dana.get_by_label("To").fill("2026-06-30")
    with dana.expect_download() as download:
        press(dana.get_by_role("button", name="Export"))
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    assert "José Peña" in str(rows)
