"""The one place where adapters are chosen, and where time and chance come in."""

import logging
import secrets
import string
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import storages

from dispatch import channels
from dispatch.channels.email import Sender
from dispatch.domain.business import Business
from dispatch.domain.outbox.links import Links
from dispatch.domain.outbox.message import Carrier, Channel
from dispatch.domain.outbox.stops import Stops
from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.planning.overrides import in_force as with_overrides
from dispatch.domain.roster import Availability
from dispatch.domain.stored.document import MigrationRefused, StoreUnavailable
from dispatch.domain.stored.ledger import Ledger
from dispatch.stores.archive import DocumentMonths, JobDocument, Shelf
from dispatch.stores.archiver import Archiver
from dispatch.stores.aws import PATIENT
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table, client
from dispatch.stores.file import KEPT_FOR, FileStore, forget_copies
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.lease import Lease, LeaseStore
from dispatch.stores.lease.places import LeaseDocument, LeaseItem
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from dispatch.stores.past import Past
from dispatch.stores.photos.files import PhotoFiles
from dispatch.stores.photos.sweep import Sweep
from dispatch.stores.privacy.redactor import Redactor
from dispatch.stores.repository import (
    LedgerStore,
    OverridesRepository,
    Repository,
    RosterRepository,
)
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from dispatch.stores.table import kinds
from dispatch.stores.table.archive import TableMonths
from dispatch.stores.table.crew import OldLayout, days_between
from dispatch.stores.table.ledger import LOG_KEPT, TableLedger
from dispatch.turns import in_turns

log = logging.getLogger(__name__)

L = TypeVar("L", bound=Ledger[Any])
LETTERS_AND_DIGITS = string.ascii_letters + string.digits

# Commands live for a moment: they fetch for themselves instead of keeping a snapshot fresh.
background = False


def jobs(business: Business) -> JobRepository:
    return _jobs(business.slug)


def roster(business: Business) -> RosterRepository:
    return _roster(business.slug)


def overrides(business: Business) -> OverridesRepository:
    return _overrides(business.slug)


def stops(business: Business) -> Repository[Stops]:
    """Who wants no more messages."""
    return _stops(business.slug)


def lost_links(business: Business) -> Repository[Links]:
    """Who asks for theirs."""
    return _lost_links(business.slug)


def in_force(business: Business) -> Business:
    """The business with what its dispatchers have set. Where that was never read and cannot be, as
    its file says.
    """
    try:
        known = overrides(business).read()
    except StoreUnavailable as error:
        log.warning("What was set for %s cannot be read: %s", business.slug, error)
        return business
    return _in_force(business, known)


def as_in_file(business: Business) -> Business:
    return _in_file(business.slug)


def _in_file(slug: str) -> Business:
    return next(each for each in settings.BUSINESSES if each.slug == slug)


# By identity: of what was read a moment ago nothing is put together anew.
_last_in_force: dict[str, tuple[Business, Overrides, Business]] = {}


def _in_force(business: Business, known: Overrides) -> Business:
    last = _last_in_force.get(business.slug)
    if last is None or last[0] is not business or last[1] is not known:
        last = business, known, with_overrides(business, known)
        _last_in_force[business.slug] = last
    return last[2]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def new_job_id() -> str:
    return _letters_and_digits(9)


def new_token() -> str:
    """32 letters and digits, 190 bits: of a link that ends in a sign, mail programs cut it off."""
    return _letters_and_digits(32)


def _letters_and_digits(count: int) -> str:
    # Of one number: a page of ten stops asks for eleven, and a choice for each was a tenth of it.
    rest, made = secrets.randbelow(len(LETTERS_AND_DIGITS) ** count), ""
    for _ in range(count):
        rest, place = divmod(rest, len(LETTERS_AND_DIGITS))
        made += LETTERS_AND_DIGITS[place]
    return made


