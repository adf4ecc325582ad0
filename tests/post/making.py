"""Messages to send, made in a line."""

from typing import Any

from dispatch.channels.email import Sender
from dispatch.domain.outbox.message import Composed, Envelope
from tests.making import BUSINESS, NOON

SENDER = Sender(BUSINESS.name, BUSINESS.email)
UNSUBSCRIBE = "https://quickdumpnow.com/unsubscribe/" + "s" * 43 + ".email." + "0" * 64


def make_envelope(to: str = "mark@example.com", **composed: Any) -> Envelope:
    """That Mark's pickup is confirmed, unless `composed` says otherwise."""
    words = {"subject": "Your pickup is confirmed", "text": "See you on Friday.", **composed}
    return Envelope("m-1", "confirmed", "jXkL9m2pQ", NOON, to, Composed(**words))
