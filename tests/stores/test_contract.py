"""The contract of every document store: memory, file and S3."""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from dispatch.domain.stored.document import (
    MISSING,
    Document,
    DocumentStore,
    StaleWrite,
    StoreUnavailable,
)
from dispatch.stores.file import FileStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store

Open = Callable[[], DocumentStore]
ODD_BYTES = bytes(range(256)) * 300 + "“Café” – 東京 🚛\r\n\0".encode()


def test_a_document_that_was_never_written_is_missing(store: DocumentStore) -> None:
    assert store.load() is MISSING
    assert store.load(MISSING) is MISSING


def test_saving_without_an_etag_creates_the_document(
    store: DocumentStore, open_store: Open
) -> None:
    saved = store.save(b"first", None)
    assert saved.body == b"first"
    assert saved.etag
    assert open_store().load() == saved


def test_saving_without_an_etag_never_replaces_a_document(store: DocumentStore) -> None:
    first = store.save(b"first", None)
    with pytest.raises(StaleWrite):
        store.save(b"second", None)
    assert store.load() == first


def test_the_newest_etag_swaps_the_document(store: DocumentStore, open_store: Open) -> None:
    first = store.save(b"first", None)
    second = store.save(b"second", first.etag)
    assert second.etag != first.etag
    assert open_store().load() == second


def test_an_etag_that_was_loaded_is_as_good_as_one_that_was_saved(store: DocumentStore) -> None:
    store.save(b"first", None)
    store.save(b"second", store.load().etag)
    assert store.load().body == b"second"


def test_an_older_etag_is_stale_and_changes_nothing(store: DocumentStore) -> None:
    first = store.save(b"first", None)
    second = store.save(b"second", first.etag)
    with pytest.raises(StaleWrite):
        store.save(b"third", first.etag)
    assert store.load() == second


def test_an_etag_of_a_document_that_never_was_is_stale(store: DocumentStore) -> None:
    with pytest.raises(StaleWrite):
        store.save(b"first", "0123456789abcdef0123456789abcdef")
    assert store.load() is MISSING


def test_a_document_that_is_still_the_same_is_given_back_itself(
    store: DocumentStore, open_store: Open
) -> None:
    saved = store.save(b"first", None)
    loaded = open_store().load()
    assert store.load(saved) is saved
    assert store.load(loaded) is loaded


def test_a_known_document_that_was_replaced_is_read_anew(
    store: DocumentStore, open_store: Open
) -> None:
    first = store.save(b"first", None)
    second = open_store().save(b"second", first.etag)
    assert store.load(first) == second


def test_a_document_that_came_into_being_is_found_by_who_knew_it_missing(
    store: DocumentStore, open_store: Open
) -> None:
    missing = store.load()
    first = open_store().save(b"first", None)
    assert store.load(missing) == first


@pytest.mark.parametrize("body", [b"", b"{}", ODD_BYTES], ids=["none", "few", "odd"])
def test_bytes_are_kept_exactly(store: DocumentStore, open_store: Open, body: bytes) -> None:
    store.save(body, None)
    assert open_store().load().body == body


@pytest.mark.parametrize("open_store", ["file", "s3"], indirect=True)
def test_a_deleted_document_is_missing_and_a_write_over_it_stale(
    store: DocumentStore, delete: Callable[[], None]
) -> None:
    saved = store.save(b"first", None)
    delete()
    assert store.load(saved) is MISSING
    with pytest.raises(StaleWrite):
        store.save(b"second", saved.etag)
    assert store.save(b"again", None).body == b"again"


@pytest.fixture
def delete(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], None]:
    """Somebody removes the document behind the store's back."""
    if request.node.callspec.params["open_store"] == "file":
        return lambda: os.remove(tmp_path / "jobs.json")
    bucket = request.getfixturevalue("bucket")
    client = OneConnectionS3Storage(bucket_name=bucket).connection.meta.client
    return lambda: client.delete_object(Bucket=bucket, Key="quickdumpnow/jobs.json")


def test_of_many_who_create_the_document_at_once_one_does(open_store: Open) -> None:
    def create(number: int) -> bytes | None:
        store = open_store()
        start.wait()
        try:
            return store.save(b"from %d" % number, None).body
        except StaleWrite:
            return None

    start = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        created = [body for body in pool.map(create, range(8)) if body]
    assert created == [open_store().load().body]


