"""A release: a manifest, whose SHA-256 is its id, and the files that it lists.

The same pages always make the same release. One that was fetched is read as if an enemy had
made it: all or nothing, and nothing is stored before all is checked.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import msgspec
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage

from qdn_site.releases import ReleaseError
from qdn_site.releases.store import ReleaseStore
from qdn_site.releases.surfaces import EDGE, FUNCTION_FILE, PAGES, SURFACES, PageSurface

SCHEMA = 2
MOST_BYTES = 16 * 1024 * 1024  # of all files
MOST_FILE = 4 * 1024 * 1024
MOST_FILES = 400
MOST_MANIFEST = 256 * 1024
AT_ONCE = 8  # blobs that are fetched or written side by side
SHA256 = re.compile(r"[0-9a-f]{64}")
# No absolute path, no `..`, nothing hidden, no other separator, nothing that needs quoting.
NAME = re.compile(r"(templates|static)(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){1,6}")
KIND = re.compile(
    r"templates/.+\.(html|txt)"
    r"|static/.+\.(css|js|svg|png|jpg|webp|avif|ico|woff2|webmanifest)"
)


class File(msgspec.Struct, frozen=True):
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """`static`: a file's name → the one that has its content's hash in it."""

    surface: str
    pages_api: int  # 0 for the edge, which asks nothing of the code
    files: dict[str, File]
    static: dict[str, str] = {}
    schema: int = SCHEMA


MANIFEST = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True, slots=True)
class Pack:
    """A release with its content: `body` is the manifest as it is stored."""

    id: str
    body: bytes
    manifest: Manifest
    files: Mapping[str, bytes]

    def __str__(self) -> str:
        return f"release {self.id[:12]} of {self.manifest.surface}"

    @property
    def size(self) -> str:
        return f"{len(self.files)} files, {sum(map(len, self.files.values())):,} bytes"

    def under(self, folder: str) -> dict[str, bytes]:
        """`templates` or `static`: name below that folder → content."""
        start = f"{folder}/"
        return {
            name.removeprefix(start): body
            for name, body in self.files.items()
            if name.startswith(start)
        }


def pack_pages(surface: PageSurface, source: Path, pages_api: int) -> Pack:
    """The surface's pages under `source` (a folder with templates/ and static/)."""
    templates = dict(_read(source / "templates", surface.holds_template))
    if not any(surface.owns(name) for name in templates):
        raise ReleaseError(f"There are no {surface.name} templates in {source / 'templates'}.")
    names, hashed = hashed_static(dict(_read(source / "static", surface.holds_static)))
    files = {f"templates/{name}": body for name, body in templates.items()}
    files |= {f"static/{name}": body for name, body in hashed.items()}
    return _packed(surface.name, pages_api, files, names)


def pack_function(code: bytes) -> Pack:
    return _packed(EDGE, 0, {FUNCTION_FILE: code}, {})


def fetch(store: ReleaseStore, id: str) -> Pack:
    """A release from a stage's store, verified. Raises ReleaseError, StoreUnavailable."""
    if not SHA256.fullmatch(id):
        raise ReleaseError(f"{store.stage}: {id[:64]!r} is no id of a release")
    try:
        body = _fetched(store, f"manifests/{id}.json", MOST_MANIFEST, id)
        manifest = read_manifest(body)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            bodies = pool.map(lambda item: _fetched_file(store, *item), manifest.files.items())
            files = dict(zip(manifest.files, bodies, strict=True))
    except ReleaseError as error:
        raise ReleaseError(f"{store.stage}: release {id[:12]}: {error}") from error
    return Pack(id, body, manifest, files)


def is_whole(store: ReleaseStore, id: str) -> bool:
    """Raises StoreUnavailable."""
    try:
        fetch(store, id)
    except ReleaseError:
        return False
    return True


def keep(store: ReleaseStore, pack: Pack) -> None:
    """Write what is not there yet, the manifest last, and read all of it back.

    Raises ReleaseError where something there is damaged, StoreUnavailable.
    """
    listed = pack.manifest.files
    blobs = [(_place(name, listed[name]), body) for name, body in pack.files.items()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda blob: store.put(*blob), blobs))
    store.put(f"manifests/{pack.id}.json", pack.body)
    try:
        fetch(store, pack.id)
    except ReleaseError as error:
        raise ReleaseError(
            f"{error}; remove that and run this again: it is written anew"
        ) from error


