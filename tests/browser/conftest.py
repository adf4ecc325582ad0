"""Chromium on one side, gunicorn on the other, nothing made up between them."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from tests.browser.site import Site, sign_in_as
from tests.serving import another_caller, serving

# The shell draws the same and takes a third less time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
QUIETLY = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
Window = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("There is no chromium here, and CI is to run these.")
        pytest.skip("There is no chromium here.")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with serving(folder) as url:
        yield Site(url, folder)


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Window]:
    """`window("dana")` is a browser of Dana's own, signed in; `window()` is a customer's.

    With `still`, the page's clock stands: it polls when `later(page)` is called, and only then.
    """
    contexts, complaints = [], []
    site.look_at_requests()

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_window(who: str = "", *, still: bool = False, **options: Any) -> Page:
        if who and who not in site.sessions:
            site.sessions[who] = sign_in(browser, site, who)
        context = browser.new_context(
            base_url=site.url, storage_state=site.sessions.get(who), **options
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", listen)
        if still:
            page.clock.install()
            page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(browser: Browser, site: Site, who: str) -> Any:
    """Sign in by hand; the session, for the windows to come."""
    context = browser.new_context(base_url=site.url, extra_http_headers=another_caller())
    page = context.new_page()
    page.goto("/dashboard/")
    sign_in_as(page, who)
    expect(page.locator(".board")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


def later(page: Page, seconds: float = 11) -> None:
    """Let the page's clock jump; its poll is due then."""
    page.wait_for_load_state()  # before its scripts have run it has no poll
    page.clock.fast_forward(round(seconds * 1000))


def hold(page: Page, address: str | re.Pattern[str]) -> list[Route]:
    """Answers from there wait in this list, until they are let go."""
    held: list[Route] = []

    def wait(route: Route) -> None:
        held.append(route)

    page.route(address, wait)
    return held


def cut_off(page: Page) -> None:
    """Out of reach until two polls have failed; the next is due only once one has."""
    page.context.set_offline(True)
    for _ in range(2):
        with page.expect_event("requestfailed"):
            later(page)
