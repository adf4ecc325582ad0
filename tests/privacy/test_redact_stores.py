"""`manage.py jobs redact` where the jobs are in a table or a bucket: what it says is true there."""

import boto3
import pytest
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.job import REMOVED
from dispatch.stores.dynamodb import Table
from dispatch.stores.table.ledger import LOG_KEPT
from tests.making import BUSINESS, NOON
from tests.privacy.birds import NOTHING_SINGS, canary_job, with_unknown
from tests.stores.conftest import bucket  # noqa: F401
from tests.test_commands import run

AS_DEPLOYED = wiring._jobs
ID = canary_job().id


def sings(held: object) -> bool:
    return any(bird in repr(held).encode() for bird in NOTHING_SINGS)


def test_in_a_table_the_log_alone_holds_them_still(jobs_table: Table) -> None:
    run("jobs", "create-table")
    jobs = wiring.jobs(BUSINESS)
    jobs.change(lambda book: with_unknown(book, canary_job()))
    run("jobs", "archive")
    said = run("jobs", "redact", ID)
    until = BUSINESS.today(NOON + LOG_KEPT)
    assert f"- earlier versions in the log of the table: until {until} at the latest" in said
    assert jobs.archived(ID).customer_name == REMOVED
    items = boto3.resource("dynamodb").Table(jobs_table.name).scan()["Items"]
    assert {item["PK"].partition("#")[0] for item in items if sings(item)} == {"LOG"}
    assert all("expires" in item for item in items if sings(item))
    found = {item["PK"].partition("#")[0] for item in items}
    assert {"ID", "ARCHIVE"} <= found
    assert "TOKEN" not in found


@pytest.mark.usefixtures("bucket")
def test_in_a_bucket_its_own_rules_say_how_long(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    name = request.getfixturevalue("bucket")
    client = boto3.client("s3")
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    storage = {
        "BACKEND": "dispatch.stores.s3.OneConnectionS3Storage",
        "OPTIONS": {"bucket_name": name},
    }
    settings.STORAGES = {**settings.STORAGES, f"jobs-{BUSINESS.slug}": storage}
    settings.JOBS_URL, settings.PHOTOS_URL = f"s3://{name}/jobs.json", ""
    monkeypatch.setattr(wiring, "_jobs", AS_DEPLOYED)
    AS_DEPLOYED.cache_clear()
    wiring.jobs(BUSINESS).change(lambda book: with_unknown(book, canary_job()))
    run("jobs", "archive")
    said = run("jobs", "redact", ID)
    where = f"s3://{name}/jobs.json"
    assert f"- earlier versions in {where}: as long as its bucket’s own rules keep them" in said
    assert "until 2" not in said, "nobody knows"
    kept = client.list_object_versions(Bucket=name)["Versions"]
    bodies = [
        (each["IsLatest"], sings(_body(client, name, each["Key"], each["VersionId"])))
        for each in kept
    ]
    assert (True, True) not in bodies
    assert (False, True) in bodies
    AS_DEPLOYED.cache_clear()


def _body(client: object, bucket: str, key: str, version: str) -> bytes:  # noqa: F811
    answer = client.get_object(Bucket=bucket, Key=key, VersionId=version)  # type: ignore[attr-defined]
    body: bytes = answer["Body"].read()
    return body
