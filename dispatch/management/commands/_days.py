"""Days off, as `manage.py crew away` and `crew list --from` read and tell them."""

from argparse import ArgumentTypeError
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandError
from msgspec import UNSET

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.availability import clashes
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.roster import Availability, Member
from dispatch.explain.words import when
from dispatch.roster import FARTHEST, MOST_DAYS, Days


def days_of(business: Business, options: dict[str, Any]) -> Days:
    """The arguments of `crew away` as days. Raises CommandError."""
    windows = _named(options["windows"], "window", [each.name for each in business.windows])
    roles = _named(options["roles"], "role", ROLES)
    if roles and (windows or options["back"]):
        raise CommandError("Roles are left for a whole day: no --windows or --back with them.")
    days = _days_from(options["start"], options["end"], windows, roles)
    today = business.today(wiring.now())
    if days.start < today:
        raise CommandError(f"{days.start} is over.")
    if days.end > today + FARTHEST:
        raise CommandError(f"{days.end} is more than two years off.")
    return days


def in_words(days: Days) -> str:
    """`on 2026-05-23, morning`: with the names that the command takes."""
    first, last = days.start, days.end
    span = f"on {first}" if first == last else f"from {first} to {last}"
    part = f", {' and '.join(days.windows)}" if days.windows else ""
    return span + part + (f", but still there as {' or '.join(days.but_as)}" if days.but_as else "")


def jobs_in_the_way(business: Business, member: Member, days: Days) -> Iterator[str]:
    """Jobs of these days that the member is on and, so changed, cannot do."""
    roster = wiring.roster(business).read().put(member)
    for job in wiring.jobs(business).read().jobs:
        if job.window is None or job.window.date not in days:
            continue
        for clash in clashes(job, roster):
            if clash.username == member.username:
                role, then = clash.role.replace("_", " "), when(job.window, business)
                yield f"Still {role} of job {job.id}, {job.customer_name}, {then}"


def day_of(text: str) -> date:
    try:
        return job_input.date_of(text, "date")
    except InvalidInput as error:
        raise ArgumentTypeError(f"{text!r}: {error.errors['date']}") from error


def _named(text: str, kind: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names with commas between them. Raises CommandError for one that is not known."""
    names = tuple(filter(None, text.replace(" ", "").split(",")))
    if strange := [name for name in names if name not in known]:
        raise CommandError(f"{strange[0]!r} is no {kind}: there are {', '.join(known)}.")
    return names


def _days_from(
    start: date, end: date | None, windows: tuple[str, ...] = (), but_as: tuple[str, ...] = ()
) -> Days:
    """Raises CommandError for none, or for more than a year."""
    end = end or start
    if end < start:
        raise CommandError(f"{end} is before {start}.")
    if (end - start).days >= MOST_DAYS:
        raise CommandError("That is more than a year: say it in parts.")
    return Days(start, end, windows, but_as)


def days_by_member(
    business: Business, start: date | None, end: date | None
) -> dict[str, list[str]]:
    """Lines on the days off between these, by username; none where neither was asked for."""
    if start is None and end is None:
        return {}
    start = start or business.today(wiring.now())
    days = _days_from(start, end or start + timedelta(days=MOST_DAYS - 1))
    lines = defaultdict(list)
    found = wiring.availability_between(business, days.start, days.end)
    for username, day, entry in sorted(found, key=lambda each: each[1]):
        lines[username].append(f"    {day}  {_entry_in_words(entry)}")
    return lines


def _entry_in_words(entry: Availability) -> str:
    """With the names that the command takes, too."""
    if entry.windows == ():
        return "away"
    parts = [] if entry.windows is UNSET else [f"free: {', '.join(entry.windows)}"]
    parts += [] if entry.roles is UNSET else [f"as {', '.join(entry.roles) or 'nothing'}"]
    return "; ".join(parts) or "as always"
