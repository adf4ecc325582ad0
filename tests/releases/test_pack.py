"""A pack holds a surface's pages and nothing else, and is believed only as a whole."""

import gzip
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from qdn_site.releases.hashing import MissingStatic
from qdn_site.releases.pack import MANIFEST, NothingToPack, pack
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.verify import MOST_BYTES, MOST_FILE, MOST_FILES, BadPack, verify
from tests.releases.making import PAGE, file, make_pack, manifest, pages, say, tar_of

HTML = "templates/booking/book.html"


def refused(body: bytes) -> str:
    """Why these bytes are no release, though their name is their hash."""
    with pytest.raises(BadPack) as refusal:
        verify(body, sha256(body).hexdigest())
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def of(*names: str, body: bytes = b"hello", surface: str = "book") -> bytes:
    """A pack with these files and a manifest that fits."""
    files = dict.fromkeys(names, body)
    static = [name.removeprefix("static/") for name in names if name.startswith("static/")]
    named = manifest(files, surface, static=dict(zip(static, static, strict=True)))
    return tar_of(named, *(file(name, body) for name in names))


@pytest.mark.parametrize("surface", SURFACES)
def test_what_is_packed_can_be_read_back(surface: str) -> None:
    made = make_pack(surface=surface)
    assert verify(made.body, made.id) == made


def test_the_same_pages_make_the_same_release_wherever_and_whenever(tmp_path: Path) -> None:
    copy = pages(tmp_path)
    assert make_pack(copy).id == make_pack().id
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
    files = {path.relative_to(static).as_posix(): path for path in static.glob("*/*")}
    list(storage.post_process({name: (storage, name) for name in files}))
    made = make_pack().manifest.static
    assert made == {name: storage.hashed_files[name] for name in made}


def test_what_lies_about_in_the_folders_is_not_packed(tmp_path: Path) -> None:
    source = pages(tmp_path)
    (source / "templates/booking/.DS_Store").write_bytes(b"x")
    (source / f"{PAGE}~").write_bytes(b"x")
    assert make_pack(source).id == make_pack().id


def test_a_linked_folder_in_the_source_is_refused(tmp_path: Path) -> None:
    source = pages(tmp_path / "source")
    (source / "templates/booking/parts").symlink_to(tmp_path)
    with pytest.raises(NothingToPack, match="is a link"):
        make_pack(source)


def test_a_link_in_the_source_is_refused(tmp_path: Path) -> None:
    source = pages(tmp_path)
    (source / "templates/booking/passwords.html").symlink_to("/etc/passwd")
    with pytest.raises(NothingToPack, match="is a link"):
        make_pack(source)


def test_a_stylesheet_that_names_a_missing_picture_is_refused(tmp_path: Path) -> None:
    source = pages(tmp_path)
    style = source / "static/site/style.css"
    style.write_text(style.read_text() + 'body { background: url("gone.png") }')
    with pytest.raises(MissingStatic, match=r"gone\.png"):
        make_pack(source)


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToPack, match="no book templates"):
        pack(SURFACES["book"], tmp_path, 1)


def test_a_single_changed_byte_is_noticed() -> None:
    made = make_pack()
    changed = made.body.replace(b"Book a pickup", b"Hook a pickup", 1)
    with pytest.raises(BadPack, match="SHA-256 differs"):
        verify(changed, made.id)
    assert "is not what the manifest says" in refused(changed)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/x.html",
        "templates/../../x.html",
        "/templates/booking/book.html",
        "templates/booking/.hidden.html",
        "templates//book.html",
        "templates/booking/a b.html",
        "templates/booking/a\nb.html",
        "templates\\booking\\book.html",
        "other/book.html",
        "templates/a/b/c/d/e/f/g/h.html",
        "templates/" + "x" * 120 + ".html",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    assert "is no path that a pack may hold" in refused(of(name))


@pytest.mark.parametrize(
    "kind",
    [
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE),
        *(tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE),
    ],
)
def test_links_devices_folders_and_sparse_files_are_refused(kind: bytes) -> None:
    member = file(HTML, b"", type=kind, linkname="/etc/passwd")
    assert refused(tar_of(manifest({HTML: b""}), member))


