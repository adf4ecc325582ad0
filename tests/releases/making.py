"""Releases to test with, made in a line."""

import io
import shutil
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from dispatch.domain.document import DocumentStore, StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.releases import pointer as pointers
from qdn_site.releases.pack import MANIFEST, Manifest, Pack, pack
from qdn_site.releases.pointer import Release
from qdn_site.releases.store import FolderReleases, ReleaseStore
from qdn_site.releases.surfaces import SURFACES
from tests.serving import ROOT

AT = datetime(2026, 5, 22, 19, 0, tzinfo=UTC)
SENTENCE = "Two minutes, no account. You get a page of your own to follow it all."
PAGE = "templates/booking/book.html"


def pages(folder: Path) -> Path:
    """A copy of the project's own pages, to change."""
    for name in ("templates", "static"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def say(source: Path, sentence: str) -> Path:
    """The booking page says `sentence` in the place of what it said there before."""
    page = source / PAGE
    start, _, rest = page.read_text().partition('<p class="lead">')
    page.write_text(f'{start}<p class="lead">{sentence}</p>{rest.partition("</p>")[2]}')
    return source


def make_pack(
    source: Path = ROOT, sentence: str = "", surface: str = "book", pages_api: int = PAGES_API
) -> Pack:
    return pack(SURFACES[surface], say(source, sentence) if sentence else source, pages_api)


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar of just these members, whatever they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member, body in members:
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def file(name: str, body: bytes = b"hello", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(body)
    for key, value in fields.items():
        setattr(member, key, value)
    return member, body


def manifest(files: dict[str, bytes], surface: str = "book", **fields: Any) -> tuple[Any, bytes]:
    """One that fits these files."""
    hashes = {name: sha256(body).hexdigest() for name, body in files.items()}
    made = Manifest(**{"surface": surface, "pages_api": 1, "files": hashes, "static": {}, **fields})
    return file(MANIFEST, msgspec.json.encode(made))


def release_of(made: Pack) -> Release:
    return Release(made.id, made.manifest.surface, made.manifest.pages_api, AT, "joel")


def publish(store: ReleaseStore, made: Pack, *, with_pack: bool = True) -> None:
    """Point `store` to a release, as `promote` does."""
    if with_pack:
        for name, body in made.under("static").items():
            store.put(f"static/{name}", body)
        store.put(f"packs/{made.id}.tar", made.body)
    document = store.document(pointers.NAME)
    before = document.load()
    pointer, surface = pointers.decode(before), made.manifest.surface
    after = pointer.moved(
        "promote",
        {surface: pointer.forward(surface, made.id)},
        function="",
        at=AT,
        by="joel",
        releases={made.id: release_of(made)},
    )
    pointers.write(document, after, before)


def corrupt(store_folder: Path, made: Pack) -> None:
    """One byte of the pack's booking page differs from what was packed."""
    path = store_folder / "packs" / f"{made.id}.tar"
    path.write_bytes(path.read_bytes().replace(b"Book a pickup", b"Hook a pickup", 1))


@dataclass
class FlakyStore(FolderReleases):
    """A folder that is out of reach whenever it is told to be."""

    folder: Path
    out_of_reach: bool = False
    looks: int = field(default=0)

    def __post_init__(self) -> None:
        super().__init__(f"file:{self.folder}", self.folder)

    def document(self, name: str) -> DocumentStore:
        self._reach()
        return super().document(name)

    def get(self, name: str, most: int) -> bytes | None:
        self._reach()
        self.looks += 1
        return super().get(name, most)

    def _reach(self) -> None:
        if self.out_of_reach:
            raise StoreUnavailable("nobody answers")
