"""Somebody with a browser that keeps cookies, follows nothing, and never reuses a connection."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from tests.making import PASSWORD

TIMEOUT = 20  # seconds: whoever measures asks for less


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: HTTPMessage
    seconds: float


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class Visitor:
    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """`headers` go along with every request."""
        self.url, self._headers = url, dict(headers or {})
        self._jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._jar), _Stay)

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(Request(self.url + path, headers=headers))

    def post(self, path: str, **fields: str) -> Answer:
        """As a page's script posts; with the page's token, where it has one."""
        cookies = {cookie.name: cookie.value for cookie in self._jar}
        body = urlencode(fields | {"csrfmiddlewaretoken": cookies.get("csrftoken", "")}).encode()
        return self._ask(Request(self.url + path, body, {"X-Requested-With": "fetch"}))

    def send(self, path: str, body: bytes, kind: str) -> Answer:
        """As a script posts a form with files; its content type is `kind`."""
        cookies = {cookie.name: cookie.value for cookie in self._jar}
        headers = {"Content-Type": kind, "X-CSRFToken": cookies["csrftoken"]}
        request = Request(self.url + path, body, {"X-Requested-With": "fetch", **headers})
        return self._ask(request, 5 * TIMEOUT)

    def signed_in(self, username: str) -> Self:
        self.get("/dashboard/login/")
        answer = self.post("/dashboard/login/", username=username, password=PASSWORD)
        assert answer.status == 302, answer.text
        return self

    def elsewhere(self, url: str) -> "Visitor":
        """The same browser, with its cookies, at the other worker."""
        other = Visitor(url, self._headers)
        for cookie in self._jar:
            other._jar.set_cookie(cookie)
        return other

    def _ask(self, request: Request, timeout: float = TIMEOUT) -> Answer:
        for name, value in self._headers.items():
            request.add_header(name, value)
        started = time.monotonic()
        try:
            response = self._opener.open(request, timeout=timeout)
        except HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
        seconds = time.monotonic() - started
        return Answer(response.status, text, response.headers, seconds)


def booking(visitor: Visitor, name: str) -> dict[str, str]:
    """The fields of a booking under this name, on a day that the form offers."""
    page = visitor.get("/book/").text
    dates = re.findall(r'name="date" value="(\d{4}-\d\d-\d\d)" required>', page)
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert dates
    assert key
    return {
        "key": key[1],
        "load": "half",
        "date": dates[3],
        "window": "morning",
        "location": "9230 Soderblom Ave",
        "access_notes": "Gate code 4411",
        "customer_name": name,
        "phone": "619 555 0125",
        "email": "mark@example.com",
    }
