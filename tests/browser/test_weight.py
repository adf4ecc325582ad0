"""A first visit is light, also on a phone with one bar; counted as it goes over the wire, where
all texts are compressed.
"""

from typing import Any

import pytest
from playwright.sync_api import CDPSession

from dispatch.domain.status import Status
from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.states import a_believable_day, of
from tests.serving import static_root

pytestmark = pytest.mark.long
KB = 1024
CUSTOMERS_PAGE, BOARD, STYLE = 25 * KB, 48 * KB, 20 * KB


@pytest.fixture(scope="module", autouse=True)
def day(site: Site) -> None:
    a_believable_day(site.folder)


@pytest.mark.parametrize(
    ("address", "who", "most"),
    [
        ("/", "", CUSTOMERS_PAGE),
        ("/book/", "", CUSTOMERS_PAGE),
        ("/book/?language=es", "", CUSTOMERS_PAGE),
        ("/track/<token>?language=es", "", CUSTOMERS_PAGE),
        ("/track/<token>", "", CUSTOMERS_PAGE),
        ("/dashboard/", "dana", BOARD),
    ],
)
def test_a_first_visit_is_light(
    window: Window, site: Site, address: str, who: str, most: int
) -> None:
    page = window(who)
    weights = weighed(page.context.new_cdp_session(page))
    page.goto(address.replace("<token>", of(site, Status.BOOKED).tracking_token))
    page.wait_for_load_state("networkidle")
    assert len(weights) > 2
    assert sum(weights.values()) <= most, weights


def test_the_one_stylesheet_is_light() -> None:
    (style,) = static_root().glob("site/style.*.css.gz")
    assert style.stat().st_size <= STYLE


def weighed(session: CDPSession) -> dict[str, float]:
    """Bytes with their headers, by request; filled while the page loads."""
    weights: dict[str, float] = {}

    def finished(event: dict[str, Any]) -> None:
        weights[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    return weights
