"""The bodies of the API, in and out, as programs and the schema see them."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from dispatch.domain.business import Business
from dispatch.domain.crew import Member
from dispatch.domain.job import (
    ClockTime,
    Crew,
    Eta,
    Event,
    Job,
    Note,
    OnMyWay,
    Paid,
    PriceLine,
    Window,
)
from dispatch.domain.ranks import MONEY_FIELDS, history_for, sees_prices
from dispatch.domain.status import Status

Amount = Annotated[
    Decimal,
    Meta(description="in the business's currency, at most 2 decimals; a string will do too"),
]
Moment = Annotated[dt.datetime, Meta(tz=True)]
Text = str | UnsetType | None
MOST_JOBS = 500
SEEN = "a revision that you have seen: the answer is never older"


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: a misspelt field is an error, not silence."""


# --- in ----------------------------------------------------------------------------------


class Credentials(Body, frozen=True, kw_only=True):
    """A crew member's own."""

    username: str
    password: str


class GivenWindow(Body, frozen=True, kw_only=True):
    """A date and the name of one of the business's windows; its times unless others are given."""

    date: dt.date
    name: str
    start: ClockTime | None = None
    end: ClockTime | None = None


class GivenPriceLine(Body, frozen=True, kw_only=True):
    label: str
    amount: Amount


class GivenCrew(Body, frozen=True, kw_only=True):
    """Usernames by role; null takes a role from whoever has it."""

    driver: Text = UNSET
    first_mate: Text = UNSET
    supervisor: Text = UNSET


class GivenFields(Body, frozen=True, kw_only=True):
    """What may be said of a new job and changed on an old one."""

    phone: Text = UNSET
    email: Text = UNSET
    load: Annotated[Text, Meta(description="one of the business's loads")] = UNSET
    access_notes: Text = UNSET
    truck: Text = UNSET
    price: Amount | UnsetType | None = UNSET
    price_lines: tuple[GivenPriceLine, ...] | UnsetType | None = UNSET
    window: GivenWindow | UnsetType | None = UNSET


class NewJob(GivenFields, frozen=True, kw_only=True):
    """A job to take on. The price is the load's where none is given."""

    customer_name: str
    location: str
    status: Annotated[Status, Meta(description="pending or booked")] = Status.BOOKED
    crew: GivenCrew | UnsetType | None = UNSET


class JobEdit(GivenFields, frozen=True, kw_only=True):
    """The fields to change, and the version of the job that you saw."""

    customer_name: str | UnsetType = UNSET
    location: str | UnsetType = UNSET
    version: int | UnsetType | None = UNSET


class StatusMove(Body, frozen=True, kw_only=True):
    """Where to, and the status that you saw it at: if it has moved on since, 409."""

    status: Status
    expected: Status | None = None
    reason: str | None = None


class CrewChange(GivenCrew, frozen=True, kw_only=True):
    """Roles that are left out stay as they are."""

    version: int | UnsetType | None = UNSET
    insist: Annotated[
        bool, Meta(description="where the driver's window is full, assign them all the same")
    ] = False


class NewNote(Body, frozen=True, kw_only=True):
    text: str


class ListQuery(Body, frozen=True, kw_only=True):
    """Which jobs."""

    status: Annotated[
        str,
        Meta(description="at this status", extra_json_schema={"enum": [*Status, ""]}),
    ] = ""
    crew: Annotated[str, Meta(description="a username; `-` for jobs without a driver")] = ""
    date: Annotated[str, Meta(description="of the window, as 2026-05-23")] = ""
    q: Annotated[str, Meta(description="words in id, name, address, phone, e-mail, truck")] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_JOBS, description="jobs on a page")] = 100
    after: Annotated[str, Meta(description="the `next` of the page before")] = ""
    r: Annotated[str, Meta(description=SEEN)] = ""


class FreeQuery(Body, frozen=True, kw_only=True):
    """Which days."""

    date: Annotated[str, Meta(description="one day", examples=["2026-05-23"])] = ""
    from_: Annotated[
        str, Meta(description="the first of several days", examples=["2026-05-23"])
    ] = msgspec.field(name="from", default="")
    to: Annotated[
        str, Meta(description="the last of them, 62 days at most", examples=["2026-05-31"])
    ] = ""
    r: Annotated[str, Meta(description=SEEN)] = ""


class SeenQuery(msgspec.Struct, frozen=True, kw_only=True):
    r: Annotated[str, Meta(description=SEEN)] = ""


class JobPath(msgspec.Struct, frozen=True):
    job_id: str


class MakingHeaders(msgspec.Struct, frozen=True, kw_only=True):
    idempotency_key: Annotated[
        str, Meta(description="your own name for this request, so that it may be repeated")
    ] = msgspec.field(name="Idempotency-Key", default="")


# --- out ---------------------------------------------------------------------------------


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the crew see it. Money is left out for those who are not to see prices."""

    id: str
    version: int
    tracking_token: str
    customer_name: str
    location: str
    phone: str
    email: str
    price: Decimal | UnsetType = UNSET
    price_lines: tuple[PriceLine, ...] | UnsetType = UNSET
    paid: Paid | UnsetType | None = UNSET
    status: Status
    window: Window | None
    on_my_way: OnMyWay | None
    eta: Eta | None
    crew: Crew
    truck: str
    load: str
    access_notes: str
    photos: tuple[str, ...]
    notes: tuple[Note, ...]
    history: tuple[Event, ...]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, job: Job, business: Business, member: Member) -> Self:
        """As this member may see it: the one place where prices are withheld."""
        fields = {name: getattr(job, name) for name in cls.__struct_fields__}
        if not sees_prices(business, member):
            fields |= dict.fromkeys(MONEY_FIELDS, UNSET)
            fields["history"] = history_for(member, job, business)
        return cls(**fields)


class Token(msgspec.Struct, frozen=True):
    access: str
    expires_in: Annotated[int, Meta(description="seconds")]
    token_type: str = "Bearer"  # noqa: S105


class MadeJob(msgspec.Struct, frozen=True):
    job_id: str
    tracking_token: str
    tracking_url: str
    job: JobView


class JobPage(msgspec.Struct, frozen=True):
    """`next` is null on the last page."""

    jobs: tuple[JobView, ...]
    revision: int
    next: str | None


class MadeNote(msgspec.Struct, frozen=True):
    """The note, and the job's version with it."""

    note: Note
    version: int


class FreeMember(msgspec.Struct, frozen=True):
    username: Annotated[str, Meta(examples=["joel"])]
    name: Annotated[str, Meta(examples=["Joel Ramirez"])]


class FreeRoles(msgspec.Struct, frozen=True, kw_only=True):
    """Who can still be given each role."""

    driver: tuple[FreeMember, ...]
    first_mate: tuple[FreeMember, ...]
    supervisor: tuple[FreeMember, ...]


class FreeWindow(msgspec.Struct, frozen=True):
    """One of the business's windows, by name."""

    name: Annotated[str, Meta(examples=["morning"])]
    free: FreeRoles


class FreeDay(msgspec.Struct, frozen=True):
    """Has no windows where the business is closed."""

    date: dt.date
    windows: tuple[FreeWindow, ...]


class FreeCrew(msgspec.Struct, frozen=True):
    """Day by day; `revision` is that of the jobs that were looked at."""

    days: tuple[FreeDay, ...]
    revision: int
