"""Every rule on what may be typed or sent about a job, each with its one sentence.

Forms, API and commands call it alike: what one of them refuses, all refuse in the same words.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from msgspec import UNSET

from dispatch.domain.business import Business, Load
from dispatch.domain.job import EDITABLE, ROLES, Item, Job, Window
from dispatch.domain.typed import amounts, phones
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import (
    CONTROL,
    CONTROL_OR_TURN,
    NOTHING,
    TURNS,
    lines,
    without_marks,
)
from dispatch.domain.visit.money import PriceLine

LONGEST = {  # characters
    "customer_name": 120,
    "phone": 40,
    "email": 254,
    "location": 300,
    "postcode": 12,
    "language": 2,
    "description": 1000,
    "load": 32,
    "access_notes": 1000,
    "truck": 40,
    "window": 32,  # its name
    "label": 120,  # of a price line
    "text": 2000,  # of a note
    "reason": 500,
    "name": 80,  # of a member
    **dict.fromkeys(ROLES, 32),  # usernames
}
POSTCODE = re.compile("[A-Z0-9][A-Z0-9 -]+")
REQUIRED = {
    "customer_name": _("Please give a name."),
    "name": _("Please give a name."),
    "location": _("Please give an address."),
    "text": _("Write something first."),
}
FREE = (
    "access_notes",
    "description",
    "text",
)  # of many lines, in whatever direction; the others are of one
MOST_LINES = 50
MOST_ITEMS = 99  # of one kind
MOST_PRICE = Decimal(99_999)  # in the business's currency
FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2199, 12, 31)

DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLOCK = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOMAIN = r"([^\W_]([^\W_]|-){0,61}[^\W_]|[^\W_])"
EMAIL = re.compile(rf"{ATOM}(\.{ATOM})*@{DOMAIN}(\.{DOMAIN})*\.[^\W_]([^\W_]|-){{0,61}}[^\W_]")
CENT = Decimal("0.01")


class InvalidInput(ValueError):
    """Carries a sentence for each wrong field: `{"window.date": "That is no date …"}`."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
        self.errors = errors


def clean(
    given: Mapping[str, object], business: Business, job: Job | None = None
) -> dict[str, Any]:
    """Those of EDITABLE that were given, as a job has them. Raises InvalidInput.

    Values come as typed or as JSON has them: an amount may be a text or a number, a window is a
    mapping of `date`, `name` and, where they are not the business's, `start` and `end`. What
    `job` has already passes as it is, even where it would be refused today. A new job without a
    price has that of its load and items.
    """
    fields: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in EDITABLE:
        if name in given:
            try:
                fields[name] = _field(name, given[name], business, job)
            except InvalidInput as invalid:
                errors |= invalid.errors
    if errors:
        raise InvalidInput(errors)
    load = None if job else business.load(fields.get("load", ""))
    if fields.get("price_lines"):
        _add_up(fields, job)
    elif load and given.get("price") in (None, ""):
        fields |= load_price(load, fields.get("items", ()), business)
    return fields


def load_price(load: Load | None, items: tuple[Item, ...], business: Business) -> dict[str, Any]:
    """The `price` of a load, and with items, or of items alone, the `price_lines` that it is the
    sum of.
    """
    if load and not items:
        return {"price": load.price}
    loaded = [PriceLine(label=load.label, amount=load.price)] if load else []
    lines = [*loaded, *item_lines(items, business)]
    return {"price": sum((line.amount for line in lines), Decimal(0)), "price_lines": tuple(lines)}


def item_lines(items: tuple[Item, ...], business: Business) -> list[PriceLine]:
    """`2 × Mattress`, for so many of what the business takes."""
    lines = []
    for item in items:
        if offer := business.item(item.name):
            label = offer.label if item.count == 1 else f"{item.count} × {offer.label}"
            lines.append(PriceLine(label=label, amount=offer.price * item.count))
    return lines


def text(name: str, value: object, *, at: str = "") -> str:
    """A note's `text`, a move's `reason`, or a text of a job, trimmed.

    Raises InvalidInput, which calls the field `at` where that is not its name.
    """
    at = at or name
    if not isinstance(value, str | None):
        raise InvalidInput({at: _("It must be text.")})
    typed = lines(value or "")
    if (CONTROL if name in FREE else CONTROL_OR_TURN).search(typed):
        raise InvalidInput({at: _("It has control characters in it.")})
    typed = typed.strip().strip("\N{BYTE ORDER MARK}").strip()
    if len(typed) > LONGEST[name]:
        raise InvalidInput({at: _too_long(len(typed), LONGEST[name])})
    if name in REQUIRED and NOTHING.fullmatch(typed):
        raise InvalidInput({at: REQUIRED[name]})
    return typed


