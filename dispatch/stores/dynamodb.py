"""A DynamoDB table whose items are found by `PK` and `SK`: read, and changed in transactions.

Transactions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
Attribute names always stand behind an alias: hundreds of plain words are reserved, `name` among
them.
"""

import random
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
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from dispatch.domain.stored.document import Contended, StaleWrite, StoreUnavailable
from dispatch.stores.aws import CLIENT, NO_ANSWER, error_code, kept, making_a_client, one_line
from dispatch.stores.table.definition import DEFINITION

MOST_ACTIONS = 100  # items that one transaction can change
READING = 1.5  # seconds from a load's start within which what may pass is asked again
LONGEST_PAUSE = 0.2  # seconds
THROTTLED = {
    *("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"),
    *("TransactionInProgressException", "ProvisionedThroughputExceeded", "ThrottlingError"),
}
LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}
RIGHTS = "dynamodb:GetItem, Query, UpdateItem, DeleteItem and DescribeTable"

NOTHING: Mapping[str, Any] = {}
Item = dict[str, Any]  # as JSON has it, and bytes
ItemKey = tuple[str, str]  # PK and SK
Action = dict[str, Any]  # one of a transaction's


class NoTable(StoreUnavailable):
    """There is no table of that name, in that region, for that account."""


ABSENT = Attr("PK").not_exists()


def equal(**fields: Any) -> ConditionBase:
    return reduce(and_, (Attr(name).eq(value) for name, value in fields.items()))


class Table:
    """Raises StoreUnavailable, in a sentence, for all that is no lost race.

    Reads that fail by what may pass are repeated until their deadline. `of` is the command that
    makes it: `jobs` or `crew`.
    """

    def __init__(
        self,
        name: str,
        client: Callable[[], Any] | None = None,
        *,
        of: str = "jobs",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name, self._of = name, of
        self._clock, self._sleep, self._chance = clock, sleep, chance
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
        """All of them or none. Raises StaleWrite where a condition does not hold any more,
        Contended where there is too much to do just now: nothing was written.
        """
        with self._reaching("written") as client:
            try:
                _whole(client.transact_write_items, TransactItems=list(actions))
            except ClientError as error:
                reasons = error.response.get("CancellationReasons", [])
                codes = {each.get("Code") or "None" for each in reasons} - {"None"}
                codes = codes or {error_code(error)}
                if codes <= LOST_RACE:
                    raise StaleWrite from error
                if codes <= LOST_RACE | THROTTLED:
                    raise Contended(f"The DynamoDB table {self.name} is too busy.") from error
                raise

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

    def create(self) -> bool:
        """By its DEFINITION; ready when this returns. False if it was there, or was being made:
        what was not set up yet is.
        """
        calls = dict(DEFINITION)
        with self._reaching("made") as client:
            try:
                client.create_table(TableName=self.name, **calls.pop("create_table"))
                is_new = True
            except client.exceptions.ResourceInUseException:
                is_new = False
            wait = {"Delay": 1, "MaxAttempts": 60}
            client.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig=wait)
            known = client.describe_time_to_live(TableName=self.name)["TimeToLiveDescription"]
            if known["TimeToLiveStatus"].startswith("ENABL"):
                del calls["update_time_to_live"]
            for call, parameters in calls.items():
                getattr(client, call)(TableName=self.name, **parameters)
        return is_new

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
            self._sleep(pause * (0.5 + self._chance() / 2))
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
            code, name = error_code(error), f"The DynamoDB table {self.name}"
            if code == "ResourceNotFoundException":
                make = f"`manage.py {self._of} create-table` makes it"
                raise NoTable(f"There is no DynamoDB table {self.name}: {make}.") from error
            if code == "AccessDeniedException":
                what = f"{name} may not be {done}: allow {RIGHTS} on it."
            elif code == "ValidationException" and "key" in str(error).lower():
                what = f"{name} is of another shape, not found by PK and SK: name another one, and"
                what += f" `manage.py {self._of} create-table` makes it."
            else:
                what = f"{name} could not be {done}: {one_line(error)}"
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
        return error_code(error) in THROTTLED or status >= 500
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


def _client() -> Any:
    return client(CLIENT)


def client(config: Config) -> Any:
    with making_a_client():
        return kept(boto3.session.Session().client("dynamodb", config=config))


def _to_attributes(item: Mapping[str, Any]) -> Item:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def _from_attributes(attributes: Mapping[str, Any]) -> Item:
    return {
        name: _plain(TypeDeserializer().deserialize(attribute))
        for name, attribute in attributes.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return bytes(value.value)  # type: ignore[attr-defined]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set):
        return sorted(_plain(each) for each in value)
    return [_plain(each) for each in value] if isinstance(value, list) else value
