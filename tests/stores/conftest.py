"""Every kind of store, ready to be used, and an S3 of our own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import DocumentStore
from dispatch.stores.archive import JobDocument
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.repository import LedgerStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.aws import PATIENT, aws_environment, patient_dynamodb
from tests.dynalite import PlaysTransactions, running_dynalite
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.moto_server import make_bucket

_bucket = count(1)


@pytest.fixture
def bucket(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket that boto3 finds by the environment alone, as when deployed."""
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    return make_bucket(moto, f"jobs-{next(_bucket)}")


Open = Callable[[], DocumentStore]


@pytest.fixture(params=["memory", "file", "s3"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Each call opens the same document anew, as another process would."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: store
    if request.param == "file":
        return lambda: FileStore(tmp_path / "jobs.json")
    bucket = request.getfixturevalue("bucket")
    at = {"bucket_name": bucket, "client_config": PATIENT}
    return lambda: S3Store(OneConnectionS3Storage(**at), "quickdumpnow/jobs.json")


@pytest.fixture
def store(open_store: Open) -> DocumentStore:
    return open_store()


# --- tables ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    with running_dynalite() as endpoint:
        yield endpoint


_table = count(1)


@pytest.fixture
def open_table(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Table]]:
    """Each call opens the same table anew; moto has real transactions."""
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    name = f"ledgers.{next(_table)}"
    assert Table(name, patient_dynamodb).create()
    yield lambda: Table(name, patient_dynamodb)
    patient_dynamodb().delete_table(TableName=name)  # moto copies it at each transaction


@pytest.fixture
def open_dynalite_table(dynalite: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Table]:
    """The same, one for all tests, stricter about expressions and reserved words."""
    for name, value in aws_environment(dynalite).items():
        monkeypatch.setenv(name, value)
    Table("ledgers", PlaysTransactions).create()
    return lambda: Table("ledgers", PlaysTransactions)


_business = count(1)


@pytest.fixture
def business() -> str:
    """Which no other test has."""
    return f"hauler-{next(_business)}"


OpenJobs = Callable[[], LedgerStore[JobBook]]


TABLES = {"moto": "open_table", "dynalite": "open_dynalite_table"}
# Slower than all others together, of which the one in memory is no less strict.
MOTO = pytest.param("moto", marks=pytest.mark.long)
DYNALITE = pytest.param("dynalite", marks=pytest.mark.long)


@pytest.fixture(params=["file", "s3", "memory", MOTO, DYNALITE])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], OpenJobs]:
    """Of a business, what opens its jobs anew, as another process would."""
    if request.param == "file":
        return lambda business: lambda: JobDocument(FileStore(tmp_path / f"{business}.json"))
    if request.param == "s3":
        at = {"bucket_name": request.getfixturevalue("bucket"), "client_config": PATIENT}
        storage = OneConnectionS3Storage(**at)
        return lambda business: lambda: JobDocument(S3Store(storage, f"{business}/jobs.json"))
    if request.param == "memory":
        client = MemoryTable()
        table = Table("in memory", lambda: client)
        return lambda business: lambda: TableLedger(table, kinds.jobs(business))
    tables = request.getfixturevalue(TABLES[request.param])
    return lambda business: lambda: TableLedger(tables(), kinds.jobs(business))
