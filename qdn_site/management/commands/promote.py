"""`manage.py promote [SURFACE…]`: what staging shows, in production."""

from typing import Any

from django.core.management.base import CommandParser

from qdn_site.management.commands._release_command import ReleaseCommand, stage_of
from qdn_site.releases import difference, plan
from qdn_site.releases.pack import Pack
from qdn_site.releases.plan import Plan, fetch
from qdn_site.releases.pointer import IMAGE


class Command(ReleaseCommand):
    help = "Put in production what staging shows: plan, prove, do, check, invalidate, receipt."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--diff", action="store_true", help="show the templates' differences")

    def run(self, options: dict[str, Any]) -> None:
        source, production = stage_of("staging"), stage_of("production")
        planned = plan.promote(source, production, options["surface"], options["by"])
        self._tell(planned, with_diff=options["diff"])
        if options["dry_run"]:
            self.say("Would do this; nothing was changed.")
        elif planned.moves or planned.unfinished:
            self.carry_out(planned, options)

    def _tell(self, planned: Plan, *, with_diff: bool) -> None:
        self.tell_unfinished(planned)
        if not planned.moves and not planned.unfinished:
            self.say("Production shows what staging shows; nothing to do.")
        for name, change in planned.changes.items():
            release = planned.releases[change.new]
            self.say(
                f"{name}: {change.old[:12]} → {change.new[:12]}"
                f" (made {release.made_at:%Y-%m-%d %H:%M} UTC by {release.made_by})"
            )
            self._tell_files(planned, name, with_diff=with_diff)
        self.tell_function(planned)
        if planned.code is not None and with_diff:
            live = planned.target.function.live() if planned.target.function else None
            before = live.code if live else b""
            self._tell_lines(difference.text("rewrite.js", before, planned.code))
        self.tell_paths(planned)

    def _tell_files(self, planned: Plan, name: str, *, with_diff: bool) -> None:
        new, old = planned.packs[planned.places[name].current], self._live(planned, name)
        if old is None:
            self.say("  (the image's own pages are not known here: every file is listed as new)")
        self._tell_lines(difference.files(old, new))
        if with_diff:
            self._tell_lines(difference.templates(old, new))

    def _live(self, planned: Plan, name: str) -> Pack | None:
        id = planned.live.place(name).current
        return fetch(planned.target.store, id) if id != IMAGE else None

    def _tell_lines(self, lines: Any) -> None:
        for line in lines:
            self.say(f"  {line}")
