"""A refresh of the board touches the cards that have changed, and nothing else."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from dispatch.domain.status import Status
from tests.browser.conftest import Window, later
from tests.browser.site import Site, card, now, pick

pytestmark = pytest.mark.long
MARK = "for (const card of document.querySelectorAll('#board .card')) card.marked = true"
MARKED = "[...document.querySelectorAll('#board .card')].filter(it => it.marked).map(it => it.id)"
SCROLL = "document.querySelector('.columns').scrollTop = 30"
SCROLLED = "(it => [scrollY, it.scrollTop, it.scrollLeft])(document.querySelector('.columns'))"
COLUMNS = """[...document.querySelectorAll(".column")].map(
    column => [...column.querySelectorAll(".card")].map(card => card.id)
)"""
ID_AND_ETAG = r'(id|data-etag)="([^"]*)"'
WATCH = """changed => {
    window.touched = [];
    const observer = new MutationObserver(records => {
        for (const { target, removedNodes, addedNodes } of records)
            if (!target.closest(changed))
                touched.push(...[...removedNodes, ...addedNodes].map(node => node.id));
    });
    for (const list of document.querySelectorAll(".cards"))
        observer.observe(list, { childList: true, subtree: true });
}"""


@pytest.fixture(autouse=True)
def nothing_else(site: Site) -> Iterator[None]:
    yield
    site.back_to([])


def test_one_changed_card_of_thousands_is_all_that_is_touched(window: Window, site: Site) -> None:
    some_hours_ago = now() - timedelta(hours=5)  # its age must not turn meanwhile
    job = site.job(created_at=some_hours_ago)
    vic = window("vic", still=True)
    vic.goto("/dashboard/")
    html = vic.request.get("/dashboard/").text()
    part = html[html.index('<div\n  class="board"') : html.index('<div id="toasts">')]
    shown = re.search(r'<li\s+class="card.*?</li>', part, re.DOTALL)
    assert shown
    cards = [re.sub(ID_AND_ETAG, rf'\1="\g<2>{number}"', shown[0]) for number in range(3000)]

    def answer(route: Route) -> None:
        route.fulfill(body=part.replace(shown[0], "".join(cards)), content_type="text/html")

    vic.route("**/dashboard/board?*", answer)
    later(vic)
    expect(vic.locator("#board .card")).to_have_count(3000)
    changed = f"#job-{job.id}1500"
    vic.evaluate(WATCH, changed)
    cards[1500] = (
        cards[1500].replace('data-etag="', 'data-etag="new').replace(job.location, "9 Elsewhere")
    )
    later(vic)
    expect(vic.locator(changed)).to_contain_text("9 Elsewhere")
    assert vic.evaluate("touched") == [changed.removeprefix("#")] * 2


def test_what_has_not_changed_stays_as_it_was_left(window: Window, site: Site) -> None:
    kept, changed, moved, gone, *others = site.many_jobs(9, status=Status.BOOKED)
    dana = window("dana", still=True, viewport={"width": 390, "height": 500})
    dana.goto("/dashboard/")
    pick(dana, kept).click()
    ana = card(dana, kept).get_by_role("button", name="Ana")
    ana.focus()
    dana.evaluate(SCROLL)
    scrolled = dana.evaluate(SCROLLED)
    assert all(scrolled)
    dana.evaluate(MARK)

    site.change(changed, location="9 Elsewhere")
    site.change(moved, status=Status.READY_FOR_PICKUP)
    site.back_to([job for job in site.all_jobs() if job.id != gone.id])
    new = site.job(Status.PENDING)
    later(dana)

    expect(card(dana, new, Status.PENDING)).to_be_visible()
    expect(card(dana, moved, Status.READY_FOR_PICKUP)).to_be_visible()
    expect(card(dana, changed, Status.BOOKED)).to_contain_text("9 Elsewhere")
    expect(card(dana, gone)).to_have_count(0)
    assert dana.evaluate(MARKED) == [f"job-{job.id}" for job in (kept, *others)]
    expect(ana).to_be_focused()
    assert dana.evaluate(SCROLLED) == scrolled
    assert_as_loaded_anew(dana)


def test_cards_whose_order_changes_are_put_in_order(window: Window, site: Site) -> None:
    first, second, third = (
        site.job(location=f"{number} Order Street", window=None) for number in "123"
    )
    dana = window("dana", still=True)
    dana.goto("/dashboard/?q=Order+Street")
    dana.evaluate(MARK)
    site.change(first, created_at=now() + timedelta(seconds=9))
    later(dana)
    expect(card(dana, third).locator("xpath=following-sibling::li")).to_have_id(f"job-{first.id}")
    assert dana.evaluate(MARKED) == [f"job-{job.id}" for job in (second, third)]
    assert_as_loaded_anew(dana)


def assert_as_loaded_anew(page: Page) -> None:
    columns = page.evaluate(COLUMNS)
    page.reload()
    assert page.evaluate(COLUMNS) == columns
