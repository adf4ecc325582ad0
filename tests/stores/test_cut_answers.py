"""An answer that was cut off, wherever, is no answer: it never reads as nothing, or as done."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from dispatch.domain.stored.document import Document, StoreUnavailable
from dispatch.stores import dynamodb
from dispatch.stores.dynamodb import Table
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from qdn_site.releases.store import S3Releases
from tests.aws import aws_environment


class Parrot:
    """Says the same bytes to everybody who asks, and hangs up."""

    def __init__(self) -> None:
        self.says = b""
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                with suppress(OSError), client, client.makefile("rb") as asked:
                    length = 0
                    while (line := asked.readline().lower()).strip():
                        if line.startswith(b"content-length:"):
                            length = int(line.partition(b":")[2])
                        if line.startswith(b"expect:"):
                            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    asked.read(length)
                    client.sendall(self.says)


@pytest.fixture(scope="module")
def parrot() -> Iterator[Parrot]:
    parrot = Parrot()
    yield parrot
    parrot.door.close()


@pytest.fixture(scope="module")
def stores(parrot: Parrot) -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws_environment(parrot.url).items():
            patch.setenv(name, value)
        patch.setattr(dynamodb, "READING", 0)
        releases = S3Releases("staging", "s3://b", "b", "")
        releases._storage = OneConnectionS3Storage(bucket_name="b")  # which asks once
        document = S3Store(OneConnectionS3Storage(bucket_name="b"), "jobs.json")
        yield {"document": document, "table": Table("crew"), "releases": releases}


ITEM = b'{"Item": {"PK": {"S": "a"}, "version": {"N": "7"}}, "ConsumedCapacity": {}}'
NO_ITEM = b'{"ConsumedCapacity": {"TableName": "crew", "CapacityUnits": 0.5}}'
PAGE = b'{"Count": 0, "Items": [], "ConsumedCapacity": {}}'
DONE = b'{"ConsumedCapacity": []}'
LIST = b"<ListBucketResult><Name>b</Name><KeyCount>0</KeyCount></ListBucketResult>"
WHOLE = b"Content-Length: %d\r\n"
TYPE = b"Content-Type: application/x-amz-json-1.0\r\n"
ETAG = b'ETag: "5eb63bbb"\r\nLast-Modified: Fri, 22 May 2026 19:00:00 GMT\r\n'


def write(table: Table) -> None:
    table.write(table.put("a", "b", before={}, then={"version": 7}))


Ask = Callable[[Any], Any]
ANSWERS: dict[str, tuple[str, Ask, bytes, bytes, Any]] = {
    "S3 GET": ("document", lambda s: s.load(), ETAG, b"{}", Document(b"{}", "5eb63bbb")),
    "S3 PUT": ("document", lambda s: s.save(b"{}", "1"), ETAG, b"", Document(b"{}", "5eb63bbb")),
    "GetItem": ("table", lambda t: t.get("a", "b"), TYPE, ITEM, {"PK": "a", "version": 7}),
    "GetItem of none": ("table", lambda t: t.get("a", "b"), TYPE, NO_ITEM, None),
    "Query": ("table", lambda t: list(t.query(Key("PK").eq("a"))), TYPE, PAGE, []),
    "TransactWriteItems": ("table", write, TYPE, DONE, None),
    "a list of releases": ("releases", lambda r: r.newest("manifests"), b"", LIST, ""),
    "a release": ("releases", lambda r: r.get("blobs/1", 99), ETAG, b"{}", b"{}"),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("is_said_first", [True, False], ids=["length first", "length last"])
def test_an_answer_that_was_cut_off_is_an_outage(
    name: str, is_said_first: bool, parrot: Parrot, stores: dict[str, Any]
) -> None:
    store, ask, headers, body, read = ANSWERS[name]
    length = WHOLE % len(body)
    head = length + headers if is_said_first else headers + length
    whole = b"HTTP/1.1 200 OK\r\nServer: x\r\n" + head + b"\r\n" + body
    parrot.says = whole
    assert ask(stores[store]) == read
    needed = len(whole)
    if name == "S3 PUT":  # it has no body, and says what it must by its ETag
        needed = whole.index(b'bbb"') + 4
    for cut in cuts(whole[:needed]):
        parrot.says = whole[:cut]
        with pytest.raises(StoreUnavailable):
            assert ask(stores[store]) is ..., f"taken for an answer: {parrot.says!r}"


def cuts(whole: bytes) -> list[int]:
    """Where a line ends, or a name; and some more."""
    edges = [place for place, byte in enumerate(whole) if byte in b"\r:{"]
    return sorted({*edges, *(edge + 1 for edge in edges), *range(0, len(whole), 5), len(whole) - 1})


def test_a_read_that_was_cut_off_is_asked_again(parrot: Parrot, stores: dict[str, Any]) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + TYPE + WHOLE % len(ITEM) + b"\r\n" + ITEM
    parrot.says = answer[:30]

    def mend(_: float) -> None:
        parrot.says = answer

    table = Table("crew", lambda: stores["table"]._made, sleep=mend)
    item = table.get("a", "b", until=table.deadline() + 60)
    assert item == {"PK": "a", "version": 7}
