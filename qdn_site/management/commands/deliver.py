"""`manage.py deliver`: what waits to be told goes out; a server does so by itself."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.management.commands._command import BusinessCommand, add_dry_run
from tracking.messages.outgoing import sender

PATIENCE = 45.0  # seconds for which another process may be at it, or be dead


class Command(BusinessCommand):
    help = "Send the messages that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_dry_run(parser)

    def run(self, business: Business, options: dict[str, Any]) -> None:
        if not wiring.carriers(business):
            raise CommandError("There is no way to tell anybody anything: see QDN_EMAIL_URL.")
        mine = sender(business)
        if options["dry_run"]:
            for job, message in mine.due():
                self.stdout.write(
                    f"Would send {message.event} by {message.channel} of job {job.id}"
                )
            return
        sent, until = 0, time.monotonic() + PATIENCE
        with mine.held():
            while mine.has_work():
                if now := mine.run():
                    sent += now
                    self.stdout.write(f"{sent} sent")
                elif not mine.holds_lease:
                    if time.monotonic() > until:
                        raise CommandError("Another process sends, or has just died: try again.")
                    time.sleep(1)
            if not mine.has_noted_all:
                raise CommandError("What was sent is not noted: it goes out again, with its id.")
        self.stdout.write("Nothing else is due")
