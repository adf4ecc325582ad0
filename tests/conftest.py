"""Every web test has a business of its own in memory, and a clock that stands still."""

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from hypothesis import settings

from dispatch import wiring
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Rank
from dispatch.domain.roster import Roster
from dispatch.stores.repository import DocumentRepository, JobRepository, RosterRepository
from tests.making import BUSINESS, PASSWORD, FakeClock, make_member
from tests.memory import MemoryStore

settings.register_profile("suite", deadline=None)  # a busy machine is no failure
settings.load_profile("suite")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(wiring, "now", clock.now)
    return clock


@pytest.fixture(autouse=True)
def repositories(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """Jobs and roster in memory instead of in a folder; the production code above them."""
    cache.clear()
    kept: dict[object, object] = {}

    def repository(kind: type) -> object:
        def of(slug: str) -> object:
            if (kind, slug) not in kept:
                kept[kind, slug] = DocumentRepository(
                    MemoryStore(), kind, now=clock.now, clock=clock, background=False
                )
            return kept[kind, slug]

        return of

    monkeypatch.setattr(wiring, "_jobs", repository(JobBook))
    monkeypatch.setattr(wiring, "_roster", repository(Roster))


@pytest.fixture
def jobs() -> JobRepository:
    return wiring.jobs(BUSINESS)


@pytest.fixture
def roster() -> RosterRepository:
    """Dana dispatches, Joel and Ana drive, Vic looks on; all with the same password."""
    hashed = make_password(PASSWORD)
    members = [
        make_member("dana", rank=Rank.DISPATCHER, roles=("supervisor",), password=hashed),
        make_member("joel", password=hashed),
        make_member("ana", password=hashed),
        make_member("vic", rank=Rank.VIEWER, roles=(), password=hashed),
    ]
    repository = wiring.roster(BUSINESS)
    repository.change(lambda roster: roster.put(*members))
    return repository


@pytest.fixture
def dana(roster: RosterRepository) -> Client:
    return signed_in("dana")


@pytest.fixture
def joel(roster: RosterRepository) -> Client:
    return signed_in("joel")


@pytest.fixture
def vic(roster: RosterRepository) -> Client:
    return signed_in("vic")


def signed_in(username: str) -> Client:
    client = Client()
    answer = client.post("/dashboard/login/", {"username": username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client