def test_a_sparse_file_that_claims_a_terabyte_is_refused() -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    member = file(HTML, b"1\n0\n5\n" + b"x" * 506, pax_headers=headers)
    body = tar_of(manifest({HTML: b""}))[:-10240]
    buffer = tarfile.TarInfo.tobuf(member[0], tarfile.PAX_FORMAT) + member[1]
    assert "plain file" in refused(
        body.rstrip(b"\0") + b"\0" * (-len(body.rstrip(b"\0")) % 512) + buffer
    )


@pytest.mark.parametrize("squeeze", [gzip.compress, lambda body: b"BZh9" + body])
def test_a_compressed_pack_is_not_unfolded(squeeze: Callable[[bytes], bytes]) -> None:
    assert "cannot be read as a pack" in refused(squeeze(make_pack().body))


def test_too_many_too_large_and_altogether_too_much_are_refused() -> None:
    many = [f"templates/booking/p{number}.html" for number in range(MOST_FILES + 2)]
    assert "more than" in refused(of(*many))
    assert "larger than" in refused(of(HTML, body=b"x" * (MOST_FILE + 1)))
    assert "larger than" in refused(b"x" * (MOST_BYTES + 1))


def test_a_file_that_claims_to_be_larger_than_the_pack_is_refused() -> None:
    member, _ = file(HTML, b"")
    member.size = 4000
    body = tar_of(manifest({HTML: b""})).rstrip(b"\0")
    body += b"\0" * (-len(body) % 512) + member.tobuf() + b"short"
    assert refused(body)


@pytest.mark.parametrize(
    "name",
    [
        *("templates/booking/book.py", "templates/booking/book.htm", "templates/booking/book"),
        *("static/booking/run.py", "static/booking/tool.exe", "static/booking/page.html"),
        *("static/booking/book.js.map", "static/booking/a.sh"),
    ],
)
def test_a_file_of_another_kind_is_refused(name: str) -> None:
    assert "is no kind of file" in refused(of(name))


@pytest.mark.parametrize("name", ["templates/dispatch/board.html", "templates/error.html"])
def test_a_page_of_another_surface_is_refused(name: str) -> None:
    assert "is no page of book" in refused(of(name))


def test_a_static_file_of_another_surface_is_refused() -> None:
    assert "is no static file of book" in refused(of("static/dispatch/board.5d41402abc4b.js"))


def test_a_static_name_that_is_not_its_contents_is_refused() -> None:
    """Else a release could replace a file that other pages use."""
    name = "static/site/style.0123456789ab.css"
    assert "bears a hash that is not its content's" in refused(of(name))
    assert verify(
        of("static/site/style.5d41402abc4b.css"), _id("static/site/style.5d41402abc4b.css")
    )


def _id(name: str) -> str:
    return sha256(of(name)).hexdigest()


def test_the_same_file_twice_is_refused() -> None:
    once = file(HTML)
    assert "twice" in refused(tar_of(manifest({HTML: b"hello"}), once, once))


def test_manifest_and_files_must_be_the_same() -> None:
    assert "differ" in refused(tar_of(manifest({HTML: b"hello"})))
    assert "differ" in refused(tar_of(manifest({}), file(HTML)))
    assert "there is no manifest.json" in refused(tar_of(file(HTML)))
    assert "cannot be read" in refused(tar_of(file(MANIFEST, b"{]"), file(HTML)))
    named = manifest({HTML: b"hello"}, static={"site/a.css": "site/a.0123456789ab.css"})
    assert "static files differ: site/a.0123456789ab" in refused(tar_of(named, file(HTML)))


def test_a_static_file_that_the_manifest_does_not_name_is_refused() -> None:
    name = "static/site/style.5d41402abc4b.css"
    unnamed = tar_of(manifest({name: b"hello"}), file(name))
    assert "static files differ: site/style.5d41402abc4b.css" in refused(unnamed)


def test_a_newer_kind_of_pack_and_an_unknown_surface_are_refused() -> None:
    files = {HTML: b"hello"}
    assert "schema 2" in refused(tar_of(manifest(files, schema=2), file(HTML)))
    assert "no surface 'shop'" in refused(tar_of(manifest(files, "shop"), file(HTML)))


@pytest.mark.parametrize("body", [b"", b"x" * 5000, b"\0" * 2048])
def test_rubbish_is_refused(body: bytes) -> None:
    assert refused(body)
