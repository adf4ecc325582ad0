"""Every kind of store, ready to be used, and an S3 of our own."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from dispatch.domain.document import DocumentStore
from dispatch.stores.file import FileStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import PATIENT, aws_environment
from tests.memory import MemoryStore
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
