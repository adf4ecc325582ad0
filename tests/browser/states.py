"""Every page in every state that people meet: what the screenshots show and axe looks at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Browser, Locator, Page, expect

from dispatch.domain.job import (
    CUSTOMER,
    Consent,
    Crew,
    Eta,
    Event,
    Item,
    Job,
    MessageIn,
    Note,
    OnMyWay,
    Request,
)
from dispatch.domain.outbox.message import Message
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment, PriceLine, Quote
from dispatch.domain.visit.photo import Kind
from tests.browser.conftest import sign_in
from tests.browser.site import Site, book, card, fill_booking, open_drawer, sign_in_as
from tests.making import BUSINESS, NOON
from tests.photos.pictures import jpeg
from tests.serving import AT_NOON, BROKEN, SECRET, another_caller, environment_of, run, serving

TOO_MUCH = 300_000  # characters, more than any page may be sent

DAY = timedelta(days=1)
JOELS = Crew(driver="joel")  # the crew see their own jobs
Go = Callable[[Page, Site], None]
STOPPED = "ida@example.com"
SIGN = f"""
import django
django.setup()
from django.conf import settings
from dispatch.domain.outbox.message import Channel
from tracking.unsubscribe import unsubscribe_url
print(unsubscribe_url(settings.BUSINESSES[0], Channel.EMAIL, {STOPPED!r}))
"""
TWO_WAYS = "Subject,Start Date,Start Time,Location\nJunk pickup: Zoë,12/01/2026,08:00 AM,1 Elm St\n"
ROWS = (
    "Customer,Address,Phone,Date,Time,Status,Total,Assigned to\n"
    "Zoë Núñez,1 Elm St,619-555-0142,6/13/2026,9:00 AM,Upcoming,$320.00,Joel Ramirez\n"
    "Bo Lind,2 Elm St,619-555-0143,6/15/2026,,Requested,175,Pete\n"
    "Cy,,12,6/15/2026,9:00 PM,Teleported,x,\n"
)
ADD_JOBS = """
import django
django.setup()
from django.conf import settings
from dispatch import sample
sample.add_jobs(settings.BUSINESSES[0])
"""


A_LOAD: dict[str, Any] = {  # of which everything is said
    "postcode": "92110",
    "description": "The old sofa, and what is left of the shed. The mattress is on the landing.",
    "items": (Item(name="mattress", count=2), Item(name="fridge", count=1)),
    "access_notes": "Gate code 4411, then ring at the back door",
    "price_lines": (
        PriceLine(label="Half load", amount=Decimal(320)),
        PriceLine(label="2 × Mattress", amount=Decimal(80)),
    ),
    "payments": (Payment(id="p1", amount=Decimal(100), method="cash", at=NOON, by="joel"),),
}


@dataclass(frozen=True)
class State:
    """`go` brings a fresh page of `who` (a customer where it is empty) there."""

    name: str
    who: str
    go: Go


def a_believable_day(folder: Path, **env: str) -> None:
    """The jobs of `make run`, into the empty site of `folder`."""
    run(environment_of(folder, **env), "-c", ADD_JOBS)


@contextmanager
def at_noon(folder: Path, browser: Browser, **env: str) -> Iterator[Site]:
    """A site where it is noon on a Friday, with the jobs of `make run`; all are signed in."""
    env |= AT_NOON | {"QDN_ORIGIN_SECRET": SECRET}
    with serving(folder, **env) as url:
        site = Site(url, folder, now=lambda: NOON)
        a_believable_day(folder, **env)
        for who in {state.who for state in STATES if state.who}:
            site.sessions[who] = sign_in(browser, site, who)
        yield site


@contextmanager
def shown(browser: Browser, site: Site, state: State, **options: Any) -> Iterator[Page]:
    """A page of its own in this state; afterwards the site is as it was."""
    day = site.all_jobs()
    context = browser.new_context(
        base_url=site.url,
        storage_state=site.sessions.get(state.who),
        extra_http_headers=another_caller(),
        reduced_motion="reduce",
        timezone_id=BUSINESS.timezone,
        **options,
    )
    page = context.new_page()
    page.clock.install(time=NOON)
    try:
        state.go(page, site)
        yield page
    finally:
        context.close()
        site.back_to(day)


def of(site: Site, status: Status, **fields: Any) -> Job:
    """A job of the day in this status, with `fields` changed."""
    job = next(job for job in site.all_jobs() if job.status is status)
    return site.change(job, **fields) if fields else job


def at(address: str) -> Go:
    def go(page: Page, site: Site) -> None:
        page.goto(address)

    return go


def printed(go: Go) -> Go:
    def then_print(page: Page, site: Site) -> None:
        go(page, site)
        page.emulate_media(media="print")

    return then_print


def cut_off(go: Go, words: str) -> Go:
    """The page once it says in these words that the storage is out of reach."""

    def after_that(page: Page, site: Site) -> None:
        go(page, site)
        site.cut_off()
        while page.get_by_text(words).count() == 0:
            page.wait_for_timeout(500)
            page.reload()

    return after_that


def go_offline(page: Page) -> None:
    """The page itself finds out, at its next poll."""
    page.context.set_offline(True)
    page.clock.fast_forward(60_000)
    expect(page.locator("#offline")).to_be_visible(timeout=60_000)


def hover(it: Locator) -> None:
    it.scroll_into_view_if_needed()
    it.hover()


def press(it: Locator) -> None:
    """And do not let go."""
    hover(it)
    it.page.mouse.down()


def open_all(page: Page) -> None:
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true }")


# --- customers ---------------------------------------------------------------------------


def at_another_business(page: Page, site: Site) -> None:
    """Its colour and mark are its own."""
    page.goto(site.url.replace("127.0.0.1", "other.localhost") + "/book/")
    expect(page.get_by_role("link", name="Thistle Clearances").first).to_be_visible()


def link_asked(typed: str, words: str, page: Page, site: Site) -> None:
    page.goto("/lost-link/")
    page.get_by_label("Your phone number or e-mail address").fill(typed)
    page.get_by_role("button", name="Send me my link").click()
    expect(page.get_by_text(words)).to_be_visible()


def book_errors(page: Page, site: Site) -> None:
    page.goto("/book/")
    page.get_by_label("Phone").fill("12")
    send_button(page).click()
    expect(page.locator(".error").first).to_be_visible()


def book_counted(page: Page, site: Site) -> None:
    """Items beside a load, a few words, and all the days."""
    page.goto("/book/")
    page.get_by_label("Half load").check()
    page.get_by_role("button", name="One more: Mattress").click()
    page.get_by_label("What is it").fill("The old sofa, and a mattress on the landing")
    page.get_by_text("Later days").click()
    page.get_by_label("May we text you").check()
    page.get_by_label("E-mail").fill("mark@example.com")
    expect(page.get_by_text("by text and e-mail")).to_be_visible()


def book_wrong(page: Page, site: Site) -> None:
    """A count, a photo and a number that cannot be."""
    book_typed(page, site)
    page.locator("[name=item-hot_tub]").fill("100")
    page.get_by_label("Phone").fill("619 555 0142 x 4471")
    page.get_by_label("May we text you").check()
    offer = {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    page.locator("[name=photo]").set_input_files(files=[offer])  # type: ignore[list-item]
    send_button(page).click()
    expect(page.get_by_text("offer.pdf: that is no")).to_be_visible()


def book_photos(count: int, words: str, page: Page, site: Site) -> None:
    page.goto("/book/")
    chosen = [picture(number) for number in range(count)]
    page.locator("[name=photo]").set_input_files(files=chosen)  # type: ignore[arg-type]
    seen = page.get_by_text(words) if words else page.get_by_alt_text("Chosen photo").last
    expect(seen).to_be_visible()


def picture(number: int) -> dict[str, Any]:
    return {
        "name": f"{number}.jpg",
        "mimeType": "image/jpeg",
        "buffer": jpeg(400 + number, 300),
    }


def book_again(page: Page, site: Site) -> None:
    address = book(page, "Mark Soderblom")
    page.goto(f"{address}/again")
    expect(page.get_by_role("heading", name="Book another pickup")).to_be_visible()


def photos_lost(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.PENDING).tracking_token}?lost_photos=1")
    expect(page.get_by_text("not all of its photos")).to_be_visible()


def book_typed(page: Page, site: Site) -> None:
    page.goto("/book/")
    fill_booking(page, "Mark Soderblom")


def book_touched(touch: Callable[[Locator], None], page: Page, site: Site) -> None:
    book_typed(page, site)
    touch(send_button(page))


def choice_touched(touch: Callable[[Locator], None], page: Page, site: Site) -> None:
    page.goto("/book/")
    touch(page.locator(".choice", has_text="Half load"))


def choice_focused(page: Page, site: Site) -> None:
    page.goto("/book/")
    page.keyboard.press("Tab")
    page.get_by_label("Quarter load").focus()


def book_busy(page: Page, site: Site) -> None:
    """Sent; with 204 for an answer the page stays as it is while it waits."""
    book_typed(page, site)
    page.route("**/book/", lambda route: route.fulfill(status=204))
    send_button(page).click()
    expect(send_button(page)).to_have_attribute("aria-busy", "true")


def book_full(page: Page, site: Site) -> None:
    """Others were faster; the nearest windows are offered. On a day that no other state asks for:
    the server may think for a second longer that it is full.
    """
    page.goto("/book/")
    fill_booking(page, "Nancy Ortega")
    chosen = typed(page)
    day = date.fromisoformat(str(chosen["date"]))
    site.many_jobs(8, status=Status.BOOKED, window=BUSINESS.window(day, str(chosen["window"])))
    send_button(page).click()
    expect(page.get_by_text("is full now")).to_be_visible()


def book_503(page: Page, site: Site) -> None:
    book_typed(page, site)
    site.cut_off()
    send_button(page).click()
    expect(page.get_by_text("We cannot reach our records")).to_be_visible()


def book_refused(times: int, words: str, page: Page, site: Site) -> None:
    """This is the last of that many bookings from one sender, spread over the days."""
    book_typed(page, site)
    days = page.locator("[name=date]").all()
    dates = [day.get_attribute("value") or "" for day in days]
    for number in range(times - 1):
        new = {"location": f"{number} Nowhere", "date": dates[number % len(dates)]}
        page.request.post("/book/", form=typed(page) | new)
    send_button(page).click()
    expect(page.get_by_text(words)).to_be_visible()


def too_much(page: Page, site: Site) -> None:
    book_typed(page, site)
    name = page.get_by_label("Name", exact=True)
    name.evaluate("(it, much) => { it.maxLength = much; it.value = 'x'.repeat(much) }", TOO_MUCH)
    send_button(page).click()
    expect(page.get_by_text("too much at once")).to_be_visible()


def send_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Request this pickup")


def typed(page: Page) -> dict[str, str | float | bool]:
    """The form's fields, as a new request."""
    fields: dict[str, str | float | bool] = page.locator("form").evaluate(
        "form => Object.fromEntries([...new FormData(form)].filter(([, it]) => it.trim))"
    )
    return fields | {"key": ""}


