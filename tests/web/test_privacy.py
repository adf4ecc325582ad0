"""Customers and strangers learn what they may, and no more.

Canaries are in every private field; every public answer is crawled for them, and none sings.
"""

import dataclasses
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.job import Consent, Crew, Eta, Event, Job, MessageIn, OnMyWay, Request
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Message
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment, PriceLine, Quote
from dispatch.domain.visit.photo import Photo
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON, TOKEN, FakeClock, make_job, make_member, unavailable
from tests.stores.troubled import InMemory
from tests.web.api import Program, is_problem
from tests.web.pages import text
from tracking.public import TrackedJob

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
            "photos": (Photo(id="canary-photo"),),
            "crew": Crew(driver="canary.user", first_mate="canary.mate", supervisor="canary.boss"),
            "price_lines": (PriceLine("canary line", Decimal(600)),),
            "paid": Paid(amount=Decimal("86753.09"), method="canary-card", at=NOON, by="canary.b"),
            "payments": (
                Payment(id="canary-payment", amount=Decimal("86753.09"), method="canary", **event),
            ),
            "quote": Quote(id="q" * 9, amount=Decimal(700), at=NOON, by="canary.user"),
            "on_my_way": OnMyWay(at=NOON, by="canary.user"),
            "eta": Eta(at=NOON, said_at=NOON, by="canary.user"),
            "history": (
                Event(**event, what="created"),
                Event(
                    **event, from_=Status.PENDING, to=Status.BOOKED, reason="canary reason 86753"
                ),
                Event(**event, what="edited", version=2, changes={"phone": ("86753", "canary")}),
            ),
            "messages_in": (
                MessageIn(id="m1", at=NOON, text="canary gate 86753", gate_code=True),
                MessageIn(
                    id="m2",
                    at=NOON,
                    text="A piano?",
                    answer="Yes",
                    answered_at=NOON,
                    answered_by="canary.user",
                ),
            ),
            "messages": (Message(id="canary-message", to="canary@example.com", error="canary"),),
            "consent": {"sms": Consent(at=NOON, by="canary.user", words="canary words")},
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
    """The secrets that stand in the body, the headers or the cookies."""
    heard = [answer.content.decode(), str(dict(answer.headers)), answer.cookies.output()]
    return [found[0] for part in heard for found in BIRD.finditer(part)]


