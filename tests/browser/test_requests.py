"""The requests that nobody has looked at, when somebody sends many of them."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from dispatch.domain.status import Status
from tests.browser.conftest import Window
from tests.browser.site import Site, card
from tests.browser.states import many_requests
from tests.making import BUSINESS

pytestmark = pytest.mark.long


@pytest.fixture
def requests(window: Window, site: Site) -> Page:
    many_requests(site)
    dana = window("dana", viewport={"width": 390, "height": 844})
    dana.goto("/dashboard/requests/")
    return dana


def test_discarding_says_how_many(requests: Page) -> None:
    """It is final, so nobody should have to count."""
    sender = requests.locator(".sender").first
    expect(sender.get_by_role("button", name="Discard the 11 ticked")).to_be_visible()
    sender.get_by_role("checkbox").first.uncheck()
    expect(sender.get_by_role("button", name="Discard the 10 ticked")).to_be_visible()


def test_the_list_stands_in_line_on_a_phone(requests: Page) -> None:
    choice = requests.locator(".sender .choice").first
    assert left(choice) == left(requests.locator("h1"))
    assert left(choice.get_by_role("link")) > left(choice.get_by_role("checkbox"))
    assert middle(choice.get_by_role("checkbox")) == pytest.approx(middle(choice.locator("label")))
    assert choice.locator("time").evaluate("time => time.getClientRects().length") == 1


def test_several_are_confirmed_by_keyboard_and_what_could_not_be_stays_ticked(
    window: Window, site: Site
) -> None:
    """Without a reload; the focus is where it is told."""
    # On a day that no other test has filled.
    day = BUSINESS.windows[0].on(BUSINESS.today(site.now()) + timedelta(days=9))
    first, second, third = site.many_jobs(3, status=Status.PENDING, window=day)
    dana = window("dana")
    dana.goto("/dashboard/requests/")
    dana.evaluate("window.isSamePage = true")
    for job in (first, second, third):
        dana.get_by_role("checkbox", name=job.customer_name).focus()
        dana.keyboard.press("Space")
    expect(dana.get_by_text("3 jobs ticked")).to_be_visible()
    site.change(third, customer_name="Ida", status=Status.CANCELLED)
    dana.get_by_role("button", name="Confirm").focus()
    dana.keyboard.press("Enter")
    expect(dana.locator(".said")).to_be_focused()
    expect(dana.locator(".told")).to_contain_text("2 jobs are done. 1 could not be done:")
    expect(dana.locator(".told")).to_contain_text("This job has moved on")
    assert dana.evaluate("window.isSamePage")
    assert [site.stored(job).status for job in (first, second)] == [Status.BOOKED] * 2
    expect(dana.locator(".rows :checked")).to_have_count(0)


def test_the_bar_leaves_half_of_a_small_screen_to_the_requests(window: Window, site: Site) -> None:
    """With text twice as large, and with its fields unfolded."""
    site.job(Status.PENDING)
    dana = window("dana", viewport={"width": 320, "height": 640})
    dana.goto("/dashboard/requests/")
    dana.evaluate("document.documentElement.style.fontSize = '200%'")
    bar = dana.locator("#several")
    for act in ("Assign…", "Move…", "Decline…"):
        bar.get_by_text(act).click()
        assert bar.evaluate("bar => bar.offsetHeight") <= 320


@pytest.mark.parametrize("has_script", [True, False])
def test_enter_in_a_field_is_never_another_button(
    window: Window, site: Site, has_script: bool
) -> None:
    """With a script it is the one beside the field; without, the page asks which was meant."""
    job = site.job(Status.PENDING)
    dana = window("dana", java_script_enabled=has_script)
    dana.goto("/dashboard/requests/")
    dana.get_by_role("checkbox", name=job.customer_name).check()
    dana.get_by_text("Decline…").click()
    dana.get_by_label("Why?").fill("We do not go there")
    dana.keyboard.press("Enter")
    said = "declined" if has_script else "Choose one of the buttons below."
    expect(dana.locator(".told")).to_contain_text(said)
    assert site.stored(job).status is (Status.CANCELLED if has_script else Status.PENDING)
    if not has_script:
        expect(dana.get_by_role("checkbox", name=job.customer_name)).to_be_checked()


@pytest.mark.parametrize("has_script", [True, False])
def test_cards_are_ticked_and_assigned_together(
    window: Window, site: Site, has_script: bool
) -> None:
    """With a script the ticks outlive a refresh, and what was done is told over the board."""
    first, second = site.many_jobs(2)
    dana = window("dana", java_script_enabled=has_script)
    dana.goto("/dashboard/")
    expect(dana.locator("#several")).to_be_hidden()
    for job in (first, second):
        card(dana, job).hover()
        card(dana, job).get_by_role("checkbox").check()
    if has_script:
        first = site.change(first, truck="T-9")
        expect(card(dana, first)).to_have_attribute("data-version", "2")
        expect(card(dana, first).get_by_role("checkbox")).to_be_checked()
        expect(dana.locator("#drawer")).to_be_hidden()
    dana.locator("#several").get_by_text("Assign…").click()
    dana.get_by_label("Driver", exact=True).select_option("joel")
    dana.get_by_role("button", name="Assign", exact=True).click()
    expect(dana.locator(".told")).to_contain_text("2 jobs are done.")
    assert [site.stored(job).crew.driver for job in (first, second)] == ["joel"] * 2


def left(it: Locator) -> float:
    x: float = it.evaluate("it => it.getBoundingClientRect().x")
    return x


def middle(it: Locator) -> float:
    y: float = it.evaluate(
        "it => it.getBoundingClientRect().y + it.getBoundingClientRect().height / 2"
    )
    return y
