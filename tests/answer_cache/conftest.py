"""A browser in front of the answer cache, which tells whether Django was asked."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory

from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from qdn_site.answer_cache import AnswerCache
from tests.making import FakeClock, make_job


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes  # as a page reads it
    sent: bytes
    by_django: bool


@dataclass
class Door:
    """The answer cache before Django, by the clock of the tests."""

    clock: FakeClock
    asked: int = 0
    cache: AnswerCache = field(init=False)

    def __post_init__(self) -> None:
        self.django = WSGIHandler()
        self.cache = AnswerCache(self._counted, self.clock)

    def _counted(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        return self.django(environ, start_response)

    def get(self, path: str, client: Client | None = None, /, **asked: str) -> Answer:
        """`asked` are headers, `_` for each hyphen, `METHOD`, `ADDRESS`."""
        method, address = asked.pop("METHOD", "GET"), asked.pop("ADDRESS", "198.51.100.7")
        headers = {"Accept-Encoding": "gzip"} | {n.replace("_", "-"): v for n, v in asked.items()}
        request = RequestFactory(headers=headers).generic(method, path)
        environ, before, said = request.environ, self.asked, []
        environ["REMOTE_ADDR"] = address
        if client:
            cookies = client.cookies.items()
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={each.value}" for name, each in cookies)
        response = self.cache(environ, lambda *args: said.append(args))
        sent = b"".join(response)
        if close := getattr(response, "close", None):
            close()
        status, headers = int(said[-1][0][:3]), dict(said[-1][1])
        is_gzip = headers.get("Content-Encoding") == "gzip"
        content = gzip.decompress(sent) if is_gzip else sent
        return Answer(status, headers, content, sent, self.asked > before)


@pytest.fixture
def door(clock: FakeClock) -> Iterator[Door]:
    return Door(clock)


@pytest.fixture(autouse=True)
def booked(jobs: JobRepository, roster: RosterRepository) -> None:
    other = make_job(id="other", tracking_token="o" * 32, status=Status.BOOKED)
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED), other))
