"""The driver's day in one hand: what is tapped is under the thumb, and nothing moves there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from dispatch.domain.job import Crew, Item, Job, Note
from dispatch.domain.status import Status
from tests.browser.conftest import Window, hold, later
from tests.browser.site import Site
from tests.browser.test_phone import PHONE, sideways
from tests.making import BUSINESS

pytestmark = pytest.mark.long
THUMB = 0.4  # of the screen's height: what is higher up is out of a thumb's reach
LEAST = 48  # pixels
POLL = re.compile("/dashboard/day/part")
ORDER = re.compile("/dashboard/day/order")
TAKEN_IN = """() => {
  const day = document.getElementById("day");
  window.takenIn = new Promise((done) => day.addEventListener("lost", done, { once: true }));
}"""
WHERE = """stop => {
    const all = [...stop.querySelectorAll("h2, .state, .about-it, .bar a, .bar button")];
    return all.map(it => {
        const { x, y, width, height } = it.getBoundingClientRect();
        return [it.localName, x, y, width, height].map(String).join(" ");
    });
}"""


@pytest.fixture(autouse=True)
def an_empty_day(site: Site) -> Iterator[None]:
    site.back_to([])
    yield
    site.back_to([])


def stops(site: Site, *names: str, **fields: Any) -> list[Job]:
    """Joel's of today, in this order."""
    window = BUSINESS.windows[0].on(BUSINESS.today(site.now()))
    made = {"window": window, "crew": Crew(driver="joel")} | fields
    return [
        site.job(customer_name=name, created_at=site.now() + timedelta(seconds=place), **made)
        for place, name in enumerate(names)
    ]


def day(window: Window, site: Site, who: str = "joel", *, still: bool = False, **how: Any) -> Page:
    page = window(who, still=still, **(how or PHONE))
    page.goto("/dashboard/day/?member=joel")
    return page


def large(page: Page) -> Locator:
    return page.locator(".stop.large")


def names(page: Page) -> list[str]:
    """Of those to come."""
    return page.locator("#rest > .stop h2").all_inner_texts()


def stop(page: Page, name: str) -> Locator:
    return page.locator(f'.stop[data-name="{name}"]')


def button(page: Page, name: str) -> Locator:
    return large(page).get_by_role("button", name=name)


def test_every_button_of_the_next_stop_is_in_reach_of_a_thumb(window: Window, site: Site) -> None:
    full = {
        "location": "2461 San Diego Ave, second yard behind the shop",
        "access_notes": "Gate code 4411, then ring at the back door, and mind the dog",
        "items": (Item(name="mattress", count=2), Item(name="fridge", count=1)),
        "notes": tuple(Note(at=site.now(), by="dana", text="Dog in yard. " * 9) for _ in range(4)),
    }
    stops(site, "Lucia", "Mark", **full)
    page = day(window, site)
    height = PHONE["viewport"]["height"]
    buttons = large(page).locator(".bar").locator("a, button").all()
    assert len(buttons) == 12
    for each in buttons:
        box = each.bounding_box()
        assert box
        assert box["y"] >= height * THUMB, each.inner_text()
        assert box["y"] + box["height"] <= height
        assert box["height"] >= LEAST
    for each in page.locator("#rest .order button, #rest .handle").all():
        box = each.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= LEAST
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")  # there at once
    last = page.locator("main > :visible").last.bounding_box()
    bar = large(page).locator(".bar").bounding_box()
    assert last
    assert bar
    assert last["y"] + last["height"] <= bar["y"], "nothing hides behind the bar"


def test_at_320_pixels_nothing_is_beyond_the_edge(window: Window, site: Site) -> None:
    stops(site, "Lucia", "Mark Soderblom-Featherstonehaugh-Whitaker", location="x" * 80)
    page = day(window, site, viewport={"width": 320, "height": 640}, color_scheme="dark")
    assert sideways(page) <= 0
    stop(page, "Mark Soderblom-Featherstonehaugh-Whitaker").locator("summary").click()
    assert sideways(page) <= 0
    for each in large(page).locator(".bar").locator("a, button").all():
        box = each.bounding_box()
        assert box
        assert box["height"] >= LEAST


