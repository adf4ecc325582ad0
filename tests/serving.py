"""The site as it is deployed, for a while: gunicorn with its workers on a free loopback port."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

from tests.making import NOON, PASSWORD

ROOT = Path(__file__).resolve().parent.parent
ABSENT = ROOT / "tests" / "absent"  # what the image has not
OURS = ("QDN_", "DJANGO_", "AWS_")
SECRET = "between-cloudfront-and-us"
START = 60  # seconds that a busy machine may take to answer for the first time
PRODUCTION = {
    "QDN_STAGE": "production",
    "DJANGO_SECRET_KEY": "correct-horse-battery-staple-" * 3,
    "QDN_JOBS_URL": "s3://jobs/jobs.json",
    "QDN_CREW_URL": "file:/srv/crew",
}
ADD_MEMBERS = """
import sys, django
django.setup()
from django.conf import settings
from dispatch import sample
sample.add_members(settings.BUSINESSES[0], sys.stdin.read())
"""

BROKEN = "/broken"
AT_NOON = {  # a site whose clock stands
    "DJANGO_SETTINGS_MODULE": "tests.noon",
    "QDN_NOON": NOON.isoformat(),
    "QDN_BROKEN": BROKEN,
}

_callers = count(1)


def another_caller() -> dict[str, str]:
    """The headers by which CloudFront says that this comes from an address nobody had before.

    So that none is one too many, at a site of `serving(..., QDN_ORIGIN_SECRET=SECRET)`.
    """
    number = next(_callers)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:443"
    return {
        "X-Origin-Verify": SECRET,
        "CloudFront-Viewer-Address": address,
        "CloudFront-Forwarded-Proto": "http",
    }


def settings_for(**env: str) -> dict[str, Any]:
    """The settings that this environment makes, and nothing else of it."""
    with patch.dict(os.environ, env, clear=True):
        made = run_path(str(ROOT / "qdn_site" / "settings.py"))
    return {name: value for name, value in made.items() if name.isupper() and name != "DATABASES"}


@contextmanager
def serving(folder: Path, *, members: bool = True, **env: str) -> Iterator[str]:
    """Serve from `folder`/data and give the base URL; `env` adds to or replaces settings.

    With `members`, Dana (dispatcher), Joel and Ana (crew) and Vic (viewer) can sign in with
    `tests.making.PASSWORD`. What the server said is printed where the test fails.
    """
    environment = environment_of(folder, **{"QDN_STATIC_ROOT": str(static_root())} | env)
    if members:
        (folder / "data" / "crew.json").write_bytes(roster_file())
    with _gunicorn(environment, folder / "server.log") as url:
        yield url


@cache
def _shared() -> TemporaryDirectory[str]:
    """For what is the same at every site; it lives as long as the tests do."""
    return TemporaryDirectory()


@cache
def static_root() -> Path:
    """The static files as a container has them, collected once."""
    folder = Path(_shared().name) / "static"
    environment = environment_of(folder.parent, QDN_STATIC_ROOT=str(folder))
    manage(environment, "collectstatic", "--noinput", "-v0")
    return folder


@cache
def roster_file() -> bytes:
    folder = Path(_shared().name)
    run(environment_of(folder), "-c", ADD_MEMBERS, said=PASSWORD)
    return (folder / "data" / "crew.json").read_bytes()


@cache
def roomy_businesses() -> str:
    """The businesses file as shipped, but with windows that no test fills."""
    shipped = (ROOT / "qdn_site" / "businesses.toml").read_text()
    roomy, count = re.subn(r"(?m)^jobs_per_window = \d+", "jobs_per_window = 10000", shipped)
    assert count == 1
    file = Path(_shared().name) / "roomy.toml"
    file.write_text(roomy)
    return str(file)


def environment_of(folder: Path, **env: str) -> dict[str, str]:
    """The whole environment of a site in `folder`; nothing of the caller's settings is in it."""
    for name in ("data", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {
        "QDN_STAGE": "development",
        "QDN_JOBS_URL": f"file:{folder / 'data'}",
        "QDN_CREW_URL": f"file:{folder / 'data'}",
        "QDN_MEDIA_URL": f"file:{folder / 'media'}",
        "QDN_STATIC_ROOT": str(folder / "static"),
        "DJANGO_SETTINGS_MODULE": "qdn_site.settings",
        "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 50,
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(ABSENT),
        "PYTHONUNBUFFERED": "1",
        **env,
    }


def manage(environment: Mapping[str, str], *arguments: str, said: str = "") -> str:
    """The output of `manage.py`, given `said` to read. Raises where it fails."""
    return run(environment, "manage.py", *arguments, said=said)


def run(environment: Mapping[str, str], *arguments: str, said: str = "") -> str:
    """The output of this Python, run with these arguments at the top of the project."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(environment),
        input=said,
        text=True,
        capture_output=True,
        timeout=600,  # a guard against one that hangs
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def gunicorn(
    environment: Mapping[str, str],
    door: socket.socket,
    *,
    app: str = "qdn_site.wsgi",
    **options: Any,
) -> Any:
    """The server's process, at the door of this socket; `options` are those of Popen."""
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:qdn_site.gunicorn", app],
        cwd=ROOT,
        env=dict(environment) | {"QDN_BIND": f"fd://{door.fileno()}"},
        pass_fds=[door.fileno()],
        stderr=subprocess.STDOUT,
        **options,
    )


@contextmanager
def _gunicorn(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """It inherits a socket that listens already: no port is lost, and the first request waits."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as door, log.open("ab") as output:
        url = "http://{}:{}".format(*door.getsockname())
        server = gunicorn(environment, door, stdout=output)
    try:
        with urlopen(f"{url}/healthz", timeout=START) as answer:
            assert answer.status == 200
        yield url
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace"))
        raise
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
