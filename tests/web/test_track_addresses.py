"""Every address of a customer's link: looking changes nothing, and only our own pages may post."""

from datetime import date

import pytest
from django.test import Client

from dispatch.domain.job import Window
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import TOKEN, make_job
from tests.web.test_ranks import TABLE, path_of

ADDRESSES = [path_of(route) for route in TABLE if route.startswith("track/<")]
MONDAY = Window(date=date(2026, 5, 25), name="morning", start="08:00", end="12:00")
SENT = {
    "text": "4411",
    "gate_code": "1",
    "window": "2026-05-26 morning",
    "answer": "accepted",
    "id": "q" * 9,
}


@pytest.mark.parametrize("status", list(Status))
def test_whoever_fetches_a_link_changes_nothing(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    """A scanner follows every link of every message, with what a form would send, too."""
    jobs.change(lambda book: book.put(make_job(status=status, window=MONDAY)))
    before = jobs.read().jobs
    for address in ADDRESSES:
        for fetch in (client.get, client.head):
            assert fetch(address).status_code < 500, address
            assert fetch(address, SENT).status_code < 500, address
    assert (jobs.read().revision, jobs.read().jobs) == (1, before)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
def test_what_another_page_posts_changes_nothing(
    client: Client, jobs: JobRepository, headers: dict[str, str]
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, window=MONDAY)))
    for address in ADDRESSES:
        assert client.post(address, SENT, headers=headers).status_code in (403, 405), address
    assert jobs.read().revision == 1


def test_all_addresses_are_private_and_kept_nowhere(client: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.COMPLETED, window=MONDAY)))
    for address in ADDRESSES:
        answer = client.get(address)
        assert "noindex" in answer.headers["X-Robots-Tag"], address
        assert (
            "private" in answer.headers["Cache-Control"]
            or "no-store" in (answer.headers["Cache-Control"])
        ), address
        assert not answer.cookies
        assert TOKEN not in str(answer.headers.get("Content-Disposition", ""))
