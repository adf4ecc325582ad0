"""WCAG 2.2 AA, as far as a machine can tell, on every page and in every state."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.site import Site
from tests.browser.states import STATES, State, at_noon, shown

pytestmark = pytest.mark.long
AXE = Axe()
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LOOKS: dict[str, Any] = {  # the rules that go by how it looks: colours and sizes
    "resultTypes": ["violations"],
    "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"],
}
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
TARGET = 24  # pixels: 2.5.8
# Links within a sentence are excepted by 2.5.8, radios and boxes by the label around them.
TOO_SMALL = """least => [...document.querySelectorAll(
    "button, summary, select, input:not([type=hidden]), a:not(p a, li a, dd a, td a, th a)"
)].filter(it => {
    const { width, height } = (it.closest("label.choice, label:has(> input)") || it)
        .getBoundingClientRect();
    return it.checkVisibility({ visibilityProperty: true }) && !it.closest(".trap, .skip")
        && !it.matches(".skip") && width && Math.min(width, height) < least;
}).map(it => it.outerHTML)"""
UNLINKED = """() => [...document.querySelectorAll(".field .error")].filter(error => {
    const field = error.parentElement.closest(".field");
    const told = [...field.querySelectorAll("[aria-describedby]")]
        .some(it => it.getAttribute("aria-describedby").split(" ").includes(error.id));
    return !told || !field.querySelector("[aria-invalid=true]");
}).map(error => error.outerHTML)"""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with at_noon(folder, browser) as site:
        yield site


@pytest.fixture
def page(browser: Browser, site: Site, state: State) -> Iterator[Page]:
    """In this state. The pages' own policy lets no foreign script in: here axe may pass it."""
    with shown(browser, site, state, viewport=WIDE, bypass_csp=True) as page:
        yield page


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_axe_finds_nothing(page: Page, state: State) -> None:
    """On a desktop, light and dark; on the narrowest phone in the dark, twice as large; as is."""
    page.evaluate(AXE.axe_script)
    found = look(page, "light")
    page.emulate_media(color_scheme="dark")
    found += look(page, "dark", LOOKS)
    found += [f"not linked: {html}" for html in page.evaluate(UNLINKED)]
    found += [f"too small: {html}" for html in page.evaluate(TOO_SMALL, TARGET)]
    page.set_viewport_size(NARROW)
    found += [f"320 px, {sideways(page)} beyond the edge"] if sideways(page) > 0 else []
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += look(page, "320 px, dark, text at 200 %", LOOKS)
    found += [f"200 %, {sideways(page)} beyond the edge"] if sideways(page) > 0 else []
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light", forced_colors="active")
    found += look(page, "forced colours", LOOKS)
    assert found == [], "\n".join(found)


def look(page: Page, how: str, rules: dict[str, Any] = RULES) -> list[str]:
    results = page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{how}: {rule['id']} ({rule['help']}): {node['html']} {node['failureSummary']}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide
