"""The contract of every roster store: file and DynamoDB table.

dynalite is stricter than moto about expressions and reserved words; moto has real transactions.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import reduce
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.availability import away, back
from dispatch.domain.document import MISSING, Document, DocumentStore, StaleWrite, StoreUnavailable
from dispatch.domain.roster import Availability, Member, Roster
from dispatch.stores.dynamodb import Table
from dispatch.stores.file import FileStore
from dispatch.stores.repository import Repository
from dispatch.stores.roster_table import RosterTable
from tests.aws import aws_environment, patient_dynamodb
from tests.dynalite import PlaysTransactions, running_dynalite
from tests.making import BUSINESS, NOON, is_away, make_member
from tests.opening import open_roster

Open = Callable[..., DocumentStore]
TODAY = date(2026, 5, 22)
_table = count(1)


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    with running_dynalite() as endpoint:
        yield endpoint


@pytest.fixture(params=["file", "moto", "dynalite"])
def open_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Each call opens a business's roster anew, as another process would."""
    if request.param == "file":
        return lambda business="": FileStore(tmp_path / f"{business}crew.json")
    for name, value in aws_environment(request.getfixturevalue(request.param)).items():
        monkeypatch.setenv(name, value)
    client = PlaysTransactions if request.param == "dynalite" else patient_dynamodb
    name = f"crew_roster.{next(_table)}"

    def opened(business: str = "") -> RosterTable:
        return RosterTable(Table(name, client), business, today=lambda: TODAY)

    assert opened().create_table()
    return opened


@pytest.fixture
def store(open_store: Open) -> DocumentStore:
    return open_store()


@pytest.fixture
def open_crew(open_store: Open) -> Callable[..., Repository[Roster]]:
    """The same, with the repository above it that production has."""

    def opened(business: str = "") -> Repository[Roster]:
        return repository(open_store(business))

    return opened


OpenCrew = Callable[..., Repository[Roster]]


def repository(store: DocumentStore) -> Repository[Roster]:
    """Patient enough for a busy machine."""
    return open_roster(store, timeout=60)


def adding(*members: Member) -> Callable[[Roster], Roster]:
    return lambda roster: roster.put(*members)


def changing(username: str, fn: Callable[[Member], Member]) -> Callable[[Roster], Roster]:
    return lambda roster: roster.changed(fn(roster.member(username)), NOON)