def read_manifest(body: bytes) -> Manifest:
    """Raises ReleaseError for whatever is not a release that may be served."""
    try:
        manifest = MANIFEST.decode(body)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"its manifest cannot be read: {error}") from error
    if manifest.schema != SCHEMA:
        raise ReleaseError(f"its manifest has schema {manifest.schema}, not {SCHEMA}")
    if manifest.surface not in SURFACES:
        raise ReleaseError(f"there is no surface {manifest.surface!r}")
    if len(manifest.files) > MOST_FILES:
        raise ReleaseError(f"it has more than {MOST_FILES} files")
    for name, file in manifest.files.items():
        if problem := _problem(manifest.surface, name, file):
            raise ReleaseError(problem)
    if sum(file.size for file in manifest.files.values()) > MOST_BYTES:
        raise ReleaseError(f"it is larger than {MOST_BYTES:,} bytes")
    # One that no name stands for would be served, and nobody could say what it is.
    hashed = {name.removeprefix("static/") for name in manifest.files if name.startswith("static/")}
    if odd := set(manifest.static.values()) ^ hashed:
        raise ReleaseError(f"its static names and its static files differ: {min(odd)!r}")
    return manifest


def _problem(surface: str, name: str, file: File) -> str:
    if not SHA256.fullmatch(file.sha256):
        return f"{name!r} has no SHA-256"
    if not 0 <= file.size <= MOST_FILE:
        return f"{name!r} is larger than {MOST_FILE:,} bytes"
    if surface == EDGE:
        return "" if name == FUNCTION_FILE else f"{name!r} is no file of the edge"
    if not NAME.fullmatch(name):
        return f"{name!r} is no path that a release may hold"
    if not KIND.fullmatch(name):
        return f"{name} is no kind of file that a release may hold"
    folder, _, rest = name.partition("/")
    if folder == "templates":
        return "" if PAGES[surface].holds_template(rest) else f"{name} is no page of {surface}"
    return "" if PAGES[surface].holds_static(rest) else f"{name} is no static file of {surface}"


class _HashedStorage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


def hashed_static(files: Mapping[str, bytes]) -> tuple[dict[str, str], dict[str, bytes]]:
    """(name → hashed name, hashed name → content with the references in it hashed too).

    By Django's own storage, so that a file has one name in the image and in every release.
    """
    with TemporaryDirectory() as folder:
        for name, body in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        storage = _HashedStorage(location=folder, manifest_storage=FileSystemStorage(folder))
        names: dict[str, str] = {}
        for name, hashed, processed in storage.post_process({n: (storage, n) for n in files}):
            if isinstance(processed, Exception):
                raise ReleaseError(f"static/{name}: {processed}") from processed
            names[name] = str(hashed)
        contents = {hashed: Path(folder, hashed).read_bytes() for hashed in names.values()}
    return names, contents


def names_its_content(hashed: str, body: bytes) -> bool:
    """The hash in a static file's name is its content's: then nothing can replace it."""
    digest = md5(body, usedforsecurity=False).hexdigest()[:12]
    return PurePosixPath(hashed).stem.rpartition(".")[2] == digest


def _read(folder: Path, holds: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            left_about = path.name.startswith(".") or name.endswith("~")  # by editors and systems
            if left_about or not holds(name):
                continue
            if path.is_symlink():
                raise ReleaseError(f"{path} is a link; a release holds files only.")
            if not name.isascii():
                raise ReleaseError(f"{str(path)!r} is no path that a release may hold")
            if path.is_file():
                yield name, path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{error.filename} cannot be read: {error.strerror}") from error


def _packed(surface: str, api: int, files: Mapping[str, bytes], static: Mapping[str, str]) -> Pack:
    files = dict(sorted(files.items()))
    listed = {name: File(sha256(body).hexdigest(), len(body)) for name, body in files.items()}
    manifest = Manifest(surface, api, listed, dict(sorted(static.items())))
    body = msgspec.json.format(msgspec.json.encode(manifest))
    read_manifest(body)  # what a reader would refuse is refused here
    return Pack(sha256(body).hexdigest(), body, manifest, files)


def _place(name: str, file: File) -> str:
    return name if name.startswith("static/") else f"blobs/{file.sha256}"


def _fetched_file(store: ReleaseStore, name: str, file: File) -> bytes:
    body = _fetched(store, _place(name, file), file.size, file.sha256)
    # Static files of all releases lie in one folder: a name must not stand for two contents.
    if name.startswith("static/") and not names_its_content(name, body):
        raise ReleaseError(f"{name} bears a hash that is not its content's")
    return body


def _fetched(store: ReleaseStore, name: str, most: int, wanted: str) -> bytes:
    body = store.get(name, most)
    if body is None:
        raise ReleaseError(f"there is no {name}")
    if sha256(body).hexdigest() != wanted:
        raise ReleaseError(f"{name} is not what its name says (SHA-256 differs)")
    return body
