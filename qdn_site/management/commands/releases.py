"""`manage.py releases`: what runs where, since when, by whom."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from qdn_site.management.commands._release_command import failures, stage_of
from qdn_site.releases import receipts
from qdn_site.releases.plan import live_function, read
from qdn_site.releases.pointer import Move, Pointer
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.target import NotConfigured, StageName, Target

STAGES: tuple[StageName, ...] = ("staging", "production")


class Command(BaseCommand):
    help = "What runs where, since when, by whom."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--moves", type=int, default=5, help="how many of each stage to list")

    def handle(self, *args: Any, moves: int, **options: Any) -> None:
        with failures():
            for name in STAGES:
                self._stage(name, moves)

    def _stage(self, name: StageName, moves: int) -> None:
        try:
            target = stage_of(name)
        except NotConfigured as error:
            self.stdout.write(f"{name}: {error}")
            return
        pointer, _, unfinished = read(target)
        self.stdout.write(f"{name} · {target.store.url}")
        for surface in SURFACES:
            self.stdout.write(f"  {surface:10} {_since(pointer, surface)}")
        self.stdout.write(f"  {'function':10} {_function(target, pointer)}")
        for move in pointer.moves[:moves]:
            receipt = "never seen to arrive: run it again"
            if move not in unfinished:
                receipt = self._receipt(target, move)
            self.stdout.write(f"  {_told(move)} · {receipt}")

    def _receipt(self, target: Target, move: Move) -> str:
        receipt = receipts.find(target.store, move.revision)
        if receipt is None:
            return "overtaken by the next"
        ids = [f"invalidation {id} of {where}" for where, id in receipt.invalidations.items()]
        looked = not any(line.startswith("not looked") for line in receipt.checked)
        word = "checked" if looked else "done, not looked at"
        return ", ".join([f"{word} {receipt.checked_at:%H:%M} UTC", *ids])


def _function(target: Target, pointer: Pointer) -> str:
    said, edge = pointer.function[:12] or "not ours yet", live_function(target)[:12]
    if target.function is None or edge == pointer.function[:12]:
        return said
    return f"{said}, but {edge or 'none'} is live: run it again, or `promote`"


def _since(pointer: Pointer, surface: str) -> str:
    current = pointer.place(surface).current
    for move in pointer.moves:
        change = move.surfaces.get(surface)
        if change is not None and change.new == current:
            return f"{current[:12]:12} since {move.at:%Y-%m-%d %H:%M} UTC, {move.what} by {move.by}"
    return f"{current[:12]:12}"


def _told(move: Move) -> str:
    changes = [
        f"{name} {change.old[:12]} → {change.new[:12]}" for name, change in move.surfaces.items()
    ]
    what = ", ".join(changes) or "function only"
    return f"{move.revision:>4} {move.at:%Y-%m-%d %H:%M} UTC {move.what} by {move.by}: {what}"