def test_a_counter_that_many_raise_at_once_counts_every_one(
    store: DocumentStore, open_store: Open
) -> None:
    """The end of the suite: half the threads share a store, half have their own."""

    def count_up(mine: DocumentStore) -> None:
        for _ in range(3):
            while not _raised(mine):
                pass

    stores = [store] * 3 + [open_store() for _ in range(3)]
    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(count_up, stores))
    assert int(store.load().body) == 3 * len(stores)


def _raised(store: DocumentStore) -> bool:
    now = store.load()
    try:
        store.save(b"%d" % (int(now.body or 0) + 1), now.etag)
    except StaleWrite:
        return False
    return True


# --- out of reach ------------------------------------------------------------------------


@pytest.fixture
def nothing_listens() -> Iterator[str]:
    """An address of this machine that stays taken and never answers a connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "http://{}:{}".format(*taken.getsockname())


@pytest.fixture(params=["no folder", "a file for a folder", "no bucket", "nothing listens"])
def lost(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DocumentStore:
    """A store whose storage is not there."""
    if request.param == "no folder":
        return FileStore(tmp_path / "none" / "jobs.json")
    if request.param == "a file for a folder":
        (tmp_path / "none").write_bytes(b"")
        return FileStore(tmp_path / "none" / "jobs.json")
    request.getfixturevalue("bucket")
    if request.param == "nothing listens":
        endpoint = request.getfixturevalue("nothing_listens")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    return S3Store(OneConnectionS3Storage(bucket_name="no-such-bucket"), "jobs.json")


@pytest.mark.parametrize("known", [None, MISSING, Document(b"{}", "0" * 32)])
def test_a_storage_out_of_reach_is_unavailable_and_not_empty(
    lost: DocumentStore, known: Document | None
) -> None:
    with pytest.raises(StoreUnavailable):
        lost.load(known)


@pytest.mark.parametrize("if_match", [None, "0" * 32])
def test_a_write_to_a_storage_out_of_reach_is_unavailable_and_not_stale(
    lost: DocumentStore, if_match: str | None
) -> None:
    with pytest.raises(StoreUnavailable):
        lost.save(b"{}", if_match)


def test_a_folder_that_may_not_be_written_is_unavailable(tmp_path: Path) -> None:
    """The document's place is taken by a folder, which no right of root's helps against."""
    (tmp_path / "jobs.json").mkdir()
    store = FileStore(tmp_path / "jobs.json")
    with pytest.raises(StoreUnavailable):
        store.load()
    with pytest.raises(StoreUnavailable):
        store.save(b"{}", None)


def test_a_failed_write_to_a_file_leaves_nothing_lying_about(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "jobs.json")
    store.save(b"{}", None)
    with pytest.raises(StaleWrite):
        store.save(b"[]", None)
    assert sorted(os.listdir(tmp_path)) == ["jobs.json", "jobs.json.lock"]


def test_what_a_killed_writer_left_lying_about_goes_with_the_next_write(tmp_path: Path) -> None:
    """It is a copy of customers' names and addresses."""
    store = FileStore(tmp_path / "jobs.json")
    (tmp_path / ".jobs.json.k1ll3d").write_bytes(b'{"jobs": [{"customer_na')
    (tmp_path / ".crew.json.other").write_bytes(b"somebody else's")
    store.save(b"{}", None)
    assert sorted(os.listdir(tmp_path)) == [".crew.json.other", "jobs.json", "jobs.json.lock"]


def test_an_s3_store_puts_its_document_where_it_was_told(bucket: str) -> None:
    storage = OneConnectionS3Storage(bucket_name=bucket)
    S3Store(storage, "quickdumpnow/jobs.json").save(b"{}", None)
    client = storage.connection.meta.client
    kept = client.get_object(Bucket=bucket, Key="quickdumpnow/jobs.json")
    assert (kept["Body"].read(), kept["ContentType"]) == (b"{}", "application/json")


def test_all_threads_share_one_s3_connection(bucket: str) -> None:
    storage = OneConnectionS3Storage(bucket_name=bucket)
    with ThreadPoolExecutor(4) as pool:
        connections = list(pool.map(lambda _: storage.connection, range(16)))
    assert all(connection is connections[0] for connection in connections)
