"""Jobs as programs send and get them. Bodies of other nouns stand beside their calls."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Self, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from dispatch.domain.business import LANGUAGES, Business
from dispatch.domain.job import (
    Consent,
    Crew,
    Eta,
    Event,
    Item,
    Job,
    MessageIn,
    Note,
    OnMyWay,
    Window,
)
from dispatch.domain.job_input import (
    CLOCK,
    FREE,
    LONGEST,
    MOST_ITEMS,
    MOST_LINES,
    MOST_PRICE,
    REQUIRED,
)
from dispatch.domain.outbox.message import Message
from dispatch.domain.permissions import MONEY_FIELDS, Actor, Permission, history_for, sees_prices
from dispatch.domain.status import CREATABLE, Status
from dispatch.domain.typed.texts import CONTROLS, INVISIBLE, TURNS
from dispatch.domain.visit.money import Paid, Payment, PriceLine, Quote
from dispatch.domain.visit.photo import Photo
from dispatch.jobs import MOST_DAYS

LONGEST_KEY = 255
LONGEST_Q = 200
MOST_JOBS = 500
MOST_REVISION = 10**15 - 1  # as `dispatch.http` reads them
KEY = re.compile("[ -~]*")

T = TypeVar("T")
Given: TypeAlias = T | UnsetType | None  # it may be left out; null empties it


# The bounds of `job_input` are said here, not enforced: msgspec stops at the first wrong field,
# `job_input` names all.


def words(name: str, *, needed: bool = False, **more: Any) -> Meta:
    """The text that `job_input` calls so; where `needed`, with one character that can be seen."""
    longest, needed = LONGEST[name], needed or name in REQUIRED
    refused = CONTROLS if name in (*FREE, "phone", "email") else CONTROLS + TURNS
    plain = f"[^{refused}]*"
    pattern = f"^{plain}[^{refused}\\s{INVISIBLE}]{plain}$" if needed else f"^{plain}$"
    least = {"minLength": 1} if needed else {}
    return Meta(extra_json_schema={**least, "maxLength": longest, "pattern": pattern}, **more)


def parameter(description: str, *examples: object, **schema: Any) -> Meta:
    return Meta(description=description, examples=[*examples], extra_json_schema=schema)


def money(least: int = 0) -> Meta:
    """A number, or one in a string. In cents: no schema can say that of floats reliably."""
    return parameter(
        "in the business's currency, at most 2 decimals; a string will do too",
        *(320, 285.5, "1,285.50"),
        minimum=least,
        maximum=int(MOST_PRICE),
        pattern=r"^[^0-9]*([0-9][0-9,]*)?(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?[^0-9]*$",
    )


Moment = Annotated[dt.datetime, Meta(tz=True)]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Clock = Annotated[str, Meta(extra_json_schema={"pattern": f"^{CLOCK.pattern}$"})]
Name = Annotated[str, words("customer_name")]
Address = Annotated[str, words("location")]
Username = Annotated[str, words("driver", examples=["joel"])]
Version = Annotated[int, Meta(ge=1, description="of the job, as you saw it", examples=[3])]
Insist = Annotated[
    bool, Meta(description="where the window, or the driver's, is full, do it all the same")
]
SeenRevision = Annotated[
    int,
    Meta(ge=0, le=MOST_REVISION),
    parameter("a revision that you have seen: before an older answer we look again", 17),
]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Comes from a client: a misspelt field is an error, not silence."""


class GivenWindow(Body, frozen=True, kw_only=True):
    """A date and the name of one of the business's windows; its times unless others are given."""

    date: Day
    name: Annotated[str, words("window", needed=True)]
    start: Clock | None = None
    end: Clock | None = None


class GivenItem(Body, frozen=True, kw_only=True):
    name: Annotated[str, parameter("one of the business's items", "mattress", maxLength=32)]
    count: Annotated[int, parameter("how many", 2, minimum=1, maximum=MOST_ITEMS)] = 1


class GivenPriceLine(Body, frozen=True, kw_only=True):
    label: Annotated[str, words("label")]
    amount: Annotated[float | str, money(least=-int(MOST_PRICE))]


