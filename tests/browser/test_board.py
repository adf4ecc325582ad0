"""The board as the crew use it: several people at once, by mouse and by keyboard."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dispatch.domain.job import Crew, Event, Job, MessageIn
from dispatch.domain.status import Status
from tests.browser.conftest import Window, cut_off, hold, later, sign_in
from tests.browser.site import Site, book, card, column, now, open_drawer, pick, sign_in_as
from tests.making import BUSINESS

pytestmark = pytest.mark.long
PENDING, BOOKED, READY = Status.PENDING, Status.BOOKED, Status.READY_FOR_PICKUP
IN_PROGRESS, COMPLETED, CANCELLED = Status.IN_PROGRESS, Status.COMPLETED, Status.CANCELLED


def at_the_board(window: Window, site: Site, who: str = "dana", **options: Any) -> Page:
    page = window(who, **options)
    page.goto("/dashboard/")
    return page


def drag(card: Locator, column: Locator) -> None:
    """By its heading, which is in sight however many cards the column has."""
    card.drag_to(column.locator("h2"))


@pytest.fixture
def job(site: Site) -> Job:
    return site.job()


@pytest.fixture
def dana(window: Window, site: Site, job: Job) -> Page:
    """At the board, with the job on it."""
    return at_the_board(window, site)


@pytest.fixture
def still(window: Window, site: Site, job: Job) -> Page:
    """Dana at the board, whose clock stands."""
    return at_the_board(window, site, still=True)


def said(page: Page) -> Locator:
    return page.locator("#said")


# --- moving ------------------------------------------------------------------------------


def test_a_card_is_dragged_to_another_column(dana: Page, job: Job, site: Site) -> None:
    drag(card(dana, job), column(dana, IN_PROGRESS))
    expect(card(dana, job, IN_PROGRESS)).to_be_visible()
    assert site.stored(job).status is IN_PROGRESS


def test_its_button_takes_a_card_one_step_on(job: Job, window: Window, site: Site) -> None:
    joel = at_the_board(window, site, "joel")
    card(joel, job).get_by_role("button", name="Ready for Pickup").click()
    expect(card(joel, job, READY)).to_be_visible()
    expect(said(joel)).to_contain_text("Moved to “Ready for Pickup”.")


def test_arrows_walk_shift_and_an_arrow_move_enter_opens(window: Window, site: Site) -> None:
    upper = site.job(location="1 Keyboard Lane")
    lower = site.job(location="2 Keyboard Lane")
    beside = site.job(IN_PROGRESS, location="3 Keyboard Lane")
    dana = window("dana")
    dana.goto("/dashboard/?q=Keyboard")
    card(dana, upper).focus()
    dana.keyboard.press("ArrowDown")
    expect(card(dana, lower)).to_be_focused()
    dana.keyboard.press("ArrowRight")
    expect(card(dana, beside)).to_be_focused()
    dana.keyboard.press("ArrowLeft")
    expect(card(dana, upper)).to_be_focused()
    dana.keyboard.press("Shift+ArrowRight")
    expect(card(dana, upper, READY)).to_be_focused()
    dana.keyboard.press("Enter")
    expect(dana.locator("#drawer h2")).to_have_text(upper.customer_name)
    dana.keyboard.press("Escape")
    expect(dana.locator("#drawer")).to_be_hidden()
    expect(card(dana, upper)).to_be_focused()


def test_the_keys_are_told_where_they_work(job: Job, window: Window, site: Site) -> None:
    new = site.job(PENDING)
    dana = at_the_board(window, site)
    hint = dana.get_by_text("Shift with ← or → moves the job")
    expect(hint).to_be_hidden()
    expect(dana.get_by_role("group", name="Jobs by status")).to_have_accessible_description(
        re.compile("Shift with ← or → moves the job")
    )
    dana.keyboard.press("Tab")  # from here on the focus is shown
    card(dana, job).focus()
    expect(hint).to_be_visible()
    keys = "aria-keyshortcuts"
    expect(card(dana, job)).to_have_attribute(keys, "Enter Shift+ArrowLeft Shift+ArrowRight")
    card(dana, new).focus()
    expect(card(dana, new)).to_have_attribute(keys, "Enter Shift+ArrowRight")

    vic = at_the_board(window, site, "vic")
    card(vic, job).focus()
    expect(card(vic, job)).to_have_attribute(keys, "Enter")
    expect(vic.get_by_text("moves the job")).to_have_count(0)


@pytest.mark.parametrize("width", [700, 1280])
def test_the_keys_are_not_told_half_under_the_bar(
    job: Job, window: Window, site: Site, width: int
) -> None:
    dana = at_the_board(window, site, viewport={"width": width, "height": 700})
    dana.keyboard.press("Tab")
    card(dana, job).focus()
    dana.keyboard.press("Space")
    expect(dana.get_by_text("1 job ticked")).to_be_visible()
    keys = dana.locator("#keys").bounding_box()
    bar = dana.locator("#several").bounding_box()
    assert keys
    assert bar
    assert bar["x"] <= keys["x"]
    assert bar["y"] <= keys["y"]
    assert keys["x"] + keys["width"] <= bar["x"] + bar["width"]
    assert keys["y"] + keys["height"] <= bar["y"] + bar["height"]


def test_a_card_that_is_moved_by_keyboard_stays_in_sight(window: Window, site: Site) -> None:
    *_others, job = site.many_jobs(12, status=BOOKED, location="7 Far Down")
    dana = window("dana", viewport={"width": 1280, "height": 500})
    dana.goto("/dashboard/?q=Far+Down")
    card(dana, job).focus()
    dana.keyboard.press("Shift+ArrowRight")
    expect(card(dana, job, READY)).to_be_focused()
    expect(card(dana, job)).to_be_in_viewport(ratio=1)


def test_what_is_pressed_twice_moves_once(dana: Page, job: Job, site: Site) -> None:
    """And the way back is still offered."""
    button = card(dana, job).get_by_role("button", name="Ready for Pickup")
    button.evaluate("(button) => { button.click(); button.click(); }")
    expect(card(dana, job, READY)).to_be_visible()
    expect(said(dana)).to_have_text("Moved to “Ready for Pickup”.")
    expect(dana.locator("#undo").get_by_role("button")).to_be_visible()
    card(dana, job).evaluate(
        "(card) => { for (const _ of [1, 2]) card.dispatchEvent(new KeyboardEvent("
        "'keydown', { key: 'ArrowRight', shiftKey: true, bubbles: true })); }"
    )
    expect(card(dana, job, IN_PROGRESS)).to_be_visible()
    expect(said(dana)).to_have_text("Moved to “In Progress”.")
    assert len(site.stored(job).history) == 2


def test_a_move_back_asks_for_the_reason(dana: Page, job: Job, site: Site) -> None:
    card(dana, job).press("Shift+ArrowLeft")
    why = dana.get_by_role("dialog", name="Why?")
    expect(why).to_have_accessible_description(
        f"{job.customer_name}: Booking Confirmed → Requested"
    )
    why.get_by_label("Reason").fill("Confirmed too early")
    why.get_by_label("Reason").press("Enter")
    expect(card(dana, job, PENDING)).to_be_focused()
    last = site.stored(job).last_move
    assert last is not None
    assert last.reason == "Confirmed too early"


@pytest.mark.parametrize("leave", ["Leave it", "Escape"])
def test_without_a_reason_nothing_moves(dana: Page, job: Job, site: Site, leave: str) -> None:
    drag(card(dana, job), column(dana, CANCELLED))
    why = dana.get_by_role("dialog", name="Why?")
    why.get_by_role("button", name="Move it").click()
    expect(why.get_by_label("Reason")).to_be_focused()
    if leave == "Escape":
        dana.keyboard.press("Escape")
    else:
        why.get_by_role("button", name="Leave it").click()
    expect(why).to_be_hidden()
    expect(card(dana, job, BOOKED)).to_be_visible()
    assert site.stored(job) == job


def test_a_job_is_cancelled_with_a_reason(dana: Page, job: Job) -> None:
    drag(card(dana, job), column(dana, CANCELLED))
    dana.get_by_label("Reason").fill("Moved away")
    dana.get_by_role("button", name="Move it").click()
    expect(card(dana, job, CANCELLED)).to_be_hidden()
    column(dana, CANCELLED).locator("summary").click()
    expect(card(dana, job, CANCELLED)).to_be_visible()
    drawer = open_drawer(dana, job)
    expect(drawer.locator(".history")).to_contain_text("Moved away")


def test_the_crew_give_a_job_back_and_say_why(window: Window, site: Site) -> None:
    job = site.job(IN_PROGRESS)
    joel = at_the_board(window, site, "joel")
    drag(card(joel, job), column(joel, BOOKED))
    why = joel.get_by_role("dialog", name="Why could it not be done?")
    why.get_by_label("Why").select_option("No access")
    why.get_by_label("In a few words").fill("Gate locked")
    why.get_by_role("button", name="Move it").click()
    expect(card(joel, job, BOOKED)).to_be_visible()
    drawer = open_drawer(joel, job)
    expect(drawer.locator(".history")).to_contain_text("No access: Gate locked")


def test_something_else_needs_words(window: Window, site: Site) -> None:
    job = site.job(READY)
    joel = at_the_board(window, site, "joel")
    card(joel, job).press("Shift+ArrowLeft")
    why = joel.get_by_role("dialog", name="Why could it not be done?")
    why.get_by_label("Why").select_option("Something else")
    why.get_by_role("button", name="Move it").click()
    expect(why.get_by_label("In a few words")).to_be_focused()
    why.get_by_label("In a few words").fill("A bear")
    why.get_by_role("button", name="Move it").click()
    expect(card(joel, job, BOOKED)).to_be_visible()


def test_undo_waits_in_the_toast_for_its_minute(still: Page, job: Job) -> None:
    card(still, job).get_by_role("button", name="Ready for Pickup").click()
    expect(card(still, job, READY)).to_be_visible()
    undo = still.locator("#toasts").get_by_role("button", name=f"Undo: {job.customer_name}")
    later(still, 50)
    undo.click()
    expect(card(still, job, BOOKED)).to_be_visible()
    card(still, job).get_by_role("button", name="Ready for Pickup").click()
    expect(card(still, job, READY)).to_be_visible()
    later(still, 61)
    expect(undo).to_be_hidden()


def test_two_taps_at_one_place_move_one_job_and_each_of_a_minute_can_be_undone(
    window: Window, site: Site
) -> None:
    first, second = (site.job(location=f"{place} Twice Lane") for place in "12")
    dana = window("dana", still=True)
    dana.goto("/dashboard/?q=Twice+Lane")
    button = card(dana, first).get_by_role("button", name="Ready for Pickup")
    where = middle(button)
    dana.mouse.click(*where)
    expect(card(dana, first, READY)).to_be_visible()
    for passed in (0.9, 0.2, 0.5):  # the second card comes up after a second, and rests for one
        later(dana, passed)
        dana.mouse.click(*where)
    assert site.stored(second).status is BOOKED
    expect(said(dana)).to_contain_text("nothing was done")
    later(dana, 1)
    dana.mouse.click(*where)
    expect(card(dana, second, READY)).to_be_visible()
    for job in (first, second):
        dana.get_by_role("button", name=f"Undo: {job.customer_name}").click()
        expect(card(dana, job, BOOKED)).to_be_visible()
    expect(dana.locator("#undo")).to_be_empty()


def test_once_the_drawer_is_closed_its_moves_can_be_undone_on_the_board(
    dana: Page, job: Job
) -> None:
    drawer = open_drawer(dana, job)
    drawer.get_by_role("button", name="Ready for Pickup").click()
    expect(drawer.locator("header .pill")).to_have_text("Ready for Pickup")
    expect(dana.locator("#undo")).to_be_hidden()
    dana.keyboard.press("Escape")
    dana.get_by_role("button", name=f"Undo: {job.customer_name}").click()
    expect(card(dana, job, BOOKED)).to_be_visible()


def test_a_tap_on_a_card_that_the_refresh_has_put_there_does_nothing(
    window: Window, site: Site
) -> None:
    """What it was aimed at has moved away, or down."""
    gone, aim = (site.job(location=f"{place} Aim Lane") for place in "12")
    dana = window("dana", still=True)
    dana.goto("/dashboard/?q=Aim+Lane")
    where = middle(card(dana, gone).get_by_role("button", name="Ready for Pickup"))
    site.move(gone, IN_PROGRESS)
    later(dana)
    expect(card(dana, gone, IN_PROGRESS)).to_be_visible()
    dana.mouse.click(*where)
    later(dana, 2)
    where = middle(card(dana, aim).get_by_role("button", name="Ready for Pickup"))
    tomorrow = BUSINESS.windows[0].on(BUSINESS.today(now()) + timedelta(days=1))
    early = site.job(location="0 Aim Lane", window=tomorrow)
    later(dana)
    expect(card(dana, early)).to_be_visible()
    dana.mouse.click(*where)
    expect(said(dana)).to_contain_text("nothing was done")
    assert {site.stored(job).status for job in (aim, early)} == {BOOKED}


def middle(it: Locator) -> tuple[float, float]:
    box = it.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_an_error_goes_as_soon_as_its_field_is_mended(dana: Page, job: Job) -> None:
    drawer = open_drawer(dana, job)
    drawer.get_by_text("Edit the details").click()
    drawer.get_by_label("Phone").fill("no number")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_role("alert")).to_contain_text("fields marked below")
    drawer.get_by_label("Phone").fill("619 555 0142")
    expect(drawer.get_by_text("That does not look like a phone number.")).to_have_count(0)
    expect(drawer.locator(".wrong, [aria-invalid], .notice")).to_have_count(0)


def test_a_viewer_only_looks(job: Job, window: Window, site: Site) -> None:
    vic = at_the_board(window, site, "vic")
    expect(card(vic, job)).to_be_visible()
    expect(vic.locator("#board button")).to_have_count(0)
    expect(vic.locator("#board [draggable]")).to_have_count(0)
    card(vic, job).press("Shift+ArrowRight")
    expect(said(vic)).to_have_text("That move is not for you to make.")
    drawer = open_drawer(vic, job)
    expect(drawer).to_be_visible()
    expect(drawer.locator("form")).to_have_count(0)


# --- several people at once --------------------------------------------------------------


def test_a_stale_move_shows_who_moved_it_where(still: Page, job: Job, site: Site) -> None:
    site.move(job, IN_PROGRESS)
    expect(card(still, job, BOOKED)).to_be_visible()
    card(still, job).get_by_role("button", name="Ready for Pickup").click()
    expect(said(still)).to_contain_text("Joel Ramirez has moved this job to “In Progress” at")
    expect(card(still, job, IN_PROGRESS)).to_be_visible()
    assert site.stored(job).status is IN_PROGRESS


def test_a_stale_move_in_the_drawer_shows_the_job_as_it_is(
    still: Page, job: Job, site: Site
) -> None:
    drawer = open_drawer(still, job)
    expect(drawer).to_be_visible()
    site.move(job, IN_PROGRESS)
    drawer.get_by_role("button", name="Ready for Pickup").click()
    expect(drawer.get_by_role("alert")).to_contain_text("Joel Ramirez has moved this job")
    expect(drawer.locator("header .pill")).to_have_text("In Progress")
    expect(drawer.get_by_role("button", name="Ready for Pickup →")).to_have_count(0)


def test_a_half_typed_note_and_the_focus_survive_the_refresh(
    still: Page, job: Job, site: Site
) -> None:
    drawer = open_drawer(still, job)
    note = drawer.get_by_label("Note for the crew")
    note.press_sequentially("Half a no")
    site.move(job, READY)

    later(still)
    stale = drawer.locator(".stale")
    expect(stale).to_contain_text("Somebody has changed this job since you opened it.")
    expect(note).to_be_focused()
    still.keyboard.type("te")
    expect(note).to_have_value("Half a note")

    stale.get_by_role("button", name="Show it as it is now").click()
    expect(drawer.locator("header .pill")).to_have_text("Ready for Pickup")
    expect(note).to_have_value("Half a note")
    drawer.get_by_role("button", name="Add note").click()
    expect(drawer.locator(".notes")).to_contain_text("Half a note")
    expect(note).to_have_value("")
    expect(stale).to_have_count(0)


def test_a_half_typed_note_survives_a_move_and_an_edit_from_the_drawer(
    dana: Page, job: Job
) -> None:
    drawer = open_drawer(dana, job)
    note = drawer.get_by_label("Note for the crew")
    note.fill("Still thinking")
    drawer.get_by_role("button", name="Ready for Pickup").click()
    expect(drawer.locator("header .pill")).to_have_text("Ready for Pickup")
    expect(note).to_have_value("Still thinking")
    drawer.get_by_text("Edit the details").click()
    drawer.get_by_label("Truck").fill("T-4")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.locator(".facts")).to_contain_text("T-4")
    expect(note).to_have_value("Still thinking")


def test_closing_the_drawer_loses_no_half_typed_note(window: Window, site: Site) -> None:
    job, another = site.job(), site.job()
    dana = at_the_board(window, site)
    note = open_drawer(dana, job).get_by_label("Note for the crew")
    note.fill("Call the neigh")
    dana.keyboard.press("Escape")
    expect(open_drawer(dana, another).get_by_label("Note for the crew")).to_have_value("")
    dana.keyboard.press("Escape")
    expect(open_drawer(dana, job).get_by_label("Note for the crew")).to_have_value("Call the neigh")


def test_a_slow_answer_leaves_the_caret_in_a_half_typed_note(dana: Page, job: Job) -> None:
    drawer = open_drawer(dana, job)
    held = hold(dana, "**/eta")
    with dana.expect_request("**/eta"):
        drawer.get_by_role("button", name="On my way").click()
    note = drawer.get_by_label("Note for the crew")
    note.press_sequentially("Bring gloves")
    dana.keyboard.press("Control+ArrowLeft")
    held.pop().continue_()
    expect(drawer.get_by_role("button", name="On my way again")).to_be_visible()
    expect(note).to_be_focused()
    dana.keyboard.type("thick ")
    expect(note).to_have_value("Bring thick gloves")


@pytest.mark.parametrize("arrives", [True, False])
def test_an_answer_that_comes_late_does_not_take_the_place_of_another_job(
    arrives: bool, window: Window, site: Site
) -> None:
    first, second = site.job(), site.job()
    dana = at_the_board(window, site)
    held = hold(dana, "**/notes")
    drawer = open_drawer(dana, first)
    drawer.get_by_label("Note for the crew").fill("Bring gloves")
    with dana.expect_request("**/notes"):
        drawer.get_by_role("button", name="Add note").click()
    dana.keyboard.press("Escape")
    drawer = open_drawer(dana, second)
    expect(drawer.locator("h2")).to_have_text(second.customer_name)
    if arrives:
        held.pop().continue_()
        expect(said(dana)).to_contain_text("Note added")
    else:
        held.pop().abort()
        expect(said(dana)).to_contain_text("We could not reach the server.")
    expect(drawer.locator("h2")).to_have_text(second.customer_name)
    dana.keyboard.press("Escape")
    typed = open_drawer(dana, first).get_by_label("Note for the crew")
    expect(typed).to_have_value("" if arrives else "Bring gloves")


def test_of_two_drawers_the_one_opened_last_is_shown(window: Window, site: Site) -> None:
    first, second = site.job(), site.job()
    dana = at_the_board(window, site)
    held = hold(dana, f"**/jobs/{first.id}")
    with dana.expect_request(f"**/jobs/{first.id}"):
        card(dana, first).get_by_role("link", name="Drawer").click()
    drawer = open_drawer(dana, second)
    expect(drawer.locator("h2")).to_have_text(second.customer_name)
    with dana.expect_response(f"**/jobs/{first.id}"):
        held.pop().continue_()
    expect(drawer.locator("h2")).to_have_text(second.customer_name)


def test_could_not_do_it_stays_shut_until_somebody_opens_it(
    job: Job, window: Window, site: Site
) -> None:
    joel = at_the_board(window, site, "joel")
    drawer = open_drawer(joel, job)
    drawer.get_by_role("button", name="On my way").click()
    expect(drawer.get_by_role("button", name="On my way again")).to_be_visible()
    expect(drawer.get_by_text("Could not do it…")).to_be_visible()
    expect(drawer.locator("details.back-moves")).not_to_have_attribute("open", "")


def test_a_refused_edit_brings_its_first_error_into_sight(window: Window, site: Site) -> None:
    job = site.job(Status.BOOKED)
    dana = at_the_board(window, site, viewport={"width": 390, "height": 844})
    drawer = open_drawer(dana, job)
    drawer.get_by_text("Edit the details").click()
    drawer.get_by_label("Phone").fill("no number")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_label("Phone")).to_be_focused()
    expect(drawer.locator(".error").first).to_be_in_viewport()


def test_what_an_answer_refuses_stays_typed(dana: Page, job: Job) -> None:
    drawer = open_drawer(dana, job)
    drawer.get_by_text("Edit the details").click()
    drawer.get_by_label("Truck").fill("T-5")
    drawer.get_by_label("Phone").fill("no number")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_text("That does not look like a phone number.")).to_be_visible()
    expect(drawer.get_by_label("Truck")).to_have_value("T-5")
    expect(drawer.get_by_label("Phone")).to_have_value("no number")

    drawer.get_by_role("button", name="On my way").click()
    expect(drawer.get_by_role("button", name="On my way again")).to_be_visible()
    expect(drawer.get_by_label("Phone")).to_have_value("no number")
    dana.keyboard.press("Escape")
    expect(open_drawer(dana, job).get_by_label("Truck")).to_have_value("T-5")
    expect(drawer.get_by_label("Phone")).to_have_value("no number")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_longest_name_makes_no_card_taller(window: Window, site: Site, width: int) -> None:
    long, short = site.job(customer_name="Q" * 120), site.job(customer_name="Al")
    dana = at_the_board(window, site, viewport={"width": width, "height": 844})
    boxes = [card(dana, job).bounding_box() for job in (long, short)]
    assert len({round(box["height"]) for box in boxes if box}) == 1
    name = card(dana, long).get_by_title("Q" * 120)
    assert name.evaluate("element => element.scrollWidth > element.clientWidth")
    expect(open_drawer(dana, long).get_by_role("heading", name="Q" * 120)).to_be_visible()


def test_a_drawer_that_opens_for_a_refusal_still_has_the_half_typed_note(
    job: Job, window: Window, site: Site
) -> None:
    for _ in range(BUSINESS.jobs_per_window):
        site.job(crew=Crew(driver="joel"))
    dana = at_the_board(window, site)
    open_drawer(dana, job).get_by_label("Note for the crew").fill("Bring glov")
    dana.keyboard.press("Escape")
    pick(dana, job).click()
    card(dana, job).get_by_role("button", name="Joel").click()
    drawer = dana.locator("#drawer .drawer")
    expect(drawer.get_by_role("alert")).to_contain_text("4 of 4 places are taken")
    expect(said(dana)).to_have_class(re.compile(r"\bhidden\b"))  # it would lie over the drivers
    expect(drawer.get_by_label("Note for the crew")).to_have_value("Bring glov")
    dana.keyboard.press("Escape")
    note = open_drawer(dana, job).get_by_label("Note for the crew")
    expect(note).to_have_value("Bring glov")


def test_the_refresh_never_steals_the_focus(still: Page, job: Job, site: Site) -> None:
    focused = card(still, job).get_by_role("link")
    focused.focus()
    site.job(PENDING)
    site.move(job, READY)
    later(still)
    expect(card(still, job, READY)).to_be_visible()
    expect(focused).to_be_focused()


def test_the_refresh_puts_no_other_button_under_the_finger(
    still: Page, job: Job, site: Site
) -> None:
    card(still, job).get_by_role("button", name="Ready for Pickup").focus()
    site.move(job, READY)
    later(still)
    expect(card(still, job, READY)).to_be_focused()


def test_the_refresh_leaves_the_drivers_open_and_the_focus_on_the_same_one(
    still: Page, job: Job, site: Site
) -> None:
    pick(still, job).click()
    ana = card(still, job).get_by_role("button", name="Ana")
    ana.focus()
    site.move(job, READY)
    later(still)
    expect(card(still, job, READY)).to_be_visible()
    expect(ana).to_be_focused()

    site.change(site.stored(job), crew=Crew(driver="ana"))
    later(still)
    expect(ana).to_have_count(0)
    expect(card(still, job)).to_be_focused()


def test_a_new_booking_announces_itself(window: Window, site: Site) -> None:
    dana = window("dana")
    dana.add_init_script(COUNT_BEEPS)
    dana.goto("/dashboard/")
    dana.bring_to_front()
    name = "Mark the New"
    book(window(), name)
    expect(said(dana)).to_have_text(f"New booking: {name}")
    expect(said(dana)).to_have_attribute("aria-live", "polite")
    expect(dana).to_have_title("(1 new) Board · QuickDumpNow")
    expect(column(dana, PENDING).locator(".card.new")).to_contain_text(name)
    assert dana.evaluate("window.beeps") == 1
    dana.keyboard.press("Tab")
    expect(dana).to_have_title("Board · QuickDumpNow")


def test_a_new_booking_announces_itself_on_a_filtered_board_too(window: Window, site: Site) -> None:
    dana = window("dana", still=True)
    dana.add_init_script(COUNT_BEEPS)
    dana.goto("/dashboard/?q=Nobody+of+this+name")
    book(window(), "Mark the Hidden")
    later(dana)
    expect(said(dana)).to_have_text("New booking: Mark the Hidden")
    expect(dana).to_have_title("(1 new) Board · QuickDumpNow")
    assert dana.evaluate("window.beeps") == 1
    expect(dana.locator("#board .card")).to_have_count(0)


def test_a_booking_that_was_confirmed_by_itself_announces_itself(
    window: Window, site: Site
) -> None:
    dana = at_the_board(window, site)
    created = Event(at=now(), by="customer", what="created")
    job = site.job(BOOKED, history=(created,))
    expect(said(dana)).to_have_text(f"New booking: {job.customer_name}")
    expect(card(dana, job)).to_have_class(re.compile(r"\bnew\b"))


def test_the_sound_can_be_switched_off_for_good(window: Window, site: Site) -> None:
    dana = window("dana", still=True)
    dana.add_init_script(COUNT_BEEPS)
    dana.goto("/dashboard/")
    dana.get_by_label("Sound for new bookings").uncheck()
    dana.reload()
    expect(dana.get_by_label("Sound for new bookings")).not_to_be_checked()
    book(window(), "Mark the Silent")
    later(dana)
    expect(said(dana)).to_have_text("New booking: Mark the Silent")
    assert dana.evaluate("window.beeps") == 0


COUNT_BEEPS = """
window.beeps = 0;
const create = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  window.beeps += 1;
  return create.call(this);
};
"""


def test_a_half_typed_edit_does_not_undo_what_another_saved_meanwhile(
    still: Page, job: Job, window: Window, site: Site
) -> None:
    drawer = open_drawer(still, job)
    drawer.get_by_text("Edit the details").click()
    drawer.get_by_label("Truck").fill("T-1")
    other = at_the_board(window, site)
    theirs = open_drawer(other, job)
    theirs.get_by_text("Edit the details").click()
    theirs.get_by_label("Truck").fill("T-9")
    theirs.get_by_role("button", name="Save", exact=True).click()
    expect(theirs.locator(".facts")).to_contain_text("T-9")

    later(still)
    drawer.get_by_role("button", name="Show it as it is now").click()
    expect(drawer.locator(".facts")).to_contain_text("T-9")
    expect(drawer.get_by_label("Truck")).to_have_value("T-1")
    drawer.get_by_role("button", name="Save", exact=True).click()
    expect(drawer.get_by_role("alert")).to_contain_text(
        "Dana Whitfield has changed the truck to T-9"
    )
    assert site.stored(job).truck == "T-9"


# --- finding -----------------------------------------------------------------------------


def test_search_and_filters_are_in_the_address_and_survive_the_poll(
    window: Window, site: Site
) -> None:
    wanted = site.job(location="77 Filter Street", crew={"driver": "joel"})
    other = site.job(location="78 Filter Street")
    dana = at_the_board(window, site, still=True)
    dana.get_by_label("Search").fill("filter street")
    dana.get_by_label("Crew").select_option("joel")
    dana.get_by_role("button", name="Show", exact=True).click()
    expect(card(dana, other)).to_have_count(0)
    expect(card(dana, wanted)).to_be_visible()
    assert "q=filter+street" in dana.url
    assert "crew=joel" in dana.url

    mine = at_the_board(window, site, "joel")
    card(mine, wanted).get_by_role("button", name="Ready for Pickup").click()
    # By key: a tap on what has just come there would be taken for a slip.
    card(mine, other).get_by_role("button", name="Ready for Pickup").press("Enter")
    expect(card(mine, other, READY)).to_be_visible()
    later(dana)
    expect(card(dana, wanted, READY)).to_be_visible()
    expect(card(dana, other)).to_have_count(0)
    dana.reload()
    expect(dana.get_by_label("Search")).to_have_value("filter street")
    expect(card(dana, other)).to_have_count(0)
    dana.get_by_role("link", name="Show all").click()
    expect(card(dana, other)).to_be_visible()


def test_the_customers_link_is_copied(job: Job, window: Window, site: Site) -> None:
    dana = at_the_board(window, site, permissions=["clipboard-read", "clipboard-write"])
    drawer = open_drawer(dana, job)
    drawer.get_by_role("button", name="Copy").click()
    expect(drawer.get_by_role("button", name="Copied")).to_be_visible()
    copied = dana.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.url}/track/{job.tracking_token}"


# --- when things go wrong ----------------------------------------------------------------


def test_signed_out_elsewhere_the_board_goes_to_sign_in(
    window: Window, site: Site, browser: Browser
) -> None:
    site.sessions["ana, at home"] = sign_in(browser, site, "ana")
    board = at_the_board(window, site, "ana, at home", still=True)
    elsewhere = at_the_board(window, site, "ana, at home")
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(elsewhere.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    later(board)
    expect(board.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    assert "next=/dashboard/" in board.url


def test_a_half_typed_note_survives_the_end_of_the_session(still: Page, job: Job) -> None:
    open_drawer(still, job).get_by_label("Note for the crew").fill("Call the neigh")
    still.context.clear_cookies()
    later(still)
    sign_in_as(still, "dana")
    note = open_drawer(still, job).get_by_label("Note for the crew")
    expect(note).to_have_value("Call the neigh")
    still.reload()
    expect(open_drawer(still, job).get_by_label("Note for the crew")).to_have_value("")


def test_a_half_typed_note_is_not_shown_to_who_signs_in_next(still: Page, job: Job) -> None:
    open_drawer(still, job).get_by_label("Note for the crew").fill("Call the neigh")
    still.context.clear_cookies()
    later(still)
    sign_in_as(still, "joel")
    expect(open_drawer(still, job).get_by_label("Note for the crew")).to_have_value("")


def test_out_of_reach_the_board_says_so_and_heals(still: Page, job: Job) -> None:
    offline = still.get_by_text("We cannot reach the server.")
    cut_off(still)
    expect(offline).to_be_in_viewport()
    card(still, job).get_by_role("button", name="Ready for Pickup").click()
    expect(said(still)).to_contain_text("We could not reach the server.")
    card(still, job).get_by_role("link", name="Drawer").click()
    expect(still.locator("#drawer")).to_be_hidden()
    still.context.set_offline(False)
    expect(offline).to_be_hidden()
    card(still, job).get_by_role("button", name="Ready for Pickup").click()
    expect(card(still, job, READY)).to_be_visible()


def test_a_note_that_did_not_arrive_stays_typed(dana: Page, job: Job) -> None:
    drawer = open_drawer(dana, job)
    note = drawer.get_by_label("Note for the crew")
    note.fill("Bring gloves")
    dana.context.set_offline(True)
    drawer.get_by_role("button", name="Add note").click()
    expect(said(dana)).to_contain_text("We could not reach the server.")
    expect(note).to_have_value("Bring gloves")
    dana.context.set_offline(False)
    drawer.get_by_role("button", name="Add note").click()
    expect(drawer.locator(".notes")).to_contain_text("Bring gloves")


def test_a_server_that_never_answers_counts_as_gone(window: Window, site: Site) -> None:
    dana = at_the_board(window, site, still=True)
    dana.route("**/dashboard/board?*", lambda route: None)
    for _ in range(2):
        with dana.expect_event("requestfailed"):
            with dana.expect_request("**/dashboard/board?*"):
                later(dana)
            later(dana, 30)
    expect(dana.get_by_text("We cannot reach the server.")).to_be_visible()


def test_a_job_that_is_gone_says_so_and_opens_nothing(still: Page, job: Job) -> None:
    link = card(still, job).get_by_role("link", name="Drawer")
    link.evaluate("link => { link.href = '/dashboard/jobs/nosuchjob' }")
    link.click()
    expect(said(still)).to_contain_text("There is no such job")
    expect(still.locator("#drawer")).to_be_hidden()


# --- the desk at a glance ----------------------------------------------------------------

DESK = {"width": 1440, "height": 900}
IN_SIGHT = """cards => cards.filter(card => {
    const { top, bottom } = card.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
}).length"""


@pytest.fixture
def alone(site: Site) -> Iterator[None]:
    """Nothing else is on the board."""
    site.back_to([])
    yield
    site.back_to([])


@pytest.mark.usefixtures("alone")
def test_six_cards_of_a_column_are_in_sight_though_three_jobs_need_attention(
    window: Window, site: Site
) -> None:
    asked = {"messages_in": (MessageIn(at=now(), text="Is tomorrow still on? " * 9),)}
    site.many_jobs(3, status=BOOKED, **asked)
    site.many_jobs(9, status=READY)
    dana = at_the_board(window, site, viewport=DESK)
    expect(dana.get_by_role("link", name="Answer it")).to_have_count(3)
    for status, at_least in ((BOOKED, 3), (READY, 6)):
        assert column(dana, status).locator(".card").evaluate_all(IN_SIGHT) >= at_least
    assert dana.evaluate("document.documentElement.scrollWidth") == DESK["width"]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("viewport", [DESK, {"width": 390, "height": 844}])
def test_the_columns_headings_stay_in_sight(
    window: Window, site: Site, viewport: dict[str, int]
) -> None:
    *_, last = site.many_jobs(20, status=BOOKED)
    dana = at_the_board(window, site, viewport=viewport)
    card(dana, last).scroll_into_view_if_needed()
    expect(card(dana, last)).to_be_in_viewport(ratio=1)
    heading = column(dana, BOOKED).get_by_role("heading", level=2)
    expect(heading).to_be_in_viewport(ratio=0.9)


def test_the_whole_card_opens_its_drawer(dana: Page, job: Job) -> None:
    card(dana, job).get_by_text(job.location).click()
    expect(dana.locator("#drawer h2")).to_have_text(job.customer_name)
    dana.keyboard.press("Escape")
    pick(dana, job).click()
    expect(card(dana, job).get_by_role("button", name="Ana")).to_be_visible()
    expect(dana.locator("#drawer")).to_be_hidden()


@pytest.mark.parametrize(("who", "held"), [("dana", "Alt"), ("vic", "")])
def test_its_text_can_be_selected(
    window: Window, site: Site, job: Job, who: str, held: str
) -> None:
    """With Alt where a drag would move it; what was selected opens nothing."""
    page = at_the_board(window, site, who)
    where = card(page, job).get_by_text(job.location)
    where.hover()  # which waits until it stands still
    box = where.bounding_box()
    assert box
    if held:
        page.keyboard.down(held)
    page.mouse.move(box["x"] + 1, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 8, steps=5)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").strip() in job.location
    assert page.evaluate("getSelection().isCollapsed") is False
    expect(page.locator("#drawer")).to_be_hidden()


def test_the_cancelled_stay_as_they_were_folded(still: Page, site: Site) -> None:
    gone = site.job(CANCELLED, finished_at=now())
    later(still)
    expect(column(still, CANCELLED).locator(".count")).to_contain_text("1")
    expect(card(still, gone)).to_be_hidden()
    column(still, CANCELLED).locator("summary").click()
    expect(card(still, gone)).to_be_visible()
    another = site.job(CANCELLED, finished_at=now())
    later(still)
    expect(card(still, another)).to_be_visible()


def test_the_days_are_stepped_through_by_keyboard(window: Window, site: Site) -> None:
    job, other = site.job(location="1 Step Lane"), site.job(location="1 Step Lane", window=None)
    dana = window("dana")
    dana.goto("/dashboard/?q=Step+Lane")
    assert job.window
    for _ in range(2):
        dana.get_by_role("navigation", name="Day").get_by_role("link").nth(2).focus()
        with dana.expect_navigation():
            dana.keyboard.press("Enter")
    expect(dana.get_by_role("heading", level=1)).to_contain_text(f"{job.window.date:%b %-d}")
    expect(card(dana, job)).to_be_visible()
    expect(card(dana, other)).to_have_count(0)
    dana.get_by_role("link", name="All open jobs").press("Enter")
    expect(card(dana, other)).to_be_visible()
    expect(dana.get_by_label("Search")).to_have_value("Step Lane")


@pytest.mark.usefixtures("alone")
def test_what_needs_attention_comes_and_goes_with_the_poll(
    window: Window, site: Site, job: Job
) -> None:
    """What was unfolded stays so, and the focus stays where it was."""
    asked = (MessageIn(at=now(), text="Is tomorrow still on?"),)
    first, *_ = site.many_jobs(6, status=BOOKED, messages_in=asked)
    dana = at_the_board(window, site, still=True)
    dana.locator(".attention summary").click()
    link = dana.locator(f'.attention [data-job="{first.id}"] a')
    link.focus()
    late = site.job(messages_in=asked)
    later(dana)
    expect(dana.locator(f'.attention [data-job="{late.id}"]')).to_be_visible()
    expect(link).to_be_focused()
    dana.keyboard.press("Enter")
    expect(dana.locator("#drawer h2")).to_have_text(first.customer_name)


def test_a_tick_stands_for_the_card_as_it_was_ticked(still: Page, job: Job, site: Site) -> None:
    """A refresh in between does not let the second dispatcher overwrite the first unasked."""
    card(still, job).get_by_role("checkbox").check(force=True)
    site.assign(job, "ana")
    later(still)
    expect(card(still, job).locator(".chip")).to_contain_text("Ana")

    still.locator("#several summary", has_text="Assign").click()
    still.locator("#several").get_by_label("Driver").select_option("joel")
    assign = still.get_by_role("button", name="Assign", exact=True)
    assign.click()
    expect(still.locator(".told")).to_contain_text("Joel Ramirez has changed")
    assert site.stored(job).crew.driver == "ana"
    expect(card(still, job).get_by_role("checkbox")).to_have_value(f"{job.id}/2")
    assign.click()  # knowing that by now
    expect(still.locator(".told")).to_contain_text("1 job is done.")
    assert site.stored(job).crew.driver == "joel"
