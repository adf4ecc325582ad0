"""What waits goes out, whatever the storage, a provider or another version does meanwhile."""

import json
import logging
import threading
from datetime import UTC, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec.structs import replace

from dispatch import jobs as verbs
from dispatch import wiring
from dispatch.domain.job import Job, MessageIn, Window
from dispatch.domain.moves import UNDO
from dispatch.domain.outbox.message import Channel, Message, NotSent, Refused, State
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.jobs import outbox
from dispatch.outbox import stops
from dispatch.stores.archiver import Archiver
from tests.making import BUSINESS, DANA, FakeClock, make_job
from tests.post.carriers import FakeCarrier
from tests.stores.troubled import InMemory, elsewhere
from tests.web.test_outbox import A_MINUTE, NEXT_WEEK, booked, run_until_quiet, sender


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> FakeCarrier:
    carrier = FakeCarrier()
    monkeypatch.setattr(wiring, "carriers", lambda _business: {Channel.EMAIL: carrier})
    return carrier


def states(jobs: InMemory, job: Job) -> list[tuple[str, str | None]]:
    return [(each.event, each.state) for each in jobs.read().job(job.id).messages or ()]


def fails(why: str) -> Any:
    def fail() -> None:
        raise Refused(why)

    return fail


def waits(why: str) -> Any:
    def fail() -> None:
        raise NotSent(why)

    return fail