def booked_already(page: Page, site: Site) -> None:
    """The back button, and another name: the same key for another job."""
    book(page, "Mark Soderblom")
    page.go_back()
    page.get_by_label("Name", exact=True).fill("Martha Soderblom")
    send_button(page).click()
    expect(page.get_by_text("already sent a booking")).to_be_visible()


def track(status: Status, page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, status).tracking_token}")


def in_spanish(status: Status, page: Page, site: Site, **fields: Any) -> None:
    """Without `fields` the button keeps it so."""
    page.goto(f"/track/{of(site, status, **fields).tracking_token}?language=es")


def book_spanish_errors(page: Page, site: Site) -> None:
    page.goto("/book/?language=es")
    page.locator("#booking button:not([name])").last.click()
    expect(page.locator(".error").first).to_be_visible()


track_old = cut_off(partial(track, Status.READY_FOR_PICKUP), "cannot reach our records")


def track_offline(page: Page, site: Site) -> None:
    track(Status.BOOKED, page, site)
    go_offline(page)


def track_undo(page: Page, site: Site) -> None:
    track(Status.BOOKED, page, site)
    page.get_by_role("button", name="I'm ready for pickup").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def cancel_503(page: Page, site: Site) -> None:
    ask("cancel", page, site)
    site.cut_off()
    page.get_by_role("button", name="Cancel this pickup").click()
    expect(page.get_by_text("cannot reach our records")).to_be_visible()


