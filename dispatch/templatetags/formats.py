"""Template filters: money, times, phones and windows as all pages write them."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from urllib.parse import quote

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dispatch.domain.business import Business, WindowOffer
from dispatch.domain.job import ROLES, Event, Window
from dispatch.domain.roster import Roster
from dispatch.domain.typed import phones

register = template.Library()


@register.filter
def money(amount: Decimal, business: Business) -> str:
    return business.money(amount) if amount else "No price yet"


@register.filter(name="sum")
def total(amount: Decimal, business: Business) -> str:
    return business.money(amount)


@register.filter
def phone(number: str, business: Business) -> str:
    return business.phone_text(number)


@register.filter
def call(number: str, business: Business) -> str:
    """`tel:+16195550142,4471`: at the comma a phone waits, then dials the extension."""
    return "tel:" + ",".join(filter(None, phones.dialled(number, business.country)))


@register.filter
def text(number: str, business: Business) -> str:
    """`sms:+16195550142`: a message goes to no extension."""
    return "sms:" + phones.dialled(number, business.country)[0]


@register.filter
def moment(at: datetime, business: Business) -> SafeString:
    """`May 22, 9:04 AM`, in the business's zone; a script may make it relative."""
    return _time(at, f"{at.astimezone(business.zone):%b %-d, %-I:%M %p}")


@register.filter
def clock(at: datetime, business: Business) -> SafeString:
    """`9:04 AM`, in the business's zone."""
    return _time(at, f"{at.astimezone(business.zone):%-I:%M %p}")


def _time(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', f"{at:%Y-%m-%dT%H:%M:%SZ}", words)


@register.filter
def window(promised: Window | None, business: Business) -> str:
    """`Sat, May 23 · Afternoon, 12–4 PM`, the hours on one line."""
    if promised is None:
        return "No time agreed yet"
    day = f"{promised.date:%a, %b %-d}"
    label = f"{day} · {business.label_of(promised.name)}"
    return format_html('{}, <span class="hours">{}</span>', label, hours(promised))


@register.filter
def hours(promised: Window | WindowOffer) -> str:
    """`12–4 PM`, `8:30 AM–1 PM`, with spaces that no line breaks at."""
    start, end = (time.fromisoformat(text) for text in (promised.start, promised.end))
    same_half = f"{start:%p}" == f"{end:%p}"
    return f"{_short(start, half=not same_half)}–{_short(end, half=True)}"


def _short(at: time, *, half: bool) -> str:
    minutes = f":{at:%M}" if at.minute else ""
    return f"{at:%-I}{minutes}" + (f"\N{NO-BREAK SPACE}{at:%p}" if half else "")


@register.filter
def map_link(address: str) -> str:
    """A search that every phone opens in its own maps."""
    return f"https://www.google.com/maps/search/?api=1&query={quote(' '.join(address.split()))}"


@register.filter
def load_label(name: str, business: Business) -> str:
    """`Full load`; as it is what the business does not offer any more."""
    load = business.load(name)
    return load.label if load else words(name)


@register.filter
def words(name: str) -> str:
    """`first_mate` → `first mate`."""
    return name.replace("_", " ")


@register.filter
def told(event: Event, roster: Roster) -> str:
    """An event other than a move: `Assigned: driver nobody → Ana (insisted)`."""
    what = words(event.what).capitalize() if isinstance(event.what, str) else "Something happened"
    if not isinstance(event.changes, Mapping) or not event.changes:
        return what
    changes = (
        ("" if name == event.what else f"{words(name)} ")
        + f"{_plainly(name, before, roster)} → {_plainly(name, after, roster)}"
        for name, (before, after) in event.changes.items()
    )
    why = f" ({event.reason})" if isinstance(event.reason, str) and event.reason else ""
    return f"{what}: {', '.join(changes)}{why}"


def _plainly(name: str, value: object, roster: Roster) -> str:
    if name in ROLES:
        return roster.name_of(str(value)) if value else "nobody"
    if isinstance(value, dict) and "date" in value:
        return f"{value['date']} {value.get('name', '')}".strip()
    if isinstance(value, float):
        return f"{value:.2f}".removesuffix(".00")
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return " + ".join(f"{line.get('label')} {line.get('amount')}" for line in value)
    return str(value) if value not in (None, "", []) else "nothing"
