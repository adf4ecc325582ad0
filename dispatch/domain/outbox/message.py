"""A message on its way, as its job has it, and what is handed to a channel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dispatch.domain.stored.record import Record

SENT_AGAIN = "sent_again"  # an event of the history
MOST_MESSAGES = 20  # of a job; of older ones that are over only their number is kept


class Told(StrEnum):
    """What a message tells; the last two go to the business, the others to the customer."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    REMINDER = "reminder"
    ON_MY_WAY = "on_my_way"
    LATE = "late"
    COULD_NOT = "could_not"
    PRICE = "price"
    ANSWERED = "answered"  # the business has answered what they wrote
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REQUEST = "request"
    CUSTOMER_MESSAGE = "customer_message"

    @property
    def is_for_business(self) -> bool:
        return self in (Told.REQUEST, Told.CUSTOMER_MESSAGE)


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class State(StrEnum):
    """`held` for the minute of undo, `waiting` for quiet hours or the next try; then over."""

    HELD = "held"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Why(StrEnum):
    """Our own reasons in a message's `error`; others are a carrier's words."""

    OVERTAKEN = "overtaken"  # what it tells holds no more
    MERGED = "merged"  # another message tells it
    TOO_LATE = "too_late"
    NOBODY = "nobody"  # no address or number, or no consent
    STOPPED = "stopped"  # they want no messages there
    NO_WORDS = "no_words"  # a fault of ours, which the log tells


class Message(Record, frozen=True):
    """One event on one channel. Read generously: another version may know other events.

    `since` is when what it tells happened, `at` when it is due, and once it is over, since when
    it is. `to` is empty until it is sent. `error` says why it failed or was dropped, or what went
    wrong at the last try.
    """

    id: str = ""
    event: str = ""
    channel: str = ""
    to: str = ""
    since: datetime | None = None
    state: str | None = None
    at: datetime | None = None
    sent_at: datetime | None = None
    tries: int = 0
    error: str = ""

    @property
    def is_pending(self) -> bool:
        return self.state in (State.HELD, State.WAITING)

    @property
    def is_known(self) -> bool:
        """True where this version can send it."""
        return self.event in {*Told} and self.channel in {*Channel}


@dataclass(frozen=True, slots=True)
class Composed:
    """What is read: a text's `text`; an e-mail's `subject`, `text` and, unless empty, `html`, with
    the address at which one click `unsubscribe`s (RFC 8058).
    """

    text: str
    subject: str = ""
    html: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as a channel is given it. `to` is an e-mail address, or a number in E.164;
    empty for the webhook, which is given no `composed` either.
    """

    id: str
    event: str
    job_id: str
    at: datetime
    to: str = ""
    composed: Composed | None = None


class NotSent(Exception):
    """It did not go out, or nobody knows; that may pass."""


class Refused(NotSent):
    """It will never go out: there is no such address, or it takes none. `str()` says why."""


class OptedOut(Refused):
    """Whoever is there has told the provider to stop."""


class Carrier(Protocol):
    """What takes messages of one channel to where they go."""

    def send(self, envelope: Envelope) -> None:
        """Raises NotSent, Refused. The envelope's id is its idempotency key, where there is such
        a thing.
        """
        ...
