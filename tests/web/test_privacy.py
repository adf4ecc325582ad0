"""What customers and strangers learn, and what they do not."""

import pytest
from django.test import Client

from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository
from tests.making import TOKEN, FakeClock, make_job
from tests.web.pages import text

PAGE = f"/track/{TOKEN}"
NOBODYS = [
    *("unknown" + "x" * 25, "short", "x" * 65, "fcdc1c82cb284dbe", TOKEN[:-1], TOKEN + "x"),
    *("%00", "%FF%FE", "ü" * 32, "..%2F..", "a/b/c", TOKEN + "/", TOKEN.upper(), "", "<script>"),
]


@pytest.mark.parametrize(
    "path", ["/", "/book/", PAGE, f"{PAGE}/live", f"{PAGE}/cancel", "/robots.txt"]
)
def test_the_public_pages_set_no_cookie(client: Client, jobs: JobRepository, path: str) -> None:
    """Nor does what customers send."""
    jobs.change(lambda book: book.put(make_job()))
    answer = client.get(path)
    assert answer.status_code == 200
    assert not answer.cookies
    for path, fields in ((f"{PAGE}/ready", {}), (f"{PAGE}/undo", {}), ("/book/", {"phone": "x"})):
        assert not client.post(path, fields).cookies


def test_signed_in_or_not_the_tracking_page_is_the_same(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    mine, theirs = dana.get(PAGE), Client().get(PAGE)
    assert text(mine) == text(theirs)
    assert "Cookie" not in theirs.headers.get("Vary", "")


@pytest.mark.parametrize("token", [TOKEN, "unknown" + "x" * 25])
def test_no_answer_about_a_job_is_kept(client: Client, jobs: JobRepository, token: str) -> None:
    jobs.change(lambda book: book.put(make_job()))
    known = {"If-None-Match": client.get(f"{PAGE}/live").headers["ETag"]}
    for path in ("", "/live", "/ready", "/cancel", "/undo"):
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
