"""What customers and strangers learn, and what they do not."""

import pytest
from django.test import Client

from dispatch.domain.job import Crew, Event, Paid, PriceLine
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import NOON, TOKEN, FakeClock, make_job
from tests.web.pages import text

PAGE = f"/track/{TOKEN}"
NOBODYS = [
    *("unknown" + "x" * 25, "short", "x" * 65, "fcdc1c82cb284dbe", TOKEN[:-1], TOKEN + "x"),
    *("%00", "%FF%FE", "ü" * 32, "..%2F..", "a/b/c", TOKEN + "/", TOKEN.upper(), "", "<script>"),
]


def put_ended_job(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.COMPLETED, tracking_token="e" * 32)))


@pytest.mark.parametrize(
    "path", ["/", "/book/", PAGE, f"{PAGE}/live", f"{PAGE}/cancel", "/robots.txt"]
)
def test_the_public_pages_set_no_cookie(client: Client, jobs: JobRepository, path: str) -> None:
    jobs.change(lambda book: book.put(make_job()))
    answer = client.get(path)
    assert answer.status_code == 200
    assert not answer.cookies


def test_what_customers_send_sets_no_cookie_either(client: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert not client.post(f"{PAGE}/ready").cookies
    assert not client.post(f"{PAGE}/undo").cookies
    assert not client.post("/book/", {"phone": "x"}).cookies


def test_signed_in_or_not_the_tracking_page_is_the_same(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    mine, theirs = dana.get(PAGE), Client().get(PAGE)
    assert text(mine) == text(theirs)
    assert "Cookie" not in theirs.headers.get("Vary", "")


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("path", ["", "/live", "/ready", "/cancel", "/undo"])
@pytest.mark.parametrize("token", [TOKEN, "unknown" + "x" * 25])
def test_no_answer_about_a_job_is_kept_or_found(
    client: Client, jobs: JobRepository, method: str, path: str, token: str
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    answer = getattr(client, method)(f"/track/{token}{path}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_a_304_is_not_kept_either(client: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    etag = client.get(f"{PAGE}/live").headers["ETag"]
    answer = client.get(f"{PAGE}/live", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (304, "no-store")


@pytest.mark.parametrize("token", NOBODYS)
def test_unknown_malformed_and_expired_links_look_alike(
    client: Client, jobs: JobRepository, clock: FakeClock, token: str
) -> None:
    put_ended_job(jobs)
    clock.tick(31 * 24 * 3600)
    expired = client.get("/track/" + "e" * 32)
    answer = client.get(f"/track/{token}", follow=True)
    assert (answer.status_code, expired.status_code) == (404, 404)
    assert text(answer) == text(expired)
    assert "Job not found, or this tracking link is no longer valid." in text(answer)
    assert "(619) 555-0100" in text(answer)


def same_headers(answer: object) -> dict[str, str]:
    headers = dict(answer.headers)  # type: ignore[attr-defined]
    headers.pop("X-Request-Id", None)
    return headers


def test_not_even_their_headers_tell_such_links_apart(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put_ended_job(jobs)
    clock.tick(31 * 24 * 3600)
    answers = [client.get(f"/track/{token}") for token in ("e" * 32, "u" * 32, "short", "a/b")]
    assert all(same_headers(answer) == same_headers(answers[0]) for answer in answers)


def test_the_customers_page_holds_nothing_of_the_crews(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    job = make_job(
        status=Status.BOOKED,
        phone="+16195550142",
        email="mark@example.com",
        access_notes="Gate code 4411",
        truck="T-secret",
        photos=("photo-key",),
        crew=Crew(driver="joel", supervisor="dana"),
        price_lines=(PriceLine(label="Surcharge-label", amount=make_job().price),),
        paid=Paid(amount=make_job().price, method="card-method", at=NOON, by="dana"),
        history=(
            Event(at=NOON, by="dana", from_=Status.PENDING, to=Status.BOOKED, reason="why-secret"),
        ),
    ).noted("dog in yard", by="joel", at=NOON)
    jobs.change(lambda book: book.put(job))
    for path in ("", "/live", "/ready", "/cancel"):
        page = text(client.get(PAGE + path)).lower()
        for secret in (
            *("619555", "555-0142", "mark@example", "4411", "t-secret", "photo-key", "dog in yard"),
            *("dana", "surcharge", "card-method", "why-secret", job.id.lower(), "ramirez", "notes"),
        ):
            assert secret not in page.replace("tel:+16195550100", ""), (path, secret)


def test_an_unreadable_job_is_shown_to_nobody(client: Client, jobs: JobRepository) -> None:
    body = b'[{"id": "b", "token": "fcdc1c82cb284dbe", "customer": "Mark", "status": "lost"}]'
    jobs._store.save(body, None)  # type: ignore[attr-defined]
    assert client.get("/track/fcdc1c82cb284dbe").status_code == 404


@pytest.mark.parametrize(
    "path", ["/jobs.json", "/var/data/jobs.json", "/crew.json", "/static/jobs.json"]
)
def test_the_documents_themselves_are_served_to_nobody(dana: Client, path: str) -> None:
    assert dana.get(path).status_code == 404


def test_robots_are_asked_to_stay_out(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert {"Disallow: /track/", "Disallow: /dashboard/", "Disallow: /api/"} <= set(lines)


def test_the_crews_pages_are_kept_by_no_shared_cache(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    for path in ("", "board", "jobs/jXkL9m2pQ", "jobs/new", "jobs/nope", "account/", "requests/"):
        said = dana.get(f"/dashboard/{path}").headers.get("Cache-Control", "")
        assert "private" in said or "no-store" in said, path
