"""Readers whose clock is wrong, or goes by another zone."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from dispatch.domain.status import Status
from tests.browser.conftest import Window
from tests.browser.site import Site, card, now

pytestmark = pytest.mark.long
THREE_HOURS_OFF = "const real = Date.now; Date.now = () => real() {} 3 * 3600 * 1000;"


@pytest.mark.parametrize("direction", ["-", "+"])
def test_ages_go_by_the_servers_clock(window: Window, site: Site, direction: str) -> None:
    """And what came long ago is told by its date."""
    late = site.job(Status.PENDING, created_at=now() - timedelta(hours=2))
    old = site.job(Status.PENDING, created_at=now() - timedelta(days=400))
    page = window("dana")
    page.add_init_script(THREE_HOURS_OFF.format(direction))
    page.goto("/dashboard/")
    expect(card(page, late).locator(".age")).to_have_text("2 h ago")
    with page.expect_response("**/dashboard/board?*"):
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(card(page, late).locator(".age")).to_have_text("2 h ago")
    expect(card(page, old).locator(".age")).to_contain_text(f", {old.created_at.year}, ")


def test_a_reader_elsewhere_is_told_whose_times_these_are(window: Window, site: Site) -> None:
    for job, zone, told in (
        (site.job(), "America/New_York", True),
        (site.job(Status.BOOKED), "America/Tijuana", False),
    ):
        page = window(timezone_id=zone)
        for address in ("/book/", f"/track/{job.tracking_token}"):
            page.goto(address)
            note = page.get_by_text("All times here are in Pacific Time.")
            expect(note).to_be_visible(visible=told)
