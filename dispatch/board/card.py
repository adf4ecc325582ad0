"""A card and all that it shows, kept as HTML for as long as it shows the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dispatch.domain.attention import Need, Why, awaits_yes, needs
from dispatch.domain.availability import Clash, Obstacle, is_free, overfull
from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import coming, is_customers, needs_reason, next_step, targets
from dispatch.domain.permissions import Actor, Permission, Rank, sees_prices
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import Status
from dispatch.http import etag_of

Drivers = tuple[tuple[str, str], ...]  # usernames, and how they are called


class Mark(NamedTuple):
    """A word in a pill of that colour."""

    words: str
    colour: str


@dataclass(frozen=True)
class CardKey:
    """All that a card shows. Equal keys, equal HTML; jobs that are one object compare at once."""

    job: Job = field(hash=False)  # it holds mappings; `version` stands for it
    version: tuple[str, str, int]  # business, job, and that job's version
    business: Business = field(compare=False, repr=False)
    rank: Rank
    sees_prices: bool
    language: str | None
    year: int  # of the dates of other years it says which
    with_day: bool  # where no heading above says the day of its window
    late: bool
    lacks_driver: bool  # and it is for today
    marks: tuple[Mark, ...]
    driver: str
    mates: tuple[str, ...]  # the others of the crew
    drivers: Drivers
    next: Status | None


@dataclass(frozen=True)
class Cards:
    """The cards of these jobs, as one member sees them at one moment."""

    business: Business
    book: JobBook
    roster: Roster
    member: Member
    at: datetime
    jobs: list[Job]

    def card(self, job: Job, *, grouped: bool = False) -> SafeString:
        """A job's card; `grouped` under a heading that says its window."""
        prices, driver = sees_prices(self.member.actor, self.business), job.crew.driver or ""
        today, found = self.business.today(self.at), self.needs.get(job.id, ())
        mates = dict.fromkeys(name for name in job.crew if name != driver)
        key = CardKey(
            job,
            (self.business.slug, job.id, job.version),
            *(self.business, self.member.rank, prices, get_language()),
            year=today.year,
            with_day=not grouped,
            late=any(need.why.is_late for need in found),
            lacks_driver=any(need.why is Why.NO_DRIVER for need in found),
            marks=tuple(_marks(job, found, on_my_way=self.is_on_the_way(job), prices=prices)),
            driver=driver and self.roster.name_of(driver),
            mates=tuple(self.roster.name_of(username) for username in mates),
            drivers=self._drivers(job),
            next=next_step(job, self.member.actor, today),
        )
        return _rendered(key, self._template)

    @cached_property
    def needs(self) -> dict[str, tuple[Need, ...]]:
        """By job, of those that have any."""
        load = overfull(self.book, self.business)
        found = (
            (job.id, needs(job, self.roster, load, self.business, self.at)) for job in self.jobs
        )
        return {job_id: of_job for job_id, of_job in found if of_job}

    def is_on_the_way(self, job: Job) -> bool:
        return coming(job, self.business, self.at)[0] is not None

    @cached_property
    def _template(self) -> Template:
        template: Template = get_template("dispatch/_card.html").template  # type: ignore[attr-defined]
        return template

    def _drivers(self, job: Job) -> Drivers:
        """Free drivers, whom a dispatcher may pick right on the card."""
        if not (job.status.is_open and self.member.actor.may(Permission.ASSIGN)):
            return ()
        window = job.window
        if window not in self._free_drivers:
            self._free_drivers[window] = tuple(
                (each.username, each.first_name)
                for each in self.roster.able("driver")
                if window is None or is_free(each, "driver", window)
            )
        return self._free_drivers[window]

    @cached_property
    def _free_drivers(self) -> dict[Window | None, Drivers]:
        return {}


@lru_cache(maxsize=4096)
def _rendered(key: CardKey, template: Template) -> SafeString:
    """Holds no CSRF token, no revision and no relative time: those would not keep."""
    by, start = Actor("", key.rank), key.job.status
    context = {
        **{each.name: getattr(key, each.name) for each in fields(key)},
        "etag": etag_of((template.source, key)).strip('W/"'),
        "step": _step(key.next),
        "is_quiet": key.next is not None and is_customers(start, key.next),
        "targets": [(to, needs_reason(start, to)) for to in targets(key.job, by)],
    }
    return template.render(Context(context))


def _step(to: Status | None) -> str:
    """A button's word for going there; the status itself is said to screen readers."""
    match to:
        case Status.BOOKED:
            return _("Confirm")
        case Status.READY_FOR_PICKUP:
            return _("Ready")
        case Status.IN_PROGRESS:
            return _("Start")
    return _("Complete")


def _marks(job: Job, needs: tuple[Need, ...], *, on_my_way: bool, prices: bool) -> Iterator[Mark]:
    """The marks of a card, each once, the most pressing first."""
    found = dict.fromkeys(mark(need) for need in needs)
    for need in needs:
        if need.why in (Why.NO_DRIVER, Why.REQUEST):  # the chip and the age say that
            found.pop(mark(need), None)
    yield from found
    if awaits_yes(job):
        yield Mark(_("Waits for a yes"), "yellow")
    if on_my_way:
        yield Mark(_("On the way"), "blue")
    if prices and job.status is Status.COMPLETED and job.open_amount > 0:
        yield Mark(_("Unpaid"), "yellow")
    if job.is_doubtful:
        yield Mark(_("Doubtful"), "yellow")


def mark(need: Need) -> Mark:
    """The word for that need, on the card as in the list above the columns."""
    match need.why, need.about:
        case Why.CAME_BACK, _about:
            return Mark(_("Came back"), "red")
        case Why.CLASH, Clash(obstacle=Obstacle.FULL):
            return Mark(_("Overfull"), "red")
        case Why.CLASH, _about:
            return Mark(_("Not free"), "red")
        case Why.NO_DRIVER, _about:
            return Mark(_("No driver"), "yellow")
        case Why.MESSAGE, _about:
            return Mark(_("Wants an answer"), "yellow")
        case Why.ANSWERED, _about:
            return Mark(_("Answered"), "yellow")
        case Why.NOT_TOLD, _about:
            return Mark(_("Not told"), "yellow")
        case Why.REQUEST, _about:
            return Mark(_("Requests"), "blue")
    return Mark(_("Late"), "red")
