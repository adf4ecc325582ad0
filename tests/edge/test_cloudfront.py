"""The only CloudFront calls, against a stand-in that is as strict as AWS."""

import json
import socket

import pytest

from qdn_site.edge.cloudfront import (
    MOST_CODE,
    CloudFrontRefused,
    Distribution,
    EdgeFunction,
    FunctionVersion,
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


@pytest.fixture
def production(cloudfront: StandIn) -> Distribution:
    return Distribution("EPROD")


def test_a_function_that_is_not_there_is_none(function: EdgeFunction) -> None:
    assert function.live() is None
    assert function.development() is None


def test_what_was_put_up_is_read_back_but_not_yet_live(function: EdgeFunction) -> None:
    made = function.update(ONE, None)
    assert function.development() == made == FunctionVersion("DEVELOPMENT", ONE, made.etag)
    assert function.live() is None


def test_publishing_makes_it_live_with_an_etag_of_its_own(function: EdgeFunction) -> None:
    made = function.update(ONE, None)
    function.publish(made)
    live = function.live()
    assert live is not None
    assert live.code == ONE
    assert live.etag != made.etag


def test_a_second_update_waits_in_development_until_it_is_published(function: EdgeFunction) -> None:
    first = function.update(ONE, None)
    function.publish(first)
    second = function.update(TWO, first.etag)
    assert (live := function.live())
    assert live.code == ONE
    function.publish(second)
    assert (live := function.live())
    assert live.code == TWO


def test_a_stale_update_and_a_stale_publish_are_refused_in_a_line(function: EdgeFunction) -> None:
    first = function.update(ONE, None)
    second = function.update(TWO, first.etag)
    with pytest.raises(CloudFrontRefused, match="somebody else changed the function meanwhile"):
        function.update(ONE, first.etag)
    with pytest.raises(CloudFrontRefused) as refused:
        function.publish(first)
    assert "\n" not in str(refused.value)
    assert refused.value.code == "PreconditionFailed"
    assert function.development() == second


def test_two_who_create_at_once_one_wins(function: EdgeFunction) -> None:
    function.update(ONE, None)
    with pytest.raises(CloudFrontRefused):
        function.update(TWO, None)


@pytest.mark.parametrize("etag", ["stale", None])
def test_an_update_whose_answer_was_lost_is_known_as_ours(
    function: EdgeFunction, etag: str | None
) -> None:
    made = function.update(ONE, None)
    assert function.update(ONE, etag) == made


def test_an_etag_that_never_was_one_is_refused(function: EdgeFunction) -> None:
    function.update(ONE, None)
    with pytest.raises(CloudFrontRefused) as refused:
        function.update(TWO, "ENEVERWAS")
    assert refused.value.code == "InvalidIfMatchVersion"


def test_a_function_beyond_ten_kilobytes_is_refused(function: EdgeFunction) -> None:
    large = ONE + b" " * (MOST_CODE - len(ONE))
    made = function.update(large, None)
    with pytest.raises(CloudFrontRefused, match="larger than 10,240 bytes"):
        function.update(large + b" ", made.etag)


def test_a_test_run_tells_output_utilization_and_error(function: EdgeFunction) -> None:
    ran = function.test(request("/one"), function.update(TWO, None))
    assert ran.output["request"]["uri"] == "/two"
    assert ran.error == ""
    assert 0 < ran.utilization <= 50


def test_a_test_run_of_a_broken_function_tells_why_and_what_it_logged(
    function: EdgeFunction,
) -> None:
    ran = function.test(request("/one"), function.update(BAD, None))
    assert "TypeError" in ran.error
    assert ran.output == {}


def test_a_slow_function_uses_all_of_its_time(function: EdgeFunction) -> None:
    assert function.test(request("/one"), function.update(SLOW, None)).utilization > 50


def test_a_version_that_is_no_longer_there_cannot_be_tested(function: EdgeFunction) -> None:
    first = function.update(ONE, None)
    function.update(TWO, first.etag)
    with pytest.raises(CloudFrontRefused):
        function.test(request("/one"), first)


def test_the_live_side_is_tested_by_itself(function: EdgeFunction) -> None:
    first = function.update(TWO, None)
    function.publish(first)
    function.update(ONE, first.etag)
    live = function.live()
    assert live is not None
    assert function.test(request("/one"), live).output["request"]["uri"] == "/two"


def test_the_shipped_function_passes_its_table_within_half_its_time(cloudfront: StandIn) -> None:
    for case in cases():
        ran = cloudfront.runtime.run(FUNCTION.read_bytes(), case.event, runs=21)
        assert not ran.error
        assert not case.wrong(json.loads(ran.output)), case.name
        assert ran.utilization <= 50, case.name


def test_an_invalidation_finishes_in_its_time(cloudfront: StandIn) -> None:
    slow = Distribution("EDASH")
    started = slow.invalidate(["/dashboard/", "/dashboard"], "one")
    assert not started.completed
    assert slow.in_progress()[0].paths == ("/dashboard/", "/dashboard")
    while not slow.invalidation(started.id).completed:
        pass
    assert slow.in_progress() == ()


def test_the_same_paths_under_the_same_reference_cost_nothing(production: Distribution) -> None:
    first = production.invalidate(["/book/", "/book"], "r1")
    assert production.invalidate(["/book", "/book/"], "r1").id == first.id
    assert production.invalidate(["/book", "/book/"], "r2").id != first.id


def test_other_paths_under_a_used_reference_are_refused(production: Distribution) -> None:
    production.invalidate(["/book/"], "r1")
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
        EdgeFunction("qdn-track-rewrite").live()
    assert "\n" not in str(refused.value)
