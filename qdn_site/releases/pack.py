"""A release as one plain tar: the same pages always make the same bytes, and so the same id."""

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from qdn_site.releases.hashing import hashed_static
from qdn_site.releases.surfaces import Surface

MANIFEST = "manifest.json"
SCHEMA = 1


class Manifest(msgspec.Struct, frozen=True):
    """What a pack says of itself. `static`: a file's name → the one that has its hash in it."""

    surface: str
    pages_api: int
    files: dict[str, str]  # path in the pack → SHA-256
    static: dict[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Pack:
    """A release: `id` is the SHA-256 of `body`, `files` what is in it beside the manifest."""

    id: str
    body: bytes
    manifest: Manifest
    files: Mapping[str, bytes]

    def under(self, folder: str) -> dict[str, bytes]:
        """`templates` or `static`: name below that folder → content."""
        start = f"{folder}/"
        return {
            name.removeprefix(start): body
            for name, body in self.files.items()
            if name.startswith(start)
        }


class NothingToPack(Exception):
    """The source folder has no pages of that surface, or something that is no page."""


def pack(surface: Surface, source: Path, pages_api: int) -> Pack:
    """The surface's pages as they are under `source` (a folder with templates/ and static/)."""
    templates = _read(source / "templates", surface.carries)
    if not any(surface.owns(name) for name in templates):
        raise NothingToPack(f"There are no {surface.name} templates in {source / 'templates'}.")
    static = _read(source / "static", surface.carries_static)
    names, hashed = hashed_static(static)
    files = {f"templates/{name}": body for name, body in templates.items()}
    files |= {f"static/{name}": body for name, body in hashed.items()}
    manifest = Manifest(
        surface=surface.name,
        pages_api=pages_api,
        files={name: sha256(files[name]).hexdigest() for name in sorted(files)},
        static=dict(sorted(names.items())),
    )
    body = _tar({MANIFEST: msgspec.json.encode(manifest), **dict(sorted(files.items()))})
    return Pack(sha256(body).hexdigest(), body, manifest, files)


def _read(folder: Path, carries: Callable[[str], bool]) -> dict[str, bytes]:
    """What editors and systems leave about (`.DS_Store`, `page.html~`) is no page."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not carries(name) or path.name.startswith(".") or name.endswith("~"):
            continue
        if path.is_symlink():
            raise NothingToPack(f"{path} is a link; a release holds files only.")
        if path.is_file():
            files[name] = path.read_bytes()
    return files


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Neither compressed (nothing can unfold into more than was fetched) nor dated."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(body), 0o644
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()
