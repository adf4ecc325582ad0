"""Where the driver is: told to one customer, from a tick until the start, and never else."""

import re

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from dispatch.domain.job import Job
from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.test_day import an_empty_day as an_empty_day
from tests.browser.test_day import button, day, large, stops
from tests.browser.test_phone import PHONE

pytestmark = pytest.mark.long
MAY = {**PHONE, "permissions": ["geolocation"]}
MAY |= {"geolocation": {"latitude": 32.7157, "longitude": -117.1611}}
COUNT_QUESTIONS = """
window.asked = 0;
const watch = Geolocation.prototype.watchPosition;
Geolocation.prototype.watchPosition = function (...how) {
  window.asked += 1;
  return watch.apply(this, how);
};
"""


@pytest.fixture
def job(site: Site) -> Job:
    return stops(site, "Lucia")[0]


def is_kept(answer: Response) -> bool:
    return answer.url.endswith("/position") and bool(answer.json()["kept"])


def box(joel: Page) -> Locator:
    return large(joel).locator(".bar").get_by_label("Show them where I am")


def share(joel: Page) -> None:
    """Ticked, and on the way; until the server keeps where he is."""
    box(joel).check()
    with joel.expect_response(is_kept):
        button(joel, "30 min").tap()


def map_of(page: Page) -> Locator:
    return page.get_by_role("link", name="See where they are on a map")


def test_the_customer_sees_where_they_are_from_the_tick_until_the_start(
    window: Window, site: Site, job: Job
) -> None:
    joel, lucia = day(window, site, **MAY), window(**PHONE)
    note = joel.get_by_text("The customer sees where you are until you start")
    expect(note).to_be_hidden()
    share(joel)
    expect(note).to_be_visible()
    lucia.goto(f"/track/{job.tracking_token}")
    expect(map_of(lucia)).to_have_attribute("href", re.compile("32.7157.*-117.1611"))
    expect(lucia.locator(".seen")).to_contain_text("just now")

    joel.reload()  # as phones do behind their maps
    expect(note).to_be_visible()
    expect(box(joel)).not_to_be_checked()
    button(joel, "Start").tap()
    expect(note).to_be_hidden()
    expect(large(joel).locator(".said")).to_contain_text("Started")
    lucia.reload()
    expect(lucia.get_by_role("heading", level=1)).to_contain_text("We are at work")
    expect(map_of(lucia)).to_have_count(0)


def test_nobody_is_asked_who_has_not_ticked_it(window: Window, site: Site, job: Job) -> None:
    joel = window("joel", **MAY)
    joel.add_init_script(COUNT_QUESTIONS)
    for page in ("/dashboard/", f"/dashboard/jobs/{job.id}", "/dashboard/day/"):
        joel.goto(page)
        assert joel.evaluate("window.asked") == 0
    button(joel, "30 min").tap()
    expect(large(joel).locator(".said")).to_contain_text("On the way since")
    assert joel.evaluate("window.asked") == 0
    lucia = window(**PHONE)
    lucia.goto(f"/track/{job.tracking_token}")
    expect(lucia.get_by_role("heading", name="Joel is on the way")).to_be_visible()
    expect(map_of(lucia)).to_have_count(0)
    share(joel)
    assert joel.evaluate("window.asked") == 1


def test_it_is_stopped_at_a_word(window: Window, site: Site, job: Job) -> None:
    joel = day(window, site, **MAY)
    share(joel)
    joel.get_by_role("button", name="Stop that").tap()
    expect(joel.get_by_text("The customer sees where you are")).to_be_hidden()
    joel.reload()
    expect(joel.get_by_text("The customer sees where you are")).to_be_hidden()


def test_a_phone_that_may_not_say_it_shares_nothing(window: Window, site: Site, job: Job) -> None:
    joel = day(window, site)  # the browser refuses where nothing was granted
    box(joel).check()
    button(joel, "30 min").tap()
    expect(large(joel).locator(".said")).to_contain_text("On the way since")
    expect(joel.get_by_text("The customer sees where you are")).to_be_hidden()
