"""The stand-in itself: as strict as CloudFront where it matters, and it runs what is live."""

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from qdn_site.edge.cloudfront import client as shared_client
from tests.cloudfront import StandIn
from tests.edge.conftest import NAME, Origin
from tests.making import FakeClock

TOKEN = "Tk" + "x" * 30
CODE = b"function handler(event) { return event.request; }"
CONFIG = {"Comment": "", "Runtime": "cloudfront-js-2.0"}


@pytest.fixture
def client(cloudfront: StandIn) -> Any:
    return shared_client()


def refused(call: Any, **asked: Any) -> tuple[int, str]:
    """(HTTP status, AWS's name for it)"""
    with pytest.raises(ClientError) as error:
        call(**asked)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def see(standin: StandIn, path: str, method: str = "GET", **sent: str) -> Any:
    """What a viewer of EPROD gets: status, headers (names in lower case), body."""
    there = urlsplit(standin.url("EPROD"))
    connection = http.client.HTTPConnection(there.netloc, timeout=10)
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    body = b"a=1" if method == "POST" else None
    connection.request(method, path, body, {"Host": "quickdumpnow.com"} | headers)
    answer = connection.getresponse()
    told = answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
    connection.close()
    return told


def batch(reference: str, *paths: str, quantity: int | None = None) -> dict[str, Any]:
    count = len(paths) if quantity is None else quantity
    return {"CallerReference": reference, "Paths": {"Quantity": count, "Items": list(paths)}}


def test_every_call_needs_a_signature(cloudfront: StandIn) -> None:
    there = urlsplit(cloudfront.endpoint)
    connection = http.client.HTTPConnection(there.netloc, timeout=10)
    connection.request("GET", "/2020-05-31/function")
    assert connection.getresponse().status == 403
    connection.close()


def test_development_and_live_are_two(client: Any) -> None:
    etag = client.create_function(Name=NAME, FunctionConfig=CONFIG, FunctionCode=CODE)["ETag"]
    gone = {"Name": NAME, "Stage": "LIVE"}
    assert refused(client.get_function, **gone) == (404, "NoSuchFunctionExists")
    assert refused(client.describe_function, **gone) == (404, "NoSuchFunctionExists")
    client.publish_function(Name=NAME, IfMatch=etag)
    described = {
        stage: client.describe_function(Name=NAME, Stage=stage)["ETag"]
        for stage in ("DEVELOPMENT", "LIVE")
    }
    assert described["DEVELOPMENT"] == etag != described["LIVE"]
    listed = client.list_functions(Stage="LIVE")["FunctionList"]["Items"]
    assert [each["Name"] for each in listed] == [NAME]


def test_the_etag_of_an_update_comes_in_a_header_spelled_etag_with_two_t(client: Any) -> None:
    etag = client.create_function(Name=NAME, FunctionConfig=CONFIG, FunctionCode=CODE)["ETag"]
    answer = client.update_function(
        Name=NAME, IfMatch=etag, FunctionConfig=CONFIG, FunctionCode=CODE + b";"
    )
    assert answer["ETag"] == answer["ResponseMetadata"]["HTTPHeaders"]["ettag"] != etag


def test_conditions_are_enforced_by_their_names(client: Any) -> None:
    asked = {"Name": NAME, "FunctionConfig": CONFIG, "FunctionCode": CODE}
    old = client.create_function(**asked)["ETag"]
    new = client.update_function(**asked, IfMatch=old)["ETag"]
    assert refused(client.create_function, **asked) == (409, "FunctionAlreadyExists")
    assert refused(client.update_function, **asked, IfMatch=old) == (412, "PreconditionFailed")
    assert refused(client.update_function, **asked, IfMatch="x") == (400, "InvalidIfMatchVersion")
    assert refused(client.publish_function, Name=NAME, IfMatch=old)[1] == "PreconditionFailed"
    tried = {"Name": NAME, "IfMatch": old, "EventObject": b"{}"}
    assert refused(client.test_function, **tried) == (400, "InvalidIfMatchVersion")
    tried = {"Name": NAME, "IfMatch": new, "EventObject": b"{}"}
    assert refused(client.test_function, **tried) == (400, "InvalidArgument")


