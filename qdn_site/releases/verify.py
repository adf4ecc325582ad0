"""Reading a pack as if an enemy had made it: all or nothing, before anything touches a disk."""

import io
import re
import tarfile
from hashlib import sha256
from pathlib import PurePosixPath

import msgspec

from qdn_site.releases.hashing import names_its_content
from qdn_site.releases.pack import MANIFEST, SCHEMA, Manifest, Pack
from qdn_site.releases.surfaces import SURFACES

MOST_BYTES = 16 * 1024 * 1024  # of a whole pack
MOST_FILE = 4 * 1024 * 1024
MOST_FILES = 400
TEMPLATES = frozenset({".html", ".txt"})
STATIC = frozenset(
    {".css", ".js", ".svg", ".png", ".jpg", ".webp", ".avif", ".ico", ".woff2", ".webmanifest"}
)
# No absolute path, no `..`, nothing hidden, no other separator, nothing that needs quoting.
NAME = re.compile(r"(templates|static)(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){1,6}")


class BadPack(Exception):
    """Not a release that may be served; the text says why, in one line."""


def verify(body: bytes, id: str) -> Pack:
    """The release `id`, from what was fetched. Raises BadPack."""
    if len(body) > MOST_BYTES:
        raise BadPack(f"it is larger than {MOST_BYTES:,} bytes")
    if sha256(body).hexdigest() != id:
        raise BadPack("its content is not what its name says (SHA-256 differs)")
    members = _members(body)
    manifest = _manifest(members.pop(MANIFEST, None))
    if set(members) != set(manifest.files):
        odd = sorted(set(members) ^ set(manifest.files))[0]
        raise BadPack(f"its manifest and its files differ: {odd}")
    for name, content in members.items():
        _check(name, content, manifest)
    pack = Pack(id, body, manifest, members)
    # One that nothing names would be served, and could not be told by its plain name.
    if unlike := set(manifest.static.values()) ^ set(pack.under("static")):
        raise BadPack(f"its manifest and its static files differ: {min(unlike)}")
    return pack


def _members(body: bytes) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        # "r:" reads no compression: a pack cannot unfold into more than was fetched.
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
            while member := archive.next():
                _check_member(member, members)
                file = archive.extractfile(member)
                assert file is not None
                members[member.name] = file.read()
                if len(members[member.name]) != member.size:
                    raise BadPack(f"{member.name} is cut short")
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        raise BadPack(f"it cannot be read as a pack: {error}") from error
    return members


def _check_member(member: tarfile.TarInfo, before: dict[str, bytes]) -> None:
    name = member.name
    # Sparse files and long-name records claim what is not there; none is needed here.
    if member.type != tarfile.REGTYPE or member.issparse() or member.pax_headers:
        raise BadPack(f"{name!r} is no plain file (a link, a device, a folder …)")
    if name != MANIFEST and not NAME.fullmatch(name):
        raise BadPack(f"{name!r} is no path that a pack may hold")
    if name in before:
        raise BadPack(f"{name} is in it twice")
    if member.size > MOST_FILE:
        raise BadPack(f"{name} is larger than {MOST_FILE:,} bytes")
    if len(before) > MOST_FILES:
        raise BadPack(f"it holds more than {MOST_FILES} files")


def _manifest(body: bytes | None) -> Manifest:
    if body is None:
        raise BadPack(f"there is no {MANIFEST} in it")
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
    except msgspec.DecodeError as error:
        raise BadPack(f"its {MANIFEST} cannot be read: {error}") from error
    if manifest.schema != SCHEMA:
        raise BadPack(f"its {MANIFEST} has schema {manifest.schema}, not {SCHEMA}")
    if manifest.surface not in SURFACES:
        raise BadPack(f"there is no surface {manifest.surface!r}")
    return manifest


def _check(name: str, body: bytes, manifest: Manifest) -> None:
    folder, _, rest = name.partition("/")
    surface = SURFACES[manifest.surface]
    if PurePosixPath(name).suffix not in (TEMPLATES if folder == "templates" else STATIC):
        raise BadPack(f"{name} is no kind of file that a pack may hold")
    if folder == "templates" and not surface.carries(rest):
        raise BadPack(f"{name} is no page of {surface.name}")
    if folder == "static" and not surface.carries_static(rest):
        raise BadPack(f"{name} is no static file of {surface.name}")
    if sha256(body).hexdigest() != manifest.files[name]:
        raise BadPack(f"{name} is not what the manifest says (SHA-256 differs)")
    # Static files of all releases lie in one folder: a name must not stand for two contents.
    if folder == "static" and not names_its_content(rest, body):
        raise BadPack(f"{name} bears a hash that is not its content's")
