"""Why something was refused, in a sentence for people: pages, API and commands say the same."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import wiring
from dispatch.domain.availability import Clash, NotAvailable, Obstacle
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES, Job, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import COULD_NOT, Illegal, IllegalMove, JobConflict
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.roster import Roster
from dispatch.domain.status import CREATABLE
from dispatch.domain.stored.document import LedgerMoved, StoreUnavailable
from dispatch.domain.visit.bill import TooMuch
from dispatch.domain.visit.money import OFFERS
from dispatch.explain.history import FIELDS, value_in_words
from dispatch.explain.words import name_of, told, when
from dispatch.jobs import KeyReused
from dispatch.roster import LastDispatcher, MemberConflict, NameTaken
from dispatch.templatetags.formats import time_text
from dispatch.templatetags.formats import words as words_of

UNSURE = gettext_lazy(
    "We cannot reach our records right now, so we do not know yet whether this was saved."
    " What you typed is still here: please send it again in a minute; that does not do it twice."
)
KEPT = gettext_lazy("What you typed is still here.")
LOOK_BELOW = gettext_lazy("Please look at the fields marked below; nothing was saved yet.")
ILLEGAL = {
    Illegal.ALREADY_THERE: gettext_lazy("The job is already at “%(to)s”."),
    Illegal.NEEDS_REASON: gettext_lazy("From “%(start)s” to “%(to)s” needs a reason."),
    Illegal.NEEDS_COULD_NOT: gettext_lazy("Say why it could not be done: %(codes)s."),
    Illegal.NEEDS_WORDS: gettext_lazy("Say in a few words why it could not be done."),
    Illegal.DISPATCHERS_ONLY: gettext_lazy(
        "Only a dispatcher can move a job from “%(start)s” to “%(to)s”: ask one."
    ),
    Illegal.LOOK_ONLY: gettext_lazy("You may look, but not move jobs. Ask a dispatcher."),
    Illegal.TOO_LATE_TO_UNDO: gettext_lazy(
        "It is too late to undo, or not yours. Move the job as it should be, or ask a dispatcher."
    ),
    Illegal.TOO_LATE_TO_CANCEL: gettext_lazy("It is too late to cancel here. Please call us."),
    Illegal.TOO_LATE_TO_RESCHEDULE: gettext_lazy(
        "It is too late to choose another time here. Please call us."
    ),
    Illegal.NOT_FOR_CUSTOMERS: gettext_lazy(
        "This pickup is “%(start)s”; that cannot be changed here any more. Please call us."
    ),
    Illegal.NOT_YET_READY: gettext_lazy(
        "We confirm your request first; then you can say here that you are ready."
        " If it is urgent, please call us."
    ),
    Illegal.NO_FIRST_STATUS: gettext_lazy(
        "A new job is %(first)s or %(second)s, never %(status)s."
    ),
    Illegal.NO_SUCH_STATUS: gettext_lazy("There is no such status."),
    Illegal.NOT_CONFIRMED: gettext_lazy(
        "“On my way” and estimates are for confirmed jobs; this is “%(start)s”."
        " If it is to be driven to, ask a dispatcher to move it."
    ),
    Illegal.PRICE_STANDS: gettext_lazy(
        "This job is “%(start)s”: no new price is agreed on it any more."
        " If the price is wrong, a dispatcher can edit it."
    ),
}
SHORT = {*ROLES, "price", "window", "load", "truck"}  # of these the new value is told, too
OBSTACLES = {
    Obstacle.UNKNOWN: gettext_lazy("Nobody called %(username)s is on the roster."),
    Obstacle.LEFT: gettext_lazy("%(name)s has left the crew."),
    Obstacle.NOT_ABLE: gettext_lazy("%(name)s cannot work as %(role)s."),
    Obstacle.NOT_THAT_DAY: gettext_lazy("%(name)s does not work as %(role)s on that day."),
    Obstacle.AWAY: gettext_lazy("%(name)s is away on %(when)s."),
    Obstacle.FULL: gettext_lazy(
        "%(name)s has too much on %(when)s: %(taken)d of %(places)d places are taken."
    ),
}
# What others may have changed of a member meanwhile.
PROFILE = {
    "name": gettext_lazy("name"),
    "rank": gettext_lazy("rank"),
    "roles": gettext_lazy("roles"),
    "phone": gettext_lazy("phone"),
    "email": gettext_lazy("email"),
    "language": gettext_lazy("language"),
}


def explain(error: Exception, business: Business) -> str:
    """Raises the error itself where it is none of those that people can do something about."""
    match error:
        case IllegalMove():
            return illegal_text(error)
        case InvalidInput():
            return " ".join(map(told, error.errors.values()))
        case JobConflict(field=""):
            return _who_moved(error.job, business)
        case JobConflict(field="quote"):
            return _other_price(error.job, business)
        case JobConflict():
            return _who_changed(error.job, error.field, business)
        case JobNotFound():
            return _("It is no longer there: somebody has discarded it, or it is in the history.")
        case KeyReused():
            return _("This request was already used for a job with other details.")
        case NotAvailable():
            return unavailable_text(error, wiring.roster(business).read(), business)
        case WindowFull():
            return full_text(error, business)
        case TooMuch(left=Decimal() as left):
            return _("Only %(left)s is open. Is all of it to be taken?") % {
                "left": business.money(left)
            }
        case TooMuch():
            return _("No price is agreed yet, so nothing is open. Is it all the same to be taken?")
        case MemberConflict():
            # Of several: “the name and the phone”.
            fields = _(" and the ").join(str(PROFILE.get(name, name)) for name in error.fields)
            return _("Somebody else has changed the %(what)s since you looked.") % {"what": fields}
        case LastDispatcher():
            return _("This is the last active dispatcher: make somebody else one first.")
        case NameTaken():
            return _("Somebody signs in by that name, or has before they left.")
    raise error


def illegal_text(error: IllegalMove) -> str:
    """Why that move is not allowed."""
    first, second = CREATABLE
    return str(ILLEGAL[error.why]) % {
        "start": told(error.start.label) if error.start else "",
        "to": told(error.to.label) if error.to else "",
        "status": error.to,
        "codes": ", ".join(COULD_NOT),
        "first": first,
        "second": second,
    }


def not_written(error: StoreUnavailable) -> str:
    """For the crew, on a page that gives back what was typed."""
    return f"{told(error.args[0])} {KEPT}" if isinstance(error, LedgerMoved) else str(UNSURE)


def unavailable_text(error: NotAvailable, roster: Roster, business: Business) -> str:
    """Why somebody cannot be given a role, and who can: `… Who is free: Ana.`"""
    if error.obstacle is Obstacle.FULL and error.window:
        whose = _("%(name)s on %(when)s") % {
            "name": roster.name_of(error.username),
            "when": when(error.window, business),
        }
        why = _too_many(whose, error.taken, business.jobs_per_window, error.needed)
    else:
        clash = Clash(error.role, error.username, error.obstacle)
        why = clash_text(clash, error.window, roster, business)
    names = {"names": ", ".join(member.name for member in error.instead) or _("nobody")}
    who = _("Who is free: %(names)s.") if error.window else _("Who can: %(names)s.")
    return f"{why} {who % names}"


def full_text(error: WindowFull, business: Business) -> str:
    """`Sat, May 23 (Morning) is full: 8 of 8 places are taken, and this would be 1 too many. …`"""
    room, then = error.room, when(error.window, business)
    full = _too_many(then, room.taken, room.places, error.needed)
    near = ", ".join(when(window, business) for window in error.nearest)
    return f"{full} " + (
        _("Nearest with room: %s.") % near if near else _("Nothing else has room.")
    )


def _too_many(whose: str, taken: int, places: int, needed: int) -> str:
    """Of a window, or of one driver's: it has no room for a job of so many places."""
    why = _("%s has too little room for it") if taken < places else _("%s is full")
    return _(
        "%(why)s: %(taken)d of %(places)d places are taken, and this would be %(over)d too many."
    ) % {"why": why % whose, "taken": taken, "places": places, "over": taken + needed - places}


