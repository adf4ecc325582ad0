"""The snapshot's age, who refreshes it, and how often the storage is asked."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from dispatch.domain.stored.document import StoreUnavailable
from dispatch.stores.snapshot import BURST, Snapshot
from tests.making import FakeClock

SOON = 60  # seconds that a busy machine may take for what happens at once


@dataclass(frozen=True)
class Value:
    revision: int


class Storage:
    """Gives its value; can be out of reach, or hold its answers back until told."""

    def __init__(self) -> None:
        self.value = Value(1)
        self.fetches = 0
        self.broken: Exception | None = None
        self.asked = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.may_answer.set()

    def write(self, revision: int) -> Value:
        self.value = Value(revision)
        return self.value

    def fetch(self, old: Value | None) -> Value:
        self.fetches += 1
        value, broken = self.value, self.broken
        self.asked.release()
        assert self.may_answer.wait(SOON)
        if broken:
            raise broken
        return old if old == value else value

    @contextmanager
    def holding_back(self) -> Iterator[None]:
        """Questions asked in here are answered, as of when they came, at its end."""
        self.asked = threading.Semaphore(0)
        self.may_answer.clear()
        try:
            yield
        finally:
            self.may_answer.set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def snapshot(storage: Storage, clock: FakeClock) -> Snapshot[Value]:
    """One whose readers fetch for themselves."""
    return Snapshot(storage.fetch, clock=clock, background=False)


@pytest.fixture
def shared(
    storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Snapshot[Value]]:
    """One whose background fetches for all, and looks again at once; readers wait until it has."""
    monkeypatch.setattr("dispatch.stores.snapshot.FRESH", 0.01)
    for patience in ("FIRST", "BUDGET", "TURN"):
        monkeypatch.setattr(f"dispatch.stores.snapshot.{patience}", SOON)
    snapshot = Snapshot(storage.fetch, clock=clock, background=True)
    yield snapshot
    clock.tick(60)  # without a reader for so long the background rests


@pytest.fixture
def hurried(storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Snapshot[Value]:
    """One whose background looks when asked to, and never by itself; nobody waits until it does."""
    monkeypatch.setattr("dispatch.stores.snapshot.FRESH", 600)
    monkeypatch.setattr("dispatch.stores.snapshot.TURN", 0)
    monkeypatch.setattr("dispatch.stores.snapshot.FIRST", SOON)
    monkeypatch.setattr("dispatch.stores.snapshot.BUDGET", SOON)
    return Snapshot(storage.fetch, clock=clock, background=True)


# --- age ---------------------------------------------------------------------------------


def test_the_first_reader_fetches(snapshot: Snapshot[Value], storage: Storage) -> None:
    assert snapshot.current() == Value(1)
    assert (storage.fetches, snapshot.age()) == (1, 0)


@pytest.mark.parametrize("age", [0.5, 1, 1.5, 2])
def test_what_is_not_older_than_two_seconds_is_used_as_it_is(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock, age: float
) -> None:
    snapshot.current()
    storage.write(2)
    clock.tick(age)
    assert snapshot.current() == Value(1)
    assert (storage.fetches, snapshot.age()) == (1, age)


def test_what_is_older_than_two_seconds_is_refreshed_before_it_is_used(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    storage.write(2)
    clock.tick(2.1)
    assert snapshot.current() == Value(2)
    assert (storage.fetches, snapshot.age()) == (2, 0)


def test_a_value_that_is_still_the_newest_is_young_again_and_the_same_object(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    first = snapshot.current()
    clock.tick(2.1)
    assert snapshot.current() is first
    assert snapshot.age() == 0


def test_a_fetch_is_as_old_as_its_question_and_not_as_its_answer(clock: FakeClock) -> None:
    def slow(old: Value | None) -> Value:
        clock.tick(0.8)
        return Value(1)

    snapshot = Snapshot(slow, clock=clock, background=False)
    snapshot.current()
    assert snapshot.age() == pytest.approx(0.8)


# --- who wrote sees the write ------------------------------------------------------------


def test_a_reader_who_has_seen_more_refreshes_first(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    snapshot.current()
    storage.write(5)
    assert snapshot.current(at_least=5) == Value(5)
    assert storage.fetches == 2


def test_a_reader_who_has_seen_this_much_refreshes_nothing(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    snapshot.current()
    assert snapshot.current(at_least=1) == Value(1)
    assert storage.fetches == 1


def test_a_revision_that_is_nowhere_still_answers(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    """Anybody can write a number into an address."""
    assert snapshot.current(at_least=10**15) == Value(1)


def test_revisions_that_are_nowhere_make_no_load(
    hurried: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    """Ten looks in a row for all who ask, then one a second; who has none waits for the next."""
    hurried.current()
    for _ in range(BURST):
        assert hurried.current(at_least=10**12) == Value(1)
    for _ in range(100):
        assert isinstance(_quietly(lambda: hurried.current(at_least=10**12)), StoreUnavailable)
    assert storage.fetches == 1 + BURST
    clock.tick(1)
    assert hurried.current(at_least=10**12) == Value(1)
    assert isinstance(_quietly(lambda: hurried.current(at_least=10**12)), StoreUnavailable)
    assert storage.fetches == 1 + BURST + 1


def test_revisions_that_are_somewhere_are_looked_for_however_often(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    snapshot.current()
    for revision in range(2, 102):
        storage.write(revision)
        assert snapshot.current(at_least=revision) == Value(revision)


def test_a_published_write_is_seen_at_once(snapshot: Snapshot[Value], clock: FakeClock) -> None:
    snapshot.current()
    snapshot.publish(Value(2), clock())
    assert snapshot.current() == Value(2)


def test_an_answer_from_before_a_write_does_not_hide_the_write(
    shared: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    shared.current()
    with storage.holding_back(), ThreadPoolExecutor(1) as pool:
        look = pool.submit(shared.refreshed)
        assert storage.asked.acquire(timeout=SOON)
        clock.tick(0.1)
        shared.publish(storage.write(2), clock())
        storage.may_answer.set()
        assert look.result(SOON) == Value(2)
    assert shared.current() == Value(2)


def test_an_answer_from_before_a_write_took_hold_does_not_hide_the_write(
    snapshot: Snapshot[Value], clock: FakeClock
) -> None:
    """The write is under way, a look is asked and answered with the old, the write is done."""
    snapshot.publish(Value(1), clock())
    write_asked_at = clock()
    clock.tick(0.1)
    look_asked_at = clock()
    clock.tick(0.1)
    snapshot.publish(Value(2), write_asked_at)
    snapshot.publish(Value(1), look_asked_at)
    assert snapshot.current() == Value(2)


def test_a_write_does_not_hide_what_others_wrote_on_top_of_it(
    snapshot: Snapshot[Value], clock: FakeClock
) -> None:
    """Our answer comes late; in the meantime a look has found our write and the next."""
    write_asked_at = clock()
    clock.tick(0.1)
    snapshot.publish(Value(3), clock())
    clock.tick(0.1)
    snapshot.publish(Value(2), write_asked_at)
    assert snapshot.current() == Value(3)


# --- unknown ids -------------------------------------------------------------------------


def test_an_unknown_id_is_looked_for_at_once(snapshot: Snapshot[Value], storage: Storage) -> None:
    snapshot.current()
    storage.write(2)
    assert snapshot.refreshed() == Value(2)


def test_a_thousand_unknown_ids_ask_the_storage_a_few_times_and_then_once_a_second(
    hurried: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    _ask(hurried, 1_000)
    assert storage.fetches == BURST
    for _ in range(5):
        clock.tick(1)
        _ask(hurried, 100)
    assert storage.fetches == BURST + 5


def test_after_a_quiet_while_unknown_ids_have_their_few_again_and_no_more(
    hurried: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    clock.tick(3_600)
    _ask(hurried, 1_000)
    assert storage.fetches == BURST


def _ask(snapshot: Snapshot[Value], times: int) -> None:
    for _ in range(times):
        _quietly(snapshot.refreshed)


def test_who_asks_too_often_waits_for_the_next_look_and_never_gets_the_old_value(
    shared: Snapshot[Value], storage: Storage
) -> None:
    shared.current()
    for revision in range(2, 3 * BURST):
        storage.write(revision)
        assert shared.refreshed() == Value(revision)
    for revision in range(3 * BURST, 6 * BURST):
        storage.write(revision)
        assert shared.current(at_least=revision) == Value(revision)


def test_a_member_s_decision_waits_for_nobody_s_turn(
    hurried: Snapshot[Value], storage: Storage
) -> None:
    for revision in range(2, 3 * BURST):
        storage.write(revision)
        assert hurried.refreshed(at_once=True) == Value(revision)


# --- sharing -----------------------------------------------------------------------------


def test_all_who_wait_share_a_fetch(hurried: Snapshot[Value], storage: Storage) -> None:
    """One is under way when they come; one more is for all of them, as none may miss a write."""
    with storage.holding_back(), ThreadPoolExecutor(21) as pool:
        readers = [pool.submit(hurried.current)]
        assert storage.asked.acquire(timeout=SOON)
        readers += _all_waiting(pool, hurried, 20)
        storage.may_answer.set()
        assert [reader.result(SOON) for reader in readers] == [Value(1)] * 21
    assert storage.fetches == 2


def _all_waiting(
    pool: ThreadPoolExecutor, shared: Snapshot[Value], count: int
) -> list[Future[Value]]:
    """Readers, each of which has asked for a refresh."""
    asked = shared._asked
    readers = [pool.submit(shared.current) for _ in range(count)]
    with shared._changed:
        assert shared._changed.wait_for(lambda: shared._asked == asked + count, SOON)
    return readers


def test_when_the_storage_is_slow_the_old_value_is_served_with_its_age(
    shared: Snapshot[Value],
    storage: Storage,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared.current()
    monkeypatch.setattr("dispatch.stores.snapshot.BUDGET", 0.01)
    storage.write(2)
    clock.tick(30)
    with storage.holding_back():
        assert shared.current() == Value(1)  # after its budget
        assert shared.age() == 30


def test_what_the_background_finds_the_next_reader_has(
    shared: Snapshot[Value], storage: Storage
) -> None:
    """It looks again each second while there are readers; nobody waits for it."""
    shared.current()
    storage.asked = threading.Semaphore(0)
    storage.write(2)
    assert shared.current() == Value(1)
    assert storage.asked.acquire(timeout=SOON)
    with shared._changed:
        assert shared._changed.wait_for(lambda: shared.peek() == Value(2), SOON)
    assert shared.current() == Value(2)


def test_without_readers_the_background_rests_and_wakes_with_the_next(
    shared: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    shared.current()
    thread = shared._thread
    assert thread
    clock.tick(60)
    thread.join(SOON)
    assert not thread.is_alive()
    storage.write(2)
    assert shared.current() == Value(2)


# --- storage out of reach ----------------------------------------------------------------


def test_a_storage_that_was_never_reached_is_unavailable(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    storage.broken = StoreUnavailable("no such bucket")
    with pytest.raises(StoreUnavailable, match="no such bucket"):
        snapshot.current()
    assert snapshot.age() == float("inf")


def test_a_storage_gone_leaves_the_last_value_with_its_age(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    assert snapshot.current() == Value(1)
    assert snapshot.age() == 600


def test_a_storage_gone_is_not_asked_by_every_reader(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    for _ in range(100):
        snapshot.current()
        _quietly(snapshot.refreshed)
        _quietly(lambda: snapshot.current(at_least=7))
    assert storage.fetches == 2


# What a reader may ask for beyond the newest value that is known.
MORE: list[Callable[[Snapshot[Value]], Value]] = [
    lambda snapshot: snapshot.refreshed(),
    lambda snapshot: snapshot.refreshed(at_once=True),
    lambda snapshot: snapshot.current(at_least=2),
]


@pytest.mark.parametrize("ask", MORE)
@pytest.mark.parametrize("age", [0, 1, 600])
def test_what_cannot_be_confirmed_is_not_answered_with_the_old(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock, ask: Any, age: float
) -> None:
    snapshot.current()
    storage.write(2)
    storage.broken = StoreUnavailable("gone")
    clock.tick(age)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="gone"):
            ask(snapshot)
    assert snapshot.current() == Value(1)
    storage.broken = None
    clock.tick(2.1)
    assert ask(snapshot) == Value(2)


@pytest.mark.parametrize("ask", MORE)
def test_nor_is_what_the_storage_does_not_confirm_in_time(
    shared: Snapshot[Value], storage: Storage, monkeypatch: pytest.MonkeyPatch, ask: Any
) -> None:
    shared.current()
    monkeypatch.setattr("dispatch.stores.snapshot.FIRST", 0.01)
    with storage.holding_back():
        assert storage.asked.acquire(timeout=SOON)
        storage.write(2)  # after the look that is under way was asked
        with pytest.raises(StoreUnavailable, match="in time"):
            ask(shared)
        assert shared.current() == Value(1)
    monkeypatch.setattr("dispatch.stores.snapshot.FIRST", SOON)
    assert ask(shared) == Value(2)


@pytest.mark.parametrize("ask", MORE)
def test_an_answer_to_an_earlier_question_confirms_nothing(
    shared: Snapshot[Value], storage: Storage, ask: Any
) -> None:
    """It was on its way when the other process wrote."""
    shared.current()
    with storage.holding_back(), ThreadPoolExecutor(1) as pool:
        assert storage.asked.acquire(timeout=SOON)
        storage.write(2)
        asked = shared._asked
        reader = pool.submit(ask, shared)
        with shared._changed:
            assert shared._changed.wait_for(lambda: shared._asked > asked, SOON)
        storage.may_answer.set()
        assert reader.result(SOON) == Value(2)


def test_a_doubt_lasts_until_the_storage_has_been_asked_since(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    assert not snapshot.is_doubted
    clock.tick(1)
    snapshot.doubt()
    storage.broken = StoreUnavailable("gone")
    clock.tick(10)
    _quietly(snapshot.refreshed)
    assert snapshot.is_doubted
    snapshot.publish(Value(1), clock() - 10)  # an answer to what was asked before
    assert snapshot.is_doubted
    storage.broken = None
    clock.tick(10)
    snapshot.current()
    assert not snapshot.is_doubted


def test_readers_of_a_storage_that_hangs_do_not_wait_each_time(
    shared: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    """The first look has failed and the second hangs: they are served at once."""
    shared.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    shared.current()
    with storage.holding_back():
        assert storage.asked.acquire(timeout=SOON)  # the background, on its own
        clock.tick(SOON + 1)  # longer than a reader waits
        asked = shared._asked
        assert [shared.current() for _ in range(100)] == [Value(1)] * 100
        for ask in MORE * 30:
            assert isinstance(_quietly(lambda ask=ask: ask(shared)), StoreUnavailable)
        assert shared._asked == asked


@pytest.mark.parametrize("ask", MORE)
def test_after_one_failed_look_who_asks_waits_for_the_next(
    hurried: Snapshot[Value], storage: Storage, ask: Any
) -> None:
    hurried.current()
    storage.broken = StoreUnavailable("gone")
    _quietly(hurried.refreshed)
    storage.broken = None
    storage.write(2)
    assert ask(hurried) == Value(2)


def test_a_storage_that_fails_on_is_waited_for_once_and_not_by_everybody(
    hurried: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    hurried.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    for ask in MORE * 30:
        assert isinstance(_quietly(lambda ask=ask: ask(hurried)), StoreUnavailable)
        assert hurried.current() == Value(1)
    assert storage.fetches == 1 + 2


def test_a_storage_never_reached_that_hangs_is_said_so_at_once(
    shared: Snapshot[Value], storage: Storage
) -> None:
    """Else every thread of the server would stand waiting, and the health check behind them."""
    storage.broken = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        shared.current()
    with storage.holding_back():
        assert storage.asked.acquire(timeout=SOON)
        asked = shared._asked
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="gone"):
                shared.current()
        assert shared._asked == asked


def test_a_look_that_fails_releases_all_who_wait_and_not_only_who_asked_for_it(
    storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came while it was under way, and another would only hang as long again."""
    asked, first, later = threading.Semaphore(0), threading.Event(), threading.Event()
    answers = [first]

    def hang(old: Value | None) -> Value:
        asked.release()
        assert (answers.pop() if answers else later).wait(SOON)
        raise StoreUnavailable("gone")

    monkeypatch.setattr("dispatch.stores.snapshot.FIRST", 600)
    shared = Snapshot(hang, clock=clock, background=True)
    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(shared.current)]
        assert asked.acquire(timeout=SOON)
        readers += _all_waiting(pool, shared, 5)
        clock.tick(1.4)
        first.set()
        errors = [reader.exception(SOON) for reader in readers]
        later.set()
    assert all(isinstance(error, StoreUnavailable) for error in errors)
    clock.tick(60)


