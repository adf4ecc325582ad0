"""A release holds a surface's pages and nothing else, and is believed only as a whole."""

import errno
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qdn_site.releases import ReleaseError
from qdn_site.releases.pack import (
    MOST_BYTES,
    MOST_FILE,
    MOST_FILES,
    Manifest,
    fetch,
    keep,
    pack_function,
    pack_pages,
)
from qdn_site.releases.pack import File as Listed
from qdn_site.releases.surfaces import PAGES
from tests.releases.fakes import MemoryReleases
from tests.releases.making import PAGE, a_pack, make_pack, page_of, pages, say

STYLE = "static/site/style.5d41402abc4b.css"  # of b"hello"


def refused(body: bytes, blobs: Mapping[str, bytes] | None = None) -> str:
    """Why this manifest is no release, though its name is its hash."""
    store, id = MemoryReleases(), sha256(body).hexdigest()
    store.blobs = {f"manifests/{id}.json": body, **(blobs or {})}
    with pytest.raises(ReleaseError) as refusal:
        fetch(store, id)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith(f"production: release {id[:12]}: ")
    return str(refusal.value)


def manifest(*names: str, surface: str = "book", size: int = 5, **fields: Any) -> bytes:
    """With files that say hello."""
    file = Listed(sha256(b"hello").hexdigest(), size)
    static = [name.removeprefix("static/") for name in names if name.startswith("static/")]
    about = {"pages_api": 1, "static": dict(zip(static, static, strict=True)), **fields}
    return msgspec.json.encode(Manifest(surface, files=dict.fromkeys(names, file), **about))


@pytest.mark.parametrize("surface", PAGES)
def test_what_is_kept_can_be_fetched(surface: str) -> None:
    store, made = MemoryReleases(), make_pack(surface=surface)
    keep(store, made)
    assert fetch(store, made.id) == made


def test_the_function_is_a_release_like_others() -> None:
    store, made = MemoryReleases(), pack_function(b"// hello")
    keep(store, made)
    assert fetch(store, made.id) == made
    assert "no file of the edge" in refused(manifest(PAGE, surface="edge"))


def test_the_same_pages_make_the_same_release_wherever_and_whenever(tmp_path: Path) -> None:
    copy = pages(tmp_path)
    assert make_pack(copy).id == make_pack().id
    (copy / "templates/booking/.DS_Store").write_bytes(b"x")
    (copy / f"{PAGE}~").write_bytes(b"x")
    assert make_pack(copy).id == make_pack().id  # what lies about is no page
    assert make_pack(say(copy, "Something else.")).id != make_pack().id


def test_a_release_holds_its_own_pages_and_the_shared_ones_and_no_others() -> None:
    names = set(make_pack().under("templates"))
    assert {"booking/book.html", "home.html", "base.html", "_field.html"} <= names
    assert not any(name.startswith(("dispatch/", "tracking/")) for name in names)
    assert "error.html" not in names  # of no surface: it ships with the image


def test_static_files_have_the_names_that_the_image_gives_them(tmp_path: Path) -> None:
    from qdn_site.static_files import HashedStaticFilesStorage

    static = pages(tmp_path) / "static"
    storage = HashedStaticFilesStorage(location=str(static))
    files = {path.relative_to(static).as_posix(): path for path in static.rglob("*.*")}
    list(storage.post_process({name: (storage, name) for name in files}))
    made = make_pack().manifest.static
    assert made == {name: storage.hashed_files[name] for name in made}


@pytest.mark.parametrize("link", ["templates/booking/parts", "templates/booking/passwords.html"])
def test_a_link_in_the_source_is_refused(tmp_path: Path, link: str) -> None:
    source = pages(tmp_path / "source")
    (source / link).symlink_to(tmp_path)
    with pytest.raises(ReleaseError, match="is a link"):
        make_pack(source)


def test_a_file_name_that_is_no_text_is_refused_in_a_line(tmp_path: Path) -> None:
    source = pages(tmp_path / "source")
    (source / "static/site/\udcff.png").touch()
    with pytest.raises(ReleaseError, match=r"site/\\udcff.png' is no path that a release may hold"):
        make_pack(source)


def test_a_page_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    source = pages(tmp_path / "source")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        ReleaseError, match=r"source/templates/.* cannot be read: Permission denied"
    ):
        make_pack(source)


def test_a_stylesheet_that_names_a_missing_picture_is_refused(tmp_path: Path) -> None:
    source = pages(tmp_path)
    style = source / "static/site/style.css"
    style.write_text(style.read_text() + 'body { background: url("gone.png") }')
    with pytest.raises(ReleaseError, match=r"gone\.png"):
        make_pack(source)


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no book templates"):
        pack_pages(PAGES["book"], tmp_path, 1)


