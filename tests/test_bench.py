"""The benchmarks see a change that was lost, and a goal that was missed."""

from pathlib import Path

import pytest

from bench import Row, growth
from bench.writers import DistantStore, naively, race
from dispatch.domain.stored.document import Document


class ForgetfulStore(DistantStore):
    """Acknowledges every write, and keeps none."""

    def save(self, body: bytes, if_match: str | None) -> Document:
        return Document(body, if_match)


def test_each_change_of_a_race_is_counted_once() -> None:
    store = DistantStore(get=0.001, put=0.001)
    raced = race(store, naively(store), writers=4, length=0.05)
    assert len(raced.seconds) > 0
    assert (raced.lost, raced.refused) == (0, 0)
    assert raced.puts >= len(raced.seconds)


def test_a_lost_change_is_seen() -> None:
    store = ForgetfulStore(get=0, put=0)
    assert race(store, naively(store), writers=4, length=0.01).lost > 0


def test_a_store_is_filled_with_open_jobs_and_years_of_finished_ones(tmp_path: Path) -> None:
    with growth.file(str(tmp_path)) as place:
        growth.fill(place(3), 3)
        filled = list(place(3).contents())
    assert filled[-1].records == growth.OPEN, "the months come first"
    assert sum(each.records for each in filled) == growth.OPEN + 3


@pytest.mark.parametrize(
    ("value", "goal", "is_met"),
    [
        (39.9, {"at_least": 40}, False),
        (40, {"at_least": 40}, True),
        (1.1, {"at_most": 1.1}, True),
        (1.2, {"at_most": 1.1}, False),
        (7, {}, True),
    ],
)
def test_a_row_meets_its_goal_or_not(value: float, goal: dict[str, float], is_met: bool) -> None:
    assert Row("changes", value, **goal).is_met is is_met
