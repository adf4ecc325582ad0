"""The roster: its members, their days off, and how their sessions end."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from hmac import compare_digest
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from dispatch.domain.job import CUSTOMER, ROLES, SYSTEM
from dispatch.domain.jobbook import token_hash
from dispatch.domain.permissions import Actor, Permission, Rank
from dispatch.domain.stored.ledger import Ledger, following
from dispatch.domain.stored.record import Record
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import folded

USERNAME_PATTERN = r"[a-z0-9][a-z0-9._-]{0,31}"
Username = Annotated[str, Meta(pattern=rf"^{USERNAME_PATTERN}$(?!\n)")]
RESERVED = (CUSTOMER, SYSTEM)
USERNAME_IS = _(
    "A name to sign in with is a small letter or a digit, then small letters, digits, dots,"
    " dashes or underscores; 32 characters at most."
)


def username_refusal(text: str) -> str:
    """Why nobody can sign in by that name, as a sentence; empty if somebody can."""
    if text in RESERVED:
        return _("“%(name)s” is a word of the jobs' history, not a name for a member.", name=text)
    if re.fullmatch(USERNAME_PATTERN, text):
        return ""
    tidied = re.sub(r"[^a-z0-9._-]+", ".", text.lower()).strip("._-")[:32]
    if not tidied or tidied in RESERVED:
        return USERNAME_IS
    return _("%(rule)s How about “%(name)s”?", rule=USERNAME_IS, name=tidied)


class MemberNotFound(Exception):
    """Nobody of that name is on the roster."""


class SignedOut(Record, frozen=True):
    """A session that was ended before its time; forgotten once it would have ended anyway."""

    session: str
    until: datetime


class Availability(Record, frozen=True):
    """A member's day that differs from the others; an unset field is as on any day.

    `windows` names those of the business that the member can work in: none means away all day.
    """

    windows: tuple[str, ...] | UnsetType = UNSET
    roles: tuple[str, ...] | UnsetType = UNSET

    def allows(self, role: str, window: str) -> bool:
        in_window = self.windows is UNSET or window in self.windows
        return in_window and (self.roles is UNSET or role in self.roles)


MOST_SIGNED_OUT = 50  # sessions of one member, each remembered until its cookie ends
AS_ALWAYS = Availability()


class Member(Record, frozen=True, kw_only=True):
    """One person. `password` is a hash in Django's format, empty while there is none.

    A day without an entry in `availability` is one on which the member is free all day.
    """

    username: Username
    name: str
    rank: Rank
    roles: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    language: str = ""  # of the business's; empty: as the browser asks
    password: str = ""
    active: bool = True
    epoch: int = 0
    signed_out: tuple[SignedOut, ...] = ()
    availability: Mapping[date, Availability] = {}
    calendar: str = ""  # the hash of the link's secret; empty: there is no link
    version: int = 1
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.username in RESERVED:
            raise ValueError(f"{self.username!r} is a word of the history, not a name for a member")
        if strange := set(self.roles) - set(ROLES):
            raise ValueError(f"{', '.join(sorted(strange))}: no such role")

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.username

    @property
    def actor(self) -> Actor:
        return Actor(self.username, self.rank)

    @property
    def keeps_roster(self) -> bool:
        return self.active and self.actor.may(Permission.KEEP_ROSTER)

    def may_be(self, role: str) -> bool:
        return self.active and role in self.roles

    def on(self, day: date) -> Availability:
        return self.availability.get(day, AS_ALWAYS)

    def with_day(self, day: date, availability: Availability) -> "Member":
        """With that day as told; a day that is as always needs no entry."""
        others = {each: known for each, known in self.availability.items() if each != day}
        entry = {} if availability == AS_ALWAYS else {day: availability}
        return replace(self, availability=dict(sorted((others | entry).items())))

    def with_password(self, password: str) -> "Member":
        """Sessions that were opened with the old password end."""
        return replace(self, password=password, epoch=self.epoch + 1)

    def with_calendar(self, secret: str) -> "Member":
        """Only this secret opens their calendar; an empty one: none does."""
        return replace(self, calendar=token_hash(secret).hex() if secret else "")

    def signed_out_everywhere(self) -> "Member":
        """Sessions, tokens and the calendar's link end."""
        return replace(self, epoch=self.epoch + 1, calendar="")

    def signed_out_of(self, session: str, until: datetime, at: datetime) -> "Member":
        """That session has ended. Where too many have, all do: the list must not grow for ever."""
        still = tuple(each for each in self.signed_out if each.until > at)
        if len(still) >= MOST_SIGNED_OUT:
            return replace(self, epoch=self.epoch + 1, signed_out=())
        return replace(self, signed_out=(*still, SignedOut(session=session, until=until)))

    def has_left(self, session: str) -> bool:
        return any(each.session == session for each in self.signed_out)


class Roster(Ledger[Member]):
    """Every member of one business's crew."""

    schema = 1
    collection = "members"
    record = Member
    named_by = "username"
    texts = frozenset({"username", "name", "phone", "email"})
    mended_by = "put back by `manage.py crew restore`"

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """In the order of a phone book: by name, whatever its capitals and accents."""
        return tuple(sorted(self.values, key=lambda each: (folded(each.name), each.username)))

    def member(self, username: str) -> Member:
        """Raises MemberNotFound."""
        member = self.value(username)
        if member is None:
            raise MemberNotFound(username)
        return member

    def by_calendar(self, secret: str) -> Member:
        """Raises MemberNotFound, also for one who has left."""
        hashed = token_hash(secret).hex()
        place = self._by_calendar.get(hashed)
        member = None if place is None else self.entries[place].value
        if not (member and member.active and compare_digest(member.calendar, hashed)):
            raise MemberNotFound("no such calendar")
        return member

    @cached_property
    def _by_calendar(self) -> dict[str, int]:
        return self.index_by(lambda member: member.calendar)

    @property
    def keepers(self) -> tuple[Member, ...]:
        """Those who can still change this roster."""
        return tuple(member for member in self.members if member.keeps_roster)

    def able(self, role: str) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.may_be(role))

    def name_of(self, username: str) -> str:
        """For showing: history may name people who have gone."""
        member = self.value(username)
        return member.name if member else username

    def changed(self, member: Member, at: datetime) -> "Roster":
        """With this next state of a member, or with this new member; itself if nothing is new."""
        known = self.value(member.username)
        if member == known:
            return self
        version = following(known.version) if known else 1
        return self.put(replace(member, version=version, updated_at=at))
