"""`manage.py stage [SURFACE…]`: these pages, and this edge function, on staging."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from dispatch import wiring
from qdn_site import PAGES_API
from qdn_site.edge.table import FUNCTION
from qdn_site.management.commands._differences import add_diff, differences
from qdn_site.management.commands._release_command import ReleaseCommand
from qdn_site.releases import publish, sample_job
from qdn_site.releases.pack import pack_function, pack_pages
from qdn_site.releases.preview import prove
from qdn_site.releases.surfaces import EDGE, PAGES, SURFACES
from qdn_site.releases.target import target


class Command(ReleaseCommand):
    help = "Pack pages, prove them and put them on staging; the edge function likewise."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_diff(parser)
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            default=settings.BASE_DIR,
            help="the folder with templates/ and static/",
        )

    def run(self, options: dict[str, Any]) -> None:
        staging = target("staging")
        packs = []
        for name in options["surface"] or SURFACES:
            if name == EDGE:
                packs.append(pack_function(FUNCTION.read_bytes()))
            else:
                packs.append(pack_pages(PAGES[name], options["source"], PAGES_API))
            self.say(f"packed {name}: release {packs[-1].id[:12]}, {packs[-1].size}")
        if pages := [pack for pack in packs if pack.manifest.surface != EDGE]:
            for line in prove(pages):
                self.say(f"proved: {line}")
        plan = publish.plan_stage(staging, packs, options["by"], wiring.now())
        self.carry_out(plan, options, differences(plan, in_full=True) if options["diff"] else ())
        if not staging.url:
            self.say("QDN_STAGING_URL is not set; on staging's site:")
        site = staging.url.rstrip("/")
        self.say(f"Look: {site}/book/ and {site}/dashboard/")
        self.say(f"Sample job: {site}/track/{sample_job.TOKEN}")
