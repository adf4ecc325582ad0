"""A change goes through exactly once, or says that it did not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.moves import JobConflict
from dispatch.domain.stored.document import StoreUnavailable, UnreadableDocument
from dispatch.domain.stored.ledger import LAST_REVISION, REMEMBERED_WRITES
from dispatch.stores.file import FileStore
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import TIMEOUT
from tests.making import FakeClock, make_job
from tests.stores.troubled import (
    TroubledStore,
    adding,
    busy,
    gone,
    ids,
    repository,
    stale,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> TroubledStore:
    return TroubledStore()


@pytest.fixture
def mine(store: TroubledStore, clock: FakeClock) -> JobRepository:
    return repository(store, clock)


@pytest.fixture
def other(store: TroubledStore, clock: FakeClock) -> JobRepository:
    """Somebody else's, with whose writes nothing goes wrong."""
    return repository(store.inner, clock)


class Counted:
    """A change that counts how often it runs, and what it was given."""

    def __init__(self, name: str) -> None:
        self.name, self.saw = name, []

    def __call__(self, book: JobBook) -> JobBook:
        self.saw.append(ids(book))
        return adding(self.name)(book)


# --- writing -----------------------------------------------------------------------------


def test_the_first_change_makes_the_document(mine: JobRepository, store: TroubledStore) -> None:
    book = mine.change(adding("a"))
    assert (ids(book), book.revision) == (["a"], 1)
    assert ids(store.book) == ["a"]


def test_every_write_raises_the_revision_by_one(mine: JobRepository, store: TroubledStore) -> None:
    for name in "abc":
        mine.change(adding(name))
    assert (store.book.revision, store.saves) == (3, 3)
    assert len(set(store.book.recent_writes)) == 3


def test_a_change_that_changes_nothing_writes_nothing(
    mine: JobRepository, store: TroubledStore
) -> None:
    mine.change(adding("a"))
    before = store.body
    book = mine.change(lambda book: book)
    assert (store.saves, store.body, book.revision) == (1, before, 1)


def test_what_a_change_raises_reaches_the_caller_and_changes_nothing(
    mine: JobRepository, store: TroubledStore
) -> None:
    mine.change(adding("a"))
    before = store.body
    with pytest.raises(JobNotFound):
        mine.change(lambda book: book.put(book.job("nobody's")))
    assert (store.saves, store.body) == (1, before)


def test_after_a_refused_change_the_next_one_goes_through(mine: JobRepository) -> None:
    def refuse(book: JobBook) -> JobBook:
        raise JobConflict(make_job(), "moved on")

    with pytest.raises(JobConflict):
        mine.change(refuse)
    assert ids(mine.change(adding("a"))) == ["a"]


def test_what_a_refused_change_found_its_readers_see(
    mine: JobRepository, other: JobRepository
) -> None:
    """The person is told why not, beside the state that was the reason."""
    mine.change(adding("a"))
    other.change(adding("b"))
    with pytest.raises(JobNotFound):
        mine.change(lambda book: book.put(book.job("c")))
    assert ids(mine.read()) == ["a", "b"]


def test_who_wrote_reads_the_write_without_another_look(
    mine: JobRepository, store: TroubledStore
) -> None:
    book = mine.change(adding("a"))
    assert mine.read(book.revision) is book
    assert store.loads == 1


def test_jobs_untouched_by_a_change_stay_the_same_objects(
    mine: JobRepository, other: JobRepository
) -> None:
    """So that a card once rendered stays rendered."""
    before = mine.change(adding("a"))
    other.change(adding("b"))
    assert mine.refreshed().job("a") is before.job("a")


# --- races -------------------------------------------------------------------------------


def test_a_lost_race_is_run_again_on_the_newest_book(
    mine: JobRepository, other: JobRepository, store: TroubledStore
) -> None:
    store.before_save = [lambda: other.change(adding("b"))]
    change = Counted("a")
    assert ids(mine.change(change)) == ["b", "a"]
    assert change.saw == [[], ["b"]]
    assert (ids(store.book), store.book.revision) == (["b", "a"], 2)


def test_a_race_lost_to_the_same_change_changes_nothing(
    mine: JobRepository, other: JobRepository, store: TroubledStore
) -> None:
    """The change is applied anew to what others wrote in the meantime."""

    def add_once(book: JobBook) -> JobBook:
        return book if book.value("a") else adding("a")(book)

    store.before_save = [lambda: other.change(adding("a"))]
    assert ids(mine.change(add_once)) == ["a"]
    assert store.book.revision == 1


def test_what_others_write_too_often_to_be_read_is_a_lost_race_and_no_outage(
    mine: JobRepository, store: TroubledStore
) -> None:
    store.before_load = [busy] * 10
    assert ids(mine.change(adding("a"))) == ["a"]


