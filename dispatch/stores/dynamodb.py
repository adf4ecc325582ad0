"""A DynamoDB table whose items are found by `PK` and `SK`: read, and changed in transactions.

Transactions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
Attribute names always stand behind an alias: hundreds of plain words are reserved, `name` among
them.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from dispatch.domain.document import StaleWrite, StoreUnavailable
from dispatch.stores.aws import CLIENT, NO_ANSWER, making_a_client, one_line

MOST_ACTIONS = 100  # items that one transaction can change
READING = 1.5  # seconds from a load's start within which what may pass is asked again
LONGEST_PAUSE = 0.2  # seconds
THROTTLED = {
    *("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"),
}
LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}

NOTHING: Mapping[str, Any] = {}
Item = dict[str, Any]  # as JSON has it
Action = dict[str, Any]  # one of a transaction's


class NoTable(StoreUnavailable):
    """There is no table of that name, in that region, for that account."""


class LostRace(StaleWrite):
    """Says which of the transaction's actions, counted from 0, somebody else was faster at."""

    def __init__(self, places: list[int]) -> None:
        super().__init__()
        self.places = places


ABSENT = Attr("PK").not_exists()


def equal(**fields: Any) -> ConditionBase:
    return reduce(and_, (Attr(name).eq(value) for name, value in fields.items()))


