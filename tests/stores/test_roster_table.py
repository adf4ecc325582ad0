"""A roster in a DynamoDB table: its items, its transactions, its consistency."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import reduce
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)
from msgspec.structs import replace

from dispatch.domain.availability import away, back
from dispatch.domain.document import Document, StaleWrite, StoreUnavailable, UnreadableDocument
from dispatch.domain.roster import Availability, Member, Roster
from dispatch.stores.dynamodb import LONGEST_PAUSE, READING, NoTable, Table
from dispatch.stores.repository import Repository
from dispatch.stores.roster_table import RosterTable
from tests.aws import aws_environment, patient_dynamodb
from tests.making import BUSINESS, NOON, FakeClock, make_member
from tests.opening import open_roster

TODAY = date(2026, 5, 22)
_table = count(1)


@pytest.fixture
def name(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a table that is not there yet."""
    for variable, value in aws_environment(moto).items():
        monkeypatch.setenv(variable, value)
    return f"roster_table.{next(_table)}"


@pytest.fixture
def opened(name: str) -> Callable[..., RosterTable]:
    def open_table(business: str = "", today: date = TODAY) -> RosterTable:
        return RosterTable(Table(name, patient_dynamodb), business, today=lambda: today)

    assert open_table().create_table()
    return open_table


@pytest.fixture
def items(opened: object, name: str) -> Any:
    """The table as its owner sees it in the console."""
    return boto3.resource("dynamodb").Table(name)


def crew_of(store: Any) -> Repository[Roster]:
    return open_roster(store, timeout=60)


def changing(username: str, fn: Callable[[Member], Member]) -> Callable[[Roster], Roster]:
    return lambda roster: roster.changed(fn(roster.member(username)), NOON)


def off(*days: date) -> Callable[[Member], Member]:
    return lambda member: reduce(lambda each, day: away(each, BUSINESS, day), days, member)


def found(items: Any, partition: str, sort: str) -> dict[str, Any]:
    item: dict[str, Any] = items.get_item(Key={"PK": partition, "SK": sort})["Item"]
    return item


# --- items ---------------------------------------------------------------------------------


def test_items_are_where_the_design_says(opened: Callable[..., RosterTable], items: Any) -> None:
    crew_of(opened()).change(lambda roster: roster.put(off(TODAY)(make_member("joel"))))
    assert found(items, "CREW#joel", "PROFILE")["name"] == "Joel"
    day = found(items, "CREW#joel", "AVAIL#2026-05-22")
    assert (day["windows"], day["DAY"]) == ([], "2026-05-22")
    assert found(items, "CREW#META", "META")["members"] == ["joel"]


def test_a_business_s_items_bear_its_name(opened: Callable[..., RosterTable], items: Any) -> None:
    crew_of(opened("othertown")).change(lambda roster: roster.put(make_member("joel")))
    assert found(items, "CREW#othertown#joel", "PROFILE")["name"] == "Joel"
    assert found(items, "CREW#othertown#META", "META")["members"] == ["joel"]


def test_what_json_cannot_hold_stays_in_the_table(
    opened: Callable[..., RosterTable], items: Any
) -> None:
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(make_member("joel"), make_member("ana")))
    odd = {"x_photo": b"\x89PNG", "x_tags": {"a", "b"}, "x_deep": {"photo": b"\x89PNG"}}
    for attribute, value in odd.items():
        items.update_item(
            Key={"PK": "CREW#joel", "SK": "PROFILE"},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": attribute},
            ExpressionAttributeValues={":v": value},
        )
    other = crew_of(opened())
    other.change(changing("joel", lambda joel: replace(joel, phone="+16195550102")))
    item = found(items, "CREW#joel", "PROFILE")
    assert (item["x_tags"], item["phone"]) == ({"a", "b"}, "+16195550102")
    assert item["x_photo"].value == item["x_deep"]["photo"].value == b"\x89PNG"
    assert b'"x_tags":["a","b"]' in opened().load().body


