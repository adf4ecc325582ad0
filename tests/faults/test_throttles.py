"""Of many tries at once exactly as many pass as may."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from booking.views import BOOKINGS
from dispatch.accounts import BY_NAME, BY_SOURCE
from dispatch.api.auth import CALLS
from dispatch.domain.jobbook import MAX_OF_ONE_SENDER
from dispatch.jobs.link import UNKNOWN_LINKS
from tests.faults.visitor import Answer, Visitor, booking
from tests.serving import AT_NOON, roomy_businesses, serving

pytestmark = pytest.mark.long

AT_ONCE = 16
HASHES_AT_ONCE = 6  # argon2 takes memory and time, as it should


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its clock stands: with each span of the clock, counting would begin anew."""
    roomy = {"QDN_BUSINESSES": roomy_businesses()}
    with serving(tmp_path_factory.mktemp("throttles"), **AT_NOON, **roomy) as url:
        yield url


def all_at_once(ask: Callable[[int], Answer], tries: int, at_once: int = AT_ONCE) -> Counter[int]:
    """How often each status was answered; whoever is refused is told until when."""
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(ask, range(tries)))
    refused = [answer for answer in answers if answer.status == 429]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    return Counter(answer.status for answer in answers)


def test_signing_in_under_one_name_and_under_many(site: str) -> None:
    visitor = Visitor(site)
    visitor.get("/dashboard/login/")

    def sign_in(username: str) -> Answer:
        return visitor.post("/dashboard/login/", username=username, password="wrong")

    passed = all_at_once(lambda _: sign_in("joel"), BY_NAME.most + 20, HASHES_AT_ONCE)
    assert passed == {422: BY_NAME.most, 429: 20}
    left = BY_SOURCE.most - BY_NAME.most
    passed = all_at_once(lambda number: sign_in(f"name-{number}"), left + 20, HASHES_AT_ONCE)
    assert passed == {422: left, 429: 20}


def test_booking(site: str) -> None:
    typed = booking(Visitor(site), "Junk")

    def book(number: int) -> Answer:
        fields = {"customer_name": f"Junk {number}", "key": f"key-{number}"}
        return Visitor(site).post("/book/", **(typed | fields))

    waiting = MAX_OF_ONE_SENDER
    passed = all_at_once(book, BOOKINGS.most + 20)
    assert passed == {303: waiting, 503: BOOKINGS.most - waiting, 429: 20}


def test_guessing_at_links_by_pages_and_api_together(site: str) -> None:
    def guess(number: int) -> Answer:
        if number % 2:
            return Visitor(site).get(f"/track/{number:032}")
        return call(site, "/api/track", {"token": f"{number:032}"})

    passed = all_at_once(guess, UNKNOWN_LINKS.most + 40)
    assert passed == {404: UNKNOWN_LINKS.most, 429: 40}


def test_calling_the_api(site: str) -> None:
    passed = all_at_once(lambda _: call(site, "/api/jobs"), CALLS.most + 40)
    assert passed == {401: CALLS.most, 429: 40}


def call(site: str, path: str, body: dict[str, str] | None = None) -> Answer:
    """As a program calls."""
    data = json.dumps(body).encode() if body else None
    request = Request(site + path, data, {"Content-Type": "application/json"})
    try:
        response = urlopen(request, timeout=20)
    except HTTPError as error:
        response = error
    with response:
        return Answer(response.status, response.read().decode(), response.headers, 0)
