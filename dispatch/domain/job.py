"""A job, one pickup from booking to completion, and what may happen to it.

Every verb takes the moment and the name of who acts, and returns the next job.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, field
from msgspec.structs import replace

from dispatch.domain.outbox.message import Message
from dispatch.domain.status import Status
from dispatch.domain.stored.record import LONG_AGO as LONG_AGO
from dispatch.domain.stored.record import Record
from dispatch.domain.visit.money import Paid, Payment, PriceLine, Quote, cents, sum_of
from dispatch.domain.visit.photo import Photo

CUSTOMER = "customer"
SYSTEM = "system"
REMOVED = "(removed)"  # stands for name and address of a person who has left the job
REDACTED = "redacted"  # the event of their leaving
ROLES = ("driver", "first_mate", "supervisor")
EDITABLE = (
    *("customer_name", "phone", "email", "location", "postcode", "description", "items"),
    *("load", "access_notes", "truck", "price", "price_lines", "window", "language"),
)
KEYS_KEPT = timedelta(days=3)  # at least, of actions that are to be done once

JobId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^/]+$")]
Token = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{16,64})?$(?!\n)")]
Required = Annotated[str, Meta(min_length=1)]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]


class Window(Record, frozen=True):
    """The promised local date and time span."""

    date: date
    name: str
    start: ClockTime
    end: ClockTime

    def is_as(self, other: "Window") -> bool:
        """True of the same one, whatever hours were agreed."""
        return (self.date, self.name) == (other.date, other.name)


class Item(Record, frozen=True):
    """So many of one of the business's items."""

    name: Required
    count: Annotated[int, Meta(ge=1)]


class OnMyWay(Record, frozen=True):
    at: datetime
    by: str


class Eta(Record, frozen=True):
    """The crew's estimate of their arrival, `at`, and when and by whom it was made."""

    at: datetime
    said_at: datetime
    by: str


Said = TypeVar("Said", OnMyWay, Eta)


class Crew(Record, frozen=True):
    """Usernames by role."""

    driver: str | None = None
    first_mate: str | None = None
    supervisor: str | None = None

    def __iter__(self) -> Any:
        return (name for name in (getattr(self, role) for role in ROLES) if name)


class Note(Record, frozen=True):
    """The crew's own words; never shown to a customer."""

    at: datetime
    by: str
    text: str


class MessageIn(Record, frozen=True):
    """What the customer wrote; `answer` is nothing until it is answered. A gate code is not shown
    again to who has the link.
    """

    id: str = ""
    at: datetime | None = None
    text: str | None = None
    gate_code: bool | UnsetType = UNSET
    answer: Any = None
    answered_at: datetime | UnsetType = UNSET
    answered_by: str | UnsetType = UNSET


class Consent(Record, frozen=True):
    """The customer's yes to be written to on a channel: when, whose word it is that they said it,
    and how they were asked.
    """

    at: datetime
    by: str
    words: str


class Event(Record, frozen=True):
    """A move (from, to, reason), or another event, named by `what`."""

    at: datetime  # when it reached us
    by: str
    tapped_at: datetime | UnsetType = UNSET  # when it was done, where that was earlier
    from_: Status | UnsetType | None = field(default=UNSET, name="from")
    to: Status | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET
    what: str | UnsetType = UNSET
    count: int | UnsetType = UNSET  # of the moves that this line stands for
    version: int | UnsetType = UNSET
    changes: Mapping[str, tuple[Any, Any]] | UnsetType = UNSET
    silent: bool | UnsetType = UNSET  # who did it wanted the customer not to be told

    @property
    def moment(self) -> datetime:
        """When it happened: what is tapped without reception reaches us later."""
        return self.at if self.tapped_at is UNSET else self.tapped_at

    @property
    def came_late(self) -> bool:
        """True of what reached us a minute after it was done, or later."""
        return self.at - self.moment >= timedelta(minutes=1)

    @property
    def is_move(self) -> bool:
        return self.what is UNSET and isinstance(self.to, Status)


class Request(Record, frozen=True):
    """The request that made the job, so that its repetition makes no second one."""

    key: str
    digest: str
    source: str = ""


class JobLine(Record, frozen=True, kw_only=True):
    """As much of a job as it is found by: of thousands that are finished the rest is not read."""

    id: JobId
    version: int = 1
    tracking_token: Token = ""
    customer_name: Required
    location: Required
    phone: str = ""
    email: str = ""
    status: Status
    window: Window | None = None
    crew: Crew = Crew()
    truck: str = ""
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None  # the time of the move that completed or cancelled it


