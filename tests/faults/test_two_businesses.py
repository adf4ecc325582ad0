"""Two businesses in one deployment, bucket and table: neither sees anything of the other."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.making import PASSWORD
from tests.moto_server import make_bucket, running_moto
from tests.serving import environment_of, manage, serving

pytestmark = pytest.mark.long
FILE = Path(__file__).parent.parent / "data" / "two-businesses.toml"
HOSTS = {"cactus": "staging.cactus.example", "thistle": "staging.thistle.example"}
PUBLIC = ("/", "/book/", "/dashboard/login/", "/nowhere", "/track/unknown", "/api/openapi.json")


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: HTTPMessage


@dataclass
class Hauler:
    """One business, asked by its host name."""

    base: str
    slug: str
    bearer: str = ""
    cookies: str = ""

    @property
    def canary(self) -> str:
        return f"canary-of-{self.slug}"

    def ask(
        self, path: str, body: dict[str, Any] | None = None, bearer: str = ""
    ) -> tuple[int, str]:
        headers = {"Content-Type": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        answer = self.send(path, json.dumps(body) if body is not None else None, headers)
        return answer.status, answer.text + str(answer.headers)

    def send(self, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        """As it is: no redirect is followed, no cookie kept."""
        connection = HTTPConnection(self.base.removeprefix("http://"), timeout=60)
        method = "GET" if body is None else "POST"
        with closing(connection):
            connection.request(method, path, body, {"Host": HOSTS[self.slug]} | headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), answer.headers)

    def sign_in(self) -> None:
        """By token and, as in a browser, by cookie."""
        who = {"username": "dana", "password": f"{PASSWORD}-{self.slug}"}
        self.bearer = self.take("/api/token", who)["access"]
        cookies = _cookies(self.send("/dashboard/login/", None, {}))
        form = urlencode(who | {"csrfmiddlewaretoken": cookies["csrftoken"]})
        headers = {"Cookie": _header(cookies), "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.send("/dashboard/login/", form, headers)
        assert answer.status == 302, answer.text
        self.cookies = _header(cookies | _cookies(answer))

    def take(self, path: str, body: dict[str, Any], bearer: str = "") -> Any:
        status, text = self.ask(path, body, bearer)
        assert status in (200, 201), text
        return json.JSONDecoder().raw_decode(text)[0]


def _cookies(answer: Answer) -> dict[str, str]:
    set_cookies = answer.headers.get_all("Set-Cookie") or []
    return dict(each.partition(";")[0].split("=", 1) for each in set_cookies)


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hauler, Hauler]]:
    folder = tmp_path_factory.mktemp("both")
    with running_moto() as endpoint:
        bucket = make_bucket(endpoint, "two-businesses")
        env = {
            "QDN_STAGE": "staging",
            "QDN_BUSINESSES": str(FILE),
            "QDN_JOBS_URL": f"s3://{bucket}/{{business}}/jobs.json",
            "QDN_CREW_URL": "dynamodb://crew_of_both/{business}",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        shell = environment_of(folder, **env)
        for slug in HOSTS:
            crew = ("crew", "--business", slug)
            manage(shell, *crew, "create-table")
            words = ("add", "dana", "--rank", "dispatcher", "--full-name", f"canary-of-{slug}")
            manage(shell, *crew, *words, "--password-stdin", said=f"{PASSWORD}-{slug}")
        with serving(folder, members=False, **env) as base:
            haulers = Hauler(base, "cactus"), Hauler(base, "thistle")
            for hauler in haulers:
                hauler.sign_in()
            yield haulers


def test_nothing_of_one_is_valid_at_or_shown_by_the_other(both: tuple[Hauler, Hauler]) -> None:
    links = {}
    for hauler in both:
        job = {"customer_name": hauler.canary, "location": hauler.canary, "price": 10}
        links[hauler.slug] = hauler.take("/api/jobs", job, hauler.bearer)["tracking_token"]
    for here, there in (both, both[::-1]):
        assert here.ask("/api/jobs", bearer=there.bearer)[0] == 401
        wrong = {"username": "dana", "password": f"{PASSWORD}-{there.slug}"}
        assert here.ask("/api/token", wrong)[0] == 401
        assert here.ask(f"/track/{links[there.slug]}")[0] == 404
        assert here.ask("/api/track", {"token": links[there.slug]})[0] == 404
        own = here.ask(f"/track/{links[here.slug]}")
        listed = here.ask("/api/jobs", bearer=here.bearer)
        assert own[0] == listed[0] == 200
        assert here.canary in listed[1]
        for text in (own[1], listed[1], *(here.ask(path)[1] for path in PUBLIC)):
            assert there.canary not in text
            assert there.slug.capitalize() not in text


def test_a_cookie_of_one_signs_nobody_in_at_the_other(both: tuple[Hauler, Hauler]) -> None:
    for here, there in (both, both[::-1]):
        cookie = {"Cookie": here.cookies}
        for path in ("/dashboard/", "/dashboard/board"):
            assert here.send(path, None, cookie).status == 200
        page, poll = (
            there.send(path, None, cookie) for path in ("/dashboard/", "/dashboard/board")
        )
        assert (page.status, poll.status) == (302, 401)
        assert "/dashboard/login/" in page.headers["Location"]
        assert there.canary not in page.text + poll.text


def test_one_idempotency_key_makes_a_job_at_each(both: tuple[Hauler, Hauler]) -> None:
    job = json.dumps({"customer_name": "Ida", "location": "Elm St", "price": 10})
    made = []
    for hauler in (*both, *both):
        headers = {"Authorization": f"Bearer {hauler.bearer}", "Idempotency-Key": "the-same"}
        headers["Content-Type"] = "application/json"
        answer = hauler.send("/api/jobs", job, headers)
        assert answer.status in (200, 201), answer.text
        made.append(json.loads(answer.text)["tracking_token"])
    assert made[:2] == made[2:]
    assert made[0] != made[1]


@pytest.mark.parametrize("path", ["/dashboard/board", "/api/jobs"])
def test_what_one_knows_is_news_at_the_other(both: tuple[Hauler, Hauler], path: str) -> None:
    """Though both have seen the same number of changes."""

    def known(hauler: Hauler, etag: str) -> Answer:
        own = {"Cookie": hauler.cookies, "Authorization": f"Bearer {hauler.bearer}"}
        return hauler.send(path, None, own | {"If-None-Match": etag})

    for here, there in (both, both[::-1]):
        etag = known(here, "").headers["ETag"]
        assert known(here, etag).status == 304
        assert known(there, etag).status == 200
