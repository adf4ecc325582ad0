"""One stop of a day, and what it needs next."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.utils.html import format_html
from django.utils.translation import gettext as _

from dispatch.domain import moves
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES, Eta, Event, Job, OnMyWay
from dispatch.domain.permissions import Actor, Permission, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.route import is_on_day, may_order
from dispatch.explain.history import failed_text, reason_in_words
from dispatch.explain.words import name_of
from dispatch.http import etag_of
from dispatch.templatetags.formats import time_text, typed
from dispatch.views.needs import WAY

MINUTES = (15, 30, 45, 60)  # of a way
USUAL = 30  # of them the one that is green


@dataclass(frozen=True)
class Stop:
    """One job of the day, for whoever looks at it."""

    job: Job
    business: Business
    roster: Roster
    actor: Actor
    member: str  # whose day it is
    day: date
    at: datetime

    @cached_property
    def failed(self) -> Event | None:
        """The visit that came to nothing."""
        return moves.needs_attention(self.job)

    @property
    def is_over(self) -> bool:
        """Nothing is to be done there now."""
        return not self.job.status.is_open or self.failed is not None

    @property
    def is_under_way(self) -> bool:
        return self.job.status is Status.IN_PROGRESS

    @cached_property
    def _coming(self) -> tuple[OnMyWay | None, Eta | None]:
        return moves.coming(self.job, self.business, self.at)

    @property
    def on_my_way(self) -> OnMyWay | None:
        return self._coming[0]

    @property
    def eta(self) -> Eta | None:
        return self._coming[1]

    @cached_property
    def undo(self) -> Status | None:
        may = self.actor.may(Permission.MOVE)
        return moves.undoes_to(self.job, self.actor, self.at) if may else None

    @cached_property
    def targets(self) -> list[Status]:
        """The moves that may be made here; none before the day has come."""
        is_due = moves.is_due(self.job, self.business.today(self.at)) or not self.job.window
        return moves.targets(self.job, self.actor) if is_due else []

    @property
    def may_come(self) -> bool:
        """True where somebody may still say that they are on their way, or start."""
        return self.job.still_coming and Status.IN_PROGRESS in self.targets

    @property
    def may_finish(self) -> bool:
        return self.is_under_way and Status.COMPLETED in self.targets

    @property
    def may_give_back(self) -> bool:
        """True where it may be said that it could not be done."""
        return self.job.status in moves.CREW_GIVES_BACK_FROM and Status.BOOKED in self.targets

    @property
    def may_order(self) -> bool:
        is_of = is_on_day(self.job, self.member, self.day) and may_order(self.job, self.member)
        if not is_of or not self.actor.may(Permission.MOVE):
            return False
        return self.actor.name == self.member or self.actor.may(Permission.ASSIGN)

    @property
    def step(self) -> str:
        """What comes next: WAY, `in_progress`, `completed`; empty where nothing does."""
        if self.may_finish:
            return Status.COMPLETED
        if not self.may_come or self.failed:
            return ""
        return Status.IN_PROGRESS if self.on_my_way else WAY

    @property
    def started_at(self) -> datetime | None:
        has_begun = self.job.status in (Status.IN_PROGRESS, Status.COMPLETED)
        return self.job.reached(Status.IN_PROGRESS) if has_begun else None

    @property
    def said(self) -> str:
        """How it stands, in one line."""
        job, last = self.job, self.job.last_move
        if self.failed:
            return failed_text(self.failed, self.roster, self.business)
        if job.status is Status.CANCELLED:
            return self._cancelled
        if job.status is Status.PENDING:
            return _("Not confirmed yet: ask a dispatcher.")
        if job.status is Status.COMPLETED and job.finished_at:
            return _("Finished %(at)s") % {"at": self._clock(job.finished_at)}
        if self.is_under_way and last:
            return self._started(last)
        if self.on_my_way:
            return _("On the way since %(at)s") % {"at": self._clock(self.on_my_way.at)}
        return ""

    def _started(self, last: Event) -> str:
        at = self._clock(last.moment)
        if last.by == self.actor.name:
            return _("Started %(at)s") % {"at": at}
        return format_html(_("{} started at {}."), typed(name_of(last.by, self.roster)), at)

    @property
    def _cancelled(self) -> str:
        last, finished = self.job.last_move, self.job.finished_at
        if not last or not finished:
            return _("Cancelled")
        who, why = typed(name_of(last.by, self.roster)), reason_in_words(last)
        said = format_html(_("Cancelled {} by {}."), self._clock(finished), who)
        return format_html("{} {}", said, typed(why)) if why else said

    def _clock(self, at: datetime) -> str:
        return time_text(at, self.business, self.at)

    @property
    def sentence(self) -> str:
        """A text to the customer that needs no more typing. It has no link in it."""
        names = {"name": self.job.customer_name, "business": self.business.name}
        hello = _("Hello %(name)s, this is %(business)s.") % names
        return " ".join(filter(None, (hello, self._news)))

    @property
    def _news(self) -> str:
        if self.is_under_way:
            return _("We are here for your pickup.")
        if not self.job.still_coming or self.failed:
            return ""
        if self.eta and self.eta.at > self.at:
            when = time_text(self.eta.at, self.business, self.at)
            return _("We will be there at about %(when)s.") % {"when": when}
        return _("We will be there in about %(minutes)d minutes.") % {"minutes": USUAL}

    @property
    def address(self) -> str:
        return " ".join(filter(None, (self.job.location, self.job.postcode)))

    @property
    def sees_prices(self) -> bool:
        return sees_prices(self.actor, self.business)

    @property
    def crew(self) -> list[tuple[str, str]]:
        """Who else is on it, by role."""
        names = [(role, self.job.field(role)) for role in ROLES]
        return [
            (role, self.roster.name_of(name))
            for role, name in names
            if name and name != self.member
        ]

    @property
    def notes(self) -> list[tuple[str, datetime, str]]:
        """The newest first: its text, when, and by whom."""
        return [
            (note.text, note.at, name_of(note.by, self.roster)) for note in reversed(self.job.notes)
        ]

    @cached_property
    def etag(self) -> str:
        """Changes with everything that the stop shows."""
        shown = self.job.id, self.job.version, self.job.updated_at, self.roster.revision
        # What comes with the time alone.
        return etag_of((*shown, self.undo, self._coming, self.sentence, bool(self.targets)))
