"""Changes that wait together are committed together, each for itself."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.moves import JobConflict
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import TIMEOUT, Change
from tests.making import FakeClock
from tests.stores.troubled import TroubledStore, adding, gone, ids, repository, stale

SOON = 60  # seconds that a busy machine may take for what happens at once

Fn = Callable[[JobBook], JobBook]


@pytest.fixture
def store() -> TroubledStore:
    return TroubledStore()


@pytest.fixture
def mine(store: TroubledStore) -> JobRepository:
    return repository(store, FakeClock())


@contextmanager
def together(
    mine: JobRepository, store: TroubledStore, *fns: Fn
) -> Iterator[list[Future[JobBook]]]:
    """While a first change is being written, these come to wait behind it, in this order."""
    writing, go = threading.Event(), threading.Event()

    def hold() -> None:
        writing.set()
        assert go.wait(SOON)

    store.before_save = [hold]
    with ThreadPoolExecutor(1 + len(fns)) as pool:
        first = pool.submit(mine.change, adding("first"))
        assert writing.wait(SOON)
        changes = []
        for place, fn in enumerate(fns, 1):
            changes.append(pool.submit(mine.change, fn))
            while len(mine._waiting) < place:
                os.sched_yield()
        yield changes
        go.set()
        first.result(SOON)


def refused(book: JobBook) -> JobBook:
    raise JobConflict(book.job("first"), "moved on")


def failed(book: JobBook) -> JobBook:
    raise ZeroDivisionError


def test_all_that_wait_are_written_once(mine: JobRepository, store: TroubledStore) -> None:
    with together(mine, store, *map(adding, "abcdefg")) as changes:
        pass
    assert {change.result().revision for change in changes} == {2}
    assert (store.saves, store.book.revision) == (2, 2)
    assert ids(store.book) == ["first", *"abcdefg"]


def test_each_is_given_what_those_before_it_made_and_none_after(
    mine: JobRepository, store: TroubledStore
) -> None:
    with together(mine, store, *map(adding, "ab")) as (a, b):
        pass
    assert ids(a.result()) == ["first", "a"]
    assert ids(b.result()) == ["first", "a", "b"]
    assert mine.read(2) is b.result()


@pytest.mark.parametrize("refusal", [refused, failed])
def test_what_one_raises_reaches_its_caller_alone(
    mine: JobRepository, store: TroubledStore, refusal: Fn
) -> None:
    with together(mine, store, adding("a"), refusal, adding("b")) as (a, none, b):
        pass
    with pytest.raises((JobConflict, ZeroDivisionError)):
        none.result()
    assert (ids(a.result())[-1], ids(b.result())[-1]) == ("a", "b")
    assert ids(store.book) == ["first", "a", "b"]


def test_where_nothing_is_to_be_changed_nothing_is_written(
    mine: JobRepository, store: TroubledStore
) -> None:
    with together(mine, store, refused, lambda book: book) as (none, same):
        pass
    assert isinstance(none.exception(), JobConflict)
    assert ids(same.result()) == ["first"]
    assert store.saves == 1


def test_a_refusal_because_of_what_was_not_written_is_no_refusal(
    mine: JobRepository, store: TroubledStore
) -> None:
    """The first time `b` sees an `a` that then loses its race, and is gone when it comes again."""
    other, seen = repository(store.inner, FakeClock()), list[list[str]]()

    def a_unless_z(book: JobBook) -> JobBook:
        return book if book.value("z") else adding("a")(book)

    def b_unless_a(book: JobBook) -> JobBook:
        seen.append(ids(book))
        if book.value("a"):
            raise JobNotFound("a is in the way")
        return adding("b")(book)

    with together(mine, store, a_unless_z, b_unless_a) as (_, b):
        store.before_save = [lambda: other.change(adding("z"))]
    assert ids(b.result()) == ["first", "z", "b"]
    assert seen == [["first", "a"], ["first", "z"]]


def test_a_lost_answer_is_recognised_for_all_of_them(
    mine: JobRepository, store: TroubledStore
) -> None:
    with together(mine, store, adding("a"), refused, adding("b")) as (a, none, b):
        store.after_save = [lambda: None, gone]
    assert isinstance(none.exception(), JobConflict)
    assert ids(a.result()) == ids(b.result()) == ["first", "a", "b"]
    assert store.saves == 2


def test_a_failure_is_told_to_all_who_waited(mine: JobRepository, store: TroubledStore) -> None:
    with together(mine, store, adding("a"), adding("b")) as changes:
        store.before_save = [gone] * 5
    assert all(isinstance(change.exception(), StoreUnavailable) for change in changes)
    assert changes[0].exception() is not changes[1].exception()
    assert ids(store.book) == ["first"]


def test_whoever_is_stopped_takes_nobody_along(mine: JobRepository, store: TroubledStore) -> None:
    """Who writes for all is interrupted: the others do not know, and the next goes through."""

    def stop() -> None:
        raise KeyboardInterrupt

    with together(mine, store, adding("a"), adding("b")) as changes:
        store.before_save = [stop]
    errors = [change.exception() for change in changes]
    assert sorted(type(error).__name__ for error in errors) == ["AnswerLost", "KeyboardInterrupt"]
    assert ids(mine.change(adding("c"))) == ["first", "c"]


def test_who_is_served_while_the_next_is_writing_goes_without_a_look_at_all_jobs(
    mine: JobRepository,
) -> None:
    """An error that named each of them took as long as the write of all 64 who were served."""

    class Unshown(JobBook):
        def __repr__(self) -> str:
            raise AssertionError

    mine._is_writing = True
    assert not mine._is_my_turn(Change(adding("a"), 0, after=Unshown(), is_over=True))


def test_many_writers_need_few_writes_and_lose_nothing(
    mine: JobRepository, store: TroubledStore
) -> None:
    store.before_save = [stale] * 3
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(mine.change, [adding(f"job-{n}") for n in range(160)]))
    assert len(store.book.jobs) == 160


def test_who_has_waited_long_takes_nobody_with_time_left_along(
    mine: JobRepository, store: TroubledStore
) -> None:
    """Both lose races until the first one's time is up; the second goes on."""
    clock: FakeClock = mine.clock  # type: ignore[assignment]

    def outrun() -> None:
        clock.tick(TIMEOUT / 2)
        stale()

    with together(mine, store, adding("old"), adding("young")) as (old, young):
        list(mine._waiting)[1].asked_at += TIMEOUT
        store.before_save = [outrun, outrun]
    assert isinstance(old.exception(), StoreUnavailable)
    assert ids(young.result())[-1] == "young"
