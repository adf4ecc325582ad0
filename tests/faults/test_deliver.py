"""Processes that send are killed in the midst of it: no message is lost, and doubles tell."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.outbox.caused import with_message
from dispatch.domain.outbox.message import Channel, Message, Told
from dispatch.outbox.sender import AT_ONCE
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.wiring import now
from tests.making import BUSINESS, make_job
from tests.opening import open_jobs
from tests.post.smtp import MailBox, mail_server
from tests.serving import environment_of

pytestmark = pytest.mark.long

MANY = 60
KILLED_AFTER = (1, 9, 25, 44)  # letters


class Deadly(list[Any]):
    """Letters; with that of one of these numbers whoever sends is killed."""

    def __init__(self, *deadly: int) -> None:
        super().__init__()
        self.deadly, self.sending = deadly, list[subprocess.Popen[bytes]]()

    def append(self, letter: Any) -> None:
        super().append(letter)
        if len(self) in self.deadly:
            os.kill(self.sending[-1].pid, signal.SIGKILL)


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def jobs(tmp_path: Path) -> JobRepository:
    """Each with a receipt that is due, at any hour of the day."""
    folder = tmp_path / "data"
    folder.mkdir()
    repository = open_jobs(FileStore(folder / "jobs.json"))
    at = now()
    due = [
        with_message(
            make_job(
                id=f"j{n}",
                tracking_token=f"token-{n:026}",
                email=f"mark{n}@example.com",
                status="completed",
                created_at=at,
                updated_at=at,
            ),
            Told.COMPLETED,
            BUSINESS,
            [Channel.EMAIL],
            "1",
            since=at,
            at=at,
        )
        for n in range(MANY)
    ]
    repository.change(lambda book: book.put(*due))
    return repository


def started(folder: Path, box: MailBox, lease: float = 1) -> subprocess.Popen[bytes]:
    """With a lease of so many seconds."""
    environment = environment_of(folder, QDN_EMAIL_URL=box.url, LEASE=str(lease))
    return subprocess.Popen([sys.executable, "-m", "tests.faults.poster"], env=environment)


def messages_of(jobs: JobRepository) -> list[Message]:
    book = jobs.refreshed(at_once=True)
    return [message for job in book.jobs for message in job.messages or ()]


def ids_of(box: MailBox) -> Counter[str]:
    return Counter(
        str(each.letter["Message-ID"]).strip("<").partition("@")[0] for each in box.delivered
    )


def test_killed_again_and_again_each_message_goes_out_and_doubles_have_its_id(
    jobs: JobRepository, box: MailBox, tmp_path: Path
) -> None:
    letters = Deadly(*KILLED_AFTER)
    box.delivered = letters
    codes = []
    while not codes or codes[-1] != 0:
        letters.sending.append(started(tmp_path, box))
        codes.append(letters.sending[-1].wait())
    assert codes == [-signal.SIGKILL] * len(KILLED_AFTER) + [0]
    sent = messages_of(jobs)
    assert {each.state for each in sent} == {"sent"}
    counted = ids_of(box)
    assert set(counted) == {each.id for each in sent}
    assert len(box.delivered) - MANY <= len(KILLED_AFTER) * AT_ONCE


def test_two_processes_at_once_send_each_message_once(
    jobs: JobRepository, box: MailBox, tmp_path: Path
) -> None:
    # Who is killed leaves it behind; here it is given back, and a busy machine loses none.
    both = [started(tmp_path, box, lease=30) for _ in range(2)]
    assert [each.wait() for each in both] == [0, 0]
    assert set(ids_of(box).values()) == {1}
    assert {each.state for each in messages_of(jobs)} == {"sent"}
    assert len(box.delivered) == MANY
