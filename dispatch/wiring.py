"""The one place where adapters are chosen, and where time and chance come in."""

import logging
import secrets
import string
import threading
import time
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import storages

from dispatch.domain.business import Business
from dispatch.domain.document import DocumentStore, MigrationRefused, StoreUnavailable
from dispatch.domain.roster import Availability, Roster
from dispatch.stores.archive import JobDocument, Months, Shelf
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from dispatch.stores.repository import Repository, RosterRepository
from dispatch.stores.roster_table import RosterTable
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store

log = logging.getLogger(__name__)

DAILY_LOOK = 60  # seconds between looks whether somebody has archived today

# Commands live for a moment: they fetch for themselves instead of keeping a snapshot fresh.
background = False


def jobs(business: Business) -> JobRepository:
    return _jobs(business.slug)


def roster(business: Business) -> RosterRepository:
    return _roster(business.slug)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def new_job_id() -> str:
    return _letters_and_digits(9)


def new_token() -> str:
    """32 letters and digits, 190 bits: of a link that ends in a sign, mail programs cut it off."""
    return _letters_and_digits(32)


def _letters_and_digits(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def where_jobs_are(business: Business) -> str:
    """For people: the folder or the bucket."""
    return settings.JOBS_URL.format(business=business.slug).removeprefix("file:")


def roster_table(business: Business) -> RosterTable | None:
    """The roster's table; None where the roster is a file."""
    url = settings.CREW_URL.format(business=business.slug)
    return _roster_table(url) if urlsplit(url).scheme == "dynamodb" else None


def availability_between(
    business: Business, start: date, end: date
) -> list[tuple[str, date, Availability]]:
    """The days off between these two, both included, those long gone by too.

    Raises StoreUnavailable.
    """
    if table := roster_table(business):
        return list(table.between(start, end))
    return [
        (member.username, day, entry)
        for member in roster(business).read().members
        for day, entry in member.availability.items()
        if start <= day <= end
    ]


def with_days_gone_by(known: Roster, business: Business, start: date, end: date) -> Roster:
    """For showing: with what was said about those of these days that are over.

    A table does not load days of long ago. Raises StoreUnavailable.
    """
    end = min(end, business.today(now()) - timedelta(days=1))
    table = roster_table(business)
    return known.with_days(table.between(start, end)) if table and start <= end else known


def place(business: Business, url: str) -> Place:
    """Where the jobs of a business may be: an address as `QDN_JOBS_URL` has it."""
    alias = f"jobs-{business.slug}" if url == settings.JOBS_URL else ""
    url = url.format(business=business.slug)
    shelf = _shelf(url, "jobs.json", alias)
    return Place(url, JobDocument(shelf), Months(shelf, business.zone))


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
    business = next(each for each in settings.BUSINESSES if each.slug == slug)
    stored = place(business, settings.JOBS_URL)
    jobs = JobRepository(
        stored.jobs,
        stored.months,
        link_days=business.link_days,
        now=now,
        background=background,
    )
    if background:
        threading.Thread(target=_archive_daily, args=(jobs, business), daemon=True).start()
    return jobs


def _archive_daily(jobs: JobRepository, business: Business) -> None:
    """For as long as the process lives. What fails is tried again at the next look."""
    while True:
        time.sleep(DAILY_LOOK)
        try:
            jobs.archive_daily(business.today(now()))
        except StoreUnavailable as error:
            log.warning("Finished jobs are not archived yet: %s", error)
        except Exception:
            log.exception("Finished jobs are not archived yet.")


@cache
def _roster(slug: str) -> RosterRepository:
    url = settings.CREW_URL.format(business=slug)
    store: DocumentStore = (
        _roster_table(url)
        if urlsplit(url).scheme == "dynamodb"
        else _shelf(url, "crew.json", f"crew-{slug}")
    )
    return Repository(DocumentLedger(store, Roster), now=now, background=background)


def _shelf(url: str, name: str, alias: str) -> Shelf:
    parts = urlsplit(url)
    if parts.scheme == "s3":
        storage = storages[alias] if alias else OneConnectionS3Storage(bucket_name=parts.netloc)
        return S3Store(storage, parts.path.lstrip("/"))
    folder = Path(settings.BASE_DIR, url.removeprefix("file:"))
    if settings.STAGE == "development":
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{folder} cannot be made: {error.strerror}") from error
    return FileStore(folder / name, keeps=True)


@cache
def _roster_table(url: str) -> RosterTable:
    parts = urlsplit(url)
    table = Table(parts.netloc)
    return RosterTable(table, parts.path.strip("/"), today=lambda: now().date())