def test_three_taps_and_nothing_moves(window: Window, site: Site) -> None:
    (job, _next) = stops(site, "Lucia", "Mark", access_notes="Gate code 4411")
    page = day(window, site)
    before = large(page).evaluate(WHERE)
    for tap, then, green in (
        ("30 min", "On the way since", "Start"),
        ("Start", "Started", "Finish"),
    ):
        button(page, tap).tap()
        expect(large(page).locator(".said")).to_contain_text(then)
        assert [each for each in large(page).evaluate(WHERE) if "button" in each] == [
            each for each in before if "button" in each
        ]
        assert large(page).evaluate(WHERE)[:3] == before[:3], "nor what is read"
        expect(large(page).locator(".primary:visible")).to_have_count(1)
        expect(large(page).locator(".primary:visible")).to_have_text(green)
    was = button(page, "Finish").bounding_box()
    button(page, "Finish").tap()
    go_on = large(page).get_by_role("link", name="Next stop: Mark")
    expect(go_on).to_be_visible()
    expect(large(page).locator(".state .said")).to_contain_text("Finished")
    undo, there = button(page, "Undo").bounding_box(), go_on.bounding_box()
    assert was
    assert undo
    assert there
    assert there["y"] + there["height"] < was["y"], "no second tap hits it"
    assert undo["y"] + undo["height"] < PHONE["viewport"]["height"] * THUMB
    expect(large(page).locator("h2")).to_have_text("Lucia")
    assert site.stored(job).status is Status.COMPLETED
    go_on.tap()
    expect(large(page).locator("h2")).to_have_text("Mark")
    expect(page.locator(".over .count")).to_have_text("1")
    page.reload()
    expect(large(page).locator("h2")).to_have_text("Mark")


def test_undo_takes_the_tap_back_in_place(window: Window, site: Site) -> None:
    (job,) = stops(site, "Lucia")
    page = day(window, site)
    button(page, "Start").tap()
    expect(button(page, "Undo")).to_be_visible()
    page.evaluate("window.same = true")
    button(page, "Undo").tap()
    expect(large(page).locator(".primary:visible")).to_have_text(re.compile("30"))
    assert site.stored(job).status is Status.BOOKED
    assert page.evaluate("window.same"), "the page was not loaded anew"


def test_without_a_script_it_all_works(window: Window, site: Site) -> None:
    first, second, third = stops(site, "Lucia", "Mark", "Ruth")
    page = day(window, site, java_script_enabled=False, **PHONE)
    stop(page, "Ruth").get_by_role("button", name="Earlier").tap()
    expect(page.locator("#rest > .stop h2")).to_have_text(["Ruth", "Mark"])
    assert [site.stored(job).stop for job in (first, third, second)] == [1, 2, 3]
    button(page, "More").tap()
    button(page, "Could not do it…").tap()
    large(page).get_by_text("No access").tap()
    button(page, "Give it back").tap()
    expect(large(page).locator(".said")).to_contain_text("No access")
    large(page).get_by_role("link", name="Next stop: Ruth").tap()
    expect(large(page).locator("h2")).to_have_text("Ruth")
    assert names(page) == ["Mark"]


# --- the order ---------------------------------------------------------------------------


def touch(page: Page) -> CDPSession:
    return page.context.new_cdp_session(page)


def finger(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    at = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


def middle(page: Page, name: str) -> tuple[float, float]:
    box = stop(page, name).locator(".handle").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, session: CDPSession, name: str, onto: str) -> tuple[float, float]:
    """Hold one by its handle and bring it past another; where the finger is then."""
    stop(page, name).scroll_into_view_if_needed()
    (x, y), (_x, there) = middle(page, name), middle(page, onto)
    finger(session, "touchStart", (x, y))
    for part in range(1, 11):
        finger(session, "touchMove", (x, y + (there - y) * part / 10))
    return x, there


def test_a_stop_is_dragged_by_a_finger(window: Window, site: Site) -> None:
    jobs = stops(site, "A", "B", "C", "D")
    page = day(window, site, viewport={"width": 390, "height": 1400}, has_touch=True)
    session = touch(page)
    drag(page, session, "D", "B")
    with page.expect_response(ORDER):
        finger(session, "touchEnd")
    expect(page.locator("#rest > .stop h2").first).to_have_text("D")
    assert names(page) == ["D", "B", "C"]
    assert [site.stored(job).stop for job in jobs] == [1, 3, 4, 2]


def test_a_second_finger_ends_the_drag_and_changes_nothing(window: Window, site: Site) -> None:
    jobs = stops(site, "A", "B", "C", "D")
    page = day(window, site, viewport={"width": 390, "height": 1400}, has_touch=True)
    session = touch(page)
    held = drag(page, session, "D", "B")
    assert names(page) == ["D", "B", "C"]
    finger(session, "touchStart", held, (200, 200))
    assert names(page) == ["B", "C", "D"]
    finger(session, "touchEnd")
    assert [site.stored(job).stop for job in jobs] == [None] * 4


def test_a_stop_goes_by_arrow_keys_with_the_focus_on_it(window: Window, site: Site) -> None:
    jobs = stops(site, "A", "B", "C", "D")
    page = day(window, site, viewport={"width": 1280, "height": 900})
    stop(page, "B").locator(".handle").focus()
    for then in (["C", "B", "D"], ["C", "D", "B"]):
        with page.expect_response(ORDER):
            page.keyboard.press("ArrowDown")
        assert names(page) == then  # at once, whether or not the answer was taken in
        expect(stop(page, "B").locator(".handle")).to_be_focused()
    assert [site.stored(job).stop for job in jobs] == [1, 4, 2, 3]


