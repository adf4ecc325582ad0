"""Proving a release before it goes anywhere: its templates compile, and the pages show.

The proof is a site of its own, in a process of its own: the real settings, views and forms, a
sample day of jobs in a folder, and the release in front of the image's pages, just as it will
be in a container.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.template import Engine, TemplateSyntaxError
from django.template.backends.django import get_installed_libraries

from qdn_site import PAGES_API
from qdn_site.releases.disk import Disk
from qdn_site.releases.pack import Pack

OURS = ("QDN_", "DJANGO_", "AWS_")
PATIENCE = 120  # seconds


class NotProved(Exception):
    """A release that would not show; one line for each page or template, and why."""


def prove(packs: Sequence[Pack]) -> int:
    """Compile every template and visit every page; how many pages were seen. Raises NotProved."""
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
        return _visit(folder, disk, [pack.manifest.surface for pack in packs])


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


def _visit(folder: Path, disk: Disk, surfaces: list[str]) -> int:
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
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "qdn_site.releases.visits", *surfaces],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise NotProved(done.stdout.strip() or done.stderr.strip()[-2000:])
    return int(done.stdout)
