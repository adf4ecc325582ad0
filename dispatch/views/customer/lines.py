"""The messages of a job in words, as its drawer shows them: each with its channel and its fate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.outbox.message import Channel, Message, State, Told, Why
from dispatch.templatetags.formats import words

EVENTS = {
    Told.RECEIVED: gettext_lazy("Request received"),
    Told.CONFIRMED: gettext_lazy("Confirmed"),
    Told.CHANGED: gettext_lazy("Changed"),
    Told.REMINDER: gettext_lazy("Reminder"),
    Told.ON_MY_WAY: gettext_lazy("On the way"),
    Told.LATE: gettext_lazy("Running late"),
    Told.COULD_NOT: gettext_lazy("Could not do it"),
    Told.PRICE: gettext_lazy("A price to agree to"),
    Told.ANSWERED: gettext_lazy("Answer"),
    Told.COMPLETED: gettext_lazy("Done, with receipt"),
    Told.CANCELLED: gettext_lazy("Cancelled"),
    Told.REQUEST: gettext_lazy("New request, to the office"),
    Told.CUSTOMER_MESSAGE: gettext_lazy("The customer’s message, to the office"),
}
CHANNELS = {
    Channel.EMAIL: gettext_lazy("e-mail"),
    Channel.SMS: gettext_lazy("text"),
    Channel.WEBHOOK: gettext_lazy("to another system"),
}
FATES = {
    State.HELD: gettext_lazy("goes out in a minute"),
    State.WAITING: gettext_lazy("waits"),
    State.SENT: gettext_lazy("sent"),
    State.FAILED: gettext_lazy("did not go out"),
    State.DROPPED: gettext_lazy("not sent"),
}
WHY = {
    Why.OVERTAKEN: gettext_lazy("it holds no more"),
    Why.MERGED: gettext_lazy("another message tells it"),
    Why.TOO_LATE: gettext_lazy("it was too late for it"),
    Why.NOBODY: gettext_lazy("there is no address for it, or no consent"),
    Why.STOPPED: gettext_lazy("they want no messages there"),
    Why.NO_WORDS: gettext_lazy("a fault of ours, which is in the log"),
}


@dataclass(frozen=True)
class Line:
    """One message in words; `fate` goes with the time `at`, `to` is where it went."""

    message: Message
    what: str
    channel: str
    fate: str
    why: str
    to: str
    has_failed: bool


def lines_of(job: Job, business: Business) -> list[Line]:
    """Newest first."""
    return [_line(each, business) for each in reversed(job.messages or ())]


def _line(message: Message, business: Business) -> Line:
    error = message.error if message.state != State.SENT else ""
    return Line(
        message,
        what=_named(EVENTS, message.event),
        channel=_named(CHANNELS, message.channel),
        fate=_named(FATES, message.state or ""),
        why=_named(WHY, error) if error in {*Why} else error,
        to=business.phone_text(message.to) if message.channel == Channel.SMS else message.to,
        has_failed=message.state == State.FAILED,
    )


def _named(table: Mapping[Any, Any], name: str) -> str:
    """Another version's names as they are."""
    return str(table.get(name) or words(name))
