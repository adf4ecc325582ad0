"""Storage that is gone: said at once and plainly, nothing typed is lost, and it heals by itself."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path
from random import Random

import pytest

from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import aws_environment
from tests.faults.cable import Cable, cable_to
from tests.faults.visitor import Answer, Visitor, booking
from tests.making import make_job
from tests.moto_server import make_bucket, running_moto
from tests.opening import open_jobs
from tests.serving import ROOT, serving

pytestmark = pytest.mark.long

TOKEN = "outage-token".ljust(32, "x")
BOUND = 30.0  # seconds: an answer comes; 3 s are promised, but a busy machine is no proof
KINDS = ("refuses", "hangs")
ANSWERED = timedelta(seconds=BOUND)  # before it was cut, at most; two, likewise


class Site:
    """One worker above an S3 whose cable can be cut."""

    def __init__(self, url: str, cable: Cable, jobs: JobRepository) -> None:
        self.url, self.cable, self.jobs = url, cable, jobs
        self.cut_at = datetime.now(UTC)
        self.dana = Visitor(url).signed_in("dana")
        self.customer = Visitor(url)

    def move(self, to: Status) -> Answer:
        return self.dana.post("/dashboard/jobs/job-1/move", status=to, reason="moved")

    def stored(self) -> JobBook:
        """The stored jobs, read without the cable."""
        return self.jobs.refreshed()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def site(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch, cable_to(moto) as cable:
        for name, value in aws_environment(moto).items():
            patch.setenv(name, value)
        bucket = make_bucket(moto, "outage")
        store = S3Store(OneConnectionS3Storage(bucket_name=bucket), "jobs.json")
        jobs = open_jobs(store)
        jobs.change(lambda book: book.put(make_job(id="job-1", tracking_token=TOKEN)))
        folder = tmp_path_factory.mktemp("outage")
        environment = aws_environment(cable.url) | {"QDN_JOBS_URL": f"s3://{bucket}/jobs.json"}
        with serving(folder, QDN_WORKERS="1", **environment) as url:
            yield Site(url, cable, jobs)


@pytest.fixture(params=KINDS)
def outage(request: pytest.FixtureRequest, site: Site) -> Iterator[Site]:
    """The storage was there until now."""
    until(lambda: answered_just_now(site))
    site.cable.fail(request.param)
    site.cut_at = datetime.now(UTC)
    yield site
    site.cable.mend()
    until(lambda: site.customer.get("/readyz").status == 200)


def until(happened: Callable[[], bool], seconds: float = 120) -> None:
    """Look again a few times a second."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        pause.wait(0.2)


def answered_just_now(site: Site) -> bool:
    """True once the outage before this one is over for the readers too, and no write in doubt."""
    if site.customer.get(f"/track/{TOKEN}").status != 200:
        return False
    ages = json.loads(site.customer.get("/readyz").text)["confirmed_seconds_ago"].values()
    return all(age is not None and age < 2 for age in ages)


def how_it_was_at(page: str) -> datetime:
    """The time that a page says the storage last answered."""
    found = re.search(r'This is how it was at\s*<time datetime="([^"]+)"', page)
    assert found, page
    return datetime.fromisoformat(found[1])


# --- writing -------------------------------------------------------------------------------


def test_a_write_says_within_three_seconds_that_it_did_not_go_through(outage: Site) -> None:
    before = outage.stored()
    answer = outage.move(Status.COMPLETED)
    assert answer.status == 503
    assert "Retry-After" in answer.headers
    assert answer.seconds < BOUND
    assert outage.stored().revision == before.revision


def test_a_customers_tap_says_so_too(outage: Site) -> None:
    answer = outage.customer.post(f"/track/{TOKEN}/ready")
    assert answer.status == 503
    assert answer.seconds < BOUND


def test_many_writes_at_once_wait_no_longer_than_one(outage: Site) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(outage.move, [Status.COMPLETED] * 8))
    assert {answer.status for answer in answers} == {503}
    assert max(answer.seconds for answer in answers) < BOUND


@pytest.mark.parametrize("how", KINDS)
def test_a_booking_comes_back_as_it_was_typed_and_can_be_sent_again(site: Site, how: str) -> None:
    typed = booking(site.customer, f"Café “Nuñez” & Sons, where it {how}")
    site.cable.fail(how)
    answer = site.customer.post("/book/", **typed)
    assert answer.status == 503
    assert answer.seconds < BOUND
    page = unescape(answer.text)
    for name in ("key", "location", "access_notes", "customer_name", "email"):
        assert typed[name] in page
    assert f'name="date" value="{typed["date"]}" required checked' in page
    assert re.search(r'value="half"[^>]* checked', page)
    assert re.search(r'value="morning"[^>]* checked', page)
    assert "619" in page

    site.cable.mend()
    until(lambda: site.customer.post("/book/", **typed).status == 303)
    made = [job for job in site.stored().jobs if job.customer_name == typed["customer_name"]]
    assert len(made) == 1


# --- reading -------------------------------------------------------------------------------