def test_ten_kilobytes_fit_and_no_byte_more(client: Any) -> None:
    asked = {"Name": NAME, "FunctionConfig": CONFIG, "FunctionCode": b" " * 10_241}
    assert refused(client.create_function, **asked) == (413, "FunctionSizeLimitExceeded")
    client.create_function(**asked | {"FunctionCode": b" " * 10_240})


@pytest.mark.parametrize("path", ["book/", "/a*b", "/*/a", "/é", "/a b", "/%zz", "/a%2", "*", ""])
def test_a_path_that_is_none_is_an_invalid_argument(client: Any, path: str) -> None:
    asked = {"DistributionId": "EPROD", "InvalidationBatch": batch("r", "/ok", path)}
    assert refused(client.create_invalidation, **asked) == (400, "InvalidArgument")


def test_batches_are_counted(client: Any) -> None:
    create = client.create_invalidation
    wrong = {"DistributionId": "EPROD", "InvalidationBatch": batch("r", "/a", quantity=2)}
    assert refused(create, **wrong) == (400, "InconsistentQuantities")
    stuck = {"DistributionId": "ESTAGE"}
    many = [f"/{number}" for number in range(3_000)]
    large = batch("r", *many, "/more")
    assert refused(create, **stuck, InvalidationBatch=large) == (413, "BatchTooLarge")
    create(**stuck, InvalidationBatch=batch("r", *many))
    one = batch("s", "/one")
    too_many = (400, "TooManyInvalidationsInProgress")
    assert refused(create, **stuck, InvalidationBatch=one) == too_many


def test_a_reference_belongs_to_its_paths(client: Any) -> None:
    create = client.create_invalidation
    first = create(DistributionId="EPROD", InvalidationBatch=batch("r", "/a", "/b"))
    again = create(DistributionId="EPROD", InvalidationBatch=batch("r", "/b", "/a"))
    assert first["Invalidation"]["Id"] == again["Invalidation"]["Id"]
    other = {"DistributionId": "EPROD", "InvalidationBatch": batch("r", "/c")}
    assert refused(create, **other) == (400, "InvalidArgument")


def test_unknown_things_are_404(client: Any) -> None:
    nowhere = {"DistributionId": "ENONE"}
    create = client.create_invalidation
    gone = (404, "NoSuchDistribution")
    assert refused(create, **nowhere, InvalidationBatch=batch("r", "/a")) == gone
    assert refused(client.get_distribution, Id="ENONE") == gone
    asked = {"DistributionId": "EPROD", "Id": "INONE"}
    assert refused(client.get_invalidation, **asked) == (404, "NoSuchInvalidation")
    assert client.get_distribution(Id="EPROD")["Distribution"]["InProgressInvalidationBatches"] == 0


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


def test_an_invalidation_drops_just_its_paths(client: Any, live: StandIn, origin: Origin) -> None:
    for path in ("/static/a.css", "/static/b.css"):
        see(live, path)
    client.create_invalidation(DistributionId="EPROD", InvalidationBatch=batch("r", "/static/a*"))
    assert see(live, "/static/a.css")[2] == b"answer 3"
    assert see(live, "/static/b.css")[2] == b"answer 2"


def test_what_was_rewritten_is_dropped_by_both_of_its_names(
    client: Any, live: StandIn, origin: Origin
) -> None:
    origin.status = 404
    create = client.create_invalidation
    see(live, "/book")
    create(DistributionId="EPROD", InvalidationBatch=batch("1", "/book/"))
    assert see(live, "/book")[2] == b"answer 1"
    create(DistributionId="EPROD", InvalidationBatch=batch("2", "/book", "/book/"))
    assert see(live, "/book")[2] == b"answer 2"


def test_an_origin_that_is_away_is_502(live: StandIn) -> None:
    live.distributions["EPROD"].origin = "http://127.0.0.1:9"
    assert see(live, "/")[0] == 502
