"""What each rank may do, and which jobs it sees: the one table for pages and API alike."""

from enum import Enum

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import Event, Job
from dispatch.domain.moves import Actor
from dispatch.domain.roster import Member, Rank

MONEY_FIELDS = ("price", "price_lines", "paid")


class Act(Enum):
    """What can be done, and the rank that it needs at least."""

    LOOK = Rank.VIEWER, "look at the jobs"
    KEEP_ACCOUNT = Rank.VIEWER, "keep an account"
    MOVE = Rank.CREW, "move jobs"
    NOTE = Rank.CREW, "write notes"
    ESTIMATE = Rank.CREW, "say when the crew will be there"
    CREATE = Rank.DISPATCHER, "take jobs by phone"
    EDIT = Rank.DISPATCHER, "edit jobs"
    ASSIGN = Rank.DISPATCHER, "assign the crew"
    KEEP_LINKS = Rank.DISPATCHER, "renew customers' links"
    DISCARD = Rank.DISPATCHER, "discard requests"
    KEEP_ROSTER = Rank.DISPATCHER, "keep the roster"

    def __init__(self, needs: Rank, words: str) -> None:
        self.needs = needs
        self.words = words


def refusal(rank: Rank, act: Act) -> str:
    """Why a member of this rank may not do that, as a sentence; empty if they may."""
    if rank.reaches(act.needs):
        return ""
    return f"To {act.words} needs the rank of a {act.needs}; yours is {rank}."


def sees(who: Actor, job: Job) -> bool:
    """Crew see their own jobs and those that nobody drives yet; everybody else sees all."""
    return who.rank is not Rank.CREW or not job.crew.driver or who.name in set(job.crew)


def sees_prices(business: Business, member: Member) -> bool:
    return business.crew_see_prices or member.rank is Rank.DISPATCHER


def history_for(member: Member, job: Job, business: Business) -> tuple[Event, ...]:
    """What happened to the job, with no word of money for those who are not to see prices."""
    if sees_prices(business, member):
        return job.history
    return tuple(map(_without_money, job.history))


def _without_money(event: Event) -> Event:
    if not event.changes or not event.changes.keys() & set(MONEY_FIELDS):
        return event
    changes = {name: each for name, each in event.changes.items() if name not in MONEY_FIELDS}
    return replace(event, changes=changes)
