"""The one table of who may do what; pages, API and templates all ask it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Event, Job, JobLine
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.visit.money import MONEY_EVENTS

MONEY_FIELDS = ("price", "price_lines", "payments", "paid", "quote")


class Rank(StrEnum):
    """A member's rank; the table below says what it lets them do. Drivers are crew."""

    VIEWER = "viewer"
    CREW = "crew"
    DISPATCHER = "dispatcher"


ALL = (Rank.VIEWER, Rank.CREW, Rank.DISPATCHER)
WORKERS = (Rank.CREW, Rank.DISPATCHER)
DISPATCHERS = (Rank.DISPATCHER,)


class Permission(Enum):
    """The ranks that have it, and what it lets them do."""

    LOOK = ALL, _("look at the jobs")
    KEEP_ACCOUNT = ALL, _("keep an account")
    LOOK_AT_EVERY_JOB = (Rank.VIEWER, Rank.DISPATCHER), _("look at other people's jobs")
    MOVE = WORKERS, _("move jobs")
    NOTE = WORKERS, _("write notes")
    PHOTO = WORKERS, _("add photos")
    QUOTE = WORKERS, _("agree prices")  # who sees them, as all below that are about money
    PAY = WORKERS, _("take payments")
    REVERSE = DISPATCHERS, _("take payments back")
    ESTIMATE = WORKERS, _("say when the crew will be there")
    MOVE_ANYWHERE = DISPATCHERS, _("move jobs backwards")
    SEE_PRICES = DISPATCHERS, _("see prices")  # everybody does where `crew_see_prices` is set
    CREATE = DISPATCHERS, _("take jobs by phone")
    EDIT = DISPATCHERS, _("edit jobs")
    ASSIGN = DISPATCHERS, _("assign the crew")
    ANSWER = DISPATCHERS, _("answer customers")
    KEEP_LINKS = DISPATCHERS, _("see or renew customers' links")
    DISCARD = DISPATCHERS, _("discard requests")
    KEEP_SETTINGS = DISPATCHERS, _("change days, windows and prices")
    KEEP_ROSTER = DISPATCHERS, _("keep the roster")
    SEE_NUMBERS = DISPATCHERS, _("see the numbers")
    EXCHANGE = DISPATCHERS, _("import and export jobs")

    def __init__(self, ranks: Iterable[Rank], words: str) -> None:
        self.ranks, self.words = frozenset(ranks), words


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of the roster; or the customer or the system, who have no rank."""

    name: str
    rank: Rank | None

    def may(self, permission: Permission) -> bool:
        return self.rank in permission.ranks


THE_CUSTOMER = Actor(CUSTOMER, None)


def sees(who: Actor, job: JobLine) -> bool:
    """Crew see their own jobs and those without a driver. A customer's link opens just theirs."""
    everything = who == THE_CUSTOMER or who.may(Permission.LOOK_AT_EVERY_JOB)
    return everything or not job.crew.driver or who.name in set(job.crew)


def sees_prices(who: Actor, business: Business) -> bool:
    return business.crew_see_prices or who.may(Permission.SEE_PRICES)


def history_for(who: Actor, job: Job, business: Business) -> tuple[Event, ...]:
    """The job's history, with no word of money for those who are not to see prices."""
    if sees_prices(who, business):
        return job.history
    return tuple(
        replace(event, changes={n: c for n, c in event.changes.items() if n not in MONEY_FIELDS})
        if event.changes
        else event
        for event in job.history
        if event.what not in MONEY_EVENTS
    )
