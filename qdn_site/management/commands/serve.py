"""`make run`: the whole system on a laptop, on a believable day."""

import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from dispatch import sample, wiring
from dispatch.domain.business import Business
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.management.commands._command import SiteCommand
from qdn_site.environment import hosts_of


class Command(SiteCommand):
    help = "Serve on 127.0.0.1 with sample jobs and members, where there are none yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if settings.STAGE != "development":
            raise CommandError("Sample people and passwords are for development only.")
        var = settings.BASE_DIR / "var"
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except (OSError, OverflowError) as error:
            raise CommandError(f"127.0.0.1:{port} cannot be served: {error}") from error
        for place, business in enumerate(settings.BUSINESSES):
            password, added = prepare(business, var)
            host = hosts_of(business, settings.STAGE)[0] if place else "127.0.0.1"
            here, token = f"http://{host}:{port}", sample.a_token(business)
            followed = f"  A customer's job {here}/track/{token}\n" if token else ""
            self.stdout.write(
                f"\n{business.name} is at home:\n"
                f"  Customers book   {here}/book/\n"
                f"  The crew's board {here}/dashboard/\n"
                f"{followed}"
                f"  The API's docs   {here}/api/docs\n\n"
                f"  {f'{added} sample jobs were added' if added else 'Your jobs'} in"
                f" {wiring.where_jobs_are(business)}.\n"
            )
        self.stdout.write(
            f"  Sign in as {', '.join(sample.MEMBERS)} with the password {password}\n"
            f"  Ctrl-C stops; the data stays.\n\n"
        )
        self.stdout.flush()
        os.environ["QDN_BIND"] = f"127.0.0.1:{port}"
        log = str(var / "access.log")
        server = ["-m", "gunicorn", "-c", "python:qdn_site.gunicorn", "qdn_site.wsgi"]
        quiet = ["--access-logfile", log, "--log-level", "warning"]
        # gunicorn takes this process's place, and its signals.
        os.execv(sys.executable, [sys.executable, *server, *quiet])  # noqa: S606


def prepare(business: Business, var: Path) -> tuple[str, int]:
    """The password of the sample members, and how many sample jobs were added."""
    try:
        var.mkdir(exist_ok=True)
        password = demo_password(var / "demo-password")
        sample.add_members(business, password)
        added = sample.add_jobs(business)
        call_command("collectstatic", interactive=False, verbosity=0)
    except StoreUnavailable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
    return password, added


def demo_password(kept: Path) -> str:
    """`QDN_DEMO_PASSWORD`, else a random one that stays the same from run to run."""
    if given := os.environ.get("QDN_DEMO_PASSWORD"):
        return given
    if not kept.exists() or not kept.read_text():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    return kept.read_text()