def unsubscribe(page: Page, site: Site) -> None:
    address = run(environment_of(site.folder), "-c", SIGN).strip()
    page.goto(f"/unsubscribe/{address.rpartition('/')[2]}")


def unsubscribed(page: Page, site: Site) -> None:
    unsubscribe(page, site)
    page.get_by_role("button", name="Stop the e-mail").click()
    expect(page.get_by_role("heading", name="Done: no more e-mail")).to_be_visible()


def one_moment(page: Page, site: Site) -> None:
    site.cut_off()
    page.goto(f"/track/{'n' * 32}")
    expect(page.get_by_role("heading", name="One moment, please")).to_be_visible()


def guessed(page: Page, site: Site) -> None:
    """Links that are nobody's, one after the other."""
    for number in range(60):
        page.request.get(f"/track/{number:032}")
    page.goto(f"/track/{'x' * 32}")
    expect(page.get_by_text("too often")).to_be_visible()


def on_the_way(page: Page, site: Site) -> None:
    job = expected(site, Status.READY_FOR_PICKUP)
    page.goto(f"/track/{job.tracking_token}")


def expected(site: Site, status: Status, **fields: Any) -> Job:
    said, soon = site.now() - timedelta(minutes=4), site.now() + timedelta(minutes=25)
    way, eta = OnMyWay(at=said, by="joel"), Eta(at=soon, said_at=said, by="joel")
    return of(site, status, on_my_way=way, eta=eta, crew=JOELS, **fields)


def ask(what: str, page: Page, site: Site) -> None:
    # A request can be taken back at any time, a confirmed pickup is ready at any time.
    at = Status.PENDING if what == "cancel" else Status.BOOKED
    page.goto(f"/track/{of(site, at).tracking_token}/{what}")


def priced(site: Site, status: Status = Status.BOOKED, **answer: Any) -> Job:
    """Joel has offered a new price, with something off it; the customer's `answer` may be known."""
    at, off = site.now() - timedelta(minutes=4), PriceLine("Neighbour's help", Decimal(-20))
    lines = (PriceLine("Full load", Decimal(600)), PriceLine("Hot tub", Decimal(350)), off)
    quote = Quote(id="q1", amount=Decimal(930), lines=lines, at=at, by="joel", **answer)
    return of(site, status, crew=JOELS, quote=quote, payments=A_LOAD["payments"])


def track_price(page: Page, site: Site) -> None:
    page.goto(f"/track/{priced(site).tracking_token}")
    expect(page.get_by_role("heading", name="A new price")).to_be_visible()


def ask_price(page: Page, site: Site) -> None:
    page.goto(f"/track/{priced(site).tracking_token}/quote")
    expect(page.get_by_role("heading", name="Do you agree")).to_be_visible()


def price_503(page: Page, site: Site) -> None:
    ask_price(page, site)
    site.cut_off()
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("cannot reach our records")).to_be_visible()


def price_gone(page: Page, site: Site) -> None:
    """409: another price waits by now."""
    ask_price(page, site)
    priced_anew = of(site, Status.BOOKED)
    assert priced_anew.quote
    other = msgspec.structs.replace(priced_anew.quote, id="q2", amount=Decimal(950), lines=())
    site.change(priced_anew, quote=other)
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("now it is $950")).to_be_visible()


def track_agreed(page: Page, site: Site) -> None:
    told = {"answer": "accepted", "answered_at": site.now(), "answered_by": "joel"}
    job = priced(site, **told, answered_name="Mark Söderblom")
    site.change(job, price=Decimal(930), price_lines=())
    page.goto(f"/track/{job.tracking_token}")
    expect(page.get_by_text("agreed to $930")).to_be_visible()


def drawer_price(page: Page, site: Site) -> None:
    """A price waits for the yes; another one is begun."""
    page.goto(f"/dashboard/jobs/{priced(site).id}")
    page.get_by_text("Offer another price").click()
    page.get_by_label("What it is for").nth(1).fill("Stairs")
    page.get_by_label("Amount").nth(1).fill("25.50")
    expect(page.get_by_role("status").filter(has_text=".50")).to_be_visible()


def drawer_price_errors(page: Page, site: Site) -> None:
    drawer_price(page, site)
    page.get_by_label("Amount").nth(1).fill("100000")
    page.get_by_role("button", name="Offer it").click()
    expect(page.get_by_text("Stairs: It must be from")).to_be_visible()


def drawer_pay(page: Page, site: Site) -> None:
    """More than is open: it is asked about."""
    page.goto(f"/dashboard/jobs/{priced(site).id}")
    page.locator(".pay-form > summary").click()
    page.locator(".pay").get_by_label("Amount").fill("9000")
    page.locator(".pay").get_by_text("Card terminal").click()
    page.get_by_role("button", name="Take payment").click()
    expect(page.get_by_role("button", name="Do it all the same")).to_be_visible()
    page.get_by_text("Take it back…").click()


def could_not(page: Page, site: Site) -> None:
    """The crew were there, and the gate was locked."""
    page.goto(f"/track/{failed(site).tracking_token}")


def failed(site: Site) -> Job:
    at, reason = site.now() - timedelta(minutes=20), "no_access: gate locked"
    back = Event(at=at, by="joel", from_=Status.IN_PROGRESS, to=Status.BOOKED, reason=reason)
    return of(site, Status.BOOKED, history=(back,), crew=JOELS)


