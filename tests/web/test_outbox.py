"""What is due goes out once, whatever fails between the change and the note that it was sent."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch import jobs as verbs
from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Consent, Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import UNDO
from dispatch.domain.outbox.message import (
    Channel,
    Composed,
    Envelope,
    Message,
    NotSent,
    OptedOut,
    Refused,
    State,
)
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.outbox.sender import Sender
from dispatch.stores.lease import TAKEN_AFTER
from tests.making import BUSINESS, DANA, FakeClock, make_job, unavailable
from tests.post.carriers import FakeCarrier, Post
from tests.stores.troubled import InMemory, elsewhere, gone

MARK = {
    "customer_name": "Mark",
    "location": "Soderblom Ave",
    "email": "mark@example.com",
    "phone": "+16195550142",
}
NEXT_WEEK = Window(
    date=BUSINESS.today(FakeClock().at) + timedelta(days=5),
    name="morning",
    start="08:00",
    end="12:00",
)
A_MINUTE = 61


class Killed(BaseException):
    """The process dies here."""


def killed() -> None:
    raise Killed


def compose(business: Business, job: Job, message: Message, to: str, at: datetime) -> Composed:
    return Composed(f"{message.event} {job.status} {job.customer_name}", subject=message.event)


def no_links(*_about: Any) -> Composed:
    raise AssertionError("nobody has lost a link")


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Every channel there is, in memory."""
    post = Post()
    monkeypatch.setattr(wiring, "carriers", lambda _business: post)
    return post


@pytest.fixture
def mail(post: Post, monkeypatch: pytest.MonkeyPatch) -> FakeCarrier:
    """E-mail alone."""
    carrier = post[Channel.EMAIL]
    monkeypatch.setattr(wiring, "carriers", lambda _business: {Channel.EMAIL: carrier})
    return carrier


def booked(consent: dict[str, Consent] | None = None, **fields: Any) -> Job:
    given = {**MARK, "window": NEXT_WEEK, **fields}
    how = {"status": Status.BOOKED, "by": "dana", "insist": True}
    return verbs.create(BUSINESS, given, consent=consent, **how).job


def sender() -> Sender:
    """Another process."""
    return Sender(BUSINESS, compose, no_links)


def run_until_quiet(mine: Sender) -> int:
    return sum(iter(mine.run, 0))


def only(jobs: InMemory) -> Message:
    (message,) = jobs.read().jobs[0].messages or ()
    return message


def test_a_message_goes_out_a_minute_after_what_it_tells(
    jobs: InMemory, clock: FakeClock, post: Post
) -> None:
    job = booked(consent={"sms": Consent(at=clock.at, by="customer", words="May we?")})
    mine = sender()
    clock.tick(A_MINUTE - 1)
    assert mine.run() == 0
    clock.tick(1)
    assert mine.run() == 3
    assert mine.run() == 0
    envelopes = {channel: carrier.taken for channel, carrier in post.items()}
    told = Composed("confirmed booked Mark", subject="confirmed")
    assert [(each.to, each.composed) for each in envelopes[Channel.EMAIL]] == [
        ("mark@example.com", told)
    ]
    assert [(each.to, each.composed) for each in envelopes[Channel.SMS]] == [("+16195550142", told)]
    (posted,) = envelopes[Channel.WEBHOOK]
    assert posted == Envelope(posted.id, "confirmed", job.id, job.created_at)
    now = jobs.read().job(job.id)
    assert {(each.state, each.to, each.tries, each.sent_at) for each in now.messages or ()} == {
        ("sent", "mark@example.com", 1, clock.at),
        ("sent", "+16195550142", 1, clock.at),
        ("sent", "", 1, clock.at),
    }
    assert (now.version, now.updated_at, now.history) == (1, job.updated_at, job.history)


def test_nothing_is_noted_where_nobody_is_told_anything(jobs: InMemory) -> None:
    assert not booked().messages


