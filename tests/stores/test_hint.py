"""Eight bytes that the workers of a container share."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE

from dispatch.stores.hint import SharedHint
from tests.serving import ROOT

FLIP = """
import sys
from pathlib import Path
from dispatch.stores.hint import SharedHint
hint = SharedHint(Path(sys.argv[1]))
print("started", flush=True)
while True:
    hint.forget(0x00FF_FFFF)
    hint.forget(0x0100_0000)
"""


def test_a_hint_starts_with_nothing_seen(tmp_path: Path) -> None:
    assert SharedHint(tmp_path / "new" / "hint").read() == 0


def test_a_hint_only_grows(tmp_path: Path) -> None:
    hint = SharedHint(tmp_path / "hint")
    for revision in (5, 3, 7, 0):
        hint.saw(revision)
    assert hint.read() == 7


def test_a_hint_is_shared_and_outlives_who_opened_it(tmp_path: Path) -> None:
    mine, neighbours = (SharedHint(tmp_path / "hint") for _ in range(2))
    mine.saw(5)
    assert neighbours.read() == 5
    assert SharedHint(tmp_path / "hint").read() == 5


def test_what_is_gone_is_forgotten_by_all(tmp_path: Path) -> None:
    mine, neighbours = (SharedHint(tmp_path / "hint") for _ in range(2))
    mine.saw(5)
    neighbours.forget(2)
    assert mine.read() == 2


def test_nobody_else_on_the_machine_can_move_it(tmp_path: Path) -> None:
    SharedHint(tmp_path / "ours" / "hint")
    assert S_IMODE(os.stat(tmp_path / "ours").st_mode) == 0o700


def test_of_many_revisions_seen_at_once_the_highest_stays(tmp_path: Path) -> None:
    hints = [SharedHint(tmp_path / "hint") for _ in range(2)] * 4

    def see(place: int) -> None:
        for revision in range(place, 4_000, len(hints)):
            hints[place].saw(revision)
            assert hints[place].read() >= revision

    with ThreadPoolExecutor(len(hints)) as pool:
        list(pool.map(see, range(len(hints))))
    assert hints[0].read() == 3_999


def test_a_reader_never_finds_half_of_a_write(tmp_path: Path) -> None:
    """Between these two all four bytes change."""
    hint = SharedHint(tmp_path / "hint")
    with subprocess.Popen(
        [sys.executable, "-c", FLIP, tmp_path / "hint"], cwd=ROOT, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        seen = {hint.read() for _ in range(200_000)}
        writer.kill()
    assert seen <= {0, 0x00FF_FFFF, 0x0100_0000}
    assert len(seen) > 1
