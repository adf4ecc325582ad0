"""Canaries in every private field; every public answer is crawled for them, and none sings."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.job import Crew, Eta, Event, Job, OnMyWay, Paid, PriceLine, Request
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository
from tests.making import BUSINESS, NOON, TOKEN, make_job, make_member, unavailable

OTHER_TOKEN = "canaryToken" + "x" * 21
BIRD = re.compile(r"canary|86753", re.IGNORECASE)  # in every private text, and in every number
SHOWN = ("Mark", "Soderblom Ave", "Jo")  # what the own page may say of the customer and driver


def job_with_canaries(**fields: Any) -> Job:
    event = {"at": NOON, "by": "canary.user"}
    return make_job(
        **{
            "phone": "+16198675301",
            "email": "canary@example.com",
            "access_notes": "canary gate 86753",
            "truck": "canary truck",
            "load": "canary load",
            "photos": ("canary-photo",),
            "crew": Crew(driver="canary.user", first_mate="canary.mate", supervisor="canary.boss"),
            "price_lines": (PriceLine("canary line", Decimal(600)),),
            "paid": Paid(amount=Decimal("86753.09"), method="canary-card", at=NOON, by="canary.b"),
            "on_my_way": OnMyWay(at=NOON, by="canary.user"),
            "eta": Eta(at=NOON, said_at=NOON, by="canary.user"),
            "history": (
                Event(**event, what="created"),
                Event(
                    **event, from_=Status.PENDING, to=Status.BOOKED, reason="canary reason 86753"
                ),
                Event(**event, what="edited", version=2, changes={"phone": ("86753", "canary")}),
            ),
            "request": Request(key="canary-key", digest="canary-digest", source="canary-source"),
            "status": Status.BOOKED,
            **fields,
        }
    ).noted("canary note 86753", by="canary.user", at=NOON)


OTHERS = {
    "customer_name": "Canary Customer",
    "location": "86753 Canary Street",
    "price": Decimal("86753.09"),
    "price_lines": (),
}


@pytest.fixture(autouse=True)
def birds(jobs: JobRepository) -> None:
    driver = make_member(
        *("canary.user",),
        name="Jo Canary-Lastname",
        phone="+16198675302",
        email="canary.user@example.com",
        password="canary-hash",
    )
    others = (
        make_member("canary.mate", name="Canary Mate", phone="+16198675303"),
        make_member("canary.boss", name="Canary Boss", rank=Rank.DISPATCHER),
    )
    wiring.roster(BUSINESS).change(lambda roster: roster.put(driver, *others))
    own = job_with_canaries(id="canaryId1")
    other = job_with_canaries(id="canaryId2", tracking_token=OTHER_TOKEN, **OTHERS)
    jobs.change(lambda book: JobBook(revision=book.revision).put(own, other))


def sings(answer: Any) -> list[str]:
    """What stands in the body, the headers or the cookies and should not."""
    heard = [answer.content.decode(), str(dict(answer.headers)), answer.cookies.output()]
    return [found[0] for part in heard for found in BIRD.finditer(part)]


PATHS = [
    *("/", "/book/", "/robots.txt", "/healthz", "/readyz", "/nowhere", "/jobs.json", "/crew.json"),
    *("/track/", "/track/short", "/track/" + "u" * 32, "/track/canary%20", "/track/a/b"),
    *("/track.html", "/tracking/index.html", "/static/nope.css", "/static/"),
    *("/dashboard/", "/dashboard/board", "/dashboard/login/", "/dashboard/requests/"),
    *("/dashboard/jobs/{}", "/dashboard/crew/", "/dashboard/account/", "/dashboard/nope"),
    *("/api/jobs", "/api/jobs/{}", "/api/crew", "/api/docs", "/api/openapi.json", "/api/nope"),
    *(f"/track/{TOKEN}{part}" for part in ("", "/live", "/ready", "/cancel", "/undo", "/nope")),
]
POSTS: list[tuple[str, dict[str, str]]] = [
    ("/book/", {}),
    ("/book/", {"customer_name": "Ida", "phone": "619 555 0199", "load": "half"}),
    ("/dashboard/login/", {"username": "pete", "password": "wrong"}),
    ("/dashboard/jobs/x/move", {"status": "booked"}),
    ("/dashboard/nope", {}),
    ("/", {}),
    ("/nowhere", {}),
    *((f"/track/{TOKEN}/{part}", {"reason": "x"}) for part in ("ready", "cancel", "undo", "nope")),
    *((f"/track/{TOKEN}/{part}", {"expected": "pending"}) for part in ("ready", "cancel", "undo")),
    *((f"/track/{'u' * 32}/{part}", {}) for part in ("ready", "cancel", "undo")),
]


@pytest.mark.parametrize("method", ["get", "head", "options", "delete"])
def test_nothing_that_anybody_can_look_at_sings(client: Client, method: str) -> None:
    for path in PATHS:
        path = path.replace("{}", "x")
        assert not sings(getattr(client, method)(path)), path


def test_no_answer_to_what_anybody_sends_sings(client: Client) -> None:
    for path, fields in POSTS:
        assert not sings(client.post(path, fields)), (path, fields)


@pytest.mark.parametrize("status", list(Status))
def test_the_own_page_says_what_it_should(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    jobs.change(lambda book: book.put(replace(book.job("canaryId1"), status=status)))
    for part in ("", "/live"):
        answer = client.get(f"/track/{TOKEN}{part}")
        assert not sings(answer)
        assert all(told in answer.content.decode() for told in SHOWN)


def test_programs_learn_no_more_than_the_page_says(client: Client) -> None:
    for token in (TOKEN, "u" * 32, "short", "", None, {"token": "x"}):
        answer = client.post("/api/track", {"token": token}, content_type="application/json")
        assert not sings(answer)
    for path in ("/api/token", "/api/jobs", "/api/jobs/x/notes"):
        body = {"username": "pete", "password": "wrong", "text": "x"}
        assert not sings(client.post(path, body, content_type="application/json"))


def test_pages_of_an_outage_do_not_sing_either(client: Client) -> None:
    with unavailable(wiring.jobs(BUSINESS), wiring.roster(BUSINESS)):
        for path in PATHS:
            assert not sings(client.get(path.replace("{}", "x"))), path
        for path, fields in POSTS:
            assert not sings(client.post(path, fields)), (path, fields)


def test_a_repeated_booking_shows_no_other_customers_link(client: Client) -> None:
    """Not even to whoever uses the key of that customer's form."""
    contact = {"customer_name": "Ida", "phone": "619 555 0199", "location": "Main St"}
    when = {"load": "half", "date": "2026-05-26", "window": "morning"}
    answer = client.post("/book/", {"key": "canary-key", **contact, **when})
    assert answer.status_code == 303
    assert not sings(answer)


def test_the_crawl_would_hear_a_canary(dana: Client) -> None:
    """A test of the test: the crew's own pages are full of them."""
    for path in ("/dashboard/", "/dashboard/jobs/canaryId1", "/api/jobs"):
        assert sings(dana.get(path))
