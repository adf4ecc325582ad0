"""A DynamoDB table: how it is made, out of reach, of another shape, and throttled."""

import socket
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

from dispatch.domain.stored.document import Contended, StaleWrite, StoreUnavailable
from dispatch.stores.dynamodb import LONGEST_PAUSE, READING, NoTable, Table
from tests.aws import aws_environment, patient_dynamodb
from tests.making import NOON, FakeClock

_table = count(1)


@pytest.fixture
def name(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a table that is not there yet."""
    for variable, value in aws_environment(moto).items():
        monkeypatch.setenv(variable, value)
    return f"dynamodb.{next(_table)}"


def write(table: Table) -> None:
    table.write(table.put("a", "b", before={}, then={"version": 7}))


# --- made ----------------------------------------------------------------------------------


def test_a_table_is_made_once_with_all_that_belongs_to_it(name: str) -> None:
    table, client = Table(name, patient_dynamodb), patient_dynamodb()
    assert not table.exists()
    assert table.create()
    made = client.describe_table(TableName=name)["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == [
        "by-phone",
        "by-name",
    ]
    kept = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    in_time = kept["PointInTimeRecoveryDescription"]
    assert in_time["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    assert table.exists()
    assert not table.create()


def test_what_was_interrupted_while_it_was_made_is_completed(name: str) -> None:
    table, client = Table(name, patient_dynamodb), patient_dynamodb()
    table.create()
    off = {"PointInTimeRecoveryEnabled": False}
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=off)
    assert not table.create()
    kept = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert kept["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


# --- out of reach, and not what it should be -------------------------------------------------


def test_a_missing_table_is_said_with_what_makes_it(name: str) -> None:
    advice = f"There is no DynamoDB table {name}: `manage.py crew create-table` makes it."
    for ask in (lambda table: table.get("a", "b"), write):
        with pytest.raises(NoTable) as refusal:
            ask(Table(name, of="crew"))
        assert str(refusal.value) == advice


@pytest.mark.parametrize("keys", [["id"], ["pk", "sk"]], ids=str)
def test_a_table_of_another_shape_is_said_with_how_to_mend_it(name: str, keys: list[str]) -> None:
    patient_dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
    )
    with pytest.raises(StoreUnavailable, match="is of another shape, not found by PK and SK"):
        Table(name).get("a", "b")


def test_without_rights_that_is_said_with_those_it_needs() -> None:
    with pytest.raises(StoreUnavailable) as refusal:
        Table("jobs", lambda: Refusing(refusal_of("AccessDeniedException"))).get("a", "b")
    assert "The DynamoDB table jobs may not be read: allow dynamodb:GetItem" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.fixture
def nothing_listens(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = "http://{}:{}".format(*taken.getsockname())
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
        yield


@pytest.mark.usefixtures("nothing_listens")
def test_a_table_out_of_reach_is_unavailable(name: str) -> None:
    with pytest.raises(StoreUnavailable, match=f"The DynamoDB table {name} could not be read"):
        Table(name).get("a", "b")
    with pytest.raises(StoreUnavailable, match="could not be written"):
        write(Table(name))


def test_without_a_region_that_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(StoreUnavailable, match="region"):
        Table(name).get("a", "b")


# --- throttled -------------------------------------------------------------------------------


def refusal_of(code: str, status: int = 400, reasons: list[str] | None = None) -> ClientError:
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if reasons is not None:
        said["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(said, "Any")


class Refusing:
    """Answers everybody so, or `times` times, and then as an empty table does."""

    def __init__(self, error: Exception, times: int = 10**6) -> None:
        self.error, self.times, self.asked = error, times, 0

    def get_item(self, **_: object) -> dict[str, Any]:
        self._answer()
        return {"ConsumedCapacity": {}}

    def query(self, **_: object) -> dict[str, Any]:
        self._answer()
        return {"ConsumedCapacity": {}, "Items": []}

    def transact_write_items(self, **_: object) -> dict[str, Any]:
        self._answer()
        return {"ConsumedCapacity": []}

    def _answer(self) -> None:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error


@pytest.mark.parametrize(
    ("code", "reasons", "error"),
    [
        ("TransactionCanceledException", ["ConditionalCheckFailed", "None"], StaleWrite),
        ("TransactionCanceledException", ["None", "ConditionalCheckFailed"], StaleWrite),
        ("TransactionCanceledException", ["TransactionConflict", "None"], StaleWrite),
        ("TransactionCanceledException", ["ThrottlingError", "None"], Contended),
        ("TransactionCanceledException", ["ConditionalCheckFailed", "ThrottlingError"], Contended),
        ("TransactionCanceledException", ["ProvisionedThroughputExceeded"], Contended),
        ("ProvisionedThroughputExceededException", None, Contended),
        ("ThrottlingException", None, Contended),
        ("RequestLimitExceeded", None, Contended),
        ("TransactionInProgressException", None, Contended),
        ("TransactionCanceledException", ["ValidationError"], StoreUnavailable),
        ("TransactionCanceledException", [], StoreUnavailable),
        ("InternalServerError", None, StoreUnavailable),
    ],
)
def test_a_lost_race_is_stale_and_a_busy_table_contended(
    code: str, reasons: list[str] | None, error: type[Exception]
) -> None:
    """Both wrote nothing: who changes the ledger pauses and tries again."""
    with pytest.raises(error) as told:
        write(Table("jobs", lambda: Refusing(refusal_of(code, reasons=reasons))))
    assert type(told.value) is error


WILL_PASS = [
    refusal_of("ProvisionedThroughputExceededException"),
    refusal_of("ThrottlingException"),
    refusal_of("RequestLimitExceeded"),
    refusal_of("InternalServerError", 500),
    refusal_of("", 503),
    ReadTimeoutError(endpoint_url="there"),
    ConnectTimeoutError(endpoint_url="there"),
    ConnectionClosedError(endpoint_url="there"),
]
READS: list[Callable[[Table], Any]] = [
    lambda table: table.get("a", "b"),
    lambda table: list(table.query(Key("PK").eq("a"))),
]


def reading(client: Refusing, clock: FakeClock, chance: float = 1.0) -> Table:
    return Table("jobs", lambda: client, clock=clock, sleep=clock.tick, chance=lambda: chance)


@pytest.mark.parametrize("fault", WILL_PASS, ids=repr)
@pytest.mark.parametrize("read", READS, ids=["get", "query"])
def test_a_read_that_fails_by_what_passes_is_tried_again_for_so_long(
    fault: Exception, read: Callable[[Table], Any]
) -> None:
    client, clock = Refusing(fault, times=3), FakeClock()
    assert not read(reading(client, clock))
    assert client.asked == 4
    assert 0 < clock() - NOON.timestamp() < READING
    client, clock = Refusing(fault), FakeClock()
    with pytest.raises(StoreUnavailable, match="The DynamoDB table jobs could not be read"):
        read(reading(client, clock))
    assert READING - LONGEST_PAUSE <= clock() - NOON.timestamp() <= READING
    assert client.asked < 15


def test_pauses_grow_and_differ() -> None:
    """So that those who were throttled together do not come again together."""
    spent = []
    for chance in (0.0, 1.0):
        clock = FakeClock()
        reading(Refusing(WILL_PASS[0], times=3), clock, chance).get("a", "b")
        spent.append(round(clock() - NOON.timestamp(), 3))
    assert spent == [0.07, 0.14]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "Unheard"])
def test_what_will_not_pass_is_said_at_once(code: str) -> None:
    client, clock = Refusing(refusal_of(code)), FakeClock()
    with pytest.raises(StoreUnavailable):
        reading(client, clock).get("a", "b")
    assert (client.asked, clock.now()) == (1, NOON)


def test_what_people_put_into_an_item_is_no_outage(name: str) -> None:
    table = Table(name, patient_dynamodb)
    table.create()
    odd = {"photo": b"\x89PNG", "tags": {"a", "b"}, "deep": {"size": 7, "list": [None, True]}}
    boto3.resource("dynamodb").Table(name).put_item(Item={"PK": "a", "SK": "b", **odd})
    assert table.get("a", "b") == {"PK": "a", "SK": "b", **odd, "tags": ["a", "b"]}
