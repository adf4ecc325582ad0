"""Carriers in memory: what they took, and what happens to them."""

from collections.abc import Callable

from dispatch.domain.outbox.message import Channel, Envelope

Trouble = Callable[[], None]


class FakeCarrier:
    """To the next messages happens what is in `before`, and once they are taken, in `after`."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.before: list[Trouble] = []
        self.after: list[Trouble] = []

    def send(self, envelope: Envelope) -> None:
        if self.before:
            self.before.pop(0)()
        self.taken.append(envelope)
        if self.after:
            self.after.pop(0)()

    @property
    def events(self) -> list[str]:
        return [envelope.event for envelope in self.taken]


class Post(dict[Channel, FakeCarrier]):
    """A fake carrier on every channel."""

    def __init__(self) -> None:
        super().__init__({channel: FakeCarrier() for channel in Channel})

    @property
    def ids(self) -> list[str]:
        return [envelope.id for carrier in self.values() for envelope in carrier.taken]
