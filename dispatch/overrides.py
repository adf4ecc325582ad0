"""What a dispatcher sets without a deployment: closed days, places of windows, prices.

All raise StoreUnavailable. Jobs that are booked already stay as they are.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.permissions import Actor
from dispatch.domain.planning.overrides import CLOSED, OPEN, Overrides, Subject


class Wanted(NamedTuple):
    """A price as it is to be, and as it was when somebody looked."""

    price: Decimal
    seen: Decimal


class PriceConflict(Exception):
    """Somebody else has set the price of that load or item meanwhile, to `price`."""

    def __init__(self, subject: Subject, price: Decimal) -> None:
        super().__init__(f"the price of {subject} has changed")
        self.subject, self.price = subject, price


def close(business: Business, day: date, *, by: Actor) -> None:
    _set(business, Subject("closed", day), CLOSED, by)


def open_again(business: Business, day: date, *, by: Actor) -> None:
    """Also a day on which the file says that the business is closed."""
    _set(business, Subject("closed", day), OPEN, by)


def limit(business: Business, day: date, window: str, places: int | None, *, by: Actor) -> None:
    """At most so many places; 0 closes the window, None takes the limit back."""
    value = None if places is None else Decimal(places)
    _set(business, Subject("places", day, window), value, by)


def set_prices(business: Business, wanted: Mapping[Subject, Wanted], *, by: Actor) -> int:
    """How many of them are new. Raises PriceConflict, and then none is set."""
    at, file = wiring.now(), prices(wiring.as_in_file(business))
    changed: list[Subject] = []

    def apply(known: Overrides) -> Overrides:
        changed.clear()
        for subject, (price, seen) in wanted.items():
            before = known.of(subject)
            now = file[subject] if before is None else before
            if price in (seen, now):
                continue
            if now != seen:
                raise PriceConflict(subject, now)
            changed.append(subject)
            value = None if price == file[subject] else price
            known = known.with_value(subject, value, by=by.name, at=at)
        return known

    wiring.overrides(business).change(apply)
    return len(changed)


def prices(business: Business) -> dict[Subject, Decimal]:
    loads = {Subject("load", None, load.name): load.price for load in business.loads}
    return loads | {Subject("item", None, item.name): item.price for item in business.items}


def _set(business: Business, subject: Subject, value: Decimal | None, by: Actor) -> None:
    """What the file says already is no override."""
    at, day = wiring.now(), subject.day
    if subject.kind == "closed" and (value == CLOSED) == (
        day in wiring.as_in_file(business).closed
    ):
        value = None
    wiring.overrides(business).change(
        lambda known: known.with_value(subject, value, by=by.name, at=at)
    )
