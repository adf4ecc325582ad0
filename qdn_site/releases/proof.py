"""Proving a release before it goes anywhere: its templates compile, and the pages show.

The proof is a site of its own, in a process of its own: the real settings, views and forms, a
sample day of jobs in a folder, and the release in front of the image's pages, just as it will
be in a container.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

from django.conf import settings
from django.template import Engine, TemplateSyntaxError
from django.template.backends.django import get_installed_libraries

from qdn_site import PAGES_API
from qdn_site.releases.disk import Disk
from qdn_site.releases.pack import Pack
from qdn_site.releases.visits import PROBLEM

OURS = ("QDN_", "DJANGO_", "AWS_")
PATIENCE = 120  # seconds


class NotProved(Exception):
    """A release that would not show; one line for each page or template, and why."""


def prove(packs: Sequence[Pack]) -> Iterator[str]:
    """Compile every template and visit every page; says how it goes about once a second. Raises
    NotProved."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        disk = Disk(folder / "releases")
        disk.prepare()
        for pack in packs:
            disk.install(
                pack.id, pack.under("templates"), pack.under("static"), pack.manifest.static
            )
            _compile(pack, disk.folder / "releases" / pack.id / "templates")
        disk.show({pack.manifest.surface: pack.id for pack in packs}, PAGES_API)
        yield "every template compiles"
        yield from _visit(folder, disk, [pack.manifest.surface for pack in packs])


def _compile(pack: Pack, folder: Path) -> None:
    libraries = {**get_installed_libraries(), "static": "qdn_site.releases.static_tag"}
    builtins = settings.IMAGE_TEMPLATES["OPTIONS"]["builtins"]
    engine = Engine([str(folder)], libraries=libraries, builtins=builtins, debug=True)
    problems = []
    for name in pack.under("templates"):
        try:
            engine.get_template(name)
        except TemplateSyntaxError as error:
            line = getattr(error, "template_debug", {}).get("line", "?")
            problems.append(f"templates/{name}, line {line}: {error}")
        except UnicodeDecodeError as error:
            problems.append(f"templates/{name}: {error}")
    if problems:
        raise NotProved("\n".join(problems))


def _visit(folder: Path, disk: Disk, surfaces: list[str]) -> Iterator[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    if "QDN_BUSINESSES" in os.environ:
        kept["QDN_BUSINESSES"] = os.environ["QDN_BUSINESSES"]
    (folder / "data").mkdir()
    environment = kept | {
        "QDN_STAGE": "development",
        "QDN_JOBS_URL": f"file:{folder}/data/{{business}}",
        "QDN_CREW_URL": f"file:{folder}/data/{{business}}",
        "QDN_CACHE_URL": "locmem:",
        "QDN_RELEASES_URL": f"file:{folder}",
        "QDN_RELEASES_DIR": str(disk.folder),
        "QDN_STATIC_ROOT": str(disk.static),
        "DJANGO_SETTINGS_MODULE": "qdn_site.settings",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "qdn_site.releases.visits", *surfaces]
    problems = []
    for line in _lines(command, environment, folder / "errors"):
        if line.startswith(PROBLEM):
            problems.append(line.removeprefix(PROBLEM))
        else:
            yield line
    if problems:
        raise NotProved("\n".join(problems))


def _lines(command: list[str], environment: Mapping[str, str], errors: Path) -> Iterator[str]:
    """What it prints, line by line, until it ends. Raises NotProved where it fails."""
    with (
        errors.open("w") as file,
        subprocess.Popen(  # noqa: S603
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        ) as process,
    ):
        late = Timer(PATIENCE, process.kill)
        late.start()
        try:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
            process.wait()
        finally:
            late.cancel()
            process.kill()
    if process.returncode == -signal.SIGKILL:
        raise NotProved(f"the pages took longer than {PATIENCE} s to show on a sample day")
    if process.returncode:
        raise NotProved(errors.read_text().strip()[-2000:])
