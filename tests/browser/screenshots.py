"""`make screenshots`: every page and state, on phone and desktop, light and dark.

`python -m tests.browser.screenshots board drawer` takes those that begin like that alone.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIETLY, sign_in
from tests.browser.site import Site
from tests.browser.states import STATES, State, a_believable_day
from tests.serving import ROOT, serving

FOLDER = ROOT / "screenshots"
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}
MODAL = "dialog[open]"  # it covers the window, so only the window is shown


def main(*names: str) -> int:
    if CHROMIUM is None:
        sys.stderr.write("Screenshots need chromium, and there is none here.\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    chosen = [state for state in STATES if not names or state.name.startswith(names)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = Site(stack.enter_context(serving(folder)), folder)
        a_believable_day(folder)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        stack.callback(browser.close)
        for picture in take(browser, site, chosen):
            sys.stdout.write(f"{picture.relative_to(ROOT)}\n")
    return 0


def take(browser: Browser, site: Site, states: list[State]) -> Iterator[Path]:
    """Each state once for each device; the colours change while it is open."""
    day = site.all_jobs()
    for who in {state.who for state in states if state.who}:
        site.sessions[who] = sign_in(browser, site, who)
    for state in states:
        for device, options in DEVICES.items():
            context = browser.new_context(
                base_url=site.url, storage_state=site.sessions.get(state.who), **options
            )
            page = context.new_page()
            state.go(page, site)
            yield from both_colours(page, f"{state.name}-{device}")
            context.close()
            site.back_to(day)


def both_colours(page: Page, name: str) -> Iterator[Path]:
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        path = FOLDER / f"{name}-{colours}.png"
        page.screenshot(path=path, full_page=page.locator(MODAL).count() == 0)
        yield path


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
