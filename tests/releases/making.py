"""Releases to test with, made in a line."""

import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from qdn_site import PAGES_API
from qdn_site.releases import pointer as pointers
from qdn_site.releases.pack import Pack, keep, pack_pages
from qdn_site.releases.pointer import Arrival, Change, Move, Pointer, Release
from qdn_site.releases.store import ReleaseStore
from qdn_site.releases.surfaces import PAGES
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
    lead = re.compile('(<p class="lead">).*?(</p>)')
    page.write_text(lead.sub(rf"\1{sentence}\2", page.read_text()))
    return source


def make_pack(
    source: Path = ROOT, sentence: str = "", surface: str = "book", pages_api: int = PAGES_API
) -> Pack:
    return pack_pages(PAGES[surface], say(source, sentence) if sentence else source, pages_api)


@cache
def a_pack(sentence: str, surface: str = "book", pages_api: int = PAGES_API) -> Pack:
    """The least that is a release: one page, and a stylesheet of these words."""
    from tempfile import TemporaryDirectory

    name = {"book": "booking/book.html", "track": "tracking/track.html"}[surface]
    with TemporaryDirectory() as folder:
        for path, text in ((f"templates/{name}", sentence), ("static/site/a.css", sentence)):
            (Path(folder) / path).parent.mkdir(parents=True)
            (Path(folder) / path).write_text(text)
        return make_pack(Path(folder), "", surface, pages_api)


def point(store: ReleaseStore, *packs: Pack, with_content: bool = True) -> Pointer:
    """Point `store` to these releases, one after the other, as `promote` does."""
    for pack in packs:
        if with_content:
            keep(store, pack)
        surface, document = pack.manifest.surface, pointers.read(store)
        before = pointers.decode(document)
        place = before.place(surface)
        change = {surface: Change(place.current, pack.id)}
        move = Move(before.revision + 1, "promote", AT, "joel", change, Arrival(AT, True))
        release = Release(pack.id, surface, pack.manifest.pages_api, AT, "joel")
        pointer = before.moved(
            move, {surface: place.forward(pack.id, place.current)}, {pack.id: release}
        )
        pointers.write(store, pointer, document)
        pointers.keep_copy(store, pointer)
    return pointer


def page_of(pack: Pack) -> str:
    """The booking page's name in the store."""
    return f"blobs/{pack.manifest.files[PAGE].sha256}"
