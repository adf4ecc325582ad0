"""`make screenshots`: every page and state, on phone and desktop, light and dark.

And README's pictures. It is noon on a Friday in all of them.
`python -m tests.browser.screenshots board drawer` takes those that begin like that alone.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIETLY, sign_in
from tests.browser.site import Site
from tests.browser.states import STATES, State, a_believable_day
from tests.making import NOON
from tests.serving import ROOT, serving

FOLDER = ROOT / "screenshots"
README = ROOT / "tests" / "browser" / "pictures"
PICTURES = {  # README's: which state of them, on what, under which name
    "board": ("desktop", "board"),
    "drawer": ("desktop", "drawer"),
    "book": ("phone", "book"),
    "track-on-the-way": ("phone", "track"),
}
AT_NOON = {"DJANGO_SETTINGS_MODULE": "tests.browser.noon", "QDN_NOON": NOON.isoformat()}
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
        url = stack.enter_context(serving(folder, **AT_NOON))
        site = Site(url, folder, now=lambda: NOON)
        a_believable_day(folder, **AT_NOON)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        stack.callback(browser.close)
        for picture in take(browser, site, chosen):
            sys.stdout.write(f"{picture.relative_to(ROOT)}\n")
    return 0


def take(browser: Browser, site: Site, states: list[State]) -> Iterator[Path]:
    """Each state once for each device; the colours change while it is open."""
    for who in {state.who for state in states if state.who}:
        site.sessions[who] = sign_in(browser, site, who)
    for state in states:
        for device, options in DEVICES.items():
            with shown(browser, site, state, **options) as page:
                yield from both_colours(page, f"{state.name}-{device}")
        if state.name in PICTURES:
            yield for_readme(browser, site, state, *PICTURES[state.name])


@contextmanager
def shown(browser: Browser, site: Site, state: State, **options: Any) -> Iterator[Page]:
    day = site.all_jobs()
    context = browser.new_context(
        base_url=site.url, storage_state=site.sessions.get(state.who), **options
    )
    page = context.new_page()
    page.clock.set_fixed_time(NOON)
    state.go(page, site)
    yield page
    context.close()
    site.back_to(day)


def both_colours(page: Page, name: str) -> Iterator[Path]:
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        yield photograph(page, FOLDER / f"{name}-{colours}.png")


def for_readme(browser: Browser, site: Site, state: State, device: str, name: str) -> Path:
    """In the light, and the desktop smaller than life, as everybody's clone carries it along."""
    options = DEVICES[device] | ({} if device == "phone" else {"device_scale_factor": 0.625})
    with shown(browser, site, state, **options, reduced_motion="reduce") as page:
        return photograph(page, README / f"{name}.png")


def photograph(page: Page, path: Path) -> Path:
    page.screenshot(path=path, full_page=page.locator(MODAL).count() == 0)
    return path


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
