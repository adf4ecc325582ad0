"""The list above the columns: who or what needs somebody, in words, and where it is done."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.board.card import Mark, mark
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
    """A job with all its reasons; or, without one, the requests together."""

    job: Job | None
    url: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Teller:
    """Says it to this member, at that moment."""

    actor: Actor
    roster: Roster
    business: Business
    at: datetime

    def lines(self, needs: Iterable[Need]) -> list[Line]:
        """A line a job, the most pressing first; one for all requests, as they are many."""
        needs = [need for need in needs if self._concerns(need)]
        requests = [need for need in needs if need.why is Why.REQUEST]
        others = [need for need in needs if need.why is not Why.REQUEST]
        lines = [*self._of_jobs(others)]
        if len(requests) == 1 or not self.actor.may(Permission.DISCARD):
            lines += self._of_jobs(requests)
        elif requests:
            words, remedy = self._waiting(requests), self._remedy(requests[0])
            point = Point(mark(requests[0]), words, remedy)
            lines.append(Line(None, reverse("requests"), (point,)))
        return lines

    def _concerns(self, need: Need) -> bool:
        """Who does not look at every job is told of their own only."""
        sees_all = self.actor.may(Permission.LOOK_AT_EVERY_JOB)
        return sees_all or self.actor.name in set(need.job.crew)

    def _of_jobs(self, needs: list[Need]) -> Iterator[Line]:
        jobs = [list(found) for _id, found in groupby(needs, key=lambda need: need.job.id)]
        for found in sorted(jobs, key=lambda found: found[0].why.value):
            points = [Point(mark(need), self._words(need), self._remedy(need)) for need in found]
            url = reverse("job", args=[found[0].job.id])
            yield Line(found[0].job, url, tuple(points))

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
