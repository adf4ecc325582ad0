"""The story of Mark, Soderblom Ave, $600: from the booking form to “All done”."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from dispatch.domain.status import Status
from tests.aws import aws_environment
from tests.browser.conftest import Window, later
from tests.browser.site import Site, book, column
from tests.moto_server import make_bucket, running_moto
from tests.serving import serving

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its jobs are in S3."""
    folder = tmp_path_factory.mktemp("story")
    with running_moto() as endpoint:
        bucket = make_bucket(endpoint, "story")
        env = aws_environment(endpoint) | {"QDN_JOBS_URL": f"s3://{bucket}/jobs.json"}
        with serving(folder, **env) as url:
            yield Site(url, folder)


def test_mark_follows_his_pickup_without_reloading(window: Window) -> None:
    mark, dana, joel = window(still=True), window("dana", still=True), window("joel", still=True)
    tracking = book(mark, "Mark")
    expect(mark.get_by_text("$600")).to_be_visible()
    watching = window(still=True)
    watching.goto(tracking)
    watching.evaluate("window.neverLeft = true")
    follows(watching, "We have your request")

    dana.goto("/dashboard/")
    step(dana, "Mark", Status.PENDING)
    follows(watching, "Confirmed for")

    column(dana, Status.BOOKED).get_by_role("link", name="Drawer").click()
    drawer = dana.locator("#drawer .drawer")
    drawer.get_by_label("Who drives?").select_option("joel")
    drawer.get_by_role("button", name="Assign", exact=True).click()
    expect(drawer.locator(".said")).to_have_text("Crew saved.")
    later(watching)
    expect(watching.locator(".facts").get_by_text("Joel")).to_be_visible()

    later(mark)
    mark.get_by_role("button", name="I'm ready for pickup").click()
    follows(mark, "You are ready, and we know")
    follows(watching, "You are ready, and we know")
    later(dana)
    expect(column(dana, Status.READY_FOR_PICKUP).get_by_text("Soderblom")).to_be_visible()

    joel.goto("/dashboard/?crew=joel")
    step(joel, "Mark", Status.READY_FOR_PICKUP)
    follows(watching, "We are at work")
    step(joel, "Mark", Status.IN_PROGRESS)
    follows(watching, "Done on")
    expect(watching.locator(".step.done, .step.current")).to_have_count(5)
    assert watching.evaluate("window.neverLeft"), "the page was loaded again"


def test_the_same_without_javascript(window: Window) -> None:
    mark, dana, joel = (window(who, java_script_enabled=False) for who in ("", "dana", "joel"))
    name = "Mark the Plain"
    tracking = book(mark, name)
    expect(mark.get_by_role("heading", name="We have your request")).to_be_visible()

    dana.goto(f"/dashboard/?q={name}")
    step(dana, name, Status.PENDING)
    expect(dana.locator(".notice:not([hidden])")).to_contain_text("Moved to “Booking Confirmed”.")
    dana.get_by_role("link", name="Drawer").click()
    dana.get_by_label("Who drives?").select_option("joel")
    dana.get_by_role("button", name="Assign", exact=True).click()
    expect(dana.locator(".notice:not([hidden])")).to_contain_text("Crew saved.")

    mark.goto(tracking)
    expect(mark.locator(".facts").get_by_text("Joel")).to_be_visible()
    mark.get_by_role("button", name="I'm ready for pickup").click()
    expect(mark.get_by_role("heading", name="You are ready, and we know")).to_be_visible()

    joel.goto(f"/dashboard/?q={name}")
    step(joel, name, Status.READY_FOR_PICKUP)
    mark.reload()
    expect(mark.get_by_role("heading", name="We are at work")).to_be_visible()
    step(joel, name, Status.IN_PROGRESS)
    mark.reload()
    expect(mark.get_by_role("heading", name="Done on")).to_be_visible()


def step(page: Page, name: str, start: Status) -> None:
    """Take the job one step on, with the button on its card, and see it arrive."""
    assert start.next
    card = column(page, start).locator(".card", has_text=name)
    card.get_by_role("button", name=start.next.label).click()
    expect(column(page, start.next).get_by_text(name, exact=True)).to_be_visible()


def follows(page: Page, heading: str) -> None:
    later(page)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
