"""The follower beside gunicorn is there for as long as gunicorn is."""

import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError

from qdn_site.management.commands import follow as command
from qdn_site.releases import companion
from qdn_site.releases.follow import Follower
from tests.releases.live import until

NEVER_ENDS = """
import sys, time
print(*sys.argv[1:], file=open("arguments", "w"), flush=True)
time.sleep(600)
"""


def test_one_that_dies_comes_back_and_goes_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "manage.py").write_text(NEVER_ENDS)
    monkeypatch.setattr(companion, "ROOT", tmp_path)
    monkeypatch.setattr(companion, "EVERY", 0.01)
    monkeypatch.setattr(companion, "FIRST_LOOK", 0.0)
    monkeypatch.setenv("QDN_RELEASES_URL", "file:anywhere")
    companion.start(SimpleNamespace(log=logging.getLogger("gunicorn.error")))
    first = companion._follower
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: companion._follower is not first)
    second = companion._follower
    assert second is not None
    assert second.poll() is None
    arguments = tmp_path / "arguments"
    until(
        lambda: arguments.exists() and arguments.read_text() == f"follow --master {os.getpid()}\n"
    )
    companion.stop(None)
    assert second.poll() == -signal.SIGTERM
    assert "The follower of releases has gone" in caplog.text


class Looks(Follower):
    """Whose looks find these changes; with the last one gunicorn's master goes, too."""

    def __init__(self, *changes: bool) -> None:
        self.changes = iter(changes)
        self.left = len(changes)

    def look(self) -> bool:
        self.left -= 1
        return next(self.changes)


@pytest.fixture
def hangups(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Whom a follower sent which signal; its own are not set up."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *to: sent.append(to))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(command, "EVERY", 0.0)
    return sent


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """gunicorn's end and the follower's, which the follower closes."""
    looked, tell = os.pipe()
    yield looked, tell
    with contextlib.suppress(OSError):
        os.close(looked)


def follow(monkeypatch: pytest.MonkeyPatch, looks: Looks, ready_fd: int | None) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 7 if looks.left else 1)
    command.follow(looks, 7, ready_fd)


def test_the_first_workers_wait_for_the_first_look_and_need_no_hup(
    monkeypatch: pytest.MonkeyPatch, hangups: list[tuple[int, int]], pipe: tuple[int, int]
) -> None:
    follow(monkeypatch, Looks(True, False, True), pipe[1])
    assert hangups == [(7, signal.SIGHUP)]
    assert os.read(pipe[0], 9) == b"."


@pytest.mark.parametrize(("changed", "hups"), [(True, 1), (False, 0)])
def test_workers_that_waited_no_longer_need_one_where_something_changed(
    monkeypatch: pytest.MonkeyPatch,
    hangups: list[tuple[int, int]],
    pipe: tuple[int, int],
    changed: bool,
    hups: int,
) -> None:
    os.close(pipe[0])
    follow(monkeypatch, Looks(changed, False), pipe[1])
    assert hangups == [(7, signal.SIGHUP)] * hups


@pytest.mark.parametrize("changed", [True, False])
def test_a_successor_sends_the_hup_that_the_killed_one_may_have_owed(
    monkeypatch: pytest.MonkeyPatch, hangups: list[tuple[int, int]], changed: bool
) -> None:
    follow(monkeypatch, Looks(changed, False, False), None)
    assert hangups == [(7, signal.SIGHUP)]


def test_a_follower_whose_master_is_not_there_leaves_everybody_alone(
    hangups: list[tuple[int, int]],
) -> None:
    command.follow(Looks(True), os.getppid() + 1, None)
    assert hangups == []


def test_typed_by_hand_it_says_that_gunicorn_starts_it(
    settings: LazySettings, tmp_path: Path, hangups: list[tuple[int, int]]
) -> None:
    settings.RELEASES_URL, settings.RELEASES_DIR = f"file:{tmp_path}", tmp_path / "disk"
    with pytest.raises(CommandError, match="gunicorn starts it by itself"):
        call_command("follow")
    assert hangups == []
