"""`manage.py rollback [SURFACE…] [--to ID]`: production as it was."""

from typing import Any

from django.core.management.base import CommandParser

from dispatch import wiring
from qdn_site.management.commands._release_command import ReleaseCommand
from qdn_site.releases import publish
from qdn_site.releases.target import target


class Command(ReleaseCommand):
    help = "Put production back: the surfaces of the last promotion, or those that are named."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--to", default="", help="a release (how its id begins), or `image`; default: the last"
        )

    def run(self, options: dict[str, Any]) -> None:
        asked = options["surface"], options["to"], options["by"]
        plan = publish.plan_rollback(target("production"), *asked, wiring.now())
        self.carry_out(plan, options)
