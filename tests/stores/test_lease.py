"""One process at a time has the lease, wherever it lies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.domain.stored.document import StaleWrite, StoreUnavailable
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.lease import RENEWED_AFTER, SURE_FOR, TAKEN_AFTER, Lease, LeaseStore
from dispatch.stores.lease.places import LeaseDocument, LeaseItem
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from tests.aws import PATIENT
from tests.making import FakeClock
from tests.memory_table import MemoryTable
from tests.stores.troubled import TroubledStore, gone

OpenLease = Callable[[FakeClock], Lease]


TABLES = {"moto": "open_table", "dynalite": "open_dynalite_table"}
KINDS = ["file", "s3", "memory", *(pytest.param(name, marks=pytest.mark.long) for name in TABLES)]


@pytest.fixture(params=KINDS)
def open_lease(request: pytest.FixtureRequest, tmp_path: Path, business: str) -> OpenLease:
    """Each call is another process, with a clock of its own."""
    if request.param == "file":
        return lambda clock: Lease(LeaseDocument(FileStore(tmp_path / "lease.json")), clock)
    if request.param == "s3":
        at = {"bucket_name": request.getfixturevalue("bucket"), "client_config": PATIENT}
        store = S3Store(OneConnectionS3Storage(**at), "lease.json")
        return lambda clock: Lease(LeaseDocument(store), clock)
    if request.param == "memory":
        client = MemoryTable()
        table = Table("in memory", lambda: client)
    else:
        table = request.getfixturevalue(TABLES[request.param])()
    return lambda clock: Lease(LeaseItem(table, business), clock)


def test_the_first_has_it_until_it_is_silent(open_lease: OpenLease) -> None:
    mine, theirs = FakeClock(), FakeClock()
    first, second = open_lease(mine), open_lease(theirs)
    assert first.hold()
    assert not second.hold()
    mine.tick(RENEWED_AFTER)
    theirs.tick(TAKEN_AFTER - 1)
    assert first.hold()  # it says so again
    assert not second.hold()
    theirs.tick(TAKEN_AFTER - 1)
    assert not second.hold()
    theirs.tick(1)
    assert second.hold()
    mine.tick(RENEWED_AFTER)
    assert not first.hold()


def test_who_has_it_is_sure_of_it_for_less_time_than_others_wait(open_lease: OpenLease) -> None:
    clock = FakeClock()
    lease = open_lease(clock)
    assert not lease.is_sure
    assert lease.hold()
    clock.tick(SURE_FOR - 1)
    assert lease.is_sure
    clock.tick(1)
    assert not lease.is_sure
    assert lease.hold()
    assert lease.is_sure


def test_given_back_it_is_anybodys_at_once(open_lease: OpenLease) -> None:
    first, second = open_lease(FakeClock()), open_lease(FakeClock())
    assert first.hold()
    assert not second.hold()
    first.give_back()
    assert not first.is_sure
    assert second.hold()
    first.give_back()  # which is not its own by now
    assert not open_lease(FakeClock()).hold()


def test_of_two_who_take_it_over_together_one_has_it() -> None:
    store, clock = TroubledStore(), FakeClock()
    dead, first, second = (Lease(LeaseDocument(store), clock) for _ in range(3))
    assert dead.hold()
    assert not first.hold()
    assert not second.hold()
    clock.tick(TAKEN_AFTER)
    won = []
    store.before_save.append(lambda: won.append(second.hold()))
    assert not first.hold()
    assert won == [True]


def test_who_cannot_say_that_it_lives_does_not_have_it() -> None:
    store, clock = TroubledStore(), FakeClock()
    lease = Lease(LeaseDocument(store), clock)
    assert lease.hold()
    clock.tick(RENEWED_AFTER)
    store.after_save.append(gone)  # written, and nobody knows
    with pytest.raises(StoreUnavailable):
        lease.hold()
    assert not lease.is_sure
    assert lease.hold()


def test_what_nobody_can_read_is_nobodys() -> None:
    store = TroubledStore(b"{half")
    assert Lease(LeaseDocument(store), FakeClock()).hold()


def test_a_mark_that_is_old_takes_nothing(open_lease: OpenLease) -> None:
    lease = open_lease(FakeClock())
    store: LeaseStore = lease._store
    held, mark = store.load()
    assert lease.hold()
    with pytest.raises(StaleWrite):
        store.save(held, mark)
