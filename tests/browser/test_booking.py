"""Booking as impatient people do it: half filled in, clicked twice, gone back to."""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from dispatch.domain.job import Job
from tests.browser.conftest import Window
from tests.browser.site import NUMBERS, Site, book, choose_day, fill_booking, time_of_day
from tests.making import BUSINESS
from tests.photos.pictures import jpeg

pytestmark = pytest.mark.long
SMALLEST = {"width": 320, "height": 640}


def send(page: Page) -> Locator:
    return page.get_by_role("button", name="Request this pickup")


def jobs_of(site: Site, name: str) -> list[Job]:
    return [job for job in site.all_jobs() if job.customer_name == name]


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def mark(request: pytest.FixtureRequest, window: Window) -> Page:
    page = window(java_script_enabled=request.param)
    page.goto("/book/")
    return page


def test_errors_stand_beside_the_fields_and_what_was_typed_stays(mark: Page) -> None:
    fill_booking(mark, "Mark")
    mark.get_by_label("Phone").fill("call me")
    mark.get_by_label("Address").fill("")
    send(mark).click()
    expect(mark.get_by_role("alert")).to_contain_text("nothing you typed is lost")
    expect(mark.get_by_label("Phone")).to_have_accessible_description(
        "That does not look like a phone number."
    )
    expect(mark.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    expect(mark.get_by_label("Phone")).to_have_value("call me")
    expect(mark.get_by_label("Full load")).to_be_checked()
    expect(time_of_day(mark, "morning")).to_be_checked()
    expect(mark.get_by_label("Name", exact=True)).to_have_value("Mark")
    mark.get_by_label("Phone").fill("619-555-0142")
    mark.get_by_label("Address").fill("9230 Soderblom Ave")
    send(mark).click()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()


def test_a_refused_booking_brings_its_first_error_into_sight(window: Window) -> None:
    page = window(viewport=SMALLEST)
    page.goto("/book/")
    send(page).click()
    expect(page.get_by_label("Quarter load")).to_be_focused()
    expect(page.locator(".error").first).to_be_in_viewport()
    fill_booking(page, "Mark")
    page.get_by_label("Phone").fill("12")
    send(page).click()
    expect(page.get_by_label("Phone")).to_be_focused()
    expect(page.locator(".error").first).to_be_in_viewport()


def test_a_double_click_makes_one_job(mark: Page, site: Site) -> None:
    name = f"Mark Twice {next(NUMBERS)}"
    fill_booking(mark, name)
    send(mark).dblclick()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    assert len(jobs_of(site, name)) == 1


def test_going_back_and_sending_again_makes_one_job(mark: Page, site: Site) -> None:
    name = f"Mark Again {next(NUMBERS)}"
    fill_booking(mark, name)
    mark.get_by_role("spinbutton", name="Mattress").fill("2")
    send(mark).click()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    tracking = mark.url.partition("?")[0]
    mark.go_back()
    expect(mark.get_by_label("Address")).to_have_value("9230 Soderblom Ave")
    expect(mark.get_by_role("spinbutton", name="Mattress")).to_have_value("2")
    send(mark).click()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    assert mark.url.startswith(tracking)
    assert len(jobs_of(site, name)) == 1


def test_reloading_the_answer_makes_one_job(mark: Page, site: Site) -> None:
    """After a refusal the browser sends the form again, after a success it only looks."""
    name = f"Mark Anew {next(NUMBERS)}"
    fill_booking(mark, name)
    mark.get_by_label("Phone").fill("")
    send(mark).click()
    expect(mark.get_by_role("alert")).to_be_visible()
    mark.reload()
    expect(mark.get_by_label("Name", exact=True)).to_have_value(name)
    mark.get_by_label("Phone").fill("619-555-0142")
    send(mark).click()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    mark.reload()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    assert len(jobs_of(site, name)) == 1


def test_another_pickup_from_the_same_page_is_asked_about_first(window: Window) -> None:
    mark = window()
    mark.goto("/book/")
    fill_booking(mark, "Mark the First")
    send(mark).click()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    mark.go_back()
    mark.get_by_label("Address").fill("1 Other Street")
    send(mark).click()
    expect(mark.get_by_role("alert")).to_contain_text("You have already sent a booking")
    send(mark).click()
    expect(mark.locator(".facts")).to_contain_text("1 Other Street")


def test_windows_that_a_day_does_not_have_are_greyed(window: Window) -> None:
    """The soonest day has no morning any more, or is made to have none."""
    page = window()
    page.route("**/book/", without_first_morning)
    page.goto("/book/")
    morning = time_of_day(page, "morning")
    choose_day(page, 1)
    morning.check()
    choose_day(page, 0)
    expect(morning).to_be_disabled()
    expect(morning).not_to_be_checked()
    expect(time_of_day(page, "afternoon")).to_be_enabled()
    choose_day(page, 1)
    expect(morning).to_be_enabled()


def without_first_morning(route: Route) -> None:
    """The server's answer early in the afternoon, at any time of the day."""
    answer = route.fetch()
    first = r'(<label class="day">.*?)<small>Morning.*?</small>'  # late in the day it has none
    route.fulfill(response=answer, body=re.sub(first, r"\1", answer.text(), count=1))


@pytest.mark.parametrize("address", ["/", "/book/", "tracking", "unknown"])
def test_no_cookie_and_no_scrolling_sideways_on_the_smallest_phone(
    window: Window, site: Site, address: str
) -> None:
    page = window(viewport=SMALLEST)
    long_one = {"customer_name": "Bartholomew" * 5, "location": "Llanfairpwllgwyngyll" * 6}
    tracking = site.job(**long_one).tracking_token
    page.goto({"tracking": f"/track/{tracking}", "unknown": "/track/nothing"}.get(address, address))
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
    assert page.context.cookies() == []


def test_a_booking_sets_no_cookie_either(window: Window) -> None:
    page = window(viewport=SMALLEST)
    page.goto("/book/")
    send(page).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]
    book(page, "Mark the Small")
    assert page.context.cookies() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"]