def track_late(page: Page, site: Site) -> None:
    """On the way, and the time that they gave has passed."""
    said, passed = site.now() - timedelta(minutes=40), site.now() - timedelta(minutes=5)
    way, eta = OnMyWay(at=said, by="joel"), Eta(at=passed, said_at=said, by="joel")
    job = of(site, Status.BOOKED, on_my_way=way, eta=eta, crew=JOELS)
    page.goto(f"/track/{job.tracking_token}")


def track_missed(page: Page, site: Site) -> None:
    """Nobody came, and nobody has said why."""
    yesterday = BUSINESS.windows[0].on(NOON.date() - DAY)
    page.goto(f"/track/{of(site, Status.BOOKED, window=yesterday).tracking_token}")


def track_waits(page: Page, site: Site) -> None:
    """A request that was to be answered an hour ago."""
    asked = site.now() - timedelta(hours=3)
    page.goto(f"/track/{of(site, Status.PENDING, created_at=asked, history=()).tracking_token}")


def track_changed(page: Page, site: Site) -> None:
    """Another day, and another price than it was."""
    job = site.job(Status.BOOKED, window=BUSINESS.windows[0].on(NOON.date() + DAY))
    there = {"window": BUSINESS.windows[1].on(NOON.date() + 3 * DAY), "price": Decimal(660)}
    edited = job.edited(there, by="dana", at=site.now())
    site.change(job, **there, history=edited.history)
    page.goto(f"/track/{job.tracking_token}")


def reschedule(page: Page, site: Site) -> None:
    page.goto(f"/track/{site.job(Status.READY_FOR_PICKUP).tracking_token}/reschedule")
    page.locator("label:has(:enabled)").first.click()


def reschedule_full(page: Page, site: Site) -> None:
    """409: the window has filled up meanwhile."""
    page.goto(f"/track/{site.job(Status.BOOKED).tracking_token}/reschedule")
    day = page.get_by_role("radio").first.get_attribute("value") or ""
    window = next(each for each in BUSINESS.bookable(site.now()) if day.startswith(f"{each.date}"))
    site.many_jobs(8, window=window, load="full")
    page.locator("label:has(:enabled)").first.click()
    page.get_by_role("button", name="Take this time").click()
    expect(page.get_by_role("alert")).to_be_visible()


def reschedule_errors(page: Page, site: Site) -> None:
    page.goto(f"/track/{site.job(Status.BOOKED).tracking_token}/reschedule")
    page.locator("#times").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Take this time").click()
    expect(page.get_by_role("alert")).to_be_visible()


def message(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.BOOKED).tracking_token}/message")
    page.get_by_label("Your message").fill("The gate is 4411, then the second door on the left.")
    page.get_by_label("This is a gate code").check()


def message_errors(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.BOOKED).tracking_token}/message")
    page.get_by_label("Your message").fill(" ")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()


LETTERS = (
    MessageIn(
        id="m1",
        at=NOON - timedelta(minutes=50),
        text="Could you take the old fence as well? It is by the gate.",
        answer="Yes, gladly: it fits.",
        answered_at=NOON - timedelta(minutes=42),
        answered_by="dana",
    ),
    MessageIn(id="m2", at=NOON - timedelta(minutes=12), text="Gate 4411", gate_code=True),
    MessageIn(id="m3", at=NOON - timedelta(minutes=9), text="And is Saturday possible, too?"),
)


def track_messages(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.BOOKED, messages_in=LETTERS).tracking_token}")


def drawer_messages(page: Page, site: Site) -> None:
    page.goto(f"/dashboard/jobs/{of(site, Status.BOOKED, messages_in=LETTERS).id}")
    page.get_by_label("Answer").last.fill("Saturday is full, I am sorry.")


def receipt(page: Page, site: Site) -> None:
    lines, payments = A_LOAD["price_lines"], A_LOAD["payments"]
    job = of(site, Status.COMPLETED, price_lines=lines, payments=payments)
    page.goto(f"/track/{job.tracking_token}/receipt")


def too_late(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.IN_PROGRESS).tracking_token}/cancel")


# --- the crew ----------------------------------------------------------------------------


def unsent(page: Page, site: Site) -> None:
    """A new job, sent with the token of an earlier session."""
    page.goto("/dashboard/jobs/new")
    page.get_by_label("Name").fill("Grace Kim")
    page.get_by_label("Address").fill("6021 Waverly Ave")
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Put it on the board").click()
    expect(page.get_by_role("heading", name="Not sent yet")).to_be_visible()


def login_error(page: Page, site: Site) -> None:
    page.goto("/dashboard/login/")
    sign_in_as(page, "nobody")
    expect(page.get_by_role("alert")).to_be_visible()


def login_429(page: Page, site: Site) -> None:
    page.goto("/dashboard/login/")
    form = typed(page) | {"username": "nobody", "password": "not the password"}
    for _ in range(10):  # as many as may fail under one name
        page.request.post("/dashboard/login/", form=form)
    sign_in_as(page, "nobody")
    expect(page.get_by_text("too often")).to_be_visible()


def login_503(page: Page, site: Site) -> None:
    """The crew can be read for a little longer than it is there."""
    site.cut_off()
    page.goto("/dashboard/login/")
    sign_in_as(page, "nobody")
    while page.get_by_text("Nobody can sign in").count() == 0:
        page.wait_for_timeout(500)
        sign_in_as(page, "nobody")


def board(page: Page, site: Site) -> None:
    page.goto("/dashboard/")
    expect(page.locator(".card").first).to_be_visible()


def board_offline(page: Page, site: Site) -> None:
    board(page, site)
    go_offline(page)


