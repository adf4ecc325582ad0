"""`make lighthouse`: the weight of the pages people open first, and Lighthouse's marks for them.

On its slow phone; each figure is the median of three runs. The path of its command is the one
argument. Fails with any mark below 100, or with a run that failed, after saying what Lighthouse
said of it. The tracking page and the crew's ask search engines to stay away: no mark for SEO.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from dispatch.domain.status import Status
from tests.browser.conftest import CHROMIUM, QUIETLY, sign_in
from tests.browser.site import Site
from tests.browser.states import a_believable_day, of
from tests.serving import serving

MARKED = ("performance", "accessibility", "best-practices")
PUBLIC = (*MARKED, "seo")
RUNS = 3
Figures = dict[str, float]  # "KB", and each category's mark


def main(command: str) -> int:
    if CHROMIUM is None:
        sys.stderr.write("Lighthouse needs chromium, and there is none here.\n")
        return 1
    perfect = True
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = Site(stack.enter_context(serving(folder)), folder)
        a_believable_day(folder)
        token = of(site, Status.BOOKED).tracking_token
        danas, joels = (cookies_of(site, who) for who in ("dana", "joel"))
        for page, address, categories, headers in (
            ("/", "/", PUBLIC, {}),
            ("/book/", "/book/", PUBLIC, {}),
            ("/track/<token>", f"/track/{token}", MARKED, {}),
            ("/dashboard/", "/dashboard/", MARKED, {"Cookie": danas}),
            ("/dashboard/day/", "/dashboard/day/", MARKED, {"Cookie": joels}),
        ):
            runs = [run(command, site.url + address, categories, headers) for _ in range(RUNS)]
            done = [figures for figures in runs if figures]
            medians = {name: median(each[name] for each in done) for name in (*done, {})[0]}
            words = ", ".join(f"{name} {figure:.4g}" for name, figure in medians.items())
            sys.stdout.write(f"{page}: {words or 'no figures'} ({len(done)} of {RUNS} runs)\n")
            perfect &= len(done) == RUNS and all(medians[name] == 100 for name in categories)
    return 0 if perfect else 1


def cookies_of(site: Site, who: str) -> str:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        session = sign_in(browser, site, who)
        browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in session["cookies"])


def run(
    command: str, url: str, categories: tuple[str, ...], headers: dict[str, str]
) -> Figures | None:
    """One run's figures, having said what kept its marks from 100; None where it failed."""
    done = subprocess.run(
        [
            *(command, url, "--quiet", "--output=json", "--output-path=stdout"),
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
            f"--only-categories={','.join(categories)}",
            f"--extra-headers={json.dumps(headers)}",
            # The polls: on a slow machine they are due before Lighthouse is done, and have no
            # cookie of these headers once an answer has set one.
            "--blocked-url-patterns=*/dashboard/board*",
            "--blocked-url-patterns=*/dashboard/day/part*",
        ],
        env=os.environ | {"CHROME_PATH": str(CHROMIUM)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(f"{url}: Lighthouse failed ({done.returncode}):\n{done.stderr}\n")
        return None
    report = json.loads(done.stdout)
    audits = report["audits"]
    for category in report["categories"].values():
        for audit in (audits[ref["id"]] for ref in category["auditRefs"] if ref["weight"]):
            if audit["scoreDisplayMode"] == "error":
                sys.stderr.write(f"{url}: {audit['title']}: {audit['errorMessage']}\n")
            elif audit["score"] is not None and audit["score"] < 0.9:
                sys.stderr.write(f"{url}: {audit['title']} {audit.get('displayValue', '')}\n")
    marks = {name: report["categories"][name]["score"] for name in categories}
    if None in marks.values():
        return None
    kilobytes = audits["total-byte-weight"]["numericValue"] / 1024
    return {"KB": kilobytes} | {name: round(mark * 100) for name, mark in marks.items()}


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
