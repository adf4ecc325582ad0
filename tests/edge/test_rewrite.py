"""The edge function, byte for byte as it ships, in two engines."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from qdn_site.edge.cloudfront import MOST_CODE
from qdn_site.edge.table import FUNCTION, cases
from tests.edge.engines import BEHIND, ENGINES, WORDS_BEHIND, request, run

TOKEN = "Tk" + "x" * 30
TABLE = cases()
PIECES = st.sampled_from(
    [
        *("/", "track", "track.html", "index.html", "tracking", "book", "booking", "dashboard"),
        *("api", "static", TOKEN, "x" * 16, "x" * 65, "live", "..", ".", "//", "%", "%2F", "%00"),
        *("é", "\n", "?", "#", "\\", " ", "\u2028", "😀", "$&", "$1"),
        *("book.html", "dashboard.html"),
    ]
)
URIS = st.lists(PIECES | st.text(max_size=8), max_size=8).map(
    lambda each: "/" + re.sub("[?#]", "", "".join(each))  # a path never has them
)
HOSTS = st.sampled_from(["quickdumpnow.com", "www.quickdumpnow.com", "www.www.a.b", "WWW.A", ""])
PARTS = [f"token={TOKEN}", "token=", "token", "token=x", "a=1", "a=2", "b=%26", "é", ""]
QUERIES = st.lists(st.sampled_from(PARTS) | st.text(max_size=6), max_size=4).map("&".join)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS"])
HEADERS = HOSTS.map(lambda host: {"host": {"value": host}})
REQUESTS = st.builds(request, URIS, query=QUERIES, method=METHODS, headers=HEADERS)


@pytest.fixture(scope="module", params=ENGINES)
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = run(request.param, [case.event for case in TABLE], tmp_path_factory.mktemp("table"))
    return dict(zip([case.name for case in TABLE], made, strict=True))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_the_function_does_what_the_table_says(case: Any, outcomes: Any) -> None:
    assert not case.wrong(outcomes[case.name])


def test_the_function_is_small_enough_to_ship() -> None:
    assert len(FUNCTION.read_bytes()) <= MOST_CODE


def test_the_function_names_no_business() -> None:
    code = FUNCTION.read_text()
    assert not re.search(r"quick|dump|\+1|@", code, re.IGNORECASE)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_query_goes_along_byte_for_byte(engine: str, tmp_path: Path) -> None:
    query = "b=2&a=1&b=3&=&&flag&note=caf%C3%A9+%26&x=%zz&arr[]=1"
    asked = request("/book.html", query=query)
    (outcome,) = run(engine, [asked], tmp_path)
    assert outcome["response"]["headers"]["location"]["value"] == f"/book/?{query}"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_stood_behind_a_link_is_cut_off_and_words_are_not(engine: str, tmp_path: Path) -> None:
    asked = [request(f"/track/{TOKEN}{behind}") for behind in (*BEHIND, *WORDS_BEHIND)]
    made = [outcome.get("response", {}) for outcome in run(engine, asked, tmp_path)]
    led = [each.get("headers", {}).get("location", {}).get("value") for each in made]
    assert led == [f"/track/{TOKEN}"] * len(BEHIND) + [None] * len(WORDS_BEHIND)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_that_passes_keeps_method_headers_cookies_and_query(
    engine: str, tmp_path: Path
) -> None:
    fields = {
        "method": "PATCH",
        "querystring": {"a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}},
        "headers": {"host": {"value": "h.example"}, "x-odd": {"value": "é, ü"}},
        "cookies": {"sessionid": {"value": "a=b; c", "attributes": "Secure"}},
    }
    (outcome,) = run(engine, [request(f"/track/{TOKEN}/", **fields)], tmp_path)
    assert outcome["request"] == {"uri": f"/track/{TOKEN}", **fields}


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
@settings(  # each process start carries a batch; one that fails is not shrunk but told
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(REQUESTS, min_size=60, max_size=150))
@example([request("/book/\u2028", query="", headers={"host": {"value": "www.quickdumpnow.com"}})])
def test_whatever_is_asked(
    engine: str, tmp_path_factory: pytest.TempPathFactory, asked: list[dict[str, Any]]
) -> None:
    """It never throws, leaves /api and /static alone, and leads where nothing is left to do."""
    folder = tmp_path_factory.getbasetemp()
    first = run(engine, asked, folder)
    assert [outcome["error"] for outcome in first if "error" in outcome] == []
    again = []
    for event, outcome in zip(asked, first, strict=True):
        before = event["request"]
        if before["uri"].startswith(("/api/", "/static/")):
            assert outcome == {"request": before}
        if "request" in outcome:
            assert outcome["request"] == before | {"uri": outcome["request"]["uri"]}
            again.append(event | {"request": outcome["request"]})
        elif "location" in outcome["response"]["headers"]:
            again.append(followed(event, outcome["response"]["headers"]["location"]["value"]))
    second = run(engine, again, folder)
    changed = [
        (event["request"], outcome)
        for event, outcome in zip(again, second, strict=True)
        if outcome != {"request": event["request"]}
    ]
    assert changed == []


def followed(event: dict[str, Any], location: str) -> dict[str, Any]:
    """The next request of a browser that is sent to `location`."""
    assert location.isascii()
    assert location.isprintable()
    there = urlsplit(location)
    assert there.netloc or location.startswith(("/track/", "/book/", "/dashboard/"))
    host = {"host": {"value": there.netloc or event["request"]["headers"]["host"]["value"]}}
    changed = {"uri": there.path, "headers": host}
    return event | {"request": event["request"] | changed, "rawQuery": there.query}
