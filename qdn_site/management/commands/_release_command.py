"""The base of `stage`, `promote` and `rollback`: surfaces, who, one clear line on failure."""

import getpass
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.management.commands._command import SiteCommand, add_dry_run
from qdn_site.edge.cloudfront import CloudFrontRefused
from qdn_site.edge.invalidation import chosen
from qdn_site.releases import ReleaseError
from qdn_site.releases.check import TIMEOUT
from qdn_site.releases.publish import Plan, carry_out
from qdn_site.releases.surfaces import EDGE, SURFACES


@contextmanager
def failures() -> Iterator[None]:
    """Each as one clear line and a non-zero exit."""
    try:
        yield
    except (ReleaseError, StoreUnavailable, CloudFrontRefused) as error:
        raise CommandError(str(error)) from error


def whoever() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


class ReleaseCommand(SiteCommand):
    """Subclasses make a plan; here it is shown and carried out."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("surface", nargs="*", help=f"of {', '.join(SURFACES)}; default: all")
        parser.add_argument("--by", default=whoever(), help="who does it, for the history")
        parser.add_argument(
            "--wait", type=float, default=TIMEOUT, help="seconds until it must have arrived"
        )
        add_dry_run(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["surface"]:
            if name not in SURFACES:
                raise CommandError(
                    f"There is no surface {name!r}; there are {', '.join(SURFACES)}."
                )
        if not options["by"].strip() or not options["by"].isprintable():
            raise CommandError(f"--by {options['by']!r}: the history needs a name, in one line.")
        with failures():
            self.run(options)

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def carry_out(self, plan: Plan, options: dict[str, Any], details: Iterable[str] = ()) -> None:
        """Show the plan, with these details, then do it: a line for each thing done."""
        name = plan.target.name
        for move in plan.before.interrupted:
            self.say(f"move {move.revision} was never seen to arrive: finishing it")
        for surface, change in plan.changes.items():
            self.say(f"{surface}: {change}")
            recorded = plan.before.place(surface).current
            if surface == EDGE and recorded != change.old:
                self.say(f"  (the pointer of {name} says that {recorded[:12]} is live)")
        for line in details:
            self.say(line)
        if plan.target.function is None:
            self.say(f"the edge is skipped: QDN_{name.upper()}_DISTRIBUTION is not set")
        elif plan.touched:
            self.say(f"to invalidate: {', '.join(chosen(plan.touched))}")
        for pack in () if plan.changes else plan.packs.values():
            self.say(f"{pack} is damaged in {plan.target.store.url}: what is missing is written")
        if not (plan.touched or plan.packs):
            self.say(f"{name.capitalize()} shows just that already; nothing to do.")
        elif options["dry_run"]:
            self.say("Would do this; nothing was changed.")
        else:
            for line in carry_out(plan, wiring.now, options["wait"]):
                self.say(line)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