def board_busy(page: Page, site: Site) -> None:
    """A Friday of two drivers: what needs attention is folded, and so are the cancelled."""
    morning, afternoon = (window.on(NOON.date()) for window in BUSINESS.windows)
    tomorrow = BUSINESS.windows[0].on(NOON.date() + timedelta(days=1))
    ana, asked = Crew(driver="ana"), NOON - timedelta(hours=3)
    failed(site)
    site.job(customer_name="Rosa Delgado", window=morning, crew=ana)
    site.job(customer_name="St. Brigid’s Parish", window=afternoon)
    site.job(Status.COMPLETED, customer_name="Kofi Mensah", window=morning, finished_at=NOON)
    said = (MessageIn(at=NOON, text="Could you take the old fence as well? It is by the gate."),)
    site.job(customer_name="Bea Lindqvist", window=tomorrow, crew=ana, messages_in=said)
    quote = Quote(amount=Decimal(450), answer="accepted", answered_at=NOON)
    site.job(customer_name="Mirov & Sons", window=tomorrow, crew=ana, quote=quote)
    site.job(customer_name="Jun Tanaka", window=tomorrow, crew=ana, quote=Quote())
    site.job(customer_name="Ida Falk", window=tomorrow, messages=(Message(state="failed"),))
    site.many_jobs(2, window=tomorrow, crew=JOELS)
    site.many_jobs(3, status=Status.PENDING, window=tomorrow, created_at=asked)
    board(page, site)


def board_unfolded(page: Page, site: Site) -> None:
    board_busy(page, site)
    page.locator(".fold summary").click()
    page.locator(".attention summary").click()
    page.locator(".pick summary").first.click()


def card_touched(touch: Callable[[Locator], None], page: Page, site: Site) -> None:
    board(page, site)
    touch(card(page, of(site, Status.BOOKED)).get_by_role("link", name="Drawer"))


def card_focused(page: Page, site: Site) -> None:
    board(page, site)
    page.keyboard.press("Tab")
    card(page, of(site, Status.BOOKED)).focus()


def moved(page: Page, site: Site) -> None:
    """The toast of a move, with its undo."""
    board(page, site)
    job = of(site, Status.BOOKED)
    card(page, job).get_by_role("button", name="In Progress").click()
    expect(page.locator("#undo button")).to_be_visible()


def drawer(page: Page, site: Site) -> None:
    note = Note(at=site.now() - timedelta(minutes=50), by="ana", text="Bring the piano straps.")
    notes = {"email": "shop@example.com", "notes": (note,)}
    job = expected(site, Status.READY_FOR_PICKUP, **notes, **A_LOAD)
    page.goto("/dashboard/")
    open_drawer(page, job)
    expect(page.locator("#drawer h2")).to_be_visible()


def drawer_wide_open(page: Page, site: Site) -> None:
    drawer(page, site)
    open_all(page)


def drawer_stopped(page: Page, site: Site) -> None:
    """They agreed to texts, and want no e-mail any more."""
    unsubscribed(page, site)
    said = Consent(at=NOON, by="dana", words="They said to us that we may send them text messages.")
    them = {"email": STOPPED, "phone": "+16195550142", "consent": {"sms": said}}
    job = of(site, Status.BOOKED, language="es", **them)
    page.goto(f"/dashboard/jobs/{job.id}")
    page.locator(".edit-form summary").click()
    expect(page.get_by_text("They have said stop")).to_be_visible()


def drawer_errors(page: Page, site: Site) -> None:
    drawer(page, site)
    form = page.locator(".edit-form")
    form.locator("summary").click()
    form.get_by_label("Phone").fill("12")
    form.get_by_label("Date").fill("2030-01-01")
    form.get_by_label("Window").select_option(index=0)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".error").first).to_be_visible()


def drawer_page(page: Page, site: Site) -> None:
    job = expected(site, Status.READY_FOR_PICKUP)
    page.goto(f"/dashboard/jobs/{job.id}")
    open_all(page)


def with_photos(site: Site) -> Job:
    job = of(site, Status.IN_PROGRESS, crew=JOELS)
    for kind in (Kind.BEFORE, Kind.AFTER, Kind.PROBLEM):
        job = site.photo(job, jpeg(1600, 1200), kind)
    return job


def drawer_photos(page: Page, site: Site) -> None:
    """Some are there, and another is chosen."""
    page.goto(f"/dashboard/jobs/{with_photos(site).id}")
    page.locator("details.photos summary").click()
    chosen = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    page.get_by_label("Take or choose photos").set_input_files([chosen])
    expect(page.locator(".previews img")).to_have_count(1)


def track_photos(page: Page, site: Site) -> None:
    page.goto(f"/track/{with_photos(site).tracking_token}")
    expect(page.locator(".album img")).to_have_count(2)


def drawer_503(page: Page, site: Site) -> None:
    """A note that may not have arrived is still there."""
    drawer(page, site)
    page.get_by_label("Note for the crew").fill("The gate sticks; push.")
    site.cut_off()
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#drawer .refused").first).to_be_visible()


def somebody_was_faster(page: Page, site: Site) -> None:
    """409: the card as it is now."""
    job = of(site, Status.BOOKED)
    page.goto("/dashboard/")
    open_drawer(page, job)
    site.change(job, status=Status.IN_PROGRESS)
    page.locator("#drawer").get_by_role("button", name="Start").click()
    expect(page.locator("#drawer .fresh")).to_be_visible()


def why(page: Page, site: Site) -> None:
    """A move back asks for the reason."""
    page.goto("/dashboard/")
    card(page, of(site, Status.READY_FOR_PICKUP, crew=JOELS)).press("Shift+ArrowLeft")
    expect(page.locator("#why")).to_be_visible()


def new_job_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/jobs/new")
    page.get_by_label("Phone").fill("12")
    page.get_by_label("Date").fill("2030-01-01")
    page.locator("main form").evaluate("it => { it.noValidate = true }")
    page.get_by_role("button", name="Put it on the board").click()
    expect(page.locator(".error").first).to_be_visible()


def account_calendar(page: Page, site: Site) -> None:
    """The link of one's calendar, shown this once."""
    page.goto("/dashboard/account/")
    page.get_by_role("button", name="calendar link").click()
    expect(page.get_by_text("it is shown this once")).to_be_visible()


