"""A job's money: what its price is made of, what was paid, and a price that waits for a yes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta
from msgspec.structs import force_setattr

from dispatch.domain.stored.record import Record

MOST_MONEY = Decimal(10_000_000)
FLOAT_NOISE = Decimal("0.000001")  # old files say 30.000000000000004
METHODS = ("cash", "check", "card", "invoice", "other")
ACCEPTED, DECLINED = "accepted", "declined"
# What a history calls it: of prices that are offered, and of payments.
QUOTED, QUOTE_WITHDRAWN = "quoted", "quote_withdrawn"
QUOTE_ACCEPTED, QUOTE_DECLINED = "quote_accepted", "quote_declined"
PAYMENT, PAYMENT_REVERSED = "payment", "payment_reversed"
OFFERS = (QUOTED, QUOTE_WITHDRAWN, QUOTE_DECLINED)  # which tell of a price and leave it as it is
PAYMENTS = (PAYMENT, PAYMENT_REVERSED)
MONEY_EVENTS = (*OFFERS, QUOTE_ACCEPTED, *PAYMENTS)


class PriceLine(Record, frozen=True):
    """One line of the price, in the business's currency."""

    label: str
    amount: Decimal

    def __post_init__(self) -> None:
        force_setattr(self, "amount", cents(self.amount, least=-MOST_MONEY))


class Paid(Record, frozen=True):
    amount: Decimal
    method: str
    at: datetime
    by: str

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "amount", cents(self.amount))


class Payment(Record, frozen=True):
    """One payment; a `reversed` one was taken back and counts no more."""

    id: Annotated[str, Meta(min_length=1)]
    amount: Decimal
    method: str
    at: datetime
    by: str
    reversed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        force_setattr(self, "amount", cents(self.amount))


class Quote(Record, frozen=True):
    """A price that waits, or waited, for the customer's yes: `answer` is None, `accepted` or
    `declined`; `answered_by` the member on whose phone they said it, or `customer`, and
    `answered_name` the name that they gave there. What others have written may lack any of it.
    """

    id: str = ""
    amount: Decimal | None = None
    lines: tuple[PriceLine, ...] = ()
    at: datetime | None = None
    by: str = ""
    answer: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answered_name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.amount is not None:
            force_setattr(self, "amount", cents(self.amount))

    @property
    def waits(self) -> bool:
        return self.answer is None


def sum_of(payments: Sequence[Payment]) -> Paid | None:
    """As much as was paid, the latest way and time; None where all of it was taken back."""
    kept = [payment for payment in payments if not payment.reversed]
    if not kept:
        return None
    last = max(reversed(kept), key=lambda payment: payment.at)  # of the same second the last
    total = sum((payment.amount for payment in kept), Decimal(0))
    return Paid(amount=total, method=last.method, at=last.at, by=last.by)


def cents(amount: Decimal, least: Decimal = Decimal(0)) -> Decimal:
    """The amount without the noise of a float. Raises ValueError for what is no such amount."""
    if not amount.is_finite() or not least <= amount <= MOST_MONEY:
        raise ValueError(f"an amount of {amount} is out of range")
    rounded = round(amount, 2)
    if abs(amount - rounded) > FLOAT_NOISE:
        raise ValueError(f"an amount of {amount} has more than two decimals")
    return amount if amount == rounded else rounded