class Job(JobLine, frozen=True, kw_only=True):
    """One job, as jobs.json has it. `version` grows with every change, in `JobBook.changed`."""

    price: Decimal | UnsetType = UNSET  # until one is agreed; 0 is free of charge
    price_lines: tuple[PriceLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    paid: Paid | None = None  # the sum of `payments` and the latest of them
    on_my_way: OnMyWay | None = None
    eta: Eta | None = None
    load: str = ""
    postcode: str = ""
    description: str = ""
    items: tuple[Item, ...] = ()
    access_notes: str = ""
    stop: int | None = None  # the place in its driver's day: 1, 2, …
    photos: tuple[Photo, ...] = ()
    notes: tuple[Note, ...] = ()
    history: tuple[Event, ...] = ()
    request: Request | UnsetType = UNSET
    doubtful: bool | UnsetType = UNSET  # it came as robots send them; people's browsers may too
    keys: Mapping[str, datetime] | UnsetType = UNSET  # of what was done here, and when
    messages_in: tuple[MessageIn, ...] | UnsetType = UNSET
    messages: tuple[Message, ...] | UnsetType = UNSET
    messages_gone: int | UnsetType = UNSET  # of those that are over, how many are only counted
    quote: Quote | UnsetType | None = UNSET
    language: str = ""  # of the business's `languages`, in which they read; empty: nobody said
    consent: Mapping[str, Consent] | UnsetType = UNSET  # by channel

    def __post_init__(self) -> None:
        super().__post_init__()
        msgspec.structs.force_setattr(self, "finished_at", self._finished_at())
        lines = sum((line.amount for line in self.price_lines), Decimal(0))
        price = lines if self.price_lines else self.price
        msgspec.structs.force_setattr(self, "price", UNSET if price is UNSET else cents(price))
        if self.payments:
            msgspec.structs.force_setattr(self, "paid", sum_of(self.payments))

    @property
    def open_amount(self) -> Decimal:
        """The part of the price that is not paid yet; none of a job without one."""
        price = Decimal(0) if self.price is UNSET else self.price
        return max(Decimal(0), price - (self.paid.amount if self.paid else Decimal(0)))

    @property
    def is_redacted(self) -> bool:
        """True once its person was taken out, which nothing undoes."""
        return any(event.what == REDACTED for event in self.history)

    @property
    def moves(self) -> tuple[Event, ...]:
        return tuple(event for event in self.history if event.is_move)

    @property
    def last_move(self) -> Event | None:
        return next((event for event in reversed(self.history) if event.is_move), None)

    def _finished_at(self) -> datetime | None:
        """None while it is open, whatever is stored; old files do not say it of a finished one."""
        if self.status.is_open:
            return None
        return self.finished_at or (self.last_move.moment if self.last_move else self.updated_at)

    @property
    def sender(self) -> str:
        """The same for all requests of one sender; empty where that is not known."""
        return self.request.source if self.request else ""

    @property
    def is_the_customers(self) -> bool:
        """Nobody else's yet, whatever they did with it: pressing buttons must not hide junk."""
        return not self.notes and {event.by for event in self.history} == {CUSTOMER}

    @property
    def is_doubtful(self) -> bool:
        """Until somebody of the crew has done anything with it: they have looked."""
        return bool(self.doubtful) and self.is_the_customers

    @property
    def still_coming(self) -> bool:
        """True while the crew are yet to come: only then a way and an estimate mean anything."""
        return self.status in (Status.BOOKED, Status.READY_FOR_PICKUP)

    def reached(self, status: Status) -> datetime | None:
        """The last time at which it came to that status, on the way to where it is now."""
        moves = self.moves
        first = moves[0].from_ if moves else self.status
        came = [move.moment for move in moves if move.to is status]
        return came[-1] if came else (self.created_at if first is status else None)

    def happened(self, event: Event, **changes: Any) -> Self:
        """With the event in its history."""
        return replace(self, history=(*self.history, event), updated_at=event.at, **changes)

    def last_happened(self, **fields: Any) -> Self:
        """With these fields of the last event of its history."""
        *before, last = self.history
        return replace(self, history=(*before, replace(last, **fields)))

    def arrived(self, before: Self, at: datetime) -> Self:
        """What has been done to it since `before` reached us at `at`, later than it was done."""
        new = tuple(
            replace(event, at=at, tapped_at=event.at)
            for event in self.history[len(before.history) :]
        )
        return replace(self, history=(*before.history, *new), updated_at=at)

    def has_done(self, key: str) -> bool:
        """True where the action of this key, if it has one, was done here already."""
        return bool(key and self.keys and key in self.keys)

    def keyed(self, key: str, at: datetime) -> Self:
        """With the key of what was just done; old ones are forgotten."""
        if not key:
            return self
        kept = {name: then for name, then in (self.keys or {}).items() if at - then <= KEYS_KEPT}
        return replace(self, keys={**kept, key: at})

    def photographed(self, photos: tuple[Photo, ...], *, by: str, at: datetime) -> Self:
        """With these, all of one kind."""
        new = _not_among(self.photos, photos)
        if not new:
            return self
        event = Event(at=at, by=by, what="photos", count=len(new), reason=new[0].kind)
        return self.happened(event, photos=(*self.photos, *new))

    def noted(self, text: str, *, by: str, at: datetime) -> Self:
        return replace(self, notes=(*self.notes, Note(at=at, by=by, text=text)), updated_at=at)

    def assigned(self, crew: Crew, *, by: str, at: datetime, reason: str = "") -> Self:
        changes = {
            role: (before, after)
            for role in ROLES
            if (before := self.field(role)) != (after := getattr(crew, role))
        }
        said = {
            "on_my_way": _still_said(self.on_my_way, self.crew, crew),
            "eta": _still_said(self.eta, self.crew, crew),
        }
        stop = None if "driver" in changes else self.stop  # it was one of another's day
        return self._changed(
            "assigned", changes, by=by, at=at, reason=reason, crew=crew, stop=stop, **said
        )

    def edited(self, fields: Mapping[str, Any], *, by: str, at: datetime) -> Self:
        """With these editable fields. Nobody is on the way to another window yet."""
        if self.price_lines and "price" in fields and "price_lines" not in fields:
            fields = {**fields, "price_lines": ()}  # a price said outright is no sum any more
        after = replace(self, **fields)
        changes = {
            name: (plain(self.field(name)), plain(after.field(name)))
            for name in EDITABLE
            if after.field(name) != self.field(name)
        }
        if "window" in changes:
            fields = {**fields, "on_my_way": None, "eta": None, "stop": None}
        if {"price", "price_lines"} & changes.keys() and self.quote and self.quote.waits:
            fields = {**fields, "quote": None}  # it was offered in place of another price
        return self._changed("edited", changes, by=by, at=at, **fields)

    def expected_at(self, eta: datetime | None, *, by: str, at: datetime) -> Self:
        """The crew's estimate; None takes it back."""
        said = Eta(at=eta, said_at=at, by=by) if eta else None
        if said == self.eta:
            return self
        changes = {"eta": (plain(self.eta and self.eta.at), plain(said and said.at))}
        return self._changed("eta", changes, by=by, at=at, eta=said)

    def on_the_way(self, *, by: str, at: datetime) -> Self:
        event = Event(at=at, by=by, what="on_my_way")
        return self.happened(event, on_my_way=OnMyWay(at=at, by=by))

    def back_to(self, old: Self, at: datetime, *, is_gone: bool = False) -> Self:
        """As it was in `old`, but for what has happened since, and for its link: one that was
        revoked stays so. Itself where nothing else has changed; with `is_gone` it has. A person
        who has left it does not come back.
        """
        if self.is_redacted and not is_gone:
            return self
        kept = ("version", "history", "keys", "updated_at", "messages", "messages_gone")
        since = {name: getattr(self, name) for name in kept}
        photos = (*self.photos, *_not_among(self.photos, old.photos))  # none is ever taken away
        back = replace(old, **since, photos=photos, tracking_token=self.tracking_token)
        if back == self and not is_gone:
            return self
        version = self.version + 1
        event = Event(at=at, by=SYSTEM, what="restored", version=version)
        return replace(back.happened(event), version=version)

    def _changed(
        self,
        what: str,
        changes: Mapping[str, Any],
        *,
        by: str,
        at: datetime,
        reason: str = "",
        **fields: Any,
    ) -> Self:
        if not changes:
            return self
        version, why = self.version + 1, reason or UNSET
        event = Event(at=at, by=by, what=what, version=version, changes=changes, reason=why)
        return self.happened(event, **fields)

    def as_of(self, version: int, name: str) -> Any:
        """The plain value of a field, or of a role of the crew, as it was at `version`."""
        for event in self.history:
            later = event.version is not UNSET and event.version > version
            if later and event.changes and name in event.changes:
                return event.changes[name][0]
        return plain(self.field(name))

    def field(self, name: str) -> Any:
        """A field by its name, or who has the role of that name."""
        return getattr(self.crew if name in ROLES else self, name)


def _not_among(known: tuple[Photo, ...], photos: tuple[Photo, ...]) -> tuple[Photo, ...]:
    ids = {photo.id for photo in known}
    return tuple(photo for photo in photos if photo.id not in ids)


def _still_said(said: Said | None, before: Crew, now: Crew) -> Said | None:
    """`said` of the crew's coming; None once others come than it was said of."""
    if said is None or said.by == now.driver:
        return said
    others = now.driver != before.driver or said.by in set(before) - set(now)
    return None if others else said


def plain(value: Any) -> Any:
    """A field's value as JSON has it."""
    if value is UNSET:
        return None
    return float(value) if isinstance(value, Decimal) else msgspec.to_builtins(value)
