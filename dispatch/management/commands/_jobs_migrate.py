"""`manage.py jobs migrate`: all jobs to another place, or back."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.management.base import CommandError

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.stored.document import wrong_with

Say = Callable[[str], object]


def moved(business: Business, to: str, progress: Say, *, dry: bool) -> Iterator[str]:
    """A line for each thing done, or that would be. Raises MigrationRefused, StoreUnavailable."""
    several = len(settings.BUSINESSES) > 1
    if said := wrong_with(to, settings.JOBS_SCHEMES, several=several):
        raise CommandError(f"--to {said[0]}")
    move = wiring.move(business, to)
    if dry:
        if not (plan := move.plan()):
            yield f"All jobs are in {move.new.url} already"
            return
        for each in plan:
            yield f"Would copy {each.records} records, {each.size:,} bytes: {each.name}"
        records, size = sum(each.records for each in plan), sum(each.size for each in plan)
        yield (
            f"Would copy {records} records, {size:,} bytes, from {move.old.url} to {move.new.url},"
            f" with {len(plan) - 1} months of the archive"
        )
        return
    for line in move.forward():
        progress(line)
    yield f"All jobs are in {move.new.url}. {move.old.url} goes on refusing changes."
    all_of_them = ", once those of every business are there," if several else ""
    yield f"Set QDN_JOBS_URL={to}{all_of_them} and start the servers anew."


def taken_back(business: Business, _: str, progress: Say, *, dry: bool) -> Iterator[str]:
    """Raises MigrationRefused, StoreUnavailable."""
    move = wiring.move(business, "")
    if dry:
        move.check_back()
        yield f"Would take changes in {move.old.url} again, and none in {move.new.url}"
        return
    move.back()
    yield f"{move.old.url} takes changes again. What was copied to {move.new.url} counts no more."
