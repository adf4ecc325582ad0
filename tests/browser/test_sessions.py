"""What is seen ends with the session, and what is typed does not."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dispatch.domain.status import Status
from tests.browser.conftest import QUIETLY, Window, later
from tests.browser.site import Site, card, open_drawer, sign_in_as
from tests.serving import another_caller

pytestmark = pytest.mark.long
BY_DEFAULT = ["--disable-back-forward-cache"]  # of playwright; people's browsers keep pages


@pytest.fixture
def keeping(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser that keeps pages for Back, as people's do; the shell cannot."""
    chromium = shutil.which("chromium")
    if chromium is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("There is no whole chromium here.")
    args = [*QUIETLY, "--enable-features=BackForwardCache"]
    whole = browser.browser_type.launch(
        executable_path=chromium, args=args, ignore_default_args=BY_DEFAULT
    )
    context = whole.new_context(base_url=site.url, extra_http_headers=another_caller())
    yield context
    whole.close()


def back(page: Page) -> None:
    page.go_back(wait_until="commit")  # a kept page is not loaded


def test_after_signing_out_back_shows_no_page_of_the_crew(
    keeping: BrowserContext, site: Site
) -> None:
    """Nor where it was done in another tab; a customer's pages are kept, so this browser can."""
    job = site.job(location="9230 Soderblom Ave")
    tab, other = keeping.new_page(), keeping.new_page()
    tab.add_init_script("addEventListener('pageshow', (e) => { window.kept = e.persisted })")
    tab.goto("/book/")
    tab.goto("/")
    back(tab)
    tab.wait_for_function("window.kept")
    tab.goto("/dashboard/")
    sign_in_as(tab, "dana")
    expect(tab.locator(".board")).to_be_visible()
    for address in (f"/dashboard/jobs/{job.id}", "/dashboard/crew/joel/", "/dashboard/jobs/new"):
        tab.goto(address)
    tab.get_by_label("Address").fill("6021 Waverly Ave")
    tab.goto(f"/dashboard/jobs/{job.id}")
    back(tab)
    expect(tab.get_by_label("Address")).to_have_value("6021 Waverly Ave")

    other.goto("/dashboard/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    for page in (tab, tab, other):
        back(page)
        expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()
        assert "Soderblom" not in page.content()
        assert "555-0102" not in page.content()


def sign_in_again(page: Page, who: str = "dana") -> None:
    """In another tab of the same browser."""
    other = page.context.new_page()
    other.goto("/dashboard/")
    other.get_by_role("button", name="Sign out").click()
    sign_in_as(other, who)
    expect(other.locator(".board")).to_be_visible()
    other.close()


@pytest.fixture
def dana(window: Window, site: Site) -> Page:
    """With a session of her own, which no other test needs; no poll comes in between."""
    page = window(still=True, extra_http_headers=another_caller())
    page.goto("/dashboard/")
    sign_in_as(page, "dana")
    expect(page.locator(".board")).to_be_visible()
    return page


def test_signed_in_again_in_another_tab_drawer_board_and_month_work_on(
    dana: Page, site: Site
) -> None:
    job = site.job()
    dana.goto("/dashboard/")
    drawer = open_drawer(dana, job)
    drawer.get_by_label("Note for the crew").fill("Bring gloves")
    sign_in_again(dana)
    drawer.get_by_role("button", name="Add note").click()
    expect(drawer.locator(".notes")).to_contain_text("Bring gloves")
    dana.keyboard.press("Escape")
    sign_in_again(dana)
    card(dana, job).get_by_role("button", name="Ready for Pickup").click()
    expect(card(dana, job, Status.READY_FOR_PICKUP)).to_be_visible()
    dana.goto("/dashboard/crew/")
    sign_in_again(dana)
    days = dana.locator(".days tr", has_text="Joel").get_by_role("button")
    days.last.click()
    expect(days.last).to_have_attribute("value", "back")
    days.last.click()
    expect(days.last).to_have_attribute("value", "away")


def test_signed_out_in_another_tab_the_reason_of_a_move_waits_for_its_writer(
    dana: Page, site: Site
) -> None:
    job = site.job()
    dana.goto("/dashboard/")
    card(dana, job).press("Shift+ArrowLeft")
    dana.get_by_label("Reason").fill("Confirmed too early")
    dana.context.clear_cookies()
    dana.get_by_role("button", name="Move it").click()
    expect(dana.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    sign_in_as(dana, "dana")
    expect(dana.locator("#said")).to_contain_text("What you typed is still there.")
    card(dana, job).press("Shift+ArrowLeft")
    expect(dana.get_by_label("Reason")).to_have_value("Confirmed too early")
    dana.get_by_role("button", name="Move it").click()
    expect(card(dana, job, Status.PENDING)).to_be_visible()


def test_without_scripts_a_new_job_comes_back_after_signing_in(window: Window, site: Site) -> None:
    plain = window(java_script_enabled=False, extra_http_headers=another_caller())
    plain.goto("/dashboard/jobs/new")
    sign_in_as(plain, "dana")
    plain.get_by_label("Name").fill("Grace Kim")
    plain.get_by_label("Address").fill("6021 Waverly Ave")
    sign_in_again_without_scripts(plain)
    plain.get_by_role("button", name="Put it on the board").click()
    expect(plain.get_by_role("heading", name="Not sent yet")).to_be_visible()
    plain.get_by_role("button", name="Send it").click()
    expect(plain.get_by_role("heading", name="Grace Kim")).to_be_visible()


def sign_in_again_without_scripts(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/dashboard/account/")
    other.get_by_role("button", name="Sign out", exact=True).click()
    sign_in_as(other, "dana")
    other.close()


def test_the_board_of_one_is_not_filled_with_the_cards_of_another(dana: Page, site: Site) -> None:
    dana.goto("/dashboard/")
    sign_in_again(dana, "vic")
    later(dana)
    expect(dana.get_by_role("link", name="Vic Tran")).to_be_visible()
