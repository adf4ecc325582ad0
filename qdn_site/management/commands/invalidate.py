"""`manage.py invalidate PATH…|SURFACE…`: CloudFront forgets these, and only these."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch import wiring
from dispatch.management.commands._command import add_dry_run
from qdn_site.edge.cloudfront import CloudFrontRefused, Invalidation
from qdn_site.edge.invalidation import NoDistribution, Order, minute, orders, start, watched
from qdn_site.edge.paths import OF_SURFACE, BadPaths, chosen


class Command(BaseCommand):
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
            work = orders(paths, settings.DISTRIBUTIONS, staging=options["staging"])
            if options["dry_run"]:
                return self._say_what(work)
            started = [self._start(order, options["reference"]) for order in work]
            for each in started if options["wait"] else ():
                self._wait(each)
        except BadPaths as error:
            raise CommandError("\n".join(error.lines)) from error
        except (CloudFrontRefused, NoDistribution) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted; what was started goes on by itself.") from None

    def _say_what(self, work: tuple[Order, ...]) -> None:
        for order in work:
            self._say(f"Would invalidate {' '.join(order.paths)} of {_name(order)}")

    def _start(self, order: Order, reference: str) -> Invalidation:
        started = start(order, reference or minute(wiring.now()))
        again = "; already asked under this reference, nothing new begins"
        self._say(
            f"Invalidating {' '.join(order.paths)} of {_name(order)}: {started.id}"
            f"{again if started.repeated else ''}"
        )
        return started

    def _wait(self, started: Invalidation) -> None:
        for completed, seconds in watched(started, clock=time.monotonic, sleep=time.sleep):
            state = "completed" if completed else "in progress"
            self._say(f"{started.id}: {state} after {seconds:.0f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _name(order: Order) -> str:
    return f"{order.stage} ({order.distribution})"