class Counting:
    """The client, and what is written through it."""

    def __init__(self) -> None:
        self.inner, self.written = patient_dynamodb(), list[list[dict[str, Any]]]()
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def get_item(self, **what: Any) -> Any:
        self.read += 1
        return self.inner.get_item(**what)

    def query(self, **what: Any) -> Any:
        self.read += 1
        return self.inner.query(**what)

    def transact_write_items(self, TransactItems: list[dict[str, Any]], **options: Any) -> Any:
        self.written.append(TransactItems)
        return self.inner.transact_write_items(TransactItems=TransactItems, **options)


@pytest.fixture
def client(name: str) -> Counting:
    return Counting()


@pytest.fixture
def counted(opened: object, name: str, client: Counting) -> RosterTable:
    return RosterTable(Table(name, lambda: client), today=lambda: TODAY)


def test_a_change_of_one_field_writes_that_field(counted: RosterTable, client: Counting) -> None:
    crew = crew_of(counted)
    crew.change(lambda roster: roster.put(off(TODAY)(make_member("joel")), make_member("ana")))
    crew.change(changing("joel", lambda joel: replace(joel, phone="+16195550102")))
    meta, joel = (action["Update"] for action in client.written[-1])
    assert (meta["Key"]["PK"]["S"], joel["Key"]["PK"]["S"]) == ("CREW#META", "CREW#joel")
    assert set(joel["ExpressionAttributeNames"].values()) == {"phone", "version"}


def test_a_look_at_a_roster_that_is_known_is_one_read(
    counted: RosterTable, client: Counting
) -> None:
    crew_of(counted).change(lambda roster: roster.put(make_member("joel"), make_member("ana")))
    known = counted.load()
    client.read = 0
    assert counted.load(known) is known
    assert client.read == 1


# --- others who write ----------------------------------------------------------------------


def test_who_edits_an_item_in_the_console_is_not_written_over(
    opened: Callable[..., RosterTable], items: Any
) -> None:
    """META says nothing of it; the member's version does."""
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(make_member("joel")))
    items.update_item(
        Key={"PK": "CREW#joel", "SK": "PROFILE"},
        UpdateExpression="SET phone = :phone, #version = :version",
        ExpressionAttributeNames={"#version": "version"},
        ExpressionAttributeValues={":phone": "+16195550102", ":version": 7},
    )
    joel = crew.change(changing("joel", lambda joel: replace(joel, email="j@example.com")))
    joel = joel.member("joel")
    assert (joel.phone, joel.email, joel.version) == ("+16195550102", "j@example.com", 8)


def test_a_member_deleted_in_the_console_is_gone(
    opened: Callable[..., RosterTable], items: Any
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel"), make_member("ana")))
    items.delete_item(Key={"PK": "CREW#joel", "SK": "PROFILE"})
    crew = crew_of(opened())
    assert [member.username for member in crew.read().members] == ["ana"]
    crew.change(changing("ana", lambda ana: replace(ana, phone="+16195550102")))
    crew.change(lambda roster: roster.put(make_member("bo")))
    assert [member.username for member in crew_of(opened()).read().members] == ["ana", "bo"]


def test_a_table_made_anew_is_not_taken_for_the_old_one(
    opened: Callable[..., RosterTable], items: Any
) -> None:
    """It counts its revisions from the start again."""
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(make_member("joel")))
    items.delete()
    opened().create_table()
    crew_of(opened()).change(lambda roster: roster.put(make_member("ana")))
    assert [member.username for member in crew.refreshed().members] == ["ana"]


# --- days ----------------------------------------------------------------------------------


