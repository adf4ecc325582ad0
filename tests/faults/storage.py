"""The stores that storms and races are held on, as other processes reach them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import PATIENT, aws_environment, patient_dynamodb
from tests.memory_table import MemoryTable
from tests.moto_server import make_bucket, running_moto
from tests.opening import open_jobs, open_jobs_in
from tests.table_server import running_dynalite_table, running_table

# `table` is one in memory; moto copies all of its items for each one that it writes.
STORES = ["file", "s3", "table", "dynalite", "moto"]


@contextmanager
def storage(
    kind: str, folder: Path, name: str, *, lose: float = 0
) -> Iterator[tuple[JobRepository, str, str]]:
    """The jobs, the URL that leads to them, and the endpoint that can be cut, if any.

    An S3 cuts off the share `lose` of the answers to its writes.
    """
    with opening(kind, folder, name, lose=lose) as (open_again, url, endpoint):
        yield open_again(), url, endpoint


@contextmanager
def opening(
    kind: str, folder: Path, name: str, *, lose: float = 0
) -> Iterator[tuple[Callable[[], JobRepository], str, str]]:
    """As `storage`, with what opens the jobs: anew in each process."""
    if kind == "file":
        at_file = FileStore(folder / "jobs.json")
        yield lambda: open_jobs(at_file, timeout=60), f"file:{folder}", ""
        return
    running = {
        "table": lambda: running_table(MemoryTable()),
        "dynalite": lambda: running_dynalite_table(name),
    }.get(kind, lambda: running_moto(lose=lose, seed=7))
    with ExitStack() as stack:
        endpoint = stack.enter_context(running())
        stack.enter_context(patch.dict(os.environ, aws_environment(endpoint)))
        if kind == "s3":
            at = {"bucket_name": make_bucket(endpoint, name), "client_config": PATIENT}
            yield (
                lambda: open_jobs(S3Store(OneConnectionS3Storage(**at), "jobs.json"), timeout=60),
                f"s3://{name}/jobs.json",
                endpoint,
            )
            return
        if kind == "moto":
            Table(name, patient_dynamodb).create()
        yield (
            lambda: open_jobs_in(Table(name, patient_dynamodb), "here", timeout=60),
            f"dynamodb://{name}/here",
            endpoint,
        )
