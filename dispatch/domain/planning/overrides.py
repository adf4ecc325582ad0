"""What a dispatcher has set, without a deployment, over what the businesses file says."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from dispatch.domain.business import Business, Limit
from dispatch.domain.stored.ledger import Ledger, following
from dispatch.domain.stored.record import Record

CLOSED, OPEN = Decimal(1), Decimal(0)


class Subject(NamedTuple):
    """The thing that is set: a day `closed`, the `places` of a window on a day, the price of a
    `load` or an `item`. As text `places 2026-12-24 morning`.
    """

    kind: str
    day: date | None = None
    name: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, str(self.day or ""), self.name)))

    @classmethod
    def of(cls, text: str) -> "Subject":
        """Raises ValueError."""
        kind, _, rest = text.partition(" ")
        if kind in ("load", "item") and rest:
            return cls(kind, None, rest)
        day, _, name = rest.partition(" ")
        if (kind == "closed" and not name) or (kind == "places" and name):
            return cls(kind, date.fromisoformat(day), name)
        raise ValueError(f"{text!r} is nothing that can be set")


class Change(Record, frozen=True):
    """Who set it to what; None is what the file says."""

    at: datetime
    by: str
    before: Decimal | None
    after: Decimal | None


class Override(Record, frozen=True, kw_only=True):
    """One thing that was set, by its Subject: `value` is CLOSED or OPEN, a number of places, or a
    price in the business's currency; None where it was given back to the file.
    """

    id: Annotated[str, Meta(max_length=100)]
    value: Decimal | None
    history: tuple[Change, ...] = ()
    version: int = 1
    updated_at: datetime

    def __post_init__(self) -> None:
        super().__post_init__()
        Subject.of(self.id)

    @property
    def subject(self) -> Subject:
        return Subject.of(self.id)


class Overrides(Ledger[Override]):
    """Everything that was set for one business."""

    schema = 1
    collection = "settings"
    record = Override
    mended_by = "put back by `manage.py crew restore`"

    def of(self, subject: Subject) -> Decimal | None:
        known = self.value(str(subject))
        return known.value if known else None

    def with_value(
        self, subject: Subject, value: Decimal | None, *, by: str, at: datetime
    ) -> "Overrides":
        """Itself where that is how it is."""
        known = self.value(str(subject))
        before = known.value if known else None
        if before == value:
            return self
        change = Change(at=at, by=by, before=before, after=value)
        if known is None:
            return self.put(
                Override(id=str(subject), value=value, history=(change,), updated_at=at)
            )
        version = following(known.version)
        history = (*known.history, change)
        return self.put(
            replace(known, value=value, history=history, version=version, updated_at=at)
        )


def in_force(business: Business, overrides: Overrides) -> Business:
    """The business as it is with what was set; itself where nothing is."""
    closed, limits, prices = {*business.closed}, list[Limit](), dict[tuple[str, str], Decimal]()
    for each in overrides.values:
        subject, value = each.subject, each.value
        match subject.kind, subject.day, value:
            case _, _, None:
                continue
            case "closed", date() as day, _:
                closed = closed | {day} if value else closed - {day}
            case "places", date() as day, _:
                limits.append(Limit(date=day, window=subject.name, places=int(value)))
            case kind, _, _:
                prices[kind, subject.name] = value
    if not any(each.value is not None for each in overrides.values):
        return business
    return replace(
        business,
        closed=tuple(sorted(closed)),
        limits=(*business.limits, *limits),
        loads=tuple(
            replace(load, price=prices.get(("load", load.name), load.price))
            for load in business.loads
        ),
        items=tuple(
            replace(item, price=prices.get(("item", item.name), item.price))
            for item in business.items
        ),
    )
