"""A card and all that it shows, rendered once for all that look the same."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from hashlib import blake2b
from html import escape
from secrets import randbits, token_hex
from typing import Any, NamedTuple

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.board.facts import Facts, Order
from dispatch.domain.attention import Need, Why, awaits_yes
from dispatch.domain.availability import Clash, Obstacle, drivers_for
from dispatch.domain.business import Business
from dispatch.domain.job import LONG_AGO, Crew, Job, Window
from dispatch.domain.moves import is_customers, needs_reason, next_step, targets
from dispatch.domain.permissions import Actor, Permission, Rank, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON
from dispatch.templatetags.formats import moment, money

Drivers = tuple[tuple[str, str], ...]  # usernames, and how they are called

MARKS: dict[Why, tuple[Any, str]] = {
    Why.CAME_BACK: (gettext_lazy("Came back"), "red"),
    Why.NO_DRIVER: (gettext_lazy("No driver"), "yellow"),
    Why.CLASH: (gettext_lazy("Not free"), "red"),
    Why.MESSAGE: (gettext_lazy("Wants an answer"), "yellow"),
    Why.ANSWERED: (gettext_lazy("Answered"), "yellow"),
    Why.MOVED: (gettext_lazy("Moved by customer"), "yellow"),
    Why.NOT_TOLD: (gettext_lazy("Not told"), "yellow"),
    Why.REQUEST: (gettext_lazy("Requests"), "blue"),
}
LATE = gettext_lazy("Late"), "red"
# What stands in a card's pattern for its job's own words: random, so that no name holds it.
BLANK, VERSION = f"blank{token_hex(8)}", str(2**60 + randbits(60))
ID, NAME, LOCATION, ETAG, AGE, PRICE = (
    BLANK + name for name in ("id", "name", "location", "etag", "age", "price")
)
BLANKS = re.compile(rf"({BLANK}[a-z]+|{VERSION})")
PLAIN = re.compile(r"[A-Za-z0-9_-]+")
STEPS: dict[Status, Any] = {  # a button's word for going there
    Status.BOOKED: gettext_lazy("Confirm"),
    Status.READY_FOR_PICKUP: gettext_lazy("Ready"),
    Status.IN_PROGRESS: gettext_lazy("Start"),
    Status.COMPLETED: gettext_lazy("Finish"),
}


class Mark(NamedTuple):
    """A word in a pill of that colour."""

    words: str
    colour: str


class Reader(NamedTuple):
    """Who looks at the board. Who looks at every job has no name here: they all see the same."""

    actor: Actor
    prices: bool
    language: str

    @classmethod
    def of(cls, actor: Actor, business: Business, language: str) -> "Reader":
        name = "" if actor.may(Permission.LOOK_AT_EVERY_JOB) else actor.name
        return cls(Actor(name, actor.rank), sees_prices(actor, business), language)


@dataclass(frozen=True)
class Look:
    """All that a card shows except its job's own words. Many cards look the same."""

    business: Business = field(compare=False, repr=False)
    template: Template = field(repr=False)
    slug: str
    rank: Rank
    sees_prices: bool
    language: str
    year: int  # this one: dates of another say theirs
    status: Status
    window: Window | None
    with_day: bool  # where no heading above says the day of its window
    late: bool
    lacks_driver: bool  # and it is for today
    marks: tuple[Mark, ...]
    username: str | None  # of the driver
    driver: str
    mates: tuple[str, ...]  # the others of the crew
    drivers: Drivers
    next: Status | None  # the step of a good day that its button takes


@dataclass(frozen=True, eq=False)
class Card:
    """A job's card on a board, sorted by `order`."""

    job: Job
    look: Look
    order: Order = ()

    @property
    def id(self) -> str:
        return self.job.id

    @property
    def price(self) -> Decimal:
        return self.job.price or Decimal(0)

    @cached_property
    def etag(self) -> str:
        """Changes with all that it shows. The job as JSON takes a tenth of the time of its repr."""
        return digest(self.pattern.etag, JSON.encode(self.job))

    @cached_property
    def pattern(self) -> "Pattern":
        return _pattern(self.look)

    @cached_property
    def html(self) -> SafeString:
        """The pattern with the job's words: rendering each card takes thirty times as long."""
        job, business = self.job, self.look.business
        if not PLAIN.fullmatch(job.id):  # addresses write it in another way
            own = self.etag, moment(job.created_at, business), money(job.price, business)
            return _rendered(job, self.look, *own)
        words = {
            ID: job.id,
            VERSION: str(job.version),
            ETAG: self.etag,
            NAME: escape(job.customer_name),
            LOCATION: escape(job.location),
            PRICE: escape(money(job.price, business)),
        }
        parts = self.pattern.parts
        if AGE in parts:
            words[AGE] = moment(job.created_at, business)
        # The template has made it, and the words are escaped.
        return SafeString("".join([words.get(part, part) for part in parts]))


