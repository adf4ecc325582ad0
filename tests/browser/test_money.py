"""A price that is agreed on site, and a payment: on the driver's phone and on the customer's."""

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from dispatch.domain.job import Crew
from dispatch.domain.visit.money import PriceLine
from tests.browser.conftest import Window, later
from tests.browser.site import Site, open_drawer
from tests.browser.test_phone import PHONE, sideways

pytestmark = pytest.mark.long
TOUCH = 48  # pixels: what a gloved thumb hits
LINES = (PriceLine("Half load", Decimal(320)), PriceLine("2 × Mattress", Decimal(80)))
JOELS: dict[str, Any] = {"crew": Crew(driver="joel"), "price_lines": LINES}


def price_form(drawer: Locator) -> Locator:
    drawer.get_by_text("Change the price", exact=True).tap()
    return drawer.locator(".offer form")


def offer_stairs(phone: Page, drawer: Locator) -> None:
    """A line of 25.50 more, and one hot tub."""
    form = price_form(drawer)
    form.get_by_label("What it is for").nth(2).fill("Stairs")
    form.get_by_label("Amount").nth(2).fill("25.50")
    form.get_by_label("Hot tub").fill("1")
    expect(form.get_by_role("status")).to_have_text("$775.50")
    form.get_by_role("button", name="Offer it").tap()
    expect(drawer.locator(".asked-price")).to_have_text("$775.50")


def at_its_page(window: Window, site: Site) -> tuple[Page, Locator]:
    """Joel at the page of a job of his, and its form for another price."""
    job = site.job(**JOELS)
    phone = window("joel", **PHONE)
    phone.goto(f"/dashboard/jobs/{job.id}")
    return phone, price_form(phone.locator(".drawer"))


def large_enough(part: Locator) -> None:
    for control in part.locator("button:visible, .choice:visible, input:visible").all():
        if control.get_attribute("type") == "radio":
            continue  # its label is pressed
        box = control.bounding_box()
        assert box
        assert box["height"] >= TOUCH, control.evaluate("it => it.outerHTML")


def test_the_customer_says_yes_on_the_drivers_phone(window: Window, site: Site) -> None:
    job = site.job(**JOELS)
    phone = window("joel", **PHONE)
    phone.goto("/dashboard/")
    drawer = open_drawer(phone, job)
    offer_stairs(phone, drawer)
    asked = drawer.locator(".asked")
    large_enough(asked)
    assert sideways(phone) <= 0
    expect(asked.locator("li")).to_have_text(
        ["Half load $320", "2 × Mattress $80", "Stairs $25.50", "Hot tub $350"]
    )
    asked.get_by_role("button", name="They say yes").tap()
    assert site.stored(job).price == 400, "a yes without a name is none"
    asked.get_by_label("Customer's name").fill("Mark S.")
    asked.get_by_role("button", name="They say yes").tap()
    expect(drawer.locator(".said")).to_have_text("They said yes: the price is $775.50.")
    stored = site.stored(job)
    assert (str(stored.price), len(stored.price_lines)) == ("775.50", 4)

    customer = window()
    customer.goto(f"/track/{job.tracking_token}")
    expect(customer.get_by_text("Mark S. agreed to $775.50")).to_be_visible()

    # Right after the answer a tap there would be meant for what was there before.
    drawer.locator(".pay-form > summary").press("Enter")
    pay = drawer.locator(".pay")
    large_enough(pay.locator("> form"))
    expect(pay.get_by_label("Amount")).to_have_value("775.50")
    pay.get_by_label("Amount").fill("800")
    pay.get_by_text("Card terminal").tap()
    pay.get_by_role("button", name="Take payment").tap()
    expect(drawer.locator(".said")).to_have_text("Only $775.50 is open. Is all of it to be taken?")
    drawer.get_by_role("button", name="Do it all the same").tap()
    expect(drawer.locator(".said")).to_have_text("Took $800: nothing is open any more.")
    assert [(int(each.amount), each.method) for each in site.stored(job).payments] == [
        (800, "card"),
    ]


def test_the_customer_says_yes_on_their_own_page(window: Window, site: Site) -> None:
    job = site.job(**JOELS)
    customer = window(still=True, viewport=PHONE["viewport"])
    customer.goto(f"/track/{job.tracking_token}")
    phone = window("joel", **PHONE)
    phone.goto("/dashboard/")
    offer_stairs(phone, open_drawer(phone, job))
    later(customer)
    asked = customer.locator(".asked")
    expect(asked.locator(".asked-price")).to_have_text("$775.50")
    assert sideways(customer) <= 0
    later(customer, 2)  # a tap right after it came would be meant for something else
    asked.get_by_role("button", name="Yes, $775.50 is fine").click()
    expect(customer.get_by_text("You agreed to $775.50")).to_be_visible()
    quote = site.stored(job).quote
    assert quote
    assert quote.answered_by == "customer"