def test_another_versions_channel_holds_up_no_other(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked()
    pigeon = Message(
        id="m0",
        event="confirmed",
        channel="pigeon",
        since=clock.at,
        at=clock.at,
        state=State.WAITING,
    )
    jobs.change(
        lambda book: book.put(replace(book.job(job.id), messages=(pigeon, *(job.messages or ()))))
    )
    clock.tick(A_MINUTE)
    assert sender().run() == 1
    assert states(jobs, job) == [("confirmed", "waiting"), ("confirmed", "sent")]


def test_what_is_on_its_way_when_the_storage_goes_is_not_sent_a_second_time(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked()
    booked(customer_name="Ida", email="ida@example.com")
    clock.tick(A_MINUTE)
    is_sending, answered = threading.Event(), threading.Event()
    has_stopped = stops.has_stopped

    def gone_for_mark(business: Any, channel: Channel, to: str) -> bool:
        if to == "mark@example.com" and not answered.is_set():
            is_sending.wait(5)
            threading.Timer(0.1, answered.set).start()
            raise StoreUnavailable("the cable")
        return has_stopped(business, channel, to)

    def slowly() -> None:
        is_sending.set()
        answered.wait(5)

    monkeypatch.setattr(stops, "has_stopped", gone_for_mark)
    mail.before.append(slowly)
    mine = sender()
    with pytest.raises(StoreUnavailable):
        mine.run()
    mine.run()
    assert sorted(each.to for each in mail.taken) == ["ida@example.com", "mark@example.com"]


def test_what_was_overtaken_by_a_move_that_is_taken_back_is_told(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job, mine = booked(), sender()
    clock.tick(50)
    verbs.move(BUSINESS, job.id, Status.CANCELLED, by=THE_CUSTOMER)
    clock.tick(20)
    mine.run()
    verbs.move(BUSINESS, job.id, Status.BOOKED, by=THE_CUSTOMER, reason=UNDO)
    clock.tick(A_MINUTE)
    run_until_quiet(mine)
    assert mail.events == ["confirmed"]


def test_a_change_that_failed_is_told_when_it_is_sent_again(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job, mine = booked(), sender()
    clock.tick(A_MINUTE)
    mine.run()
    later = replace(NEXT_WEEK, date=NEXT_WEEK.date + timedelta(days=1))
    verbs.edit(BUSINESS, job.id, {"window": later}, by=DANA)
    clock.tick(A_MINUTE)
    mail.before.append(fails("550 no such mailbox"))
    mine.run()
    clock.tick(3 * 86400)
    (failed,) = [
        each for each in jobs.read().job(job.id).messages or () if each.state == State.FAILED
    ]
    outbox.send_again(BUSINESS, job.id, failed.id, by=DANA)
    mine.run()
    assert mail.events == ["confirmed", "changed"]


def test_nothing_is_sent_of_jobs_that_have_moved_elsewhere(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    """Whoever is there sends it."""
    booked()
    document = jobs.store.load()
    moved = {**json.loads(document.body), "migration": {"id": "one", "to": "s3:elsewhere"}}
    jobs.store.save(json.dumps(moved).encode(), document.etag)
    clock.tick(A_MINUTE)
    mine = sender()
    assert (mine.run(), mine.due(), mail.taken) == (0, [], [])


def test_what_is_of_the_moment_does_not_wait_behind_a_thousand_others(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    window = replace(NEXT_WEEK, date=BUSINESS.today(clock.at))
    made = [make_job(id=f"j{n}", email=f"mark{n}@example.com", status="booked") for n in range(200)]
    old = Message(
        event="confirmed", channel="email", since=clock.at, at=clock.at, state=State.WAITING
    )
    full = [replace(job, messages=(replace(old, id=f"m{n}"),)) for n, job in enumerate(made)]
    coming = booked(window=window, email="ida@example.com")
    clock.tick(A_MINUTE)
    mine = sender()
    mine.run()
    jobs.change(lambda book: book.put(*full))
    mail.taken.clear()
    mail.before = [waits("there was no answer")] * 200

    def on_their_way() -> None:
        verbs.on_my_way(BUSINESS, coming.id, by=DANA, minutes=20)
        clock.tick(A_MINUTE)

    mail.before[5] = on_their_way
    mine.run()
    mail.before = []
    mine.run()
    sent = [each.event for each in mail.taken if each.to == "ida@example.com"]
    assert "on_my_way" in sent
    tried = [each for job in jobs.read().jobs for each in job.messages or () if each.tries]
    assert len(tried) < 200


def test_a_day_that_was_changed_and_put_back_is_reminded_of(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    tomorrow = replace(NEXT_WEEK, date=BUSINESS.today(clock.at) + timedelta(days=1))
    job = booked(window=tomorrow)
    clock.tick(A_MINUTE)
    mine = sender()
    mine.run()
    clock.at = clock.at.replace(hour=17, minute=5) + timedelta(hours=7)
    assert BUSINESS.today(clock.at) == tomorrow.date - timedelta(days=1)
    verbs.edit(BUSINESS, job.id, {"window": NEXT_WEEK}, by=DANA)
    clock.tick(5)
    verbs.edit(BUSINESS, job.id, {"window": tomorrow}, by=DANA)
    clock.tick(A_MINUTE)
    mine.run()
    mine.run()
    assert mail.events == ["confirmed", "reminder"]


def test_a_silent_edit_with_an_agreement_is_told_to_nobody_later(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked()
    later = replace(NEXT_WEEK, date=NEXT_WEEK.date + timedelta(days=1))
    how: dict[str, Any] = {"silent": True, "texts": "They said yes."}
    verbs.edit(BUSINESS, job.id, {"window": later}, by=DANA, **how)
    assert [
        event.silent for event in jobs.read().job(job.id).history if event.what == "edited"
    ] == [True]
    assert states(jobs, job) == [("confirmed", "held")]


def test_what_becomes_of_a_message_is_not_noted_in_a_job_without_it(
    jobs: InMemory, clock: FakeClock
) -> None:
    """Its person has left it, and so have its messages."""
    job = make_job(status="completed", finished_at=clock.at)
    jobs.change(lambda book: book.put(job))
    book = jobs.read()
    assert book.noted(job.id, Message(id="m1", state=State.SENT)) is book


def test_a_change_is_dated_as_its_message_is(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second begins while it is made."""
    job, mine = booked(), sender()
    clock.tick(A_MINUTE)
    mine.run()

    def ticking() -> Any:
        clock.tick(1)
        return clock.at

    monkeypatch.setattr(wiring, "now", ticking)
    later = replace(NEXT_WEEK, date=NEXT_WEEK.date + timedelta(days=1))
    verbs.edit(BUSINESS, job.id, {"window": later}, by=DANA)
    clock.tick(A_MINUTE)
    run_until_quiet(mine)
    assert mail.events == ["confirmed", "changed"]


def test_no_address_is_in_a_log_line(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.before.append(fails("550 <mark@example.com>: no such mailbox"))
    with caplog.at_level(logging.DEBUG):
        sender().run()
    assert "example.com" not in caplog.text


def test_the_command_says_what_it_could_not_note(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.after.append(lambda: setattr(jobs.store, "silent", True))
    with pytest.raises(CommandError, match="not noted"):
        call_command("deliver", stdout=StringIO())
    assert mail.events == ["confirmed"]


def test_an_undo_that_another_process_has_just_taken_is_heeded(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, mine = booked(), sender()
    clock.tick(A_MINUTE)
    mine.run()
    verbs.move(BUSINESS, job.id, Status.CANCELLED, by=THE_CUSTOMER)
    clock.tick(60)
    mine.run()
    clock.tick(1)
    other = elsewhere(jobs)
    monkeypatch.setattr(wiring, "jobs", lambda _business: other)
    monkeypatch.setattr(wiring, "now", lambda: clock.at - timedelta(seconds=1))
    verbs.move(BUSINESS, job.id, Status.BOOKED, by=THE_CUSTOMER, reason=UNDO)
    monkeypatch.setattr(wiring, "now", lambda: clock.at)
    mine.run()
    assert mail.events == ["confirmed"]


def test_what_an_archived_job_tells_goes_out_and_it_is_archived_again(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    asked = MessageIn("q1", clock.at, "Was that my lamp?")
    job = make_job(
        email="mark@example.com",
        status="completed",
        finished_at=clock.at - timedelta(days=5),
        messages_in=(asked,),
    )
    jobs.change(lambda book: book.put(job))
    Archiver(jobs).archive(BUSINESS.today(clock.at))
    assert jobs.read().jobs == ()
    verbs.reply(BUSINESS, job.id, "q1", "It was.", by=DANA)
    Archiver(jobs).archive(BUSINESS.today(clock.at))  # while it waits
    clock.tick(A_MINUTE)
    mine = sender()
    mine.run()
    assert mail.events == ["answered"]
    Archiver(jobs).archive(BUSINESS.today(clock.at))
    assert (jobs.read().jobs, jobs.archived(job.id).version) == ((), 2)


def evening_before(clock: FakeClock) -> Window:
    """It is nearly five in the afternoon, and this is tomorrow's first window."""
    here = clock.at.astimezone(BUSINESS.zone).replace(hour=16, minute=59, second=30)
    clock.at = here.astimezone(UTC)
    return replace(NEXT_WEEK, date=here.date() + timedelta(days=1))


def test_who_is_confirmed_as_the_evening_begins_is_not_reminded_as_well(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked(window=evening_before(clock))
    mine = sender()
    for _ in range(5):
        clock.tick(40)
        run_until_quiet(mine)
    assert mail.events == ["confirmed"]


def test_a_pickup_whose_time_is_over_is_not_confirmed_any_more(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked(window=replace(NEXT_WEEK, date=BUSINESS.today(clock.at) - timedelta(days=1)))
    clock.tick(A_MINUTE)
    run_until_quiet(sender())
    assert (mail.events, states(jobs, job)) == ([], [("confirmed", "dropped")])


def test_what_changes_while_the_message_of_it_is_on_its_way_is_told_too(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job, mine = booked(), sender()
    clock.tick(A_MINUTE)
    mine.run()
    friday, monday = (
        replace(NEXT_WEEK, date=NEXT_WEEK.date + timedelta(days=days)) for days in (1, 4)
    )

    def to_monday() -> None:
        clock.tick(2)
        verbs.edit(BUSINESS, job.id, {"window": monday}, by=DANA)
        clock.tick(2)
        verbs.note(BUSINESS, job.id, "They asked for it", by=DANA)

    verbs.edit(BUSINESS, job.id, {"window": friday}, by=DANA)
    clock.tick(A_MINUTE)
    mail.before.append(to_monday)
    run_until_quiet(mine)
    assert mail.events == ["confirmed", "changed"]
    clock.tick(A_MINUTE)
    run_until_quiet(mine)
    assert mail.events == ["confirmed", "changed", "changed"]
    assert len({each.id for each in mail.taken}) == 3
    clock.tick(3600)
    assert run_until_quiet(mine) == 0


def test_a_note_while_a_message_is_on_its_way_is_no_news(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job, mine = booked(), sender()
    clock.tick(A_MINUTE)
    mail.before.append(lambda: verbs.note(BUSINESS, job.id, "Nice people", by=DANA))
    mine.run()
    assert states(jobs, job) == [("confirmed", "sent")]


def test_a_request_that_goes_straight_to_ready_is_confirmed(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    made_of = {"customer_name": "Mark", "location": "Ash Street", "email": "mark@example.com"}
    job = verbs.create(BUSINESS, made_of, status=Status.PENDING, by="customer").job
    verbs.move(BUSINESS, job.id, Status.READY_FOR_PICKUP, by=DANA)
    assert ("confirmed", "held") in states(jobs, job)
