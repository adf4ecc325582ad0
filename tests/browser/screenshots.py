"""`make screenshots`: every page and state, on phone and desktop, light and dark.

And README's pictures. It is noon on a Friday in all of them, and drawers are drawn to their end.
`python -m tests.browser.screenshots board drawer` takes those that begin like that alone.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIETLY
from tests.browser.site import Site
from tests.browser.states import STATES, State, at_noon, shown
from tests.serving import ROOT

FOLDER = ROOT / "screenshots"
README = ROOT / "tests" / "browser" / "pictures"
PICTURES = {  # README's: which state of them, on what, under which name
    "board": ("desktop", "board"),
    "drawer": ("desktop", "drawer"),
    "book": ("phone", "book"),
    "track-on-the-way": ("phone", "track"),
}
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}
MODAL = "dialog[open]"  # it covers the window: the window is shown, made high enough for all of it


def main(*names: str) -> int:
    if CHROMIUM is None:
        sys.stderr.write("Screenshots need chromium, and there is none here.\n")
        return 1
    settings.configure()  # Django's storage, in which photos are put, asks for some
    FOLDER.mkdir(exist_ok=True)
    chosen = [state for state in STATES if not names or state.name.startswith(names)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        stack.callback(browser.close)
        site = stack.enter_context(at_noon(folder, browser))
        for picture in take(browser, site, chosen):
            sys.stdout.write(f"{picture.relative_to(ROOT)}\n")
    return 0


def take(browser: Browser, site: Site, states: list[State]) -> Iterator[Path]:
    """Each state once for each device; the colours change while it is open."""
    for state in states:
        for device, options in DEVICES.items():
            with shown(browser, site, state, **options) as page:
                yield from both_colours(page, f"{state.name}-{device}")
        if state.name in PICTURES:
            yield for_readme(browser, site, state, *PICTURES[state.name])


def both_colours(page: Page, name: str) -> Iterator[Path]:
    for dialog in page.locator(MODAL).all():
        window = page.viewport_size or {}
        needed = dialog.evaluate(
            "it => it.scrollHeight + Math.max(0, ...[...it.children].map("
            "each => each.scrollHeight - each.clientHeight))"
        )
        page.set_viewport_size({**window, "height": max(needed, window["height"])})
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        yield photograph(page, FOLDER / f"{name}-{colours}.png")


def for_readme(browser: Browser, site: Site, state: State, device: str, name: str) -> Path:
    """In the light, and the desktop smaller than life, as everybody's clone carries it along."""
    options = DEVICES[device] | ({} if device == "phone" else {"device_scale_factor": 0.625})
    with shown(browser, site, state, **options) as page:
        return photograph(page, README / f"{name}.png")


def photograph(page: Page, path: Path) -> Path:
    page.screenshot(path=path, full_page=page.locator(MODAL).count() == 0)
    return path


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