def test_who_always_loses_gives_up_within_its_timeout(
    mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    store.before_save = [stale] * 1_000
    started = clock()
    with pytest.raises(StoreUnavailable, match="nothing was changed"):
        mine.change(adding("a"))
    assert TIMEOUT - 0.25 <= clock() - started <= TIMEOUT
    assert 10 < store.saves < 30
    assert store.inner.load().etag is None


def test_pauses_between_tries_grow_and_stay_short(store: TroubledStore, clock: FakeClock) -> None:
    store.before_save = [stale] * 1_000
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.tick(seconds)

    with pytest.raises(StoreUnavailable):
        repository(store, clock, sleep=sleep).change(adding("a"))
    assert pauses[:4] == [0.01, 0.02, 0.04, 0.08]
    assert pauses == sorted(pauses)
    assert max(pauses) == 0.25


def test_changes_within_a_process_take_turns_and_lose_no_race(
    store: TroubledStore, clock: FakeClock
) -> None:
    mine = repository(store, clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(mine.change, [adding(f"job-{n}") for n in range(40)]))
    assert (store.saves, len(store.book.jobs)) == (store.book.revision, 40)


def test_a_write_never_hides_what_others_wrote_on_top_of_it(
    mine: JobRepository, other: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    """Between our write and its answer a reader has already found the next one."""

    def others_write_and_a_reader_looks() -> None:
        clock.tick(0.1)
        other.change(adding("b"))
        mine.refreshed()
        clock.tick(0.1)

    store.after_save = [others_write_and_a_reader_looks]
    assert ids(mine.change(adding("a"))) == ["a"]
    assert ids(mine.read()) == ["a", "b"]


# --- answers that never came -------------------------------------------------------------


def test_a_write_whose_answer_was_lost_is_recognised(
    mine: JobRepository, store: TroubledStore
) -> None:
    store.after_save = [gone]
    change = Counted("a")
    book = mine.change(change)
    assert (ids(book), book.revision, len(change.saw)) == (["a"], 1, 1)
    assert (store.saves, store.book.revision) == (1, 1)


def test_a_write_whose_answer_was_lost_is_recognised_below_those_of_others(
    mine: JobRepository, other: JobRepository, store: TroubledStore
) -> None:
    def others_write_and_the_cable_is_pulled() -> None:
        for name in "bcd":
            other.change(adding(name))
        gone()

    store.after_save = [others_write_and_the_cable_is_pulled]
    change = Counted("a")
    assert ids(mine.change(change)) == ["a", "b", "c", "d"]
    assert (len(change.saw), store.saves, store.book.revision) == (1, 1, 4)


def test_a_write_that_arrives_late_and_stands_in_its_own_way_is_recognised(
    mine: JobRepository, store: TroubledStore
) -> None:
    """First the connection breaks, then comes a 412 for nobody's version but our own."""
    sent: list[bytes] = []

    def break_off(body: bytes) -> None:
        sent.append(body)
        gone()

    store.on_save = [break_off, lambda _: store.inner.save(sent[0], None)]
    assert ids(mine.change(adding("a"))) == ["a"]
    assert (store.saves, store.book.revision) == (2, 1)


def test_a_write_that_arrives_late_is_not_said_to_have_changed_nothing(
    mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    sent: list[bytes] = []

    def break_off(body: bytes) -> None:
        sent.append(body)
        gone()

    def arrive_when_time_is_up(_: bytes) -> None:
        store.inner.save(sent[0], None)
        clock.tick(TIMEOUT)

    store.on_save = [break_off, arrive_when_time_is_up]
    with pytest.raises(StoreUnavailable, match="not known whether this was changed"):
        mine.change(adding("a"))
    assert ids(mine.refreshed()) == ["a"]


def test_a_write_that_never_arrived_is_written_again(
    mine: JobRepository, store: TroubledStore
) -> None:
    store.before_save = [gone]
    assert ids(mine.change(adding("a"))) == ["a"]
    assert (store.saves, store.book.revision) == (2, 1)


def test_a_write_that_took_as_long_as_a_call_may_is_still_looked_for(
    mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    """botocore waits 1.4 s for an answer; by then S3 has long taken what it was sent."""

    def hang() -> None:
        clock.tick(1.45)
        gone()

    store.after_save = [hang]
    assert ids(mine.change(adding("a"))) == ["a"]
    assert store.book.revision == 1


def test_the_ids_of_the_last_writes_are_remembered_and_no_more(
    mine: JobRepository, store: TroubledStore
) -> None:
    for number in range(REMEMBERED_WRITES + 5):
        mine.change(adding(f"job-{number}"))
    assert len(store.book.recent_writes) == REMEMBERED_WRITES


# --- storage out of reach ----------------------------------------------------------------


def test_one_failure_of_the_storage_is_survived(mine: JobRepository, store: TroubledStore) -> None:
    store.before_load = [gone]
    assert ids(mine.change(adding("a"))) == ["a"]


def test_after_two_failures_the_storage_is_unavailable(
    mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    store.before_load = [gone] * 1_000
    started = clock()
    with pytest.raises(StoreUnavailable, match="cable"):
        mine.change(adding("a"))
    assert (store.loads, store.saves) == (2, 0)
    assert clock() - started < 0.1


def test_a_storage_that_hangs_is_not_tried_for_longer_than_a_page_may_take(
    mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    def hang() -> None:
        clock.tick(1.4)
        gone()

    store.before_load = [hang] * 1_000
    started = clock()
    with pytest.raises(StoreUnavailable):
        mine.change(adding("a"))
    assert clock() - started < 3


def test_who_waited_behind_a_failure_is_told_at_once(
    store: TroubledStore, clock: FakeClock
) -> None:
    """Eight posts at a hanging storage take as long as one, not eight times that."""
    in_line, hanging, go = threading.Semaphore(0), threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        assert go.wait(60)
        clock.tick(1.4)
        gone()

    def seconds() -> float:
        in_line.release()
        return clock()

    mine = repository(store, clock)
    store.before_load = [hang]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(mine.change, adding("a"))
        assert hanging.wait(60)
        mine.clock = seconds  # the first thing a change does is to look at the clock
        others = [pool.submit(mine.change, adding(f"b-{number}")) for number in range(7)]
        for _ in others:
            assert in_line.acquire(timeout=60)
        go.set()
        failures = [change.exception(timeout=60) for change in (first, *others)]
    assert all(isinstance(failure, StoreUnavailable) for failure in failures)
    assert store.loads == 1
    assert ids(mine.change(adding("c"))) == ["c"]


# --- documents that are not ours ---------------------------------------------------------

NOT_OURS = {
    "empty": b"",
    "cut off": b'{"schema": 2, "jobs": [{"id": "a"',
    "no JSON": b"Sorry, this bucket has moved.",
    "text": b'"jobs"',
    "UTF-16": '{"schema": 2, "jobs": []}'.encode("utf-16"),
    "schema 3": b'{"schema": 3, "revision": 9, "jobs": []}',
    "jobs twice": b'{"schema": 2, "jobs": [{"id": "a"}], "jobs": []}',
}


@pytest.mark.parametrize("body", NOT_OURS.values(), ids=NOT_OURS)
def test_a_document_that_is_not_ours_stops_every_write_and_stays(
    body: bytes, clock: FakeClock
) -> None:
    store = TroubledStore(body)
    mine = repository(store, clock)
    with pytest.raises(UnreadableDocument):
        mine.change(adding("a"))
    with pytest.raises(UnreadableDocument):
        mine.change(lambda book: book)
    assert (store.saves, store.body) == (0, body)


def test_a_document_that_is_not_ours_is_named_by_its_file(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "jobs.json"
    file.write_bytes(b"[{")
    with pytest.raises(UnreadableDocument) as error:
        repository(FileStore(file), clock).read()
    assert str(error.value).startswith(f"{file}: The jobs document is not ours: ")


@pytest.mark.parametrize("body", NOT_OURS.values(), ids=NOT_OURS)
def test_a_document_that_became_unreadable_is_served_as_it_last_was_and_never_overwritten(
    body: bytes, mine: JobRepository, store: TroubledStore, clock: FakeClock
) -> None:
    mine.change(adding("a"))
    store.inner.save(body, store.inner.load().etag)
    clock.tick(60)
    assert ids(mine.read()) == ["a"]
    assert mine.age() == 60
    with pytest.raises(UnreadableDocument):
        mine.change(adding("b"))
    assert store.body == body


def test_after_the_last_revision_nothing_is_written(clock: FakeClock) -> None:
    body = b'{"schema": 2, "revision": %d, "jobs": []}' % LAST_REVISION
    store = TroubledStore(body)
    with pytest.raises(UnreadableDocument, match="nothing was written"):
        repository(store, clock).change(adding("a"))
    assert (store.saves, store.body) == (0, body)


def test_once_it_is_mended_everything_goes_on(mine: JobRepository, store: TroubledStore) -> None:
    mine.change(adding("a"))
    good = store.body
    broken = store.inner.save(b"{", store.inner.load().etag)
    with pytest.raises(UnreadableDocument):
        mine.change(adding("b"))
    store.inner.save(good, broken.etag)
    assert ids(mine.change(adding("b"))) == ["a", "b"]


def test_a_job_as_old_as_schema_1_is_changed_in_place(clock: FakeClock) -> None:
    old = b'[{"id": "old", "customer": "Mark", "location": "Here", "status": "new"}]'
    store, at = TroubledStore(old), clock.now()
    mine = repository(store, clock)
    mine.change(lambda book: book.changed(book.job("old").noted("hi", by="dana", at=at), at))
    mine.change(adding("new"))
    assert ids(store.book) == ["old", "new"]
    assert store.book.job("old").notes[0].text == "hi"
