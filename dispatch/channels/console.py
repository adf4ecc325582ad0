"""On a laptop: messages are printed where the server runs."""

import sys

from dispatch.domain.outbox.message import Channel, Composed, Envelope

NAMES = {Channel.EMAIL: "E-mail", Channel.SMS: "Text"}


class Console:
    """A `Carrier`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def send(self, envelope: Envelope) -> None:
        composed = envelope.composed or Composed("")
        lines = [
            f"--- {NAMES[self._channel]} to {envelope.to} ({envelope.event})",
            *([f"Subject: {composed.subject}", ""] if composed.subject else []),
            composed.text.strip(),
            "---",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
