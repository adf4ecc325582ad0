"""A price agreed on site, and payments, on the crew's pages and on the customer's."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec import UNSET
from msgspec.structs import replace

from dispatch import jobs as actions
from dispatch.domain.job import Crew, Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment, PriceLine, Quote
from dispatch.stores.archiver import Archiver
from tests.making import BUSINESS, DANA, JOEL, NOON, TOKEN, FakeClock, make_job, unavailable
from tests.stores.troubled import InMemory, elsewhere, gone
from tests.web.api import Program
from tests.web.pages import sent_back, text, words

ID, DRAWER, PAGE = "jXkL9m2pQ", "/dashboard/jobs/jXkL9m2pQ", f"/track/{TOKEN}"
QUOTE, PAY = f"{DRAWER}/quote", f"{DRAWER}/pay"
FIRST, SECOND = "first-offer", "second-offer"
SCRIPT = {"Accept": "application/json", "X-Requested-With": "fetch"}
OFFER = {"id": FIRST, "label": ["Half load", "Hot tub"], "amount": ["320", "90"]}
YES = {"id": FIRST, "answer": "accepted", "name": "Mark S."}
NO = {"id": FIRST, "answer": "declined"}
CASH = {"amount": "100", "method": "cash"}
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def mark(jobs: InMemory) -> None:
    put(jobs)


def put(jobs: InMemory, **fields: Any) -> None:
    known = {"status": Status.BOOKED, "load": "half", "price": Decimal(320), **fields}
    job = make_job(**{"crew": Crew(driver="joel"), **known})
    jobs.change(lambda book: JobBook(revision=book.revision).put(job))


def the_job(jobs: InMemory) -> Job:
    return jobs.read().job(ID)


def quote_of(jobs: InMemory) -> Any:
    return the_job(jobs).quote


def whats(jobs: InMemory) -> list[Any]:
    return [event.what for event in the_job(jobs).history]


# --- offers and answers on the driver's phone --------------------------------------------


def test_an_offer_waits_and_a_yes_on_the_drivers_phone_makes_it_the_price(
    joel: Client, jobs: InMemory
) -> None:
    said = joel.post(QUOTE, OFFER, headers={"X-Requested-With": "fetch"})
    assert "Offered $410. It holds once the customer says yes." in words(said)
    assert the_job(jobs).price == 320
    page = joel.get(DRAWER)
    assert "A new price for Mark $410 so far: $320 Half load $320 Hot tub $90" in words(page)
    done = joel.post(QUOTE, YES, headers={"X-Requested-With": "fetch"})
    assert "They said yes: the price is $410." in words(done)
    assert "Mark S. said yes to $410, May 22, 12:00 PM" in words(done)
    lines = (PriceLine("Half load", Decimal(320)), PriceLine("Hot tub", Decimal(90)))
    assert [the_job(jobs).price, the_job(jobs).price_lines] == [410, lines]
    assert (quote_of(jobs).answered_by, quote_of(jobs).answered_name) == ("joel", "Mark S.")


def test_a_no_leaves_the_price(joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER)
    done = joel.post(QUOTE, NO, headers={"X-Requested-With": "fetch"})
    assert "They said no: the price stays as it was, $320." in words(done)
    assert "The customer" not in words(done).partition("History")[0]
    assert [the_job(jobs).price, quote_of(jobs).answer] == [320, "declined"]


def test_a_yes_on_the_drivers_phone_needs_the_customers_name(joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER)
    for name in ("", "  ", "x" * 121, "\x00"):
        assert joel.post(QUOTE, YES | {"name": name}).status_code == 422
    assert quote_of(jobs).waits
    assert joel.post(QUOTE, {**NO, "answer": "maybe"}).status_code == 422


@pytest.mark.parametrize("fields", [{"id": SECOND}, {"id": ""}, {"id": "none of ours"}])
def test_a_yes_to_a_price_that_does_not_wait_is_told_the_one_that_does(
    joel: Client, jobs: InMemory, fields: dict[str, str]
) -> None:
    joel.post(QUOTE, OFFER)
    before = jobs.read().revision
    answer = joel.post(QUOTE, YES | fields, headers=SCRIPT)
    assert answer.status_code == 409
    told = "That price is no longer the one on offer: now it is $410."
    assert answer.json() == {"status": "booked", "version": 2, "said": told, "may_insist": False}
    assert jobs.read().revision == before


def test_an_offer_that_was_replaced_cannot_be_agreed_any_more(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    joel.post(QUOTE, OFFER | {"id": SECOND, "amount": ["320", "120"]})
    for answer in (joel.post(QUOTE, YES), client.post(f"{PAGE}/quote", YES)):
        assert answer.status_code == 409
        assert "now it is $440" in words(answer)
    assert the_job(jobs).price == 320
    joel.post(QUOTE, YES | {"id": SECOND})
    assert the_job(jobs).price == 440


def test_an_offer_is_taken_back(client: Client, joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER)
    assert joel.post(QUOTE, {"id": SECOND, "do": "withdraw"}).status_code == 409
    assert joel.post(QUOTE, {"id": FIRST, "do": "withdraw"}).status_code == 303
    assert (quote_of(jobs), whats(jobs)) == (None, ["quoted", "quote_withdrawn"])
    answer = client.post(f"{PAGE}/quote", YES)
    assert answer.status_code == 409
    assert "no longer on offer: the price is $320" in words(answer)


def test_an_edited_price_is_not_overwritten_by_a_yes_to_an_older_offer(
    client: Client, joel: Client, dana: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    assert dana.post(f"{DRAWER}/edit", {"price": "300", "version": "2"}).status_code == 303
    for answer in (joel.post(QUOTE, YES), client.post(f"{PAGE}/quote", YES)):
        assert answer.status_code == 409
        assert "the price is $300" in words(answer)
    assert the_job(jobs).price == 300


def test_an_edit_of_a_price_that_a_yes_has_changed_since_is_told_so(
    joel: Client, dana: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    joel.post(QUOTE, YES)
    edit = dana.post(f"{DRAWER}/edit", {"price": "300", "version": "2"})
    assert edit.status_code == 409
    assert "Joel has changed the price to $410 since you looked." in words(edit)
    assert the_job(jobs).price == 410


def test_who_agreed_to_what_and_when_is_told_in_the_history(
    client: Client, joel: Client, jobs: InMemory, clock: FakeClock
) -> None:
    joel.post(QUOTE, OFFER)
    clock.tick(60)
    joel.post(QUOTE, YES)
    joel.post(QUOTE, OFFER | {"id": SECOND, "label": "All of it", "amount": "500"})
    client.post(f"{PAGE}/quote", {"id": SECOND, "answer": "declined"})
    past = words(joel.get(DRAWER)).partition("History ")[2]
    lines = "parts of the price nothing → Half load $320 + Hot tub $90"
    assert f"Offered a new price: price $320 → $410, {lines} Joel, May 22, 12:00 PM" in past
    yes = f"The customer said yes to a new price: price $320 → $410, {lines} (Mark S.)"
    assert f"{yes} Joel, May 22, 12:01 PM" in past
    assert "The customer said no to a new price: price $410 → $500" in past


def test_what_is_typed_wrong_is_told_with_its_line_and_kept(joel: Client, jobs: InMemory) -> None:
    typed = OFFER | {"amount": ["320", "many"], "item-mattress": "2"}
    answer = joel.post(QUOTE, typed)
    assert answer.status_code == 422
    assert "Hot tub: That is no amount of money." in words(answer)
    again = sent_back(answer, QUOTE)
    assert (again["label"], again["amount"]) == (typed["label"], typed["amount"])
    assert (again["item-mattress"], again["id"][0]) == (["2"], FIRST)
    assert quote_of(jobs) is UNSET
    for wrong, told in (
        ({"label": "", "amount": "90"}, "Give at least one line."),
        ({"label": ["Half load", ""], "amount": ["320", "90"]}, "2: Say what it is for."),
        ({"item-mattress": "many"}, "Mattress: It must be from 1 to 99."),
        ({"amount": ["20", "-90"]}, "Their sum must be from 0 to 99,999."),
        ({"id": "short"}, "The offer needs an id"),
    ):
        refused = joel.post(QUOTE, OFFER | wrong, headers=SCRIPT)
        assert refused.status_code == 422
        assert told in refused.json()["said"]


def test_two_pages_of_one_day_never_offer_under_one_id(joel: Client, jobs: InMemory) -> None:
    """On the second, a yes to the first one's price would be taken for one to its own."""
    put(jobs, window=BUSINESS.windows[0].on(BUSINESS.today(NOON)))
    first, second = (sent_back(joel.get("/dashboard/day/"), QUOTE)["id"] for _ in range(2))
    assert first != second


