"""The markup of a stop, kept for as long as it shows the same."""

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

from django.middleware.csrf import get_token
from django.template import Context, Template
from django.template.loader import get_template
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job_input import LONGEST
from dispatch.domain.moves import UNDO
from dispatch.explain.words import could_not
from dispatch.http import SiteRequest
from dispatch.models import CrewUser
from dispatch.views.visit.album import album_of
from dispatch.views.visit.money import money_of
from dispatch.views.visit.stop import MINUTES, USUAL, Stop
from dispatch.views.visit.stops import Day

# What stands in kept markup for that which each page has of its own. Nobody can type them.
TOKEN, KEY, OFFER = (get_random_string(40) for _ in range(3))
OWN = re.compile(f"({TOKEN}|{KEY}|{OFFER})")
# Whose own maps are Apple's. A tablet of theirs says that it is a Macintosh.
APPLE = ("iPhone", "iPad", "Macintosh")


class Next(NamedTuple):
    """The stop to go on to."""

    id: str
    name: str


@dataclass(frozen=True)
class Shown:
    """All that the markup of a stop shows. Equal ones, equal markup."""

    stop: Stop = field(compare=False)  # its ETag stands for it
    etag: str
    business: Business = field(hash=False)
    today: date
    language: str | None
    asks: CrewUser = field(compare=False)
    asker: tuple[str, str]  # their username and rank
    query: str  # of the day's address
    on_apple: bool
    is_open: bool = False
    is_first: bool = False  # of those to come
    is_last: bool = False
    next: Next | None = None


@dataclass(frozen=True)
class Markup:
    """The markup of a day's stops, for one request."""

    request: SiteRequest
    day: Day
    query: str
    key: str

    def large(self) -> SafeString:
        stop, after = self.day.open, self.day.next
        if stop is None:
            return SafeString()
        next_one = Next(after.job.id, after.job.customer_name) if after else None
        return self._of(stop, is_open=True, next=next_one)

    def rest(self) -> list[SafeString]:
        stops = self.day.rest
        return [
            self._of(stop, is_first=stop is stops[0], is_last=stop is stops[-1]) for stop in stops
        ]

    def done(self) -> list[SafeString]:
        return [self._of(stop) for stop in self.day.done]

    def _of(self, stop: Stop, **where: Any) -> SafeString:
        user, business = self.request.user, self.request.business
        shown = Shown(
            stop,
            stop.etag,
            business,
            business.today(self.day.at),
            get_language(),
            user,
            (user.username, user.rank),
            self.query,
            self._is_on_apple,
            **where,
        )
        # Who says yes to an offer says it to the price that this page has shown.
        own = {TOKEN: self._token, KEY: escape(self.key), OFFER: wiring.new_token()}
        pieces = (own.get(piece, piece) for piece in _rendered(shown, self._template))
        return mark_safe("".join(pieces))  # noqa: S308  a template's, a token, what is escaped

    @cached_property
    def _token(self) -> str:
        return get_token(self.request)

    @cached_property
    def _is_on_apple(self) -> bool:
        agent = self.request.headers.get("User-Agent", "")
        return any(name in agent for name in APPLE)

    @cached_property
    def _template(self) -> Template:
        template: Template = get_template("dispatch/_day_stop.html").template  # type: ignore[attr-defined]
        return template


@lru_cache(maxsize=128)
def _rendered(shown: Shown, template: Template) -> list[str]:
    """In pieces: what each page has of its own stands alone."""
    stop, day = shown.stop, reverse("day")
    request: Any = SimpleNamespace(user=shown.asks, business=shown.business)
    context = {
        "stop": stop,
        "job": stop.job,
        "money": money_of(request, stop.job, new_id=OFFER),
        "photos": album_of(request, stop.job),
        "request": request,
        "business": shown.business,
        "csrf_token": TOKEN,
        "key": KEY,
        "here": f"{day}?{shown.query}",
        "back": f"{day}?{shown.query}&at={quote(stop.job.id)}",
        "order": f"{reverse('day-order')}?{shown.query}",
        "is_open": shown.is_open,
        "is_first": shown.is_first,
        "is_last": shown.is_last,
        "next": shown.next,
        "on_apple": shown.on_apple,
        "minutes": [(each, each == USUAL) for each in MINUTES],
        "could_not": could_not(),
        "undo_reason": UNDO,
        "longest": LONGEST,
    }
    return OWN.split(template.render(Context(context)))
