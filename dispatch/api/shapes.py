"""The bodies of the API, in and out, as programs and the schema see them."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from dispatch.api.bounds import (
    DAY,
    KEY,
    LONGEST_CURSOR,
    LONGEST_ID,
    LONGEST_KEY,
    LONGEST_Q,
    MOST_REVISION,
    matching,
    money,
    words,
)
from dispatch.domain.business import Business
from dispatch.domain.job import (
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
from dispatch.domain.job_input import CLOCK, LONGEST, MOST_LINES, MOST_PRICE
from dispatch.domain.permissions import MONEY_FIELDS, history_for, sees_prices
from dispatch.domain.roster import Member
from dispatch.domain.status import CREATABLE, Status

Amount = Annotated[float | str, money()]
Clock = Annotated[str, matching(f"^{CLOCK.pattern}$", 5)]
Moment = Annotated[dt.datetime, Meta(tz=True)]
Name = Annotated[str, words("customer_name")]
Place = Annotated[str, words("location")]
Person = Annotated[str, words("driver", examples=["joel"])] | UnsetType | None
Version = Annotated[int, Meta(ge=1, description="of the job, as you saw it", examples=[3])]
Insist = Annotated[
    bool, Meta(description="where the driver's window is full, assign them all the same")
]
MOST_JOBS = 500
Revision = Annotated[
    int,
    Meta(
        ge=0,
        le=MOST_REVISION,
        description="a revision that you have seen: the answer is never older",
        examples=[17],
    ),
]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: a misspelt field is an error, not silence."""


# --- in ----------------------------------------------------------------------------------


class Credentials(Body, frozen=True, kw_only=True):
    """A crew member's own."""

    username: str
    password: str


class GivenWindow(Body, frozen=True, kw_only=True):
    """A date and the name of one of the business's windows; its times unless others are given."""

    date: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    name: Annotated[str, words("window", needed=True)]
    start: Clock | None = None
    end: Clock | None = None


class GivenPriceLine(Body, frozen=True, kw_only=True):
    label: Annotated[str, words("label")]
    amount: Annotated[float | str, money(least=-int(MOST_PRICE))]


class GivenCrew(Body, frozen=True, kw_only=True):
    """Usernames by role; null takes a role from whoever has it."""

    driver: Person = UNSET
    first_mate: Person = UNSET
    supervisor: Person = UNSET


class GivenFields(Body, frozen=True, kw_only=True):
    """What may be said of a new job and changed on an old one."""

    phone: Annotated[str, words("phone")] | UnsetType | None = UNSET
    email: Annotated[str, words("email")] | UnsetType | None = UNSET
    load: (
        Annotated[str, words("load", description="one of the business's loads")] | UnsetType | None
    ) = UNSET
    access_notes: Annotated[str, words("access_notes")] | UnsetType | None = UNSET
    truck: Annotated[str, words("truck")] | UnsetType | None = UNSET
    price: Amount | UnsetType | None = UNSET
    price_lines: (
        Annotated[tuple[GivenPriceLine, ...], Meta(extra_json_schema={"maxItems": MOST_LINES})]
        | UnsetType
        | None
    ) = UNSET
    window: GivenWindow | UnsetType | None = UNSET


class NewJob(GivenFields, frozen=True, kw_only=True):
    """A job to take on. The price is the load's where none is given."""

    customer_name: Name
    location: Place
    status: Annotated[
        Status, Meta(description=" or ".join(CREATABLE), extra_json_schema={"enum": [*CREATABLE]})
    ] = Status.BOOKED
    crew: GivenCrew | UnsetType | None = UNSET
    insist: Insist = False


class JobEdit(GivenFields, frozen=True, kw_only=True):
    """The fields to change, and the version of the job that you saw."""

    customer_name: Name | UnsetType = UNSET
    location: Place | UnsetType = UNSET
    version: Version | None = None


class StatusMove(Body, frozen=True, kw_only=True):
    """Where to, and the status that you saw it at: if it has moved on since, 409."""

    status: Status
    expected: Status | None = None
    reason: Annotated[str, words("reason")] | None = None


class CrewChange(GivenCrew, frozen=True, kw_only=True):
    """Roles that are left out stay as they are."""

    version: Version | None = None
    insist: Insist = False


class NewNote(Body, frozen=True, kw_only=True):
    text: Annotated[str, words("text")]


class ListQuery(Body, frozen=True, kw_only=True):
    """Which jobs."""

    status: Annotated[
        str,
        Meta(
            description="at this status",
            examples=["booked"],
            extra_json_schema={"enum": [*Status, ""]},
        ),
    ] = ""
    crew: Annotated[
        str,
        Meta(
            max_length=LONGEST["driver"],
            description="a username; `-` for jobs without a driver",
            examples=["joel", "-"],
        ),
    ] = ""
    date: Annotated[
        str,
        Meta(
            description="of the window",
            examples=["2026-05-23"],
            extra_json_schema={"anyOf": [{"format": "date"}, {"maxLength": 0}]},
        ),
    ] = ""
    q: Annotated[
        str,
        Meta(
            description="words in id, name, address, phone, e-mail, truck",
            examples=["soderblom mark"],
            extra_json_schema={"maxLength": LONGEST_Q},
        ),
    ] = ""
    limit: Annotated[
        int, Meta(ge=1, le=MOST_JOBS, description="jobs on a page", examples=[100])
    ] = 100
    after: Annotated[
        str,
        matching(
            "^[A-Za-z0-9_-]*$",
            LONGEST_CURSOR,
            description="the `next` of the page before",
            examples=["WzE3Nzk0Nzk0MDAsImpYa0w5bTJwUSJd"],
        ),
    ] = ""
    r: Revision = 0


class FreeQuery(Body, frozen=True, kw_only=True):
    """Which days."""

    date: Annotated[str, matching(DAY, 10, description="one day", examples=["2026-05-23"])] = ""
    from_: Annotated[
        str, matching(DAY, 10, description="the first of several days", examples=["2026-05-23"])
    ] = msgspec.field(name="from", default="")
    to: Annotated[
        str,
        matching(DAY, 10, description="the last of them, 62 days at most", examples=["2026-05-31"]),
    ] = ""
    r: Revision = 0


class SeenQuery(msgspec.Struct, frozen=True, kw_only=True):
    r: Revision = 0


class JobPath(msgspec.Struct, frozen=True):
    job_id: Annotated[
        str, matching("^[^/]+$", LONGEST_ID, description="its `id`", examples=["jXkL9m2pQ"])
    ]


class MakingHeaders(msgspec.Struct, frozen=True, kw_only=True):
    idempotency_key: Annotated[
        str,
        matching(
            f"^{KEY.pattern}$",
            LONGEST_KEY,
            description="your own name for this request, so that it may be repeated",
            examples=["booking-4711"],
        ),
    ] = msgspec.field(name="Idempotency-Key", default="")


class PollHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `dispatch.etag`."""

    if_none_match: Annotated[
        str,
        Meta(
            description="the `ETag` that you have: 304 where nothing is new",
            examples=['"3f2a9c0d1e4b5a6978877665"'],
        ),
    ] = msgspec.field(name="If-None-Match", default="")


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
