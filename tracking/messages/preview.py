"""Every message once, of a sample job, so that its words are seen before a customer reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Event, Job, MessageIn
from dispatch.domain.outbox.message import Channel, Composed, Told
from dispatch.domain.outbox.texts import MOST_SEGMENTS, segments
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine, Quote
from tracking.messages.compose import channels_of, compose, compose_links, template_of

LINKS = "links"


@dataclass(frozen=True, slots=True)
class Preview:
    """A message that was composed, or what is wrong with it."""

    event: str
    channel: Channel
    language: str
    composed: Composed | None
    wrong: str = ""

    def __str__(self) -> str:
        if self.composed is None or self.wrong:
            return f"{template_of(self.event, self.channel)} in {self.language}: {self.wrong}"
        text, subject = self.composed.text, self.composed.subject
        size = f"{len(text)} characters"
        if self.channel is Channel.SMS:
            count = segments(text)
            size += f", {count} {'segment' if count == 1 else 'segments'}"
        said = f"{subject} | {text}" if subject else text
        return f"{self.event}, {self.channel}, {self.language}, {size}: {said}"


def previews(business: Business, job: Job, driver: str, at: datetime) -> Iterator[Preview]:
    """Each event on each channel in each language, and the links that were lost. `job` is a booked
    one with a window, `driver` the member who comes.
    """
    jobs = _samples(job, driver, at)
    for language in business.languages:
        for event, sample in jobs.items():
            if event.is_for_business and language != business.languages[0]:
                continue  # whoever asks, the office reads its own
            for channel in channels_of(event):
                yield _preview(business, replace(sample, language=language), event, channel, at)
        for channel in (Channel.SMS, Channel.EMAIL):
            yield _preview(business, replace(job, language=language), LINKS, channel, at)


def _preview(business: Business, job: Job, event: str, channel: Channel, at: datetime) -> Preview:
    language = job.language
    try:
        if isinstance(event, Told):
            composed = compose(business, job, event, channel, since=at, at=at)
        else:
            composed = compose_links(business, [job], channel, at=at)
    except Exception as error:  # whatever a template makes of its context
        return Preview(event, channel, language, None, f"{type(error).__name__}: {error}")
    count = segments(composed.text) if channel is Channel.SMS else 0
    wrong = f"{count} segments, at most {MOST_SEGMENTS}" if count > MOST_SEGMENTS else ""
    return Preview(event, channel, language, composed, wrong)


def _samples(job: Job, driver: str, at: datetime) -> dict[Told, Job]:
    """The job as each event finds it."""
    price = (job.price or Decimal(100)) + 90
    changed = job.edited({"price": price}, by=driver, at=at)
    if job.window:
        later = replace(job.window, date=job.window.date + timedelta(days=1))
        changed = changed.edited({"window": later}, by=driver, at=at)
    lines = (PriceLine("Hot tub", Decimal(90)),)
    asked = MessageIn("sample", at, "Is the side gate wide enough?", answer="Yes, it is.")
    coming = job.on_the_way(by=driver, at=at).expected_at(
        at + timedelta(minutes=15), by=driver, at=at - timedelta(minutes=5)
    )
    failed = Event(at, driver, from_=Status.IN_PROGRESS, to=Status.BOOKED, reason="no_access")
    ended = Event(at, CUSTOMER, from_=job.status, to=Status.CANCELLED)
    return dict.fromkeys(Told, job) | {
        Told.RECEIVED: replace(job, status=Status.PENDING),
        Told.CHANGED: changed,
        Told.ON_MY_WAY: coming,
        Told.LATE: coming.expected_at(at + timedelta(hours=1), by=driver, at=at),
        Told.COULD_NOT: job.happened(failed),
        Told.PRICE: replace(job, quote=Quote("sample", price, lines, at, driver)),
        Told.ANSWERED: replace(job, messages_in=(asked,)),
        Told.COMPLETED: replace(job, status=Status.COMPLETED),
        Told.CANCELLED: job.happened(ended, status=Status.CANCELLED),
        Told.REQUEST: replace(job, status=Status.PENDING, description="A sofa and a hot tub."),
        Told.CUSTOMER_MESSAGE: replace(job, messages_in=(asked,)),
    }