def test_an_offer_that_waits_for_reception_is_shown_to_the_customer_all_the_same(
    window: Window, site: Site
) -> None:
    """Whoever queues the form says so; the yes is then of that offer's id."""
    phone, form = at_its_page(window, site)
    form.get_by_label("What it is for").nth(2).fill("Neighbour's help")
    form.get_by_label("Amount").nth(2).fill("-20")
    form.get_by_label("Mattress", exact=False).fill("2")
    quote_id = form.locator("[name=id]").input_value()
    form.evaluate("it => it.dispatchEvent(new CustomEvent('queued', { bubbles: true }))")
    asked = phone.locator(".asked")
    expect(asked.locator(".asked-price")).to_have_text("$460")
    expect(asked.locator("li")).to_have_text(
        ["Half load $320", "2 × Mattress $80", "Neighbour's help -$20", "2 × Mattress $80"]
    )
    expect(asked.locator("[name=id]")).to_have_value(quote_id)
    expect(form.locator("[name=id]")).not_to_have_value(quote_id)


def test_what_is_no_amount_is_said_before_the_customer_is_asked(window: Window, site: Site) -> None:
    job = site.job(**JOELS)
    phone = window("joel", **PHONE)
    phone.goto("/dashboard/")
    drawer = open_drawer(phone, job)
    form = price_form(drawer)
    label, amount = form.get_by_label("What it is for").nth(2), form.get_by_label("Amount").nth(2)
    label.fill("Stairs")
    assert not form.evaluate("it => it.checkValidity()")
    amount.fill("abc")
    unread = amount.evaluate("it => it.validationMessage")
    assert unread == "That is no amount of money."
    amount.fill("\N{EN DASH}25.50")
    expect(form.get_by_role("status")).to_have_text("$374.50")
    label.fill("")
    assert not form.evaluate("it => it.checkValidity()")
    label.fill("Stairs")
    form.get_by_role("button", name="Offer it").tap()
    expect(drawer.locator(".asked-price")).to_have_text("$374.50")


def test_an_offer_that_cannot_be_read_is_not_shown_to_the_customer(
    window: Window, site: Site
) -> None:
    """The server says why not."""
    phone, form = at_its_page(window, site)
    form.get_by_label("Mattress", exact=False).fill("two")
    form.evaluate("it => it.dispatchEvent(new CustomEvent('queued', { bubbles: true }))")
    expect(phone.locator(".asked")).to_have_count(0)


def test_each_line_that_is_begun_is_followed_by_an_empty_one_and_drafts_keep_theirs(
    window: Window, site: Site
) -> None:
    job = site.job(**JOELS)
    phone = window("joel", **PHONE)
    phone.goto("/dashboard/")
    drawer = open_drawer(phone, job)
    form = price_form(drawer)
    lines = form.locator(".line")
    expect(lines).to_have_count(5)
    form.get_by_label("What it is for").nth(4).fill("Stairs")
    expect(lines).to_have_count(6)
    form.get_by_label("What it is for").nth(4).fill("")
    form.get_by_label("What it is for").nth(3).fill("Long way")
    form.get_by_label("Amount").nth(3).fill("30")
    drawer.get_by_label("Note for the crew").fill("The gate sticks")
    drawer.get_by_role("button", name="Add note").tap()
    expect(drawer.locator(".said")).to_have_text("Note added.")
    expect(form.get_by_label("What it is for").nth(3)).to_have_value("Long way")
    expect(form.get_by_label("Amount").nth(3)).to_have_value("30")
    expect(form.get_by_label("Amount").nth(0)).to_have_value("320")


def test_a_dispatcher_takes_a_payment_back(window: Window, site: Site) -> None:
    job = site.job(**JOELS)
    dana = window("dana", **PHONE)
    dana.goto(f"/dashboard/jobs/{job.id}")
    drawer = dana.locator(".drawer")
    drawer.get_by_text("Payments", exact=True).tap()
    drawer.get_by_text("Cash", exact=True).tap()
    drawer.get_by_role("button", name="Take payment").tap()
    expect(dana.get_by_text("nothing is open any more")).to_be_visible()
    drawer.get_by_text("Payments", exact=True).tap()
    drawer.get_by_text("Take it back…").tap()
    drawer.locator(".take-back").get_by_label("Why").fill("wrong job")
    drawer.locator(".take-back").get_by_role("button", name="Take it back").tap()
    expect(dana.get_by_text("The payment is taken back")).to_be_visible()
    assert site.stored(job).paid is None


def test_lines_that_were_typed_and_not_sent_are_there_again_with_back(
    window: Window, site: Site
) -> None:
    """Each in its place, though their fields have one name."""
    phone, form = at_its_page(window, site)
    form.get_by_label("What it is for").nth(2).fill("Stairs")
    form.get_by_label("Amount").nth(2).fill("25.50")
    phone.get_by_role("link", name="Schedule").click()
    expect(phone).to_have_url(re.compile("/schedule/"))
    phone.go_back()
    form = phone.locator(".offer form")
    expect(form.get_by_label("Amount").nth(2)).to_have_value("25.50")
    expect(form.get_by_label("Amount").nth(0)).to_have_value("320")
    expect(form.get_by_label("What it is for").nth(2)).to_have_value("Stairs")
    expect(form.get_by_label("What it is for").nth(1)).to_have_value("2 × Mattress")
