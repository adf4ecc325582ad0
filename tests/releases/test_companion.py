"""The follower beside gunicorn is there for as long as gunicorn is."""

import logging
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from qdn_site.releases import companion
from tests.releases.live import until

NEVER_ENDS = "import time; time.sleep(600)"


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
    companion.stop(None)
    assert second.poll() == -signal.SIGTERM
    assert "The follower of releases has gone" in caplog.text