def test_items_of_the_business_become_lines(joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER | {"item-mattress": "2", "item-fridge": "", "item-hot_tub": "0"})
    assert [(line.label, int(line.amount)) for line in quote_of(jobs).lines] == [
        *(("Half load", 320), ("Hot tub", 90), ("2 × Mattress", 80)),
    ]


def test_without_a_script_the_form_as_it_is_shown_offers_the_price_as_it_is(
    joel: Client, jobs: InMemory
) -> None:
    """Each time under an id of its own; the lines that were left empty are none."""
    form = sent_back(joel.get(DRAWER), QUOTE)
    assert form["label"] == ["Half load", "", "", ""]
    form["label"][1], form["amount"][1] = "Stairs", "25.50"
    assert joel.post(QUOTE, form).status_code == 303
    assert (quote_of(jobs).amount, quote_of(jobs).id) == (Decimal("345.50"), form["id"][0])
    other = joel.get(DRAWER).context["money"].offer.id
    assert other not in form["id"]
    done = joel.post(QUOTE, {"id": form["id"][0], "answer": "accepted", "name": "M"}, follow=True)
    assert "They said yes: the price is $345.50." in words(done)
    assert sent_back(done, QUOTE)["label"] == ["Half load", "Stairs", "", "", ""]


def test_an_id_that_was_used_is_no_other_offers_and_the_form_has_a_fresh_one(
    joel: Client, jobs: InMemory
) -> None:
    """Back, changed and sent again: the customer may be looking at the first price."""
    joel.post(QUOTE, OFFER | {"key": "k1"})
    answer = joel.post(QUOTE, OFFER | {"amount": ["320", "9"], "key": "k1"})
    assert answer.status_code == 422
    assert answer.context["money"].offer.id != FIRST
    assert quote_of(jobs).amount == 410


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_of_a_job_that_is_over_no_price_is_agreed(
    client: Client, joel: Client, jobs: InMemory, status: str
) -> None:
    joel.post(QUOTE, OFFER)
    jobs.change(lambda book: book.put(replace(book.job(ID), status=Status(status))))
    sent = [joel.post(QUOTE, fields) for fields in (OFFER | {"id": SECOND}, YES, NO)]
    sent += [client.post(f"{PAGE}/quote", fields) for fields in (YES, NO)]
    assert [answer.status_code for answer in sent] == [422] * 5
    assert "its price stands as it is" in words(sent[-1])
    assert the_job(jobs).price == 320


