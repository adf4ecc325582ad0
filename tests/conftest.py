"""Every web test has a business of its own in memory, and a clock that stands still."""

import gc
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path

import botocore.session
import hypothesis
import pytest
from botocore.loaders import create_loader
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.template import Context, Template
from django.test import Client
from django.test.signals import template_rendered
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.links import Links
from dispatch.domain.outbox.stops import Stops
from dispatch.domain.permissions import Rank
from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.roster import Roster
from dispatch.stores.dynamodb import Table
from dispatch.stores.lease import Lease
from dispatch.stores.lease.places import LeaseDocument
from dispatch.stores.repository import RosterRepository
from tests.aws import PATIENT, aws_environment
from tests.making import BUSINESS, PASSWORD, FakeClock, make_member
from tests.memory import MemoryStore
from tests.stores.troubled import InMemory

AS_DEPLOYED, JOBS_AS_DEPLOYED = wiring._roster, wiring._jobs
HASHED = make_password(PASSWORD)
_table = count(1)
ORDER = {"releases": 0, "image": 1, "faults": 2, "browser": 4}
OTHERS = 3

# The same made-up input each time; and a busy machine is no failure.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("suite")
# AWS's descriptions of its services are read once, not for each client that a test makes.
botocore.session.create_loader = lru_cache(create_loader)
# Nothing that is collected is garbage: to look through it again and again takes a tenth longer.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, the many short ones of the browser last: all processes end together."""
    items.sort(key=lambda item: ORDER.get(item.path.parent.name, OTHERS))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A module of whose tests this run takes none is not even imported, nor what it needs."""
    if not collection_path.name.startswith("test_"):
        return None
    source, asked = collection_path.read_text(encoding="utf-8"), config.getoption("markexpr")
    beside = collection_path.with_name("conftest.py")
    fixtures = beside.read_text(encoding="utf-8") if beside.exists() else ""
    has_others = "\npytestmark = pytest.mark.long\n" not in source
    is_asked = {"long": "mark.long" in source + fixtures, "not long": has_others}.get(asked, True)
    return None if is_asked else True


@pytest.fixture(scope="session", autouse=True)
def contexts(django_test_environment: None) -> None:
    """Of an answer its page's context is kept, not a copy for each of a hundred parts as well."""
    Template._render = rendered


def rendered(template: Template, context: Context) -> str:
    if context.template is template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


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
    lease = LeaseDocument(MemoryStore())

    def repository(kind: type) -> object:
        def of(slug: str) -> object:
            if (kind, slug) not in kept:
                kept[kind, slug] = InMemory(kind, clock)
            return kept[kind, slug]

        return of

    monkeypatch.setattr(wiring, "_jobs", repository(JobBook))
    monkeypatch.setattr(wiring, "_roster", repository(Roster))
    monkeypatch.setattr(wiring, "_overrides", repository(Overrides))
    monkeypatch.setattr(wiring, "_lost_links", repository(Links))
    monkeypatch.setattr(wiring, "lease", lambda _business: Lease(lease, clock))
    monkeypatch.setattr(wiring, "_stops", repository(Stops))


@pytest.fixture
def jobs() -> InMemory:
    return wiring.jobs(BUSINESS)


@pytest.fixture
def roster() -> InMemory:
    """Dana dispatches, Joel and Ana drive, Vic looks on; all with the same password."""
    members = [
        make_member("dana", rank=Rank.DISPATCHER, roles=("supervisor",), password=HASHED),
        make_member("joel", password=HASHED),
        make_member("ana", password=HASHED),
        make_member("vic", rank=Rank.VIEWER, roles=(), password=HASHED),
    ]
    repository = wiring.roster(BUSINESS)
    repository.change(lambda roster: roster.put(*members))
    return repository


@pytest.fixture
def dana(roster: RosterRepository) -> Client:
    return at_work("dana")


@pytest.fixture
def joel(roster: RosterRepository) -> Client:
    return at_work("joel")


@pytest.fixture
def vic(roster: RosterRepository) -> Client:
    return at_work("vic")


@lru_cache
def session(username: str) -> SimpleCookie:
    """Made once for all tests: it is in a cookie, and they begin with the same roster."""
    return signed_in(username).cookies


def at_work(username: str) -> Client:
    client = Client()
    client.cookies = deepcopy(session(username))
    return client


def signed_in(username: str) -> Client:
    client = Client()
    answer = client.post("/dashboard/login/", {"username": username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    """The folder where photos are kept."""
    backend = "dispatch.stores.photos.folder.WholeFilesStorage"
    options = {"location": str(tmp_path / "media"), "must_exist": False}
    settings.STORAGES = {**settings.STORAGES, "photos": {"BACKEND": backend, "OPTIONS": options}}
    return tmp_path / "media"


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    from tests.moto_server import running_moto  # here, as few tests need it and it takes a second

    with running_moto() as endpoint:
        yield endpoint


@pytest.fixture
def crew_table(moto: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Table]:
    """The roster is to be in this table, which is not there yet."""
    settings.CREW_URL = f"dynamodb://crew.{next(_table)}/{{business}}"
    as_deployed(moto, monkeypatch)
    monkeypatch.setattr(wiring, "_roster", AS_DEPLOYED)
    table = wiring.roster_table()
    assert table
    yield table
    AS_DEPLOYED.cache_clear()


@pytest.fixture
def jobs_table(moto: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Table]:
    """The jobs are to be in this table, which is not there yet."""
    settings.JOBS_URL = f"dynamodb://jobs.{next(_table)}"
    as_deployed(moto, monkeypatch)
    monkeypatch.setattr(wiring, "_jobs", JOBS_AS_DEPLOYED)
    table = wiring.jobs_table()
    assert table
    yield table
    JOBS_AS_DEPLOYED.cache_clear()


def as_deployed(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("dispatch.stores.dynamodb.CLIENT", PATIENT)
    for known in (AS_DEPLOYED, JOBS_AS_DEPLOYED, wiring._table):
        known.cache_clear()


def restart() -> None:
    """As after a new start: the roster in the table is not known yet."""
    AS_DEPLOYED.cache_clear()
