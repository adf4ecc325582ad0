"""What `stage`, `promote` and `rollback` share: surfaces, who, lines said, one-line failures."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.document import StoreUnavailable
from dispatch.management.commands._command import add_dry_run
from qdn_site.edge.cloudfront import CloudFrontRefused
from qdn_site.edge.invalidation import NoDistribution
from qdn_site.releases.arrival import PATIENCE, NotArrived
from qdn_site.releases.edge import EdgeRefused, hands_for, paths
from qdn_site.releases.hashing import MissingStatic
from qdn_site.releases.pack import NothingToPack
from qdn_site.releases.plan import NothingSuch, Plan
from qdn_site.releases.proof import NotProved
from qdn_site.releases.steps import Refused, carry_out
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.target import NotConfigured, StageName, Target, target
from qdn_site.releases.verify import BadPack

FAILURES = (
    *(StoreUnavailable, CloudFrontRefused, NotArrived, EdgeRefused, MissingStatic, NothingToPack),
    *(NoDistribution, NothingSuch, NotProved, Refused, NotConfigured, BadPack),
)


class ReleaseCommand(BaseCommand):
    """Subclasses make a plan; here it is told and carried out."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("surface", nargs="*", help=f"of {', '.join(SURFACES)}; default: all")
        parser.add_argument("--by", default=whoever(), help="who does it, for the receipt")
        parser.add_argument(
            "--wait", type=float, default=PATIENCE, help="seconds until it must have arrived"
        )
        add_dry_run(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["surface"]:
            if name not in SURFACES:
                raise CommandError(
                    f"There is no surface {name!r}; there are {', '.join(SURFACES)}."
                )
        with failures():
            self.run(options)

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def carry_out(self, plan: Plan, options: dict[str, Any]) -> None:
        hands = hands_for(plan.target, wiring.now, options["wait"])
        for step in carry_out(plan, hands):
            self.say(step.told)

    def tell_unfinished(self, plan: Plan) -> None:
        for move in plan.unfinished:
            self.say(f"move {move.revision} was never seen to arrive: finishing it")

    def tell_function(self, plan: Plan, verb: str = "") -> None:
        if plan.code is None:
            return
        self.say(f"{verb}function: {plan.edge[:12] or 'none'} → {plan.function[:12]}")
        if plan.edge != plan.live.function:
            said = plan.live.function[:12] or "none"
            self.say(f"  (the pointer of {plan.target.name} says that {said} is live)")

    def tell_paths(self, plan: Plan) -> None:
        if plan.target.function is not None and plan.touched:
            self.say(f"to invalidate: {', '.join(paths(plan))}")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def failures() -> Iterator[None]:
    """Each as one clear line and a non-zero exit."""
    try:
        yield
    except FAILURES as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError("Interrupted; what is live is whole. Run it again to finish.") from None


def stage_of(name: StageName) -> Target:
    return target(name, os.environ, settings.BASE_DIR)


def whoever() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())
