"""The contract of every ledger's store: file, S3 and DynamoDB table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import LedgerGone, StaleWrite, StoreUnavailable
from dispatch.domain.stored.ledger import Entry
from dispatch.stores.repository import LedgerStore, Repository
from tests.making import NOON, make_job
from tests.opening import AS_IN_COMMANDS

Open = Callable[[], LedgerStore[JobBook]]


@pytest.fixture
def opened(open_ledger: Callable[[str], Open], business: str) -> Open:
    """Each call opens the same jobs anew, as another process would."""
    return open_ledger(business)


@pytest.fixture
def store(opened: Open) -> LedgerStore[JobBook]:
    return opened()


def repository(store: LedgerStore[JobBook]) -> Repository[JobBook]:
    """Patient enough for a busy machine."""
    return Repository(store, timeout=60, **AS_IN_COMMANDS)


def job(name: str, **fields: Any) -> Job:
    return make_job(id=name, tracking_token=f"token-of-{name}".ljust(32, "x"), **fields)


_writes = iter(range(10**6))


def committed(store: LedgerStore[JobBook], before: JobBook, *made: Job, **others: Any) -> JobBook:
    after = replace(before.put(*made), **others)
    return store.commit(before, after.written(f"w{next(_writes)}", NOON))


def begun(store: LedgerStore[JobBook], *jobs: Job, **others: Any) -> JobBook:
    return committed(store, store.load(), *jobs, **others)


def plain(ledger: JobBook) -> Any:
    """All that is stored."""
    return ledger.encode()


# --- load and commit ---------------------------------------------------------------------


def test_what_was_never_written_is_empty(store: LedgerStore[JobBook]) -> None:
    assert store.load() == JobBook()
    assert store.load(store.load()) == JobBook()


def test_what_was_committed_is_loaded_by_others(opened: Open) -> None:
    written = begun(opened(), job("a"), job("b", customer_name="Zoë “東京”"))
    found = opened().load()
    assert plain(found) == plain(written)
    assert found.etag == written.etag
    assert [each.id for each in found.jobs] == ["a", "b"]
    assert (found.revision, found.updated_at) == (1, NOON)


def test_what_is_still_current_is_given_back_itself(opened: Open) -> None:
    written = begun(opened(), job("a"))
    loaded = opened().load()
    assert opened().load(written) is written
    assert opened().load(loaded) is loaded


def test_who_knows_an_earlier_revision_is_given_what_is_new(opened: Open) -> None:
    store, other = opened(), opened()
    known = begun(store, *(job(name) for name in "abc"))
    other_s = other.load()
    for number in range(3):
        other_s = committed(other, other_s, job("b", truck=f"truck {number}"), job(f"d{number}"))
    other_s = other.commit(other_s, other_s.without({"a"}).written("gone", NOON))
    found = store.load(known)
    assert plain(found) == plain(other_s) == plain(opened().load())
    assert [each.id for each in found.jobs] == ["b", "c", "d0", "d1", "d2"]
    assert found.job("b").truck == "truck 2"
    assert found.entries[1] is known.entries[2], "and what has not changed is not read again"
    assert plain(committed(store, found, job("c", truck="9"))) == plain(other.load(other_s))


def test_what_was_loaded_before_somebody_wrote_is_stale(opened: Open) -> None:
    store = opened()
    first = begun(store, job("a"))
    second = committed(opened(), first, job("a", truck="7"))
    for mine in (store, opened()):
        with pytest.raises(StaleWrite):
            committed(mine, first, job("a", truck="8"), job("b"))
    with pytest.raises(StaleWrite):
        committed(store, JobBook(), job("c"))
    assert plain(opened().load()) == plain(second)


def test_a_record_that_goes_and_comes_again_comes_last(opened: Open) -> None:
    known = begun(opened(), *(job(name) for name in "abc"))
    after = known.without({"a"}).put(job("a", truck="7"), job("d"))
    written = opened().commit(known, after.written("again", NOON))
    assert [each.id for each in opened().load().jobs] == ["b", "c", "a", "d"]
    assert plain(opened().load(known)) == plain(written)


def test_a_change_of_the_head_alone_is_one(opened: Open) -> None:
    known = begun(opened(), job("a"))
    after = opened().commit(known, known.stamped({"2026-05": 7}).written("head", NOON))
    assert plain(opened().load()) == plain(after) == plain(opened().load(known))
    assert opened().load().archive.months == {"2026-05": 7}


def test_a_write_whose_answer_was_lost_is_recognised(opened: Open) -> None:
    class LosesOne:
        lost = 0

        def __init__(self, inner: LedgerStore[JobBook]) -> None:
            self.inner = inner
            self.load, self.takes, self.begin = inner.load, inner.takes, inner.begin

        def commit(self, before: JobBook, after: JobBook) -> JobBook:
            written = self.inner.commit(before, after)
            if self.lost:
                return written
            self.lost = 1
            repository(opened()).change(lambda book: book.put(job("theirs")))
            raise StoreUnavailable("The answer was lost.")

    jobs = repository(LosesOne(opened()))
    book = jobs.change(lambda book: book.put(job("a" if not book.jobs else "twice")))
    assert [each.id for each in book.jobs] == ["a", "theirs"]
    assert opened().load().revision == 2


def test_one_begins_and_no_second_time(opened: Open) -> None:
    opened().begin()
    assert opened().load().jobs == ()
    with pytest.raises(StaleWrite):
        opened().begin()
    begun(opened(), job("a"))
    with pytest.raises(StaleWrite):
        opened().begin()
    assert len(opened().load().jobs) == 1


def test_two_businesses_are_kept_apart(open_ledger: Callable[[str], Open], business: str) -> None:
    here, there = open_ledger(business)(), open_ledger(f"{business}-2")()
    begun(here, job("a"))
    assert there.load() == JobBook()
    begun(there, job("b"))
    assert [each.id for each in here.load().jobs] == ["a"]
    assert [each.id for each in there.load().jobs] == ["b"]


# --- nothing is lost ---------------------------------------------------------------------


def test_what_we_do_not_know_survives_every_write(opened: Open) -> None:
    unknown = b'{"no": 7.50, "tags": ["a", null, true], "deep": {"size": 1e400, "empty": ""}}'
    raw = JobBook().put(job("a")).entries[0].raw[:-1] + b', "x_badge":' + unknown + b"}"
    odd = JobBook(entries=(JobBook.read_entry(raw),), extra={"x_house": Raw(unknown)})
    assert odd.value("a")
    known = opened().commit(JobBook(), odd.written("odd", NOON))
    assert opened().load().entries[0].raw == raw
    committed(opened(), opened().load(), job("a", truck="7"), job("b"))
    for found in (opened().load(), opened().load(known)):
        assert unknown in found.entries[0].raw
        assert bytes((found.extra or {})["x_house"]) == unknown


UNREADABLE = (
    b'{"id": "b", "status": "gone"}',
    b'{"id": "b", "status": "gone", "truck": "7"}',
    b"[1, 2]",
    b'{"customer_name": "Mark"}',
    b'{"id": "%s"}' % (b"x" * 3_000),
    b'{"id": "b/2", "customer_name": "\xff\xfe"}',
    rb'{"id": "b", "customer_name": "\ud83d"}',
)


def test_entries_that_cannot_be_read_hide_no_other_and_stay(opened: Open) -> None:
    a, c = (JobBook().put(job(name)).entries[0] for name in "ac")
    broken: tuple[Entry[Job], ...] = tuple(Entry(raw, None, "broken") for raw in UNREADABLE)
    odd = JobBook(entries=(a, *broken, *broken, c))
    known = opened().commit(JobBook(), odd.written("odd", NOON))
    found = committed(opened(), opened().load(), job("a", truck="7"), job("d"))
    for book in (opened().load(), opened().load(known), found):
        assert [entry.raw for entry in book.entries[1:-2]] == [*UNREADABLE, *UNREADABLE]
        assert [each.id for each in book.jobs] == ["a", "c", "d"]
    assert len(opened().load().problems) == 2 * len(UNREADABLE)
    mended = found.without_broken(set(UNREADABLE[1:]))
    opened().commit(found, mended.written("mended", NOON))
    assert [each.id for each in opened().load(known).jobs] == ["a", "c", "d"]
    assert [entry.raw for entry in opened().load().broken.values()] == [UNREADABLE[0]] * 2


def test_of_doubles_the_second_counts_once_the_first_is_gone(opened: Open) -> None:
    first, other, second = (
        JobBook().put(each).entries[0] for each in (job("a"), job("b"), job("a", truck="2"))
    )
    double = replace(second, value=None, problem="its id is used twice")
    known = opened().commit(
        JobBook(), JobBook(entries=(first, other, double)).written("double", NOON)
    )
    assert [each.id for each in opened().load().jobs] == ["a", "b"]
    opened().commit(known, known.without({"a"}).written("one gone", NOON))
    for found in (opened().load(), opened().load(known)):
        assert [(each.id, each.truck) for each in found.jobs] == [("b", ""), ("a", "2")]
    committed(opened(), opened().load(), job("a", truck="3"))
    for found in (opened().load(), opened().load(known)):
        assert [(each.id, each.truck) for each in found.jobs] == [("b", ""), ("a", "3")]


def test_many_records_in_one_change_are_all_written(opened: Open) -> None:
    names = [f"job-{number:03}" for number in range(23)]
    known = begun(opened(), *map(job, names))
    found = opened().load()
    assert [each.id for each in found.jobs] == names
    assert plain(found) == plain(known)
    renewed = committed(opened(), found, *(job(name, truck="7") for name in names))
    assert plain(renewed) == plain(opened().load()) == plain(opened().load(known))
    assert {each.truck for each in renewed.jobs} == {"7"}
    gone = opened().commit(renewed, renewed.without(set(names[1:])).written("gone", NOON))
    assert plain(gone) == plain(opened().load()) == plain(opened().load(known))


# --- at once -----------------------------------------------------------------------------


def test_of_many_who_write_first_one_does(opened: Open) -> None:
    def write(name: str) -> JobBook | None:
        mine = opened()
        before = mine.load()
        start.wait()
        try:
            return committed(mine, before, job(name))
        except StaleWrite:
            return None

    start = Barrier(6)
    with ThreadPoolExecutor(6) as pool:
        written = [book for book in pool.map(write, "abcdef") if book]
    assert [*map(plain, written)] == [plain(opened().load())]


def test_readers_see_one_moment_and_never_half_a_write(opened: Open) -> None:
    writer = repository(opened())
    writer.change(lambda book: book.put(job("a"), job("b")))

    def raised(book: JobBook) -> JobBook:
        for each in book.jobs:
            book = book.changed(msgspec.structs.replace(each, truck=f"{each.version}"), NOON)
        return book

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [writer.change(raised) for _ in range(6)])
        known = None
        while not writing.done():
            reader = opened()
            for seen in (reader.load(), reader.load(known)):
                a, b = seen.jobs
                assert a.version == b.version == seen.revision
                known = seen
        writing.result()


def test_a_counter_that_many_raise_at_once_counts_every_one(opened: Open) -> None:
    """The end of the suite: half the threads share a repository, half have their own."""
    shared = repository(opened())
    shared.change(lambda book: book.put(job("a", truck="0"), job("b")))

    def count_up(jobs: Repository[JobBook]) -> None:
        start.wait()
        for _ in range(4):
            jobs.change(lambda book: book.put(job("a", truck=f"{int(book.job('a').truck) + 1}")))

    everybody = [shared] * 3 + [repository(opened()) for _ in range(3)]
    start = Barrier(len(everybody))
    with ThreadPoolExecutor(len(everybody)) as pool:
        list(pool.map(count_up, everybody))
    found = opened().load()
    assert int(found.job("a").truck) == 4 * len(everybody)
    assert found.revision <= 1 + 4 * len(everybody)  # those that wait together are one write
    assert found.job("b") == job("b")


def test_what_was_there_and_is_gone_is_not_begun_anew(opened: Open, forget: Any) -> None:
    known = begun(opened(), job("a"))
    forget()
    with pytest.raises(LedgerGone, match="was there and is gone"):
        opened().load(known)


@pytest.fixture
def forget(request: pytest.FixtureRequest, opened: Open) -> Callable[[], None]:
    """Somebody removes the document, or the head of it, behind everybody's back."""

    def remove() -> None:
        store: Any = opened()
        if hasattr(store, "_table"):
            store._table.write(store._table.delete(*store._kind.head))
        elif hasattr(store._document, "_path"):
            store._document._path.unlink()
        else:
            store._document._client.delete_object(**store._document._at)

    return remove
