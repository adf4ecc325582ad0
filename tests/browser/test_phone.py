"""A driver's day on a phone: held in one hand, in the sun, with gloves on."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dispatch.domain.job import Crew
from dispatch.domain.status import Status
from tests.browser.conftest import Window
from tests.browser.site import Site, card, column, open_drawer, sign_in_as

pytestmark = pytest.mark.long
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
FINGER = 32  # pixels: what a thumb still hits


def sideways(page: Page) -> int:
    """How many pixels of the page are beyond the right edge."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide


def test_joel_finds_his_job_and_sees_it_through(window: Window, site: Site) -> None:
    mine = site.job(location="9230 Soderblom Ave", crew=Crew(driver="joel"))
    other = site.job()
    phone = window(**PHONE)
    phone.goto("/dashboard/")
    sign_in_as(phone, "joel")
    phone.get_by_label("Crew").select_option("joel")
    phone.get_by_role("button", name="Show", exact=True).tap()
    expect(card(phone, mine)).to_be_visible()
    expect(card(phone, other)).to_have_count(0)
    assert sideways(phone) <= 0

    drawer = open_drawer(phone, mine)
    expect(drawer.get_by_role("link", name="Call")).to_have_attribute("href", "tel:+16195550199")
    text = drawer.get_by_role("link", name="Text")
    expect(text).to_have_attribute("href", re.compile(r"^sms:\+16195550199\?&body=Hello%20Mark"))
    navigate = drawer.get_by_role("link", name="Navigate")
    expect(navigate).to_have_attribute(
        "href", "https://www.google.com/maps/search/?api=1&query=9230%20Soderblom%20Ave"
    )
    assert sideways(phone) <= 0

    customer = window()
    customer.goto(f"/track/{mine.tracking_token}")
    drawer.get_by_role("button", name="On my way").tap()
    expect(drawer.locator(".said")).to_have_text("The customer sees that you are on your way.")
    customer.reload()
    expect(customer.get_by_text("Joel is on the way")).to_be_visible()

    drawer.get_by_role("button", name="In Progress").tap()
    expect(drawer.locator("header .pill")).to_have_text("In Progress")
    drawer.get_by_role("button", name="Completed").tap()
    expect(drawer.locator("header .pill")).to_have_text("Completed")
    phone.get_by_role("button", name="Close").tap()
    expect(card(phone, mine, Status.COMPLETED)).to_be_visible()
    assert sideways(phone) <= 0


def test_one_column_fits_the_width_and_the_next_one_snaps_into_it(
    window: Window, site: Site
) -> None:
    site.job()
    phone = window("dana", **PHONE)
    phone.goto("/dashboard/")
    columns = phone.locator(".columns")
    assert phone.locator(".column").evaluate_all(
        "columns => columns.every(it => it.offsetWidth === it.parentElement.clientWidth)"
    )
    columns.evaluate("it => it.scrollTo({ left: it.clientWidth * 2.3, behavior: 'instant' })")
    there = "column => column.getBoundingClientRect().x"
    ready = column(phone, Status.READY_FOR_PICKUP)
    assert abs(ready.evaluate(there) - columns.evaluate(there)) < 1
    assert sideways(phone) <= 0


def test_all_that_is_tapped_is_large_enough(window: Window, site: Site) -> None:
    job = site.job()
    phone = window("joel", **PHONE)
    phone.goto("/dashboard/")
    for control in card(phone, job).locator("a, button, summary").all():
        assert box_height(control) >= FINGER
    drawer = open_drawer(phone, job)
    expect(drawer).to_be_visible()
    for control in drawer.locator("a.button, button:visible, summary").all():
        assert box_height(control) >= FINGER, control.text_content()


def test_no_field_is_so_small_that_a_phone_zooms_in_on_it(window: Window, site: Site) -> None:
    job = site.job()
    dana = window("dana", **PHONE)
    dana.goto("/dashboard/")
    assert small_fields(dana) == []
    open_drawer(dana, job)
    dana.locator("#drawer details").evaluate_all("(all) => all.forEach((it) => { it.open = true })")
    assert small_fields(dana) == []
    pages = ("/dashboard/jobs/new", "/dashboard/account/", "/dashboard/crew/joel/", "/book/")
    for address in (*pages, "/dashboard/requests/", f"/track/{job.tracking_token}/cancel"):
        dana.goto(address)
        assert small_fields(dana) == [], address


def small_fields(page: Page) -> Any:
    """Also in what is still to be shown: the dialog that asks for a reason."""
    return page.evaluate(
        """() => {
          const asked = document.getElementById("why-form")?.content.cloneNode(true);
          if (asked) document.getElementById("why").replaceChildren(asked);
          return [...document.querySelectorAll("input, select, textarea")]
            .filter((it) => !it.matches("[type=hidden], [type=checkbox], [type=radio]"))
            .filter((it) => parseFloat(getComputedStyle(it).fontSize) < 16)
            .map((it) => it.name);
        }"""
    )


def test_the_close_button_stays_in_sight_and_nothing_in_the_drawer_lies_over_another(
    window: Window, site: Site
) -> None:
    job = site.job()
    phone = window("dana", **PHONE)
    phone.goto("/dashboard/")
    drawer = open_drawer(phone, job)
    drawer.get_by_role("button", name="Start").tap()
    expect(drawer.get_by_role("button", name="Undo")).to_be_visible()
    drawer.locator("details").evaluate_all("(all) => all.forEach((it) => { it.open = true })")
    assert phone.locator("#drawer").evaluate(COVERED) == []
    drawer.get_by_text(f"Job {job.id}").scroll_into_view_if_needed()
    expect(phone.get_by_role("button", name="Close")).to_be_in_viewport()
    assert phone.locator("#drawer").evaluate("drawer => drawer.offsetWidth") == 390


# What can be pressed there, and is under something else wherever the drawer is scrolled to it.
COVERED = """drawer => [...drawer.querySelectorAll("a, button, input, select, summary")]
  .filter((it) => it.checkVisibility() && it.getClientRects().length)
  .filter((it) => ["start", "center", "end"].some((block) => {
    it.scrollIntoView({ block });
    const { left, top, width, height } = it.getClientRects()[0];
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return !(it.contains(found) || found?.contains(it) && found.matches("label"));
  }))
  .map((it) => it.outerHTML)"""


def test_a_long_name_and_address_break_nothing(window: Window, site: Site) -> None:
    job = site.job(customer_name="Bartholomew" * 6, location="Llanfairpwllgwyngyll" * 6)
    phone = window("dana", **PHONE)
    phone.goto("/dashboard/")
    assert sideways(phone) <= 0
    expect(open_drawer(phone, job)).to_be_visible()
    assert (
        phone.locator("#drawer").evaluate("drawer => drawer.scrollWidth - drawer.clientWidth") <= 0
    )
    for address in (f"/dashboard/jobs/{job.id}", "/dashboard/jobs/new", "/dashboard/account/"):
        phone.goto(address)
        assert sideways(phone) <= 0, address


def box_height(control: Any) -> float:
    box = control.bounding_box()
    return float(box["height"]) if box else FINGER