def test_a_single_changed_byte_is_noticed_wherever_it_is() -> None:
    store, made = MemoryReleases(), a_pack("Words.")
    keep(store, made)
    for name in list(store.blobs):
        kept = store.blobs[name]
        store.blobs[name] = kept[:-1] + b"?"
        with pytest.raises(ReleaseError, match="SHA-256 differs"):
            fetch(store, made.id)
        del store.blobs[name]
        with pytest.raises(ReleaseError, match=f"there is no {name}"):
            fetch(store, made.id)
        store.blobs[name] = kept


def test_what_is_damaged_is_not_taken_for_kept() -> None:
    store, made = MemoryReleases(), make_pack()
    store.put(page_of(made), b"something else")
    with pytest.raises(ReleaseError, match="remove that and run this again"):
        keep(store, made)


@pytest.mark.parametrize("id", ["", "x", "../../pointer", "A" * 64, "0" * 63])
def test_an_id_that_is_none_is_never_asked_for(id: str) -> None:
    store = MemoryReleases()
    with pytest.raises(ReleaseError, match="no id of a release"):
        fetch(store, id)
    assert store.asked == []


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (
            (
                *("../../etc/cron.d/x.html", "templates/../../x.html", "other/book.html"),
                *("/templates/booking/book.html", "templates/booking/.hidden.html", "rewrite.js"),
                *(
                    "templates//book.html",
                    "templates/booking/a b.html",
                    "templates/booking/a\nb.html",
                ),
                *("templates\\booking\\book.html", "templates/a/b/c/d/e/f/g/h.html"),
                "templates/" + "x" * 120 + ".html",
            ),
            "is no path that a release may hold",
        ),
        (
            (
                *(
                    "templates/booking/book.py",
                    "templates/booking/book.htm",
                    "templates/booking/book",
                ),
                *("static/booking/run.py", "static/booking/tool.exe", "static/booking/page.html"),
                *("static/booking/book.js.map", "static/booking/a.sh"),
            ),
            "is no kind of file",
        ),
        (("templates/dispatch/board.html", "templates/error.html"), "is no page of book"),
        (("static/dispatch/board.5d41402abc4b.js",), "is no static file of book"),
    ],
)
def test_a_file_that_is_not_the_surfaces_is_refused(names: tuple[str, ...], why: str) -> None:
    for name in names:
        assert why in refused(manifest(name)), name


def test_a_static_name_that_is_not_its_contents_is_refused() -> None:
    """Else a release could replace a file that other pages use."""
    name = "static/site/style.0123456789ab.css"
    assert "bears a hash that is not its content's" in refused(manifest(name), {name: b"hello"})


def test_too_many_too_large_and_altogether_too_much_are_refused_before_they_are_fetched() -> None:
    many = [f"templates/booking/p{number}.html" for number in range(MOST_FILES + 1)]
    assert "more than 400 files" in refused(manifest(*many))
    for size in (MOST_FILE + 1, -1, 2**62):
        assert "larger than 4,194,304" in refused(manifest(PAGE, size=size))
    assert f"larger than {MOST_BYTES:,}" in refused(manifest(*many[:5], size=MOST_FILE))
    assert "manifests/" in refused(b" " * 300_000)


def test_a_file_that_is_larger_than_the_manifest_says_is_refused() -> None:
    name = f"blobs/{sha256(b'hello').hexdigest()}"
    assert "is larger than 4 bytes" in refused(manifest(PAGE, size=4), {name: b"hello"})


@pytest.mark.parametrize("sha", ["", "../../pointer.json", "0" * 63, "G" * 64])
def test_a_hash_that_is_none_is_never_asked_for(sha: str) -> None:
    body = manifest(PAGE).replace(sha256(b"hello").hexdigest().encode(), sha.encode())
    assert "has no SHA-256" in refused(body)


def test_static_names_and_static_files_must_be_the_same() -> None:
    assert "static files differ" in refused(manifest(STYLE, static={}))
    assert "static files differ" in refused(manifest(PAGE, static={"site/a.css": "site/a.css"}))


def test_a_newer_kind_of_release_and_an_unknown_surface_are_refused() -> None:
    assert "schema 3" in refused(manifest(PAGE, schema=3))
    assert "no surface 'shop'" in refused(manifest(PAGE, surface="shop"))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"x" * 5000, b"\0" * 2048, b"[]", b"null", b"\xff", b'{"surface": 3}'),
        b"[" * 100_000,
        b'{"x": ' * 30_000,
        b'{"files": ' + b'{"a": ' * 30_000,
        b'{"surface": "book", "x": ' + b"[" * 100_000,
        manifest(PAGE).replace(b"booking", b"\\ud800"),
    ],
)
def test_rubbish_is_refused(body: bytes) -> None:
    assert refused(body)
