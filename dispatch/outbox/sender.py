"""What is due goes out: each message once, but for what is cut off between sending and noting it.

Such a one goes out again with the same id.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from django.conf import settings
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import SYSTEM, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.caused import recipient, with_messages
from dispatch.domain.outbox.due import (
    OF_THE_MOMENT,
    is_due,
    over,
    settled,
    tried_again,
    with_reminders,
)
from dispatch.domain.outbox.message import (
    Channel,
    Composed,
    Envelope,
    Message,
    NotSent,
    OptedOut,
    Refused,
    State,
    Told,
    Why,
)
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.outbox import links, stops
from dispatch.outbox.links import ComposeLinks

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks for what is due
AT_ONCE = 8  # messages that are on their way together
A_LOOK = 2 * AT_ONCE  # messages at most, so that what becomes due meanwhile waits for few


class Compose(Protocol):
    """What a message says, of the job as it is."""

    def __call__(
        self, business: Business, job: Job, message: Message, to: str, at: datetime
    ) -> Composed: ...


class Fate(NamedTuple):
    """What became of a message, which was made of the job as it was at that time."""

    job: Job
    after: Message
    at: datetime

    def noted(self, book: JobBook, business: Business) -> JobBook:
        """Of what has changed since, the message as it waited was to tell: another does now."""
        book = book.noted(self.job.id, self.after)
        job, channel = book.value(self.job.id), self.after.channel
        if job is None or self.after.is_pending or job.version == self.job.version:
            return book
        told = with_messages(job, self.job, business, [Channel(channel)], self.at)
        return book if told is job else book.put(told)


class Sender:
    """Of one business's messages."""

    def __init__(self, business: Business, compose: Compose, compose_links: ComposeLinks) -> None:
        self._business, self._compose, self._compose_links = business, compose, compose_links
        self._jobs, self._lease = wiring.jobs(business), wiring.lease(business)
        self._carriers = wiring.carriers(business)
        self._unnoted: dict[str, Fate] = {}  # by the message's id
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outbox")

    def run(self) -> int:
        """One look: how many went out. Raises StoreUnavailable."""
        business, at = wiring.in_force(self._business), wiring.now()
        if not (self.has_work() or self._unnoted) or not self._lease.hold():
            return 0
        remind = partial(with_reminders, business=business, channels=self._carriers, at=at)
        if remind(book := _here(self._jobs.read())) is not book:
            self._jobs.change(remind)
        for message_id in list(self._unnoted):
            self._note(message_id)
        due = self.due()[:A_LOOK]
        tasks = [self._pool.submit(self._settle, business, job.id, one.id) for job, one in due]
        wait(tasks)  # whatever one raises: until all are noted, none is looked for again
        sent = 0
        if links.are_due(business, at):
            sent = links.deliver(business, self._carriers, self._compose_links, at)
        return sent + sum(task.result() for task in tasks)

    def has_work(self) -> bool:
        """True where something is due, lost links among it. Raises StoreUnavailable."""
        return bool(self.due()) or links.are_due(wiring.in_force(self._business), wiring.now())

    def due(self) -> list[tuple[Job, Message]]:
        """What is to be sent or settled now, first what is of the moment, then the longest due; the
        reminders of tomorrow's jobs, which are not in the book before, among it. Raises
        StoreUnavailable.
        """
        business, at = wiring.in_force(self._business), wiring.now()
        book = with_reminders(_here(self._jobs.read()), business, self._carriers, at)
        found = [
            (job, message)
            for job in book.jobs
            for message in job.messages or ()
            if message.id not in self._unnoted and is_due(job, message, business, at)
        ]
        return sorted(found, key=lambda each: (each[1].event not in OF_THE_MOMENT, each[1].at))

    @property
    def holds_lease(self) -> bool:
        return self._lease.is_sure

    @property
    def has_noted_all(self) -> bool:
        """True where what became of every message stands in its job."""
        return not self._unnoted

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whoever comes after need not wait for the lease to run out."""
        yield
        self._lease.give_back()

    def _settle(self, business: Business, job_id: str, message_id: str) -> bool:
        """Of the job as it is by now. True where it went out."""
        book = _here(self._jobs.refreshed(at_once=True))
        if not (self._lease.is_sure or self._lease.hold()):
            return False
        at, job = wiring.now(), book.value(job_id)
        message = next(
            (each for each in (job and job.messages) or () if each.id == message_id), None
        )
        if job is None or message is None or not is_due(job, message, business, at):
            return False
        after = settled(job, message, business, at)
        if after is message:
            after = self._sent(job, message, business, at)
        self._unnoted[message.id] = Fate(job, after, at)
        self._note(message.id)
        return after.state == State.SENT

    def _sent(self, job: Job, message: Message, business: Business, at: datetime) -> Message:
        """What became of it."""
        channel = Channel(message.channel)
        carrier = self._carriers.get(channel)
        to = recipient(job, Told(message.event), channel, business)
        if carrier is None or (not to and channel is not Channel.WEBHOOK):
            return over(message, State.DROPPED, at, Why.NOBODY)
        if to and stops.has_stopped(business, channel, to):
            return over(message, State.DROPPED, at, Why.STOPPED)
        try:
            composed = None
            if channel is not Channel.WEBHOOK:
                composed = self._compose(business, job, message, to, at)
            since = message.since or at
            carrier.send(Envelope(message.id, message.event, job.id, since, to, composed))
        except OptedOut:
            stops.stop(business, channel, to, by=SYSTEM)
            return over(replace(message, to=to), State.DROPPED, at, Why.STOPPED)
        except Refused as error:
            return over(
                replace(message, to=to, tries=message.tries + 1), State.FAILED, at, str(error)
            )
        except NotSent as error:
            return tried_again(job, message, business, at, str(error))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("A message of job %s was not sent.", job.id)
            return tried_again(job, message, business, at, Why.NO_WORDS)
        sent = over(replace(message, to=to, tries=message.tries + 1), State.SENT, wiring.now())
        return replace(sent, sent_at=sent.at)

    def _note(self, message_id: str) -> None:
        """Into the job. Where the storage is out of reach it is done later; sent it is already."""
        fate, business = self._unnoted[message_id], wiring.in_force(self._business)
        try:
            self._jobs.change(lambda book: fate.noted(book, business))
        except StoreUnavailable as error:
            log.warning("What became of a message is not noted yet: %s", error)
        else:
            del self._unnoted[message_id]


def _here(book: JobBook) -> JobBook:
    """Without jobs that have moved elsewhere: whoever is there tells of them."""
    return JobBook() if book.migration.refusal else book


def start(sender_of: Callable[[Business], Sender]) -> None:
    """A thread for each business that tells anybody anything, as long as the process lives."""
    for business in settings.BUSINESSES:
        if wiring.carriers(business):
            sender = sender_of(business)
            threading.Thread(target=_send_on, args=(sender, business), daemon=True).start()


def _send_on(sender: Sender, business: Business) -> None:
    while True:
        time.sleep(LOOK)
        try:
            while sender.run():
                pass
        except StoreUnavailable as error:
            log.warning("Messages of %s wait: %s", business.slug, error)
        except Exception:
            log.exception("Messages of %s wait.", business.slug)