def account_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/account/")
    page.get_by_label("New password").fill("short")
    page.locator("main form").first.evaluate("it => { it.noValidate = true }")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator(".error").first).to_be_visible()


def new_member_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/crew/new")
    page.get_by_role("button", name="Add them").click()
    expect(page.locator(".error").first).to_be_visible()


def flood(page: Page, site: Site) -> None:
    """One sender, many requests nobody has looked at."""
    many_requests(site)
    page.goto("/dashboard/")
    expect(page.get_by_text("One sender has sent a lot")).to_be_visible()


def history(page: Page, site: Site) -> None:
    of(site, Status.CANCELLED, customer_name="דנה לוי", location="שדרות רוטשילד 1\nSan Diego")
    page.goto("/dashboard/history/")
    while page.get_by_text("דנה").count() == 0:  # the server has not looked again yet
        page.wait_for_timeout(200)
        page.reload()
    page.locator(".found details").first.locator("summary").click()


def numbers(page: Page, site: Site) -> None:
    """Three weeks of work, with its cash; one visit came to nothing."""
    loads = [(load.name, load.price) for load in BUSINESS.loads]
    for ago in range(20):
        driver, (load, price) = ("joel", "ana", "joel")[ago % 3], loads[ago % 3]
        finished, window = site.now() - timedelta(days=ago), BUSINESS.windows[ago % 2]
        cash = Payment(id="cash", amount=price, method="cash", at=finished, by=driver)
        steps = (Status.PENDING, Status.BOOKED, Status.IN_PROGRESS, Status.COMPLETED)
        times = [finished - timedelta(hours=each) for each in (30 + ago, 25, 1 + ago / 20, 0)]
        history = [
            Event(at=at, by="dana", from_=before, to=to)
            for before, to, at in zip(steps[:-1], steps[1:], times[1:], strict=True)
        ]
        site.job(
            Status.COMPLETED,
            finished_at=finished,
            created_at=times[0],
            crew=Crew(driver=driver),
            load=load,
            price=price,
            window=window.on(finished.date()),
            history=tuple(history),
            payments=(cash,) if ago % 2 else (),
        )
    page.goto("/dashboard/numbers/")
    expect(page.locator(".chart").first).to_be_visible()


def requests(page: Page, site: Site) -> None:
    many_requests(site)
    page.goto("/dashboard/requests/")
    expect(page.get_by_text("requests from one sender")).to_be_visible()


def requests_told(page: Page, site: Site) -> None:
    """Of three that are confirmed together one has been taken back meanwhile, one has no room."""
    site.job(Status.PENDING, customer_name="Ruth Valdez", **A_LOAD)
    gone = of(site, Status.PENDING)
    morning = {"window": BUSINESS.windows[0].on(BUSINESS.today(site.now()) + timedelta(days=1))}
    site.many_jobs(8, status=Status.BOOKED, **morning)
    site.job(Status.PENDING, customer_name="Omar Haddad", **morning)
    page.goto("/dashboard/requests/")
    for box in page.locator("[form=several]").all():
        box.check()
    site.change(gone, status=Status.CANCELLED)
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".told")).to_be_visible()


def board_ticked(page: Page, site: Site) -> None:
    board(page, site)
    for status in (Status.BOOKED, Status.READY_FOR_PICKUP):
        card(page, of(site, status)).locator(".tick input").check()
    page.locator("#several").get_by_text("Assign…").click()


def schedule_ticked(page: Page, site: Site) -> None:
    """Where the ticked job may go; one driver has more than they can do."""
    many = {"status": Status.BOOKED, "window": BUSINESS.windows[0].on(NOON.date() + DAY)}
    site.many_jobs(9, **many, crew=JOELS)
    page.goto("/dashboard/schedule/")
    page.locator(".stop input").first.check()
    expect(page.locator(".here").first).to_be_visible()


def schedule_refused(page: Page, site: Site) -> None:
    schedule_ticked(page, site)
    full = page.locator('.slot[data-to$="morning joel"]:has(.excess) .here')
    full.click()
    expect(page.get_by_role("button", name="Do it all the same")).to_be_focused()


def cover(page: Page, site: Site) -> None:
    """Joel is sick; the roster is as it was afterwards."""
    page.goto("/dashboard/crew/joel/")
    page.get_by_role("button", name="Sick today").click()
    expect(page.get_by_role("button", name="Give them to these")).to_be_visible()
    page.request.post(
        "/dashboard/crew/joel/days",
        form={"from": f"{NOON:%Y-%m-%d}", "to": f"{NOON:%Y-%m-%d}", "set": "back"}
        | {"csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value()},
    )


def settings_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/settings/")
    page.get_by_label("Full load").fill("much")
    page.get_by_role("button", name="Save the prices").click()
    expect(page.locator(".error").first).to_be_visible()


def known_caller(page: Page, site: Site) -> None:
    site.job(customer_name="Nancy Ortega", location="3055 Juniper St", phone="+16195550142")
    page.goto("/dashboard/jobs/new")
    page.get_by_label("Phone").fill("619-555-0142")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("button", name="Nancy Ortega")).to_be_visible()


def many_requests(site: Site) -> None:
    for number in range(11):
        site.job(
            Status.PENDING,
            customer_name=f"Asdf {number}",
            location="Nowhere 1",
            history=(Event(at=site.now(), by=CUSTOMER, what="created"),),
            request=Request(key=f"junk{number}", digest="", source="one sender"),
        )


