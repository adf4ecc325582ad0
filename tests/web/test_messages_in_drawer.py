"""What became of each message stands in the drawer; one that failed is sent again from there."""

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.attention import Why as Need
from dispatch.domain.attention import needs
from dispatch.domain.job import Window
from dispatch.domain.outbox.message import Channel, Message, State, Told, Why
from tests.making import BUSINESS, NOON, FakeClock, make_job, seconds
from tests.post.carriers import FakeCarrier
from tests.stores.troubled import InMemory
from tests.web.pages import words

FAILED = Message(
    id="m1",
    event=Told.CONFIRMED,
    channel=Channel.SMS,
    to="+16195550142",
    since=NOON,
    at=NOON,
    state=State.FAILED,
    tries=9,
    error="The number <takes> none",
)
JOB = make_job(status="booked", phone="+16195550142")


def put(jobs: InMemory, *messages: Message) -> None:
    jobs.change(lambda book: book.put(replace(JOB, messages=messages)))


def drawer(client: Client) -> str:
    return words(client.get(f"/dashboard/jobs/{JOB.id}"))


def send_again(client: Client, message_id: str = "m1") -> int:
    sent = client.post(f"/dashboard/jobs/{JOB.id}/messages", {"id": message_id, "key": "k1"})
    return sent.status_code


def test_each_message_stands_there_with_its_channel_and_its_fate(
    dana: Client, jobs: InMemory
) -> None:
    dropped = replace(FAILED, id="m2", event=Told.REMINDER, state=State.DROPPED)
    put(jobs, FAILED, replace(dropped, error=Why.OVERTAKEN, to="", channel=Channel.EMAIL))
    page = drawer(dana)
    assert "Messages (2)" in page
    assert "Confirmed (text) did not go out: The number <takes> none" in page
    assert "(619) 555-0142, " in page
    assert "Reminder (e-mail) not sent: it holds no more" in page
    assert page.count("Send again") == 1


def test_another_versions_words_are_shown_as_they_are(dana: Client, jobs: InMemory) -> None:
    put(jobs, replace(FAILED, event="birthday_wish", channel="pigeon", state="lost", error=""))
    assert "birthday wish (pigeon) lost" in drawer(dana)


def test_sent_again_it_waits_with_the_same_id(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    put(jobs, FAILED)
    clock.tick(3600)
    assert send_again(dana) == 303
    (message,) = jobs.read().job(JOB.id).messages or ()
    waits = replace(FAILED, state=State.WAITING, at=clock.at, tries=0, error="")
    assert message == waits
    assert "Sent a message again" in drawer(dana)
    assert send_again(dana) == 303  # a double click
    assert jobs.read().job(JOB.id).version == JOB.version + 1


@pytest.mark.parametrize("message_id", ["m2", "", "nothing"])
def test_only_what_failed_is_sent_again(dana: Client, jobs: InMemory, message_id: str) -> None:
    put(jobs, FAILED, replace(FAILED, id="m2", state=State.SENT))
    before = jobs.read().job(JOB.id)
    assert send_again(dana, message_id) == 303
    assert jobs.read().job(JOB.id) == before


def test_a_driver_sees_it_and_leaves_it_to_the_office(joel: Client, jobs: InMemory) -> None:
    put(jobs, FAILED)
    jobs.change(
        lambda book: book.put(replace(book.job(JOB.id), crew=replace(JOB.crew, driver="joel")))
    )
    assert "did not go out" in drawer(joel)
    assert "Send again" not in drawer(joel)
    assert send_again(joel) == 403


def test_one_that_failed_wants_somebody_until_it_is_sent_again(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    put(jobs, FAILED)

    def wanted() -> list[Need]:
        job, roster = jobs.read().job(JOB.id), wiring.roster(BUSINESS).read()
        return [need.why for need in needs(job, roster, {}, BUSINESS, clock.at)]

    assert Need.NOT_TOLD in wanted()
    clock.tick(1)
    send_again(dana)
    assert Need.NOT_TOLD not in wanted()


@pytest.mark.parametrize("is_silent", [True, False])
def test_an_edit_is_told_unless_the_dispatcher_says_no(
    dana: Client, jobs: InMemory, monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    monkeypatch.setattr(wiring, "carriers", lambda _business: {Channel.EMAIL: FakeCarrier()})
    day = BUSINESS.today(NOON + seconds(5 * 86400))
    morning = Window(date=day, name="morning", start="08:00", end="12:00")
    job = replace(JOB, window=morning, email="mark@example.com")
    jobs.change(lambda book: book.put(job))
    assert "Do not tell the customer" in drawer(dana)
    fields = {"date": f"{day}", "window": "afternoon", "version": "1", "customer_name": "Mark"}
    fields |= {"location": job.location, "phone": job.phone, "email": job.email, "price": "600"}
    sent = dana.post(
        f"/dashboard/jobs/{JOB.id}/edit", fields | ({"silent": "1"} if is_silent else {})
    )
    assert sent.status_code == 303, words(sent)
    told = [each.event for each in jobs.read().job(JOB.id).messages or ()]
    assert told == ([] if is_silent else ["changed"])


def test_where_nobody_is_told_anything_nobody_is_asked(dana: Client, jobs: InMemory) -> None:
    put(jobs)
    assert "tell the customer" not in drawer(dana)