def test_the_text_is_made_of_the_job_as_it_then_is(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked()
    verbs.edit(BUSINESS, job.id, {"customer_name": "Marc", "email": "m@example.com"}, by=DANA)
    clock.tick(A_MINUTE)
    sender().run()
    assert [(each.to, each.composed.text) for each in mail.taken if each.composed] == [
        ("m@example.com", "confirmed booked Marc")
    ]


def test_what_is_undone_is_never_told(jobs: InMemory, clock: FakeClock, mail: FakeCarrier) -> None:
    job = booked()
    verbs.move(BUSINESS, job.id, Status.CANCELLED, by=THE_CUSTOMER)
    clock.tick(59)
    verbs.move(BUSINESS, job.id, Status.BOOKED, by=THE_CUSTOMER, reason=UNDO)
    clock.tick(A_MINUTE)
    run_until_quiet(sender())
    assert mail.events == ["confirmed"]
    states = [(each.event, each.state) for each in jobs.read().job(job.id).messages or ()]
    assert states == [("confirmed", "sent"), ("cancelled", "dropped")]


def test_a_job_cancelled_while_its_reminder_waits(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked(window=replace(NEXT_WEEK, date=BUSINESS.today(clock.at) + timedelta(days=1)))
    clock.tick(A_MINUTE)
    mine = sender()
    mine.run()
    clock.tick(5 * 3600)  # five in the afternoon
    mail.before.append(lambda: _not_sent("the server is busy"))
    assert mine.run() == 0
    verbs.move(BUSINESS, job.id, Status.CANCELLED, by=DANA, reason="sold")
    clock.tick(A_MINUTE + 60)
    run_until_quiet(mine)
    assert mail.events == ["confirmed", "cancelled"]
    dropped = [each for each in jobs.read().job(job.id).messages or () if each.state == "dropped"]
    assert [(each.event, each.error) for each in dropped] == [("reminder", "overtaken")]


def _not_sent(why: str) -> None:
    raise NotSent(why)


def _refused(why: str) -> None:
    raise Refused(why)


def test_what_did_not_go_out_is_tried_again_and_then_fails_loudly(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mine, tries = sender(), 0
    mail.before = [lambda: _not_sent("429 slow down")] * 99
    while only(jobs).state != State.FAILED:
        mine.run()
        tries += 1
        assert (only(jobs).error, mail.taken) == ("429 slow down", [])
        clock.tick(3600)
    assert 7 < tries < 30
    assert mine.run() == 0


def test_what_is_refused_is_not_tried_again(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.before.append(lambda: _refused("550 no such mailbox"))
    mine = sender()
    assert mine.run() == 0
    clock.tick(3600)
    assert mine.run() == 0
    message = only(jobs)
    assert (message.state, message.error) == ("failed", "550 no such mailbox")
    assert message.to == "mark@example.com"


def test_who_has_told_the_provider_to_stop_is_asked_no_more(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.before.append(_opted_out)
    mine = sender()
    assert mine.run() == 0
    assert (only(jobs).state, only(jobs).error) == ("dropped", "stopped")
    booked(customer_name="Mark again")
    clock.tick(A_MINUTE)
    assert mine.run() == 0
    assert mail.taken == []


def _opted_out() -> None:
    raise OptedOut("they texted STOP")


def test_an_address_that_is_gone_by_then(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = booked()
    verbs.edit(BUSINESS, job.id, {"email": ""}, by=DANA)
    clock.tick(A_MINUTE)
    assert sender().run() == 0
    assert (only(jobs).state, only(jobs).error) == ("dropped", "nobody")


def test_words_that_cannot_be_made_hold_up_no_other(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    booked(customer_name="Ida", email="ida@example.com")
    clock.tick(A_MINUTE)

    def odd(business: Business, job: Job, message: Message, to: str, at: datetime) -> Composed:
        if job.customer_name == "Mark":
            raise KeyError("subject")
        return compose(business, job, message, to, at)

    assert Sender(BUSINESS, odd, no_links).run() == 1
    assert [each.to for each in mail.taken] == ["ida@example.com"]
    assert only(jobs).state == "waiting"


# --- who dies, and when --------------------------------------------------------------------


def another(clock: FakeClock) -> Sender:
    """The process that takes over from one that is dead."""
    mine = sender()
    assert mine.run() == 0  # it sees whose lease it is
    clock.tick(TAKEN_AFTER)
    return mine


def test_killed_between_the_change_and_sending_it_goes_out_once(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.before.append(killed)
    with pytest.raises(Killed):
        sender().run()
    mine = another(clock)
    assert run_until_quiet(mine) == 1
    assert mail.events == ["confirmed"]


def test_killed_before_it_was_noted_it_goes_out_twice_with_the_same_id(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mail.after.append(killed)
    with pytest.raises(Killed):
        sender().run()
    assert run_until_quiet(another(clock)) == 1
    assert [each.id for each in mail.taken] == [only(jobs).id] * 2


def test_killed_while_it_was_noted_it_is_not_sent_again(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    """The note is there, and only its answer was lost."""
    booked()
    clock.tick(A_MINUTE)
    jobs.store.after_save.append(killed)
    with pytest.raises(Killed):
        sender().run()
    assert run_until_quiet(another(clock)) == 0
    assert mail.events == ["confirmed"]


def test_what_cannot_be_noted_is_noted_later_and_not_sent_again(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    clock.tick(A_MINUTE)
    mine = sender()
    mail.after.append(lambda: setattr(jobs.store, "silent", True))
    assert mine.run() == 1
    for _ in range(3):
        clock.tick(1)
        mine.run()
    assert only(jobs).state == "held"
    jobs.store.silent = False
    clock.tick(60)
    mine.run()
    assert (only(jobs).state, mail.events) == ("sent", ["confirmed"])


def test_while_the_storage_is_out_of_reach_nothing_goes_out(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not known to be ours to send is not sent."""
    booked()
    clock.tick(A_MINUTE)
    mine = sender()
    with unavailable(jobs):
        monkeypatch.setattr(mine._lease, "hold", gone)
        with pytest.raises(StoreUnavailable, match="cable"):
            mine.run()
    assert mail.taken == []


def test_two_processes_send_each_message_once(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        booked(customer_name=f"Mark {n}", email=f"mark{n}@example.com")
    clock.tick(A_MINUTE)
    first = sender()
    other = elsewhere(jobs)
    monkeypatch.setattr(wiring, "jobs", lambda _business: other)
    second = sender()
    both = [threading.Thread(target=run_until_quiet, args=(each,)) for each in (first, second)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(each.to for each in mail.taken) == sorted(
        f"mark{n}@example.com" for n in range(40)
    )


def test_who_has_lost_the_lease_sends_no_more(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    """It slept for minutes in the midst of it, and another has sent the rest."""
    for n in range(20):
        booked(customer_name=f"Mark {n}", email=f"mark{n}@example.com")
    clock.tick(A_MINUTE)
    first, second = sender(), sender()
    woken = threading.Event()

    def sleeps() -> None:
        if not woken.is_set():
            woken.set()
            second.run()
            clock.tick(TAKEN_AFTER)
            assert run_until_quiet(second)

    mail.before.append(sleeps)
    first.run()
    assert len({each.id for each in mail.taken}) == 20
    assert len(mail.taken) <= 20 + 8  # those that were on their way while it slept


# --- reminders -----------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2026-03-07", "2026-10-31"])
def test_a_thousand_reminders_on_the_evenings_before_the_clocks_change(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier, day: str
) -> None:
    start = datetime.fromisoformat(f"{day}T16:00").replace(tzinfo=BUSINESS.zone)
    window = replace(NEXT_WEEK, date=start.date() + timedelta(days=1))
    made = [
        make_job(
            id=f"j{n}",
            tracking_token=f"token-{n:026}",
            email=f"mark{n}@example.com",
            status="booked",
            window=window,
        )
        for n in range(1_000)
    ]
    jobs.change(lambda book: book.put(*made))
    clock.at = start.astimezone(clock.at.tzinfo)
    mine, sent = sender(), list[datetime]()
    mail.after = [lambda: sent.append(clock.at)] * 9_999
    for _ in range(16):  # until eight in the evening
        run_until_quiet(mine)
        clock.tick(900)
    assert len({each.to for each in mail.taken}) == len(mail.taken) == 1_000
    hours = {(at.astimezone(BUSINESS.zone).hour) for at in sent}
    assert hours == {17}


def test_a_clock_that_goes_back_while_a_reminder_waits(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    """Tried again in the night of the long hour, it goes out once, before the morning is over."""
    start = datetime.fromisoformat("2026-10-31T19:30").replace(tzinfo=BUSINESS.zone)
    window = replace(NEXT_WEEK, date=start.date() + timedelta(days=1))
    job = make_job(email="mark@example.com", status="booked", window=window)
    jobs.change(lambda book: book.put(job))
    clock.at = start.astimezone(clock.at.tzinfo)
    mine = sender()
    mail.before = [lambda: _not_sent("busy")] * 6
    for _ in range(15 * 60):
        mine.run()
        clock.tick(60)
    assert mail.taken == []
    assert only(jobs).state == "dropped"  # the quiet hours end as its window starts


def test_the_book_is_left_alone_while_nothing_is_due(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    booked()
    mine, saves = sender(), jobs.store.saves
    for _ in range(50):
        mine.run()
        clock.tick(1)
    assert jobs.store.saves == saves


def test_a_job_that_is_discarded_takes_its_messages_with_it(
    jobs: InMemory, clock: FakeClock, mail: FakeCarrier
) -> None:
    job = verbs.create(BUSINESS, MARK, status=Status.PENDING, by="customer").job
    clock.tick(A_MINUTE)
    mine = sender()
    mail.before.append(lambda: jobs.change(lambda book: JobBook()))
    mine.run()
    clock.tick(1)
    mine.run()
    assert job.id not in jobs.read().index
    assert mine.run() == 0
