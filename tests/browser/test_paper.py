"""What only a browser shows of paper: a driver's pages are their own, a file needs no network."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dispatch.domain.job import Crew
from tests.browser.conftest import Window
from tests.browser.site import Site

pytestmark = pytest.mark.long


def test_a_day_is_printed_by_driver_and_kept_as_a_file(
    window: Window, site: Site, browser: Browser, tmp_path: Path
) -> None:
    for driver in ("joel", "ana"):
        job = site.many_jobs(5, crew=Crew(driver=driver), access_notes="Gate code 4411")[0]
    assert job.window
    dana = window("dana")
    dana.goto(f"/dashboard/day/sheet?date={job.window.date}")
    expect(dana.locator("article")).to_have_count(10)
    expect(dana.get_by_role("button", name="Print")).to_be_visible()
    for paper in ("A4", "Letter"):
        printed = dana.pdf(format=paper)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 4, "two pages a driver"
    with dana.expect_download() as download:
        dana.get_by_role("link", name="Save as a file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    phone = browser.new_context(offline=True, java_script_enabled=False).new_page()
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(file.as_uri())
    expect(phone.get_by_text("Gate code 4411")).to_have_count(10)
    expect(phone.locator(".when").first).to_have_css("font-weight", "700")
    assert asked == [file.as_uri()]
    phone.context.close()
