"""Template filters: money, times, phones and windows as all pages write them.

A day of another year than this one says so, a clock time of another day too.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from django import template
from django.utils.dateformat import format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _
from msgspec import UnsetType

from dispatch import wiring
from dispatch.domain.business import Business, WindowOffer
from dispatch.domain.job import LONG_AGO, Item, Window
from dispatch.domain.roster import Roster
from dispatch.domain.typed import phones

register = template.Library()
HUES = 12
# Days of this year, and those of others, in Django's letters: a translation may put them in
# another order.
DAY = pgettext_lazy("date", "D, M j"), pgettext_lazy("date", "D, M j, Y")
LONG_DAY = pgettext_lazy("date", "l, F j"), pgettext_lazy("date", "l, F j, Y")
SHORT_DAY = pgettext_lazy("date", "M j"), pgettext_lazy("date", "M j, Y")
CLOCK, HALF = pgettext_lazy("date", "g:i A"), pgettext_lazy("date", "A")
# What we call the roles on a job and the ranks, in a sentence and by themselves.
NAMES = {
    "driver": gettext_lazy("driver"),
    "first_mate": gettext_lazy("first mate"),
    "supervisor": gettext_lazy("supervisor"),
    "viewer": gettext_lazy("viewer"),
    "crew": gettext_lazy("crew"),
    "dispatcher": gettext_lazy("dispatcher"),
}
ROLE_LABELS = {
    "driver": gettext_lazy("Driver"),
    "first_mate": gettext_lazy("First mate"),
    "supervisor": gettext_lazy("Supervisor"),
}
RANK_LABELS = {
    "viewer": gettext_lazy("Viewer"),
    "crew": gettext_lazy("Crew"),
    "dispatcher": gettext_lazy("Dispatcher"),
}


@register.filter
def typed(text: str) -> SafeString:
    """A name, an address, … as somebody typed it: it keeps its own direction among ours, and a
    browser that translates leaves it alone.
    """
    return format_html('<bdi translate="no">{}</bdi>', text)


@register.filter
def money(amount: Decimal | UnsetType | None, business: Business) -> str:
    return business.money(amount) if isinstance(amount, Decimal) else _("No price yet")


@register.filter
def number(count: int) -> str:
    """`10,000`."""
    return f"{count:,}"


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
def saying(address: str, words: str) -> str:
    """`sms:+16195550142?&body=Hello%20Mark`: phones differ in whether `?` or `&` begins it, and
    each passes over the other's sign.
    """
    return f"{address}?&body={quote(words, safe='')}"


@register.filter
def moment(at: datetime, business: Business) -> str:
    """`May 22, 9:04 AM`, in the business's zone; a script may make it relative."""
    if at == LONG_AGO:
        return _("some time ago")
    local = at.astimezone(business.zone)
    day = day_text(local.date(), business, letters=SHORT_DAY)
    return _time(at, f"{day}, {clock_text(local)}")


@register.filter
def clock(at: datetime, business: Business) -> SafeString:
    """`9:04 AM`, in the business's zone; of another day `Fri, May 22, 9:04 AM`."""
    return _time(at, time_text(at, business))


