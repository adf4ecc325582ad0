"""The only CloudFront calls, against a stand-in that is as strict as AWS."""

import json
import socket
from collections.abc import Callable

import pytest

from qdn_site.edge.cloudfront import (
    MOST_CODE,
    CloudFrontRefused,
    Distribution,
    EdgeFunction,
    FunctionVersion,
    client,
)
from qdn_site.edge.table import FUNCTION, cases
from tests.cloudfront import StandIn
from tests.edge.engines import request

ONE = b"function handler(event) { return event.request; }"
TWO = b"function handler(event) { event.request.uri = '/two'; return event.request; }"
SLOW = b"function handler(event) { for (var i = 0; i < 3e6; i++); return event.request; }"
BAD = b"function handler(event) { console.log('here'); return event.nothing.at.all; }"


@pytest.fixture
def function(cloudfront: StandIn) -> EdgeFunction:
    return EdgeFunction("qdn-track-rewrite")


def test_an_endpoint_that_is_none_is_told_in_a_line(
    function: EdgeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", "foo")
    client.cache_clear()
    with pytest.raises(CloudFrontRefused, match=r"cannot be asked: Invalid endpoint: foo$"):
        function.version("LIVE")


def live(function: EdgeFunction) -> FunctionVersion:
    found = function.version("LIVE")
    assert found is not None
    return found


def refused(call: Callable[..., object], *arguments: object) -> str:
    """AWS's name for why."""
    with pytest.raises(CloudFrontRefused) as refusal:
        call(*arguments)
    assert "\n" not in str(refusal.value)
    return refusal.value.code


def test_development_and_live_are_two_each_with_an_etag_of_its_own(function: EdgeFunction) -> None:
    assert function.version("LIVE") is function.version("DEVELOPMENT") is None
    first = function.update(ONE, None)
    assert (
        function.version("DEVELOPMENT") == first == FunctionVersion("DEVELOPMENT", ONE, first.etag)
    )
    assert function.version("LIVE") is None
    function.publish(first)
    assert (live(function).code, live(function).etag != first.etag) == (ONE, True)
    second = function.update(TWO, first.etag)
    assert live(function).code == ONE
    function.publish(second)
    assert live(function).code == TWO


def test_a_stale_update_and_a_stale_publish_are_refused(function: EdgeFunction) -> None:
    assert refused(function.update, TWO, "x") == "NoSuchFunctionExists"
    first = function.update(ONE, None)
    second = function.update(TWO, first.etag)
    with pytest.raises(CloudFrontRefused, match="somebody else changed the function meanwhile"):
        function.update(ONE, first.etag)
    assert refused(function.publish, first) == "PreconditionFailed"
    assert refused(function.update, ONE, "ENEVERWAS") == "InvalidIfMatchVersion"
    assert refused(function.update, ONE, None) == "FunctionAlreadyExists"
    assert function.version("DEVELOPMENT") == second


@pytest.mark.parametrize("etag", ["stale", None])
def test_an_update_whose_answer_was_lost_is_known_as_ours(
    function: EdgeFunction, etag: str | None
) -> None:
    made = function.update(ONE, None)
    assert function.update(ONE, etag) == made


def test_a_function_beyond_ten_kilobytes_is_refused(function: EdgeFunction) -> None:
    large = ONE + b" " * (MOST_CODE - len(ONE))
    made = function.update(large, None)
    with pytest.raises(CloudFrontRefused, match="larger than 10,240 bytes"):
        function.update(large + b" ", made.etag)


def test_a_test_run_tells_output_utilization_and_error(function: EdgeFunction) -> None:
    first = function.update(TWO, None)
    ran = function.test(request("/one"), first)
    assert (ran.output["request"]["uri"], ran.error) == ("/two", "")
    assert 0 < ran.utilization <= 50
    second = function.update(BAD, first.etag)
    ran = function.test(request("/one"), second)
    assert (ran.output, "TypeError" in ran.error) == ({}, True)
    third = function.update(SLOW, second.etag)
    assert function.test(request("/one"), third).utilization > 50
    assert refused(function.test, request("/one"), first) == "InvalidIfMatchVersion"
    assert refused(function.test, {"request": {}}, third) == "InvalidArgument"


def test_the_live_side_is_tested_by_itself(function: EdgeFunction) -> None:
    first = function.update(TWO, None)
    function.publish(first)
    function.update(ONE, first.etag)
    assert function.test(request("/one"), live(function)).output["request"]["uri"] == "/two"


def test_the_shipped_function_passes_its_table_within_half_its_time(cloudfront: StandIn) -> None:
    for case in cases():
        ran = cloudfront.runtime.run(FUNCTION.read_bytes(), case.event, runs=21)
        assert not ran.error
        assert not case.wrong(json.loads(ran.output)), case.name
        assert ran.utilization <= 50, case.name


def test_an_invalidation_finishes_in_its_time(cloudfront: StandIn) -> None:
    slow = Distribution("EDASH")
    started = slow.invalidate(["/dashboard/", "/dashboard"], "one")
    assert (started.completed, started.paths) == (False, ("/dashboard/", "/dashboard"))
    assert slow.recent() == {started.id: "InProgress"}
    while not slow.invalidation(started.id).completed:
        pass
    assert slow.recent() == {started.id: "Completed"}


@pytest.mark.usefixtures("cloudfront")
def test_a_reference_belongs_to_its_paths() -> None:
    production = Distribution("EPROD")
    first = production.invalidate(["/book/", "/book"], "r1")
    assert production.invalidate(["/book", "/book/"], "r1").id == first.id
    assert production.invalidate(["/book", "/book/"], "r2").id != first.id
    with pytest.raises(CloudFrontRefused, match="already used for other paths"):
        production.invalidate(["/track/"], "r1")


def test_an_exhausted_quota_says_so(cloudfront: StandIn) -> None:
    stuck = Distribution("ESTAGE")
    for number in range(15):
        stuck.invalidate([f"/static/{number}/*"], str(number))
    with pytest.raises(CloudFrontRefused, match=r"^distribution ESTAGE: too many invalidations"):
        stuck.invalidate(["/static/15/*"], "15")


def test_an_unknown_distribution_is_named(cloudfront: StandIn) -> None:
    with pytest.raises(CloudFrontRefused, match="distribution ENONE: there is no such"):
        Distribution("ENONE").invalidate(["/"], "r")


@pytest.mark.usefixtures("cloudfront", "other_client")
def test_missing_rights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "DENIED")
    with pytest.raises(CloudFrontRefused, match="credentials do not allow it"):
        Distribution("EPROD").invalidate(["/"], "r")


@pytest.mark.usefixtures("cloudfront", "other_client")
def test_no_answer_is_told_and_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", f"http://127.0.0.1:{port}")
    with pytest.raises(CloudFrontRefused) as refused:
        EdgeFunction("qdn-track-rewrite").version("LIVE")
    assert "\n" not in str(refused.value)
