"""`manage.py stage [SURFACE…]`: these pages, and this edge function, on staging."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from dispatch import wiring
from qdn_site import PAGES_API
from qdn_site.edge.table import FUNCTION
from qdn_site.management.commands._release_command import ReleaseCommand, stage_of
from qdn_site.releases import plan, sample_job
from qdn_site.releases.pack import Pack, pack
from qdn_site.releases.proof import prove
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.verify import verify


class Command(ReleaseCommand):
    help = "Pack pages, prove them and put them on staging, with the edge function."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            default=settings.BASE_DIR,
            help="the folder with templates/ and static/",
        )

    def run(self, options: dict[str, Any]) -> None:
        staging = stage_of("staging")
        packs = [self._packed(name, options["source"]) for name in options["surface"] or SURFACES]
        for line in prove(packs):
            self.say(f"proved: {line}")
        code = FUNCTION.read_bytes() if staging.function else None
        planned = plan.stage(staging, packs, code, options["by"], wiring.now())
        self.tell_unfinished(planned)
        for name, change in planned.changes.items():
            verb = "Would show" if options["dry_run"] else "staging goes"
            self.say(f"{verb} {name}: {change.old[:12]} → {change.new[:12]}")
        self.tell_function(planned, "Would publish " if options["dry_run"] else "")
        self.tell_paths(planned)
        if not planned.moves and not planned.unfinished:
            self.say("Staging shows just that already; nothing to do.")
        elif not options["dry_run"]:
            self.carry_out(planned, options)
        self._tell_where(staging.url)

    def _packed(self, name: str, source: Path) -> Pack:
        """Read back as a container will read it, so that what it would refuse is refused here."""
        made = pack(SURFACES[name], source, PAGES_API)
        verify(made.body, made.id)
        files = len(made.files)
        self.say(f"packed {name}: release {made.id[:12]}, {files} files, {len(made.body):,} bytes")
        return made

    def _tell_where(self, url: str) -> None:
        if not url:
            self.say("QDN_STAGING_URL is not set; on staging's site:")
        site = url.rstrip("/")
        self.say(f"Look: {site}/book/ and {site}/dashboard/")
        self.say(f"Sample job: {site}/track/{sample_job.TOKEN}")
