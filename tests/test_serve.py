"""`manage.py serve` on a fresh clone."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from qdn_site.management.commands import serve


def test_a_fresh_clone_without_a_folder_var_is_served(
    jobs: object, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_DIR = tmp_path
    started: list[list[str]] = []
    monkeypatch.setenv("QDN_DEMO_PASSWORD", "given, so that no file is made for it")
    monkeypatch.setenv("QDN_BIND", "")  # put back after the test
    monkeypatch.setattr(serve.os, "execv", lambda _, arguments: started.append(arguments))
    monkeypatch.setattr(serve, "call_command", lambda *_, **__: None)
    call_command("serve")
    log = Path(started[0][started[0].index("--access-logfile") + 1])
    assert log.parent.is_dir()