@dataclass(frozen=True)
class Cards:
    """The cards of one day, as one reader sees them."""

    business: Business
    roster: Roster
    reader: Reader
    today: date
    template: Template

    def card(self, facts: Facts, order: Order = (), *, grouped: bool = False) -> Card:
        """A job's card; `grouped` under a heading that says its window."""
        job, needs, username = facts.job, facts.needs, facts.job.crew.driver
        actor, prices, language = self.reader
        mates = dict.fromkeys(name for name in job.crew if name != username)
        look = Look(
            *(self.business, self.template, self.business.slug),
            *(actor.rank or Rank.VIEWER, prices, language),
            *(self.today.year, job.status, job.window),
            with_day=not grouped,
            late=any(need.why.is_late for need in needs),
            lacks_driver=any(need.why is Why.NO_DRIVER for need in needs),
            marks=tuple(_marks(facts, prices=prices)),
            username=username,
            driver=self.roster.name_of(username) if username else "",
            mates=tuple(self.roster.name_of(mate) for mate in mates),
            drivers=self._drivers(job),
            next=next_step(job, actor, self.today),
        )
        return Card(job, look, order)

    def _drivers(self, job: Job) -> Drivers:
        """Free drivers, whom a dispatcher may pick right on the card."""
        if not (job.status.is_open and self.reader.actor.may(Permission.ASSIGN)):
            return ()
        window = job.window
        if window not in self._free_drivers:
            self._free_drivers[window] = tuple(
                (each.username, each.first_name) for each in drivers_for(window, self.roster)
            )
        return self._free_drivers[window]

    @cached_property
    def _free_drivers(self) -> dict[Window | None, Drivers]:
        return {}


def digest(*parts: bytes) -> str:
    """Eight letters that tell two states of a card, or of a board, from each other."""
    return urlsafe_b64encode(blake2b(b"\0".join(parts), digest_size=6).digest()).decode()


def template_of(name: str) -> Template:
    """As the release has it that shows: another one is another object."""
    template: Template = get_template(f"dispatch/{name}").template  # type: ignore[attr-defined]
    return template


class Pattern(NamedTuple):
    """The HTML of every card of one look."""

    etag: bytes
    parts: list[str]  # every second one is a blank, such as ID or NAME


@lru_cache(maxsize=1024)
def _pattern(look: Look) -> Pattern:
    job = Job(
        id=ID,
        version=int(VERSION),
        customer_name=NAME,
        location=LOCATION,
        status=look.status,
        window=look.window,
        crew=Crew(driver=look.username),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    parts = BLANKS.split(_rendered(job, look, ETAG, AGE, PRICE))
    return Pattern(digest(look.template.source.encode(), repr(look).encode()).encode(), parts)


def _rendered(job: Job, look: Look, etag: str, age: str, price: str) -> SafeString:
    """A card's HTML. Without CSRF token, revision and relative times, which would soon be wrong."""
    by, step = Actor("", look.rank), look.next
    context = {
        **vars(look),
        "job": job,
        "etag": etag,
        "age": age,
        "price": price,
        "next_word": step and STEPS[step],
        "is_quiet": step is not None and is_customers(look.status, step),
        "targets": [(to, needs_reason(look.status, to)) for to in targets(job, by)],
    }
    return look.template.render(Context(context))


def _marks(facts: Facts, *, prices: bool) -> Iterator[Mark]:
    """The marks of a card, each once, the most pressing first."""
    job, found = facts.job, dict.fromkeys(mark(need) for need in facts.needs)
    for need in facts.needs:
        if need.why in (Why.NO_DRIVER, Why.REQUEST):  # the chip and the age say that
            found.pop(mark(need), None)
    yield from found
    if awaits_yes(job):
        yield Mark(_("Waits for a yes"), "yellow")
    if facts.is_on_the_way:
        yield Mark(_("On the way"), "blue")
    if prices and job.status is Status.COMPLETED and job.open_amount > 0:
        yield Mark(_("Unpaid"), "yellow")
    if job.is_doubtful:
        yield Mark(_("Doubtful"), "yellow")


def mark(need: Need) -> Mark:
    """The word for that need, on the card as in the list above the columns."""
    if isinstance(need.about, Clash):
        return clash_mark(need.about)
    words, colour = MARKS.get(need.why, LATE)
    return Mark(str(words), colour)


def clash_mark(clash: Clash) -> Mark:
    """The word for that clash; in the drawer, too."""
    if clash.obstacle is Obstacle.FULL:
        return Mark(_("Overfull"), "red")
    words, colour = MARKS[Why.CLASH]
    return Mark(str(words), colour)
