"""Edge, cache and app seen together: gunicorn as in production behind a running CloudFront."""

import http.client
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from qdn_site.edge.table import FUNCTION
from tests.cloudfront import Distribution, running_cloudfront
from tests.serving import serving

pytestmark = pytest.mark.long
HOST, DOOR, SECRET = "quickdumpnow.com", "dispatch.quickdumpnow.com", "open-sesame"
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """`ask(path)` as a viewer of production: status, headers (names in lower case), text."""
    folder: Path = tmp_path_factory.mktemp("site")
    origin = serving(folder, QDN_STAGE="production", QDN_ORIGIN_SECRET=SECRET, members=False)
    front = Distribution("EPROD", function="qdn-track-rewrite", secret=SECRET, error_ttl=0)
    with origin as url, running_cloudfront(front) as cloudfront:
        front.origin = url
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        version = cloudfront.functions.create(front.function, config, FUNCTION.read_bytes())
        cloudfront.functions.publish(front.function, version.etag)
        there = {"edge": cloudfront.url("EPROD"), "origin": url}

        def ask(
            path: str, method: str = "GET", host: str = HOST, at: str = "edge", **form: str
        ) -> Any:
            connection = http.client.HTTPConnection(urlsplit(there[at]).netloc, timeout=30)
            headers = {"Host": host, "Sec-Fetch-Site": "same-origin"}
            if form:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, urlencode(form) or None, headers)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            told = answer.status, got, answer.read().decode()
            connection.close()
            return told

        yield ask


def test_the_origin_answers_nobody_but_cloudfront(ask: Ask) -> None:
    assert ask("/book/", at="origin")[0] == 403
    assert ask("/book/")[0] == 200


def test_the_edge_spares_a_redirect(ask: Ask) -> None:
    assert ask("/book")[0] == 200
    assert ask("/dashboard", host=DOOR)[1]["location"].startswith("/dashboard/login/")


def test_www_leads_to_the_apex(ask: Ask) -> None:
    status, headers, _ = ask("/book?load=half", host="www.quickdumpnow.com")
    assert (status, headers["location"]) == (301, "https://quickdumpnow.com/book/?load=half")


def test_a_booking_goes_through_and_its_old_style_link_too(ask: Ask) -> None:
    status, _, page = ask("/book/")
    assert status == 200, page
    offered = re.search(r'name="date" value="(\S+)" required>.*?data-window="(\w+)"', page)
    assert offered, page
    date, window = offered.groups()
    status, headers, text = ask(
        "/book/",
        "POST",
        customer_name="Mark",
        phone="(619) 555-0123",
        location="Soderblom Ave",
        load="half",
        date=date,
        window=window,
    )
    assert status == 303, text
    token = headers["location"].partition("?")[0].rpartition("/")[2]
    assert ask(f"/track/{token}/")[0] == 200
    assert ask(f"/track.html?token={token}")[1]["location"] == f"/track/{token}"
    assert ask(f"/track/{token}")[1]["x-cache"] == "Miss from cloudfront"
    assert ask(f"/track/{token}")[1]["x-cache"] == "Miss from cloudfront"


def test_junk_ends_at_the_edge_and_the_unknown_at_the_app_with_the_same_words(ask: Ask) -> None:
    junk, unknown = ask("/track/junk"), ask(f"/track/{'x' * 32}")
    assert junk[0] == unknown[0] == 404
    assert junk[1]["x-cache"].startswith("FunctionGeneratedResponse")
    assert unknown[1]["x-cache"] == "Error from cloudfront"
    for _, headers, text in (junk, unknown):
        assert "Job not found, or this tracking link is no longer valid." in text
        assert headers["cache-control"] == "no-store"


def test_a_pages_styles_come_from_the_cache_the_second_time(ask: Ask) -> None:
    path = re.search(r'href="(/static/[^"]+\.css)"', ask("/book/")[2])
    assert path
    ask(path[1])
    status, headers, _ = ask(path[1])
    assert (status, headers["x-cache"]) == (200, "Hit from cloudfront")
    assert "set-cookie" not in headers


def test_health_is_asked_through_the_edge(ask: Ask) -> None:
    assert json.loads(ask("/healthz")[2])["status"] == "ok"
