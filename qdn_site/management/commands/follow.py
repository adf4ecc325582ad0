"""`manage.py follow`: what gunicorn runs beside its workers; nobody else can."""

import logging
import os
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.domain.document import StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.releases import sample_job
from qdn_site.releases.disk import Disk
from qdn_site.releases.follow import EVERY, Follower
from qdn_site.releases.store import open_store

log = logging.getLogger(__name__)
SAMPLE_EVERY = 30  # looks


class Command(BaseCommand):
    help = "Follow this stage's releases beside gunicorn (which starts it by itself)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--master", type=int, help="gunicorn's process, which gets the HUPs")
        parser.add_argument("--ready-fd", type=int, help="told when the first look is over")

    def handle(self, *args: Any, master: int | None, ready_fd: int | None, **options: Any) -> None:
        if master is None:  # a HUP would end the shell that this was typed in
            raise CommandError("There is nothing to type: gunicorn starts it by itself.")
        if not settings.RELEASES_URL:
            raise CommandError("QDN_RELEASES_URL is not set: there is nothing to follow.")
        disk = Disk(settings.RELEASES_DIR)
        try:
            disk.prepare()
        except OSError as error:
            raise CommandError(f"QDN_RELEASES_DIR cannot be used: {error}") from error
        store = open_store(settings.RELEASES_URL, settings.BASE_DIR)
        follow(Follower(store, disk, PAGES_API), master, ready_fd)


def follow(follower: Follower, master: int, ready_fd: int | None) -> None:
    """Until told to stop, or until gunicorn's master has gone."""
    over, looks = threading.Event(), 0
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: over.set())
    while not over.is_set() and os.getppid() == master:
        changed = look(follower)
        if not looks:
            # A successor does not know whether the one before was killed with its HUP unsent.
            changed = ready_fd is None or (not told(ready_fd) and changed)
        if changed:
            os.kill(master, signal.SIGHUP)
        if settings.STAGE == "staging" and looks % SAMPLE_EVERY == 0:
            keep_sample_jobs()
        looks += 1
        over.wait(EVERY)


def look(follower: Follower) -> bool:
    """Whatever goes wrong, the last good release stays and the next look comes."""
    try:
        return follower.look()
    except Exception:
        log.exception("The releases could not be followed; what is shown stays.")
        return False


def told(ready_fd: int) -> bool:
    """Whether gunicorn still waits with its first workers: then they start with what is there."""
    try:
        os.write(ready_fd, b".")
    except BrokenPipeError:
        return False
    finally:
        os.close(ready_fd)
    return True


def keep_sample_jobs() -> None:
    try:
        for business in settings.BUSINESSES:
            sample_job.keep(business)
    except StoreUnavailable as error:
        log.warning("The sample job could not be looked after: %s", error)