def test_the_tracking_page_copies_its_link(window: Window, site: Site) -> None:
    job = site.job()
    page = window(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/track/{job.tracking_token}")
    page.get_by_text("Keep this page").click()
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.url}/track/{job.tracking_token}"


def test_a_customers_details_are_not_offered_the_dispatchers_own(window: Window) -> None:
    dana = window("dana")
    dana.goto("/dashboard/jobs/new")
    expect(dana.get_by_label("Phone")).to_have_attribute("autocomplete", "off")
    expect(dana.get_by_label("Access notes")).to_have_attribute("rows", "3")


def test_a_phone_offers_the_right_keyboard_and_what_it_knows(window: Window) -> None:
    page = window()
    page.goto("/book/")
    phone = page.get_by_label("Phone")
    expect(phone).to_have_attribute("type", "tel")
    expect(phone).to_have_attribute("autocomplete", "tel")
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("autocomplete", "name")
    expect(page.get_by_label("Address")).to_have_attribute("autocomplete", "street-address")


# --- what, when and who ------------------------------------------------------------------


@pytest.fixture
def plain(window: Window) -> Page:
    """Without a script."""
    page = window(java_script_enabled=False)
    page.goto("/book/")
    return page


def test_the_price_adds_up_as_it_is_chosen(window: Window) -> None:
    page = window()
    page.goto("/book/")
    total = page.locator("#sum strong")
    expect(total).to_have_text("nothing chosen yet")
    page.get_by_label("Full load").check()
    expect(total).to_have_text("$600")
    more = page.get_by_role("button", name="One more: Hot tub")
    for _time in range(2):
        more.click()
    expect(total).to_have_text("$1,300")
    page.get_by_role("button", name="One less: Hot tub").click()
    expect(total).to_have_text("$950")
    page.get_by_role("spinbutton", name="Mattress").fill("3")
    expect(total).to_have_text("$1,070")
    page.get_by_label("Only the items").check()
    expect(total).to_have_text("$470")
    expect(page.get_by_role("button", name="Only add up")).to_be_hidden()


def test_without_a_script_the_server_adds_up_and_all_stays(plain: Page, site: Site) -> None:
    before = len(site.all_jobs())
    plain.get_by_label("Half load").check()
    plain.get_by_role("spinbutton", name="Mattress").fill("2")
    plain.get_by_label("Address").fill("9230 Soderblom Ave")
    plain.get_by_role("button", name="Only add up the price").click()
    expect(plain.locator("#sum")).to_contain_text("Estimate: $400")
    expect(plain.locator("#sum")).to_be_in_viewport()
    expect(plain.get_by_label("Half load")).to_be_checked()
    expect(plain.get_by_role("spinbutton", name="Mattress")).to_have_value("2")
    expect(plain.get_by_label("Address")).to_have_value("9230 Soderblom Ave")
    assert len(site.all_jobs()) == before


