"""Why something was refused, in a sentence for people: pages, API and commands say the same."""

from contextlib import suppress
from datetime import datetime

import msgspec
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.availability import Clash, NotAvailable, Obstacle
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, SYSTEM, Event, Job, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.moves import COULD_NOT, Illegal, IllegalMove, JobConflict
from dispatch.domain.record import utc
from dispatch.domain.roster import Roster
from dispatch.domain.status import CREATABLE
from dispatch.jobs import KeyReused
from dispatch.roster import LastDispatcher, MemberConflict, NameTaken

UNSURE = (
    "We cannot reach our records right now, so we do not know yet whether this was saved."
    " What you typed is still here: please send it again in a minute; that does not do it twice."
)
LOOK_BELOW = "Please look at the fields marked below; nothing was saved yet."
ILLEGAL = {
    Illegal.ALREADY_THERE: "The job is already at “{to.label}”.",
    Illegal.NEEDS_REASON: "From “{start.label}” to “{to.label}” needs a reason.",
    Illegal.NEEDS_COULD_NOT: f"Say why it could not be done: {', '.join(COULD_NOT)}.",
    Illegal.NEEDS_WORDS: "Say in a few words why it could not be done.",
    Illegal.DISPATCHERS_ONLY: (
        "Only a dispatcher can move a job from “{start.label}” to “{to.label}”: ask one."
    ),
    Illegal.LOOK_ONLY: "You may look, but not move jobs. Ask a dispatcher.",
    Illegal.TOO_LATE_TO_UNDO: (
        "It is too late to undo, or not yours. Move the job as it should be, or ask a dispatcher."
    ),
    Illegal.TOO_LATE_TO_CANCEL: "It is too late to cancel here. Please call us.",
    Illegal.NOT_FOR_CUSTOMERS: (
        "This pickup is “{start.label}”; that cannot be changed here any more. Please call us."
    ),
    Illegal.NOT_YET_READY: (
        "We confirm your request first; then you can say here that you are ready."
        " If it is urgent, please call us."
    ),
    Illegal.NO_FIRST_STATUS: f"A new job is {' or '.join(CREATABLE)}, never {{to}}.",
    Illegal.NO_SUCH_STATUS: "There is no such status.",
    Illegal.NOT_CONFIRMED: (
        "“On my way” and estimates are for confirmed jobs; this is “{start.label}”."
        " If it is to be driven to, ask a dispatcher to move it."
    ),
}
OBSTACLES = {
    Obstacle.UNKNOWN: "Nobody called {username} is on the roster.",
    Obstacle.LEFT: "{name} has left the crew.",
    Obstacle.NOT_ABLE: "{name} cannot work as {role}.",
    Obstacle.NOT_THAT_DAY: "{name} does not work as {role} on that day.",
    Obstacle.AWAY: "{name} is away on {when}.",
}


def explain(error: Exception, business: Business) -> str:
    """Raises the error itself where it is none of those that people can do something about."""
    match error:
        case IllegalMove():
            return ILLEGAL[error.why].format(start=error.start, to=error.to)
        case InvalidInput():
            return " ".join(error.errors.values())
        case JobConflict(field=""):
            return _who_moved(error.job, business)
        case JobConflict():
            return (
                f"Somebody else has changed the {error.field.replace('_', ' ')} since you looked."
            )
        case KeyReused():
            return "This request was already used for a job with other details."
        case NotAvailable():
            return unavailable_text(error, wiring.roster(business).read(), business)
        case MemberConflict():
            fields = " and the ".join(error.fields)
            return f"Somebody else has changed the {fields} since you looked."
        case LastDispatcher():
            return "This is the last active dispatcher: make somebody else one first."
        case NameTaken():
            return "Somebody signs in by that name, or has before they left."
    raise error


def unavailable_text(error: NotAvailable, roster: Roster, business: Business) -> str:
    """Why somebody cannot be given a role, and who can: `… Who is free: Ana.`"""
    if error.obstacle is Obstacle.FULL and error.window:
        name, then = roster.name_of(error.username), when(error.window, business)
        why = f"{name} already drives {error.jobs} jobs on {then}."
    else:
        clash = Clash(error.role, error.username, error.obstacle)
        why = clash_text(clash, error.window, roster, business)
    names = ", ".join(member.name for member in error.instead) or "nobody"
    return f"{why} {'Who is free' if error.window else 'Who can'}: {names}."


def clash_text(clash: Clash, window: Window | None, roster: Roster, business: Business) -> str:
    """Why somebody who is on a job cannot do it: `Joel is away on Sat, May 23 (Morning).`"""
    name, then = roster.name_of(clash.username), when(window, business) if window else ""
    if clash.obstacle is Obstacle.FULL:
        most = f"{business.jobs_per_window} at most, unless somebody insists"
        return f"{name} drives {clash.jobs} jobs on {then}; {most}."
    role = clash.role.replace("_", " ")
    text = OBSTACLES[clash.obstacle]
    return text.format(name=name, username=clash.username, role=role, when=then)


def when(window: Window, business: Business) -> str:
    """`Sat, May 23 (Morning)`."""
    return f"{window.date:%a, %b} {window.date.day} ({business.label_of(window.name)})"


def in_words(event: Event, business: Business) -> Event:
    """As people say it: `no_access: dog` is `No access: dog`, an estimate is by the clock here."""
    reason, changes = event.reason, event.changes
    if event.is_move and reason:
        code, colon, words = reason.partition(":")
        reason = COULD_NOT.get(code, code) + colon + words
    if changes and "eta" in changes:
        with suppress(ValueError):  # not of our writing: as it stands
            moments = msgspec.convert(changes["eta"], tuple[datetime | None, datetime | None])
            before, after = (
                at and f"{utc(at).astimezone(business.zone):%-I:%M %p}" for at in moments
            )
            changes = {**changes, "eta": (before, after)}
    return replace(event, reason=reason, changes=changes)


def failed_text(failed: Event, roster: Roster, business: Business) -> str:
    """`No access: gate locked (Joel, May 22, 12:10 PM)`, of a visit that came to nothing."""
    at = failed.at.astimezone(business.zone)
    reason = in_words(failed, business).reason
    return f"{reason} ({name_of(failed.by, roster)}, {at:%b %-d, %-I:%M %p})"


def name_of(by: str, roster: Roster) -> str:
    """The name of who is in a history: a member, the customer or the system."""
    return {CUSTOMER: "The customer", SYSTEM: "The system"}.get(by) or roster.name_of(by)


def _who_moved(job: Job, business: Business) -> str:
    where = f"“{job.status.label}”"
    if (last := job.last_move) is None:
        return f"This job has moved on: it is at {where} now."
    who = name_of(last.by, wiring.roster(business).read())
    clock = f"{last.at.astimezone(business.zone):%-I:%M %p}"
    return f"{who} has moved this job to {where} at {clock}."