def import_looked_at(rows: str, page: Page, site: Site) -> None:
    page.goto("/dashboard/import/")
    file: Any = {"name": "jobs.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("heading", name="Import: look at it first")).to_be_visible()


def stop(site: Site, status: Status = Status.BOOKED, **fields: Any) -> Job:
    """One more of Joel's of this afternoon, of which everything is said."""
    window = BUSINESS.windows[1].on(BUSINESS.today(NOON))
    known = {"customer_name": "Lucia Ferrer", "location": "4410 Texas St #3", "load": "half"}
    given = {**A_LOAD, **known, "window": window, "crew": JOELS, **fields}
    return site.job(status, **given)


def day(page: Page, site: Site, status: Status = Status.BOOKED, **fields: Any) -> Locator:
    """The large stop."""
    job = stop(site, status, **fields)
    page.goto(f"/dashboard/day/?at={job.id}")
    expect(page.locator(".stop.large h2")).to_have_text(job.customer_name)
    return page.locator(".stop.large")


def day_tapped(name: str, page: Page, site: Site) -> None:
    """What the buttons do that are pressed one after the other."""
    large = day(page, site)
    for each in name.split(" > "):
        large.get_by_role("button", name=each).click()


def day_on_the_way(page: Page, site: Site) -> None:
    soon = NOON + timedelta(minutes=30)
    day(
        page, site, on_my_way=OnMyWay(at=NOON, by="joel"), eta=Eta(at=soon, said_at=NOON, by="joel")
    )


def day_finished(page: Page, site: Site) -> None:
    large = day(page, site, Status.IN_PROGRESS)
    large.get_by_role("button", name="Finish").click()
    expect(large.get_by_role("link", name="Next stop")).to_be_visible()


def day_unfolded(page: Page, site: Site) -> None:
    stop(site, Status.CANCELLED, finished_at=NOON)
    day(page, site)
    open_all(page)


def day_changed(page: Page, site: Site) -> None:
    day(page, site)
    stop(site, customer_name="Mark Soderblom-Featherstonehaugh")
    page.clock.fast_forward(11_000)
    expect(page.get_by_role("button", name="Show it")).to_be_visible(timeout=60_000)


def day_offline(page: Page, site: Site) -> None:
    """With a tap that waits."""
    large = day(page, site)
    page.context.set_offline(True)
    large.get_by_role("button", name="Start").click()
    expect(page.locator("#reception")).to_contain_text("No reception")
    expect(page.locator("#reception")).to_contain_text("1 waiting")


def day_needs(page: Page, site: Site) -> None:
    """Others were faster: both sides are shown, and three ways out."""
    large = day(page, site)
    (job,) = [job for job in site.all_jobs() if job.id == large.get_attribute("data-id")]
    site.change(job, status=Status.CANCELLED, finished_at=NOON)
    large.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="1 needs you").click()
    expect(page.get_by_role("button", name="Send it on top")).to_be_visible()


def day_left(page: Page, site: Site) -> None:
    """Signing out while something waits."""
    day_offline(page, site)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_visible()


def day_slip(page: Page, site: Site) -> None:
    """A time that is over is asked about."""
    large = day(page, site)
    large.get_by_role("button", name="Time…").click()
    large.get_by_label("Expected at").fill("02:45")
    large.get_by_role("button", name="On my way, there then").click()
    page.get_by_role("button", name="1 needs you").click()
    expect(page.get_by_text("Do you mean")).to_be_visible()


