"""One hauling company: who it is, when it works, what it charges."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import cached_property, lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from dispatch.domain.job import ClockTime, Window
from dispatch.domain.typed import phones
from dispatch.domain.typed.amounts import SYMBOLS
from dispatch.domain.visit.money import cents

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

OUR_COLOUR = "#14532d"  # the stylesheet's own

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$(?!\n)")]
PageUrl = Annotated[str, Meta(pattern=r"^https?://[^/\s\[\]]+(/\S*)?$(?!\n)")]
LANGUAGES = ("en", "es")  # of pages and messages
Language = Annotated[str, Meta(pattern=f"^({'|'.join(LANGUAGES)})$")]
Url = Annotated[str, Meta(pattern=r"^https?://[^/\s\[\]]+$")]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the businesses file: a misspelt key is an error, not a default."""


class WindowOffer(Part, frozen=True):
    """A span of the working day that customers may choose, on `days` such as `mon-sat`."""

    name: Name
    label: str
    start: ClockTime
    end: ClockTime
    days: str = "mon-sun"

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"window {self.name!r} ends at {self.end}, before it starts")
        set(self.weekdays)

    @property
    def weekdays(self) -> Iterator[int]:
        for part in self.days.replace(" ", "").split(","):
            first, _, last = part.partition("-")
            if first not in DAYS or (last or first) not in DAYS:
                raise ValueError(f"days {self.days!r} are none of {', '.join(DAYS)}")
            start = DAYS.index(first)
            length = (DAYS.index(last or first) - start) % 7 + 1  # sat-mon goes over the weekend
            yield from ((start + more) % 7 for more in range(length))

    def on(self, day: date) -> Window:
        return Window(date=day, name=self.name, start=self.start, end=self.end)


class Load(Part, frozen=True):
    """A size of load and its price, in the business's currency; it takes `places` of a window."""

    name: Name
    label: str
    price: Decimal
    places: Positive = 1

    def __post_init__(self) -> None:
        cents(self.price)


class ItemOffer(Part, frozen=True):
    """A thing that is hauled at a price of its own, each."""

    name: Name
    label: str
    price: Decimal

    def __post_init__(self) -> None:
        cents(self.price)


class Words(Part, frozen=True):
    """A text of the businesses file in the other languages; empty: as it is."""

    text: str
    en: str = ""
    es: str = ""


class Quiet(Part, frozen=True):
    """Hours of the business's clock in which customers are left alone; over midnight too."""

    from_: ClockTime = msgspec.field(name="from")
    to: ClockTime

    def __iter__(self) -> Iterator[str]:
        return iter((self.from_, self.to))


class Limit(Part, frozen=True):
    """A window that has fewer places on one day than there are drivers for; 0 closes it."""

    date: date
    window: Name
    places: NotNegative


class Site(Part, frozen=True):
    """The addresses of a business at one stage."""

    public_url: Url
    dashboard_url: Url | None = None
    hosts: tuple[str, ...] = ()


class NotBookable(Enum):
    """The reasons for which a customer cannot ask for a window."""

    CLOSED = auto()
    NOT_THEN = auto()  # the business has none of that name on that day
    OVER = auto()
    TOO_SOON = auto()  # for the `notice_hours`
    TOO_FAR = auto()  # beyond the `horizon_days`


