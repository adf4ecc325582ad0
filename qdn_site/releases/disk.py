"""The releases on a container's own disk, and which of them its workers show.

    <folder>/releases/<id>/templates/…   unpacked, never changed
    <folder>/releases/<id>/manifest.json
    <folder>/static/<hashed name>        of every release that was ever here; read by whitenoise
    <folder>/shown.json                  replaced in one step: {"pages_api", "releases"}
    <folder>/follower.json               what was refused and why, and when the pointer was seen

One small file that is replaced does what a symlink for each surface would, for all of them at
once. Read by settings: imports no Django, and nothing in it may keep a worker from starting.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatch.stores import whole

KEPT = 12  # releases: of what was shown, and what workers that are on their way out still read


@dataclass(frozen=True, slots=True)
class Shown:
    """A release that workers show: where its templates are, its static names."""

    id: str
    templates: Path
    static: Mapping[str, str]


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.static = folder / "static"

    def shown(self, pages_api: int) -> dict[str, Shown]:
        """By surface. What is not whole, or is for other code, is left to the image."""
        kept = _read(self.folder / "shown.json")
        ids = kept.get("releases") if kept.get("pages_api") == pages_api else None
        found = {name: self._release(str(id)) for name, id in (ids or {}).items()}
        return {name: release for name, release in found.items() if release}

    def show(self, releases: Mapping[str, str], pages_api: int) -> None:
        for id in releases.values():
            os.utime(self.folder / "releases" / id)  # old is what has not been shown for long
        value = {"pages_api": pages_api, "releases": dict(releases)}
        _put(self.folder / "shown.json", json.dumps(value).encode())
        self._forget_old()

    def has(self, id: str) -> bool:
        return self._release(id) is not None

    def install(
        self,
        id: str,
        templates: Mapping[str, bytes],
        static: Mapping[str, bytes],
        names: Mapping[str, str],
    ) -> None:
        """Static files first, then the release beside the others, in one step. Verified before."""
        for name, body in static.items():
            self.keep_static(name, body)
        releases = self.folder / "releases"
        releases.mkdir(exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=releases, prefix="."))
        try:
            for name, body in templates.items():
                path = part / "templates" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
            (part / "manifest.json").write_text(json.dumps({"static": dict(names)}))
            self._put_in_place(part, id)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _put_in_place(self, part: Path, id: str) -> None:
        """Raises OSError where it cannot be."""
        place = self.folder / "releases" / id
        try:
            part.rename(place)
        except OSError:
            if self.has(id):  # a neighbour on this machine was faster
                return
            shutil.rmtree(place)  # what is there is damaged
            part.rename(place)

    def keep_static(self, name: str, body: bytes) -> Path:
        path = self.static / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, body)
        return path

    def say(self, refused: Mapping[str, str], *, seen: bool) -> None:
        """What is refused and why; `seen`: the pointer was there a moment ago."""
        path, kept = self.folder / "follower.json", _read(self.folder / "follower.json")
        at = time.time() if seen else kept.get("pointer_seen_at")
        _put(path, json.dumps({"refused": dict(refused), "pointer_seen_at": at}).encode())

    def said(self) -> tuple[dict[str, str], float | None]:
        """What is refused, by surface; seconds since the pointer was last seen, if ever."""
        kept = _read(self.folder / "follower.json")
        at = kept.get("pointer_seen_at")
        return dict(kept.get("refused") or {}), round(time.time() - at, 1) if at else None

    def prepare(self) -> None:
        """Make the folder, for nobody but us. Raises OSError where it is somebody else's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.static.mkdir(exist_ok=True)
        if self.folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.folder} belongs to somebody else")

    def _release(self, id: str) -> Shown | None:
        folder = self.folder / "releases" / id
        static = _read(folder / "manifest.json").get("static")
        if not isinstance(static, dict) or not (folder / "templates").is_dir():
            return None
        return Shown(id, folder / "templates", static)

    def _forget_old(self) -> None:
        folders = [path for path in (self.folder / "releases").glob("*") if path.is_dir()]
        for path in sorted(folders, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _put(path: Path, body: bytes) -> None:
    whole.replace(path, body, mode=0o644)