def test_readers_are_served_the_last_that_was_known_and_do_not_wait_each_time(
    outage: Site,
) -> None:
    before = outage.stored().job("job-1")
    until_old = time.monotonic() + 2.5  # beyond what is used without asking
    answers = []
    while time.monotonic() < until_old or len(answers) < 60:
        answers.append(outage.customer.get(f"/track/{TOKEN}"))
    assert {answer.status for answer in answers} == {200}
    assert all(f'data-status="{before.status}"' in answer.text for answer in answers)
    slow = [answer.seconds for answer in answers if answer.seconds > 0.9]
    assert len(slow) <= len(answers) / 10
    assert max(slow, default=0) < BOUND


def test_who_booked_at_another_worker_meanwhile_is_asked_for_a_moment_and_never_told_of_no_job(
    outage: Site,
) -> None:
    token = f"new-{outage.stored().revision}".ljust(32, "x")
    job = make_job(id=token[:8], tracking_token=token)
    link = f"/track/{token}?r={outage.jobs.change(lambda book: book.put(job)).revision}"
    answers = [outage.customer.get(path) for path in (link, link.replace("?", "/live?"), link)]
    assert {answer.status for answer in answers} == {503}
    assert max(answer.seconds for answer in answers) < BOUND
    assert "One moment, please" in answers[0].text
    assert answers[0].headers["Refresh"]
    outage.cable.mend()
    seen = []

    def is_found() -> bool:
        seen.append(outage.customer.get(link).status)
        return seen[-1] == 200

    until(is_found)
    assert set(seen) <= {503, 200}


def test_the_board_says_since_when_it_is_old_and_everything_heals_by_itself(
    outage: Site,
) -> None:
    said = "The storage is out of reach. This is how it was at "
    until(lambda: said in outage.dana.get("/dashboard/").text)
    board, page = outage.dana.get("/dashboard/").text, outage.customer.get(f"/track/{TOKEN}").text
    assert 'id="job-job-1"' in board
    assert "cannot reach our records" in page
    for text in (board, page):
        assert abs(how_it_was_at(text) - outage.cut_at) < ANSWERED
    ready = outage.customer.get("/readyz")
    assert ready.status == 503
    assert ready.seconds < BOUND
    healthy = outage.customer.get("/healthz")
    assert (healthy.status, healthy.seconds < BOUND) == (200, True)

    outage.cable.mend()
    until(lambda: said not in outage.dana.get("/dashboard/").text)
    assert "cannot reach our records" not in outage.customer.get(f"/track/{TOKEN}").text
    now = outage.stored().job("job-1").status
    to = Status.BOOKED if now is Status.PENDING else Status.PENDING
    assert outage.move(to).status == 200
    assert outage.stored().job("job-1").status is to


@pytest.mark.parametrize("how", KINDS)
def test_a_server_that_starts_without_its_storage_says_so_and_heals_by_itself(
    moto: str, tmp_path: Path, how: str
) -> None:
    bucket = make_bucket(moto, f"late-{how}")
    with cable_to(moto) as cable:
        cable.fail(how)
        environment = aws_environment(cable.url) | {"QDN_JOBS_URL": f"s3://{bucket}/jobs.json"}
        with serving(tmp_path, QDN_WORKERS="1", **environment) as url:
            customer = Visitor(url)
            first = customer.get(f"/track/{TOKEN}")  # also makes the worker's S3 client
            assert (first.status, first.seconds < BOUND) == (503, True)
            with ThreadPoolExecutor(24) as pool:  # more than the worker has threads
                answers = list(pool.map(customer.get, [f"/track/{TOKEN}"] * 24))
            assert {answer.status for answer in answers} == {503}
            assert max(answer.seconds for answer in answers) < BOUND
            assert customer.get("/healthz").seconds < BOUND
            cable.mend()
            until(lambda: customer.get(f"/track/{TOKEN}").status == 404)  # there is no job yet


# --- a process killed while it writes to a file ----------------------------------------------

WRITE_FOR_EVER = """
import sys
from hashlib import sha256
from pathlib import Path
from dispatch.stores.file import FileStore
store = FileStore(Path(sys.argv[1]))
document = store.load()
while True:
    number = int(document.body[64:80] or 0) + 1
    rest = b"%016d" % number + bytes([number % 256]) * 2_000_000
    document = store.save(sha256(rest).hexdigest().encode() + rest, document.etag)
    print(number, flush=True)
"""


def test_a_process_killed_while_it_writes_leaves_a_whole_document(tmp_path: Path) -> None:
    """None is half written, none that was reported is gone, the next writer is not locked out."""
    chance, path = Random(4), tmp_path / "jobs.json"
    reported = 0
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, path], cwd=ROOT, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout
            for _ in range(chance.randrange(1, 6)):
                reported = int(writer.stdout.readline())
            threading.Event().wait(chance.random() / 100)  # somewhere within the next write
            writer.kill()
            reported = max([reported, *map(int, writer.stdout.read().split())])
        body = FileStore(path).load().body
        assert sha256(body[64:]).hexdigest().encode() == body[:64]
        assert int(body[64:80]) in (reported, reported + 1)