def test_an_answer_that_is_overtaken_moves_nothing(window: Window, site: Site) -> None:
    jobs = stops(site, "A", "B", "C", "D")
    page = day(window, site, viewport={"width": 1280, "height": 900})
    held = hold(page, ORDER)
    stop(page, "B").locator(".handle").focus()
    with page.expect_request(ORDER):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_request(ORDER):  # sent once the first answer was taken in
        held.pop().continue_()
    assert names(page) == ["C", "D", "B"]
    with page.expect_response(ORDER):
        held.pop().continue_()
    assert [site.stored(job).stop for job in jobs] == [1, 4, 2, 3]


def test_an_order_that_could_not_be_sent_goes_back_and_says_so(window: Window, site: Site) -> None:
    stops(site, "A", "B", "C")
    page = day(window, site)
    page.context.set_offline(True)
    stop(page, "C").get_by_role("button", name="Earlier").tap()
    expect(page.locator("#told")).to_contain_text("We could not reach the server")
    assert names(page) == ["B", "C"]


# --- the poll ----------------------------------------------------------------------------


def polled(page: Page) -> None:
    """Polled, and the answer taken in: the next poll is due only from then on."""
    page.evaluate(TAKEN_IN)
    later(page)
    page.evaluate("takenIn")


def test_a_changed_day_moves_nothing_until_it_is_asked_for(window: Window, site: Site) -> None:
    stops(site, "A", "B")
    page = day(window, site, still=True)
    before = large(page).evaluate(WHERE)
    afternoon = BUSINESS.windows[1].on(BUSINESS.today(site.now()))
    stops(site, "C", window=afternoon)
    polled(page)
    show = page.get_by_role("button", name="Show it")
    expect(show).to_be_visible()
    assert names(page) == ["B"]
    assert large(page).evaluate(WHERE) == before
    show.tap()
    expect(stop(page, "C")).to_be_visible()
    assert names(page) == ["B", "C"]
    assert large(page).evaluate(WHERE) == before
    expect(show).to_be_hidden()


def test_whichever_stop_is_large_the_others_stand_as_they_are_driven(
    window: Window, site: Site
) -> None:
    stops(site, "A", "B", "C", "D")
    page = day(window, site, still=True)
    for name, then in (("C", ["A", "B", "D"]), ("D", ["A", "B", "C"]), ("A", ["B", "C", "D"])):
        stop(page, name).locator("summary").tap()
        with page.expect_response(POLL):
            stop(page, name).get_by_role("link", name="Bring it to the top").tap()
        expect(large(page).locator("h2")).to_have_text(name)
        assert names(page) == then
        expect(page.get_by_role("button", name="Show it")).to_be_hidden()
        ends = page.locator("#rest .order button:disabled")
        expect(ends).to_have_text([re.compile("Earlier"), re.compile("Later")])


def test_what_has_changed_of_a_stop_is_shown_where_it_stands(window: Window, site: Site) -> None:
    first, second = stops(site, "A", "B")
    page = day(window, site, still=True)
    site.change(first, access_notes="Gate code 4411")
    site.change(second, access_notes="Gate code 2207")
    polled(page)
    expect(large(page)).to_contain_text("Gate code 4411")
    stop(page, "B").locator("summary").tap()
    expect(stop(page, "B")).to_contain_text("Gate code 2207")
    expect(page.get_by_role("button", name="Show it")).to_be_hidden()


def test_what_somebody_is_typing_is_left_alone(window: Window, site: Site) -> None:
    (job,) = stops(site, "A")
    page = day(window, site, still=True)
    button(page, "More").tap()
    button(page, "Note…").tap()
    note = large(page).locator("textarea")
    note.fill("The gate sticks; push.")
    site.change(job, access_notes="Gate code 4411")
    polled(page)
    expect(note).to_be_visible()
    expect(note).to_have_value("The gate sticks; push.")
    note.fill("")
    for _sheet in ("note", "more"):
        page.keyboard.press("Escape")
    polled(page)
    expect(large(page)).to_contain_text("Gate code 4411")


def test_a_job_that_is_cancelled_is_told(window: Window, site: Site) -> None:
    first, _second = stops(site, "A", "B")
    page = day(window, site, still=True)
    site.change(first, status=Status.CANCELLED, finished_at=site.now())
    polled(page)
    expect(large(page).locator("h2")).to_have_text("A")
    expect(large(page).locator(".state .said")).to_contain_text("Cancelled")
    expect(large(page).get_by_role("link", name="Next stop: B")).to_be_visible()


def test_a_session_that_has_ended_leads_to_signing_in(window: Window, site: Site) -> None:
    stops(site, "A")
    page = day(window, site, still=True)
    page.context.clear_cookies()
    later(page)
    page.wait_for_url("**/login/**")
