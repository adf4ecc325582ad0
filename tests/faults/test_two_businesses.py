"""Two businesses in one deployment, bucket and table: neither sees anything of the other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.making import PASSWORD
from tests.moto_server import make_bucket, running_moto
from tests.serving import environment_of, manage, serving

pytestmark = pytest.mark.long
FILE = Path(__file__).parent.parent / "data" / "two-businesses.toml"
HOSTS = {"cactus": "staging.cactus.example", "thistle": "staging.thistle.example"}
PUBLIC = ("/", "/book/", "/dashboard/login/", "/nowhere", "/track/unknown", "/api/openapi.json")


@dataclass
class Hauler:
    """One business, asked by its host name."""

    base: str
    slug: str
    bearer: str = ""

    @property
    def canary(self) -> str:
        return f"canary-of-{self.slug}"

    def ask(
        self, path: str, body: dict[str, Any] | None = None, bearer: str = ""
    ) -> tuple[int, str]:
        headers = {"Host": HOSTS[self.slug], "Content-Type": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        data = json.dumps(body).encode() if body is not None else None
        try:
            with urlopen(Request(self.base + path, data, headers), timeout=20) as answer:
                return answer.status, answer.read().decode() + str(answer.headers)
        except HTTPError as error:
            with error:
                return error.code, error.read().decode() + str(error.headers)

    def take(self, path: str, body: dict[str, Any], bearer: str = "") -> Any:
        status, text = self.ask(path, body, bearer)
        assert status in (200, 201), text
        return json.JSONDecoder().raw_decode(text)[0]


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
            yield Hauler(base, "cactus"), Hauler(base, "thistle")


def test_nothing_of_one_is_valid_at_or_shown_by_the_other(both: tuple[Hauler, Hauler]) -> None:
    links = {}
    for hauler in both:
        who = {"username": "dana", "password": f"{PASSWORD}-{hauler.slug}"}
        hauler.bearer = hauler.take("/api/token", who)["access"]
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
