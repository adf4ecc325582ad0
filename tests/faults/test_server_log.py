"""No log line holds a tracking link's token, however the address is spelt."""

import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from dispatch.stores.file import FileStore
from tests.faults.visitor import Visitor
from tests.making import make_job
from tests.opening import open_jobs
from tests.serving import environment_of, gunicorn, serving, static_root

pytestmark = pytest.mark.long

TOKENS = ("q7-Zk_4mXo2PvT9sLw0cJd8uRb1yHn5e", "fcdc1c82cb284dbe")
SPELLINGS = (
    "/track/{}",
    "/track/{}/live",
    "/track/{}?r=1",
    "/%74rack/{}",
    "/track%2F{}",
    "/TRACK/{}",
    "/tracking/{}",
    "/track{}",
    "/{}",
    "/book/?token={}",
    "/book/?%74oken={}",
    "/dashboard/?next=%2Ftrack%2F{}",
    "/dashboard/?next=%252Ftrack%252F{}",
)


def test_no_spelling_of_a_links_address_gets_its_key_into_the_log(tmp_path: Path) -> None:
    with serving(tmp_path, QDN_WORKERS="1") as url:
        for number, token in enumerate(TOKENS):
            put_a_job(tmp_path, f"job-{number}", token)
            visitor = Visitor(url)
            for spelling in SPELLINGS:
                for spelt in (token, "".join(f"%{ord(each):x}" for each in token)):
                    visitor.get(spelling.replace("{}", spelt), **{"User-Agent": spelt})
                    visitor.get("/", **{"User-Agent": f"{url}/track/{quote(spelt)}"})
            assert visitor.get(f"/%74rack/{token}").status == 200
    log = (tmp_path / "server.log").read_text()
    for token in TOKENS:
        assert token not in log
        assert token[:5] not in log
        assert f'"/track/{token[:4]}…"' in log.replace("\\u2026", "…")


def test_ctrl_c_ends_every_process_and_leaves_no_traceback(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, QDN_WORKERS="2", QDN_STATIC_ROOT=str(static_root()))
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = gunicorn(
            environment,
            door,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C reaches the whole group
        )
        visitor = Visitor("http://{}:{}".format(*door.getsockname()))
        assert visitor.get("/book/").status == 200
        os.killpg(server.pid, signal.SIGINT)
        said, _ = server.communicate()
    assert server.returncode == 0
    assert "Traceback" not in said


def test_without_a_temporary_folder_and_with_logs_that_are_full_it_serves(tmp_path: Path) -> None:
    settings = {"QDN_STATIC_ROOT": str(static_root()), "QDN_RELEASES_URL": f"file:{tmp_path}/r"}
    environment = environment_of(tmp_path, **settings) | {"TMPDIR": "/proc/no/such/folder"}
    put_a_job(tmp_path, "job-0", TOKENS[0])
    with socket.create_server(("127.0.0.1", 0)) as door, open("/dev/full", "w") as full:
        server = gunicorn(environment, door, stdout=full)
        try:
            visitor = Visitor("http://{}:{}".format(*door.getsockname()))
            pages = ("/healthz", "/book/", f"/track/{TOKENS[0]}", "/dashboard/login/", "/readyz")
            assert [visitor.get(page).status for page in pages * 3] == [200] * 15
            assert visitor.get("/api/jobs").status == 401
            assert visitor.get("/track/" + "u" * 32).status == 404
        finally:
            server.terminate()
            server.wait(timeout=30)


def put_a_job(folder: Path, job_id: str, token: str) -> None:
    store = FileStore(folder / "data" / "jobs.json")
    jobs = open_jobs(store)
    jobs.change(lambda book: book.put(make_job(id=job_id, tracking_token=token)))
