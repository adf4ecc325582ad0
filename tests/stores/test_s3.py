"""S3's errors, and the store's reaction to each."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from dispatch.domain.stored.document import MISSING, Document, StaleWrite, StoreUnavailable
from dispatch.stores.dynamodb import Table
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import aws_environment
from tests.moto_server import Quiet

KNOWN = Document(b"known", "5eb63bbbe01eeed093cb22bb8f5acdc3")


class Counter:
    """A server that gives everybody the same answer and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.says(500)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        request.get_data()
        self.asked.append(request)
        return Response(*self.answer)(environ, start_response)

    def says(self, status: int, code: str = "") -> None:
        """An error as S3 words it."""
        body = f"<Error><Code>{code}</Code><Message>because</Message></Error>" if code else ""
        self.answer: Any = (body, status, {"Content-Type": "application/xml"})

    def gives(self, body: bytes, **headers: str) -> None:
        self.answer = (body, 200, headers)


@pytest.fixture(scope="module")
def counter_and_store() -> Iterator[tuple[Counter, S3Store]]:
    counter = Counter()
    server = make_server("127.0.0.1", 0, counter, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws_environment(f"http://127.0.0.1:{server.server_port}").items():
            patch.setenv(name, value)
        store = S3Store(OneConnectionS3Storage(bucket_name="a-bucket"), "jobs.json")
        assert store._client
    yield counter, store
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def counter(counter_and_store: tuple[Counter, S3Store]) -> Counter:
    counter, _ = counter_and_store
    counter.asked.clear()
    return counter


@pytest.fixture
def store(counter_and_store: tuple[Counter, S3Store]) -> S3Store:
    return counter_and_store[1]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (412, "PreconditionFailed"),
        (409, "ConditionalRequestConflict"),
        (404, "NoSuchKey"),
    ],
)
def test_three_answers_to_a_write_mean_that_the_race_is_lost(
    store: S3Store, counter: Counter, status: int, code: str
) -> None:
    counter.says(status, code)
    with pytest.raises(StaleWrite):
        store.save(b"{}", KNOWN.etag)
    assert len(counter.asked) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (503, "SlowDown"),
        (500, "InternalError"),
        (403, "AccessDenied"),
        (403, "InvalidAccessKeyId"),
        (404, "NoSuchBucket"),
        (409, "OperationAborted"),
        (400, "BadRequest"),
        (502, ""),
    ],
)
def test_all_other_refusals_are_an_outage_and_are_not_repeated_behind_our_back(
    store: S3Store, counter: Counter, status: int, code: str
) -> None:
    counter.says(status, code)
    with pytest.raises(StoreUnavailable, match=r"s3://a-bucket/jobs.json could not be written"):
        store.save(b"{}", KNOWN.etag)
    with pytest.raises(StoreUnavailable, match=r"s3://a-bucket/jobs.json could not be read"):
        store.load()
    assert len(counter.asked) == 2


def test_only_a_missing_key_is_a_missing_document(store: S3Store, counter: Counter) -> None:
    counter.says(404, "NoSuchKey")
    assert store.load() is MISSING
    assert store.load(KNOWN) is MISSING


def test_a_document_that_is_still_the_same_is_not_sent_again(
    store: S3Store, counter: Counter
) -> None:
    counter.says(304)
    assert store.load(KNOWN) is KNOWN
    assert counter.asked[0].headers["If-None-Match"].strip('"') == KNOWN.etag


def test_one_request_reads_and_one_writes(store: S3Store, counter: Counter) -> None:
    """A HEAD before a download could mix two versions."""
    counter.gives(b"{}", ETag='"abc"')
    assert store.load() == Document(b"{}", "abc")
    counter.gives(b"", ETag='"def"')
    assert store.save(b"[]", "abc") == Document(b"[]", "def")
    assert [request.method for request in counter.asked] == ["GET", "PUT"]


def test_a_write_names_the_version_it_replaces_without_quotes(
    store: S3Store, counter: Counter
) -> None:
    """Some servers compare it with them, S3 takes either."""
    counter.gives(b"", ETag='"def"')
    store.save(b"{}", KNOWN.etag)
    store.save(b"{}", None)
    swap, create = counter.asked
    assert swap.headers["If-Match"] == KNOWN.etag
    assert "If-None-Match" not in swap.headers
    assert create.headers["If-None-Match"] == "*"
    assert "If-Match" not in create.headers


def test_an_answer_cut_off_in_the_middle_is_an_outage(store: S3Store, counter: Counter) -> None:
    counter.answer = (iter([b'{"schema": 2, ']), 200, {"ETag": '"abc"', "Content-Length": "100"})
    with pytest.raises(StoreUnavailable):
        store.load()


def test_a_bucket_and_an_endpoint_that_cannot_be_are_told_in_a_line(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_environment("foo").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreUnavailable, match=r"^s3://b/jobs.json .*: Invalid endpoint: foo$"):
        S3Store(OneConnectionS3Storage(bucket_name="b"), "jobs.json").load()
    with pytest.raises(
        StoreUnavailable, match=r"table crew could not be read: Invalid endpoint: foo$"
    ):
        Table("crew").get("a", "b")
    strange = S3Store(store._storage, "jobs.json")
    strange._at["Bucket"] = "B!"
    with pytest.raises(StoreUnavailable, match="Invalid bucket name") as refusal:
        strange.load()
    assert "\n" not in str(refusal.value)
