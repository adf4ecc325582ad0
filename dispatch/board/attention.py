"""The list above the columns: who or what needs somebody, in words, and where it is done."""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.board.card import Mark, digest, mark
from dispatch.board.changes import alike
from dispatch.board.facts import Facts, FactsById, Known, Order
from dispatch.domain.attention import Need, Why
from dispatch.domain.availability import Clash
from dispatch.domain.business import Business
from dispatch.domain.job import Event, Job, MessageIn
from dispatch.domain.permissions import Actor, Permission, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Quote
from dispatch.explain import clash_text
from dispatch.explain.history import failed_text
from dispatch.explain.words import when
from dispatch.templatetags.formats import hours, number, time_text

ORDER = attrgetter("order")
LONGEST = 80  # characters of a customer's message
# What to do about it, and who may; the others may look.
REMEDIES: dict[Why, tuple[Permission, Any]] = {
    Why.CAME_BACK: (Permission.EDIT, gettext_lazy("Give it a new window or driver")),
    Why.ETA_PASSED: (Permission.ESTIMATE, gettext_lazy("Say a new time")),
    Why.WINDOW_OVER: (Permission.MOVE, gettext_lazy("Start it, or agree another window")),
    Why.TOO_LONG: (Permission.MOVE, gettext_lazy("Finish it, or ask the crew")),
    Why.NO_DRIVER: (Permission.ASSIGN, gettext_lazy("Pick a driver")),
    Why.CLASH: (Permission.ASSIGN, gettext_lazy("Give it to somebody else")),
    Why.MESSAGE: (Permission.ANSWER, gettext_lazy("Answer it")),
    Why.ANSWERED: (Permission.EDIT, gettext_lazy("Go on with it")),
    Why.MOVED: (Permission.ASSIGN, gettext_lazy("Tell the driver, and note it")),
    Why.NOT_TOLD: (Permission.NOTE, gettext_lazy("Call them")),
    Why.REQUEST: (Permission.DISCARD, gettext_lazy("Confirm or decline")),
}


class Point(NamedTuple):
    """One reason, in words, and what to do about it: a link's words."""

    mark: Mark
    words: str | SafeString
    remedy: str


@dataclass(frozen=True)
class Line:
    """A job with all its reasons; or, without one, the requests together. Sorted by `order`."""

    id: str
    order: Order
    job: Job | None
    url: str
    points: tuple[Point, ...]

    @cached_property
    def etag(self) -> str:
        name = self.job.customer_name if self.job else ""
        return digest(repr((self.id, name, self.url, self.points)).encode())

    @cached_property
    def html(self) -> str:
        return render_to_string("dispatch/_attention_line.html", {"line": self})


