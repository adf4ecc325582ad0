"""A DynamoDB table in memory: as much of a client as our tables ask of one, and no less strict."""

import re
import threading
from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

Attributes = dict[str, dict[str, Any]]
Keys = tuple[str, str]
TERM = re.compile(r"^\(*(\w+ )?(#\w+) (=|BETWEEN) (:\w+)(?: AND (:\w+))?\)*$")
BEGINS = re.compile(r"^\(*begins_with\((#\w+), (:\w+)\)\)*$")
MOST_BYTES, MOST_ACTIONS = 400 * 1024, 100
PAGE = 1024 * 1024  # bytes


class Items(dict[Keys, Attributes]):
    """Those of a partition are found without a look at all others."""

    def __init__(self) -> None:
        self.of: dict[str, set[Keys]] = defaultdict(set)

    def __setitem__(self, keys: Keys, item: Attributes) -> None:
        super().__setitem__(keys, item)
        self.of[keys[0]].add(keys)

    def pop(self, keys: Keys, *default: Any) -> Any:
        self.of[keys[0]].discard(keys)
        return super().pop(keys, *default)


class MemoryTable:
    """Transactions are all or nothing; whatever is read is current."""

    def __init__(self) -> None:
        self.items = Items()
        self._lock = threading.Lock()

    def get_item(self, Key: Attributes, ConsistentRead: bool, **_: object) -> dict[str, Any]:
        assert ConsistentRead
        with self._lock:
            item = self.items.get(_keys(Key))
        return {"ConsumedCapacity": {}, **({"Item": dict(item)} if item is not None else {})}

    def query(
        self,
        KeyConditionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: Attributes,
        IndexName: str | None = None,
        Limit: int = 10**9,
        ScanIndexForward: bool = True,
        ExclusiveStartKey: Attributes | None = None,
        **_: object,
    ) -> dict[str, Any]:
        terms = re.split(r" AND (?=\(*(?:#|begins_with))", KeyConditionExpression)
        conditions = [
            _condition(term, ExpressionAttributeNames, ExpressionAttributeValues) for term in terms
        ]
        partition = ExpressionAttributeValues[":v0"]["S"]  # our tables ask for PK first
        with self._lock:
            asked = self.items.of[partition] if IndexName is None else self.items
            found = [(keys, self.items[keys]) for keys in asked]
        found = [each for each in found if all(holds(each[1]) for holds in conditions)]
        found.sort(key=itemgetter(0), reverse=not ScanIndexForward)
        if ExclusiveStartKey:
            last = _keys(ExclusiveStartKey)
            found = [
                each for each in found if (each[0] > last) == ScanIndexForward != (each[0] == last)
            ]
        page, size = list[Attributes](), 0
        for _keys_of, item in found[:Limit]:
            page.append(dict(item))
            size += _size(item)
            if size > PAGE:
                break
        answer: dict[str, Any] = {"Items": page, "ConsumedCapacity": {}}
        if len(page) < len(found):
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("PK", "SK")}
        return answer

    def transact_write_items(
        self, TransactItems: list[dict[str, Any]], **_: object
    ) -> dict[str, Any]:
        actions = [next(iter(action.items())) for action in TransactItems]
        places = [_keys(what["Key"]) for _, what in actions]
        assert 0 < len(actions) <= MOST_ACTIONS
        assert len(set(places)) == len(places), "one action for each item"
        with self._lock:
            reasons = [
                {"Code": "None" if self._is_met(keys, what) else "ConditionalCheckFailed"}
                for keys, (_, what) in zip(places, actions, strict=True)
            ]
            if any(reason["Code"] != "None" for reason in reasons):
                error: Any = {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": reasons,
                }
                raise ClientError(error, "TransactWriteItems")
            after = {
                keys: self._after(keys, kind, what)
                for keys, (kind, what) in zip(places, actions, strict=True)
            }
            assert all(item is None or _size(item) <= MOST_BYTES for item in after.values())
            for keys, item in after.items():
                if item is None:
                    self.items.pop(keys, None)
                else:
                    self.items[keys] = item
        return {"ConsumedCapacity": []}

    def _is_met(self, keys: Keys, what: dict[str, Any]) -> bool:
        condition, item = what.get("ConditionExpression", ""), self.items.get(keys)
        if not condition:
            return True
        if condition.startswith("attribute_not_exists"):
            return item is None
        names, values = what["ExpressionAttributeNames"], what["ExpressionAttributeValues"]
        terms = re.split(r" AND ", condition)
        return item is not None and all(_condition(term, names, values)(item) for term in terms)

    def _after(self, keys: Keys, kind: str, what: dict[str, Any]) -> Attributes | None:
        if kind == "Delete":
            return None
        assert kind == "Update"
        item = dict(self.items.get(keys) or what["Key"])
        names, values = what["ExpressionAttributeNames"], what["ExpressionAttributeValues"]
        setting, _, removing = what["UpdateExpression"].partition(" REMOVE ")
        for each in setting.removeprefix("SET ").split(", "):
            name, value = each.split(" = ")
            item[names[name]] = values[value]
        for name in filter(None, removing.split(", ")):
            item.pop(names[name], None)
        return item


class Console:
    """The table as its owner sees and edits it there: as boto3's resource, without its types."""

    def __init__(self, client: MemoryTable) -> None:
        self._items = client.items

    def get_item(self, Key: dict[str, str]) -> dict[str, Any]:
        return {"Item": _read(self._items[Key["PK"], Key["SK"]])}

    def put_item(self, Item: dict[str, Any]) -> None:
        write = TypeSerializer().serialize
        self._items[Item["PK"], Item["SK"]] = {name: write(each) for name, each in Item.items()}

    def delete_item(self, Key: dict[str, str]) -> None:
        self._items.pop((Key["PK"], Key["SK"]), None)

    def scan(self) -> dict[str, Any]:
        return {"Items": [_read(item) for item in self._items.values()]}


def _read(item: Attributes) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(each) for name, each in item.items()}


def _condition(
    term: str, names: dict[str, str], values: Attributes
) -> Callable[[Attributes], bool]:
    if found := BEGINS.match(term):
        name, beginning = names[found[1]], values[found[2]]["S"]
        return lambda item: _plain(item, name).startswith(beginning)
    found = TERM.match(term)
    assert found, term
    name, value = names[found[2]], values[found[4]]
    if found[3] == "=":
        return lambda item: item.get(name) == value
    low, high = value["S"], values[found[5]]["S"]
    return lambda item: low <= _plain(item, name) <= high


def _plain(item: Attributes, name: str) -> str:
    return str(item[name]["S"])


def _keys(key: Attributes) -> Keys:
    return key["PK"]["S"], key["SK"]["S"]


def _size(value: Any) -> int:
    """About as DynamoDB counts."""
    if isinstance(value, dict):
        return sum(len(name) + _size(each) for name, each in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str | bytes) else 1