CUSTOMERS = [
    State("home", "", at("/")),
    State("privacy", "", at("/privacy/")),
    State("lost-link", "", at("/lost-link/")),
    State("lost-link-asked", "", partial(link_asked, "ida@example.com", "its link is on its way")),
    State("lost-link-errors", "", partial(link_asked, "555 0142", "Please add the area code.")),
    State("book", "", at("/book/")),
    State("book-spanish", "", at("/book/?language=es")),
    State("book-spanish-errors", "", book_spanish_errors),
    State("home-spanish", "", at("/?language=es")),
    State("book-errors", "", book_errors),
    State("book-counted", "", book_counted),
    State("book-wrong", "", book_wrong),
    State("book-photos", "", partial(book_photos, 3, "")),
    State("book-30-photos", "", partial(book_photos, 30, "At most 6 photos fit.")),
    State("book-again", "", book_again),
    State("book-another-business", "", at_another_business),
    State("book-choice-hover", "", partial(choice_touched, hover)),
    State("book-choice-focus", "", choice_focused),
    State("book-hover", "", partial(book_touched, hover)),
    State("book-pressed", "", partial(book_touched, press)),
    State("book-busy", "", book_busy),
    State("book-503", "", book_503),
    State("book-full", "", book_full),
    State("book-crowded", "", partial(book_refused, 11, "More requests have come in")),
    State("book-429", "", partial(book_refused, 61, "A lot of bookings")),
    State("too-large", "", too_much),
    State("book-already", "", booked_already),
    *(State(f"track-{status}", "", partial(track, status)) for status in Status),
    State("track-spanish-switch", "", partial(in_spanish, Status.BOOKED)),
    State("track-spanish-ready", "", partial(in_spanish, Status.READY_FOR_PICKUP, language="es")),
    State("track-spanish-done", "", partial(in_spanish, Status.COMPLETED, language="es")),
    State("track-on-the-way", "", on_the_way),
    State("track-offline", "", track_offline),
    State("track-old", "", track_old),
    State("track-lost-photos", "", photos_lost),
    State("track-photos", "", track_photos),
    State("track-undo", "", track_undo),
    State("track-print", "", printed(on_the_way)),
    State("track-ask-cancel", "", partial(ask, "cancel")),
    State("track-ask-ready", "", partial(ask, "ready")),
    State("track-price", "", track_price),
    State("track-ask-price", "", ask_price),
    State("track-price-503", "", price_503),
    State("track-price-409", "", price_gone),
    State("track-price-agreed", "", track_agreed),
    State("track-could-not", "", could_not),
    State("track-late", "", track_late),
    State("track-missed", "", track_missed),
    State("track-waits", "", track_waits),
    State("track-changed", "", track_changed),
    State("track-messages", "", track_messages),
    State("track-reschedule", "", reschedule),
    State("track-reschedule-full", "", reschedule_full),
    State("track-reschedule-errors", "", reschedule_errors),
    State("track-message", "", message),
    State("track-message-errors", "", message_errors),
    State("track-receipt", "", receipt),
    State("track-receipt-print", "", printed(receipt)),
    State("track-cancel-503", "", cancel_503),
    State("track-one-moment", "", one_moment),
    State("track-too-late", "", too_late),
    State("track-429", "", guessed),
    State("unsubscribe", "", unsubscribe),
    State("unsubscribe-done", "", unsubscribed),
    State("track-not-found", "", at("/track/no-such-link-0000")),
    State("not-found", "", at("/nothing-here")),
    State("server-error", "", at(BROKEN)),
    State("api-docs", "", at("/api/docs")),
]
CREW = [
    State("login", "", at("/dashboard/login/")),
    State("login-error", "", login_error),
    State("login-429", "", login_429),
    State("login-503", "", login_503),
    State("not-allowed", "vic", at("/dashboard/jobs/new")),
    State("board", "dana", board),
    State("unsent", "dana", unsent),
    State("board-busy", "dana", board_busy),
    State("board-unfolded", "dana", board_unfolded),
    State("board-crew", "joel", board),
    State("board-viewer", "vic", board),
    State("board-empty", "dana", at("/dashboard/?q=nobody+at+all")),
    State("board-offline", "dana", board_offline),
    State("board-old", "dana", cut_off(board, "The storage is out of reach")),
    State("board-hover", "dana", partial(card_touched, hover)),
    State("board-focus", "dana", card_focused),
    State("board-pressed", "dana", partial(card_touched, press)),
    State("board-print", "dana", printed(board)),
    State("board-moved", "dana", moved),
    State("board-day", "dana", at("/dashboard/?date=2026-05-22")),
    State("day", "joel", day),
    State("day-on-the-way", "joel", day_on_the_way),
    State("day-finished", "joel", day_finished),
    State("day-unfolded", "joel", day_unfolded),
    State("day-time", "joel", partial(day_tapped, "Time…")),
    State("day-more", "joel", partial(day_tapped, "More")),
    State("day-could-not", "joel", partial(day_tapped, "More > Could not do it…")),
    State("day-note", "joel", partial(day_tapped, "More > Note…")),
    State("day-changed", "joel", day_changed),
    State("day-offline", "joel", day_offline),
    State("day-needs", "joel", day_needs),
    State("day-left", "joel", day_left),
    State("day-old", "joel", cut_off(at("/dashboard/day/"), "The storage is out of reach")),
    State("day-slip", "joel", day_slip),
    State("day-spanish", "joel", at("/dashboard/day/?language=es")),
    State("day-empty", "joel", at("/dashboard/day/?date=2026-06-30")),
    State("day-whose", "dana", at("/dashboard/day/")),
    State("day-dispatcher", "dana", at("/dashboard/day/?member=joel")),
    State("day-viewer", "vic", at("/dashboard/day/?member=joel")),
    State("history", "dana", history),
    State("history-crew", "joel", at("/dashboard/history/")),
    State("history-errors", "dana", at("/dashboard/history/?from=2024-01-01&to=2026-05-22&crew=x")),
    State("drawer", "dana", drawer),
    State("drawer-crew", "joel", drawer_wide_open),
    State("drawer-messages", "dana", drawer_messages),
    State("drawer-wide-open", "dana", drawer_wide_open),
    State("drawer-stopped", "dana", drawer_stopped),
    State("drawer-errors", "dana", drawer_errors),
    State("drawer-photos", "joel", drawer_photos),
    State("drawer-503", "dana", drawer_503),
    State("drawer-page", "dana", drawer_page),
    State("drawer-print", "dana", printed(drawer_page)),
    State("drawer-409", "dana", somebody_was_faster),
    State("drawer-price", "joel", drawer_price),
    State("drawer-price-errors", "joel", drawer_price_errors),
    State("drawer-pay", "dana", drawer_pay),
    State("why", "dana", why),
    State("why-crew", "joel", why),
    State("new-job", "dana", at("/dashboard/jobs/new")),
    State("new-job-errors", "dana", new_job_errors),
    State("new-job-known", "dana", known_caller),
    State("schedule", "dana", at("/dashboard/schedule/")),
    State("schedule-crew", "joel", at("/dashboard/schedule/")),
    State("schedule-ticked", "dana", schedule_ticked),
    State("schedule-refused", "dana", schedule_refused),
    State("schedule-print", "dana", printed(at("/dashboard/schedule/"))),
    State("cover", "dana", cover),
    State("settings", "dana", at("/dashboard/settings/")),
    State("settings-errors", "dana", settings_errors),
    State("account", "joel", at("/dashboard/account/")),
    State("account-errors", "joel", account_errors),
    State("account-calendar", "ana", account_calendar),
    State("board-flood", "dana", flood),
    State("crew", "dana", at("/dashboard/crew/")),
    State("crew-member", "dana", at("/dashboard/crew/joel/")),
    State("crew-new", "dana", at("/dashboard/crew/new")),
    State("crew-new-errors", "dana", new_member_errors),
    State("import", "dana", at("/dashboard/import/")),
    State("import-errors", "dana", at("/dashboard/export.csv?from=2026-06-01&to=2026-05-01")),
    State("import-preview", "dana", partial(import_looked_at, ROWS)),
    State("import-question", "dana", partial(import_looked_at, TWO_WAYS)),
    State("sheet-day", "dana", at("/dashboard/day/sheet")),
    State("sheet-day-print", "dana", printed(at("/dashboard/day/sheet"))),
    State("requests", "dana", requests),
    State("requests-told", "dana", requests_told),
    State("board-ticked", "dana", board_ticked),
    State("requests-none", "dana", at("/dashboard/requests/")),
    State("numbers", "dana", numbers),
    State("numbers-print", "dana", printed(numbers)),
    State("numbers-errors", "dana", at("/dashboard/numbers/?from=2024-01-01&to=2026-05-22")),
    State("sign-out", "dana", at("/dashboard/logout/")),
    State("no-such-job", "dana", at("/dashboard/jobs/nothing00")),
    State("not-allowed", "joel", at("/dashboard/jobs/new")),
]
STATES = [*CUSTOMERS, *CREW]