def _time(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', f"{at:%Y-%m-%dT%H:%M:%SZ}", words)


@register.filter
def time_text(moment: datetime, business: Business, at: datetime | None = None) -> str:
    """The time there: `9:04 AM`; of another day than `at`, or now, `Fri, May 22, 9:04 AM`."""
    local, at = moment.astimezone(business.zone), at or wiring.now()
    clock, is_today = clock_text(local), local.date() == business.today(at)
    return clock if is_today else f"{day_text(local.date(), business, at)}, {clock}"


def clock_text(local: datetime) -> str:
    """`9:04 AM`."""
    return _formatted(local.time(), str(CLOCK), get_language())


@lru_cache(maxsize=4096)
def _formatted(value: date | time, letters: str, _language: str | None) -> str:
    """Kept, as pages say few days and hours, and those often: they were a third of the board."""
    return format(value, letters)


def day_text(
    day: date, business: Business, at: datetime | None = None, letters: tuple[Any, Any] = DAY
) -> str:
    """`Sat, May 23`; of another year than `at`, or now, `Mon, Dec 1, 2036`; or as `LONG_DAY` is."""
    this_year, another = letters
    is_this_year = day.year == business.today(at or wiring.now()).year
    return _formatted(day, str(this_year if is_this_year else another), get_language())


@register.filter
def day(date: date, business: Business) -> str:
    """`Sat, May 23`."""
    return day_text(date, business)


@register.simple_tag
def days(first: date, last: date, business: Business) -> str:
    """`Mon, May 18 to Sun, May 24`; of one day it alone."""
    if first == last:
        return day(first, business)
    return _("%(first)s to %(last)s") % {"first": day(first, business), "last": day(last, business)}


@register.filter
def long_day(day: str, business: Business) -> str:
    """`2026-05-23` → `Saturday, May 23`."""
    return day_text(date.fromisoformat(day), business, letters=LONG_DAY)


@register.filter
def own(text: str, business: Business) -> str:
    """A text of the business's own, in the reader's language where there is one."""
    return business.own(text, get_language() or "")


@register.filter
def window_label(name: str, business: Business) -> str:
    return own(business.label_of(name), business)


@register.filter
def window(promised: Window | None, business: Business) -> str:
    """`Sat, May 23 · Afternoon, 12–4 PM`, the hours on one line."""
    if promised is None:
        return _("No time agreed yet")
    label = f"{day(promised.date, business)} · {window_label(promised.name, business)}"
    return format_html('{}, <span class="hours">{}</span>', label, hours(promised))


@register.filter
def day_and_hours(promised: Window, business: Business) -> SafeString:
    """`Saturday, May 23, 12–4 PM`, the day on one line where it fits, the hours always."""
    day = day_text(promised.date, business, letters=LONG_DAY)
    return format_html(
        '<span class="day">{},</span> <span class="hours">{}</span>', day, hours(promised)
    )


@register.filter
def day_and_time(at: datetime, business: Business) -> SafeString:
    """`Saturday, May 23, 2:10 PM`, in the business's zone."""
    local = at.astimezone(business.zone)
    day = day_text(local.date(), business, letters=LONG_DAY)
    return _time(at, f"{day}, {clock_text(local)}")


@register.filter
def hours(promised: Window | WindowOffer) -> str:
    """`12–4 PM`, `8:30 AM–1 PM`, with spaces that no line breaks at."""
    return _hours(promised.start, promised.end, get_language())


@lru_cache(maxsize=1024)
def _hours(first: str, last: str, _language: str | None) -> str:
    start, end = time.fromisoformat(first), time.fromisoformat(last)
    same_half = (start.hour < 12) == (end.hour < 12)
    return f"{_short(start, half=not same_half)}–{_short(end, half=True)}"


def _short(at: time, *, half: bool) -> str:
    clock = format(at, "g:i" if at.minute else "g")
    return f"{clock}\N{NO-BREAK SPACE}{format(at, str(HALF))}" if half else clock


@register.filter
def window_text(promised: Window | None, business: Business) -> str:
    """`Sat, May 23, 12–4 PM`, where there is no markup."""
    if promised is None:
        return _("No time agreed yet")
    return f"{day(promised.date, business)}, {hours(promised)}"


@register.filter
def hue(username: str) -> int:
    """One of the stylesheet's HUES, the same for this member always and everywhere."""
    return blake2b(username.encode(errors="surrogatepass"), digest_size=8).digest()[0] % HUES


@register.filter
def map_link(address: str) -> str:
    """A search that every phone opens in its own maps."""
    return f"https://www.google.com/maps/search/?api=1&query={quote(' '.join(address.split()))}"


@register.simple_tag
def way_to(address: str, *, on_apple: bool) -> str:
    """The way there, in the phone's own maps: Apple's open its maps' address, others their own map
    program for Google's; a browser without one shows the page.
    """
    there = quote(" ".join(address.split()))
    if on_apple:
        return f"https://maps.apple.com/?daddr={there}&dirflg=d"
    return f"https://www.google.com/maps/dir/?api=1&destination={there}"


@register.filter
def load_label(name: str, business: Business) -> str:
    """`Full load`; as it is what the business does not offer any more."""
    load = business.load(name)
    return own(load.label, business) if load else words(name)


@register.filter
def named(roster: Roster, username: str) -> str:
    """The member's name."""
    return roster.name_of(username)


@register.filter
def item_label(item: Item, business: Business) -> str:
    """`2 × Mattress`."""
    offer = business.item(item.name)
    return f"{item.count} × {own(offer.label, business) if offer else words(item.name)}"


@register.filter
def words(name: str) -> str:
    """`first_mate` → `first mate`."""
    return str(NAMES.get(name) or name.replace("_", " "))


@register.filter
def percent(rate: float | None) -> str:
    """`87 %`; a dash where there is nothing to have a rate of."""
    return "–" if rate is None else f"{rate:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


@register.filter
def duration(length: timedelta) -> str:
    """`1 day 4 h`, `2 h 10 min`, `35 min`, with spaces that no line breaks at."""
    minutes = round(length.total_seconds() / 60)
    days, rest = divmod(minutes, 24 * 60)
    parts = [
        ngettext("%(count)d day", "%(count)d days", days) % {"count": days} if days else "",
        _("%(count)d h") % {"count": rest // 60} if rest >= 60 else "",
        _("%(count)d min") % {"count": rest % 60} if rest % 60 and not days else "",
    ]
    said = " ".join(filter(None, parts)) or _("under a minute")
    return said.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def webcal(url: str) -> str:
    """`webcal://…`, which phones hand to their calendar."""
    return "webcal" + url[url.index(":") :]
