"""The differences between what a stage shows and what it is to show, for people to read."""

from collections.abc import Iterator
from difflib import unified_diff

from django.conf import settings
from django.core.management.base import CommandParser

from dispatch.domain.stored.document import StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.releases import ReleaseError
from qdn_site.releases.pack import Pack, fetch, pack_pages
from qdn_site.releases.pointer import IMAGE, NONE
from qdn_site.releases.publish import Plan
from qdn_site.releases.surfaces import PAGES


def add_diff(parser: CommandParser) -> None:
    parser.add_argument("--diff", action="store_true", help="show the differences in full")


def differences(plan: Plan, *, in_full: bool) -> Iterator[str]:
    """By surface and file; in full with their lines."""
    for surface, change in plan.changes.items():
        if change.new == IMAGE:
            continue
        release = plan.after.releases[change.new]
        yield f"{surface} was made {release.made_at:%Y-%m-%d %H:%M} UTC by {release.made_by}"
        try:
            old, said = _shown(plan, surface, change.old)
        except (ReleaseError, StoreUnavailable) as error:
            why = f"what shows now cannot be read: {error}"
            old, said = {}, f"{why}: every file is listed as new"
        if said:
            yield f"  ({said})"
        yield from _compared(old, _content(plan.packs[change.new]), in_full=in_full)


def _shown(plan: Plan, surface: str, id: str) -> tuple[dict[str, bytes], str]:
    """The files of what shows now, and what has to be said of them. Raises ReleaseError,
    StoreUnavailable.
    """
    if id == NONE:
        return {}, "there is no function to compare it with: every file is listed as new"
    if id == IMAGE:
        pack = pack_pages(PAGES[surface], settings.BASE_DIR, PAGES_API)
        return _content(pack), "compared with the image's own pages, as this machine has them"
    return _content(plan.packs.get(id) or fetch(plan.target.store, id)), ""


def _content(pack: Pack) -> dict[str, bytes]:
    """By plain names, as people know them."""
    plain = {f"static/{hashed}": f"static/{name}" for name, hashed in pack.manifest.static.items()}
    return {plain.get(name, name): body for name, body in pack.files.items()}


def _compared(old: dict[str, bytes], new: dict[str, bytes], *, in_full: bool) -> Iterator[str]:
    """`+`, `-` or `~` and the file; in full with the lines of all but static files."""
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) == new.get(name):
            continue
        yield f"  {'+' if name not in old else '-' if name not in new else '~'} {name}"
        if in_full and not name.startswith("static/"):
            before, after = (
                files.get(name, b"").decode(errors="replace").splitlines() for files in (old, new)
            )
            lines = unified_diff(before, after, f"live/{name}", f"new/{name}", lineterm="")
            yield from (f"  {line}" for line in lines)
