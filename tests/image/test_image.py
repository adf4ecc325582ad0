"""The image's steps, carried out one by one in clean roots, and what comes out of them, used."""

import json
import os
import pickle
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.image.builder import Stage, build, is_ignored
from tests.serving import ROOT

pytestmark = pytest.mark.long
SETTINGS = {
    "QDN_STAGE": "development",
    "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 50,
    "QDN_JOBS_URL": "file:/tmp",
    "QDN_CREW_URL": "file:/tmp",
}


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Built from what git has, as a clean checkout is; once for all processes of a run."""
    may = shutil.which("unshare") and subprocess.run(["unshare", "-m", "true"], check=False)
    if not may or may.returncode:
        reason = "needs root and mount namespaces, to work at the image's own paths"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "image"
    folder.mkdir(exist_ok=True)
    kept = folder / "stage.pickle"
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(built(folder)))
    stage: Stage = pickle.loads(kept.read_bytes())
    return stage


def built(folder: Path) -> Stage:
    files = subprocess.run(
        ["git", "ls-files", "--cached", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in filter(None, files):
            if (ROOT / name.decode()).exists():
                tar.add(ROOT / name.decode(), name.decode())
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        tar.extractall(folder / "checkout", filter="data")
    return build(folder / "checkout" / "Dockerfile", folder)


@contextmanager
def running(image: Stage, **env: str) -> Iterator[str]:
    """The image's CMD, read-only but for /tmp, on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    server = image.popen(
        image.command, frozen=True, **SETTINGS, **env, QDN_BIND=f"127.0.0.1:{port}"
    )
    assert server.stdout
    try:
        for line in server.stdout:
            if "Booting worker" in line:
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_the_image_serves_the_main_job(image: Stage) -> None:
    with running(image) as base:
        with urlopen(f"{base}/healthz", timeout=30) as answer:
            assert json.load(answer)["status"] == "ok"
        with urlopen(f"{base}/book/", timeout=30) as answer:
            page = answer.read().decode()
        style = page.split('rel="stylesheet" href="')[1].split('"')[0]
        asked = Request(base + style, headers={"Accept-Encoding": "gzip"})
        with urlopen(asked, timeout=30) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip"
        day = page.split('name="date" value="2')[1].split('"')[0]
        form = {"customer_name": "Mark", "phone": "6195550142", "location": "Soderblom Ave"}
        form |= {"load": "full", "date": f"2{day}", "window": "afternoon", "key": "k"}
        with urlopen(f"{base}/book/", urlencode(form).encode(), timeout=30) as answer:
            assert "/track/" in answer.url
            assert "$600" in answer.read().decode()


def test_its_health_check_passes_while_it_serves_and_fails_when_it_does_not(image: Stage) -> None:
    with running(image) as base:
        bind = urlsplit(base).netloc
        with urlopen(f"{base}/healthz", timeout=30):
            image.run(image.healthcheck, QDN_BIND=bind)
    assert image.popen(image.healthcheck, QDN_BIND=bind).wait(timeout=20) != 0


def test_it_runs_as_nobody_special_and_without_a_stage_not_at_all(image: Stage) -> None:
    assert image.user == "10001"
    assert image.run(["id", "-u"]).strip() == "10001"
    refused = image.popen(image.command, frozen=True, **SETTINGS | {"QDN_STAGE": ""})
    said, _ = refused.communicate(timeout=60)
    assert refused.returncode != 0
    assert "QDN_STAGE is not set" in said


def test_all_that_the_dockerfile_copies_gets_past_dockerignore_and_no_more() -> None:
    rules = (ROOT / ".dockerignore").read_text().split()
    for name in ("manage.py", "booking/views.py", "static/site/icon.svg"):
        assert not is_ignored(name, rules)
    for name in ("tests/making.py", "var/data/jobs.json", "booking/__pycache__/views.pyc", ".env"):
        assert is_ignored(name, rules)
    assert is_ignored("booking/views.py", [rule for rule in rules if rule != "!booking"])


def test_nothing_of_the_build_lies_in_it_as_a_secret(image: Stage) -> None:
    found = [
        path
        for path in (image.root / "srv").rglob("*")
        if path.name in (".git", "tests", "var", ".env") or path.suffix == ".log"
    ]
    assert not found


def test_an_unknown_page_is_a_404_there_too(image: Stage) -> None:
    with running(image) as base:
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{base}/track/unknown", timeout=30)
        assert refused.value.code == 404
