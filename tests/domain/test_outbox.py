"""Which change tells whom what, and whether that still holds when it is due."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.job import (
    Consent,
    Crew,
    Eta,
    Event,
    Job,
    MessageIn,
    OnMyWay,
    Window,
)
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import UNDO, move
from dispatch.domain.outbox.before import before
from dispatch.domain.outbox.caused import HOLD, with_messages
from dispatch.domain.outbox.due import is_due, settled, tried_again, with_reminders
from dispatch.domain.outbox.message import MOST_MESSAGES, Channel, Message, State, Told
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Quote
from tests.making import BUSINESS, DANA, JOEL, NOON, make_job, seconds

PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
TOMORROW = BUSINESS.today(NOON) + timedelta(days=1)
MORNING = Window(date=TOMORROW, name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=TOMORROW, name="afternoon", start="12:00", end="16:00")
AGREED = {"sms": Consent(at=NOON, by="customer", words="May we text you?")}
NIGHT = datetime(2026, 5, 23, 5, 0, tzinfo=UTC)  # ten at night in San Diego
ALL = (Channel.EMAIL, Channel.SMS, Channel.WEBHOOK)


def mark(**fields: Any) -> Job:
    """He can be written to on every channel."""
    reached = {"email": "mark@example.com", "phone": "+16195550142", "consent": AGREED}
    made = Event(at=NOON, by="customer", what="created")
    return make_job(**{"window": MORNING, "history": (made,), **reached, **fields})


def told(job: Job, before: Job | None, at: datetime = NOON, channels: Any = ALL) -> list[str]:
    known = {each.id for each in (before and before.messages) or ()}
    after = with_messages(job, before, BUSINESS, channels, at)
    return [f"{each.event} {each.channel}" for each in after.messages or () if each.id not in known]


def moved(job: Job, to: Status, by: Any = DANA, reason: str = "", at: datetime = NOON) -> Job:
    after = move(job, to, by=by, at=at, business=BUSINESS, reason=reason)
    return replace(after, version=job.version + 1)


def one(event: Told, **fields: Any) -> Message:
    since = fields.pop("since", NOON)
    due = {"at": since + HOLD, "state": State.HELD, **fields}
    return Message(id="m1", event=event, channel=Channel.EMAIL, since=since, **due)


def fate(job: Job, message: Message, at: datetime) -> tuple[str | None, str]:
    after = settled(replace(job, messages=(message,)), message, BUSINESS, at)
    return ("send", "") if after is message else (after.state, after.error)


BOOKED_FOR_TODAY = mark(status=BOOKED, window=replace(MORNING, date=BUSINESS.today(NOON)))
AT_ONE, AT_TWO = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
ON_THE_WAY = replace(
    BOOKED_FOR_TODAY,
    on_my_way=OnMyWay(at=NOON, by="joel"),
    eta=Eta(at=AT_ONE, said_at=NOON, by="joel"),
)
OFFERED = Quote(id="q1", amount=Decimal(450), at=NOON, by="joel")
BOOKED_FOR_TONIGHT = replace(
    BOOKED_FOR_TODAY,
    window=replace(MORNING, date=TOMORROW - timedelta(days=1), start="20:00", end="23:00"),
)


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (None, mark(), {"received", "request"}),
        (None, mark(status=BOOKED), {"confirmed", "request"}),
        (None, mark(status=BOOKED, history=()), {"confirmed"}),
        (None, mark(doubtful=True), set()),
        (mark(), moved(mark(), BOOKED), {"confirmed"}),
        (mark(), moved(mark(), CANCELLED, THE_CUSTOMER), {"cancelled"}),
        (mark(status=BOOKED), moved(mark(status=BOOKED), READY, THE_CUSTOMER), set()),
        (mark(status=BOOKED), moved(mark(status=BOOKED), STARTED, JOEL), set()),
        (mark(status=STARTED), moved(mark(status=STARTED), DONE, JOEL), {"completed"}),
        (mark(status=STARTED), moved(mark(status=STARTED), BOOKED, DANA, "a slip"), set()),
        (mark(status=DONE), moved(mark(status=DONE), BOOKED, DANA, "again"), {"confirmed"}),
        (
            mark(status=STARTED),
            moved(mark(status=STARTED), BOOKED, JOEL, "no_access: gate"),
            {"could_not"},
        ),
        (
            BOOKED_FOR_TODAY,
            moved(BOOKED_FOR_TODAY, BOOKED, JOEL, "no_access: gate"),
            {"could_not"},
        ),
        (BOOKED_FOR_TODAY, ON_THE_WAY, {"on_my_way"}),
        (
            ON_THE_WAY,
            replace(ON_THE_WAY, eta=Eta(at=AT_TWO, said_at=AT_ONE, by="joel")),
            {"late"},
        ),
        (
            ON_THE_WAY,
            replace(ON_THE_WAY, eta=Eta(at=AT_ONE + seconds(599), said_at=AT_ONE, by="joel")),
            set(),
        ),
        (
            BOOKED_FOR_TODAY,  # until noon
            replace(BOOKED_FOR_TODAY, eta=Eta(at=AT_ONE, said_at=NOON, by="dana")),
            {"late"},
        ),
        (mark(status=BOOKED), replace(mark(status=BOOKED), window=AFTERNOON), {"changed"}),
        (mark(status=BOOKED), replace(mark(status=BOOKED), price=Decimal(500)), {"changed"}),
        (mark(status=STARTED), replace(mark(status=STARTED), price=Decimal(500)), set()),
        (mark(status=BOOKED), replace(mark(status=BOOKED), truck="2", crew=Crew("ana")), set()),
        (mark(status=BOOKED), replace(mark(status=BOOKED), quote=OFFERED), {"price"}),
        (
            mark(status=BOOKED, quote=OFFERED),
            mark(status=BOOKED, quote=replace(OFFERED, answer="accepted"), price=Decimal(450)),
            set(),
        ),
        (
            mark(status=BOOKED),
            mark(status=BOOKED, messages_in=(MessageIn(id="1", at=NOON, text="Dog!"),)),
            {"customer_message"},
        ),
        (
            mark(status=BOOKED, messages_in=(MessageIn(id="1", at=NOON, text="Dog!"),)),
            mark(
                status=BOOKED,
                messages_in=(MessageIn(id="1", at=NOON, text="Dog!", answer="Thanks"),),
            ),
            {"answered"},
        ),
    ],
)
def test_what_a_change_tells(before: Job | None, after: Job, events: set[str]) -> None:
    assert set(told(after, before, channels=(Channel.WEBHOOK,))) == {
        f"{event} webhook" for event in events
    }


def test_a_silent_edit_tells_nobody() -> None:
    job = mark(status=BOOKED)
    edited = job.edited({"window": AFTERNOON}, by="dana", at=NOON).last_happened(silent=True)
    assert told(edited, job) == []


@pytest.mark.parametrize(
    ("fields", "channels"),
    [
        ({}, ["email", "sms", "webhook"]),
        ({"consent": {}}, ["email", "webhook"]),
        ({"email": ""}, ["sms", "webhook"]),
        ({"phone": "ask next door", "email": ""}, ["webhook"]),
    ],
)
def test_who_is_told_on_which_channel(fields: dict[str, Any], channels: list[str]) -> None:
    job = mark(**fields)
    assert told(moved(job, BOOKED), job) == [f"confirmed {channel}" for channel in channels]


def test_the_business_is_told_by_mail_alone() -> None:
    sent = told(mark(), None)
    assert [each for each in sent if each.startswith("request")] == [
        "request email",
        "request webhook",
    ]


def test_one_change_makes_the_same_messages_however_often_it_runs() -> None:
    job = mark()
    first, second = (with_messages(moved(job, BOOKED), job, BUSINESS, ALL, NOON) for _ in range(2))
    assert first.messages
    assert first.messages == second.messages
    assert len({each.id for each in first.messages}) == 3


def test_of_changes_that_follow_each_other_one_message_is_made() -> None:
    job = mark(status=BOOKED)
    edited = replace(job.edited({"window": AFTERNOON}, by="dana", at=NOON), version=2)
    edited = with_messages(edited, job, BUSINESS, ALL, NOON)
    again = replace(edited.edited({"price": Decimal(9)}, by="dana", at=NOON), version=3)
    assert told(again, edited) == []
    assert before(again, NOON) == {"window": MORNING, "price": 600}


def test_a_change_that_was_taken_back_is_none() -> None:
    job = mark(status=BOOKED)
    there = job.edited({"window": AFTERNOON}, by="dana", at=NOON)
    back = there.edited({"window": MORNING}, by="dana", at=NOON)
    assert before(back, NOON) == {}
    assert fate(back, one(Told.CHANGED), NOON + HOLD)[0] == "dropped"


def test_what_was_undone_within_the_minute_is_not_told() -> None:
    job = mark(status=BOOKED)
    gone = with_messages(moved(job, CANCELLED, THE_CUSTOMER), job, BUSINESS, ALL, NOON)
    undone = moved(gone, BOOKED, THE_CUSTOMER, UNDO, NOON + seconds(60))
    assert told(undone, gone, NOON + seconds(60)) == []
    message = (undone.messages or ())[0]
    assert not is_due(undone, message, BUSINESS, NOON + seconds(60))
    assert fate(undone, message, NOON + HOLD)[0] == "dropped"


@pytest.mark.parametrize(
    ("job", "event", "holds"),
    [
        (mark(), Told.RECEIVED, True),
        (mark(status=BOOKED), Told.RECEIVED, False),
        (mark(status=BOOKED), Told.REQUEST, True),
        (mark(status=CANCELLED), Told.REQUEST, False),
        (mark(status=READY), Told.CONFIRMED, True),
        (mark(), Told.CONFIRMED, False),
        (mark(status=STARTED), Told.CONFIRMED, False),
        (mark(status=BOOKED), Told.REMINDER, True),
        (mark(status=BOOKED, window=None), Told.REMINDER, False),
        (BOOKED_FOR_TODAY, Told.REMINDER, False),
        (mark(status=CANCELLED), Told.REMINDER, False),
        (ON_THE_WAY, Told.ON_MY_WAY, True),
        (replace(ON_THE_WAY, status=STARTED), Told.ON_MY_WAY, False),
        (ON_THE_WAY, Told.LATE, True),
        (replace(ON_THE_WAY, eta=None), Told.LATE, False),
        (moved(BOOKED_FOR_TODAY, BOOKED, JOEL, "unsafe"), Told.COULD_NOT, True),
        (mark(status=BOOKED), Told.COULD_NOT, False),
        (mark(quote=OFFERED), Told.PRICE, True),
        (mark(quote=replace(OFFERED, answer="declined")), Told.PRICE, False),
        (mark(status=DONE), Told.COMPLETED, True),
        (mark(status=BOOKED), Told.COMPLETED, False),
        (mark(status=CANCELLED), Told.CANCELLED, True),
        (mark(status=BOOKED), Told.CANCELLED, False),
        (mark(), Told.CUSTOMER_MESSAGE, True),
    ],
)
def test_what_is_overtaken_is_dropped(job: Job, event: Told, holds: bool) -> None:
    assert fate(job, one(event), NOON + HOLD)[0] == ("send" if holds else "dropped")


def test_a_confirmation_tells_the_change_before_it_too() -> None:
    job = mark(status=BOOKED).edited({"window": AFTERNOON}, by="dana", at=NOON)
    changed, confirmed = one(Told.CHANGED), replace(one(Told.CONFIRMED), id="m2")
    job = replace(job, messages=(changed, confirmed))
    assert settled(job, changed, BUSINESS, NOON + HOLD).state == State.DROPPED
    assert settled(job, confirmed, BUSINESS, NOON + HOLD) is confirmed


@pytest.mark.parametrize(
    ("event", "after", "state"),
    [
        (Told.ON_MY_WAY, timedelta(minutes=30), "send"),
        (Told.ON_MY_WAY, timedelta(minutes=31), "dropped"),
        (Told.CONFIRMED, timedelta(hours=7), "send"),
        (Told.CONFIRMED, timedelta(hours=25), "dropped"),
    ],
)
def test_what_comes_too_late_is_dropped(event: Told, after: timedelta, state: str) -> None:
    job = replace(ON_THE_WAY, window=replace(MORNING, date=TOMORROW + timedelta(days=9)))
    job = replace(job, eta=Eta(at=AT_TWO, said_at=NOON, by="joel"))
    assert fate(job, one(event), NOON + after)[0] == state


def test_what_waited_for_the_morning_has_a_day_from_then() -> None:
    later = mark(status=BOOKED, window=replace(MORNING, date=TOMORROW + timedelta(days=5)))
    morning = NIGHT + timedelta(hours=10)
    message = one(Told.CONFIRMED, since=NIGHT)
    assert fate(later, message, morning + timedelta(hours=4))[0] == "send"
    assert fate(later, message, morning + timedelta(hours=23))[0] == "waiting"  # quiet again
    assert fate(later, message, morning + timedelta(hours=25))[0] == "dropped"


@pytest.mark.parametrize(
    ("job", "event", "is_sent"),
    [
        (mark(status=BOOKED), Told.CONFIRMED, False),
        (mark(status=CANCELLED), Told.CANCELLED, False),
        (BOOKED_FOR_TONIGHT, Told.CONFIRMED, True),
        (replace(ON_THE_WAY, on_my_way=OnMyWay(at=NIGHT, by="joel")), Told.ON_MY_WAY, True),
        (mark(status=DONE), Told.COMPLETED, True),
        (mark(), Told.REQUEST, True),
        (mark(), Told.CUSTOMER_MESSAGE, True),
    ],
)
def test_at_night_only_what_is_of_the_day(job: Job, event: Told, is_sent: bool) -> None:
    message = one(event, since=NIGHT)
    after = settled(replace(job, messages=(message,)), message, BUSINESS, NIGHT + HOLD)
    assert after is message if is_sent else after.state == State.WAITING
    if not is_sent:
        assert after.at == NIGHT + timedelta(hours=10)  # eight in the morning


def test_other_systems_sleep_at_no_time() -> None:
    message = replace(one(Told.CONFIRMED, since=NIGHT), channel=Channel.WEBHOOK)
    assert fate(mark(status=BOOKED), message, NIGHT + HOLD) == ("send", "")


def test_it_is_tried_again_ever_more_seldom_for_a_day() -> None:
    job, at, message = mark(status=BOOKED), NOON, one(Told.CONFIRMED)
    pauses = []
    while message.is_pending:
        message = tried_again(job, message, BUSINESS, at, "the server is busy")
        assert message.at
        if message.is_pending:
            pauses.append((message.at - at).total_seconds() / 60)
            at = message.at
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (message.state, message.error) == (State.FAILED, "the server is busy")
    assert at - NOON > timedelta(hours=22)


def test_what_waits_and_holds_no_more_is_due_a_minute_after() -> None:
    job = mark(status=CANCELLED, updated_at=NOON)
    waits = one(Told.REMINDER, at=NOON + timedelta(hours=1), state=State.WAITING)
    assert not is_due(job, waits, BUSINESS, NOON + HOLD - seconds(1))
    assert is_due(job, waits, BUSINESS, NOON + HOLD)


def test_another_versions_message_is_left_alone() -> None:
    odd = replace(one(Told.CONFIRMED), event="birthday")
    assert not is_due(mark(), odd, BUSINESS, NOON + timedelta(days=9))


@pytest.mark.parametrize("day", ["2026-03-07", "2026-05-22", "2026-10-31"])
@pytest.mark.parametrize(
    ("clock", "is_reminded"), [("16:59:59", False), ("17:00:00", True), ("20:00:00", False)]
)
def test_the_evening_before_each_is_reminded_once(day: str, clock: str, is_reminded: bool) -> None:
    """Also on the evenings on which the clocks change in the night after."""
    at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BUSINESS.zone).astimezone(UTC)
    there = replace(MORNING, date=date.fromisoformat(day) + timedelta(days=1))
    later = replace(there, date=there.date + timedelta(days=1))
    book = JobBook().put(
        mark(status=BOOKED, window=there),
        mark(id="j2", tracking_token="x" * 20, status=READY, window=there),
        mark(id="j3", tracking_token="y" * 20, status=BOOKED, window=later),
        mark(id="j4", tracking_token="z" * 20, window=there),
    )
    after = with_reminders(book, BUSINESS, ALL, at)
    reminded = {job.id for job in after.jobs if job.messages}
    assert reminded == ({"jXkL9m2pQ", "j2"} if is_reminded else set())
    assert with_reminders(after, BUSINESS, ALL, at) is after
    assert [job.version for job in after.jobs] == [1, 1, 1, 1]


def test_who_was_told_the_day_that_evening_is_not_reminded_of_it() -> None:
    at = datetime(2026, 5, 22, 18, 0, tzinfo=BUSINESS.zone).astimezone(UTC)
    told_it = one(Told.CONFIRMED, since=at - timedelta(minutes=5), state=State.SENT)
    book = JobBook().put(mark(status=BOOKED, messages=(told_it,)))
    assert with_reminders(book, BUSINESS, ALL, at) is book


def test_of_many_messages_the_oldest_that_are_over_are_only_counted() -> None:
    old = tuple(
        replace(one(Told.CHANGED, state=State.SENT), id=f"m{n}") for n in range(MOST_MESSAGES)
    )
    job = mark(messages=(replace(old[0], state=State.HELD), *old[1:]))
    after = with_messages(moved(job, BOOKED), job, BUSINESS, ALL, NOON)
    assert len(after.messages or ()) == MOST_MESSAGES
    assert after.messages_gone == 3
    assert [each.id for each in (after.messages or ())[:2]] == ["m0", "m4"]


def test_progress_is_no_change_of_the_job() -> None:
    job = mark(messages=(one(Told.RECEIVED),))
    book = JobBook().put(job)
    after = book.noted(job.id, replace(one(Told.RECEIVED), state=State.SENT))
    (now,) = after.jobs
    assert replace(now, messages=job.messages) == job
    assert after.noted("gone", one(Told.RECEIVED)) is after