# --- the customer's own page -------------------------------------------------------------


def test_the_customer_says_yes_on_their_own_page(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    before = client.get(f"{PAGE}/live")
    joel.post(QUOTE, OFFER)
    known = {"If-None-Match": before.headers["ETag"]}
    live = client.get(f"{PAGE}/live", headers=known)
    assert live.status_code == 200
    assert "A new price, if you agree $410 so far: $320 Half load $320 Hot tub $90" in words(live)
    answer = client.post(f"{PAGE}/quote", sent_back(live, f"{PAGE}/quote") | {"answer": "accepted"})
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "You agreed to $410 on May 22, 12:00 PM" in words(page)
    assert "A new price" not in words(page)
    assert [the_job(jobs).price, quote_of(jobs).answered_by] == [410, "customer"]
    assert the_job(jobs).history[-1].by == "customer"


def test_who_says_no_is_asked_first(client: Client, joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER)
    asked = client.get(f"{PAGE}/quote")
    assert "Do you agree to this price?" in words(asked)
    assert quote_of(jobs).waits
    sent = sent_back(asked, "")
    done = client.post(f"{PAGE}/quote", sent | {"answer": "declined"}, follow=True)
    assert "$410 was declined on May 22, 12:00 PM : the price stays as it was." in words(done)
    assert the_job(jobs).price == 320
    assert client.get(f"{PAGE}/quote").status_code == 303


def test_a_yes_on_the_drivers_phone_is_seen_on_the_own_page_with_its_name(
    client: Client, joel: Client
) -> None:
    joel.post(QUOTE, OFFER)
    joel.post(QUOTE, YES)
    page = client.get(PAGE)
    assert "Mark S. agreed to $410 on May 22, 12:00 PM" in words(page)
    assert "joel" not in text(page)


def test_a_yes_said_twice_is_one(client: Client, joel: Client, jobs: InMemory) -> None:
    joel.post(QUOTE, OFFER)
    for _ in range(2):
        assert client.post(f"{PAGE}/quote", YES).status_code == 303
    joel.post(QUOTE, YES)
    assert whats(jobs) == ["quoted", "quote_accepted"]
    assert client.post(f"{PAGE}/quote", NO).status_code == 409


@pytest.mark.parametrize("answer", ["", "maybe", "Accepted"])
def test_what_is_neither_yes_nor_no_is_refused(client: Client, joel: Client, answer: str) -> None:
    joel.post(QUOTE, OFFER)
    refused = client.post(f"{PAGE}/quote", YES | {"answer": answer})
    assert refused.status_code == 422
    assert "Please say yes or no to the price." in words(refused)


def test_in_an_outage_a_yes_is_asked_for_again_and_done_once(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    with unavailable(jobs):
        answer = client.post(f"{PAGE}/quote", YES | {"key": "k1"})
    assert answer.status_code == 503
    assert 'name="key" value="k1"' in text(answer)
    assert "please send it again in a minute" in words(answer)
    client.post(f"{PAGE}/quote", YES | {"key": "k1"})
    assert the_job(jobs).price == 410


def test_a_link_that_is_none_answers_no_price(client: Client) -> None:
    for send in (client.get, client.post):
        assert send("/track/none/quote").status_code == 404


def test_another_sites_page_says_nothing_in_the_customers_name(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(f"{PAGE}/quote", YES, headers=headers).status_code == 403
    assert quote_of(jobs).waits


def test_answers_are_counted_as_a_customers_other_actions(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    for number in range(21):
        joel.post(QUOTE, OFFER | {"id": f"offer-number-{number}"})
        said = client.post(f"{PAGE}/quote", {"id": f"offer-number-{number}", "answer": "declined"})
    assert said.status_code == 429
    assert quote_of(jobs).waits


def test_programs_see_the_price_that_waits(client: Client, joel: Client) -> None:
    joel.post(QUOTE, OFFER)
    own = Program().post("track", {"token": TOKEN}).json()["quote"]
    assert own == {
        "id": FIRST,
        "amount": 410,
        "lines": [{"label": "Half load", "amount": 320}, {"label": "Hot tub", "amount": 90}],
        "at": "2026-05-22T19:00:00Z",
    }


@pytest.mark.parametrize("quote", [{}, {"id": "q1"}, {"id": "q1", "answer": "accepted"}])
def test_a_quote_of_which_others_said_little_is_shown_to_nobody(
    client: Client, dana: Client, jobs: InMemory, quote: dict[str, Any]
) -> None:
    put(jobs, quote=Quote(**quote))
    page, drawer = client.get(PAGE), dana.get(DRAWER)
    assert (page.status_code, drawer.status_code) == (200, 200)
    assert (page.context["job"].quote, page.context["job"].answered) == (None, None)
    assert (drawer.context["money"].waits, drawer.context["money"].answered) == (None, None)


# --- sent twice, late, at once -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields", "prepare"),
    [
        (QUOTE, OFFER, []),
        (QUOTE, YES, [OFFER]),
        (QUOTE, NO, [OFFER]),
        (QUOTE, {"id": FIRST, "do": "withdraw"}, [OFFER]),
        (PAY, CASH, []),
    ],
)
def test_what_is_sent_again_under_its_key_is_done_once(
    joel: Client, jobs: InMemory, path: str, fields: dict[str, Any], prepare: list[Any]
) -> None:
    for first in prepare:
        joel.post(QUOTE, first)
    assert joel.post(path, fields | {"key": "k1"}, headers=SCRIPT).status_code == 200
    before = jobs.read().revision
    assert joel.post(path, fields | {"key": "k1"}, headers=SCRIPT).status_code == 200
    assert jobs.read().revision == before
    joel.post(QUOTE, OFFER | {"id": SECOND})
    assert joel.post(path, fields | {"key": "k1"}, headers=SCRIPT).status_code == 200
    assert jobs.read().revision == before + 1


def test_what_was_tapped_without_reception_is_of_when_it_was_tapped(
    joel: Client, jobs: InMemory
) -> None:
    """The offer and the yes one after the other: the phone knows the offer's id."""
    joel.post(QUOTE, OFFER | {"ago_s": "7200"})
    joel.post(QUOTE, YES | {"ago_s": "7140"})
    joel.post(PAY, CASH | {"ago_s": "7000"})
    job, hours = the_job(jobs), timedelta(hours=2)
    assert (quote_of(jobs).at, quote_of(jobs).answered_at) == (
        *(NOON - hours, NOON - hours + timedelta(minutes=1)),
    )
    assert job.payments[0].at == NOON - timedelta(seconds=7000)
    assert [event.tapped_at for event in job.history] == [
        *(NOON - timedelta(seconds=ago) for ago in (7200, 7140, 7000)),
    ]
    assert {event.at for event in job.history} == {NOON}
    for path, fields in ((QUOTE, OFFER), (PAY, CASH)):
        refused = joel.post(path, fields | {"ago_s": "86401"}, headers=SCRIPT)
        assert refused.status_code == 422


def test_of_a_yes_and_a_new_offer_at_once_one_price_stands(
    client: Client, joel: Client, jobs: InMemory
) -> None:
    """Whichever comes first; the driver offers anew between our reading and our writing."""
    joel.post(QUOTE, OFFER)
    lines = (PriceLine("All of it", Decimal(500)),)
    other = elsewhere(jobs)
    change = actions.offer.change(BUSINESS, ID, SECOND, lines, by=JOEL)
    jobs.store.before_save.append(lambda: other.change_job(ID, change))
    late = client.post(f"{PAGE}/quote", YES)
    assert late.status_code == 409
    assert "now it is $500" in words(late)
    assert [the_job(jobs).price, quote_of(jobs).id] == [320, SECOND]
    assert whats(jobs) == ["quoted", "quoted"]


def test_of_a_new_offer_and_a_yes_at_once_the_yes_holds_and_the_offer_waits(
    joel: Client, jobs: InMemory
) -> None:
    joel.post(QUOTE, OFFER)
    other = elsewhere(jobs)
    change = actions.answer.change(BUSINESS, ID, FIRST, "accepted", by=THE_CUSTOMER)
    jobs.store.before_save.append(lambda: other.change_job(ID, change))
    joel.post(QUOTE, OFFER | {"id": SECOND, "amount": ["320", "180"]})
    assert [the_job(jobs).price, quote_of(jobs).amount] == [410, 500]
    assert whats(jobs) == ["quoted", "quote_accepted", "quoted"]
    changes = the_job(jobs).history[-1].changes
    assert changes
    assert changes["price"] == (410, 500), "the offer is in place of the price that was agreed"


def test_many_at_once_leave_one_price_and_each_payment_once(jobs: InMemory) -> None:
    """Twelve threads, each with a repository of its own, on one store."""
    actions.offer(BUSINESS, ID, FIRST, (PriceLine("All", Decimal(410)),), by=JOEL)
    offers = [
        actions.offer.change(
            BUSINESS, ID, f"offer-{n:04}", (PriceLine("All", Decimal(n)),), by=JOEL
        )
        for n in range(500, 504)
    ]
    answers = [actions.answer.change(BUSINESS, ID, FIRST, "accepted", by=THE_CUSTOMER)] * 4
    pays = [actions.pay.change(BUSINESS, ID, Decimal(20), "cash", by=DANA) for _ in range(4)]

    def run(change: Any) -> None:
        with suppress(*actions.REFUSED):
            elsewhere(jobs).change_job(ID, change)

    threads = [threading.Thread(target=run, args=(each,)) for each in (*answers, *offers, *pays)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job = jobs.refreshed().job(ID)
    yes = [event for event in job.history if event.what == "quote_accepted"]
    assert job.price == (410 if yes else 320)
    assert len(yes) <= 1
    assert [event.what for event in job.history].count("payment") == 4
    assert job.paid
    assert (len(job.payments), len({each.id for each in job.payments})) == (4, 4)
    assert job.paid.amount == 80


# --- payments ----------------------------------------------------------------------------


def test_payments_are_taken_one_after_the_other(joel: Client, jobs: InMemory) -> None:
    assert sent_back(joel.get(DRAWER), PAY)["amount"] == ["320"]
    first = joel.post(PAY, CASH, headers={"X-Requested-With": "fetch"})
    assert "Took $100; $220 is still open." in words(first)
    assert sent_back(first, PAY)["amount"] == ["220"]
    rest = joel.post(PAY, {"amount": "220", "method": "card"}, headers=SCRIPT)
    assert rest.json()["said"] == "Took $220: nothing is open any more."
    job = the_job(jobs)
    assert [(int(each.amount), each.method, each.by) for each in job.payments] == [
        *((100, "cash", "joel"), (220, "card", "joel")),
    ]
    assert job.paid
    assert job.paid.amount == 320
    assert sent_back(joel.get(DRAWER), PAY)["amount"] == [""]
    assert "Took a payment: $100, Cash Joel" in words(joel.get(DRAWER))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": ""}, "Say how much was paid."),
        ({"amount": "0"}, "Say how much was paid."),
        ({"amount": "-5"}, "It must be from 0 to 99,999."),
        ({"amount": "much"}, "That is no amount of money."),
        ({"amount": "1.234"}, "It has more than two decimals."),
        ({"method": ""}, "Choose how it was paid."),
        ({"method": "barter"}, "Choose how it was paid."),
    ],
)
def test_what_is_no_payment_is_told_and_kept(
    joel: Client, jobs: InMemory, fields: dict[str, str], told: str
) -> None:
    answer = joel.post(PAY, CASH | fields)
    assert answer.status_code == 422
    assert told in words(answer)
    assert sent_back(answer, PAY)["amount"] == [(CASH | fields)["amount"]]
    assert the_job(jobs).payments == ()


def test_more_than_is_open_is_taken_once_somebody_insists(joel: Client, jobs: InMemory) -> None:
    tip = {"amount": "350", "method": "cash", "key": "k1"}
    asked = joel.post(PAY, tip, headers=SCRIPT)
    assert (asked.status_code, asked.json()["may_insist"]) == (409, True)
    assert asked.json()["said"] == "Only $320 is open. Is all of it to be taken?"
    assert the_job(jobs).payments == ()
    page = joel.post(PAY, tip)
    assert "Do it all the same" in words(page)
    assert joel.post(PAY, tip | {"insist": "1"}).status_code == 303
    assert [int(each.amount) for each in the_job(jobs).payments] == [350]
    put(jobs, price=UNSET)
    assert "No price is agreed yet" in joel.post(PAY, tip, headers=SCRIPT).json()["said"]


def test_a_dispatcher_takes_a_payment_back_and_says_why(
    joel: Client, dana: Client, jobs: InMemory
) -> None:
    joel.post(PAY, CASH)
    (payment,) = the_job(jobs).payments
    back = {"reverse": payment.id, "reason": "wrong job"}
    assert joel.post(PAY, back).status_code == 403
    assert "Take it back…" not in words(joel.get(DRAWER)).partition("Payments")[2]
    assert dana.post(PAY, back | {"reason": " "}).status_code == 422
    assert not the_job(jobs).payments[0].reversed
    assert dana.post(PAY, back).status_code == 303
    assert (the_job(jobs).paid, the_job(jobs).open_amount) == (None, Decimal(320))
    assert whats(jobs) == ["payment", "payment_reversed"]
    page = words(dana.get(DRAWER))
    assert "Cash (Joel, 12:00 PM), taken back" in page
    assert "Took a payment back: $100, Cash (wrong job) Dana" in page
    again = dana.post(PAY, back)
    assert again.status_code == 409
    assert "Dana has changed the payments since you looked." in words(again)
    assert dana.post(PAY, back | {"reverse": "none"}).status_code == 422


def test_an_old_sum_is_not_lost_with_the_next_payment(joel: Client, jobs: InMemory) -> None:
    put(jobs, paid=Paid(amount=Decimal(200), method="cash", at=NOON, by="ana"))
    joel.post(PAY, CASH)
    assert [int(each.amount) for each in the_job(jobs).payments] == [200, 100]
    assert the_job(jobs).open_amount == 20


@pytest.mark.parametrize("status", [*Status])
def test_payments_are_taken_whatever_became_of_the_job(
    joel: Client, jobs: InMemory, status: Status
) -> None:
    put(jobs, status=status)
    assert joel.post(PAY, CASH).status_code == 303
    assert len(the_job(jobs).payments) == 1


def test_of_an_archived_job_payments_are_taken_and_taken_back_where_it_lies(
    joel: Client, dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    move = Event(at=NOON, by="joel", from_=Status.IN_PROGRESS, to=Status.COMPLETED)
    put(jobs, status=Status.COMPLETED, history=(move,), finished_at=NOON)
    clock.tick(4 * DAY)
    Archiver(jobs).archive(BUSINESS.today(clock.now()))
    assert joel.post(PAY, CASH | {"ago_s": str(DAY)}).status_code == 303
    assert [each.id for each in jobs.refreshed().jobs] == []
    archived = jobs.archived(ID)
    assert archived.payments[0].at == NOON + timedelta(days=3)
    assert "$220" in words(dana.get(DRAWER))
    dana.post(PAY, {"reverse": archived.payments[0].id, "reason": "bounced"})
    assert jobs.archived(ID).payments[0].reversed
    assert joel.post(QUOTE, OFFER).status_code == 422


# --- who may -----------------------------------------------------------------------------


@pytest.fixture
def discreet() -> Iterator[None]:
    with override_settings(BUSINESSES=(replace(BUSINESS, crew_see_prices=False),)):
        yield


@pytest.mark.usefixtures("discreet")
def test_where_the_crew_see_no_prices_dispatchers_agree_them(
    client: Client, joel: Client, dana: Client, jobs: InMemory
) -> None:
    for path, fields in ((QUOTE, OFFER), (QUOTE, YES), (PAY, CASH)):
        assert joel.post(path, fields).status_code == 403
        assert joel.post(path, fields, headers=SCRIPT).status_code == 403
    assert whats(jobs) == []
    shown = text(joel.get(DRAWER))
    assert QUOTE not in shown
    assert PAY not in shown
    dana.post(QUOTE, OFFER)
    client.post(f"{PAGE}/quote", YES)
    dana.post(PAY, CASH | {"amount": "410"})
    assert the_job(jobs).open_amount == 0
    page = joel.get(DRAWER)
    assert not [told for told in ("$", "410", "320", "payment", "Hot tub") if told in words(page)]
    seen = Program("joel").get(f"jobs/{ID}").json()
    assert seen["history"] == []
    assert not {"quote", "payments", "price"} & seen.keys()
    assert "410" in text(dana.get(DRAWER))


def test_who_only_looks_on_sees_no_form(vic: Client, jobs: InMemory) -> None:
    for path, fields in ((QUOTE, OFFER), (PAY, CASH)):
        assert vic.post(path, fields).status_code == 403
    assert QUOTE not in text(vic.get(DRAWER))
    assert "$320" in words(vic.get(DRAWER))


def test_anothers_job_is_not_there(joel: Client, jobs: InMemory) -> None:
    put(jobs, crew=Crew(driver="ana"))
    for path, fields in ((QUOTE, OFFER), (PAY, CASH)):
        assert joel.post(path, fields).status_code == 404
        assert joel.post(path, fields, headers=SCRIPT).status_code == 404


# --- elsewhere ---------------------------------------------------------------------------


def test_a_yes_on_the_own_page_needs_attention_and_one_told_to_a_member_does_not(
    client: Client, joel: Client, dana: Client, clock: FakeClock
) -> None:
    joel.post(QUOTE, OFFER)
    assert "Waits for a yes" in words(dana.get("/dashboard/board"))
    client.post(f"{PAGE}/quote", YES)
    assert "they said yes to $410" in words(dana.get("/dashboard/board"))
    clock.tick(1)
    joel.post(QUOTE, OFFER | {"id": SECOND})
    joel.post(QUOTE, YES | {"id": SECOND})
    assert "they said yes" not in words(dana.get("/dashboard/board"))


def test_a_payment_taken_back_is_on_no_sheet(dana: Client, jobs: InMemory) -> None:
    cash = {"method": "cash", "at": NOON, "by": "joel"}
    payments = (
        Payment(id="p1", amount=Decimal(50), **cash),  # type: ignore[arg-type]
        Payment(id="p2", amount=Decimal(70), reversed=True, **cash),  # type: ignore[arg-type]
    )
    put(jobs, payments=payments)
    sheet = words(dana.get(f"{DRAWER}/sheet"))
    assert "$320, paid $50 · open $270" in sheet
    assert "$70" not in sheet


def test_an_outage_loses_nothing_that_was_typed(joel: Client, jobs: InMemory) -> None:
    jobs.store.before_save += [gone] * 9
    with unavailable(jobs):
        offer = joel.post(QUOTE, OFFER | {"key": "k1"})
        pay = joel.post(PAY, {"amount": "12.50", "method": "check", "key": "k2"})
    assert (offer.status_code, pay.status_code) == (503, 503)
    kept = sent_back(offer, QUOTE)
    assert (kept["label"], kept["id"][0], kept["key"][0]) == (OFFER["label"], FIRST, "k1")
    assert 'value="check" checked' in text(pay)
    assert sent_back(pay, PAY)["amount"] == ["12.50"]