def test_days_gone_by_are_not_loaded_and_never_deleted(
    opened: Callable[..., RosterTable],
) -> None:
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(off(TODAY, TODAY + timedelta(30))(make_member("joel"))))
    later = crew_of(opened(today=TODAY + timedelta(10)))
    assert list(later.read().member("joel").availability) == [TODAY + timedelta(30)]
    later.change(changing("joel", off(TODAY + timedelta(20))))
    days = opened().between(TODAY, TODAY + timedelta(60))
    assert [day for _, day, _ in days] == [TODAY + timedelta(ahead) for ahead in (0, 20, 30)]


def test_a_roster_that_was_read_before_midnight_deletes_nothing_after_it(
    opened: Callable[..., RosterTable],
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(off(TODAY)(make_member("joel"))))
    later = opened(today=TODAY + timedelta(3))
    body, etag = opened().load().body, opened().load().etag
    without = Roster.decode(body)
    without = without.changed(back(without.member("joel"), BUSINESS, TODAY), NOON)
    later._held = Document(body, etag)
    later.save(without.written("w2", NOON).encode(), etag)
    assert len(list(opened().between(TODAY, TODAY))) == 1


def test_yesterday_is_loaded_as_it_may_be_today_elsewhere(
    opened: Callable[..., RosterTable],
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(off(TODAY)(make_member("joel"))))
    crew = crew_of(opened(today=TODAY + timedelta(1)))
    assert TODAY in crew.read().member("joel").availability


def test_days_between_two_are_found_by_date_for_one_business(
    opened: Callable[..., RosterTable],
) -> None:
    days = [TODAY + timedelta(days=ahead) for ahead in range(5)]
    crew_of(opened("here")).change(
        lambda roster: roster.put(off(*days)(make_member("joel")), off(days[2])(make_member("ana")))
    )
    crew_of(opened("there")).change(lambda roster: roster.put(off(*days)(make_member("zoe"))))
    found = list(opened("here").between(days[1], days[2]))
    assert [day for _, day, _ in found] == [days[1], days[2], days[2]]
    assert sorted(who for who, _, _ in found) == ["ana", "joel", "joel"]
    assert {entry for _, _, entry in found} == {Availability(())}


# --- more than one transaction takes ---------------------------------------------------------


class PulledPlug(Counting):
    """No write after the first few gets through."""

    left = 1

    def transact_write_items(self, TransactItems: list[dict[str, Any]], **options: Any) -> Any:
        if not self.left:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")
        self.left -= 1
        return super().transact_write_items(TransactItems, **options)


@pytest.mark.parametrize("length", [99, 120])
def test_a_long_change_that_ends_half_way_is_completed_by_doing_it_again(
    opened: Callable[..., RosterTable], name: str, length: int
) -> None:
    """99 days would all fit before the last write, which then would be found done already."""
    days = [TODAY + timedelta(days=ahead) for ahead in range(length)]
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel")))
    client = PulledPlug()
    with pytest.raises(StoreUnavailable):
        crew_of(RosterTable(Table(name, lambda: client), today=lambda: TODAY)).change(
            changing("joel", off(*days))
        )
    half = crew_of(opened()).read()
    assert 0 < len(half.member("joel").availability) < len(days)
    assert (half.revision, half.member("joel").version) == (1, 1)
    done = crew_of(opened()).change(changing("joel", off(*days)))
    assert (done.revision, done.member("joel").version) == (2, 2)
    assert len(crew_of(opened()).read().member("joel").availability) == len(days)


def test_half_of_a_long_change_is_not_made_where_somebody_else_was_faster(
    opened: Callable[..., RosterTable],
) -> None:
    days = [TODAY + timedelta(days=ahead) for ahead in range(120)]
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel")))
    slow = opened()
    known = slow.load()
    roster = changing("joel", off(*days))(Roster.decode(known.body)).written("w2", NOON)
    crew_of(opened()).change(lambda roster: roster.put(make_member("ana")))
    with pytest.raises(StaleWrite):
        slow.save(roster.encode(), known.etag)
    assert crew_of(opened()).read().member("joel").availability == {}


