"""What a job needs now: said in a line or two, with the one button that is the next step."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.utils.html import format_html
from django.utils.translation import gettext as _

from dispatch.board.card import MARKS, STEPS, clash_mark
from dispatch.domain import moves
from dispatch.domain.attention import Why
from dispatch.domain.availability import Clash, clashes, drivers_for, overfull
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Actor, Permission, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.explain import clash_text
from dispatch.explain.history import failed_text, reason_in_words
from dispatch.explain.words import name_of
from dispatch.templatetags.formats import time_text, typed, window

WAY = "way"  # the step that is no status: "On my way"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and the pill before it, if there is one."""

    words: str
    pill: str = ""
    colour: str = "red"


@dataclass(frozen=True)
class Needs:
    """Of one job, at one moment, for one member."""

    job: Job
    business: Business
    roster: Roster
    book: JobBook
    actor: Actor
    at: datetime

    @cached_property
    def lines(self) -> list[Line]:
        lines = []
        if failed := moves.needs_attention(self.job):
            told = failed_text(failed, self.roster, self.business)
            asked = _("It needs a new window or driver.")
            lines.append(Line(format_html("{} {}", told, asked), *MARKS[Why.CAME_BACK]))
        if self.job.is_doubtful:
            words = _(
                "A field that nobody sees was filled in: by a robot, or by a password manager."
                " Call first."
            )
            lines.append(Line(words, _("Doubtful"), "yellow"))
        lines += [Line(self._told(each), *clash_mark(each)) for each in self._clashes]
        return lines or [Line(words) for words in (self._plain,) if words]

    @property
    def _plain(self) -> str:
        """Of a job with which nothing is wrong."""
        job = self.job
        driver = typed(self.roster.name_of(job.crew.driver)) if job.crew.driver else ""
        match job.status:
            case Status.PENDING:
                return _("It waits to be confirmed.")
            case Status.CANCELLED:
                why = reason_in_words(job.last_move) if job.last_move else ""
                return format_html(_("Cancelled: {}"), typed(why)) if why else ""
            case Status.COMPLETED:
                return self._paid
            case Status.IN_PROGRESS if job.last_move:
                who = driver or typed(name_of(job.last_move.by, self.roster))
                since = time_text(job.last_move.moment, self.business, self.at)
                return format_html(_("{who} is at it since {since}."), who=who, since=since)
        if not driver:
            return _("Nobody drives it yet.")
        if job.status is Status.READY_FOR_PICKUP:
            return format_html(_("It is ready; {} drives."), driver)
        when = window(job.window, self.business)
        return format_html(_("{who} drives: {when}."), who=driver, when=when)

    @property
    def _paid(self) -> str:
        if not sees_prices(self.actor, self.business) or not isinstance(self.job.price, Decimal):
            return ""
        if left := self.job.open_amount:
            return _("%(amount)s is still open.") % {"amount": self.business.money(left)}
        return _("Done, and paid.")

    @cached_property
    def _clashes(self) -> tuple[Clash, ...]:
        return clashes(self.job, self.roster, overfull(self.book, self.business))

    def _told(self, clash: Clash) -> str:
        return clash_text(clash, self.job.window, self.roster, self.business)

    @cached_property
    def drivers(self) -> list[tuple[str, str]]:
        """To whom it may be given; none where it needs nobody, or that is not theirs to say."""
        job = self.job
        is_well = job.crew.driver and not self._clashes and not moves.needs_attention(job)
        if is_well or not job.still_coming or not self.actor.may(Permission.ASSIGN):
            return []
        return [(each.username, each.name) for each in drivers_for(job.window, self.roster)]

    @cached_property
    def next(self) -> Status | None:
        return moves.next_step(self.job, self.actor, self.business.today(self.at))

    @cached_property
    def steps(self) -> list[tuple[Status, str]]:
        """The steps of a good day that are offered at once, and the word for each."""
        may = moves.targets(self.job, self.actor)
        start = Status.IN_PROGRESS  # which may come before the customer says that it is ready
        steps = [self.next] if self.next else []
        if self.next and moves.is_customers(self.job.status, self.next) and start in may:
            steps.append(start)
        return [(step, str(STEPS[step])) for step in steps]

    @property
    def big(self) -> str:
        """The step to take: a status, or WAY; empty where it is the customer's, or a driver's
        name comes first.
        """
        step = self.next
        if self.drivers or step is None or moves.is_customers(self.job.status, step):
            return ""
        goes = self.job.still_coming and self.actor.name == self.job.crew.driver
        is_gone = moves.coming(self.job, self.business, self.at)[0] is not None
        return WAY if goes and not is_gone else step

    @property
    def others(self) -> list[Status]:
        """What is folded away: the other moves that need no reason."""
        shown = {step for step, _word in self.steps}
        return [
            to
            for to in moves.targets(self.job, self.actor)
            if to not in shown and not moves.needs_reason(self.job.status, to)
        ]
