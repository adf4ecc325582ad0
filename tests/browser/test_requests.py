"""The requests that nobody has looked at, when somebody sends many of them."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.states import many_requests

pytestmark = pytest.mark.long


@pytest.fixture
def requests(window: Window, site: Site) -> Page:
    many_requests(site)
    dana = window("dana", viewport={"width": 390, "height": 844})
    dana.goto(f"/dashboard/requests/?r={site.revision}")
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


def left(it: Locator) -> float:
    x: float = it.evaluate("it => it.getBoundingClientRect().x")
    return x


def middle(it: Locator) -> float:
    y: float = it.evaluate(
        "it => it.getBoundingClientRect().y + it.getBoundingClientRect().height / 2"
    )
    return y