@pytest.mark.long
def test_a_large_crew_moves_in_but_is_not_changed_all_at_once(
    opened: Callable[..., RosterTable],
) -> None:
    many = [make_member(f"member-{number}") for number in range(101)]
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(*many))
    assert len(crew_of(opened()).read().members) == len(many)
    with pytest.raises(StoreUnavailable, match="101 members are too many to change at once"):
        crew.change(lambda roster: roster.put(*(replace(each, active=False) for each in many)))
    assert crew_of(opened()).read().revision == 1


@pytest.mark.parametrize(
    "members",
    [b'[{"name": "x"}]', b"[17]", b'[{"username": "joel"}, {"username": "joel"}]'],
)
def test_members_that_a_table_cannot_tell_apart_are_refused_whole(
    opened: Callable[..., RosterTable], members: bytes
) -> None:
    with pytest.raises(UnreadableDocument):
        opened().save(b'{"revision": 1, "write_id": "w", "members": %s}' % members, None)
    assert opened().load().etag is None


# --- out of reach --------------------------------------------------------------------------


def test_a_missing_table_is_said_with_what_makes_it(name: str) -> None:
    store = RosterTable(Table(name), today=lambda: TODAY)
    advice = f"There is no DynamoDB table {name}. `manage.py crew create-table` makes it."
    with pytest.raises(NoTable) as refusal:
        store.load()
    assert str(refusal.value) == advice
    with pytest.raises(StoreUnavailable):
        store.save(Roster().written("w1", NOON).encode(), None)
    assert not store.table_exists()


def test_a_table_is_made_once(opened: Callable[..., RosterTable]) -> None:
    assert opened().table_exists()
    assert not opened().create_table()


@pytest.fixture
def nothing_listens(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = "http://{}:{}".format(*taken.getsockname())
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
        yield


@pytest.mark.usefixtures("nothing_listens")
def test_a_table_out_of_reach_is_unavailable_and_soon_so(name: str) -> None:
    store = RosterTable(Table(name), today=lambda: TODAY)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"The DynamoDB table {name} could not be read"):
        store.load()
    with pytest.raises(StoreUnavailable):
        store.save(Roster().written("w1", NOON).encode(), None)
    assert time.monotonic() - started < 5


def test_without_a_region_that_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(StoreUnavailable, match="region"):
        RosterTable(Table(name), today=lambda: TODAY).load()


