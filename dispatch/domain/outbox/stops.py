"""Who wants no more messages of a business, by a hash: nothing of a person is in it."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated

from msgspec import Meta

from dispatch.domain.business import Business
from dispatch.domain.outbox.message import Channel
from dispatch.domain.stored.ledger import Ledger
from dispatch.domain.stored.record import Record
from dispatch.domain.typed import phones

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


# In the history of a job whose customer has asked for messages again.
RESUMED = {Channel.EMAIL: "email_resumed", Channel.SMS: "sms_resumed"}


class Stop(Record, frozen=True, kw_only=True):
    """Whoever that number or address is, they said it at that time; `by` is who told us: `customer`
    from the page, `system` where the provider reported it.
    """

    hash: Hash
    channel: str
    at: datetime
    by: str


class Stops(Ledger[Stop]):
    """All of one business."""

    schema = 1
    collection = "stops"
    record = Stop
    named_by = "hash"
    mended_by = "put back by `manage.py crew restore`"

    def with_stop(self, hashed: str, channel: Channel, *, by: str, at: datetime) -> "Stops":
        """Itself where they have said it already."""
        if self.value(hashed):
            return self
        return self.put(Stop(hash=hashed, channel=channel.value, at=at, by=by))


def hash_of(business: Business, channel: Channel, to: str) -> str:
    """Of an e-mail address or a number, however either is written. Of another business, or for
    another channel, it is another.
    """
    typed = to.strip()
    one = phones.dialled(typed, business.country)[0] if channel is Channel.SMS else typed.lower()
    return sha256(f"{business.slug} {channel.value} {one}".encode()).hexdigest()
