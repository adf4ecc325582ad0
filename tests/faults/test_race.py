"""Eight processes change the same jobs at once: `python -m tests.faults.race` has the long ones."""

from pathlib import Path

import pytest

from tests.faults.race import race

pytestmark = pytest.mark.long


# Of each process so many.
@pytest.mark.parametrize(("kind", "changes"), [("file", 30), ("s3", 8), ("table", 12)])
def test_where_answers_get_lost_no_change_is_lost_or_made_twice(
    tmp_path: Path, kind: str, changes: int
) -> None:
    told = race(kind, tmp_path, processes=8, changes=changes)
    assert told["stale"] > 0
    assert told["lost"] > 8 * changes / 5
