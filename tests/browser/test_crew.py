"""The crew as a dispatcher keeps it, and what a driver gets to see."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from dispatch.domain.job import Crew, Window
from tests.browser.conftest import Window as Open
from tests.browser.site import Site, card, now, open_drawer, pick
from tests.making import BUSINESS
from tests.serving import ROOT, serving

pytestmark = pytest.mark.long
CREW = "/dashboard/crew/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A business that keeps its prices from the crew."""
    folder = tmp_path_factory.mktemp("crew")
    shipped = (ROOT / "qdn_site" / "businesses.toml").read_text(encoding="utf-8")
    assert "crew_see_prices = true" in shipped
    businesses = folder / "businesses.toml"
    businesses.write_text(shipped.replace("crew_see_prices = true", "crew_see_prices = false"))
    settings = {"QDN_BUSINESSES": str(businesses)}
    with serving(folder, **settings) as url:
        yield Site(url, folder)


def today() -> Window:
    return BUSINESS.windows[-1].on(BUSINESS.today(now()))


def day(name: str, ahead: int) -> str:
    """The name of a day's button, up to what it says."""
    at = BUSINESS.today(now()) + timedelta(days=ahead)
    return f"{name}, {at:%a, %b} {at.day}:"


def show_month(page: Page, ahead: int) -> None:
    page.goto(f"{CREW}?month={BUSINESS.today(now()) + timedelta(days=ahead):%Y-%m}")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_three_roles_are_assigned_and_come_back_from_who_is_sick(
    window: Open, site: Site, scripts: bool
) -> None:
    first, second = (site.job(window=today()) for _ in range(2))
    dana = window("dana", java_script_enabled=scripts)
    for job in (first, second):
        dana.goto(f"/dashboard/jobs/{job.id}")
        dana.locator(".crew-form summary").click()
        for role, who in (("Driver", "joel"), ("First mate", "ana"), ("Supervisor", "dana")):
            dana.get_by_label(role).select_option(who)
        dana.get_by_role("button", name="Save crew").click()
        expect(dana.get_by_text("Crew saved.")).to_be_visible()
        assert site.stored(job).crew == Crew(driver="joel", first_mate="ana", supervisor="dana")

    dana.goto(CREW)
    dana.get_by_role("row", name="Joel Ramirez").get_by_role("link", name="Sick?").click()
    dana.get_by_role("button", name="Sick today").click()
    expect(dana.get_by_text("Joel Ramirez is away today; 2 jobs came back.")).to_be_visible()
    for job in (first, second):
        expect(dana.get_by_role("link", name=job.customer_name)).to_be_visible()
        assert site.stored(job).crew == Crew(first_mate="ana", supervisor="dana")
    dana.get_by_role("link", name=first.customer_name).click()
    expect(dana.get_by_role("heading", name=first.customer_name)).to_be_visible()

    dana.goto(f"{CREW}joel/")
    dana.get_by_label("From").fill(BUSINESS.today(now()).isoformat())
    dana.get_by_role("button", name="Set as free").click()
    expect(dana.get_by_text("Joel Ramirez is free again")).to_be_visible()


def test_a_driver_is_picked_on_the_card_and_a_refusal_opens_the_drawer(
    window: Open, site: Site
) -> None:
    job, dana = site.job(), window("dana")
    dana.goto("/dashboard/")
    pick(dana, job).click()
    card(dana, job).get_by_role("button", name="Ana").click()
    expect(card(dana, job)).to_contain_text("Ana Kealoha")
    assert site.stored(job).crew.driver == "ana"

    full = [site.job(crew=Crew(driver="joel")) for _ in range(BUSINESS.jobs_per_window)]
    assert full
    dana.goto("/dashboard/")
    pick(dana, job).click()
    card(dana, job).get_by_role("button", name="Joel").click()
    drawer = dana.locator("#drawer .drawer")
    expect(drawer.get_by_role("alert")).to_contain_text("4 of 4 places are taken")
    drawer.get_by_role("button", name="Do it all the same").click()
    expect(drawer.locator(".said")).to_have_text("Crew saved.")
    assert site.stored(job).crew.driver == "joel"


