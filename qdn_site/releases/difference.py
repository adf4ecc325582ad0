"""What differs between two releases, for people to read before they promote."""

from collections.abc import Iterator
from difflib import unified_diff

from qdn_site.releases.pack import Pack


def files(old: Pack | None, new: Pack) -> Iterator[str]:
    """`+`, `-` or `~` and the file; a static file by its plain name."""
    before, after = _by_name(old) if old else {}, _by_name(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{'+' if name not in before else '-' if name not in after else '~'} {name}"


def templates(old: Pack | None, new: Pack) -> Iterator[str]:
    """A unified diff of the templates."""
    before, after = old.under("templates") if old else {}, new.under("templates")
    for name in sorted(before.keys() | after.keys()):
        yield from text(f"templates/{name}", before.get(name, b""), after.get(name, b""))


def text(name: str, old: bytes, new: bytes) -> Iterator[str]:
    before, after = (body.decode(errors="replace").splitlines() for body in (old, new))
    yield from unified_diff(before, after, f"live/{name}", f"new/{name}", lineterm="")


def _by_name(pack: Pack) -> dict[str, str]:
    plain = {hashed: name for name, hashed in pack.manifest.static.items()}
    return {
        f"static/{plain[name.removeprefix('static/')]}" if name.startswith("static/") else name: sha
        for name, sha in pack.manifest.files.items()
    }
