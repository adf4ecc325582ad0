"""`manage.py serve` on a fresh clone, and the day that `make run` opens on."""

import re
import socket
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from dispatch import sample
from dispatch.domain.attention import lateness
from dispatch.domain.status import Status
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.stores.job_repository import JobRepository
from qdn_site.environment import read_businesses
from qdn_site.management.commands import serve
from tests.making import BUSINESS, FakeClock

TWO = Path(__file__).parent / "data" / "two-businesses.toml"


def test_a_fresh_clone_without_a_folder_var_is_served(
    jobs: object, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_DIR = tmp_path
    started: list[list[str]] = []
    monkeypatch.setenv("QDN_DEMO_PASSWORD", "given, so that no file is made for it")
    monkeypatch.setenv("QDN_BIND", "")  # put back after the test
    monkeypatch.setattr(serve.os, "execv", lambda _, arguments: started.append(arguments))
    monkeypatch.setattr(serve, "call_command", lambda *_, **__: None)
    call_command("serve", port=0)
    log = Path(started[0][started[0].index("--access-logfile") + 1])
    assert log.parent.is_dir()


def test_each_further_business_has_an_address_of_its_own(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which its own pages keep, port and all."""
    settings.BASE_DIR, settings.BUSINESSES = tmp_path, read_businesses(TWO)
    settings.ALLOWED_HOSTS, said = ["thistle.localhost", "127.0.0.1"], StringIO()
    monkeypatch.setenv("QDN_DEMO_PASSWORD", "given, so that no file is made for it")
    monkeypatch.setenv("QDN_BIND", "")
    monkeypatch.setattr(serve.os, "execv", lambda *_: None)
    monkeypatch.setattr(serve, "call_command", lambda *_, **__: None)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    call_command("serve", port=port, stdout=said)
    first, second = said.getvalue().split("Thistle Clearances is at home")
    assert f"http://127.0.0.1:{port}/dashboard/" in first
    assert f"http://thistle.localhost:{port}/dashboard/" in second
    link = re.search(rf"http://(thistle\.localhost:{port})(/track/[A-Za-z0-9]+)", second)
    assert link
    page = Client(headers={"Host": link[1]}).get(link[2])
    assert "Thistle Clearances" in page.content.decode()
    assert Client(headers={"Host": "127.0.0.1"}).get(link[2]).status_code == 404


def test_a_folder_or_a_port_that_cannot_be_is_told_in_a_line(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "var").touch()
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=f"^{tmp_path}/var: File exists$"):
        call_command("serve", port=0)
    with pytest.raises(CommandError, match=r"^127.0.0.1:99999 cannot be served: [^\n]*0-65535"):
        call_command("serve", port=99999)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^127.0.0.1:{port} .*Address already in use"):
            call_command("serve", port=port)


def test_a_password_that_was_never_written_down_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QDN_DEMO_PASSWORD", raising=False)
    kept = tmp_path / "demo-password"
    kept.touch()
    made = serve.demo_password(kept)
    assert made
    assert serve.demo_password(kept) == made


def test_jobs_that_cannot_be_read_are_told_in_a_line(
    roster: object, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(business: object) -> int:
        raise UnreadableDocument("jobs.json is no JSON")

    settings.BASE_DIR = tmp_path
    monkeypatch.setattr(serve.sample, "add_jobs", broken)
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("serve", port=0)


@pytest.mark.parametrize("hours", range(0, 168, 5))
def test_the_sample_day_is_believable_at_any_hour_of_the_week(
    hours: int, clock: FakeClock, jobs: JobRepository
) -> None:
    clock.at += timedelta(hours=hours)
    assert sample.add_jobs(BUSINESS) == len(sample.JOBS)
    day = jobs.read().jobs
    assert {job.status for job in day} == set(Status)
    assert not [job for job in day if lateness(job, BUSINESS, clock.at)]
    assert all(job.window in BUSINESS.windows_on(job.window.date) for job in day if job.window)
    done = [job for job in day if job.status is Status.COMPLETED and job.window and job.finished_at]
    assert all(
        start < job.finished_at < end for job in done for start, end in [BUSINESS.span(job.window)]
    )
    assert sample.a_token(BUSINESS)


def test_samples_go_into_an_empty_store_only(jobs: JobRepository) -> None:
    sample.add_jobs(BUSINESS)
    assert sample.add_jobs(BUSINESS) == 0
    assert len(jobs.read().jobs) == len(sample.JOBS)
