"""The stand-in itself: as strict as CloudFront where it matters, and it runs what is live."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from qdn_site.edge.cloudfront import CloudFrontRefused, Distribution
from tests.cloudfront import StandIn
from tests.edge.conftest import NAME, Origin
from tests.making import FakeClock

TOKEN = "Tk" + "x" * 30
CODE = b"function handler(event) { return event.request; }"
CONFIG = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
invalidate = Distribution("EPROD").invalidate


def see(standin: StandIn, path: str, method: str = "GET", **sent: str) -> Any:
    """As a viewer of EPROD: status, headers (names in lower case), body."""
    there = urlsplit(standin.url("EPROD"))
    connection = http.client.HTTPConnection(there.netloc, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    body = b"a=1" if method == "POST" else None
    connection.request(method, path, body, {"Host": "quickdumpnow.com"} | headers)
    answer = connection.getresponse()
    told = answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
    connection.close()
    return told


@pytest.mark.parametrize("path", ["book/", "/a*b", "/*/a", "/é", "/a b", "/%zz", "/a%2", "*", ""])
def test_a_path_that_is_none_is_an_invalid_argument(cloudfront: StandIn, path: str) -> None:
    with pytest.raises(CloudFrontRefused) as refused:
        invalidate(["/ok", path], "r")
    assert refused.value.code == "InvalidArgument"


def test_three_thousand_paths_fit_and_no_more(cloudfront: StandIn) -> None:
    stuck, many = Distribution("ESTAGE"), [f"/{number}" for number in range(3_000)]
    with pytest.raises(CloudFrontRefused, match="too many paths in one batch"):
        stuck.invalidate([*many, "/more"], "r")
    stuck.invalidate(many, "r")
    with pytest.raises(CloudFrontRefused, match="too many invalidations are in progress"):
        stuck.invalidate(["/one"], "s")


def test_the_live_function_runs_in_front_of_the_origin(live: StandIn, origin: Origin) -> None:
    status, headers, _ = see(live, f"/track/{TOKEN}/?seen=1&a=1&a=2&n=%C3%A9", Cookie="a=1; b=2")
    assert (status, headers["x-cache"]) == (200, "Miss from cloudfront")
    _, path, sent, _ = origin.asked[0]
    assert path == f"/track/{TOKEN}?seen=1&a=1&a=2&n=%C3%A9"
    assert sent["cookie"] == "a=1; b=2"
    assert sent["host"] == "quickdumpnow.com"
    assert sent["x-origin-verify"] == "sesame"
    assert sent["cloudfront-forwarded-proto"] == "https"
    assert sent["cloudfront-viewer-address"].startswith("127.0.0.1:")


def test_a_body_goes_along(live: StandIn, origin: Origin) -> None:
    see(live, "/book", "POST")
    assert origin.asked[0][:2] == ("POST", "/book/")
    assert origin.asked[0][3] == b"a=1"


def test_what_the_function_answers_never_reaches_the_origin(live: StandIn, origin: Origin) -> None:
    status, headers, _ = see(live, f"/track.html?b=2&token={TOKEN}&a=%26")
    assert (status, headers["location"]) == (301, f"/track/{TOKEN}?b=2&a=%26")
    status, headers, body = see(live, "/track/short")
    assert (status, headers["cache-control"]) == (404, "no-store")
    assert b"no longer valid" in body
    assert see(live, "/track/short", "HEAD")[2] == b""
    assert origin.asked == []


def test_without_a_live_function_requests_pass_as_they_are(
    cloudfront: StandIn, origin: Origin
) -> None:
    cloudfront.functions.create(NAME, CONFIG, CODE)
    see(cloudfront, "/book")
    assert origin.asked[0][1] == "/book"


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        (b"function handler(event) { throw new Error('x'); }", 503, "FunctionExecutionError"),
        (b"function handler(event) { for (;;); }", 503, "FunctionExecutionError"),
        (
            b"function handler(e) { e.request.headers.host.value = 'x'; return e.request; }",
            502,
            "FunctionValidationError",
        ),
    ],
)
def test_a_function_that_fails_fails_its_viewers(
    cloudfront: StandIn, monkeypatch: pytest.MonkeyPatch, code: bytes, status: int, said: str
) -> None:
    monkeypatch.setattr(cloudfront.runtime, "longest", 300)
    version = cloudfront.functions.create(NAME, CONFIG, code)
    cloudfront.functions.publish(NAME, version.etag)
    answer = see(cloudfront, "/")
    assert (answer[0], answer[1]["x-cache"]) == (status, f"{said} from cloudfront")


def test_pages_are_never_cached(live: StandIn, origin: Origin) -> None:
    assert see(live, "/book/")[2] == b"answer 1"
    assert see(live, "/book/")[2] == b"answer 2"


def test_static_files_are_cached_by_path_until_they_expire(
    live: StandIn, origin: Origin, clock: FakeClock
) -> None:
    origin.headers |= {"Set-Cookie": "mine=1"}
    assert see(live, "/static/a.css")[1]["x-cache"] == "Miss from cloudfront"
    clock.tick(59)
    status, headers, body = see(live, "/static/a.css?v=2", Cookie="other=1")
    assert (status, headers["x-cache"], headers["age"]) == (200, "Hit from cloudfront", "59")
    assert (body, headers["set-cookie"]) == (b"answer 1", "mine=1")
    clock.tick(1)
    assert see(live, "/static/a.css")[2] == b"answer 2"
    assert [sent.get("cookie") for _, _, sent, _ in origin.asked] == [None, None]


def test_even_what_must_not_be_kept_is_kept_a_second_where_it_is_cached(
    live: StandIn, origin: Origin, clock: FakeClock
) -> None:
    origin.headers = {"Cache-Control": "no-store"}
    see(live, "/static/a.css")
    assert see(live, "/static/a.css")[2] == b"answer 1"
    clock.tick(1)
    assert see(live, "/static/a.css")[2] == b"answer 2"


def test_an_error_is_kept_ten_seconds_even_where_nothing_is_cached(
    live: StandIn, origin: Origin, clock: FakeClock
) -> None:
    origin.status, origin.headers = 404, {"Cache-Control": "no-store"}
    see(live, f"/track/{TOKEN}")
    origin.status = 200
    assert see(live, f"/track/{TOKEN}")[0] == 404
    clock.tick(10)
    assert see(live, f"/track/{TOKEN}")[0] == 200


def test_with_an_error_ttl_of_nothing_an_error_is_asked_again(
    live: StandIn, origin: Origin
) -> None:
    live.caches["EPROD"].error_ttl = 0
    origin.status, origin.headers = 404, {"Cache-Control": "no-store"}
    see(live, f"/track/{TOKEN}")
    assert see(live, f"/track/{TOKEN}")[2] == b"answer 2"


def test_an_invalidation_drops_just_its_paths(live: StandIn, origin: Origin) -> None:
    for path in ("/static/a.css", "/static/b.css"):
        see(live, path)
    invalidate(["/static/a*"], "r")
    assert see(live, "/static/a.css")[2] == b"answer 3"
    assert see(live, "/static/b.css")[2] == b"answer 2"


def test_what_was_rewritten_is_dropped_by_both_of_its_names(live: StandIn, origin: Origin) -> None:
    origin.status = 404
    see(live, "/book")
    invalidate(["/book/"], "1")
    assert see(live, "/book")[2] == b"answer 1"
    invalidate(["/book", "/book/"], "2")
    assert see(live, "/book")[2] == b"answer 2"


def test_an_origin_that_is_away_is_502(live: StandIn) -> None:
    live.distributions["EPROD"].origin = "http://127.0.0.1:9"
    assert see(live, "/")[0] == 502