def test_items_alone_are_booked_with_and_without_a_script(mark: Page, site: Site) -> None:
    name = f"Mark Mattress {next(NUMBERS)}"
    fill_booking(mark, name)
    mark.get_by_label("Only the items").check()
    mark.locator("[name=item-mattress]").fill("2")
    mark.get_by_label("May we text you").check()
    mark.locator("[name=photo]").set_input_files(
        files=[{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}]
    )
    send(mark).dblclick()
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    (job,) = jobs_of(site, name)
    assert (job.price, job.load, len(job.photos)) == (80, "", 1)
    assert job.consent
    expect(mark.get_by_role("img", name="From you, photo 1 of 1")).to_be_visible()


def test_a_day_is_chosen_by_keyboard_and_says_what_is_left(window: Window) -> None:
    page = window()
    page.goto("/book/")
    first, second = page.locator("[name=date]").nth(0), page.locator("[name=date]").nth(1)
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(second).to_be_checked()
    expect(second).to_be_focused()
    left = second.locator("xpath=..").locator("[data-window=morning]").inner_text()
    expect(page.locator(".windows .choice", has_text="Morning")).to_contain_text(left)
    page.get_by_text("Later days").press("Enter")
    last = page.locator("[name=date]").last
    last.check()
    expect(last).to_be_checked()
    expect(second).not_to_be_checked()


def test_what_happens_next_goes_by_what_was_given(window: Window) -> None:
    page = window()
    page.goto("/book/")
    said = page.locator("#next")
    expect(said).to_contain_text("on your own page")
    page.get_by_label("E-mail").fill("mark@example.com")
    expect(said).to_contain_text("within 2 hours, by e-mail.")
    page.get_by_label("May we text you").check()
    expect(said).to_contain_text("within 2 hours, by text and e-mail.")
    page.get_by_label("E-mail").fill("")
    expect(said).to_contain_text("within 2 hours, by text.")


def test_thirty_photos_are_refused_before_they_are_sent(window: Window) -> None:
    page = window()
    page.goto("/book/")
    many = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(100, 50)}
        for number in range(30)
    ]
    page.locator("[name=photo]").set_input_files(files=many)
    expect(page.get_by_role("status").get_by_text("At most 6 photos fit.")).to_be_visible()
    expect(page.locator("[name=photo]")).to_have_value("")


def test_large_photos_without_a_script_are_told_and_going_back_loses_nothing(plain: Page) -> None:
    """They are more than may be sent, and not read at all."""
    plain.get_by_label("Name", exact=True).fill("Mark")
    large = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(10, 10) + bytes(12_000_000)}
        for n in range(3)
    ]
    plain.locator("[name=photo]").set_input_files(files=large)
    send(plain).click()
    expect(plain.get_by_text("At most 6 photos and 30 MB fit at once.")).to_be_visible()
    plain.go_back()
    expect(plain.get_by_label("Name", exact=True)).to_have_value("Mark")


def test_booking_again_takes_a_day_and_no_typing(window: Window, site: Site) -> None:
    page = window()
    name = f"Mark Once More {next(NUMBERS)}"
    address = book(page, name)
    page.goto(f"{address}/again")
    expect(page.get_by_label("Address")).to_have_value("9230 Soderblom Ave")
    expect(page.get_by_label("May we text you")).not_to_be_checked()
    choose_day(page, 5)
    time_of_day(page, "afternoon").check()
    send(page).click()
    expect(page.get_by_role("heading", name="We have your request")).to_be_visible()
    assert len(jobs_of(site, name)) == 2


def test_enter_takes_none_of_the_times_that_are_offered_instead(mark: Page, site: Site) -> None:
    name = f"Mark Enters {next(NUMBERS)}"
    fill_booking(mark, name)
    choose_day(mark, 8)
    day = date.fromisoformat(mark.locator("[name=date]:checked").get_attribute("value") or "")
    site.many_jobs(8, window=BUSINESS.window(day, "morning"))
    send(mark).click()
    expect(mark.get_by_role("alert").first).to_contain_text("is full now")
    choose_day(mark, 10)
    time_of_day(mark, "afternoon").check()
    mark.get_by_label("Name", exact=True).press("Enter")
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()
    (job,) = jobs_of(site, name)
    assert job.window
    assert job.window.name == "afternoon"
    assert job.window.date > day