PATHS = [
    *("/", "/book/", "/privacy/", "/robots.txt", "/healthz", "/readyz", "/nowhere"),
    *("/jobs.json", "/crew.json"),
    *("/track/", "/track/short", "/track/" + "u" * 32, "/track/canary%20", "/track/a/b"),
    *("/track.html", "/tracking/index.html", "/static/nope.css", "/static/"),
    *("/dashboard/", "/dashboard/board", "/dashboard/login/", "/dashboard/requests/"),
    *("/dashboard/jobs/{}", "/dashboard/crew/", "/dashboard/account/", "/dashboard/nope"),
    *("/api/jobs", "/api/jobs/{}", "/api/crew", "/api/docs", "/api/openapi.json", "/api/nope"),
    *(
        f"/track/{TOKEN}{part}"
        for part in ("", "/live", "/ready", "/cancel", "/undo", "/quote", "/nope", "/receipt")
    ),
    *(
        f"/track/{token}/{part}"
        for token in (TOKEN, "u" * 32)
        for part in ("reschedule", "message", "calendar.ics")
    ),
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
    *((f"/track/{'u' * 32}/{part}", {}) for part in ("ready", "cancel", "undo", "quote")),
    *((f"/track/{TOKEN}/quote", {"id": "q" * 9, "answer": said}) for said in ("x", "accepted")),
    (f"/track/{TOKEN}/quote", {"id": "r" * 9, "answer": "declined"}),
    *((f"/track/{TOKEN}/reschedule", {"window": when}) for when in ("x", "2026-05-26 morning")),
    *((f"/track/{TOKEN}/message", {"text": said}) for said in ("", "Is the piano fine, too?")),
    *((f"/track/{'u' * 32}/{part}", {"text": "x"}) for part in ("reschedule", "message")),
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
def test_the_own_page_says_enough(client: Client, jobs: JobRepository, status: Status) -> None:
    jobs.change(lambda book: book.put(replace(book.job("canaryId1"), status=status)))
    for part in ("", "/live"):
        answer = client.get(f"/track/{TOKEN}{part}")
        assert not sings(answer)
        assert all(told in answer.content.decode() for told in SHOWN)


def test_programs_learn_no_more_than_the_page_says(client: Client) -> None:
    own = Program().post("track", {"token": TOKEN})
    assert own.json().keys() == {field.name for field in dataclasses.fields(TrackedJob)}
    assert (own.json()["status"], own.json()["price"]) == ("booked", 600)
    assert TOKEN not in text(own)
    assert own.headers["Cache-Control"] == "no-store"
    for token in (TOKEN, "u" * 32, "short", "", "\0", None, {"token": "x"}):
        assert not sings(Program().post("track", {"token": token}))
    for path in ("token", "jobs", "jobs/x/notes"):
        body = {"username": "pete", "password": "wrong", "text": "x"}
        assert not sings(Program().post(path, body))


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


PAGE = f"/track/{TOKEN}"
NOBODYS = [
    *("unknown" + "x" * 25, "short", "x" * 65, "fcdc1c82cb284dbe", TOKEN[:-1], TOKEN + "x"),
    *("%00", "%FF%FE", "ü" * 32, "..%2F..", "a/b/c", "u" * 32 + "/", TOKEN.upper(), "", "<script>"),
    *("🚛" * 16, "x" * 5000),
]


@pytest.mark.parametrize(
    "path", ["/", "/book/", "/privacy/", PAGE, f"{PAGE}/live", f"{PAGE}/cancel", "/robots.txt"]
)
def test_the_public_pages_set_no_cookie(client: Client, path: str) -> None:
    """Nor does what customers send."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert not answer.cookies
    for path, fields in ((f"{PAGE}/ready", {}), (f"{PAGE}/undo", {}), ("/book/", {"phone": "x"})):
        assert not client.post(path, fields).cookies


def test_signed_in_or_not_the_tracking_page_is_the_same(dana: Client) -> None:
    mine, theirs = dana.get(PAGE), Client().get(PAGE)
    assert text(mine) == text(theirs)
    assert "Cookie" not in theirs.headers.get("Vary", "")


@pytest.mark.parametrize("token", [TOKEN, "unknown" + "x" * 25])
def test_no_answer_about_a_job_is_kept(client: Client, token: str) -> None:
    known = {"If-None-Match": client.get(f"{PAGE}/live").headers["ETag"]}
    for path in ("", "/live", "/ready", "/cancel", "/undo", "/quote"):
        for method in (client.get, client.head, client.post):
            answer = method(f"/track/{token}{path}", headers=known)  # a 304 is no exception
            assert answer.headers["Cache-Control"] == "no-store", (path, method)
            assert answer.headers["X-Robots-Tag"] == "noindex, nofollow", (path, method)


@pytest.mark.parametrize("token", NOBODYS)
def test_unknown_malformed_and_expired_links_look_alike(
    client: Client, jobs: JobRepository, clock: FakeClock, token: str
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.COMPLETED, tracking_token="e" * 32)))
    clock.tick(31 * 24 * 3600)
    expired = client.get("/track/" + "e" * 32)
    answer = client.get(f"/track/{token}", follow=True)
    assert (answer.status_code, expired.status_code) == (404, 404)
    assert text(answer) == text(expired)
    assert "Job not found, or this tracking link is no longer valid." in text(answer)
    assert "(619) 555-0100" in text(answer)
    for each in (answer, expired):
        del each.headers["X-Request-Id"]
    assert dict(answer.headers) == dict(expired.headers)
    by_program = Program().post("track", {"token": token})
    assert is_problem(by_program, 404)
    assert by_program.content == Program().post("track", {"token": "e" * 32}).content


def test_an_unreadable_job_is_shown_to_nobody(client: Client, jobs: InMemory) -> None:
    body = b'[{"id": "b", "token": "fcdc1c82cb284dbe", "customer": "Mark", "status": "lost"}]'
    jobs.store.save(body, jobs.store.load().etag)
    assert client.get("/track/fcdc1c82cb284dbe").status_code == 404


@pytest.mark.parametrize(
    "path", ["/jobs.json", "/var/data/jobs.json", "/crew.json", "/static/jobs.json"]
)
def test_the_documents_themselves_are_served_to_nobody(dana: Client, path: str) -> None:
    assert dana.get(path).status_code == 404


def test_robots_are_asked_to_stay_out(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert {"Disallow: /track/", "Disallow: /dashboard/", "Disallow: /api/"} <= set(lines)


def test_the_crews_pages_are_kept_by_no_shared_cache(dana: Client) -> None:
    for path in ("", "board", "jobs/canaryId1", "jobs/new", "jobs/nope", "account/", "requests/"):
        said = dana.get(f"/dashboard/{path}").headers.get("Cache-Control", "")
        assert "private" in said or "no-store" in said, path


def test_the_preview_of_a_tracking_link_tells_nothing(client: Client) -> None:
    head = text(client.get(f"/track/{TOKEN}")).partition("</head>")[0]
    assert "og:image" in head
    assert not [told for told in (TOKEN, "Mark", "Soderblom") if told in head]
