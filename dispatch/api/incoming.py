"""What a client says of a job, checked and tidied. Raises Invalid, naming every wrong field."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from msgspec import UNSET, UnsetType

from dispatch.api.bounds import CONTROL, FIRST_DATE, LAST_DATE, MOST_LINES
from dispatch.api.problems import Invalid, Wrong
from dispatch.api.shapes import GivenCrew, GivenFields, GivenPriceLine, GivenWindow
from dispatch.domain.business import Business
from dispatch.domain.job import EDITABLE, ROLES, Crew, Job, PriceLine, Window
from dispatch.domain.limits import LONGEST, LONGEST_NAME, MOST_PRICE

CENT = Decimal("0.01")


class Unfit(ValueError):
    """Why a value cannot be taken; the field's name is known further up."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a value is checked against: the business, and the job as it was, if it is known."""

    business: Business
    job: Job | None = None


def job_fields(given: GivenFields, context: Context) -> dict[str, Any]:
    """The fields that were given, under their own names, as a job has them."""
    wrong: list[Wrong] = []
    fields: dict[str, Any] = {}
    for name in EDITABLE:
        value = getattr(given, name)
        if value is UNSET:
            continue
        try:
            fields[name] = _CLEANERS.get(name, _text(name))(value, context)
        except Unfit as unfit:
            wrong.append(Wrong(name, str(unfit)))
    if not wrong:
        wrong += _settle_price(fields)
    if wrong:
        raise Invalid(*wrong)
    return fields


def set_load_price(fields: dict[str, Any], given: GivenFields, business: Business) -> None:
    """A new job's price is its load's where none was given."""
    load = business.load(fields.get("load", ""))
    if load and given.price in (UNSET, None) and not fields.get("price_lines"):
        fields["price"] = load.price


def roles(given: GivenCrew) -> dict[str, str | None]:
    """The roles that were given."""
    named = {role: getattr(given, role) for role in ROLES}
    return {
        role: (text(role, name, LONGEST_NAME).lower() or None) if name else None
        for role, name in named.items()
        if name is not UNSET
    }


def crew(given: GivenCrew) -> Crew:
    return Crew(**roles(given))


def version(given: int | UnsetType | None) -> int | None:
    """The version of the job that the client saw, if it said so."""
    return None if given is UNSET else given


def text(name: str, value: str, longest: int, *, needed: bool = False) -> str:
    try:
        return _tidy(value, longest, needed=needed)
    except Unfit as unfit:
        raise Invalid.field(name, str(unfit)) from None


def _tidy(value: str, longest: int, *, needed: bool = False) -> str:
    tidied = value.strip()
    if CONTROL.search(tidied):
        raise Unfit("There are control characters in it.")
    if len(tidied) > longest:
        raise Unfit(f"It has {len(tidied)} characters; {longest} is the most.")
    if needed and not tidied:
        raise Unfit("It must not be empty.")
    return tidied


def _text(name: str) -> Callable[[str | None, Context], str]:
    needed = name in ("customer_name", "location")
    return lambda value, _: _tidy(value or "", LONGEST[name], needed=needed)


def _phone(value: str | None, context: Context) -> str:
    tidied = _tidy(value or "", LONGEST["phone"])
    return context.business.phone_e164(tidied) or tidied


def _email(value: str | None, _: Context) -> str:
    tidied = _tidy(value or "", LONGEST["email"])
    try:
        if tidied:
            validate_email(tidied)
    except ValidationError:
        raise Unfit("That is no e-mail address.") from None
    return tidied


def _load(value: str | None, context: Context) -> str:
    tidied = _tidy(value or "", LONGEST["load"])
    as_it_was = context.job is not None and tidied == context.job.load
    if tidied and not as_it_was and context.business.load(tidied) is None:
        names = ", ".join(load.name for load in context.business.loads)
        raise Unfit(f"There is no such load; there are {names}.")
    return tidied


def _price(value: Decimal | None, _: Context) -> Decimal:
    return _money(value if value is not None else Decimal(0), least=Decimal(0))


def _price_lines(value: tuple[GivenPriceLine, ...] | None, _: Context) -> tuple[PriceLine, ...]:
    if value and len(value) > MOST_LINES:
        raise Unfit(f"There are {len(value)} lines; {MOST_LINES} is the most.")
    return tuple(
        PriceLine(
            label=_tidy(line.label, LONGEST["customer_name"]),
            amount=_money(line.amount, least=-MOST_PRICE),
        )
        for line in value or ()
    )


def _window(value: GivenWindow | None, context: Context) -> Window | None:
    if value is None:
        return None
    if not FIRST_DATE <= value.date <= LAST_DATE:
        raise Unfit("That is no date for a pickup.")
    known = context.job.window if context.job else None
    offer = context.business.agreed_window(value.date, value.name)
    if known and (known.date, known.name) == (value.date, value.name):
        offer = known  # what was agreed stays agreed, though the business has other times now
    start, end = value.start or (offer and offer.start), value.end or (offer and offer.end)
    if not start or not end:
        names = ", ".join(each.name for each in context.business.windows)
        raise Unfit(f"There is no window of that name; there are {names}. Or say start and end.")
    if end <= start:
        raise Unfit("It ends before it starts.")
    return Window(
        date=value.date, name=_tidy(value.name, LONGEST_NAME, needed=True), start=start, end=end
    )


def _money(amount: Decimal, least: Decimal) -> Decimal:
    """In cents, written in one way only, so that 600 and "600.00" are the same."""
    if not amount.is_finite() or not least <= amount <= MOST_PRICE:
        raise Unfit(f"It must be from {least} to {MOST_PRICE}.")
    if amount != amount.quantize(CENT):
        raise Unfit("It has more than two decimals.")
    whole = amount == amount.to_integral_value()
    return amount.quantize(Decimal(1) if whole else CENT) if amount else Decimal(0)


def _settle_price(fields: dict[str, Any]) -> list[Wrong]:
    """With lines, the price is their sum."""
    lines = fields.get("price_lines")
    if not lines:
        return []
    total = sum((line.amount for line in lines), Decimal(0))
    if not 0 <= total <= MOST_PRICE:
        return [Wrong("price_lines", f"Their sum must be from 0 to {MOST_PRICE}.")]
    if fields.setdefault("price", total) != total:
        return [Wrong("price", f"It is not the sum of its lines, {total}.")]
    return []


_CLEANERS: dict[str, Callable[[Any, Context], Any]] = {
    "phone": _phone,
    "email": _email,
    "load": _load,
    "price": _price,
    "price_lines": _price_lines,
    "window": _window,
}
