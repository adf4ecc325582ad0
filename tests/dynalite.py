"""dynalite on loopback: a DynamoDB that is as strict about expressions as the real one.

It is no Python package: `make test-all` installs it from npm, where there is one.
"""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.needs import require

PACKAGE = Path(__file__).resolve().parent.parent / ".venv" / "npm" / "node_modules" / "dynalite"
SERVE = """
const server = require(process.argv[1])({createTableMs: 0}).listen(0, '127.0.0.1', () =>
  console.log('http://127.0.0.1:' + server.address().port))
process.stdin.resume().on('end', () => process.exit())
"""


@contextmanager
def running_dynalite() -> Iterator[str]:
    """The endpoint's URL. It ends with this process, however that ends."""
    node = require("node")
    if not PACKAGE.is_dir():
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("dynalite is not installed: `make test-all` does it, with npm.")
    with subprocess.Popen(
        [node, "-e", SERVE, str(PACKAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(timeout=60)


class PlaysTransactions:
    """dynalite has none: here their actions are played one by one, all conditions first."""

    one_at_a_time = threading.Lock()

    def __init__(self) -> None:
        self._client = boto3.session.Session().client("dynamodb")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_time_to_live(self, **_: object) -> dict[str, Any]:
        """It knows none, nor backups."""
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}}

    def update_continuous_backups(self, **_: object) -> None:
        return None

    def transact_write_items(
        self, TransactItems: list[dict[str, Any]], **_: object
    ) -> dict[str, Any]:
        assert 0 < len(TransactItems) <= 100
        actions = [next(iter(action.items())) for action in TransactItems]
        places = {str(what.get("Key")) for _, what in actions}
        assert len(places) == len(actions), "one action for each item"
        with self.one_at_a_time:
            reasons = [{"Code": "None" if self._holds(what) else LOST} for _, what in actions]
            if {"Code": LOST} in reasons:
                error = {"Error": {"Code": CANCELLED}, "CancellationReasons": reasons}
                raise ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]
            for kind, what in actions:
                if kind != "ConditionCheck":
                    play = {"Update": self._client.update_item, "Delete": self._client.delete_item}
                    play[kind](**what)
        return {"ConsumedCapacity": []}

    def _holds(self, what: dict[str, Any]) -> bool:
        """Asked by a change that changes nothing."""
        if "ConditionExpression" not in what:
            return True
        question = {name: what[name] for name in ("TableName", "Key", "ConditionExpression")}
        for alias, mark in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
            used = {
                name: each
                for name, each in what.get(alias, {}).items()
                if name in question["ConditionExpression"]
            }
            assert all(name.startswith(mark) for name in used)
            question |= {alias: used} if used else {}
        absent = "attribute_not_exists" in question["ConditionExpression"]
        ask = self._client.delete_item if absent else self._client.update_item
        try:
            ask(**question)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


LOST = "ConditionalCheckFailed"
CANCELLED = "TransactionCanceledException"