def test_the_month_is_kept_by_click_and_by_arrow_keys(window: Open) -> None:
    dana = window("dana")
    show_month(dana, 1)
    button = dana.get_by_role("button", name=day("Joel", 1))
    button.click()
    expect(button).to_have_accessible_name(f"{day('Joel', 1)} away")
    expect(button).to_have_text("away")
    expect(button).to_be_focused()
    dana.keyboard.press("ArrowDown")
    below = dana.get_by_role("button", name=day("Vic", 1))
    expect(below).to_be_focused()
    dana.keyboard.press("Enter")
    expect(below).to_have_text("away")
    dana.reload()
    expect(button).to_have_text("away")
    button.click()
    expect(button).to_have_accessible_name(f"{day('Joel', 1)} free")
    below.click()
    expect(below).to_have_accessible_name(f"{day('Vic', 1)} free")


def test_of_the_month_only_trouble_is_shown_whatever_a_member_is_called(window: Open) -> None:
    """“Wendy, Mon, May 25: away” is spoken alone: the page shows it already."""
    dana = window("dana")
    dana.goto(f"{CREW}new")
    dana.get_by_label("Name", exact=True).fill("Wendy Moss")
    dana.get_by_label("Signs in as").fill("wendy")
    dana.get_by_role("button", name="Add them").click()
    expect(dana.get_by_text("Wendy Moss is on the roster.")).to_be_visible()
    show_month(dana, 3)
    button, told = dana.get_by_role("button", name=day("Wendy", 3)), dana.locator("#told")
    button.click()
    expect(told).to_have_text(f"{day('Wendy', 3)} away")
    expect(told).to_have_class("hidden")
    dana.route("**/days?**", lambda route: route.abort())
    button.click()
    expect(told).to_contain_text("We could not reach the server.")
    expect(told).not_to_have_class("hidden")


def test_the_month_needs_no_script(window: Open) -> None:
    dana = window("dana", java_script_enabled=False)
    show_month(dana, 2)
    button = dana.get_by_role("button", name=day("Vic", 2))
    button.click()
    expect(dana.get_by_text("Vic Tran is away")).to_be_visible()
    expect(button).to_have_text("away")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_of_the_crews_pages_is_beyond_the_edge(window: Open, width: int) -> None:
    dana = window("dana", viewport={"width": width, "height": 844})
    for path in (CREW, f"{CREW}joel/", f"{CREW}new", "/dashboard/account/"):
        dana.goto(path)
        beyond = dana.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, path


def test_a_driver_sees_only_what_a_driver_should(window: Open, site: Site) -> None:
    """Own jobs and those that nobody drives; no prices here; nothing of the dispatcher's."""
    mine, anas, nobodys = (site.job(crew=Crew(driver=driver)) for driver in ("joel", "ana", None))
    joel = window("joel")
    joel.goto("/dashboard/")
    expect(card(joel, mine)).to_be_visible()
    expect(card(joel, nobodys)).to_be_visible()
    expect(card(joel, anas)).to_have_count(0)
    assert "$" not in joel.locator("main").inner_text()
    expect(pick(joel, mine)).to_have_count(0)
    expect(joel.get_by_role("navigation").get_by_role("link", name="Crew")).to_have_count(0)
    drawer = open_drawer(joel, mine)
    expect(drawer.get_by_role("button", name="Add note")).to_be_visible()
    expect(drawer.get_by_role("button", name="Save crew")).to_have_count(0)
    assert "$" not in drawer.inner_text()
    for path in (f"/dashboard/jobs/{anas.id}", CREW):
        answer = joel.goto(path)
        assert answer
        assert answer.status in (403, 404)