def where_jobs_are(business: Business) -> str:
    """For people: the folder or the bucket."""
    return settings.JOBS_URL.format(business=business.slug).removeprefix("file:")


def jobs_table() -> Table | None:
    """None where the jobs are a document."""
    return _table(settings.JOBS_URL, "jobs")


def roster_table() -> Table | None:
    """None where the roster is a file."""
    return _table(settings.CREW_URL, "crew")


def old_roster(business: Business) -> OldLayout | None:
    """The roster's table as it may once have been laid out; None where the roster is a file."""
    table, name = roster_table(), _in_table(settings.CREW_URL, business.slug)
    return OldLayout(table, name, is_named=_is_named(settings.CREW_URL)) if table else None


def availability_between(
    business: Business, start: date, end: date
) -> list[tuple[str, date, Availability]]:
    """The days off between these two, both included, those long gone by too.

    Raises StoreUnavailable.
    """
    if table := roster_table():
        return list(days_between(table, _in_table(settings.CREW_URL, business.slug), start, end))
    return [
        (member.username, day, entry)
        for member in roster(business).read().members
        for day, entry in member.availability.items()
        if start <= day <= end
    ]


def place(business: Business, url: str) -> Place:
    """Where the jobs of a business may be: an address as `QDN_JOBS_URL` has it."""
    where, is_ours = url.format(business=business.slug), url == settings.JOBS_URL
    if table := _table(url, "jobs", is_patient=not is_ours):
        name = _in_table(url, business.slug)
        months = TableMonths(table, name, business.zone, in_turns)
        return Place(where, TableLedger(table, kinds.jobs(name)), months)
    shelf = _shelf(where, "jobs.json", f"jobs-{business.slug}" if is_ours else "")
    return Place(where, JobDocument(shelf), DocumentMonths(shelf, business.zone, in_turns))


def carriers(business: Business) -> Mapping[Channel, Carrier]:
    """Of messages to customers, and to the business: those that there are here."""
    if settings.STAGE == "staging":  # it sends to nobody
        return {}
    sender = Sender(business.name, business.email)
    hook = settings.WEBHOOK_URL, settings.WEBHOOK_SECRET
    return _carriers(sender, settings.EMAIL_URL, settings.SMS_URL, *hook)


@cache
def _carriers(
    sender: Sender, email: str, sms: str, webhook: str, secret: str
) -> Mapping[Channel, Carrier]:
    made = dict[Channel, Carrier]()
    if email:
        made[Channel.EMAIL] = channels.email(email, sender)
    if sms:
        made[Channel.SMS] = channels.sms(sms)
    if webhook:
        made[Channel.WEBHOOK] = channels.webhook(webhook, secret, lambda: now())
    return made


def lease(business: Business) -> Lease:
    """Of who sends the messages; of this process, or this command, alone."""
    store: LeaseStore
    if table := jobs_table():
        store = LeaseItem(table, _in_table(settings.JOBS_URL, business.slug))
    else:
        store = LeaseDocument(_beside_jobs(business.slug, "lease.json"))
    return Lease(store, time.monotonic)


def archiver(business: Business) -> Archiver:
    return Archiver(jobs(business))


def photos(business: Business) -> PhotoFiles | None:
    """None where no photos are asked for."""
    return PhotoFiles(storages["photos"], business.slug) if settings.PHOTOS_URL else None


def sweep(business: Business) -> Sweep | None:
    """Of photos; None where there are none."""
    files = photos(business)
    return Sweep(files, jobs(business), business.photo_days) if files else None


def past(business: Business) -> Past:
    return Past(jobs(business))


def redactor(business: Business) -> Redactor:
    return Redactor(jobs(business), photos(business), business.keep_months)


def forget_old(business: Business) -> int:
    """How many old versions of jobs went from a folder. Buckets and tables have rules of their own.

    Raises StoreUnavailable.
    """
    if not settings.JOBS_URL.startswith("file:"):
        return 0
    return forget_copies(Path(settings.BASE_DIR, where_jobs_are(business)), now())


