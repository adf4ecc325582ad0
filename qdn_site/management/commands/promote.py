"""`manage.py promote [SURFACE…]`: production shows what staging does."""

from typing import Any

from django.core.management.base import CommandParser

from dispatch import wiring
from qdn_site.management.commands._differences import add_diff, differences
from qdn_site.management.commands._release_command import ReleaseCommand
from qdn_site.releases import publish
from qdn_site.releases.target import target


class Command(ReleaseCommand):
    help = "Put in production what staging shows: prove, copy, move, check, invalidate."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_diff(parser)

    def run(self, options: dict[str, Any]) -> None:
        stages = target("staging"), target("production")
        plan = publish.plan_promote(*stages, options["surface"], options["by"], wiring.now())
        self.carry_out(plan, options, differences(plan, in_full=options["diff"]))