def plain(body: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(body)
    return document


# --- one document --------------------------------------------------------------------------


def test_a_roster_that_was_never_written_is_missing(store: DocumentStore) -> None:
    assert store.load() is MISSING
    assert store.load(MISSING) is MISSING


def test_a_member_is_found_by_others_as_they_were_added(open_crew: OpenCrew) -> None:
    joel = away(make_member("joel", phone="+16195550102", epoch=3), BUSINESS, TODAY, ["morning"])
    crew = open_crew()
    crew.change(adding(joel, make_member("ana", email="", active=False)))
    found = open_crew().read()
    assert found.member("joel") == joel
    assert [member.username for member in found.values] == ["joel", "ana"]
    assert found.revision == crew.read().revision == 1


def test_a_roster_that_is_still_the_same_is_given_back_itself(open_store: Open) -> None:
    saved = open_store().save(Roster().put(make_member()).written("w1", NOON).encode(), None)
    loaded = open_store().load()
    assert open_store().load(saved) is saved
    assert open_store().load(loaded) is loaded


def test_a_known_roster_that_was_changed_is_read_anew(open_crew: OpenCrew) -> None:
    crew, other = open_crew(), open_crew()
    crew.change(adding(make_member("joel")))
    other.change(adding(make_member("ana")))
    assert len(crew.refreshed().members) == 2


def test_the_first_write_is_made_by_one_of_two(store: DocumentStore, open_store: Open) -> None:
    body = Roster().put(make_member()).written("w1", NOON).encode()
    first = store.save(body, None)
    with pytest.raises(StaleWrite):
        open_store().save(Roster().written("w2", NOON).encode(), None)
    assert open_store().load().etag == first.etag


def test_an_older_roster_is_stale_and_changes_nothing(
    store: DocumentStore, open_store: Open
) -> None:
    roster = Roster().put(make_member()).written("w1", NOON)
    first = store.save(roster.encode(), None)
    second = store.save(roster.put(make_member("ana")).written("w2", NOON).encode(), first.etag)
    with pytest.raises(StaleWrite):
        store.save(roster.written("w3", NOON).encode(), first.etag)
    with pytest.raises(StaleWrite):
        open_store().save(roster.written("w3", NOON).encode(), first.etag)
    assert open_store().load().etag == second.etag
    assert len(Roster.decode(open_store().load().body).members) == 2


def test_a_member_can_be_taken_off_the_roster(open_crew: OpenCrew) -> None:
    crew = open_crew()
    crew.change(adding(away(make_member("joel"), BUSINESS, TODAY), make_member("ana")))
    crew.change(lambda roster: roster.without({"joel"}))
    assert [member.username for member in open_crew().read().members] == ["ana"]
    crew.change(adding(make_member("joel")))
    assert open_crew().read().member("joel").availability == {}


# --- nothing is lost -----------------------------------------------------------------------


def test_two_who_edit_one_member_at_once_lose_no_field(open_crew: OpenCrew) -> None:
    first, second = open_crew(), open_crew()
    first.change(adding(make_member("joel")))
    first.read(), second.read()
    first.change(changing("joel", lambda joel: replace(joel, phone="+16195550102")))
    second.change(changing("joel", lambda joel: replace(joel, email="joel@example.com")))
    joel = open_crew().read().member("joel")
    assert (joel.phone, joel.email, joel.version) == ("+16195550102", "joel@example.com", 3)


def test_what_we_do_not_know_survives_every_write(store: DocumentStore, open_store: Open) -> None:
    member = away(make_member("joel"), BUSINESS, TODAY, ["morning"])
    written = plain(Roster().put(member).written("w1", NOON).encode())
    unknown = {"no": 7.5, "tags": ["a", None, True], "deep": {"size": 10**20, "empty": ""}}
    written["x_document"] = unknown
    (stored,) = written["members"]
    stored["x_badge"] = unknown
    stored["availability"][str(TODAY)]["x_why"] = unknown
    store.save(json.dumps(written).encode(), None)
    crew = repository(open_store())
    crew.change(changing("joel", lambda joel: replace(joel, email="joel@example.com")))
    crew.change(changing("joel", lambda joel: back(joel, BUSINESS, TODAY + timedelta(days=1))))
    crew.change(changing("joel", lambda joel: away(joel, BUSINESS, TODAY, ["afternoon"])))
    found = plain(open_store().load().body)
    (joel,) = found["members"]
    assert found["x_document"] == joel["x_badge"] == unknown
    assert joel["availability"][str(TODAY)] == {"windows": [], "x_why": unknown}
    assert joel["email"] == "joel@example.com"


def test_a_member_who_cannot_be_read_hides_nobody_and_stays(
    store: DocumentStore, open_store: Open
) -> None:
    body = Roster().put(make_member("joel"), make_member("ana")).written("w1", NOON).encode()
    store.save(body.replace(b'"rank":"crew"', b'"rank":"pirate"', 1), None)
    crew = repository(open_store())
    assert "entry 'joel'" in crew.read().problems[0]
    crew.change(changing("ana", lambda ana: replace(ana, phone="+16195550102")))
    (joel, ana) = plain(open_store().load().body)["members"]
    assert (joel["rank"], ana["phone"]) == ("pirate", "+16195550102")


@pytest.mark.parametrize("days", ["next week", {"2026-05-23": "away"}, [1, 2]])
def test_days_off_that_cannot_be_read_stay_as_they_are(
    store: DocumentStore, open_store: Open, days: object
) -> None:
    written = plain(Roster().put(make_member("joel")).written("w1", NOON).encode())
    written["members"][0]["availability"] = days
    store.save(json.dumps(written).encode(), None)
    repository(open_store()).change(adding(make_member("ana")))
    assert plain(open_store().load().body)["members"][0]["availability"] == days


class LosesAnswers:
    """Makes the write and says that it does not know."""

    def __init__(self, store: DocumentStore) -> None:
        self.store, self.lose = store, 1

    def load(self, known: Document | None = None) -> Document:
        return self.store.load(known)

    def save(self, body: bytes, if_match: str | None) -> Document:
        saved = self.store.save(body, if_match)
        if self.lose:
            self.lose -= 1
            raise StoreUnavailable("The answer was lost.")
        return saved


def test_a_write_whose_answer_was_lost_is_recognised(open_store: Open) -> None:
    crew = repository(LosesAnswers(open_store()))
    crew.change(adding(make_member("joel", epoch=1)))
    found = repository(open_store()).read()
    assert (found.revision, found.member("joel").epoch) == (1, 1)


def test_a_counter_that_many_raise_at_once_counts_every_one(open_crew: OpenCrew) -> None:
    """Half the threads share a repository, half have their own, as other processes would."""
    shared = open_crew()
    shared.change(adding(make_member("joel"), make_member("ana")))

    def count_up(crew: Repository[Roster]) -> None:
        start.wait()
        for _ in range(4):
            crew.change(changing("joel", lambda joel: replace(joel, epoch=joel.epoch + 1)))

    crews = [shared] * 3 + [open_crew() for _ in range(3)]
    start = Barrier(len(crews))
    with ThreadPoolExecutor(len(crews)) as pool:
        list(pool.map(count_up, crews))
    found = open_crew().read()
    assert found.member("joel").epoch == 4 * len(crews)
    assert found.revision <= 1 + 4 * len(crews)  # those that wait together are one write
    assert found.member("ana") == make_member("ana")


def test_readers_see_one_moment_and_never_half_a_write(open_store: Open) -> None:
    """Two members are always raised together, each an item of its own in a table."""
    writer = repository(open_store())
    writer.change(adding(make_member("joel"), make_member("ana")))

    def raised(roster: Roster) -> Roster:
        for member in roster.members:
            roster = roster.changed(replace(member, epoch=member.epoch + 1), NOON)
        return roster

    def write() -> None:
        for _ in range(6):
            writer.change(raised)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            joel, ana = Roster.decode(_loaded(open_store()).body).members
            assert joel.epoch == ana.epoch
        writing.result()


def _loaded(store: DocumentStore) -> Document:
    try:
        return store.load()
    except StoreUnavailable:  # written too often: said, instead of half a truth
        return _loaded(store)


# --- days ----------------------------------------------------------------------------------


def test_more_days_off_than_a_transaction_takes_are_set_and_taken_back_at_once(
    open_crew: OpenCrew,
) -> None:
    days = [TODAY + timedelta(days=ahead) for ahead in range(130)]

    def away_throughout(member: Member) -> Member:
        return reduce(lambda member, day: away(member, BUSINESS, day), days, member)

    def back_throughout(member: Member) -> Member:
        return reduce(lambda member, day: back(member, BUSINESS, day), days, member)

    crew = open_crew()
    crew.change(adding(make_member("joel"), make_member("ana")))
    crew.change(changing("joel", away_throughout))
    found = open_crew().read()
    assert all(is_away(found.member("joel"), day) for day in days)
    assert found.member("ana").availability == {}
    open_crew().change(changing("joel", back_throughout))
    assert crew.refreshed().member("joel").availability == {}


def test_two_who_set_different_days_at_once_lose_none(open_crew: OpenCrew) -> None:
    first, second = open_crew(), open_crew()
    first.change(adding(make_member("joel")))
    first.read(), second.read()
    later = TODAY + timedelta(days=1)
    first.change(changing("joel", lambda joel: away(joel, BUSINESS, TODAY)))
    second.change(changing("joel", lambda joel: away(joel, BUSINESS, later, ["morning"])))
    assert open_crew().read().member("joel").availability == {
        TODAY: Availability(()),
        later: Availability(("afternoon",)),
    }


# --- several businesses --------------------------------------------------------------------


def test_businesses_are_kept_apart(open_crew: OpenCrew) -> None:
    here, there = open_crew("quickdumpnow"), open_crew("othertown")
    here.change(adding(make_member("joel", phone="+16195550102")))
    assert there.read().members == ()
    there.change(adding(away(make_member("joel"), BUSINESS, TODAY), make_member("zoe")))
    assert here.refreshed().revision == 1
    assert open_crew("quickdumpnow").read().members == (make_member("joel", phone="+16195550102"),)
    there.change(changing("joel", lambda joel: replace(joel, active=False)))
    assert open_crew("quickdumpnow").read().member("joel").active
    assert open_crew().read().members == ()
