"""`manage.py rollback [SURFACE…] [--to ID]`: production as it was."""

from typing import Any

from django.core.management.base import CommandParser

from qdn_site.management.commands._release_command import ReleaseCommand, stage_of
from qdn_site.releases import plan


class Command(ReleaseCommand):
    help = "Put production back: the surfaces of the last promotion, or those that are named."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--to", default="", help="a release (how its id begins), or `image`; default: the last"
        )

    def run(self, options: dict[str, Any]) -> None:
        planned = plan.rollback(
            stage_of("production"), options["surface"], options["to"], options["by"]
        )
        self.tell_unfinished(planned)
        for name, change in planned.changes.items():
            self.say(f"{name}: {change.old[:12]} → {change.new[:12]}")
        self.tell_function(planned)
        if options["dry_run"]:
            self.say("Would do this; nothing was changed.")
        elif planned.moves or planned.unfinished:
            self.carry_out(planned, options)
        else:
            self.say("Production shows just that already; nothing to do.")