@pytest.mark.parametrize("read_before", [True, False])
def test_the_background_heals_by_itself(
    shared: Snapshot[Value], storage: Storage, clock: FakeClock, read_before: bool
) -> None:
    if read_before:
        shared.current()
        clock.tick(600)
    storage.broken = StoreUnavailable("gone")
    _quietly(shared.current)
    storage.broken = None
    storage.write(2)
    with shared._changed:
        assert shared._changed.wait_for(lambda: shared.peek() == Value(2), SOON)
    assert shared.current() == Value(2)
    assert shared.age() == 0


def test_without_a_background_the_reader_heals_it(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    snapshot.current()
    storage.broken = None
    clock.tick(2.1)
    snapshot.current()
    assert snapshot.age() == 0


def test_a_write_that_succeeds_ends_the_outage_for_readers(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.current()
    storage.broken = StoreUnavailable("gone")
    clock.tick(600)
    snapshot.current()
    storage.broken = None
    snapshot.publish(storage.write(2), clock())
    storage.write(3)
    assert snapshot.current(at_least=3) == Value(3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_does_not_end_the_background_for_ever(
    shared: Snapshot[Value],
    storage: Storage,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared.current()
    storage.broken = ZeroDivisionError("who would have thought")
    clock.tick(600)
    with monkeypatch.context() as impatient:
        impatient.setattr("dispatch.stores.snapshot.BUDGET", 0.01)
        assert shared.current() == Value(1)
    with shared._changed:
        assert shared._changed.wait_for(lambda: shared._thread is None, SOON)
    storage.broken = None
    storage.write(2)
    clock.tick(600)
    assert shared.current() == Value(2)


def test_an_outage_does_not_keep_every_request_that_it_met(
    snapshot: Snapshot[Value], storage: Storage
) -> None:
    """An exception raised again and again gathers the frames of all who raised it."""
    storage.broken = StoreUnavailable("gone")
    raised = [_quietly(snapshot.current) for _ in range(3)]
    assert len({id(error) for error in (*raised, snapshot._error)}) == 4


def _quietly(read: Callable[[], Value]) -> Exception | None:
    try:
        read()
    except StoreUnavailable as error:
        return error
    return None


# --- a document that was restored ----------------------------------------------------------


def test_a_restored_document_is_believed_and_not_asked_for_again_and_again(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.publish(storage.write(9), clock())
    storage.write(4)
    clock.tick(2.1)
    assert snapshot.current() == Value(4)
    fetches = storage.fetches
    for _ in range(100):
        assert snapshot.current() == Value(4)
    assert storage.fetches == fetches


def test_a_write_after_a_restore_is_seen_at_once(
    snapshot: Snapshot[Value], storage: Storage, clock: FakeClock
) -> None:
    snapshot.publish(storage.write(9), clock())
    storage.write(4)
    clock.tick(2.1)
    assert snapshot.current() == Value(4)
    snapshot.publish(storage.write(5), clock())
    assert snapshot.current() == Value(5)
