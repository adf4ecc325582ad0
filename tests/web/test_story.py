"""A pickup from the booking to the receipt: the messages that leave, and what their links open."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch import jobs as verbs
from dispatch import wiring
from dispatch.domain.job import Consent, Window
from dispatch.domain.outbox.message import Channel, Message, Told
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine
from dispatch.jobs import customer
from dispatch.outbox import links
from tests.making import BUSINESS, DANA, JOEL, FakeClock
from tests.post.carriers import Post
from tests.stores.troubled import InMemory
from tracking.messages.outgoing import sender

MORNING = Window(date=date(2026, 5, 27), name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=date(2026, 5, 27), name="afternoon", start="12:00", end="16:00")
IDA = {
    "customer_name": "Ida Falk",
    "phone": "+16195550142",
    "email": "ida@example.com",
    "location": "12 Elm St",
    "load": "half",
    "window": MORNING,
}
LINK = re.compile(r"https?://[^\s\"<>]+")
EVENING_BEFORE = datetime(2026, 5, 27, 0, 5, tzinfo=UTC)  # five past five in San Diego
THAT_NOON = datetime(2026, 5, 27, 19, 0, tzinfo=UTC)
A_MINUTE = 61


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(wiring, "carriers", lambda _business: post)
    return post


def live(clock: FakeClock) -> Iterator[str]:
    """The steps of it; at each, what is due has to go out a minute later."""
    consent = {"sms": Consent(at=clock.at, by="customer", words="May we text you?")}
    job = verbs.create(BUSINESS, IDA, status=Status.PENDING, by="customer", consent=consent).job
    yield "received"
    verbs.move(BUSINESS, job.id, Status.BOOKED, by=DANA)
    yield "confirmed"
    customer.reschedule(BUSINESS, job.id, AFTERNOON)
    yield "changed"
    customer.write(BUSINESS, job.id, "Could you take the fence?")
    yield "customer_message"
    said = verbs.find(BUSINESS, job.id, by=DANA).messages_in or ()
    customer.reply(BUSINESS, job.id, said[0].id, "Yes, gladly.", by=DANA)
    yield "answered"
    links.ask(BUSINESS, "ida@example.com", clock.at)
    yield "links"
    clock.at = EVENING_BEFORE
    yield "reminder"
    clock.at = THAT_NOON
    verbs.on_my_way(BUSINESS, job.id, by=JOEL, minutes=20)
    yield "on_my_way"
    verbs.set_eta(BUSINESS, job.id, clock.at.replace(minute=59), by=JOEL)
    yield "late"
    verbs.move(BUSINESS, job.id, Status.BOOKED, by=JOEL, reason="no_access: the gate is locked")
    yield "could_not"
    lines = (PriceLine(label="Stairs", amount=Decimal(400)),)
    verbs.offer(BUSINESS, job.id, "offer12345", lines, by=JOEL)
    yield "price"
    verbs.move(BUSINESS, job.id, Status.COMPLETED, by=JOEL)
    yield "completed"
    next_week = {**IDA, "window": replace(MORNING, date=date(2026, 6, 2))}
    other = verbs.create(BUSINESS, next_week, status=Status.BOOKED, by="dana", consent=consent).job
    verbs.move(BUSINESS, other.id, Status.CANCELLED, by=THE_CUSTOMER)
    yield "cancelled"


def lived(clock: FakeClock, post: Post) -> list[str]:
    """Every event that went out to the customer or the business, in its order."""
    mine, seen = sender(BUSINESS), list[str]()
    for _step in live(clock):
        clock.tick(A_MINUTE)
        while mine.run():
            pass
    for envelope in sorted(post[Channel.EMAIL].taken, key=lambda each: each.at):
        if envelope.event not in seen:
            seen.append(envelope.event)
    return seen


@pytest.mark.usefixtures("roster")
def test_each_step_of_a_pickup_is_told_by_mail_and_text(
    clock: FakeClock, post: Post, jobs: InMemory
) -> None:
    told = lived(clock, post)
    assert set(told) == {*(each.value for each in Told), "links"}
    mails, texts = (post[channel].taken for channel in (Channel.EMAIL, Channel.SMS))
    business = {"request", "customer_message"}
    assert {each.event for each in texts} == set(told) - business - {"links"}
    assert {each.to for each in texts} == {"+16195550142"}
    assert {each.to for each in mails if each.event in business} == {BUSINESS.email}
    assert len(post.ids) == len(set(post.ids))


@pytest.mark.usefixtures("roster")
def test_nothing_changes_whoever_fetches_the_links_of_messages(
    client: Client, clock: FakeClock, post: Post, jobs: InMemory
) -> None:
    """Mail programs and scanners fetch them all before anybody reads the message."""
    lived(clock, post)
    found = {
        urlsplit(link.rstrip(".")).path
        for carrier in post.values()
        for envelope in carrier.taken
        if (said := envelope.composed)
        for link in LINK.findall(f"{said.text} {said.html} {said.unsubscribe}")
    }
    kinds = {path.split("/")[1] for path in found}
    assert kinds >= {"track", "unsubscribe", "dashboard", "privacy"}
    before, stops = jobs.store.body, wiring.stops(BUSINESS).read()
    for path in sorted(found):
        for method in (client.get, client.head):
            assert method(path).status_code in (200, 302, 422), path  # 422: it is over by now
    assert jobs.store.body == before
    assert wiring.stops(BUSINESS).refreshed(at_once=True) == stops


@pytest.mark.usefixtures("roster")
def test_who_said_stop_is_told_nothing_more_there(
    client: Client, clock: FakeClock, post: Post, jobs: InMemory
) -> None:
    mine, steps = sender(BUSINESS), live(clock)
    next(steps)
    clock.tick(A_MINUTE)
    mine.run()
    (first,) = [each for each in post[Channel.EMAIL].taken if each.event == "received"]
    assert first.composed
    address = urlsplit(first.composed.unsubscribe).path
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    for _step in steps:
        clock.tick(A_MINUTE)
        mine.run()
    to_them = [each.event for each in post[Channel.EMAIL].taken if each.to == "ida@example.com"]
    assert to_them == ["received"]
    assert len(post[Channel.SMS].taken) > 8  # texts were not stopped
    dropped = {(each.channel, each.error) for each in messages(jobs) if each.state == "dropped"}
    assert ("email", "stopped") in dropped


def messages(jobs: InMemory) -> list[Message]:
    return [each for job in jobs.read().jobs for each in job.messages or ()]
