"""jobs.json: the document of all jobs, read generously and written strictly."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from dispatch.domain.job import LONG_AGO, Job, JobLine, Request
from dispatch.domain.moves import with_repeats_folded
from dispatch.domain.outbox.message import Message
from dispatch.domain.search import Found
from dispatch.domain.stored.document import LedgerMoved, UnreadableDocument
from dispatch.domain.stored.ledger import Entry, Ledger, following
from dispatch.domain.stored.record import JSON
from dispatch.domain.typed import amounts
from dispatch.domain.typed.sentences import Sentence as _

OLD_NAMES = {"customer": "customer_name", "token": "tracking_token", "assigned_crew": "crew"}
NEVER_NULL = {
    *("version", "tracking_token", "phone", "email", "price", "price_lines", "crew", "truck"),
    *("load", "access_notes", "photos", "notes", "history", "created_at", "updated_at"),
    *("doubtful", "keys", "postcode", "description", "items", "payments"),
    *("messages_in", "messages", "messages_gone", "language", "consent"),
}
NULL = Raw(b"null")
TIMES = {"created_at", "updated_at"}
AMOUNT_IN_STRING = re.compile(rb'"amount"\s*:\s*"')
MAX_REQUESTS = 500  # that wait; beyond, only a sender's first is taken, and others asked to call
MAX_IN_A_RUSH = 60  # within RUSH; beyond, likewise
RUSH = timedelta(hours=1)
MOST_REQUESTS = 1_000  # and then nobody's, or the document would grow too large to write
MAX_OF_ONE_SENDER = 10  # of those; who has sent so many is likely no customer
FORGOTTEN = timedelta(days=1)  # after which a request that was taken back counts no more
EPOCH = Raw(JSON.encode(LONG_AGO))
ARCHIVED_AFTER = timedelta(days=3)  # since it was finished
OF_ITS_PLACE = {"archive", "migration"}  # what a document says of itself that is true only there

S = TypeVar("S", bound=msgspec.Struct)


class JobNotFound(Exception):
    """No job has that id or link."""


class TooManyRequests(Exception):
    """More requests wait, of this sender or of all, than can be looked at: better to call."""


class MadeElsewhere(Exception):
    """This request has made its job already, when another sender sent it."""


class Archive(msgspec.Struct, frozen=True):
    """What jobs.json knows of its archive: the revision of each month, by `2026-05`, as of its last
    change; the last day on which finished jobs were moved there, and who is at it now; the first
    month, `2019-05`, whose persons are kept: they have left all before it.
    """

    months: dict[str, int] = {}
    day: date | None = None
    claim: str = ""
    redacted: str = ""


class Migration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What jobs.json, or a month, knows of its moves from one place to another."""

    id: str = ""  # of the last; it is the id of the write that began it, too
    to: str = ""  # where the jobs are now: here they are no more than read
    source: str = ""  # from where they are still copied: here they are not written yet
    past: tuple[str, ...] = ()  # the ids of those before it, and of those taken back

    @property
    def ids(self) -> tuple[str, ...]:
        """By which places know that they hold, or held, the same jobs."""
        return tuple(dict.fromkeys(filter(None, (*self.past, self.id))))

    @property
    def refusal(self) -> str:
        """Why nothing may be written; empty where it may."""
        if self.to:
            return _(
                "The jobs are being moved to %(place)s: they can be read here, and not be changed."
                " Please try again in a few minutes.",
                place=self.to,
            )
        return self.source and _(
            "The jobs are still being copied from %(place)s: they cannot be changed here yet."
            " `manage.py jobs migrate`, run again, finishes it.",
            place=self.source,
        )


ARCHIVE, MIGRATION = msgspec.json.Decoder(Archive), msgspec.json.Decoder(Migration)


