"""The repositories that production has, above a document of a test's."""

import time
from typing import Any

from dispatch.domain.roster import Roster
from dispatch.domain.stored.document import DocumentStore
from dispatch.stores.archive import DocumentMonths, JobDocument, Shelf
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import Repository, RosterRepository
from dispatch.stores.table import kinds
from dispatch.stores.table.archive import TableMonths
from dispatch.stores.table.ledger import TableLedger
from tests.making import BUSINESS, NOON

AS_IN_COMMANDS = {"now": lambda: NOON, "background": False}


def open_jobs(document: Shelf, **settings: Any) -> JobRepository:
    return JobRepository(
        JobDocument(document),
        DocumentMonths(document, BUSINESS.zone, clock=settings.get("clock", time.monotonic)),
        link_days=BUSINESS.link_days,
        **{**AS_IN_COMMANDS, **settings},
    )


def open_jobs_in(table: Table, business: str, **settings: Any) -> JobRepository:
    """The same, in a table."""
    return JobRepository(
        TableLedger(table, kinds.jobs(business)),
        TableMonths(table, business, BUSINESS.zone),
        link_days=BUSINESS.link_days,
        **{**AS_IN_COMMANDS, **settings},
    )


def open_roster(document: DocumentStore, **settings: Any) -> RosterRepository:
    return Repository(DocumentLedger(document, Roster), **{**AS_IN_COMMANDS, **settings})
