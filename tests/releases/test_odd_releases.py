"""Whatever stands in a release's place is refused with its reason, each surface for itself.

By commands in one line, and never by a traceback.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from qdn_site.releases import pages as showing
from qdn_site.releases.pages import Follower
from qdn_site.releases.static import ReleaseStatic
from qdn_site.releases.store import POINTER, FolderReleases
from tests.memory import MemoryStore
from tests.releases.fakes import MemoryReleases
from tests.releases.making import a_pack, point

pytestmark = pytest.mark.long

BOOK, TRACK = a_pack("One."), a_pack("Two.", "track")
ODD: list[Any] = [None, True, -1, 10**30, 1.5, "", "\0", "a\nb", "../x", [], {}, [[None]], {"": 0}]
BODIES = [
    *(b"", b"{}", b"[]", b"null", b"\xff\xfe{}", b"{" * 100_000, b"[" * 100_000, b'{"a":' * 50_000),
    *(b'{"schema": 1e999}', b'{"schema": 2, "revision": %s}' % (b"9" * 6_000), b"\x1f\x8b" * 600),
    *(b'{"schema": 2, "schema": 2}', b"x" * 300_000),
]
TEMPLATES = ["{% if 1 %}" * 3_000, "{% if " + "not " * 5_000 + "1 %}{% endif %}", "{% load x %}"]


def damaged(body: bytes) -> Iterator[bytes]:
    """Bytes flipped, cut and added; each value in it something else, or gone, or doubled."""
    yield from BODIES
    for place in range(0, len(body), len(body) // 20 + 1):
        yield body[:place] + bytes([body[place] ^ 0x55]) + body[place + 1 :]
        yield body[:place]
    yield from (json.dumps(each).encode() for each in _changed(json.loads(body)))


def _changed(value: Any) -> Iterator[Any]:
    yield from ODD
    if not isinstance(value, dict | list):
        return
    for key in value if isinstance(value, dict) else range(len(value)):
        for odd in _changed(value[key]):
            other = deepcopy(value)
            other[key] = odd
            yield other
        fewer = deepcopy(value)
        kept = fewer.pop(key)
        yield fewer
        if isinstance(fewer, dict):
            yield {**fewer, f"{key}\n": kept, "../x": kept}


def with_manifest(store: MemoryReleases, body: bytes) -> None:
    """A manifest that is rightly named, and that the pointer names."""
    id = sha256(body).hexdigest()
    store.blobs[f"manifests/{id}.json"] = body
    store.lose_pointer(store.document.load().body.replace(BOOK.id.encode(), id.encode()))


@pytest.fixture(autouse=True)
def nothing_shows() -> Iterator[None]:
    yield
    showing.show({})


@pytest.fixture
def store() -> MemoryReleases:
    store = MemoryReleases()
    point(store, TRACK, BOOK)
    return store


def looked(store: MemoryReleases) -> tuple[set[str], dict[str, str]]:
    """The surfaces that show a release after a first look, and what /healthz says of the others."""
    showing.show({})
    follower = Follower(store, ReleaseStatic(store))
    follower.look()
    refused = {name: why.brief for name, why in follower.refused.items()}
    assert json.loads(json.dumps(refused)) == refused
    return set(showing.shown()), refused


def test_an_odd_manifest_is_its_own_surfaces_alone(store: MemoryReleases) -> None:
    pointer = store.document.load().body
    for body in damaged(BOOK.body):
        store.lose_pointer(pointer)
        with_manifest(store, body)
        shown, refused = looked(store)
        assert "track" in shown, body
        assert ("book" in shown) != ("book" in refused), body


def test_an_odd_blob_is_its_own_surfaces_alone(store: MemoryReleases) -> None:
    good = dict(store.blobs)
    ours = [name for name in good if name.startswith(("blobs/", "static/"))]
    for name in ours:
        for body in (*BODIES, good[name][:-1], good[name] + b"x", b"x" * 5_000_000):
            store.blobs = {**good, name: body}
            shown, refused = looked(store)
            assert len(shown) == len(refused) == 1, name


@pytest.mark.parametrize("text", TEMPLATES, ids=lambda text: text[:12])
def test_an_odd_template_is_its_own_surfaces_alone(store: MemoryReleases, text: str) -> None:
    store.lose_pointer()
    point(store, TRACK, a_pack(text))
    shown, refused = looked(store)
    assert shown == {"track"}
    assert refused["book"]


def test_an_odd_pointer_is_refused_and_what_shows_stays(store: MemoryReleases) -> None:
    follower = Follower(store, ReleaseStatic(store))
    follower.look()
    good = store.document.load().body
    for body in damaged(good):
        store.document = MemoryStore(body)
        follower.look()
        assert all(why.brief for why in follower.refused.values()), body
        if follower.refused.keys() == {showing.EVERYTHING}:
            assert set(showing.shown()) == {"book", "track"}, body
        store.document = MemoryStore(good)
        follower.look()
        assert (set(showing.shown()), follower.refused) == ({"book", "track"}, {}), body


COMMANDS = (["releases"], ["promote", "--diff", "--dry-run"], ["rollback", "book", "--dry-run"])


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_commands_refuse_what_is_odd_in_one_line(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("staging", "production"):
        for setting in ("URL", "DISTRIBUTION"):
            monkeypatch.delenv(f"QDN_{name.upper()}_{setting}", raising=False)
        folder = tmp_path / name
        monkeypatch.setenv(f"QDN_{name.upper()}_RELEASES_URL", f"file:{folder}")
        newest = a_pack(f"Of {name}.")
        point(FolderReleases(name, f"file:{folder}", folder), TRACK, BOOK, newest)
    # What `promote` reads of the one, and `rollback` of the other.
    named = a_pack("Of staging.") if stage == "staging" else BOOK
    for path in (tmp_path / stage / POINTER, tmp_path / stage / "manifests" / f"{named.id}.json"):
        good = path.read_bytes()
        for body in (*BODIES, *list(damaged(good))[len(BODIES) :: 61]):
            path.write_bytes(body)
            said = refusals()
            assert said or json.loads(body), body
            assert [line for line in said if not line or len(line.splitlines()) > 1] == []
        path.write_bytes(good)
        assert refusals() == []


def refusals() -> list[str]:
    said = []
    for command in COMMANDS:
        try:
            call_command(*command, stdout=StringIO())
        except CommandError as error:
            said.append(str(error))
    return said