@dataclass(frozen=True)
class Teller:
    """Puts needs into words for one member, as of that moment."""

    actor: Actor
    roster: Roster
    business: Business
    at: datetime

    def line(self, facts: Facts, order: Order) -> Line:
        """The line of a job. That it waits to be confirmed stands in a line of all `requests`."""
        needs = [need for need in facts.needs if need.why is not Why.REQUEST]
        return self._line(facts.job.id, order, needs)

    def requests(self, waiting: Mapping[Order, Need]) -> list[Line]:
        """The lines of requests that wait too long, in the order of `waiting`. For who can answer
        them, several are one line.
        """
        needs = [waiting[order] for order in sorted(waiting)]
        if len(needs) > 1 and self.actor.may(Permission.DISCARD):
            point = Point(mark(needs[0]), self._waiting(needs), self._remedy(needs[0]))
            return [Line("/", (), None, reverse("requests"), (point,))]
        return [self._line(f"/{need.job.id}", (), [need]) for need in needs]

    def _line(self, line_id: str, order: Order, needs: list[Need]) -> Line:
        job = needs[0].job
        points = tuple(Point(mark(need), self._words(need), self._remedy(need)) for need in needs)
        return Line(line_id, order, job, reverse("job", args=[job.id]), points)

    def _remedy(self, need: Need) -> str:
        permission, words = REMEDIES[need.why]
        if not self.actor.may(permission):
            return _("Look at it")
        if need.why is Why.WINDOW_OVER and need.job.status is Status.PENDING:
            return _("Agree another window")  # it cannot be started
        return str(words)

    def _waiting(self, needs: list[Need]) -> str:
        since = min(need.about for need in needs if isinstance(need.about, datetime))
        return ngettext(
            "%(count)s waits longer than %(hours)s hours, since %(since)s",
            "%(count)s wait longer than %(hours)s hours, the oldest since %(since)s",
            len(needs),
        ) % {
            "count": number(len(needs)),
            "hours": self.business.respond_hours,
            "since": time_text(since, self.business, self.at),
        }

    def _words(self, need: Need) -> str:
        match need.why, need.about:
            case Why.CAME_BACK, Event() as failed:
                return failed_text(failed, self.roster, self.business)
            case Why.ETA_PASSED, datetime() as at:
                return _("was expected at %(at)s") % {"at": self._time(at)}
            case Why.WINDOW_OVER, datetime() as at:
                return _("the window was over at %(at)s") % {"at": self._time(at)}
            case Why.TOO_LONG, datetime() as at:
                return _("in progress since %(at)s") % {"at": self._time(at)}
            case Why.REQUEST, datetime():
                return self._waiting([need])
            case Why.CLASH, Clash() as clash:
                return clash_text(clash, need.job.window, self.roster, self.business)
            case Why.MESSAGE, MessageIn() as said:
                text = Truncator(" ".join((said.text or "").split())).chars(LONGEST)
                return format_html("“<bdi>{}</bdi>”", text)
            case Why.ANSWERED, Quote() as quote:
                return self._answer(quote)
            case Why.MOVED, _about if need.job.window:
                chosen = when(need.job.window, self.business)
                return _("the customer chose %(when)s") % {"when": chosen}
            case Why.NOT_TOLD, _about:
                return _("a message to them did not arrive")
        return _("today, %(hours)s") % {"hours": hours(need.job.window)} if need.job.window else ""

    def _answer(self, quote: Quote) -> str:
        shown = quote.amount is not None and sees_prices(self.actor, self.business)
        price = self.business.money(quote.amount) if shown and quote.amount else _("the price")
        if quote.answer == "accepted":
            return _("they said yes to %(price)s") % {"price": price}
        return _("they said no to %(price)s") % {"price": price}

    def _time(self, at: datetime) -> str:
        return time_text(at, self.business, self.at)


@dataclass(frozen=True, eq=False)
class Attention:
    """All that needs this reader: a line a job, the most pressing first, then the requests."""

    teller: Teller
    lines: tuple[Line, ...] = ()
    waiting: Mapping[Order, Need] = field(default_factory=dict)  # requests, by when they are due

    @cached_property
    def every(self) -> tuple[Line, ...]:
        return (*self.lines, *self.teller.requests(self.waiting))

    @cached_property
    def etag(self) -> str:
        return digest("".join([line.etag for line in self.every]).encode())

    def next(self, known: Known, left: FactsById, come: FactsById) -> "Attention":
        """The same without the needs of the jobs that `left`, and with those of the ones that have
        `come`; itself where that changes nothing.
        """
        gone = [facts for facts in left.values() if facts.needs and self._concerns(facts)]
        new = [facts for facts in come.values() if facts.needs and self._concerns(facts)]
        if not (gone or new):
            return self
        lines, waiting, taken = [*self.lines], {**self.waiting}, dict[Order, Line]()
        for facts in gone:
            if order := _order(known, facts):
                taken[order] = lines.pop(bisect_left(lines, order, key=ORDER))
            waiting.pop(known.due(facts), None)
        for facts in new:
            if order := _order(known, facts):
                line, before = self.teller.line(facts, order), taken.get(order)
                insort(lines, before if before and before.etag == line.etag else line, key=ORDER)
            if facts.needs[-1].why is Why.REQUEST:
                waiting[known.due(facts)] = facts.needs[-1]
        if waiting == self.waiting and alike(lines, self.lines) == len(lines) == len(self.lines):
            return self
        return Attention(self.teller, tuple(lines), waiting)

    def _concerns(self, facts: Facts) -> bool:
        """Who does not look at every job is told of their own only."""
        actor = self.teller.actor
        return actor.may(Permission.LOOK_AT_EVERY_JOB) or actor.name in set(facts.job.crew)


def _order(known: Known, facts: Facts) -> Order | None:
    """Of its line: by its most pressing need, then as it is due; None where it has none."""
    why = facts.needs[0].why
    return None if why is Why.REQUEST else (why.value, *known.due(facts))
