"""Lost links: somebody asks for theirs, and what is found is sent to where it was asked for.

Asking looks nothing up, so that its answer tells nothing. All raise StoreUnavailable.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from django.utils.crypto import salted_hmac

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import SYSTEM, Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.outbox.caused import customer_at
from dispatch.domain.outbox.links import TRIED_FOR, Ask
from dispatch.domain.outbox.message import (
    Carrier,
    Channel,
    Composed,
    Envelope,
    NotSent,
    OptedOut,
    Refused,
    State,
)
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.typed import phones
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.outbox import stops

log = logging.getLogger(__name__)

EVENT = "links"  # as the envelope says it
A_LOOK = 4  # at most; the messages of jobs wait for them


class ComposeLinks(Protocol):
    """What a message with the links of these jobs says."""

    def __call__(
        self, business: Business, jobs: Sequence[Job], channel: Channel, to: str, at: datetime
    ) -> Composed: ...


def ask(business: Business, typed: str, at: datetime) -> None:
    """For the links of whoever has that phone number or e-mail address. Raises InvalidInput for
    what is neither, and where we send nothing of the kind: `to`.
    """
    channel, to = _read(typed, business)
    if channel not in wiring.carriers(business):
        raise InvalidInput({"to": _("We cannot send anything there. Please call us.")})
    # Keyed: of a number's plain hash anybody could find the number.
    hashed = salted_hmac(EVENT, f"{business.slug} {channel} {to}", algorithm="sha256").hexdigest()
    asked = Ask(hash=hashed, id=wiring.new_token(), channel=channel, to=to, at=at, next_at=at)
    if not wiring.lost_links(business).change(lambda known: known.asked(asked)).value(hashed):
        log.warning("Too many people ask for their links: no more are taken for now.")


def _read(typed: str, business: Business) -> tuple[Channel, str]:
    """An address in small letters, or a number in E.164. Raises InvalidInput."""
    try:
        if "@" in typed:
            return Channel.EMAIL, job_input.email(typed).lower()
        if number := job_input.phone(typed, business):
            return Channel.SMS, phones.dialled(number, business.country)[0]
    except InvalidInput as invalid:
        raise InvalidInput({"to": next(iter(invalid.errors.values()))}) from None
    raise InvalidInput({"to": _("Please type the number or address that you booked with.")})


def are_due(business: Business, at: datetime) -> bool:
    """True where `deliver` has something to do; cheap, for who looks every second."""
    known = wiring.lost_links(business).read()
    return bool(known.due(at) or known.old(at))


def deliver(
    business: Business, carriers: Mapping[Channel, Carrier], compose: ComposeLinks, at: datetime
) -> int:
    """What is due: how many messages went out. For whoever alone sends messages by now.

    What does not go out is tried again, for half an hour.
    """
    links = wiring.lost_links(business)
    due = links.refreshed(at_once=True).due(at)[:A_LOOK]
    sent = sum(_settled(business, ask, carriers, compose, at) for ask in due)
    links.change(lambda known: known.without(known.old(at)))
    return sent


def _settled(
    business: Business,
    ask: Ask,
    carriers: Mapping[Channel, Carrier],
    compose: ComposeLinks,
    at: datetime,
) -> bool:
    """True where it went out."""
    links, channel = wiring.lost_links(business), Channel(ask.channel)
    carrier, jobs = carriers.get(channel), _theirs(business, channel, ask.to)
    is_late = at - ask.at > TRIED_FOR
    if not carrier or not jobs or is_late or stops.has_stopped(business, channel, ask.to):
        links.change(lambda known: known.over(ask, State.DROPPED))
        return False
    links.change(lambda known: known.tried(ask, at))
    to, state = jobs[0].email if channel is Channel.EMAIL else ask.to, State.SENT
    try:
        composed = compose(business, jobs, channel, to, at)
        carrier.send(Envelope(ask.id, EVENT, jobs[0].id, ask.at, to, composed))
    except OptedOut:
        stops.stop(business, channel, to, by=SYSTEM)
        state = State.DROPPED
    except Refused as error:
        log.warning("The links of job %s were refused: %s", jobs[0].id, _said(error, to))
        state = State.FAILED
    except NotSent as error:
        log.warning("The links of job %s are not sent yet: %s", jobs[0].id, _said(error, to))
        return False
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("The links of job %s are not sent yet.", jobs[0].id)
        return False
    links.change(lambda known: known.over(ask, state))
    return state is State.SENT


def _said(error: NotSent, to: str) -> str:
    """Without whom it was to go to, which providers repeat."""
    return str(error).replace(to, "…")


def _theirs(business: Business, channel: Channel, to: str) -> list[Job]:
    """The open jobs with a link of that address, or of that number if it may be texted, the next
    first; none that may be a robot's.
    """
    found = [
        job
        for job in wiring.jobs(business).read().jobs
        if job.status.is_open and job.tracking_token and not job.is_doubtful
        if customer_at(job, channel).lower() == to
    ]
    return sorted(found, key=lambda job: job.window.date if job.window else date.max)
