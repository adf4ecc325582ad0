"""The order in which a driver goes from stop to stop."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.job import Crew, Job
from dispatch.domain.status import Status
from dispatch.domain.visit.route import in_driving_order, is_on_day, may_order, moved, put_in_order
from tests.making import BUSINESS, NOON, make_job, seconds

DAY = BUSINESS.today(NOON)
MORNING, AFTERNOON = (window.on(DAY) for window in BUSINESS.windows)


def at(place: int, **fields: Any) -> Job:
    """The job that came in so many seconds after noon; `j3` is the fourth."""
    made = {"id": f"j{place}", "created_at": NOON + seconds(place), "window": AFTERNOON}
    return make_job(**made | {"status": "booked", "crew": Crew(driver="joel")} | fields)


def ids(jobs: list[Job]) -> str:
    return " ".join(job.id for job in in_driving_order(jobs))


def test_without_an_order_they_are_driven_by_window_the_oldest_first() -> None:
    assert ids([at(2), at(3, window=MORNING), at(1)]) == "j3 j1 j2"
    assert ids([]) == ""


def test_as_somebody_has_put_them_whatever_their_windows() -> None:
    assert ids([at(1, stop=2, window=MORNING), at(2, stop=1)]) == "j2 j1"


def test_of_two_in_one_place_the_older_is_first() -> None:
    assert ids([at(2, stop=1), at(1, stop=1)]) == "j1 j2"


@pytest.mark.parametrize(
    ("window", "then"),
    [(MORNING, "j1 new j2"), (AFTERNOON, "j1 j2 new"), (None, "new j1 j2")],
)
def test_what_has_come_since_stands_at_the_end_of_its_window(window: Any, then: str) -> None:
    ordered = [at(1, stop=1, window=MORNING), at(2, stop=2)]
    assert ids([*ordered, at(9, id="new", window=window)]) == then


def test_several_that_came_since_stand_by_age() -> None:
    assert ids([at(1, stop=1), at(4), at(3)]) == "j1 j3 j4"


def test_the_order_that_is_wanted_is_numbered_from_one() -> None:
    jobs = [at(1), at(2), at(3)]
    assert put_in_order(jobs, ["j3", "j1", "j2"]) == {"j3": 1, "j1": 2, "j2": 3}


def test_only_what_stands_elsewhere_then_is_told() -> None:
    jobs = [at(1, stop=1), at(2, stop=2), at(3, stop=3)]
    assert put_in_order(jobs, ["j1", "j3", "j2"]) == {"j3": 2, "j2": 3}
    assert put_in_order(jobs, ["j1", "j2", "j3"]) == {}


def test_what_is_not_named_keeps_its_place() -> None:
    jobs = [at(1, stop=1), at(2, stop=2), at(3, stop=3)]
    assert put_in_order(jobs, ["j3", "j1"]) == {"j3": 1, "j1": 3}


def test_a_new_one_that_is_not_named_stays_at_the_end_of_its_window() -> None:
    jobs = [at(1, stop=1, window=MORNING), at(2, stop=2), at(9, window=MORNING)]
    then = put_in_order(jobs, ["j2", "j1"])
    assert then == {"j2": 1, "j1": 3}
    placed = [at(1, stop=3, window=MORNING), at(2, stop=1), at(9, window=MORNING)]
    assert ids(placed) == "j2 j1 j9"


def test_ids_of_others_and_repeated_ones_are_passed_over() -> None:
    jobs = [at(1), at(2)]
    assert put_in_order(jobs, ["gone", "j2", "j2", "j1", "j2"]) == {"j2": 1, "j1": 2}
    assert put_in_order(jobs, []) == {}


@pytest.mark.parametrize(
    ("which", "by", "then"),
    [
        ("b", -1, "bac"),
        ("b", 1, "acb"),
        ("a", -1, "abc"),
        ("c", 1, "abc"),
        ("a", 2, "bca"),
        ("x", 1, "abc"),
    ],
)
def test_one_goes_so_many_places(which: str, by: int, then: str) -> None:
    assert "".join(moved("abc", which, by)) == then


def test_a_stop_is_of_the_day_of_its_window_and_of_all_its_crew() -> None:
    job = at(1, crew=Crew(driver="joel", first_mate="ana", supervisor="dana"))
    assert all(is_on_day(job, name, DAY) for name in ("joel", "ana", "dana"))
    assert not is_on_day(job, "vic", DAY)
    assert not is_on_day(job, "joel", DAY + timedelta(days=1))
    assert not is_on_day(at(1, window=None), "joel", DAY)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"crew": Crew(first_mate="joel")}, True),
        ({"crew": Crew(driver="ana", first_mate="joel")}, False),
        ({"status": Status.COMPLETED}, False),
    ],
)
def test_the_order_is_the_drivers(fields: dict[str, Any], may: bool) -> None:
    assert may_order(at(1, **fields), "joel") == may