def _too_long(count: int, most: int) -> str:
    return _("It has %(count)d characters; at most %(most)d fit.", count=count, most=most)


def phone(value: object, business: Business) -> str:
    """In E.164, or empty. Raises InvalidInput."""
    typed = text("phone", _without_turns(value))
    try:
        return phones.read(typed, business.country) if typed else ""
    except phones.NoNumber as error:
        raise InvalidInput({"phone": error.sentence}) from None


def email(value: object) -> str:
    """Raises InvalidInput."""
    typed = without_marks(text("email", _without_turns(value)))
    if typed and not EMAIL.fullmatch(typed):
        raise InvalidInput({"email": _("That does not look like an e-mail address.")})
    return typed


def language(value: object, business: Business) -> str:
    """One of those that the business writes in, or empty. Raises InvalidInput."""
    typed = text("language", value)
    if typed and typed not in business.languages:
        names = ", ".join(business.languages)
        raise InvalidInput({"language": _("It must be one of %(names)s.", names=names)})
    return typed


def _without_turns(value: object) -> object:
    """Address books put marks around what they give out that only its direction needs."""
    return re.sub(f"[{TURNS}]", "", value) if isinstance(value, str) else value


def member(given: Mapping[str, str], business: Business) -> dict[str, str]:
    """Those of a member's `name`, `phone` and `email` that were given. Raises InvalidInput."""
    fields: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, value in given.items():
        try:
            match name:
                case "name":
                    fields[name] = " ".join(text(name, value).split())
                case "phone":
                    fields[name] = phone(value, business)
                case "email":
                    fields[name] = email(value)
        except InvalidInput as invalid:
            errors |= invalid.errors
    if errors:
        raise InvalidInput(errors)
    return fields


def date_of(typed: str, at: str) -> date:
    """Raises InvalidInput, which calls the field `at`."""
    try:
        day = date.fromisoformat(typed if DATE.fullmatch(typed) else "")
    except ValueError:
        raise InvalidInput({at: _("That is no date such as 2026-05-23.")}) from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise InvalidInput({at: _from_to(FIRST_DATE.year, LAST_DATE.year)})
    return day


def days(first: str, last: str, most: int) -> tuple[date, date]:
    """The days `from` and `to`, so many at `most` with both. Raises InvalidInput."""
    start, end = date_of(first, "from"), date_of(last, "to")
    if end < start:
        raise InvalidInput({"to": _("That is before the first day.")})
    if (end - start).days >= most:
        raise InvalidInput(
            {"to": _("That is too far off: %(most)d days at once are the most.", most=most)}
        )
    return start, end


def roles(given: Mapping[str, Any], job: Job | None = None) -> dict[str, str | None]:
    """Usernames by those roles that were given; None for nobody. Raises InvalidInput."""
    old = {role: getattr(job.crew, role) for role in ROLES} if job else {}
    return {
        role: name if name and name == old.get(role) else text(role, name).lower() or None
        for role, name in given.items()
        if role in ROLES
    }


def _field(name: str, value: object, business: Business, job: Job | None) -> Any:
    old = getattr(job, name, None)
    if isinstance(old, str) and isinstance(value, str):
        shown = business.phone_text(old) if name == "phone" else old
        if lines(value).strip() in (lines(old).strip(), lines(shown).strip()):
            return old
    match name:
        case "price":
            is_given = value is not None and str(value).strip()
            return _amount(name, value, business, old=old) if is_given else UNSET
        case "items":
            return _items(value, business, old or ())
        case "price_lines":
            return _price_lines(value, business, old or ())
        case "window":
            return _window(value, business, old)
        case "phone":
            return phone(value, business)
        case "email":
            return email(value)
        case "language":
            return language(value, business)
    typed = text(name, value)
    if name == "postcode" and typed and not POSTCODE.fullmatch(typed := typed.upper()):
        raise InvalidInput({"postcode": _("That is no postcode such as 92104.")})
    if name == "load" and typed and not business.load(typed):
        names = ", ".join(load.name for load in business.loads)
        raise InvalidInput({"load": _("There is no such load; there are %(names)s.", names=names)})
    return typed


def amount(at: str, typed: str, business: Business) -> Decimal:
    """An amount that is none of a job's prices; 0 where nothing was typed. Raises InvalidInput."""
    return _amount(at, typed, business)


def _amount(
    at: str,
    value: object,
    business: Business,
    *,
    least: Decimal = Decimal(0),
    old: Decimal | None = None,
) -> Decimal:
    """In cents, written in one way only, so that 600 and "600.00" are the same."""
    typed = "" if value is None else str(value).strip()
    try:
        amount = amounts.read(typed or "0", business.currency)
    except amounts.NoAmount as error:
        raise InvalidInput({at: error.sentence}) from None
    if amount == old:
        return old
    if not least <= amount <= MOST_PRICE:
        raise InvalidInput({at: _from_to(f"{least:,}", f"{MOST_PRICE:,}")})
    if amount != amount.quantize(CENT):
        raise InvalidInput({at: _("It has more than two decimals.")})
    whole = amount == amount.to_integral_value()
    return amount.quantize(Decimal(1) if whole else CENT) if amount else Decimal(0)


