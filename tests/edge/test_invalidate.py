"""`manage.py invalidate`: rules checked first, each path where it is served, free to repeat."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from qdn_site.edge.cloudfront import CloudFrontRefused, Distribution
from qdn_site.edge.invalidation import MOST_PATHS, OF_SURFACE, Order, chosen, orders, start, watched
from tests.cloudfront import StandIn
from tests.making import FakeClock

BOTH = {"production": "EPROD", "dashboard": "EDASH", "staging": "ESTAGE"}
REPEATED = "already asked under this reference, nothing new begins"
ONE = {"production": "EPROD", "dashboard": "", "staging": "ESTAGE"}


@pytest.fixture(autouse=True)
def distributions(settings: Any) -> None:
    settings.DISTRIBUTIONS = ONE


def invalidate(*arguments: str) -> list[str]:
    said = StringIO()
    call_command("invalidate", *arguments, stdout=said)
    return said.getvalue().splitlines()


def started(standin: StandIn, id: str = "EPROD") -> list[list[str]]:
    """The paths of every batch, the newest first."""
    return [batch.paths for batch in standin.invalidations[id].all()]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("book/", "is neither a surface"),
        ("books", "is neither a surface"),
        ("", "is neither a surface"),
        ("https://quickdumpnow.com/book/", "is an address; give the path alone"),
        ("/book*x", "only be its last character"),
        ("/*/book", "only be its last character"),
        ("/book/**", "only be its last character"),
        ("/book/?load=half", "queries are no part of what is cached"),
        ("/book/#top", "queries are no part of what is cached"),
        ("/café", "must be encoded: /caf%C3%A9"),
        ("/\udcff", "must be encoded: /%FF"),
        ("/a b", "must be encoded: /a%20b"),
        ("/a\nb", "must be encoded: /a%0Ab"),
        ("/a%2", "begins no encoded character"),
        ("/100%", "begins no encoded character"),
        ("/Book/", "there is only /book/"),
        ("/STATIC/site/a.css", "there is only /static/site/a.css"),
        ("/Track/AbC*", "there is only /track/AbC*"),
        ("/" + "x" * 4_000, "longer than 4,000"),
        ("/*", "empties the whole cache"),
    ],
)
def test_a_path_that_cloudfront_or_we_would_regret_is_refused_in_a_line(
    path: str, why: str, cloudfront: StandIn
) -> None:
    with pytest.raises(CommandError, match="(?s)" + why.replace("*", r"\*")) as refused:
        invalidate("/ok", path)
    told = str(refused.value).removeprefix(path)  # a path may hold a line's end itself
    assert "\n" not in told
    assert started(cloudfront) == []


def test_every_wrong_path_is_told_at_once() -> None:
    with pytest.raises(CloudFrontRefused) as refused:
        chosen(["/a b", "/ok", "nope", "/x*y"])
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "/a b",
        "nope",
        "/x*y",
    ]


def test_good_paths_stay_as_they_are() -> None:
    good = ("/", "/book/", "/caf%C3%A9", "/static/site/a~b.(1)+,;=@!$&'.css", "/track/AbC-_*")
    assert chosen(good) == good


def test_what_is_named_twice_or_covered_is_sent_once() -> None:
    assert chosen(["/book/", "/book/", "/static/a", "/static/*", "/static/b*"]) == (
        "/book/",
        "/static/*",
    )


def test_too_many_paths_are_refused_before_the_call() -> None:
    with pytest.raises(CloudFrontRefused, match="3,001 paths"):
        chosen([f"/{number}" for number in range(MOST_PATHS + 1)])
    with pytest.raises(CloudFrontRefused, match=r"16 paths with \*"):
        chosen([f"/{number:02}*" for number in range(16)])


def test_a_surface_is_its_paths_before_and_after_rewriting(cloudfront: StandIn) -> None:
    (line,) = invalidate("book")
    assert started(cloudfront) == [["/", "/book", "/book/", "/privacy/"]]
    assert line == "Invalidating / /book /book/ /privacy/ of production (EPROD): I0000000000001"


@pytest.mark.parametrize("surface", OF_SURFACE)
def test_every_surface_passes_its_own_rules(surface: str) -> None:
    assert set(chosen([surface])) == set(OF_SURFACE[surface])


def test_each_path_goes_to_the_distribution_that_serves_it() -> None:
    asked = ("/book/", "/dashboard", "/dashboard/*", "/api/docs", "/static/a.css", "/d*", "/s*")
    assert orders(asked, BOTH) == (
        Order("production", "EPROD", ("/book/", "/static/a.css", "/d*", "/s*")),
        Order(
            "dashboard",
            "EDASH",
            ("/dashboard", "/dashboard/*", "/api/docs", "/static/a.css", "/d*", "/s*"),
        ),
    )
    assert orders(["/calendar/*"], BOTH) == (Order("dashboard", "EDASH", ("/calendar/*",)),)
    assert [each.stage for each in orders(["/brand.svg"], BOTH)] == ["production", "dashboard"]
    assert orders(asked, ONE) == (Order("production", "EPROD", asked),)
    assert orders(asked, BOTH, staging=True) == (Order("staging", "ESTAGE", asked),)


def test_a_missing_distribution_is_named() -> None:
    with pytest.raises(CloudFrontRefused, match="QDN_STAGING_DISTRIBUTION is not set"):
        orders(["/"], {"production": "EPROD"}, staging=True)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    cloudfront: StandIn, settings: Any
) -> None:
    settings.DISTRIBUTIONS = BOTH
    assert invalidate("book", "dashboard", "--dry-run") == [
        "Would invalidate / /book /book/ /privacy/ of production (EPROD)",
        "Would invalidate /dashboard /dashboard/* of dashboard (EDASH)",
    ]
    assert started(cloudfront) == started(cloudfront, "EDASH") == []


def test_a_repeated_call_is_free_within_its_minute_or_reference(
    cloudfront: StandIn, clock: FakeClock
) -> None:
    first = invalidate("/book/", "/book")
    assert "already" not in first[0]
    again = invalidate("/book", "/book/")[0]
    assert again.endswith(f"{first[0][-14:]}; {REPEATED}")
    clock.tick(60)
    invalidate("/book/", "/book")
    assert len(started(cloudfront)) == 2
    invalidate("/book/", "--reference", "release 7")
    clock.tick(3_600)
    invalidate("/book/", "--reference", "release 7")
    assert len(started(cloudfront)) == 3


def test_everything_needs_to_be_asked_for(cloudfront: StandIn) -> None:
    invalidate("/*", "--everything")
    assert started(cloudfront) == [["/*"]]


def test_waiting_tells_when_it_is_done(cloudfront: StandIn) -> None:
    assert invalidate("book", "--wait")[-1].startswith("I0000000000001: completed after ")


def test_waiting_shows_progress(cloudfront: StandIn, clock: FakeClock) -> None:
    slow = Distribution("EDASH")
    begun = start(Order("dashboard", "EDASH", ("/dashboard/*",)), "r", slow)
    looks = list(watched(begun, slow, clock=clock, sleep=clock.tick))
    assert looks == [(False, 0), (False, 5), (True, 10)]


def test_waiting_ends(cloudfront: StandIn, clock: FakeClock) -> None:
    stuck = Distribution("ESTAGE")
    begun = start(Order("staging", "ESTAGE", ("/",)), "r", stuck)
    with pytest.raises(CloudFrontRefused, match="still in progress after 20 s"):
        list(watched(begun, stuck, clock=clock, sleep=clock.tick, timeout=20))


def test_an_exhausted_quota_is_one_line(cloudfront: StandIn) -> None:
    wide = [f"/static/{number}/*" for number in range(10)]
    Distribution("ESTAGE").invalidate(wide, "before")
    with pytest.raises(CommandError) as refused:
        invalidate(*(f"/track/{number}*" for number in range(6)), "--staging")
    assert str(refused.value) == (
        "distribution ESTAGE: 10 paths with * are in progress and 6 more would exceed 15;"
        " wait for them to finish."
    )
    assert started(cloudfront, "ESTAGE") == [wide]


def test_a_repeat_is_free_even_where_the_quota_is_full(cloudfront: StandIn) -> None:
    wide = [f"/static/{number}/*" for number in range(15)]
    first = invalidate(*wide, "--staging", "--reference", "r")
    assert invalidate(*wide, "--staging", "--reference", "r") == [f"{first[0]}; {REPEATED}"]


def test_an_unknown_distribution_is_one_line(cloudfront: StandIn, settings: Any) -> None:
    settings.DISTRIBUTIONS = {"production": "ENONE"}
    with pytest.raises(CommandError, match=r"^distribution ENONE: there is no such distribution"):
        invalidate("book")