class GivenCrew(Body, frozen=True, kw_only=True):
    """Usernames by role; null takes a role from whoever has it."""

    driver: Given[Username] = UNSET
    first_mate: Given[Username] = UNSET
    supervisor: Given[Username] = UNSET


class GivenFields(Body, frozen=True, kw_only=True):
    """The fields that a new job may have and an edit may change."""

    phone: Given[Annotated[str, words("phone")]] = UNSET
    email: Given[Annotated[str, words("email")]] = UNSET
    load: Given[Annotated[str, words("load", description="one of the business's loads")]] = UNSET
    postcode: Given[Annotated[str, words("postcode")]] = UNSET
    description: Given[Annotated[str, words("description")]] = UNSET
    language: Given[
        Annotated[
            str, parameter("in which they read: one of the business's", "es", enum=["", *LANGUAGES])
        ]
    ] = UNSET
    items: Given[tuple[GivenItem, ...]] = UNSET
    access_notes: Given[Annotated[str, words("access_notes")]] = UNSET
    truck: Given[Annotated[str, words("truck")]] = UNSET
    price: Given[Annotated[float | str, money()]] = UNSET
    price_lines: Given[
        Annotated[tuple[GivenPriceLine, ...], Meta(extra_json_schema={"maxItems": MOST_LINES})]
    ] = UNSET
    window: Given[GivenWindow] = UNSET


class NewJob(GivenFields, frozen=True, kw_only=True):
    """A job to take on. The price is the load's where none is given."""

    customer_name: Name
    location: Address
    status: Annotated[
        Status, Meta(description=" or ".join(CREATABLE), extra_json_schema={"enum": [*CREATABLE]})
    ] = Status.BOOKED
    crew: Given[GivenCrew] = UNSET
    insist: Insist = False


class JobEdit(GivenFields, frozen=True, kw_only=True):
    """The fields to change, and the version of the job that you saw."""

    customer_name: Name | UnsetType = UNSET
    location: Address | UnsetType = UNSET
    version: Version | None = None
    insist: Insist = False


class StatusMove(Body, frozen=True, kw_only=True):
    """The new status, and the one that you saw: if the job has moved on since, 409."""

    status: Status
    expected: Status | None = None
    reason: Annotated[str, words("reason")] | None = None
    insist: Insist = False


class CrewChange(GivenCrew, frozen=True, kw_only=True):
    """Roles that are left out stay as they are."""

    version: Version | None = None
    insist: Insist = False


class NewNote(Body, frozen=True, kw_only=True):
    text: Annotated[str, words("text")]


class SeenQuery(msgspec.Struct, frozen=True, kw_only=True):
    r: SeenRevision = 0


a_day = partial(parameter, pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", maxLength=10)
SEARCH = "words in id, name, address, phone, e-mail, truck"
CURSOR = parameter(
    *("the `next` of the page before", "WzE3Nzk0Nzk0MDAsImpYa0w5bTJwUSJd"),
    pattern="^[A-Za-z0-9_-]*$",
    maxLength=600,
)


class ListQuery(Body, frozen=True, kw_only=True):
    """Filters, and the page."""

    status: Annotated[str, parameter("at this status", "booked", enum=[*Status, ""])] = ""
    crew: Annotated[
        str,
        Meta(max_length=LONGEST["driver"]),
        parameter("a username; `-` for jobs without a driver", "joel", "-"),
    ] = ""
    date: Annotated[
        str, parameter("of the window", "2026-05-23", anyOf=[{"format": "date"}, {"maxLength": 0}])
    ] = ""
    from_: Annotated[
        str, a_day("with `to`: only what was finished from this day on", "2026-05-01")
    ] = msgspec.field(name="from", default="")
    to: Annotated[str, a_day(f"the last of those days, {MOST_DAYS} days at most", "2026-05-31")] = (
        ""
    )
    q: Annotated[str, parameter(SEARCH, "soderblom mark", maxLength=LONGEST_Q)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_JOBS), parameter("jobs on a page", 100)] = 100
    after: Annotated[str, CURSOR] = ""
    r: SeenRevision = 0


