"""`manage.py releases`: every stage's releases and last moves."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from dispatch.management.commands._command import SiteCommand
from qdn_site.management.commands._release_command import failures
from qdn_site.releases import pointer as pointers
from qdn_site.releases.pointer import NONE, Move, Pointer
from qdn_site.releases.surfaces import EDGE, SURFACES
from qdn_site.releases.target import StageName, target

STAGES: tuple[StageName, ...] = ("staging", "production")


class Command(SiteCommand):
    help = "What runs where, since when, by whom."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--moves", type=int, default=5, help="how many of each stage to list")

    def handle(self, *args: Any, moves: int, **options: Any) -> None:
        failed = []
        for name in STAGES:  # each for itself
            try:
                with failures():
                    self._tell(name, moves)
            except CommandError as error:
                failed.append(str(error))
        if failed:
            raise CommandError("; ".join(failed))

    def _tell(self, name: StageName, moves: int) -> None:
        stage = target(name)
        pointer, _ = pointers.for_moving(stage.store)
        self.stdout.write(f"{name} · {stage.store.url}")
        for surface in SURFACES:
            self.stdout.write(f"  {surface:10} {_since(pointer, surface)}")
        for move in pointer.moves[:moves]:
            told = f"{move.revision:>4} {move.at:%Y-%m-%d %H:%M} UTC {move.action} by {move.by}"
            self.stdout.write(f"  {told}: {move} · {_arrival(move, pointer)}")
        live = stage.live_function()
        recorded, edge = pointer.place(EDGE).current, live.id if live else NONE
        if stage.function and edge != recorded:
            self.stdout.write(
                f"  At the edge {edge[:12]} is live, and not {recorded[:12]}: `promote edge`"
                " or `stage edge` mends it."
            )


def _since(pointer: Pointer, surface: str) -> str:
    current = pointer.place(surface).current
    for move in pointer.moves:
        if surface in move.surfaces and move.surfaces[surface].new == current:
            since = f"{move.at:%Y-%m-%d %H:%M} UTC, {move.action} by {move.by}"
            return f"{current[:12]:12} since {since}"
    return current[:12]


def _arrival(move: Move, pointer: Pointer) -> str:
    if move.arrived is None:
        interrupted = move in pointer.interrupted
        return "never seen to arrive: run it again" if interrupted else "overtaken by the next"
    invalidations = move.arrived.invalidations.items()
    word = "checked" if move.arrived.looked else "done, not looked at"
    ids = [f"invalidation {id} of {distribution}" for distribution, id in invalidations]
    return ", ".join([f"{word} {move.arrived.at:%H:%M} UTC", *ids])