def _price_lines(
    value: object, business: Business, old: tuple[PriceLine, ...]
) -> tuple[PriceLine, ...]:
    given = value or ()
    if not isinstance(given, list | tuple) or not all(isinstance(each, Mapping) for each in given):
        raise InvalidInput({"price_lines": _("It must be a list of labels and amounts.")})
    if len(given) > MOST_LINES:
        raise InvalidInput(
            {
                "price_lines": _(
                    "It has %(count)d lines; at most %(most)d fit.",
                    count=len(given),
                    most=MOST_LINES,
                )
            }
        )
    taken = []
    for place, (line, known) in enumerate(zip_longest(given, old[: len(given)])):
        at, label = f"price_lines[{place}]", line.get("label")
        if not (known and label == known.label):
            label = text("label", label, at=f"{at}.label")
        before = known.amount if known else None
        asked = line.get("amount")
        amount = _amount(f"{at}.amount", asked, business, least=-MOST_PRICE, old=before)
        taken.append(PriceLine(label=label, amount=amount))
    return tuple(taken)


def _items(value: object, business: Business, old: tuple[Item, ...]) -> tuple[Item, ...]:
    given = value or ()
    if not isinstance(given, list | tuple) or not all(isinstance(each, Mapping) for each in given):
        raise InvalidInput({"items": _("It must be a list of names and counts.")})
    known, taken = {item.name for item in old}, dict[str, Item]()
    for place, each in enumerate(given):
        name, count = each.get("name"), each.get("count", 1)
        if not isinstance(name, str) or not (business.item(name) or name in known):
            raise InvalidInput({f"items[{place}].name": _no_item(business)})
        if not isinstance(count, int) or not 1 <= count <= MOST_ITEMS:
            raise InvalidInput({f"items[{place}].count": _from_to(1, MOST_ITEMS)})
        if name in taken:
            raise InvalidInput({f"items[{place}].name": _("It is there twice.")})
        taken[name] = Item(name=name, count=count)
    return tuple(taken.values())


def _no_item(business: Business) -> str:
    if names := ", ".join(item.name for item in business.items):
        return _("There is no such item; there are %(names)s.", names=names)
    return _("There is no such item; there are none.")


def _from_to(least: object, most: object) -> str:
    return _("It must be from %(least)s to %(most)s.", least=least, most=most)


def _add_up(fields: dict[str, Any], job: Job | None) -> None:
    """With lines, the price is their sum. Raises InvalidInput."""
    lines: tuple[PriceLine, ...] = fields["price_lines"]
    total = sum((line.amount for line in lines), Decimal(0))
    is_old = job is not None and lines == job.price_lines
    if not is_old and not 0 <= total <= MOST_PRICE:
        raise InvalidInput(
            {"price_lines": _("Their sum must be from 0 to %(most)s.", most=f"{MOST_PRICE:,}")}
        )
    if fields.setdefault("price", total) != total:
        raise InvalidInput({"price": _("It is not the sum of its lines, %(total)s.", total=total)})


def _window(value: object, business: Business, old: Window | None) -> Window | None:
    """With the business's times, unless others are given; what was agreed stays agreed."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInput({"window": _("It must have a date and a name.")})
    typed, name = str(value.get("date") or ""), text("window", value.get("name"))
    if not typed or not name:
        missing = "window" if typed else "window.date"
        raise InvalidInput({missing: _("Give both the date and the window.")})
    offer = old if old and old.name == name else None
    if offer and offer.date.isoformat() == typed:
        day = offer.date
    else:
        day = date_of(typed, "window.date")
        offer = business.agreed_window(day, name) or offer
    start, end = (_clock(which, value.get(which), offer) for which in ("start", "end"))
    if not start or not end:
        names = ", ".join(each.name for each in business.windows)
        raise InvalidInput(
            {"window": _("There is no window of that name; there are %(names)s.", names=names)}
        )
    window = Window(date=day, name=name, start=start, end=end)
    if end <= start and window != old:
        raise InvalidInput({"window": _("It ends before it starts.")})
    return window


def _clock(which: str, value: object, offer: Window | None) -> str | None:
    if value is None:
        return getattr(offer, which, None)
    if not isinstance(value, str) or not CLOCK.fullmatch(value):
        raise InvalidInput({f"window.{which}": _("Write a time as 14:30.")})
    return value
