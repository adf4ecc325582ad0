"""A short bad night; `python -m tests.faults.storm` has the long ones."""

from pathlib import Path

import pytest

from tests.faults.storm import night

pytestmark = pytest.mark.long


@pytest.mark.parametrize("store", ["s3", "table"])
def test_a_bad_night_loses_doubles_and_hides_nothing(store: str, tmp_path: Path) -> None:
    told = night(store, tmp_path, changes=60, faults=4, seed=1)
    assert told.done >= 60
    assert sum(told.faults.values()) == 4
