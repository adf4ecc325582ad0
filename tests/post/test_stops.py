"""Who said stop: kept by a hash, whatever becomes of the job."""

import pytest
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import Stops
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.outbox import stops
from dispatch.stores.dynamodb import Table
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.making import BUSINESS, DANA, NOON, make_job, unavailable
from tests.stores.troubled import InMemory

MARKS = "+16195550142"
OTHER = replace(BUSINESS, slug="other")


def stored() -> bytes:
    repository = wiring.stops(BUSINESS)
    assert isinstance(repository, InMemory)
    return repository.store.body


def test_who_said_stop_is_known_however_the_address_is_written() -> None:
    stops.stop(BUSINESS, Channel.EMAIL, "Mark@Example.com", by="customer")
    stops.stop(BUSINESS, Channel.SMS, MARKS, by="provider")
    for to in ("mark@example.com", " MARK@example.com "):
        assert stops.has_stopped(BUSINESS, Channel.EMAIL, to)
    for to in (MARKS, f"{MARKS};ext=4471", "(619) 555-0142"):
        assert stops.has_stopped(BUSINESS, Channel.SMS, to)


def test_it_is_said_to_one_business_on_one_channel() -> None:
    stops.stop(BUSINESS, Channel.SMS, MARKS, by="customer")
    assert not stops.has_stopped(BUSINESS, Channel.EMAIL, MARKS)
    assert not stops.has_stopped(OTHER, Channel.SMS, MARKS)
    assert not stops.has_stopped(BUSINESS, Channel.SMS, "+16195550143")


def test_the_webhook_is_nobody_who_could_say_stop() -> None:
    assert not stops.has_stopped(BUSINESS, Channel.WEBHOOK, "")


def test_nothing_of_a_person_is_kept() -> None:
    stops.stop(BUSINESS, Channel.EMAIL, "mark@example.com", by="customer")
    stops.stop(BUSINESS, Channel.SMS, MARKS, by="provider")
    assert not [sign for sign in (b"mark", b"example", b"6195550142") if sign in stored()]


def test_said_again_it_was_said_the_first_time() -> None:
    for by in ("customer", "provider"):
        stops.stop(BUSINESS, Channel.SMS, MARKS, by=by)
    (stop,) = wiring.stops(BUSINESS).refreshed().values
    assert (stop.channel, stop.at, stop.by) == ("sms", NOON, "customer")


def test_who_asks_for_messages_again_gets_them(jobs: InMemory) -> None:
    job = make_job(phone=MARKS, email="mark@example.com")
    jobs.change(lambda book: book.put(job))
    for channel, to in ((Channel.SMS, MARKS), (Channel.EMAIL, "mark@example.com")):
        stops.stop(BUSINESS, channel, to, by="customer")
    assert stops.said_by(BUSINESS, job) == [Channel.EMAIL, Channel.SMS]
    for _ in range(2):
        done = stops.resume(BUSINESS, job, Channel.SMS, by=DANA, key="k1")
    assert stops.said_by(BUSINESS, job) == [Channel.EMAIL]
    assert [event.what for event in done.job.history] == ["sms_resumed"]


def test_where_nobody_can_say_who_stopped_the_job_is_shown_all_the_same() -> None:
    with unavailable(wiring.stops(BUSINESS)):
        assert stops.said_by(BUSINESS, make_job(phone=MARKS)) == []


def test_where_it_cannot_be_asked_nobody_is_taken_for_willing() -> None:
    """What was read a moment ago does not count: another process may know more."""
    assert not stops.has_stopped(BUSINESS, Channel.SMS, MARKS)
    with unavailable(wiring.stops(BUSINESS)), pytest.raises(StoreUnavailable):
        stops.has_stopped(BUSINESS, Channel.SMS, MARKS)


def test_what_another_version_knows_of_a_stop_is_kept() -> None:
    hashed = "0" * 64
    known = b'{"hash":"%s","channel":"fax","at":"2026-05-22T19:00:00Z","by":"x","why":"late"}'
    body = b'{"schema":1,"revision":1,"stops":[%s]}' % (known % hashed.encode())
    ledger = Stops.decode(body).with_stop("1" * 64, Channel.SMS, by="customer", at=NOON)
    again = Stops.decode(ledger.encode())
    assert again.problems == ()
    assert {stop.hash for stop in again.values} == {hashed, "1" * 64}
    assert b'"why":"late"' in again.encode()


def test_in_a_table_they_are_items_of_their_own(crew_table: Table) -> None:
    crew_table.create()
    ledger = TableLedger(crew_table, kinds.stops("quickdumpnow"))
    before = ledger.load()
    said = before.with_stop("a" * 64, Channel.EMAIL, by="customer", at=NOON)
    ledger.commit(before, said.written("w1", NOON))
    assert crew_table.get("STOPS#quickdumpnow", f"R#{'a' * 64}")
    assert [stop.hash for stop in ledger.load().values] == ["a" * 64]
