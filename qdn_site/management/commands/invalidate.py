"""`manage.py invalidate PATH…|SURFACE…`: CloudFront forgets these, and only these."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.management.commands._command import SiteCommand, add_dry_run
from qdn_site.edge.cloudfront import CloudFrontRefused, Distribution
from qdn_site.edge.invalidation import OF_SURFACE, Order, chosen, orders, start, watched


class Command(SiteCommand):
    help = "Tell CloudFront to forget what it keeps of some paths, or of a surface's."

    def add_arguments(self, parser: CommandParser) -> None:
        surfaces = ", ".join(OF_SURFACE)
        parser.add_argument(
            "what", nargs="+", metavar="PATH|SURFACE", help=f"/book/, /static/* …, or {surfaces}"
        )
        parser.add_argument("--staging", action="store_true", help="of staging, not of production")
        parser.add_argument("--everything", action="store_true", help="allow /*")
        parser.add_argument(
            "--reference", default="", help="repeats under the same one cost nothing; the minute"
        )
        parser.add_argument("--wait", action="store_true", help="until CloudFront has finished")
        add_dry_run(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paths = chosen(options["what"], everything=options["everything"])
            for order in orders(paths, settings.DISTRIBUTIONS, staging=options["staging"]):
                for line in _invalidate(order, options):
                    self.stdout.write(line)
                    self.stdout.flush()
        except CloudFrontRefused as error:
            raise CommandError(str(error)) from error


def _invalidate(order: Order, options: dict[str, Any]) -> Iterator[str]:
    where = f"{' '.join(order.paths)} of {order.stage} ({order.distribution})"
    if options["dry_run"]:
        yield f"Would invalidate {where}"
        return
    distribution = Distribution(order.distribution)
    # A repeat within a minute is the same, where nobody named it.
    reference = options["reference"] or f"{wiring.now():%Y-%m-%dT%H:%MZ}"
    started = start(order, reference, distribution)
    again = "; already asked under this reference, nothing new begins"
    yield f"Invalidating {where}: {started.id}{again if started.repeated else ''}"
    for completed, seconds in watched(started, distribution) if options["wait"] else ():
        state = "completed" if completed else "in progress"
        yield f"{started.id}: {state} after {seconds:.0f} s"
