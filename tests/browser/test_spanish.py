"""Ana's pickup in Spanish, on a phone, without JavaScript: from the booking form to the receipt."""

from decimal import Decimal

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import Page, expect

from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment
from tests.browser.conftest import Window
from tests.browser.site import Site, choose_day, time_of_day
from tests.browser.test_axe import sideways
from tests.test_translations import catalogue

pytestmark = pytest.mark.long
PHONE = {"width": 390, "height": 844}
SMALLEST = {"width": 320, "height": 640}
SENTENCES = [
    entry.words
    for entry in catalogue("es")
    if " " in entry.words and "%" not in entry.words and entry.words != entry.said[0]
]


def es(words: str) -> str:
    """As the catalogue has it."""
    with override("es"):
        said = gettext(words)
    assert said != words
    return said


def is_spanish(page: Page) -> None:
    """All of it, and nothing beyond the edge of a small phone."""
    assert page.locator("html").get_attribute("lang") == "es"
    text = " ".join(page.locator("body").inner_text().split())
    assert [each for each in SENTENCES if f" {each} " in f" {text} "] == []
    page.set_viewport_size(SMALLEST)
    assert sideways(page) <= 0
    page.set_viewport_size(PHONE)
    assert sideways(page) <= 0


def test_the_whole_story(window: Window, site: Site) -> None:
    ana = window(locale="es-MX", java_script_enabled=False, viewport=PHONE)
    ana.goto("/")
    is_spanish(ana)
    ana.get_by_role("main").get_by_role("link", name=es("Book a pickup")).click()
    is_spanish(ana)
    ana.get_by_role("button", name=es("Request this pickup")).click()
    is_spanish(ana)  # and says what it lacks
    expect(ana.get_by_text(es("Please tell us your name."))).to_be_visible()
    ana.locator("[name=load][value=half]").check()
    choose_day(ana, 5)
    time_of_day(ana, "morning").check()
    ana.locator("[name=location]").fill("9230 Soderblom Ave")
    ana.locator("[name=customer_name]").fill("Ana Núñez")
    ana.locator("[name=phone]").fill("(619) 555-0142")
    ana.get_by_role("button", name=es("Request this pickup")).click()
    ana.wait_for_url("**/track/*")
    is_spanish(ana)
    tracking = ana.url.partition("?")[0]
    (job,) = site.all_jobs()
    assert job.language == "es"

    site.change(job, status=Status.BOOKED)
    ana.goto(tracking)
    ana.get_by_role("link", name=es("Choose another day or time")).click()
    is_spanish(ana)
    ana.locator("[name=window]:enabled").nth(1).check()
    ana.get_by_role("button", name=es("Take this time")).click()
    is_spanish(ana)
    moved = site.stored(job)
    assert moved.window != job.window

    ana.get_by_role("link", name=es("Send a gate code or a message")).click()
    is_spanish(ana)
    ana.get_by_label(es("Your message")).fill("El piano se queda.")
    ana.get_by_role("button", name=es("Send")).click()
    is_spanish(ana)
    expect(ana.get_by_text("El piano se queda.")).to_be_visible()

    ana.get_by_role("button", name=es("I'm ready for pickup")).click()
    is_spanish(ana)
    assert site.stored(job).status is Status.READY_FOR_PICKUP

    for status in (Status.IN_PROGRESS, Status.COMPLETED):
        site.move(job, status)
        ana.reload()
        is_spanish(ana)
    paid = Payment(id="p1", amount=Decimal(320), method="cash", at=site.now(), by="joel")
    site.change(site.stored(job), payments=(paid,))
    ana.reload()
    ana.get_by_role("link", name=es("Receipt")).click()
    is_spanish(ana)
    expect(ana.get_by_role("heading", name=es("Receipt"))).to_be_visible()


def test_the_switch_needs_no_cookie_and_keeps_nothing(window: Window, site: Site) -> None:
    page = window(viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Español").click()
    page.get_by_role("main").get_by_role("link", name=es("Book a pickup")).click()
    is_spanish(page)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.context.cookies() == []


def test_what_is_shown_is_followed_in_its_language(window: Window, site: Site) -> None:
    """The script asks for the page's own language, and the button keeps it."""
    job = site.job(Status.BOOKED)
    page = window(still=True, viewport=PHONE)
    page.goto(f"/track/{job.tracking_token}?language=es")
    expect(page).to_have_url(f"{site.url}/track/{job.tracking_token}?language=es")
    with page.expect_response("**/live?language=es&r=*"):
        page.clock.fast_forward(11_000)
    is_spanish(page)
    page.get_by_role("button", name=es("Write to me in this language from now on")).click()
    page.wait_for_url(f"**/track/{job.tracking_token}?**")
    assert site.stored(job).language == "es"
    page.goto(f"/track/{job.tracking_token}")
    is_spanish(page)
