"""`/lost-link/`: one answer for all, and the links of open jobs to where they were asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from dispatch import jobs as verbs
from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Consent, Job
from dispatch.domain.outbox.links import MOST_WAITING, TRIED_FOR, Ask, Links
from dispatch.domain.outbox.message import Channel, Composed, NotSent, OptedOut, Refused, State
from dispatch.domain.status import Status
from dispatch.outbox import links, sender, stops
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.repository import LedgerStore, Repository
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.making import BUSINESS, NOON, TOKEN, FakeClock, make_job, seconds, unavailable
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.post.carriers import Post
from tests.stores.troubled import InMemory
from tests.web.pages import text, words
from tracking.messages import outgoing

MAIL, NUMBER = "ida@example.com", "+16195550142"
AGREED = {"sms": Consent(at=NOON, by="customer", words="May we text you?")}
AS_DEPLOYED = wiring._lost_links


@pytest.fixture(autouse=True)
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(wiring, "carriers", lambda business: post)
    return post


@pytest.fixture(autouse=True)
def idas(jobs: InMemory) -> InMemory:
    mine = {"email": "Ida@Example.com", "phone": f"{NUMBER};ext=7", "consent": AGREED}
    jobs.change(
        lambda book: book.put(
            make_job(**mine),
            made("over", **mine, status=Status.COMPLETED, finished_at=NOON),
            made("other", email="bo@example.com", phone="+16195550143"),
            made("no link", email="bo@example.com", tracking_token=""),
        )
    )
    return jobs


def made(name: str, **fields: Any) -> Job:
    token = name.replace(" ", "-").ljust(32, "x")
    return make_job(**{"id": name, "tracking_token": token, **fields})


def compose(
    business: Business, jobs: Sequence[Job], channel: Channel, to: str, at: datetime
) -> Composed:
    return Composed(text=" ".join(f"/track/{job.tracking_token}" for job in jobs))


def ask(typed: str, client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).post("/lost-link/", {"to": typed}, headers=headers)


def deliver(post: Post) -> int:
    return links.deliver(BUSINESS, post, compose, wiring.now())


def asks() -> tuple[Ask, ...]:
    return wiring.lost_links(BUSINESS).refreshed(at_once=True).values


# --- the answer --------------------------------------------------------------------------


def test_whoever_asks_gets_the_same_answer_and_nothing_is_looked_up() -> None:
    with unavailable(wiring.jobs(BUSINESS)):
        known, unknown = ask(MAIL), ask("nobody@example.com")
        number = ask("619 555 0142")
        again = ask(MAIL)
    answers = [known, unknown, number, again]
    for answer in answers:
        del answer.headers["X-Request-Id"]
    assert {(each.status_code, each.content, str(each.headers)) for each in answers} == {
        (303, b"", str(known.headers))
    }
    page = Client().get(known.headers["Location"])
    assert "If a pickup is open under what you typed, its link is on its way there." in words(page)
    assert not page.cookies


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Please type the number or address that you booked with."),
        ("ida", "That does not look like a phone number."),
        ("555 0142", "Please add the area code."),
        ("ida@", "That does not look like an e-mail address."),
        ("\0", "It has control characters in it."),
        ("x@" + "y" * 400, "characters; at most 254 fit."),
        ("<b>@example.com", "That does not look like an e-mail address."),
    ],
)
def test_what_is_neither_is_given_back_with_why(typed: str, why: str) -> None:
    answer = ask(typed)
    assert answer.status_code == 422
    assert why in words(answer)
    assert 'aria-describedby="id_to_error"' in text(answer)
    assert not asks()


@pytest.mark.parametrize(("typed", "channel"), [(NUMBER, Channel.SMS), (MAIL, Channel.EMAIL)])
def test_where_nothing_of_the_kind_is_sent_that_is_said_and_nothing_is_kept(
    post: Post, typed: str, channel: Channel
) -> None:
    del post[channel]
    answer = ask(typed)
    assert answer.status_code == 422
    assert "We cannot send anything there. Please call us." in words(answer)
    assert not asks()


def test_one_sender_asks_ten_times_an_hour(client: Client) -> None:
    for number in range(10):
        assert ask("slip", client).status_code == 422
        assert ask(f"{number}@example.com", client).status_code == 303
    answer = ask(MAIL, client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "You have asked for a lot of links." in words(answer)
    assert f'value="{MAIL}"' in text(answer)


def test_an_outage_is_said() -> None:
    with unavailable(wiring.lost_links(BUSINESS)):
        answer = ask(MAIL)
    assert answer.status_code == 503
    assert "We cannot take this right now." in words(answer)


def test_another_sites_page_asks_for_nobody() -> None:
    assert ask(MAIL, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not asks()


@pytest.mark.parametrize("path", ["/", "/track/unknown" + "x" * 20])
def test_pages_lead_there(client: Client, path: str) -> None:
    assert 'href="/lost-link/"' in text(client.get(path))


def test_looking_changes_nothing(client: Client) -> None:
    for method in (client.get, client.head):
        assert method("/lost-link/", {"to": MAIL}).status_code == 200
        assert method("/lost-link/?asked").status_code == 200
    assert not asks()


# --- what is sent ------------------------------------------------------------------------


def test_by_e_mail_the_open_jobs_alone_however_it_is_written(post: Post) -> None:
    ask(" IDA@example.COM ")
    assert deliver(post) == 1
    (envelope,) = post[Channel.EMAIL].taken
    assert (envelope.to, envelope.event) == ("Ida@Example.com", "links")
    assert envelope.composed == Composed(f"/track/{TOKEN}")
    assert deliver(post) == 0


def test_in_the_words_of_the_templates(post: Post, settings: Settings) -> None:
    ask(MAIL)
    ask("619 555 0142")
    assert links.deliver(BUSINESS, post, outgoing.composed_links, wiring.now()) == 2
    mail, sms = (post[channel].taken[0].composed for channel in (Channel.EMAIL, Channel.SMS))
    assert mail
    assert sms
    assert f"/track/{TOKEN}" in mail.text
    assert f"/track/{TOKEN}" in sms.text
    assert "/privacy/" in mail.text
    assert "/privacy/" in mail.html
    assert "/unsubscribe/" in mail.unsubscribe


def test_by_text_where_they_agreed_to_texts(post: Post, jobs: InMemory) -> None:
    ask("(619) 555-0142")
    ask("619-555-0143")
    assert deliver(post) == 1
    (envelope,) = post[Channel.SMS].taken
    assert envelope.to == NUMBER
    assert not post[Channel.EMAIL].taken


def test_several_jobs_are_one_message_the_next_first(post: Post, jobs: InMemory) -> None:
    soon, later = (
        made(name, email=MAIL, window=BUSINESS.agreed_window((NOON + days).date(), "morning"))
        for name, days in (("soon", timedelta(days=1)), ("later", timedelta(days=9)))
    )
    jobs.change(lambda book: book.put(later, soon))
    ask(MAIL)
    assert deliver(post) == 1
    (envelope,) = post[Channel.EMAIL].taken
    assert envelope.composed
    sent = [link[7:11] for link in envelope.composed.text.split()]
    assert sent == ["soon", "late", TOKEN[:4]]


def test_to_nobody_unknown_and_to_nobody_who_said_stop(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("nobody@example.com")
    ask("+1 619 555 0177")
    monkeypatch.setattr(stops, "has_stopped", lambda business, channel, to: to == MAIL)
    ask(MAIL)
    assert deliver(post) == 0
    assert not post.ids
    assert {each.state for each in asks()} == {State.DROPPED}


def test_once_an_hour_and_then_again(post: Post, clock: FakeClock) -> None:
    for minutes in (0, 30, 29):
        clock.tick(60 * minutes)
        ask(MAIL)
        deliver(post)
    assert len(post.ids) == 1
    clock.tick(61)
    ask(MAIL)
    assert deliver(post) == 1
    assert len({*post.ids}) == 2


def test_a_number_is_kept_no_longer_than_until_it_is_over(post: Post, clock: FakeClock) -> None:
    ask(MAIL)
    (waiting,) = asks()
    assert (waiting.to, waiting.state) == (MAIL, State.WAITING)
    assert MAIL not in waiting.hash
    deliver(post)
    (over,) = asks()
    assert (over.to, over.state, over.hash) == ("", State.SENT, waiting.hash)
    assert not links.are_due(BUSINESS, wiring.now())
    clock.tick(24 * 3600 + 1)
    assert links.are_due(BUSINESS, wiring.now())
    deliver(post)
    assert not asks()


# --- what goes wrong ---------------------------------------------------------------------


def cut() -> None:
    raise NotSent("no answer")


def test_what_does_not_go_out_is_tried_again_each_minute_with_the_same_id(
    post: Post, clock: FakeClock
) -> None:
    ask(MAIL)
    post[Channel.EMAIL].after += [cut]
    assert deliver(post) == 0
    assert deliver(post) == 0, "not at once"
    clock.tick(60)
    assert deliver(post) == 1
    first, second = post.ids
    assert first == second


def test_after_half_an_hour_it_is_dropped(post: Post, clock: FakeClock) -> None:
    ask(MAIL)
    post[Channel.EMAIL].before += [cut] * 60
    for _ in range(int(TRIED_FOR / timedelta(minutes=1)) + 2):
        deliver(post)
        clock.tick(60)
    assert [each.state for each in asks()] == [State.DROPPED]
    assert 28 <= 60 - len(post[Channel.EMAIL].before) <= 31


def test_a_refused_address_is_tried_no_more(post: Post) -> None:
    def refuse() -> None:
        raise Refused("no such mailbox")

    ask(MAIL)
    post[Channel.EMAIL].before += [refuse]
    assert deliver(post) == 0
    assert [(each.state, each.to) for each in asks()] == [(State.FAILED, "")]


def test_who_told_the_provider_to_stop_is_not_asked_again(post: Post) -> None:
    def opted_out() -> None:
        raise OptedOut

    ask("619 555 0142")
    post[Channel.SMS].before += [opted_out]
    assert deliver(post) == 0
    assert [each.state for each in asks()] == [State.DROPPED]
    assert stops.has_stopped(BUSINESS, Channel.SMS, NUMBER)


def test_one_that_cannot_be_composed_keeps_no_other_waiting(
    post: Post, jobs: InMemory, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.change(lambda book: book.put(made("bo", email="bo@example.com", customer_name="Broken")))

    def broken(business: Business, mine: Sequence[Job], *args: Any) -> Composed:
        if mine[0].customer_name == "Broken":
            raise ZeroDivisionError
        return compose(business, mine, *args)

    ask("bo@example.com")
    clock.tick(1)
    ask(MAIL)
    jobs.change(lambda book: book.without({"other"}))
    assert links.deliver(BUSINESS, post, broken, wiring.now()) == 1
    assert "The links of job bo are not sent yet." in caplog.text


def test_what_may_be_a_robots_sends_nobody_a_link(post: Post) -> None:
    """Whose address it bears has likely not asked for anything."""
    theirs = {"customer_name": "Cy", "location": "Ash Street", "email": "cy@example.com"}
    how: dict[str, Any] = {"status": Status.PENDING, "by": "customer", "doubtful": True}
    assert verbs.create(BUSINESS, theirs, **how).job.is_doubtful
    ask("cy@example.com")
    assert deliver(post) == 0


def test_a_message_that_breaks_holds_none_of_them_up(
    post: Post, jobs: InMemory, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of = {"customer_name": "Bo", "location": "Ash Street", "email": "bo@example.com"}
    verbs.create(BUSINESS, made_of, status=Status.BOOKED, by="dana")
    clock.tick(61)
    ask(MAIL)

    def breaks(*_of: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sender, "settled", breaks)
    with pytest.raises(ZeroDivisionError):
        outgoing.sender(BUSINESS).run()
    assert [each.to for each in post[Channel.EMAIL].taken] == ["Ida@Example.com"]


def test_the_command_sends_them_too(post: Post) -> None:
    ask(MAIL)
    call_command("deliver", stdout=StringIO())
    assert [each.to for each in post[Channel.EMAIL].taken] == ["Ida@Example.com"]


def test_no_address_is_in_a_log_line(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    def refused() -> None:
        raise Refused("550 5.1.1 <Ida@Example.com>: no such mailbox")

    post[Channel.EMAIL].before.append(refused)
    ask(MAIL)
    deliver(post)
    assert "550 5.1.1" in caplog.text
    assert "example.com" not in caplog.text.lower()


def test_beyond_so_many_that_wait_the_oldest_stay(caplog: pytest.LogCaptureFixture) -> None:
    many = Links()
    for number in range(MOST_WAITING):
        many = many.asked(waiting(number))
    wiring.lost_links(BUSINESS).change(lambda known: many)
    assert ask(MAIL).status_code == 303
    assert len(asks()) == MOST_WAITING
    assert "Too many people ask for their links" in caplog.text
    assert MAIL not in caplog.text


def waiting(number: int) -> Ask:
    each = f"{number}@example.com"
    return Ask(hash=each, id=each, channel="email", to=each, at=NOON, next_at=NOON)


@pytest.mark.parametrize("place", ["document", "table"])
def test_it_is_kept_in_a_document_or_a_table(place: str) -> None:
    document, client = MemoryStore(), MemoryTable()

    def opened() -> Repository[Links]:
        store: LedgerStore[Links] = DocumentLedger(document, Links)
        if place == "table":
            store = TableLedger(Table("jobs", lambda: client), kinds.links("here"))
        return Repository(store, now=lambda: NOON, background=False)

    first = waiting(1)
    opened().change(lambda known: known.asked(first).asked(waiting(2)))
    assert [each.hash for each in opened().read().due(NOON)] == [first.hash, waiting(2).hash]
    opened().change(lambda known: known.tried(first, NOON))
    opened().change(lambda known: known.over(waiting(2), State.SENT))
    known = opened().read()
    assert not known.due(NOON)
    assert known.due(NOON + seconds(60)) == [known.value(first.hash)]
    assert known.over(waiting(2), State.SENT) is known


def test_a_folder_keeps_no_older_versions_of_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    settings.JOBS_URL = f"file:{tmp_path}"
    monkeypatch.setattr(wiring, "_lost_links", AS_DEPLOYED)
    AS_DEPLOYED.cache_clear()
    ask(MAIL)
    assert MAIL in (tmp_path / "links.json").read_text()
    deliver(post)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["links.json", "links.json.lock"]
    assert MAIL not in (tmp_path / "links.json").read_text()
    AS_DEPLOYED.cache_clear()
