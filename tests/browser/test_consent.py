"""A tick that says what a customer agreed to is never put back by the page itself."""

import pytest
from playwright.sync_api import expect

from dispatch.domain.job import Consent
from tests.browser.conftest import Window
from tests.browser.site import Site, open_drawer
from tests.making import NOON

pytestmark = pytest.mark.long
LABEL = "They agreed to text messages"
AGREED = {"sms": Consent(at=NOON, by="customer", words="May we text you?")}


@pytest.mark.parametrize("had", [True, False])
def test_a_tick_that_was_not_sent_yet_outlives_a_note(
    window: Window, site: Site, had: bool
) -> None:
    job = site.job(phone="+16195550142", **({"consent": AGREED} if had else {}))
    dana = window("dana")
    dana.goto("/dashboard/")
    drawer = open_drawer(dana, job)
    drawer.get_by_text("Edit the details", exact=True).click()
    tick = drawer.get_by_label(LABEL)
    expect(tick).to_be_checked(checked=had)
    tick.click()
    drawer.get_by_label("Note for the crew").fill("The gate sticks")
    drawer.get_by_role("button", name="Add note").click()
    expect(drawer.locator(".said")).to_have_text("Note added.")
    expect(tick).to_be_checked(checked=not had)
    drawer.locator(".edit-form").get_by_role("button", name="Save").click()
    expect(drawer.locator(".said")).to_have_text("Saved.")
    assert bool(next(each for each in site.all_jobs() if each.id == job.id).consent) is not had