def versions_kept() -> timedelta | None:
    """How long earlier versions of jobs are kept; None where the bucket's own rules say it."""
    return {"file": KEPT_FOR, "dynamodb": LOG_KEPT}.get(urlsplit(settings.JOBS_URL).scheme)


def move(business: Business, to: str) -> Move:
    """Of the jobs to that address; to an empty one, the move that was begun.

    Raises StoreUnavailable, MigrationRefused where none was.
    """
    here = place(business, settings.JOBS_URL)
    to = to or here.jobs.load().migration.to
    if not to:
        raise MigrationRefused(f"The jobs of {here.url} are not moved anywhere.")
    return Move(here, place(business, to), now)


@cache
def _jobs(slug: str) -> JobRepository:
    business = _in_file(slug)
    stored = place(business, settings.JOBS_URL)
    return JobRepository(
        stored.jobs,
        stored.months,
        link_days=business.link_days,
        now=now,
        background=background,
    )


@cache
def _roster(slug: str) -> RosterRepository:
    name = _in_table(settings.CREW_URL, slug)
    kind = kinds.crew(name, is_named=_is_named(settings.CREW_URL))
    return _beside_roster(slug, "crew.json", kind)


@cache
def _overrides(slug: str) -> OverridesRepository:
    kind = kinds.overrides(_in_table(settings.CREW_URL, slug))
    return _beside_roster(slug, "settings.json", kind)


@cache
def _stops(slug: str) -> Repository[Stops]:
    kind = kinds.stops(_in_table(settings.CREW_URL, slug))
    return _beside_roster(slug, "stops.json", kind)


@cache
def _lost_links(slug: str) -> Repository[Links]:
    store: LedgerStore[Links]
    if table := jobs_table():
        store = TableLedger(table, kinds.links(_in_table(settings.JOBS_URL, slug)))
    else:
        store = DocumentLedger(_beside_jobs(slug, "links.json"), Links)
    return Repository(store, now=now, background=False)


def _beside_roster(slug: str, file: str, kind: kinds.Kind[L]) -> Repository[L]:
    """In the roster's table or, of that name, in its folder."""
    store: LedgerStore[L]
    if table := roster_table():
        store = TableLedger(table, kind)
    else:
        shelf = _shelf(settings.CREW_URL.format(business=slug), file, f"crew-{slug}")
        store = DocumentLedger(shelf, kind.ledger)
    return Repository(store, now=now, background=background)


def _beside_jobs(slug: str, file: str) -> Shelf:
    """A folder keeps no older versions of it: numbers and addresses may be in it."""
    url = settings.JOBS_URL.format(business=slug)
    return _shelf(url, "jobs.json", f"jobs-{slug}", keeps=False).beside(file)


def _in_table(url: str, slug: str) -> str:
    """The business's name among those that share the table."""
    return urlsplit(url.format(business=slug)).path.strip("/") or slug


def _is_named(url: str) -> bool:
    return bool(urlsplit(url).path.strip("/"))


def _shelf(url: str, name: str, alias: str, *, keeps: bool = True) -> Shelf:
    parts = urlsplit(url)
    if parts.scheme == "s3":
        elsewhere = {"bucket_name": parts.netloc, "client_config": PATIENT}
        storage = storages[alias] if alias else OneConnectionS3Storage(**elsewhere)
        return S3Store(storage, parts.path.lstrip("/"))
    folder = Path(settings.BASE_DIR, url.removeprefix("file:"))
    if settings.STAGE == "development":
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be made: {error.strerror}") from error
    return FileStore(folder / name, keeps=keeps)


@cache
def _table(url: str, of: str, *, is_patient: bool = False) -> Table | None:
    parts = urlsplit(url)
    make = partial(client, PATIENT) if is_patient else None
    return Table(parts.netloc, make, of=of) if parts.scheme == "dynamodb" else None