class JobBook(Ledger[Job]):
    """Every job of a business, by id, by tracking token and by the request that made it."""

    schema = 2
    collection = "jobs"
    record = Job
    mended_by = (
        "put back by `manage.py jobs restore`, or begun anew, empty, by `manage.py jobs begin`"
    )
    texts = frozenset(
        {
            *("id", "tracking_token", "customer_name", "location", "phone", "email", "truck"),
            *("load", "access_notes", "postcode", "description"),
        }
    )

    @classmethod
    def unique(cls, value: JobLine) -> set[str]:
        return {f"id {value.id}", f"token {value.tracking_token or value.id}"}

    @classmethod
    def canonical(cls, fields: Mapping[str, Raw]) -> Mapping[str, Raw]:
        """As `renamed`, amounts in strings become numbers, and photos' ids photos.

        Raises ValueError for a string that is no amount.
        """
        fields, numbers = cls.renamed(fields), {}
        if "price" in fields and bytes(fields["price"]).startswith(b'"'):
            numbers["price"] = _number(fields["price"], "price")
        for name in ("price_lines", "payments", "paid"):
            if name in fields and AMOUNT_IN_STRING.search(bytes(fields[name])):
                numbers[name] = Raw(JSON.encode(_with_numbers(fields[name], name)))
        if bytes(fields.get("photos", Raw(b"[]"))) != b"[]":
            numbers["photos"] = _with_ids(fields["photos"])
        return {**fields, **numbers} if numbers else fields

    @classmethod
    def renamed(cls, fields: Mapping[str, Raw]) -> Mapping[str, Raw]:
        """Old names become today's; what is missing or null becomes its default."""
        nulls = {name for name, raw in fields.items() if raw == NULL} & NEVER_NULL
        if bytes(fields.get("price", Raw())).strip(b' "') == b"":
            nulls |= fields.keys() & {"price"}  # an empty text is no price either
        if not (nulls or OLD_NAMES.keys() & fields.keys() or TIMES - fields.keys()):
            return fields
        old = {OLD_NAMES[name]: raw for name, raw in fields.items() if name in OLD_NAMES}
        if "crew" in old:
            old["crew"] = Raw(JSON.encode({"driver": old["crew"]}))
        now = {
            name: raw for name, raw in fields.items() if name not in OLD_NAMES and name not in nulls
        }
        known_time = next(
            (now[name] for name in ("created_at", "updated_at") if name in now), EPOCH
        )
        return dict.fromkeys(sorted(TIMES), known_time) | old | now

    @property
    def found(self) -> list[Found]:
        return [Found(job, partial(self.value, job.id)) for job in self.jobs]

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self.values

    def job(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        job = self.value(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def by_token(self, token: str) -> Job:
        """Raises JobNotFound."""
        place = self._by_token.get(token_hash(token))
        job = None if place is None else self.entries[place].value
        if job is None or not token or not compare_digest(job.tracking_token, token):
            raise JobNotFound("no such link")
        return job

    @cached_property
    def _by_token(self) -> dict[bytes, int]:
        return self.index_by(lambda job: token_hash(job.tracking_token))

    def by_request(self, request: Request) -> Job | None:
        """The job that this request made, if it did: the same key, of the same sender.

        Raises MadeElsewhere where another sender's, the same in all, did.
        """
        made = [job for job in self.jobs if job.request and job.request.key == request.key]
        for job in made:
            if job.sender == request.source:
                return job
        if any(job.request and job.request.digest == request.digest for job in made):
            raise MadeElsewhere("another sender has sent the very same")
        return None

    @property
    def untouched(self) -> list[Job]:
        """What customers made, and maybe took back, and nobody else has done anything with yet."""
        return [job for job in self.jobs if job.is_the_customers]

    def sent_lately(self, at: datetime) -> list[Job]:
        """Of those, the ones that wait or have just been taken back: pressing buttons makes no
        room for more.
        """
        return [job for job in self.jobs if is_sent_lately(job, at)]

    def check_floods(self, sender: str, at: datetime) -> None:
        """A sender's first request is taken while others flood us. Raises TooManyRequests."""
        lately = self.sent_lately(at)
        sent = sum(job.sender == sender for job in lately)
        rush = sum(job.created_at > at - RUSH for job in lately)
        crowded = len(lately) >= MAX_REQUESTS or rush >= MAX_IN_A_RUSH
        if len(lately) >= MOST_REQUESTS or (crowded and sent):
            raise TooManyRequests("More requests wait than we can look at.")
        if sender and sent >= MAX_OF_ONE_SENDER:
            raise TooManyRequests("We have not yet looked at your other requests.")

    @cached_property
    def archive(self) -> Archive:
        """Raises UnreadableDocument, as reading the book does: it looks at it."""
        return self._known("archive", ARCHIVE)

    @cached_property
    def migration(self) -> Migration:
        """Raises UnreadableDocument, likewise."""
        return self._known("migration", MIGRATION)

    def _known(self, name: str, decoder: msgspec.json.Decoder[S]) -> S:
        stored = (self.extra or {}).get(name)
        try:
            return decoder.decode(stored) if stored else decoder.type()
        except ValueError as error:
            raise UnreadableDocument(f"Its `{name}` is not ours: {error}.") from error

    @property
    def is_new(self) -> bool:
        """True where there never was a job."""
        return not self.entries and not self.archive.months

    def with_archive(self, **fields: Any) -> Self:
        return self._with("archive", msgspec.structs.replace(self.archive, **fields))

    def with_migration(self, migration: Migration) -> Self:
        return self._with("migration", migration)

    def _with(self, name: str, known: Archive | Migration) -> Self:
        if known == getattr(self, name):
            return self
        extra = {**(self.extra or {}), name: Raw(JSON.encode(known))}
        if known == type(known)():
            del extra[name]
        return dataclasses.replace(self, extra=extra)

    def written(self, write_id: str, at: datetime) -> Self:
        """Raises LedgerMoved where the jobs are elsewhere; UnreadableDocument, as any ledger."""
        if refusal := self.migration.refusal:
            raise LedgerMoved(refusal)
        return super().written(write_id, at)

    def stamped(self, months: Mapping[str, int]) -> Self:
        """Whoever reads this looks at these months of the archive again.

        Who stamps last may have read first: what is known to be newer stays.
        """
        known = self.archive.months
        newest = {name: max(revision, known.get(name, 0)) for name, revision in months.items()}
        return self.with_archive(months=known | newest)

    @classmethod
    def put_together(
        cls, head: Mapping[str, Raw], raws: Iterable[bytes], before: Self | None = None
    ) -> Self:
        book = super().put_together(head, raws, before)
        _ = book.archive, book.migration
        return book

    def finished_before(self, moment: datetime) -> list[Entry[Job]]:
        """But for those with messages that wait since then: nobody looks for them in a month."""
        return [
            entry
            for entry in self.entries
            if (job := entry.value) and job.finished_at and job.finished_at < moment
            if not any(
                each.is_pending and (each.at or moment) > moment for each in job.messages or ()
            )
        ]

    def with_newer(self, entries: Iterable[Entry[Job]]) -> Self:
        """With those of these that are not here in that version, or a later one."""
        newer = [entry for entry in entries if entry.value and not self._has(entry.value)]
        return self.with_entries(newer) if newer else self

    def _has(self, job: Job) -> bool:
        known = self.value(job.id)
        return known is not None and known.version >= job.version

    def without_older(self, jobs: Iterable[JobLine]) -> Self:
        """Without these jobs, where they are in no later version here."""
        known = ((job, self.value(job.id)) for job in jobs)
        return self.without({job.id for job, mine in known if mine and mine.version <= job.version})

    def including(self, other: Self) -> Self:
        """The archive of the other's place is not here."""
        return super().including(other.without_place())

    def without_place(self) -> Self:
        """Without what it knows of the archive beside it, and of its moves."""
        extra = {name: raw for name, raw in (self.extra or {}).items() if name not in OF_ITS_PLACE}
        return dataclasses.replace(self, extra=extra)

    def noted(self, job_id: str, message: Message) -> "JobBook":
        """With what has become of one of its messages, which is no change of the job."""
        job = self.value(job_id)
        known = (job and job.messages) or ()
        messages = tuple(message if each.id == message.id else each for each in known)
        if job is None or messages == known:
            return self
        return self.put(replace(job, messages=messages))

    def changed(self, job: Job, at: datetime) -> "JobBook":
        """With this next state of a job; the very same book where nothing is new."""
        if job == self.value(job.id):
            return self
        version = following(self.job(job.id).version)
        history = with_repeats_folded(job.history)
        return self.put(replace(job, version=version, history=history, updated_at=at))


def is_sent_lately(job: Job, at: datetime) -> bool:
    """True of a request that nobody has looked at yet and that waits, or was just taken back."""
    is_lately = job.status.is_open or job.created_at > at - FORGOTTEN
    return is_lately and job.is_the_customers


def _number(raw: Raw, name: str) -> Raw:
    """Read by our own rule: others take `1_000` and digits of any script."""
    text = msgspec.json.decode(raw, type=str).strip()
    try:
        amount = amounts.read(text or "0")
    except amounts.NoAmount as error:
        raise ValueError(f"{name}: {error}") from None
    return Raw(f"{amount:f}".encode())


def _with_numbers(raw: Raw, name: str) -> list[dict[str, Raw]] | dict[str, Raw]:
    found = msgspec.json.decode(raw, type=list[dict[str, Raw]] | dict[str, Raw])
    for each in [found] if isinstance(found, dict) else found:
        if "amount" in each and bytes(each["amount"]).startswith(b'"'):
            each["amount"] = _number(each["amount"], f"{name}: amount")
    return found


def token_hash(token: str) -> bytes:
    """By which links are looked up, so that timing tells nothing of near misses."""
    return sha256(token.encode(errors="surrogatepass")).digest()


def _with_ids(raw: Raw) -> Raw:
    """Photos of which an old file says no more than the id."""
    photos = msgspec.json.decode(raw, type=list[Raw])
    return Raw(JSON.encode([_photo(each) for each in photos]))


def _photo(raw: Raw) -> Raw | dict[str, Raw]:
    return {"id": raw} if bytes(raw).startswith(b'"') else raw
