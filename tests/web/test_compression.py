"""What is read goes compressed, and no secret stands compressed beside what the asker chose."""

import re
from collections.abc import Callable
from gzip import decompress
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import TOKEN, make_job
from tests.web.pages import text
from tests.web.test_ranks import TABLE, path_of

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
CHOSEN = "stranger7choice"  # by whoever made the address that somebody else opens
PARAMETERS = (
    *("q", "crew", "date", "from", "to", "status", "after", "month", "day", "next", "back", "of"),
    *("version", "expected", "key", "member", "reason", "text", "customer_name", "location"),
)
BY_CHANCE = re.compile(r'name="(csrfmiddlewaretoken|key|id)" value="\w+"')
Ask = Callable[..., Any]


@pytest.fixture
def ask(dana: Client, jobs: JobRepository) -> Ask:
    """Dana's, who may see every secret there is."""
    jobs.change(lambda book: book.put(make_job()))

    def ask(path: str, method: str = "GET", **headers: str) -> Any:
        return dana.generic(method, path, headers=GZIP | headers)

    return ask


@pytest.fixture
def a_hundred(ask: Ask, jobs: JobRepository) -> None:
    others = (
        make_job(id=f"job{count}", tracking_token=f"{count:032}", status=Status.BOOKED)
        for count in range(100)
    )
    jobs.change(lambda book: book.put(*others))


def is_gzip(answer: Any) -> bool:
    return answer.headers.get("Content-Encoding") == "gzip"


def page(answer: Any) -> str:
    plain: bytes = decompress(answer.content) if is_gzip(answer) else answer.content
    return plain.decode()


@pytest.mark.parametrize(
    ("path", "times"),
    [
        *(("/dashboard/", 15), ("/dashboard/board", 15), ("/api/jobs?limit=100", 10)),
        *(("/dashboard/requests/", 1.5), ("/dashboard/jobs/jXkL9m2pQ", 3)),
        *(("/", 2), ("/book/", 3), (f"/track/{TOKEN}", 2), (f"/track/{TOKEN}/live", 1.5)),
        *(("/track/unknown", 1.5), ("/api/openapi.json", 5), ("/api/docs", 5)),
    ],
)
def test_a_page_is_so_many_times_smaller_and_the_same(
    ask: Ask, a_hundred: None, path: str, times: float
) -> None:
    plain, small = ask(path, **{"Accept-Encoding": "identity"}), ask(path)
    assert is_gzip(small)
    assert not is_gzip(plain)
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in small.headers["Vary"]
    assert len(small.content) * times < len(plain.content)
    assert int(small.headers["Content-Length"]) == len(small.content)
    assert BY_CHANCE.sub("", page(small)) == BY_CHANCE.sub("", page(plain))


@pytest.mark.parametrize("path", ["/dashboard/board", f"/track/{TOKEN}/live", "/api/jobs"])
def test_who_has_a_compressed_answer_is_told_so(ask: Ask, path: str) -> None:
    etag = ask(path).headers["ETag"]
    for known in (etag, etag.removeprefix("W/")):
        again = ask(path, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert not is_gzip(again)


def test_a_head_says_what_a_get_would(ask: Ask) -> None:
    head = ask("/dashboard/", "HEAD")
    assert is_gzip(head)
    assert 1_000 < int(head.headers["Content-Length"]) < 5_000
    assert head.content == b""


@pytest.mark.parametrize("path", ["/healthz", "/dashboard/jobs/jXkL9m2pQ/move", "/favicon.ico"])
def test_what_is_tiny_goes_as_it_is(ask: Ask, path: str) -> None:
    assert not is_gzip(ask(path))


def test_files_are_left_as_they_were_compressed_when_the_image_was_built() -> None:
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]
    assert order.index("StaticFilesMiddleware") < order.index("CompressionMiddleware")


def test_the_same_page_has_many_lengths(ask: Ask) -> None:
    """Else a difference of one byte would be seen: a letter guessed."""
    assert len({len(ask("/book/").content) for _ in range(20)}) > 5


@pytest.mark.parametrize("route", TABLE)
def test_no_secret_stands_beside_what_the_asker_chose(ask: Ask, dana: Client, route: str) -> None:
    """What is in this table tells what may be compressed: the new row of a page that shows both
    fails here.
    """
    query = "&".join(f"{name}=/dashboard/{CHOSEN}" for name in PARAMETERS)
    client = Client() if "login" in route else dana
    answers = [client.get(f"{path_of(route)}?{query}", headers=GZIP) for _ in range(2)]
    if not any(map(is_gzip, answers)):
        return
    pages = [page(answer) for answer in answers]
    tokens = [set(re.findall('csrfmiddlewaretoken" value="(.*?)"', page)) for page in pages]
    assert tokens[0].isdisjoint(tokens[1]), "a CSRF token is masked anew each time"
    assert not any(cookie.value in pages[0] for cookie in client.cookies.values())
    knows_the_link = TOKEN in path_of(route)
    if CHOSEN in pages[0] and not knows_the_link:
        assert TOKEN not in pages[0]
        assert not re.search(r"track/\w{32}|\"tracking_token\"", pages[0])


@pytest.mark.parametrize(
    ("route", "method"),
    [(route, method) for route, row in TABLE.items() for method in row.answers if method != "GET"],
)
def test_what_was_sent_is_answered_uncompressed(
    ask: Ask, dana: Client, route: str, method: str
) -> None:
    """It may say a new password, a new link or a token, beside what was typed."""
    body, headers = TABLE[route].body, GZIP | {"X-Requested-With": "fetch"}
    is_form = method == "POST" and not route.startswith("api/")
    kind: dict[str, Any] = {} if is_form or not body else {"content_type": "application/json"}
    answer = getattr(dana, method.lower())(path_of(route), body, headers=headers, **kind)
    if method != "HEAD":
        assert not is_gzip(answer)
    assert answer.status_code < 500, text(answer)


def test_a_password_that_is_shown_once_is_not_compressed(dana: Client) -> None:
    answer = dana.post("/dashboard/crew/ana/access", {"do": "password"}, headers=GZIP)
    assert "with the password" in text(answer)
    assert len(answer.content) > 200


def test_the_board_shows_what_it_was_asked_for_and_is_compressed_all_the_same(ask: Ask) -> None:
    """It holds no link, and its token is masked: there is nothing to find out."""
    answer = ask(f"/dashboard/?q={CHOSEN}")
    assert is_gzip(answer)
    assert CHOSEN in page(answer)