class Business(Part, frozen=True, dict=True, kw_only=True):
    """A `[[business]]` of the businesses file."""

    slug: Name
    name: str
    phone: str
    email: str
    timezone: str
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "USD"
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "US"
    confirm: Annotated[str, Meta(pattern=r"^(dispatcher|auto)$")] = "dispatcher"
    crew_see_prices: bool = True
    link_days: NotNegative = 30
    cancel_hours: NotNegative = 12
    notice_hours: NotNegative = 3
    horizon_days: Positive = 30
    jobs_per_window: Positive = 4
    trucks: Positive | None = None  # None: as many as there are drivers
    areas: tuple[str, ...] = ()  # beginnings of the postcodes served; none: everywhere
    review_url: PageUrl | None = None
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = ("en",)
    words: tuple[Words, ...] = ()
    quiet: Quiet = Quiet(from_="20:00", to="08:00")
    hold_hours: NotNegative = 4
    respond_hours: Positive = 2
    keep_months: Positive = 84
    photo_days: Positive = 400
    not_taken: tuple[str, ...] = ()
    colour: Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$(?!\n)")] = OUR_COLOUR
    mark: Annotated[str, Meta(min_length=1, max_length=2)] | None = None
    closed: tuple[date, ...] = ()
    limits: tuple[Limit, ...] = ()
    windows: Annotated[tuple[WindowOffer, ...], Meta(min_length=1)]
    loads: Annotated[tuple[Load, ...], Meta(min_length=1)]
    items: tuple[ItemOffer, ...] = ()
    production: Site | None = None
    staging: Site | None = None

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"timezone {self.timezone!r} is unknown") from error
        for kind, names in (
            ("windows", [window.name for window in self.windows]),
            ("loads", [load.name for load in self.loads]),
            ("items", [item.name for item in self.items]),
        ):
            if doubled := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"two {kind} are called {doubled.pop()!r}")

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def is_branded(self) -> bool:
        """True where its pages take colour and mark from it; else they have the first one's."""
        return (self.colour, self.mark) != (OUR_COLOUR, None)

    @property
    def letters(self) -> str:
        """Its mark, of one or two characters."""
        return self.mark or self.name[:1].upper()

    @property
    def on_colour(self) -> str:
        """White or black, whichever is easier to read on its colour: at least 4.5 to 1."""
        light = _luminance(self.colour)
        return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000000"

    @property
    def zone_name(self) -> str:
        """`Los Angeles`."""
        return self.timezone.rpartition("/")[2].replace("_", " ")

    def today(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def days(self, first: date, last: date) -> tuple[datetime, datetime]:
        """The moments at which the first of these days begins here, and the last is over."""
        start, end = (
            datetime.combine(day, time.min, self.zone).astimezone(UTC)
            for day in (first, last + timedelta(days=1))
        )
        return start, end

    def quiet_until(self, at: datetime) -> datetime:
        """`at`; within the quiet hours, the moment at which they end."""
        here, start, end = at.astimezone(self.zone), *map(time.fromisoformat, self.quiet)
        clock, is_over_midnight = here.time(), end < start
        is_quiet = (clock >= start or clock < end) if is_over_midnight else start <= clock < end
        if not is_quiet:
            return at
        ends_tomorrow = is_over_midnight and clock >= start
        day = here.date() + timedelta(days=1) if ends_tomorrow else here.date()
        return datetime.combine(day, end, self.zone).astimezone(UTC)

    def span(self, window: Window) -> tuple[datetime, datetime]:
        """The two moments between which the pickup was promised."""
        return _span(window, self.zone)

    def link_is_over(self, finished_at: datetime | None, at: datetime) -> bool:
        """True where the link of a job that was finished then has lived for its `link_days`."""
        return finished_at is not None and at > finished_at + timedelta(days=self.link_days)

    def window(self, day: date, name: str) -> Window | None:
        """The window of that name on that day, if the business has it then."""
        return next((window for window in self.windows_on(day) if window.name == name), None)

    def agreed_window(self, day: date, name: str) -> Window | None:
        """The window of that name on any day: a dispatcher may agree to one that is not offered."""
        return next((offer.on(day) for offer in self.windows if offer.name == name), None)

    def label_of(self, name: str) -> str:
        """The label of a window, also of one that is no longer offered."""
        return next(
            (offer.label for offer in self.windows if offer.name == name),
            name.replace("_", " ").capitalize(),
        )

    def own(self, text: str, language: str) -> str:
        """A label, or `2 × ` one, in that language, if the file has it there; else as it is."""
        count, times, name = text.rpartition(" × ")
        said = next((getattr(each, language, "") for each in self.words if each.text == name), "")
        return f"{count}{times}{said}" if said else text

    def bookable(self, at: datetime) -> list[Window]:
        """Every window that a customer may still ask for, soonest first."""
        return [*self._bookable(at)]

    def next_bookable(self, at: datetime) -> Window | None:
        """The soonest of them."""
        return next(self._bookable(at), None)

    def _bookable(self, at: datetime) -> Iterator[Window]:
        earliest = at + timedelta(hours=self.notice_hours)
        days = (self.today(at) + timedelta(days=ahead) for ahead in range(self.horizon_days + 1))
        for day in days:
            for window in self.windows_on(day):
                if self.span(window)[0] >= earliest:
                    yield window

    def not_bookable(self, window: Window, at: datetime) -> NotBookable | None:
        """Why a customer cannot ask for that window; None for those that are `bookable`."""
        today, (start, end) = self.today(at), self.span(window)
        if window.date < today or end <= at:
            return NotBookable.OVER
        if (window.date - today).days > self.horizon_days:
            return NotBookable.TOO_FAR
        if window.date in self.closed:
            return NotBookable.CLOSED
        if window not in self.windows_on(window.date):
            return NotBookable.NOT_THEN
        is_late = start < at + timedelta(hours=self.notice_hours)
        return NotBookable.TOO_SOON if is_late else None

    def windows_on(self, day: date) -> Iterator[Window]:
        """The windows offered on that day; none where the business is closed."""
        if day in self.closed:
            return
        for offer in self._by_weekday[day.weekday()]:
            if self.limit(day, offer.name) != 0:
                yield offer.on(day)

    @cached_property
    def _by_weekday(self) -> list[list[WindowOffer]]:
        weekdays = {offer.name: {*offer.weekdays} for offer in self.windows}
        return [
            [offer for offer in self.windows if day in weekdays[offer.name]] for day in range(7)
        ]

    def limit(self, day: date, window: str) -> int | None:
        """The places that the window has at most on that day, if somebody has said so."""
        return self._limits.get((day, window))

    @cached_property
    def _limits(self) -> dict[tuple[date, str], int]:
        """The least, where there are several."""
        every = sorted(self.limits, key=lambda each: -each.places)
        return {(each.date, each.window): each.places for each in every}

    def load(self, name: str) -> Load | None:
        return next((load for load in self.loads if load.name == name), None)

    def places_of(self, load: str) -> int:
        """The places of a window that a job of that load takes; 1 where it is none of ours."""
        return self._places.get(load, 1)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {load.name: load.places for load in self.loads}

    def item(self, name: str) -> ItemOffer | None:
        return next((item for item in self.items if item.name == name), None)

    def serves(self, postcode: str) -> bool:
        """True where the crew drive to that postcode."""
        there = postcode.replace(" ", "").upper()
        areas = (area.replace(" ", "").upper() for area in self.areas)
        return not self.areas or there.startswith(tuple(areas))

    def money(self, amount: Decimal) -> str:
        """`$600`, `$285.50`, `-$20`."""
        whole = amount == amount.to_integral_value()
        figure = f"{abs(amount):,.0f}" if whole else f"{abs(amount):,.2f}"
        sign = "-" if amount < 0 else ""
        return sign + SYMBOLS.get(self.currency, f"{self.currency} ") + figure

    def phone_text(self, phone: str) -> str:
        """A stored number as people here write it; as it is where it is none."""
        return phones.shown(phone, self.country)


@lru_cache(maxsize=1024)  # a board asks it of each job, three times
def _span(window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """In UTC, where a difference of hours is one, even in a night when clocks change."""
    start, end = (
        datetime.combine(window.date, time.fromisoformat(clock), zone).astimezone(UTC)
        for clock in (window.start, window.end)
    )
    return start, end


def _luminance(colour: str) -> float:
    """From 0, black, to 1, white (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