class JobPath(msgspec.Struct, frozen=True):
    job_id: Annotated[str, parameter("its `id`", "jXkL9m2pQ", pattern="^[^/]+$", maxLength=64)]


class MakingHeaders(msgspec.Struct, frozen=True, kw_only=True):
    idempotency_key: Annotated[
        str,
        parameter(
            *("your own name for this request, so that it may be repeated", "booking-4711"),
            pattern=f"^{KEY.pattern}$",
            maxLength=LONGEST_KEY,
        ),
    ] = msgspec.field(name="Idempotency-Key", default="")


class PollHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Read by `dispatch.http.is_known`."""

    if_none_match: Annotated[
        str,
        parameter(
            "the `ETag` that you have: 304 where nothing is new", 'W/"3f2a9c0d1e4b5a6978877665"'
        ),
    ] = msgspec.field(name="If-None-Match", default="")


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the crew see it. Money is left out for those who are not to see prices, and the
    customer's key for all but dispatchers.
    """

    id: str
    version: int
    tracking_token: str | UnsetType = UNSET
    customer_name: str
    location: str
    phone: str
    email: str
    price: Decimal | UnsetType | None = UNSET
    price_lines: tuple[PriceLine, ...] | UnsetType = UNSET
    payments: tuple[Payment, ...] | UnsetType = UNSET
    paid: Paid | UnsetType | None = UNSET
    quote: Quote | UnsetType | None = UNSET
    status: Status
    window: Window | None
    on_my_way: OnMyWay | None
    eta: Eta | None
    crew: Crew
    truck: str
    load: str
    postcode: str
    description: str
    language: str
    consent: Mapping[str, Consent] | UnsetType = UNSET
    items: tuple[Item, ...]
    access_notes: str
    stop: int | None
    photos: tuple[Photo, ...]
    notes: tuple[Note, ...]
    messages_in: tuple[MessageIn, ...] | UnsetType = UNSET
    messages: tuple[Message, ...] | UnsetType = UNSET
    history: tuple[Event, ...]
    created_at: Moment
    updated_at: Moment
    finished_at: Annotated[
        dt.datetime | None,
        Meta(description="the time at which it was completed or cancelled; null while it is open"),
    ]
    doubtful: bool | UnsetType = UNSET

    @classmethod
    def of(cls, job: Job, business: Business, who: Actor) -> Self:
        """As this member may see it: the one place where prices and keys are withheld."""
        fields = {name: getattr(job, name) for name in cls.__struct_fields__}
        fields["price"] = None if job.price is UNSET else job.price
        if not who.may(Permission.KEEP_LINKS):
            fields["tracking_token"] = UNSET  # whoever has it acts as the customer
        if not sees_prices(who, business):
            fields |= dict.fromkeys(MONEY_FIELDS, UNSET)
            fields["history"] = history_for(who, job, business)
        return cls(**fields)


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


JOB: dict[str, Any] = {  # an example
    "id": "jXkL9m2pQ",
    "version": 3,
    "tracking_token": "pV3nq0yXc8TkLw2rZb7sJd5fGh1mQa9E",
    "customer_name": "Mark",
    "location": "1420 Soderblom Ave, San Diego",
    "phone": "+16195550142",
    "email": "",
    "price": 320,
    "price_lines": [],
    "payments": [],
    "paid": None,
    "status": "booked",
    "window": {"date": "2026-05-23", "name": "afternoon", "start": "12:00", "end": "16:00"},
    "on_my_way": None,
    "eta": None,
    "crew": {"driver": "joel", "first_mate": None, "supervisor": None},
    "truck": "T1",
    "load": "half",
    "postcode": "92104",
    "description": "An old sofa and boxes",
    "language": "en",
    "items": [],
    "access_notes": "Gate 4711",
    "stop": None,
    "photos": [],
    "notes": [],
    "history": [{"at": "2026-05-22T19:00:00Z", "by": "dana", "what": "created"}],
    "created_at": "2026-05-22T19:00:00Z",
    "updated_at": "2026-05-22T19:04:00Z",
    "finished_at": None,
}