class Throttled:
    """Answers every write as DynamoDB does when it has too much to do."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes

    def transact_write_items(self, **_: object) -> None:
        error: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": code} for code in self.codes],
        }
        raise ClientError(error, "TransactWriteItems")


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (["ConditionalCheckFailed", "None"], StaleWrite),
        (["None", "ConditionalCheckFailed"], StaleWrite),
        (["TransactionConflict", "None"], StaleWrite),
        (["ThrottlingError", "None"], StoreUnavailable),
        (["ConditionalCheckFailed", "ThrottlingError"], StoreUnavailable),
        (["ProvisionedThroughputExceeded"], StoreUnavailable),
        (["ValidationError"], StoreUnavailable),
        ([], StoreUnavailable),
    ],
)
def test_only_a_lost_race_is_stale(codes: list[str], error: type[Exception]) -> None:
    store = RosterTable(Table("crew_roster", lambda: Throttled(*codes)), today=lambda: TODAY)
    with pytest.raises(error):
        store.save(Roster().put(make_member()).written("w1", NOON).encode(), None)


class Faulty(Counting):
    """Fails as many reads as it is told, before or in the middle of a load."""

    def __init__(self, fault: Exception, *, after: int = 0, times: int = 10**6) -> None:
        super().__init__()
        self.fault, self.bad = fault, range(after, after + times)

    def get_item(self, **what: Any) -> Any:
        self._fail()
        return super().get_item(**what)

    def query(self, **what: Any) -> Any:
        self._fail()
        return super().query(**what)

    def _fail(self) -> None:
        if self.read in self.bad:
            self.read += 1
            raise self.fault


def refusal(code: str, status: int = 400) -> ClientError:
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "Query")


WILL_PASS = [
    refusal("ProvisionedThroughputExceededException"),
    refusal("ThrottlingException"),
    refusal("RequestLimitExceeded"),
    refusal("InternalServerError", 500),
    refusal("", 503),
    ReadTimeoutError(endpoint_url="there"),
    ConnectTimeoutError(endpoint_url="there"),
    ConnectionClosedError(endpoint_url="there"),
]


def reading(name: str, client: Faulty, clock: FakeClock) -> RosterTable:
    return RosterTable(
        Table(name, lambda: client, clock=clock, sleep=clock.tick), today=lambda: TODAY
    )


@pytest.mark.parametrize("fault", WILL_PASS, ids=repr)
@pytest.mark.parametrize("after", range(3))
def test_one_read_that_fails_by_what_passes_fails_no_load(
    opened: Callable[..., RosterTable], name: str, fault: Exception, after: int
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel")))
    client, clock = Faulty(fault, after=after, times=3), FakeClock()
    document = reading(name, client, clock).load()
    assert list(Roster.decode(document.body).index) == ["joel"]
    assert client.read == 3 + 3
    assert 0 < clock() - NOON.timestamp() < READING


@pytest.mark.parametrize("fault", WILL_PASS, ids=repr)
@pytest.mark.parametrize("after", [0, 1])
def test_a_load_goes_on_trying_for_so_long_and_then_says_so(
    opened: Callable[..., RosterTable], name: str, fault: Exception, after: int
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel")))
    client, clock = Faulty(fault, after=after), FakeClock()
    with pytest.raises(StoreUnavailable, match=f"The DynamoDB table {name} could not be read"):
        reading(name, client, clock).load()
    assert READING - LONGEST_PAUSE <= clock() - NOON.timestamp() <= READING
    assert client.read - after < 15


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "Unheard"])
def test_what_will_not_pass_is_said_at_once(
    opened: Callable[..., RosterTable], name: str, code: str
) -> None:
    client, clock = Faulty(refusal(code)), FakeClock()
    with pytest.raises(StoreUnavailable, match=code):
        reading(name, client, clock).load()
    assert (client.read, clock.now()) == (1, NOON)


def test_a_number_too_long_for_dynamodb_is_refused(opened: Callable[..., RosterTable]) -> None:
    body = Roster().put(make_member()).written("w1", NOON).encode()
    body = body.replace(b'"username"', b'"x_no": %d, "username"' % (10**40 + 1))
    with pytest.raises(StoreUnavailable, match="38 digits"):
        opened().save(body, None)


def test_a_reader_between_the_writes_of_one_transaction_looks_again(
    opened: Callable[..., RosterTable], items: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB promises one moment to a transaction, not to reads of item after item."""
    crew = crew_of(opened())
    crew.change(lambda roster: roster.put(make_member("joel"), make_member("ana")))
    old = found(items, "CREW#ana", "PROFILE")
    crew.change(changing("ana", lambda ana: replace(ana, epoch=7)))
    new = found(items, "CREW#ana", "PROFILE")
    items.put_item(Item=old)  # META has come, Ana has not
    slow = opened()
    read = slow._members

    def members(*asked: Any) -> list[Any]:
        seen = read(*asked)
        items.put_item(Item=new)
        return seen

    monkeypatch.setattr(slow, "_members", members)
    assert crew_of(slow).read().member("ana").epoch == 7


def test_a_version_changed_by_hand_is_no_outage(
    opened: Callable[..., RosterTable], items: Any
) -> None:
    crew_of(opened()).change(lambda roster: roster.put(make_member("joel")))
    items.put_item(Item=found(items, "CREW#joel", "PROFILE") | {"version": 40})
    assert crew_of(opened()).read().member("joel").version == 40
