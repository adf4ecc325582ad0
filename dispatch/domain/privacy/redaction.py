"""A job without its person: no name, address, contact, text, photo or link.

What figures need stays, and is listed; nothing else does: a field that we do not know may hold a
person.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from dispatch.domain.availability import INSISTED, SICK
from dispatch.domain.job import REDACTED, REMOVED, ROLES, SYSTEM, Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import COULD_NOT, UNDO
from dispatch.domain.stored.ledger import Entry, following
from dispatch.domain.stored.record import encode
from dispatch.domain.visit.money import METHODS
from dispatch.domain.visit.photo import Kind

STAYS = (
    *("id", "version", "status", "window", "crew", "truck", "load", "items", "price", "stop"),
    *("on_my_way", "eta", "created_at", "updated_at", "finished_at"),
)
CHANGES_STAY = {"window", "truck", "load", "items", "price", "eta", *ROLES}
CODES = {*COULD_NOT, UNDO, INSISTED, SICK, *Kind}  # reasons that nobody has typed
STORED_AS = frozenset(Job.__struct_encode_fields__)


class StillOpen(Exception):
    """The job is not over: its person is still needed."""


def of(job: Job) -> Job:
    """The job without its person; itself where nothing of one is in it. Unknown fields are not
    looked at: see `unknown`.
    """
    bare = Job(
        **{name: getattr(job, name) for name in STAYS},
        customer_name=REMOVED,
        location=REMOVED,
        payments=tuple(map(_plain_way, job.payments)),
        paid=job.paid and _plain_way(job.paid),
        quote=job.quote and replace(job.quote, lines=(), answered_name=None),
        history=tuple(map(_without_texts, job.history)),
    )
    return job if bare == job else bare


def unknown(raw: bytes) -> list[str]:
    """The fields of a job, as it is stored, that this version does not know."""
    return sorted(msgspec.json.decode(raw, type=dict[str, Raw]).keys() - STORED_AS)


def has_left(entry: Entry[Job]) -> bool:
    """True where nothing of a person is in it any more."""
    return entry.value is not None and of(entry.value) is entry.value and not unknown(entry.raw)


def redacted(book: JobBook, job_ids: Iterable[str], at: datetime) -> JobBook:
    """The book with these of its jobs, each as its next version, without its person; itself where
    they all have left. Jobs that are not in it are passed over.

    Raises StillOpen.
    """
    entries = [book.entries[book.index[job_id]] for job_id in job_ids if job_id in book.index]
    new = [_next(entry, at) for entry in entries if not has_left(entry)]
    return book.with_entries(new) if new else book


def _next(entry: Entry[Job], at: datetime) -> Entry[Job]:
    """Raises StillOpen."""
    job = entry.value
    if job is None or job.status.is_open:
        raise StillOpen
    version = following(job.version)
    event = Event(at=at, by=SYSTEM, what=REDACTED, version=version)
    bare = replace(of(job).happened(event), version=version)
    # Made anew: nothing of what is stored besides is taken over.
    return JobBook.read_entry(encode(bare))


def _plain_way(paid: Any) -> Any:
    """Other programs may have written a sentence for the method."""
    return paid if paid.method in METHODS else replace(paid, method="other")


def _without_texts(event: Event) -> Event:
    """Of a reason its codes, of changes those that are no person's."""
    reason, changes = event.reason, event.changes
    if reason:
        reason = ": ".join(part for each in reason.split(":") if (part := each.strip()) in CODES)
    if changes:
        changes = {name: said for name, said in changes.items() if name in CHANGES_STAY}
    return replace(event, reason=reason or UNSET, changes=changes or UNSET)
