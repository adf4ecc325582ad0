"""Days off, as `manage.py crew away` and `crew list --from` read and tell them."""

from argparse import ArgumentTypeError
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial, reduce
from typing import Any, Self

from django.core.management.base import CommandError
from msgspec import UNSET

from dispatch import wiring
from dispatch.domain.availability import away, back, clashes, when
from dispatch.domain.business import Business
from dispatch.domain.crew import Availability, Member
from dispatch.domain.job import ROLES

MOST_DAYS = 366


@dataclass(frozen=True)
class DaysOff:
    """What `crew away` was told."""

    business: Business
    days: tuple[date, ...]
    windows: tuple[str, ...]
    but_as: tuple[str, ...]
    back: bool

    @classmethod
    def of(cls, business: Business, options: dict[str, Any]) -> Self:
        start, end = options["start"], options["end"] or options["start"]
        windows = _named(options["windows"], "window", [each.name for each in business.windows])
        roles = _named(options["roles"], "role", ROLES)
        if roles and (windows or options["back"]):
            raise CommandError("Roles are left for a whole day: no --windows or --back with them.")
        if start < business.today(wiring.now()):
            raise CommandError(f"{start} is over.")
        return cls(business, days_from(start, end), windows, roles, options["back"])

    def apply(self, member: Member) -> Member:
        fn = back if self.back else partial(away, but_as=self.but_as)
        return reduce(
            lambda member, day: fn(member, self.business, day, self.windows), self.days, member
        )

    def told(self, member: Member) -> str:
        first, last = self.days[0], self.days[-1]
        span = f"on {first}" if first == last else f"from {first} to {last}"
        part = f", {' and '.join(self.windows)}" if self.windows else ""
        part += f", but still there as {' or '.join(self.but_as)}" if self.but_as else ""
        return f"{member.username} is {'free again' if self.back else 'away'} {span}{part}"

    def jobs_in_the_way(self, member: Member) -> Iterator[str]:
        """Jobs that the member is still on and cannot do then."""
        roster = wiring.roster(self.business).read()
        told = roster.changed(self.apply(roster.member(member.username)), wiring.now())
        for job in wiring.jobs(self.business).read().jobs:
            if job.window is None or job.window.date not in self.days:
                continue
            for clash in clashes(job, told, self.business):
                if clash.username == member.username:
                    role, then = clash.role.replace("_", " "), when(self.business, job.window)
                    yield f"Still {role} of job {job.id}, {job.customer_name}, {then}"


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date such as 2026-05-23") from error


def _named(text: str, kind: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names with commas between them. Raises CommandError for one that is not known."""
    names = tuple(filter(None, text.replace(" ", "").split(",")))
    if strange := [name for name in names if name not in known]:
        raise CommandError(f"{strange[0]!r} is no {kind}: there are {', '.join(known)}.")
    return names


def days_from(start: date, end: date) -> tuple[date, ...]:
    """Both included. Raises CommandError for none, or for more than a year."""
    if end < start:
        raise CommandError(f"{end} is before {start}.")
    if (end - start).days >= MOST_DAYS:
        raise CommandError("That is more than a year: say it in parts.")
    return tuple(start + timedelta(days=ahead) for ahead in range((end - start).days + 1))


def days_by_member(
    business: Business, start: date | None, end: date | None
) -> dict[str, list[str]]:
    """Lines on the days off between these, by username; none where neither was asked for."""
    if start is None and end is None:
        return {}
    start = start or business.today(wiring.now())
    days = days_from(start, end or start)
    lines = defaultdict(list)
    for username, day, entry in sorted(
        wiring.days_off(business, days[0], days[-1]), key=lambda each: each[1]
    ):
        lines[username].append(f"    {day}  {_in_words(entry)}")
    return lines


def _in_words(entry: Availability) -> str:
    if entry.windows == ():
        return "away"
    parts = [] if entry.windows is UNSET else [f"free: {', '.join(entry.windows)}"]
    parts += [] if entry.roles is UNSET else [f"as {', '.join(entry.roles) or 'nothing'}"]
    return "; ".join(parts) or "as always"
