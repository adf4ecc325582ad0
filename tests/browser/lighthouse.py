"""`make lighthouse`: what the pages people open first weigh, and how Lighthouse marks them.

On its slow phone. Its command's path is the one argument; anything below 100 fails. The tracking
page asks search engines to stay away, and so does the board: what they find there is not marked.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from dispatch.domain.status import Status
from tests.browser.conftest import CHROMIUM, QUIETLY, sign_in
from tests.browser.site import Site
from tests.browser.states import a_believable_day, of
from tests.serving import serving

MARKED = ("performance", "accessibility", "best-practices")
PUBLIC = (*MARKED, "seo")
TRIES = 3  # a busy machine slows the page down, never the other way round


def main(command: str) -> int:
    if CHROMIUM is None:
        sys.stderr.write("Lighthouse needs chromium, and there is none here.\n")
        return 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = Site(stack.enter_context(serving(folder)), folder)
        a_believable_day(folder)
        token, cookies = of(site, Status.BOOKED).tracking_token, danas_cookies(site)
        pages = {
            "/": best(command, f"{site.url}/", PUBLIC),
            "/book/": best(command, f"{site.url}/book/", PUBLIC),
            "/track/<token>": best(command, f"{site.url}/track/{token}", MARKED),
            "/dashboard/": best(command, f"{site.url}/dashboard/", MARKED, Cookie=cookies),
        }
    for page, (kilobytes, marks) in pages.items():
        told = ", ".join(f"{name} {mark}" for name, mark in marks.items())
        sys.stdout.write(f"{page}: {kilobytes:.1f} KB, {told}\n")
    return 0 if all(mark == 100 for _, marks in pages.values() for mark in marks.values()) else 1


def danas_cookies(site: Site) -> str:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        session = sign_in(browser, site, "dana")
        browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in session["cookies"])


def best(
    command: str, url: str, categories: tuple[str, ...], **headers: str
) -> tuple[float, dict[str, int]]:
    """KB over the wire, and the marks of the first perfect run; of several, the best each."""
    marks = dict.fromkeys(categories, 0)
    for _ in range(TRIES):
        kilobytes, run = marked(command, url, categories, headers)
        marks = {name: max(marks[name], run[name]) for name in categories}
        if set(marks.values()) == {100}:
            break
    return kilobytes, marks


def marked(
    command: str, url: str, categories: tuple[str, ...], headers: dict[str, str]
) -> tuple[float, dict[str, int]]:
    done = subprocess.run(
        [
            *(command, url, "--quiet", "--output=json", "--output-path=stdout"),
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
            f"--only-categories={','.join(categories)}",
            f"--extra-headers={json.dumps(headers)}",
        ],
        env=os.environ | {"CHROME_PATH": str(CHROMIUM)},
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    report = json.loads(done.stdout)
    for category in report["categories"].values():
        for audit in category["auditRefs"]:
            result = report["audits"][audit["id"]]
            if audit["weight"] and (result["score"] or 0) < 0.9 and result["score"] is not None:
                sys.stderr.write(f"{url}: {result['title']} {result.get('displayValue', '')}\n")
    kilobytes = report["audits"]["total-byte-weight"]["numericValue"] / 1024
    marks = {name: round(report["categories"][name]["score"] * 100) for name in categories}
    return kilobytes, marks


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
