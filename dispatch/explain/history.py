"""What has happened to a job, in words."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.domain.availability import INSISTED, SICK
from dispatch.domain.business import Business
from dispatch.domain.job import REDACTED, ROLES, Event, Item, Window
from dispatch.domain.moves import COULD_NOT, FOLDED, UNDO
from dispatch.domain.outbox.consent import CONSENT
from dispatch.domain.outbox.message import SENT_AGAIN, Channel
from dispatch.domain.outbox.stops import RESUMED
from dispatch.domain.roster import Roster
from dispatch.domain.stored.record import utc
from dispatch.domain.visit.letter import ANSWERED, WRITTEN
from dispatch.domain.visit.money import (
    PAYMENT,
    PAYMENT_REVERSED,
    PAYMENTS,
    QUOTE_ACCEPTED,
    QUOTE_DECLINED,
    QUOTE_WITHDRAWN,
    QUOTED,
    Paid,
    Payment,
    PriceLine,
)
from dispatch.domain.visit.photo import Kind
from dispatch.explain.words import name_of, told, when
from dispatch.templatetags.formats import (
    clock_text,
    day_text,
    hours,
    item_label,
    own,
    time_text,
    typed,
)
from dispatch.templatetags.formats import words as words_of

# Of the values in a history those that are more than a text.
VALUES: dict[str, Any] = {
    "price": Decimal | None,
    "price_lines": tuple[PriceLine, ...],
    "items": tuple[Item, ...],
    "window": Window | None,
    "eta": datetime | None,
    "payments": Payment | None,
}
# The fields of a job as people call them.
FIELDS = {
    "customer_name": gettext_lazy("name"),
    "phone": gettext_lazy("phone"),
    "email": gettext_lazy("e-mail"),
    "location": gettext_lazy("address"),
    "postcode": gettext_lazy("postcode"),
    "description": gettext_lazy("description"),
    "items": gettext_lazy("items"),
    "load": gettext_lazy("load"),
    "access_notes": gettext_lazy("access notes"),
    "truck": gettext_lazy("truck"),
    "price": gettext_lazy("price"),
    "price_lines": gettext_lazy("parts of the price"),
    "window": gettext_lazy("window"),
    "language": gettext_lazy("language"),
    "sms": gettext_lazy("text messages"),
    "driver": gettext_lazy("driver"),
    "first_mate": gettext_lazy("first mate"),
    "supervisor": gettext_lazy("supervisor"),
    "eta": gettext_lazy("estimate"),
    "answer": gettext_lazy("answer"),
    "payments": gettext_lazy("payments"),
}
EVENTS = {
    "edited": gettext_lazy("Edited"),
    "assigned": gettext_lazy("Assigned"),
    "eta": gettext_lazy("Estimate"),
    CONSENT: gettext_lazy("Consent"),
    RESUMED[Channel.EMAIL]: gettext_lazy("They asked for e-mail again"),
    RESUMED[Channel.SMS]: gettext_lazy("They asked for text messages again"),
    "on_my_way": gettext_lazy("On the way"),
    "link_revoked": gettext_lazy("The link was taken away"),
    "link_renewed": gettext_lazy("A new link was made"),
    "restored": gettext_lazy("Put back as it was before"),
    SENT_AGAIN: gettext_lazy("Sent a message again"),
    REDACTED: gettext_lazy("The customer’s data was removed"),
    QUOTED: gettext_lazy("Offered a new price"),
    QUOTE_ACCEPTED: gettext_lazy("The customer said yes to a new price"),
    QUOTE_DECLINED: gettext_lazy("The customer said no to a new price"),
    QUOTE_WITHDRAWN: gettext_lazy("Took the offer back"),
    WRITTEN: gettext_lazy("Wrote a message"),
    ANSWERED: gettext_lazy("Answered the customer's message"),
    PAYMENT: gettext_lazy("Took a payment"),
    PAYMENT_REVERSED: gettext_lazy("Took a payment back"),
}
PHOTOS = {
    Kind.REQUEST: gettext_lazy("From the customer"),
    Kind.BEFORE: gettext_lazy("Before"),
    Kind.AFTER: gettext_lazy("After"),
    Kind.PROBLEM: gettext_lazy("Problem"),
}
REASONS = {
    INSISTED: gettext_lazy("all the same"),
    SICK: gettext_lazy("called in sick"),
    UNDO: gettext_lazy("Taken back"),
}
METHODS = {
    "cash": gettext_lazy("Cash"),
    "check": gettext_lazy("Check"),
    "card": gettext_lazy("Card"),
    "invoice": gettext_lazy("Invoice"),
    "other": gettext_lazy("Paid otherwise"),
}


def in_words(event: Event, business: Business, roster: Roster) -> SafeString:
    """`Edited: price $320 → $0`, `Assigned: driver nobody → Ana (all the same)`; of a move its
    reason, `No access: dog`.
    """
    reason = event.reason or ""
    if event.what == FOLDED and event.count:
        words = ngettext(
            "Moved it back and forth, %(count)s time in all until then",
            "Moved it back and forth, %(count)s times in all until then",
            event.count,
        )
        return format_html("{}", words % {"count": f"{event.count:,}"})
    if event.is_move:
        return format_html("<bdi>{}</bdi>", reason_in_words(event))
    if event.what == "photos" and event.count:
        return format_html("{}", photos_text(event.count, reason))
    what = (
        EVENTS.get(event.what or "") or words_of(event.what or _("something happened")).capitalize()
    )
    changes = format_html_join(
        ", ",
        "{}{}",
        (
            (
                ""
                if name in (event.what, "payments")
                else f"{FIELDS.get(name) or words_of(name)} ",
                _change_in_words(name, values, event, business, roster),
            )
            for name, values in (event.changes or {}).items()
        ),
    )
    why = format_html(" (<bdi>{}</bdi>)", REASONS.get(reason, reason)) if reason else ""
    return format_html("{}{}{}{}", what, ": " if changes else "", changes, why)


def _change_in_words(
    name: str, values: tuple[Any, Any], event: Event, business: Business, roster: Roster
) -> SafeString:
    """`$320 → $0`; of a payment, which comes or goes, that one."""
    told = [value for value in values if value is not None] if event.what in PAYMENTS else values
    words = ((value_in_words(name, value, event, business, roster),) for value in told)
    return format_html_join(" → ", "<bdi>{}</bdi>", words)


def photos_text(count: int, kind: str) -> str:
    """`2 photos added: Before`."""
    added = ngettext("%(count)d photo added", "%(count)d photos added", count) % {"count": count}
    return f"{added}: {PHOTOS[Kind(kind)]}" if kind in [*Kind] else added


def value_in_words(name: str, value: Any, event: Event, business: Business, roster: Roster) -> str:
    """A field's value of then, as JSON has it: of our writing, or anything that a file said."""
    with suppress(ValueError):
        value = msgspec.convert(value, VALUES.get(name, Any))
    match value:
        case None | "" | [] | ():
            return {
                "price": _("no price yet"),
                **dict.fromkeys(ROLES, _("nobody")),
            }.get(name, _("nothing"))
        case Decimal() if value.is_finite():
            return business.money(value)
        case Payment():
            return f"{business.money(value.amount)}, {method_text(value.method)}"
        case Window():
            is_usual = value == (business.agreed_window(value.date, value.name) or value)
            return when(value, business) + ("" if is_usual else f", {hours(value)}")
        case datetime():
            return time_text(utc(value), business, event.at)
        case (Item(), *_):
            return ", ".join(item_label(each, business) for each in value)
        case tuple():
            return " + ".join(
                f"{own(each.label, business)} {business.money(each.amount)}" for each in value
            )
        case list():
            return ", ".join(value_in_words("", each, event, business, roster) for each in value)
        case dict():
            parts = value.items()
            return ", ".join(
                f"{key} {value_in_words('', each, event, business, roster)}" for key, each in parts
            )
        case bool():
            return _("yes") if value else _("no")
    if name in ROLES:
        return roster.name_of(str(value))
    if name == "phone":
        return business.phone_text(str(value))
    load = business.load(str(value)) if name == "load" else None
    return own(load.label, business) if load else str(value)


def failed_text(failed: Event, roster: Roster, business: Business) -> SafeString:
    """`No access: gate locked (Joel, Fri, May 22, 12:10 PM)`, of a visit that came to nothing."""
    at = failed.moment.astimezone(business.zone)
    day = day_text(at.date(), business)
    why, who = reason_in_words(failed), name_of(failed.by, roster)
    then = f"{day}, {clock_text(at)}"
    return format_html("<bdi>{}</bdi> ({}, {})", why, typed(who), then)


def reason_in_words(move: Event) -> str:
    """`no_access: dog` is `No access: dog`."""
    parts = (move.reason or "").split(": ")
    return ": ".join(told(COULD_NOT.get(part) or str(REASONS.get(part, part))) for part in parts)


def payment_text(payment: Payment | Paid, business: Business, roster: Roster) -> SafeString:
    """`Cash (Joel, May 22, 12:10 PM)`."""
    method = method_text(payment.method)
    who, then = typed(name_of(payment.by, roster)), time_text(payment.at, business)
    return format_html("{} ({}, {})", method, who, then)


def method_text(method: str) -> str:
    return str(METHODS.get(method) or words_of(method).capitalize())
