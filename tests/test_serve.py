"""`manage.py serve` on a fresh clone."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch.domain.document import UnreadableDocument
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


def test_jobs_that_cannot_be_read_are_told_in_a_line(
    roster: object, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(business: object) -> int:
        raise UnreadableDocument("jobs.json is no JSON")

    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(serve.sample, "add_jobs", broken)
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("serve")
