"""A card and all that it shows, kept as HTML for as long as it shows the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dispatch.domain.attention import Need, Why, awaits_yes, needs
from dispatch.domain.availability import Clash, Obstacle, drivers_for, overfull
from dispatch.domain.business import Business
from dispatch.domain.job import Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import coming, is_customers, is_due, needs_reason, next_step, targets
from dispatch.domain.permissions import Actor, Permission, Rank, sees_prices
from dispatch.domain.roster import Member, Roster
from dispatch.domain.status import Status
from dispatch.http import etag_of

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
    today: date | None  # once the day of its window has come


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
            *(self.business, self.member.rank, prices, self._language),
            year=today.year,
            with_day=not grouped,
            late=any(need.why.is_late for need in found),
            lacks_driver=any(need.why is Why.NO_DRIVER for need in found),
            marks=tuple(_marks(job, found, on_my_way=self.is_on_the_way(job), prices=prices)),
            driver=driver and self.roster.name_of(driver),
            mates=tuple(self.roster.name_of(username) for username in mates),
            drivers=self._drivers(job),
            today=today if is_due(job, today) else None,
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
    def _language(self) -> str | None:
        return get_language()

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
                (each.username, each.first_name) for each in drivers_for(window, self.roster)
            )
        return self._free_drivers[window]

    @cached_property
    def _free_drivers(self) -> dict[Window | None, Drivers]:
        return {}


@lru_cache(maxsize=4096)
def _rendered(key: CardKey, template: Template) -> SafeString:
    """Holds no CSRF token, no revision and no relative time: those would not keep."""
    by, start = Actor("", key.rank), key.job.status
    step = next_step(key.job, by, key.today)
    context = {
        **{each.name: getattr(key, each.name) for each in fields(key)},
        "etag": etag_of((template.source, key)).strip('W/"'),
        "next": step,
        "next_word": step and STEPS[step],
        "is_quiet": step is not None and is_customers(start, step),
        "targets": [(to, needs_reason(start, to)) for to in targets(key.job, by)],
    }
    return template.render(Context(context))


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