class Table:
    """Raises StoreUnavailable, in a sentence, for all that is no lost race.

    Reads that fail by what may pass are repeated until their deadline.
    """

    def __init__(
        self,
        name: str,
        client: Callable[[], Any] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._clock, self._sleep = clock, sleep
        self._make = client or _client
        self._making = threading.Lock()
        self._made: Any = None

    def deadline(self) -> float:
        """For reads that begin now, by the table's clock: after it none is tried again."""
        return self._clock() + READING

    def get(self, partition: str, sort: str, *, until: float | None = None) -> Item | None:
        """The item as it is now."""
        question = {"TableName": self.name, "Key": _key(partition, sort), "ConsistentRead": True}
        answer = self._read("get_item", question, until or self.deadline())
        return _from_attributes(answer["Item"]) if "Item" in answer else None

    def query(
        self, condition: ConditionBase, *, until: float | None = None, **options: Any
    ) -> Iterator[Item]:
        """Every item of every page, in the order of the sort key."""
        until = until or self.deadline()
        question = {
            "TableName": self.name,
            **_expression("KeyConditionExpression", condition),
            **options,
        }
        while True:
            page = self._read("query", question, until)
            yield from map(_from_attributes, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            question["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def write(self, *actions: Action) -> None:
        """All of them or none. Raises LostRace where a condition does not hold any more."""
        with self._reaching("written") as client:
            try:
                _whole(client.transact_write_items, TransactItems=list(actions))
            except ClientError as error:
                codes = [each.get("Code") for each in error.response.get("CancellationReasons", [])]
                if not codes or set(codes) - LOST_RACE - {"None", None}:
                    raise
                lost = [place for place, code in enumerate(codes) if code in LOST_RACE]
                raise LostRace(lost) from error

    def put(
        self,
        partition: str,
        sort: str,
        *,
        before: Mapping[str, Any],
        then: Mapping[str, Any],
        condition: ConditionBase | None = None,
    ) -> Action:
        """Of an item's attributes those that change; what else it has it keeps."""
        new = [(name, value) for name, value in then.items() if before.get(name, ...) != value]
        gone = [name for name in before if name not in then]
        names = {f"#s{place}": name for place, (name, _) in enumerate(new)}
        values = {f":s{place}": value for place, (_, value) in enumerate(new)}
        removed = {f"#r{place}": name for place, name in enumerate(gone)}
        update = f"SET {', '.join(map(' = '.join, zip(names, values, strict=True)))}" if new else ""
        if gone:
            update += f" REMOVE {', '.join(removed)}"
        action = self._at(partition, sort, condition, names | removed, values)
        return {"Update": action | ({"UpdateExpression": update} if update else {})}

    def delete(self, partition: str, sort: str, condition: ConditionBase | None = None) -> Action:
        return {"Delete": self._at(partition, sort, condition)}

    def check(self, partition: str, sort: str, condition: ConditionBase) -> Action:
        """Nothing happens unless this is so."""
        return {"ConditionCheck": self._at(partition, sort, condition)}

    def create(self, index: str, attributes: tuple[str, str, str, str]) -> bool:
        """With its keys and those of one index, all text; billed by use. Ready when this returns.

        False if it was there, or was being made or deleted.
        """
        hashed, ranged, index_hashed, index_ranged = attributes
        index_schema = {
            "IndexName": index,
            "KeySchema": _schema(index_hashed, index_ranged),
            "Projection": {"ProjectionType": "ALL"},
        }
        with self._reaching("made") as client:
            try:
                client.create_table(
                    TableName=self.name,
                    BillingMode="PAY_PER_REQUEST",
                    KeySchema=_schema(hashed, ranged),
                    AttributeDefinitions=[
                        {"AttributeName": name, "AttributeType": "S"} for name in attributes
                    ],
                    GlobalSecondaryIndexes=[index_schema],
                )
            except client.exceptions.ResourceInUseException:
                return False
            wait = {"Delay": 1, "MaxAttempts": 60}
            client.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig=wait)
        return True

    def exists(self) -> bool:
        try:
            with self._reaching("read") as client:
                client.describe_table(TableName=self.name)
        except NoTable:
            return False
        return True

    def _at(
        self,
        partition: str,
        sort: str,
        condition: ConditionBase | None,
        names: Mapping[str, str] = NOTHING,
        values: Mapping[str, Any] = NOTHING,
    ) -> dict[str, Any]:
        expression = _expression("ConditionExpression", condition, names, values)
        return {"TableName": self.name, "Key": _key(partition, sort), **expression}

    def _read(self, operation: str, question: Mapping[str, Any], until: float) -> dict[str, Any]:
        pause = 0.02
        while True:
            try:
                with self._reaching("read") as client:
                    return _whole(getattr(client, operation), **question)
            except StoreUnavailable as error:
                if not _may_pass(error.__cause__) or self._clock() + pause > until:
                    raise
            self._sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    @contextmanager
    def _reaching(self, done: str) -> Iterator[Any]:
        """The client, which all threads share, made when first used: after a fork."""
        try:
            with self._making:
                if self._made is None:
                    self._made = self._make()
            yield self._made
        except NO_ANSWER as error:
            answer = error.response if isinstance(error, ClientError) else {}
            if answer.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise NoTable(f"There is no DynamoDB table {self.name}.") from error
            what = f"The DynamoDB table {self.name} could not be {done}: {one_line(error)}"
            raise StoreUnavailable(what) from error


def _whole(ask: Callable[..., dict[str, Any]], **question: Any) -> dict[str, Any]:
    """An answer with what DynamoDB says at its end where it is asked to, and in no empty one.

    Of a body that is cut off botocore makes an empty answer. Raises KeyError.
    """
    answer = ask(**question, ReturnConsumedCapacity="TOTAL")
    _ = answer["ConsumedCapacity"]
    return answer


def _may_pass(error: BaseException | None) -> bool:
    """Throttling, a fault of theirs, a connection that broke: what the next try may not meet."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response.get("Error", {}).get("Code") in THROTTLED or status >= 500
    return isinstance(error, HTTPClientError | ConnectionError | KeyError | ValueError)


def _expression(
    parameter: str,
    condition: ConditionBase | None,
    names: Mapping[str, str] = NOTHING,
    values: Mapping[str, Any] = NOTHING,
) -> dict[str, Any]:
    """A condition as this parameter; it and other expressions share their names and values."""
    text = ""
    if condition is not None:
        built = ConditionExpressionBuilder().build_expression(condition)
        text = built.condition_expression
        names = {**names, **built.attribute_name_placeholders}
        values = {**values, **built.attribute_value_placeholders}
    parameters = {
        parameter: text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": _to_attributes(values),
    }
    return {name: each for name, each in parameters.items() if each}  # none may be empty


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"PK": {"S": partition}, "SK": {"S": sort}}


def _schema(hashed: str, ranged: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hashed, "KeyType": "HASH"},
        {"AttributeName": ranged, "KeyType": "RANGE"},
    ]


def _client() -> Any:
    with making_a_client():
        return boto3.session.Session().client("dynamodb", config=CLIENT)


def _to_attributes(item: Mapping[str, Any]) -> Item:
    """Raises StoreUnavailable for a number of more digits than DynamoDB keeps."""
    try:
        return {name: TypeSerializer().serialize(value) for name, value in item.items()}
    except ArithmeticError as error:
        raise StoreUnavailable("DynamoDB keeps no number of more than 38 digits.") from error


def _from_attributes(attributes: Mapping[str, Any]) -> Item:
    """As JSON has it, without what JSON cannot hold: that stays in the table, untouched."""
    item = {}
    for name, attribute in attributes.items():
        try:
            item[name] = _plain(TypeDeserializer().deserialize(attribute))
        except TypeError:
            continue
    return item


def _plain(value: Any) -> Any:
    """Raises TypeError for bytes."""
    if isinstance(value, Binary):
        raise TypeError
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set):
        return sorted(_plain(each) for each in value)
    return [_plain(each) for each in value] if isinstance(value, list) else value
