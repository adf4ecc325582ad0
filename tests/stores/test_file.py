"""Files that are replaced: whole or as they were, no rubbish beside them, for the right readers."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.domain.stored.document import Contended, StoreUnavailable, UnreadableDocument
from dispatch.stores import atomic, file
from dispatch.stores.archiver import Archiver
from dispatch.stores.file import FileStore
from dispatch.stores.repository import TIMEOUT
from qdn_site.releases.store import FolderReleases
from tests.making import NOON, FakeClock
from tests.opening import open_jobs
from tests.stores.test_archive import TODAY, done, names, past, put
from tests.stores.troubled import adding, ids, repository


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_a_step_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "kept"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        atomic.replace(path, b"after", mode=0o644, sync=True)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_blob_that_could_not_be_kept_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        FolderReleases("staging", "file:x", tmp_path).put("blob", b"body")
    assert list(tmp_path.iterdir()) == []


def test_jobs_and_roster_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.json"
    FileStore(path).save(b"{}", None)
    assert mode(path) == 0o600


def test_what_ops_wrote_is_read_by_a_server_of_another_user(tmp_path: Path) -> None:
    store = FolderReleases("staging", "file:x", tmp_path)
    store.pointer.save(b"{}", None)
    store.put("manifests/1.json", b"")
    files = ("pointer.json", "manifests/1.json")
    assert {mode(tmp_path / name) for name in files} == {0o644}


def test_a_lock_that_is_never_given_up_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOCK_TIMEOUT", 0)
    with (tmp_path / "jobs.json.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(Contended, match="cannot be written: another process has locked it"):
            FileStore(tmp_path / "jobs.json").save(b"{}", None)


def test_a_change_waits_for_a_lock_as_long_as_for_others_who_write_and_changed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOCK_TIMEOUT", 0)
    path, clock = tmp_path / "jobs.json", FakeClock()
    jobs = repository(FileStore(path), clock)
    with path.with_name("jobs.json.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(StoreUnavailable, match="nothing was changed"):
            jobs.change(adding("a"))
        assert TIMEOUT - 0.25 <= clock() - NOON.timestamp() <= TIMEOUT
        assert (jobs.read().jobs, jobs.is_doubted) == ((), False)


def test_a_change_goes_through_once_the_lock_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LOCK_TIMEOUT", 0)
    path = tmp_path / "jobs.json"
    with path.with_name("jobs.json.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        waiting = repository(
            FileStore(path), FakeClock(), sleep=lambda _: fcntl.flock(theirs, fcntl.LOCK_UN)
        )
        assert ids(waiting.change(adding("a"))) == ["a"]


def test_who_only_reads_waits_for_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "jobs.json"
    path.write_bytes(b"{}")
    with path.with_name("jobs.json.lock").open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        assert FileStore(path).load().body == b"{}"


def test_a_folder_with_a_month_s_name_is_a_damaged_month_and_hides_no_other(
    tmp_path: Path,
) -> None:
    jobs = open_jobs(FileStore(tmp_path / "jobs.json"))
    put(jobs, done("may"), done("april", 30), done("march", 60))
    Archiver(jobs).archive(TODAY)
    month = tmp_path / "archive" / "2026-04.json"
    month.unlink()
    month.mkdir()
    assert names(past(jobs)) == ["may", "march"]
    assert jobs.damaged_months == ("2026-04",)
    assert jobs.archived("march").id == "march"
    assert [str(each) for each in jobs.damaged()] == [str(month)]
    with pytest.raises(UnreadableDocument, match="is a folder"):
        jobs.month("2026-04")
    put(jobs, done("another", 30), done("late", 5))
    assert Archiver(jobs).archive(TODAY) == {"2026-05": 1}


WAITING = """
from gevent import monkey; monkey.patch_all()
import fcntl, gevent, sys
from pathlib import Path
from dispatch.stores.file import FileStore
path = Path(sys.argv[1])
with path.with_name("jobs.json.lock").open("w") as theirs:
    fcntl.flock(theirs, fcntl.LOCK_EX)
    waiting = gevent.spawn(FileStore(path).save, b"{}", None)
    gevent.sleep(0)
    assert not waiting.dead
waiting.get()
"""


def test_whoever_waits_for_the_lock_lets_other_greenlets_go_on(tmp_path: Path) -> None:
    """Else the one that has it could never give it up."""
    path = tmp_path / "jobs.json"
    subprocess.run([sys.executable, "-c", WAITING, path], check=True, timeout=60)
    assert path.read_bytes() == b"{}"
