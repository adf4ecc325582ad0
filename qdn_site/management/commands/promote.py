"""`manage.py promote [SURFACE…]`: production shows what staging does."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from django.core.management.base import CommandParser

from dispatch import wiring
from dispatch.domain.document import StoreUnavailable
from qdn_site.management.commands._release_command import ReleaseCommand
from qdn_site.releases import ReleaseError, publish
from qdn_site.releases.pack import Pack, fetch
from qdn_site.releases.pointer import IMAGE, NONE
from qdn_site.releases.publish import Plan
from qdn_site.releases.target import target


class Command(ReleaseCommand):
    help = "Put in production what staging shows: prove, copy, move, check, invalidate."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--diff", action="store_true", help="show the differences in full")

    def run(self, options: dict[str, Any]) -> None:
        stages = target("staging"), target("production")
        plan = publish.plan_promote(*stages, options["surface"], options["by"], wiring.now())
        self.carry_out(plan, options, _details(plan, in_full=options["diff"]))


def _details(plan: Plan, *, in_full: bool) -> Iterator[str]:
    for surface, change in plan.changes.items():
        release = plan.after.releases[change.new]
        yield f"{surface} was made {release.made_at:%Y-%m-%d %H:%M} UTC by {release.made_by}"
        old, why = {}, "there is no release to compare it with"
        if change.old not in (IMAGE, NONE):
            try:
                shown = plan.packs.get(change.old) or fetch(plan.target.store, change.old)
                old, why = _content(shown), ""
            except (ReleaseError, StoreUnavailable) as error:
                why = f"what shows now cannot be read: {error}"
        if why:
            yield f"  ({why}: every file is listed as new)"
        yield from _differences(old, _content(plan.packs[change.new]), in_full=in_full)


def _content(pack: Pack) -> dict[str, bytes]:
    """By plain names, as people know them."""
    plain = {f"static/{hashed}": f"static/{name}" for name, hashed in pack.manifest.static.items()}
    return {plain.get(name, name): body for name, body in pack.files.items()}


def _differences(old: dict[str, bytes], new: dict[str, bytes], *, in_full: bool) -> Iterator[str]:
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
