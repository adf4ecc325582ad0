"""What customers and the business are told, and what is in no message."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import override_settings
from msgspec import UNSET
from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Crew, Event, Job, MessageIn, Note, Request, Window
from dispatch.domain.outbox.message import Channel, Composed, Message, Told
from dispatch.domain.outbox.texts import MOST_SEGMENTS, is_gsm_7, segments
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine, Quote
from dispatch.domain.visit.photo import Kind, Photo
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, NOON, TOKEN, make_job, make_member
from tests.web.pages import TAG
from tracking.messages.compose import channels_of, compose, compose_links
from tracking.messages.email import paragraphs
from tracking.messages.preview import previews

pytestmark = pytest.mark.usefixtures("roster")

LINK = f"http://127.0.0.1:8000/track/{TOKEN}"
MORNING = Window(date(2026, 5, 23), "morning", "08:00", "12:00")
LATER = Window(date(2026, 5, 29), "afternoon", "12:00", "16:00")
BOOKED = make_job(status="booked", window=MORNING, load="half", crew=Crew(driver="joel"))
EACH = [(event, channel) for event in Told for channel in channels_of(event)]
ADDRESS = re.compile(r"https?://[^\s\"<]+")
SOON = NOON + timedelta(minutes=55)
QUOTE = Quote("q1", Decimal(410), (PriceLine("Hot tub", Decimal(90)),), NOON, "dana")


def told(
    event: Told,
    job: Job = BOOKED,
    channel: Channel = Channel.SMS,
    since: datetime = NOON,
    business: Business = BUSINESS,
    **more: str,
) -> Composed:
    return compose(business, job, event, channel, since=since, at=NOON, **more)


def text(event: Told, job: Job = BOOKED, business: Business = BUSINESS) -> str:
    """What its text says, without who and what stands around it."""
    said = told(event, job, business=business).text
    start, end = f"{business.name}: ", " Reply STOP to end. Replies are not read."
    assert said.startswith(start)
    assert said.endswith(end)
    return said.removeprefix(start).removesuffix(end).strip()


def everything(composed: Composed) -> str:
    return "\n".join((composed.subject, composed.text, composed.html))


def words(html: str) -> str:
    return " ".join(unescape(TAG.sub(" ", re.sub("(?s)<head>.*</head>", "", html))).split())


def ended(by: str) -> Job:
    event = Event(NOON, by, from_=Status.BOOKED, to=Status.CANCELLED, reason="found another")
    return BOOKED.happened(event, status=Status.CANCELLED)


# --- what each says ---


def test_a_request_is_received_with_when_we_answer() -> None:
    job = replace(BOOKED, status=Status.PENDING)
    when = "Sat, May 23, 8 AM-12 PM"
    said = f"We have your request for {when} and will confirm it within 2 hours. {LINK}"
    assert text(Told.RECEIVED, job) == said
    in_one = replace(BUSINESS, respond_hours=1)
    assert "within 1 hour." in text(Told.RECEIVED, job, in_one)


def test_it_is_confirmed_for_a_day_and_a_time() -> None:
    said = f"Your pickup is confirmed for Sat, May 23, 8 AM-12 PM. {LINK}"
    assert text(Told.CONFIRMED) == said


def test_a_confirmation_tells_what_was_changed_in_its_minute() -> None:
    job = BOOKED.edited({"window": LATER, "price": Decimal(410)}, by="dana", at=NOON)
    said = "Fri, May 29, 12-4 PM. Before, it was planned for Sat, May 23, 8 AM-12 PM."
    assert text(Told.CONFIRMED, job) == f"Your pickup is confirmed for {said} {LINK}"
    mail = " ".join(told(Told.CONFIRMED, job, Channel.EMAIL).text.split())
    assert "planned for Sat, May 23, 8 AM–12 PM. The price is now $410. It was $600." in mail


def test_a_day_of_another_year_says_so() -> None:
    job = replace(BOOKED, window=replace(MORNING, date=date(2027, 1, 4)))
    assert "Mon, Jan 4, 2027, 8 AM-12 PM" in text(Told.CONFIRMED, job)


def test_a_changed_day_says_what_it_was() -> None:
    job = BOOKED.edited({"window": LATER}, by="dana", at=NOON)
    now, then = "Fri, May 29, 12-4 PM", "Sat, May 23, 8 AM-12 PM"
    assert text(Told.CHANGED, job) == f"Your pickup is now on {now}. It was on {then}. {LINK}"
    assert told(Told.CHANGED, job, Channel.EMAIL).subject.startswith("Your pickup is now on Fri")


def test_a_changed_price_says_what_it_was() -> None:
    job = BOOKED.edited({"price": Decimal("410.50")}, by="dana", at=NOON)
    said = f"The price of your pickup is now $410.50. It was $600. {LINK}"
    assert text(Told.CHANGED, job) == said


def test_an_e_mail_tells_of_day_and_price_together() -> None:
    job = BOOKED.edited({"window": LATER, "price": Decimal(410)}, by="dana", at=NOON)
    said = " ".join(told(Told.CHANGED, job, Channel.EMAIL).text.split())
    assert "It was on Sat, May 23, 8 AM–12 PM." in said
    assert "The price is now $410. It was $600." in said


def test_a_day_that_was_taken_away_is_told() -> None:
    job = BOOKED.edited({"window": None}, by="dana", at=NOON)
    assert "We cannot come on Sat, May 23" in told(Told.CHANGED, job, Channel.EMAIL).text


def test_the_reminder_counts_the_days() -> None:
    assert text(Told.REMINDER).startswith("Your pickup is tomorrow, Sat, May 23, 8 AM-12 PM.")
    today = replace(BOOKED, window=replace(MORNING, date=date(2026, 5, 22)))
    assert text(Told.REMINDER, today).startswith("Your pickup is today, Fri, May 22")


def test_the_reminder_offers_another_day_until_the_cut_off() -> None:
    in_time = told(Told.REMINDER, BOOKED, Channel.EMAIL)
    assert f"another day or time until 8:00 PM:\n{LINK}/reschedule" in in_time.text
    today = replace(BOOKED, window=replace(MORNING, date=date(2026, 5, 22)))
    assert "reschedule" not in everything(told(Told.REMINDER, today, Channel.EMAIL))


def test_who_comes_and_when() -> None:
    job = BOOKED.on_the_way(by="joel", at=NOON).expected_at(SOON, by="joel", at=NOON)
    said = f"Joel is on the way and expects to be there at about 12:55 PM. {LINK}"
    assert text(Told.ON_MY_WAY, job) == said


def test_a_late_crew_says_when_they_were_expected() -> None:
    earlier = NOON - timedelta(minutes=30)
    job = BOOKED.expected_at(SOON, by="joel", at=earlier)
    job = job.expected_at(SOON + timedelta(minutes=45), by="joel", at=NOON)
    said = f"We are now expected at about 1:40 PM, not at 12:55 PM. {LINK}"
    assert text(Told.LATE, job) == said


def test_a_failed_visit_says_why_in_our_words() -> None:
    event = Event(NOON, "joel", from_=Status.IN_PROGRESS, to=Status.BOOKED, reason="no_access: dog")
    said = text(Told.COULD_NOT, BOOKED.happened(event))
    assert said.startswith("We were there at 12:00 PM, but could not get in.")
    assert "call (619) 555-0100" in said
    assert "dog" not in said


def test_a_failed_visit_of_another_day_says_which() -> None:
    yesterday = NOON - timedelta(days=1)
    event = Event(yesterday, "joel", from_=Status.IN_PROGRESS, to=Status.BOOKED, reason="unsafe: x")
    said = text(Told.COULD_NOT, BOOKED.happened(event))
    assert said.startswith("We were there on Thu, May 21, 12:00 PM, but it was not safe to do.")


def test_a_price_is_asked_for() -> None:
    said = text(Told.PRICE, replace(BOOKED, quote=QUOTE))
    assert said.startswith("The price of your pickup would be $410 instead of $600.")
    mail = told(Told.PRICE, replace(BOOKED, quote=QUOTE), Channel.EMAIL)
    assert "Hot tub: $90" in mail.text
    assert f"Say yes or no:\n{LINK}" in mail.text


def test_an_answer_is_in_the_e_mail_and_behind_the_link() -> None:
    asked = MessageIn("m1", NOON, "Do you take paint?", answer="We do not, sorry.")
    job = replace(BOOKED, messages_in=(asked,))
    assert "We do not, sorry." in told(Told.ANSWERED, job, Channel.EMAIL).text
    assert text(Told.ANSWERED, job) == f"We have answered your message. Read it here: {LINK}"


def test_what_is_done_has_a_receipt_and_asks_for_a_review() -> None:
    done = replace(BOOKED, status=Status.COMPLETED)
    assert text(Told.COMPLETED, done).endswith(f"Your receipt: {LINK}/receipt")
    reviewed = replace(BUSINESS, review_url="https://example.com/us?a=1&b=2")
    mail = told(Told.COMPLETED, done, Channel.EMAIL, business=reviewed)
    assert "Leave a review:\nhttps://example.com/us?a=1&b=2" in mail.text
    assert 'href="https://example.com/us?a=1&amp;b=2"' in mail.html


@pytest.mark.parametrize(
    ("by", "said"), [(CUSTOMER, "You have cancelled"), ("dana", "We had to cancel")]
)
def test_a_cancelled_pickup_says_who_cancelled_it(by: str, said: str) -> None:
    assert text(Told.CANCELLED, ended(by)).startswith(f"{said} your pickup on Sat, May 23")


def test_the_business_reads_a_request_and_opens_its_drawer() -> None:
    job = replace(BOOKED, status=Status.PENDING, description="A sofa & a <lamp>")
    mail = told(Told.REQUEST, job, Channel.EMAIL)
    assert mail.subject == "New request: Mark, Sat, May 23, 8 AM–12 PM"
    assert "A sofa & a <lamp>" in mail.text
    assert "A sofa &amp; a &lt;lamp&gt;" in mail.html
    assert f"http://127.0.0.1:8000/dashboard/jobs/{job.id}" in mail.text
    assert TOKEN not in everything(mail)


def test_the_business_reads_what_the_customer_wrote_since() -> None:
    earlier = MessageIn("m1", NOON - timedelta(hours=1), "Told already")
    now = MessageIn("m2", NOON, "Bring a ramp,\nplease")
    job = replace(BOOKED, messages_in=(earlier, now))
    mail = told(Told.CUSTOMER_MESSAGE, job, Channel.EMAIL)
    assert "Mark wrote:\n\nBring a ramp,\nplease" in mail.text
    assert "Told already" not in mail.text


def test_a_gate_code_never_leaves_the_board() -> None:
    code = MessageIn("m1", NOON, "Gate code 4471#", gate_code=True)
    job = replace(BOOKED, messages_in=(code,), access_notes="Ring twice\nGate code 4471#")
    changed = replace(job, access_notes="Ring")
    plainly = replace(job, messages_in=(replace(code, gate_code=UNSET),))
    for event, channel in EACH:
        for each in (job, changed, plainly):
            assert "4471#" not in everything(told(event, each, channel))
    assert "how to get in" in told(Told.CUSTOMER_MESSAGE, job, Channel.EMAIL).text


# --- whatever the job is like ---

SIGNS = "Zoë O’Neil & <b>Söns</b> \N{RIGHT-TO-LEFT OVERRIDE}משה🚚"
FRIENDLY = {"status": Status.BOOKED, "window": MORNING}
ODD = {
    "bare": {"price": UNSET},
    "no window": {"status": Status.BOOKED, "price": UNSET},
    "no link": {**FRIENDLY, "tracking_token": ""},
    "signs": {**FRIENDLY, "customer_name": SIGNS, "location": f"{SIGNS}\n\n{SIGNS}"},
    "long": {**FRIENDLY, "customer_name": "m" * 120, "location": "n" * 300, "load": "gone"},
    "apostrophes": {**FRIENDLY, "customer_name": "D'Arcy \"Ann\" O'Hara"},
    "no lines": {**FRIENDLY, "quote": Quote("q", Decimal(1), (), None)},
    "quote of others": {**FRIENDLY, "quote": Quote()},
    "free": {**FRIENDLY, "price": Decimal(0)},
    "over": {"status": Status.COMPLETED, "window": MORNING},
    "far": {"status": Status.BOOKED, "window": replace(MORNING, date=date(2031, 12, 30))},
    "started": {"status": Status.IN_PROGRESS, "window": MORNING, "crew": Crew("gone", "gone")},
    "unread": {**FRIENDLY, "messages_in": (MessageIn(), MessageIn("x", None, None, answer=7))},
}


@pytest.mark.parametrize("oddity", ODD)
@pytest.mark.parametrize("language", ["en", "es", "xx"])
def test_every_message_can_be_made_of_whatever_job(oddity: str, language: str) -> None:
    job = make_job(**ODD[oddity], language=language)
    spoken = replace(BUSINESS, languages=("en", "es"))
    for event, channel in EACH:
        said = told(event, job, channel, business=spoken, unsubscribe="https://example.com/u/1")
        whole = everything(said)
        assert "&#x27;" not in said.text + said.subject
        assert "&amp;" not in said.text + said.subject
        assert "None" not in whole, (event, channel)
        assert "\N{ZERO WIDTH SPACE}" not in whole
        assert "<b>Söns" not in said.html
        assert "{" not in said.text
        assert "\n" not in said.subject
        if channel is Channel.SMS:
            assert segments(said.text) <= MOST_SEGMENTS, said.text
            assert "STOP" in said.text
            assert said.subject == said.html == said.unsubscribe == ""
            assert is_gsm_7(said.text), said.text
        else:
            assert said.subject
            assert said.unsubscribe == "https://example.com/u/1"
            assert "https://example.com/u/1" in said.text
            assert "https://example.com/u/1" in said.html


@pytest.mark.parametrize("name", ["🚚 Joel", "Юрий", "J" * 120, "<b>", "María José"])
def test_a_driver_whose_name_no_text_can_say_is_the_crew(
    name: str, roster: RosterRepository
) -> None:
    member = make_member("joel", name=name)
    roster.change(lambda known: known.put(member))
    said = text(Told.ON_MY_WAY, BOOKED.on_the_way(by="joel", at=NOON))
    expected = {"<b>": "<b> is", "María José": "Maria is"}.get(name, "The crew is")
    assert said.startswith(expected)
    assert is_gsm_7(said)


def test_text_and_html_say_the_same() -> None:
    for event, channel in EACH:
        if channel is Channel.SMS:
            continue
        said = told(event, replace(BOOKED, quote=QUOTE), channel)
        read = words(said.html)
        for line in said.text.partition("\n-- \n")[0].splitlines():
            if not ADDRESS.fullmatch(line):
                assert " ".join(line.removesuffix(":").split()) in read
        assert set(ADDRESS.findall(said.text)) <= set(ADDRESS.findall(unescape(said.html)))


# --- what is in none ---


def canaries() -> Iterator[tuple[str, Job]]:
    """Jobs with a word of their own in a private field."""
    move = Event(NOON, "joel", from_=Status.BOOKED, to=Status.BOOKED, reason="canary")
    private: dict[str, Any] = {
        "notes": (Note(NOON, "dana", "canary"),),
        "access_notes": "canary",
        "photos": (Photo(id="canary0123456789", kind=Kind.PROBLEM, at=NOON, by="joel"),),
        "history": (replace(move, reason="no_access: canary"), move),
        "crew": Crew("canary", "canary", "canary"),
        "keys": {"canary": NOON},
        "request": Request("canary", "canary", "canary"),
        "phone": "canary",
        "email": "canary@example.com",
        "truck": "canary",
        "postcode": "canary",
        "messages": (Message("canary", "late", "sms", "canary", error="canary"),),
        "quote": replace(QUOTE, by="canary", answered_by="canary", id="canary"),
    }
    yield from ((field, replace(BOOKED, **{field: value})) for field, value in private.items())


@pytest.mark.parametrize(("field", "job"), list(canaries()))
def test_nothing_private_is_in_any_message(field: str, job: Job, roster: RosterRepository) -> None:
    roster.change(lambda known: known.put(make_member("canary", name="Kim Canary-Smith")))
    for status in Status:
        for event, channel in EACH:
            said = everything(told(event, replace(job, status=status), channel))
            assert "canary" not in said.lower(), (field, event, channel)


def test_a_link_opens_the_page_or_the_drawer_and_nothing_else() -> None:
    business = replace(BUSINESS, review_url="https://example.com/us")
    pages = {LINK, f"{LINK}/receipt", f"{LINK}/reschedule", "https://example.com/us"}
    drawer = {f"http://127.0.0.1:8000/dashboard/jobs/{BOOKED.id}"}
    for event, channel in EACH:
        said = everything(told(event, replace(BOOKED, quote=QUOTE), channel, business=business))
        assert set(ADDRESS.findall(said)) <= (drawer if event.is_for_business else pages)


@pytest.mark.parametrize("name", ["https://evil.example/win", "at www.evil.example", "evil.com"])
def test_nobody_is_greeted_by_an_address(name: str) -> None:
    job = replace(BOOKED, status=Status.PENDING, customer_name=name, location=name)
    assert "evil" not in everything(told(Told.RECEIVED, job, Channel.EMAIL))


def test_an_address_that_somebody_typed_is_no_button() -> None:
    text = f"Press here:\nhttps://evil.example/\n\nYour page:\n{LINK}"
    typed, ours = paragraphs(text, {LINK})
    assert (typed.address, ours.address) == ("", LINK)
    assert ours.lines == ("Your page",)


# --- where links lead, and lost ones ---


@pytest.mark.parametrize(
    ("stage", "public", "board"),
    [
        ("production", "https://quickdumpnow.com", "https://dispatch.quickdumpnow.com"),
        ("staging", "https://staging.quickdumpnow.com", "https://staging.quickdumpnow.com"),
        ("development", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_links_lead_to_this_stage(stage: str, public: str, board: str) -> None:
    with override_settings(STAGE=stage):
        assert f" {public}/track/{TOKEN} " in told(Told.CONFIRMED).text
        assert f"{board}/dashboard/jobs/" in told(Told.REQUEST, channel=Channel.EMAIL).text


def test_another_business_of_a_laptop_has_a_host_of_its_own() -> None:
    said = told(Told.CONFIRMED, business=replace(BUSINESS, slug="hill_haul")).text
    assert f" http://hill-haul.localhost:8000/track/{TOKEN} " in said


def test_lost_links_come_with_their_days() -> None:
    other = replace(BOOKED, id="other", tracking_token="Tk" + "y" * 30, window=LATER)
    said = compose_links(BUSINESS, [BOOKED, other], Channel.SMS, at=NOON).text
    assert f"Your pickup on Sat, May 23: {LINK} Your pickup on Fri, May 29: " in said
    mail = compose_links(BUSINESS, [BOOKED, other], Channel.EMAIL, at=NOON, unsubscribe="https://u")
    assert mail.subject == "The pages of your pickups"
    assert mail.html.count('<a href="http://127.0.0.1:8000/track/') == 2
    assert mail.unsubscribe == "https://u"


def test_a_text_holds_three_links_and_counts_the_others() -> None:
    said = compose_links(BUSINESS, [BOOKED] * 5, Channel.SMS, at=NOON).text
    assert said.count(LINK) == 3
    assert "For 2 more, call (619) 555-0100." in said
    with override_settings(STAGE="production"):
        longest = compose_links(BUSINESS, [BOOKED] * 5, Channel.SMS, at=NOON).text
    assert segments(longest) <= MOST_SEGMENTS


def test_every_message_has_a_preview() -> None:
    spoken = replace(BUSINESS, languages=("en", "es"))
    found = list(previews(spoken, BOOKED, "joel", datetime(2026, 5, 22, 19, tzinfo=UTC)))
    assert [str(each) for each in found if each.wrong] == []
    assert len(found) == 2 * (11 * 2 + 2) + 2
    reminder = next(str(each) for each in found if each.event == Told.REMINDER)
    assert re.match(r"reminder, sms, en, 2\d\d characters, 2 segments: QuickDumpNow: ", reminder)
