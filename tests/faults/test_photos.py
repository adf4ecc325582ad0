"""While photos come in and are made small, everybody else is served; and memory stays small."""

import re
import threading
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from dispatch.domain.status import Status
from dispatch.stores.file import FileStore
from tests.faults.visitor import Answer, Visitor
from tests.making import make_job
from tests.opening import open_jobs
from tests.photos.pictures import written
from tests.serving import serving

pytestmark = pytest.mark.long
AT_ONCE = 3
MOST_MEMORY = 350  # MB, of the worker: half of what a small container has


def padded(width: int, height: int) -> bytes:
    """A PNG and, behind it, what makes it 11 MB."""
    picture = written(Image.new("RGBA", (width, height), (9, 90, 90, 200)), "PNG")
    return picture.ljust(11_000_000, b"x")


def form(*files: bytes) -> bytes:
    sent = [SimpleUploadedFile(f"IMG_{n}.png", each) for n, each in enumerate(files)]
    return encode_multipart(BOUNDARY, {"photo": sent, "kind": "after"})


def largest_memory(folder: Path) -> int:
    """In MB, that any process of the server in this folder has ever had."""
    found = [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            status = (process / "status").read_text()
        except OSError:  # it has ended, or is another's
            continue
        if f"TMPDIR={folder / 'tmp'}".encode() in environment.split(b"\0"):
            found += [int(peak) // 1024 for peak in re.findall(r"VmHWM:\s+(\d+) kB", status)]
    return max(found)


def test_others_are_served_while_a_members_photos_come_in(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        jobs = open_jobs(FileStore(tmp_path / "data" / "jobs.json"))
        made = [
            make_job(id=f"job{n}", tracking_token=f"{n}" * 32, status=Status.BOOKED)
            for n in range(AT_ONCE)
        ]
        jobs.change(lambda book: book.put(*made))
        members = [Visitor(url).signed_in("joel") for _ in range(AT_ONCE)]
        body = form(padded(4000, 3000), padded(1500, 1500))
        answers, met = list[Answer](), list[Answer]()

        def send(number: int) -> None:
            path = f"/dashboard/jobs/job{number}/photos"
            answers.append(members[number].send(path, body, MULTIPART_CONTENT))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            met.append(Visitor(url).get("/healthz"))
        assert [answer.status for answer in answers] == [200] * AT_ONCE
        assert all("2 photos added" in answer.text for answer in answers)
        assert {len(job.photos) for job in jobs.refreshed().jobs} == {2}
        assert len(met) > 3 * AT_ONCE
        assert 0 < largest_memory(tmp_path) < MOST_MEMORY
        assert list((tmp_path / "tmp").glob("*.upload*")) == []
