"""The customer's page, left open on a phone in a pocket."""

import re

import pytest
from playwright.sync_api import expect

from dispatch.domain.status import Status
from tests.browser.conftest import Window, cut_off, later
from tests.browser.site import Site, card, open_drawer

pytestmark = pytest.mark.long


def test_each_change_is_announced_and_the_focus_stays(window: Window, site: Site) -> None:
    job = site.job()
    mark = window(still=True)
    mark.goto(f"/track/{job.tracking_token}")
    ready = mark.get_by_role("button", name="I'm ready for pickup")
    ready.focus()
    joel = window("joel")
    joel.goto("/dashboard/")
    open_drawer(joel, job).get_by_role("button", name="On my way").click()
    expect(joel.locator("#drawer .said")).to_be_visible()
    later(mark)
    expect(mark.get_by_role("heading", name="Joel is on the way")).to_be_visible()
    expect(mark.locator("#said")).to_contain_text("Joel is on the way")
    expect(ready).to_be_focused()

    joel.get_by_role("button", name="In Progress").click()
    expect(joel.locator("#drawer header .pill")).to_have_text("In Progress")
    later(mark)
    expect(mark.locator("#said")).to_contain_text("We are at work, since")
    expect(mark).to_have_title(re.compile("^We are at work, since .* · QuickDumpNow$"))
    assert mark.url == f"{site.url}/track/{job.tracking_token}"


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_ready_is_taken_back_and_a_cancellation_asks_first(
    window: Window, site: Site, width: int
) -> None:
    job = site.job()
    mark = window(still=True, viewport={"width": width, "height": 844})
    mark.goto(f"/track/{job.tracking_token}")
    ready = mark.get_by_role("button", name="I'm ready for pickup")
    ready.scroll_into_view_if_needed()
    place = ready.bounding_box()
    assert place
    ready.click()
    expect(mark.get_by_role("heading", name="You are ready, and we know")).to_be_visible()
    undo = mark.get_by_role("button", name="Undo").bounding_box()
    assert undo
    assert undo["y"] >= place["y"] + place["height"], "a second tap would take it back"
    mark.get_by_role("button", name="Undo").click()
    expect(mark.get_by_role("heading", name="Confirmed for")).to_be_visible()

    mark.get_by_role("link", name="Cancel this pickup").click()
    assert site.stored(job).status is Status.BOOKED
    mark.get_by_label("Tell us why").fill("Sold the couch")
    mark.get_by_role("button", name="Cancel this pickup").click()
    expect(mark.get_by_role("heading", name="Cancelled: ")).to_be_visible()
    last = site.stored(job).last_move
    assert last is not None
    assert (last.by, last.reason) == ("customer", "Sold the couch")


def test_after_a_refusal_the_link_is_still_the_pages(window: Window, site: Site) -> None:
    job = site.job()
    mark = window(permissions=["clipboard-read", "clipboard-write"])
    mark.goto(f"/track/{job.tracking_token}/cancel")
    site.change(job, status=Status.IN_PROGRESS)
    mark.get_by_role("button", name="Cancel this pickup").click()
    expect(mark.get_by_role("alert")).to_contain_text("cannot be changed here any more")
    mark.get_by_text("Keep this page").click()
    mark.get_by_role("button", name="Copy the link").click()
    expect(mark.get_by_role("button", name="Copied")).to_be_visible()
    link = f"{site.url}/track/{job.tracking_token}"
    assert [mark.evaluate("navigator.clipboard.readText()"), mark.url] == [link, link]


@pytest.mark.parametrize("script", [True, False])
def test_another_day_and_a_message_with_its_answer(
    window: Window, site: Site, script: bool
) -> None:
    job = site.job()
    mark, dana = window(java_script_enabled=script), window("dana")
    mark.goto(f"/track/{job.tracking_token}")
    mark.get_by_role("link", name="Choose another day or time").click()
    choice = mark.get_by_role("radio").and_(mark.locator(":enabled")).first
    day = choice.get_attribute("value") or ""
    choice.check()
    mark.get_by_role("button", name="Take this time").click()
    expect(mark.get_by_role("heading", name="Confirmed for")).to_be_visible()
    expect(mark.locator(".was").first).to_contain_text("was ")
    moved = site.stored(job).window
    assert moved is not None
    assert day.startswith(str(moved.date))

    mark.get_by_role("link", name="Send a gate code or a message").click()
    mark.get_by_label("Your message").fill("Is the old piano fine, too?")
    mark.get_by_role("button", name="Send").click()
    expect(mark.get_by_text("Is the old piano fine, too?")).to_be_visible()
    dana.goto(f"/dashboard/jobs/{job.id}")
    dana.get_by_label("Answer").fill("Yes, gladly.")
    dana.get_by_role("button", name="Send the answer").click()
    expect(dana.get_by_text("Yes, gladly.")).to_be_visible()
    mark.reload()
    expect(mark.get_by_text("Yes, gladly.")).to_be_visible()


def test_out_of_reach_the_page_says_so_and_heals(window: Window, site: Site) -> None:
    job = site.job()
    mark = window(still=True)
    mark.goto(f"/track/{job.tracking_token}")
    offline = mark.get_by_text("We cannot reach the server right now.")
    cut_off(mark)
    expect(offline).to_be_in_viewport()
    mark.context.set_offline(False)
    expect(offline).to_be_hidden()


def test_a_link_taken_away_shows_nothing_more(window: Window, site: Site) -> None:
    job = site.job()
    mark = window(still=True)
    mark.goto(f"/track/{job.tracking_token}")
    expect(mark.get_by_text(job.location)).to_be_visible()
    dana = window("dana")
    dana.goto("/dashboard/")
    drawer = open_drawer(dana, job)
    drawer.get_by_text("Customer's link").last.click()
    drawer.get_by_role("button", name="Make a new link").click()
    expect(drawer.locator(".said")).to_be_visible()
    later(mark)
    expect(mark.get_by_role("heading", name="Job not found")).to_be_visible()
    expect(mark.get_by_text(job.location)).to_have_count(0)
    expect(card(dana, job)).to_have_count(1)