def clash_text(clash: Clash, window: Window | None, roster: Roster, business: Business) -> str:
    """Why somebody who is on a job cannot do it: `Joel is away on Sat, May 23 (Morning).`"""
    return str(OBSTACLES[clash.obstacle]) % {
        "name": roster.name_of(clash.username),
        "username": clash.username,
        "role": words_of(clash.role),
        "when": when(window, business) if window else "",
        "taken": clash.taken,
        "places": business.jobs_per_window,
    }


def _who_changed(job: Job, field: str, business: Business) -> str:
    roster = wiring.roster(business).read()
    made = (each for each in reversed(job.history) if each.what not in OFFERS)
    last = next((each for each in made if field in (each.changes or ())), None)
    names = {"what": FIELDS.get(field, field), "who": _("Somebody else")}
    if last is None or not last.changes:
        return _("%(who)s has changed the %(what)s since you looked.") % names
    names["who"] = name_of(last.by, roster)
    if field not in SHORT:
        return _("%(who)s has changed the %(what)s since you looked.") % names
    names["value"] = value_in_words(field, last.changes[field][1], last, business, roster)
    return _("%(who)s has changed the %(what)s to %(value)s since you looked.") % names


def _other_price(job: Job, business: Business) -> str:
    """Of a yes or no to a price that does not wait: which one does, or is agreed."""
    price = job.price if isinstance(job.price, Decimal) else None
    if job.quote and job.quote.waits and job.quote.amount is not None:
        offered = business.money(job.quote.amount)
        return _("That price is no longer the one on offer: now it is %(price)s.") % {
            "price": offered
        }
    if price is None:
        return _("That price is no longer on offer, and none is agreed yet.")
    return _("That price is no longer on offer: the price is %(price)s.") % {
        "price": business.money(price)
    }


def _who_moved(job: Job, business: Business) -> str:
    names = {"status": told(job.status.label)}
    if (last := job.last_move) is None:
        return _("This job has moved on: it is at “%(status)s” now.") % names
    names["who"] = name_of(last.by, wiring.roster(business).read())
    names["when"] = time_text(last.at, business)
    return _("%(who)s has moved this job to “%(status)s” at %(when)s.") % names
