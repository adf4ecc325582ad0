"""Changes of the roster: each function is one, for pages, commands and API alike.

All raise StoreUnavailable; those that take a username raise MemberNotFound.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.availability import SICK, away, back, jobs_of, taken_off
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES, Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Actor
from dispatch.domain.roster import Member, Roster

PROFILE = ("name", "rank", "roles", "phone", "email", "language")
MOST_DAYS = 366  # that are taken off, or given back, at once
FARTHEST = timedelta(days=731)  # beyond, a day off is likelier a slip than a plan
CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that looks like another or like a digit


class MemberConflict(Exception):
    """Somebody else changed the same fields meanwhile; `member` is as they are now."""

    def __init__(self, member: Member, fields: tuple[str, ...]) -> None:
        super().__init__(f"{member.username} has changed: {', '.join(fields)}")
        self.member, self.fields = member, fields


class NameTaken(Exception):
    """Somebody on the roster signs in by that name already, maybe one who has left."""


class LastDispatcher(Exception):
    """Without this one nobody could keep the roster any more."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row, both ends included, and windows of them; without any, all day.

    `but_as` are the roles that are left, where not all go.
    """

    start: date
    end: date
    windows: tuple[str, ...] = ()
    but_as: tuple[str, ...] = ()

    def __iter__(self) -> Any:
        return (
            self.start + timedelta(days=ahead) for ahead in range((self.end - self.start).days + 1)
        )

    def off(self, member: Member, business: Business) -> Member:
        for day in self:
            member = away(member, business, day, self.windows, but_as=self.but_as)
        return member

    def on(self, member: Member, business: Business) -> Member:
        for day in self:
            member = back(member, business, day, self.windows)
        return member


def profile(member: Member) -> dict[str, Any]:
    """The fields that a dispatcher edits, as they are; roles in the order that all have."""
    known = {name: getattr(member, name) for name in PROFILE}
    return known | {"roles": tuple(role for role in ROLES if role in member.roles)}


@dataclass(frozen=True, slots=True)
class TakenOff:
    """The jobs that need somebody again, as they are now, and the revision that shows them so."""

    jobs: tuple[Job, ...]
    revision: int


def change_member(business: Business, username: str, fn: Callable[[Member], Member]) -> Member:
    """Raises LastDispatcher."""
    at = wiring.now()

    def apply(roster: Roster) -> Roster:
        before = roster.member(username)
        after = fn(before)
        if roster.keepers == (before,) and not after.keeps_roster:
            raise LastDispatcher(username)
        return roster.changed(after, at)

    return wiring.roster(business).change(apply).member(username)


def edit_member(
    business: Business,
    username: str,
    fields: Mapping[str, Any],
    *,
    seen: Mapping[str, Any],
    password: str = "",
) -> Member:
    """Change those of `fields` that this person changed, who saw them as `seen`; and set a new
    `password`, hashed, where one is given.

    Raises MemberConflict where somebody else changed one of them too, LastDispatcher.
    """

    def apply(member: Member) -> Member:
        now = profile(member)
        mine = {name for name in fields if fields[name] not in (seen[name], now[name])}
        if both := tuple(name for name in PROFILE if name in mine and now[name] != seen[name]):
            raise MemberConflict(member, both)
        edited = replace(member, **{name: fields[name] for name in mine})
        return edited.with_password(password) if password else edited

    return change_member(business, username, apply)


def add_member(business: Business, fields: Mapping[str, Any]) -> tuple[Member, str]:
    """A new member, and the password that they start with. Raises NameTaken."""
    at, password = wiring.now(), random_password()
    member = Member(**fields, password=make_password(password), created_at=at, updated_at=at)
    return add(business, member), password


def add(business: Business, member: Member) -> Member:
    """Raises NameTaken."""

    def apply(roster: Roster) -> Roster:
        if roster.value(member.username):
            raise NameTaken(member.username)
        return roster.changed(member, member.created_at)

    return wiring.roster(business).change(apply).member(member.username)


def deactivate(business: Business, username: str) -> Member:
    """They cannot sign in or be assigned; history keeps them. Raises LastDispatcher."""
    return change_member(
        *(business, username),
        lambda member: replace(member.signed_out_everywhere(), active=False),
    )


def reactivate(business: Business, username: str) -> Member:
    """Sessions of before stay ended."""
    return change_member(business, username, lambda member: replace(member, active=True))


def set_away(business: Business, username: str, days: Days) -> Member:
    return change_member(business, username, lambda member: days.off(member, business))


def set_back(business: Business, username: str, days: Days) -> Member:
    return change_member(business, username, lambda member: days.on(member, business))


def sign_out_everywhere(business: Business, username: str) -> Member:
    """Every session, every token and the calendar's link of theirs end, on every worker within two
    seconds while the roster can be read, and within a quarter of an hour where it cannot.
    """
    return change_member(business, username, Member.signed_out_everywhere)


def renew_calendar(business: Business, username: str) -> str:
    """The secret of their calendar's link, from now on the only one. Nobody can read it again:
    only its hash is kept.
    """
    secret = wiring.new_token()
    change_member(business, username, lambda member: member.with_calendar(secret))
    return secret


def end_calendar(business: Business, username: str) -> Member:
    return change_member(business, username, lambda member: member.with_calendar(""))


def new_password(business: Business, username: str) -> str:
    """Ends their sessions. Nobody can read it again: only its hash is kept."""
    password = random_password()
    hashed = make_password(password)
    change_member(business, username, lambda member: member.with_password(hashed))
    return password


def sick(business: Business, username: str, day: date, *, by: Actor) -> TakenOff:
    """Away on that day; their open jobs of it come back in one change.

    The roster's day off comes first, and an assignment looks at the roster after it has read the
    jobs. But these are two documents: who looked just before the day off, and writes after a
    change here that found no job to take off, still assigns them. The card of such a job shows
    the clash.
    """
    set_away(business, username, Days(day, day))
    at, ids = wiring.now(), list[str]()

    def apply(book: JobBook) -> JobBook:
        ids[:] = [job.id for job in jobs_of(book, username, day)]
        return taken_off(book, username, day, by=by.name, at=at)

    book = wiring.jobs(business).change(apply)
    return TakenOff(tuple(map(book.job, ids)), book.revision)


def came_back(book: JobBook, business: Business, username: str, day: date) -> tuple[Job, ...]:
    """The open jobs that came back on that day because this member was sick."""

    def is_it(event: Event) -> bool:
        before = [old for old, _ in (event.changes or {}).values()]
        return event.reason == SICK and username in before and business.today(event.at) == day

    return tuple(job for job in book.jobs if job.status.is_open and any(map(is_it, job.history)))


def random_password() -> str:
    """`kdfp-7mwq-x3ht-8rnc`: easy to read out on the phone; 79 bits."""
    return "-".join("".join(secrets.choice(CLEAR) for _ in range(4)) for _ in range(4))
