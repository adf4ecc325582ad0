"""Prices that are offered and answered, and payments, as a job has them."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from dispatch.domain.availability import INSISTED
from dispatch.domain.job import Event, Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import Illegal, IllegalMove, JobConflict
from dispatch.domain.permissions import history_for
from dispatch.domain.status import Status
from dispatch.domain.visit.bill import (
    TooMuch,
    Typed,
    amount_and_method,
    answered,
    known_lines,
    offered_lines,
    paid,
    payments_of,
    quoted,
    taken_back,
    withdrawn,
)
from dispatch.domain.visit.money import (
    ACCEPTED,
    DECLINED,
    MONEY_EVENTS,
    Paid,
    Payment,
    PriceLine,
    Quote,
)
from tests.making import BUSINESS, JOEL, NOON, make_job, seconds

FIRST, SECOND = "first-offer", "second-offer"
HALF, TUB = PriceLine("Half load", Decimal(320)), PriceLine("Hot tub", Decimal(90))


def job(**fields: Any) -> Job:
    return make_job(**{"status": Status.BOOKED, "load": "half", "price": Decimal(320), **fields})


def offered(job: Job, *lines: PriceLine, quote_id: str = FIRST) -> Job:
    return quoted(job, quote_id, lines or (HALF, TUB), by="joel", at=NOON)


def said(job: Job, answer: str, quote_id: str = FIRST, **fields: Any) -> Job:
    return answered(job, quote_id, answer, **{"by": "joel", "at": NOON + seconds(60), **fields})


# --- offers ------------------------------------------------------------------------------


def test_an_offer_changes_no_price_and_a_yes_does() -> None:
    waiting = offered(job())
    assert [waiting.price, waiting.price_lines] == [320, ()]
    assert waiting.quote == Quote(FIRST, Decimal(410), (HALF, TUB), NOON, "joel")
    agreed = said(waiting, ACCEPTED, name="Mark S.")
    assert [agreed.price, agreed.price_lines] == [410, (HALF, TUB)]
    assert agreed.quote
    assert (agreed.quote.answer, agreed.quote.answered_by) == (ACCEPTED, "joel")
    assert (agreed.quote.answered_at, agreed.quote.answered_name) == (NOON + seconds(60), "Mark S.")


def test_a_no_leaves_the_price_as_it_was() -> None:
    refused = said(offered(job()), DECLINED)
    assert [refused.price, refused.price_lines] == [320, ()]
    assert refused.quote
    assert refused.quote.answer == DECLINED


def test_who_agreed_to_what_and_when_stands_in_the_history() -> None:
    done = said(offered(job()), ACCEPTED, name="Mark S.")
    first, last = done.history
    for event in (first, last):
        assert event.changes
        assert event.changes["price"] == (320, 410)
        before, after = event.changes["price_lines"]
        assert [*before] == []
        assert [line["label"] for line in after] == ["Half load", "Hot tub"]
    assert (first.what, first.by, first.reason) == ("quoted", "joel", UNSET)
    assert (last.what, last.reason, last.at) == ("quote_accepted", "Mark S.", NOON + seconds(60))
    assert done.as_of(done.version, "price") == 320, "an edit of what was seen before is told"
    assert said(offered(job()), DECLINED).history[-1].what == "quote_declined"


@pytest.mark.parametrize("answer", [ACCEPTED, DECLINED])
def test_a_newer_offer_takes_the_place_of_the_one_that_waits(answer: str) -> None:
    newer = offered(offered(job()), HALF, quote_id=SECOND)
    with pytest.raises(JobConflict) as conflict:
        said(newer, answer, FIRST)
    assert conflict.value.field == "quote"
    assert said(newer, ACCEPTED, SECOND).price == 320


@pytest.mark.parametrize("unknown", ["", "none", SECOND])
def test_an_answer_to_no_offer_is_refused(unknown: str) -> None:
    for each in (job(), job(quote=Quote()), job(quote=Quote(id="none")), offered(job())):
        with pytest.raises(JobConflict):
            said(each, ACCEPTED, unknown)


def test_an_answer_said_again_is_the_same_one_and_another_is_refused() -> None:
    agreed = said(offered(job()), ACCEPTED, name="Mark S.")
    assert said(agreed, ACCEPTED, by="customer") is agreed
    with pytest.raises(JobConflict):
        said(agreed, DECLINED)


def test_an_id_stands_for_one_price() -> None:
    """Who has seen it and says yes, maybe later, has seen no other."""
    waiting = offered(job())
    assert offered(waiting) is waiting
    for then in (waiting, offered(waiting, quote_id=SECOND), said(waiting, DECLINED)):
        with pytest.raises(InvalidInput) as refused:
            offered(then, HALF)
        assert [*refused.value.errors] == ["id"]


@pytest.mark.parametrize(
    "quote_id", ["", "short", "x" * 41, "not an id!", "naïve-offer", "a" * 9 + "\n"]
)
def test_an_offers_id_is_of_letters_and_digits(quote_id: str) -> None:
    with pytest.raises(InvalidInput):
        offered(job(), quote_id=quote_id)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_of_a_job_that_is_over_the_price_stands(status: Status) -> None:
    over = replace(offered(job()), status=status)
    with pytest.raises(IllegalMove) as refused:
        offered(over, HALF, quote_id=SECOND)
    assert refused.value.why is Illegal.PRICE_STANDS
    with pytest.raises(IllegalMove):
        said(over, ACCEPTED)


def test_an_offer_is_taken_back_while_it_waits() -> None:
    gone = withdrawn(offered(job()), FIRST, by="joel", at=NOON)
    assert (gone.quote, gone.history[-1].what) == (None, "quote_withdrawn")
    for each in (gone, said(offered(job()), ACCEPTED), offered(offered(job()), quote_id=SECOND)):
        with pytest.raises(JobConflict):
            withdrawn(each, FIRST, by="joel", at=NOON)


@pytest.mark.parametrize("edit", [{"price": Decimal(300)}, {"price_lines": (HALF,)}])
def test_an_edited_price_ends_the_offer_that_was_made_in_its_place(edit: dict[str, Any]) -> None:
    waiting = offered(job())
    edited = waiting.edited(edit, by="dana", at=NOON)
    assert edited.quote is None
    with pytest.raises(JobConflict):
        said(edited, ACCEPTED)
    assert waiting.edited({"truck": "T1"}, by="dana", at=NOON).quote == waiting.quote
    agreed = said(waiting, ACCEPTED)
    assert agreed.edited(edit, by="dana", at=NOON).quote == agreed.quote


def test_a_price_whose_lines_are_another_sum_is_agreed_without_them() -> None:
    """Others may have written it so: yes was said to the amount."""
    odd = job(quote=Quote(id="q1", amount=Decimal(400), lines=(HALF,)))
    agreed = said(odd, ACCEPTED, "q1")
    assert [agreed.price, agreed.price_lines] == [400, ()]


def test_what_was_agreed_is_written_and_read_back() -> None:
    done = paid(said(offered(job()), ACCEPTED), cash(100))
    book = JobBook.decode(JobBook().put(done).encode())
    again = book.job(done.id)
    assert (again.price, again.price_lines) == (done.price, done.price_lines)
    assert (again.payments, again.quote) == (done.payments, done.quote)
    assert [event.what for event in again.history] == [event.what for event in done.history]


# --- the lines of an offer ---------------------------------------------------------------


def lines_of(*typed: tuple[str, str], known: int = 0, items: Any = ()) -> list[tuple[str, int]]:
    found = offered_lines([Typed(*each) for each in typed], known, [*items], BUSINESS, job())
    return [(line.label, int(line.amount)) for line in found]


def test_lines_are_those_typed_and_one_for_each_item() -> None:
    items = [{"name": "mattress", "count": 2}, {"name": "fridge", "count": 1}]
    typed = ("Half load", "320"), ("", ""), ("Neighbour's help", "-20")
    assert lines_of(*typed, known=1, items=items) == [
        *(("Half load", 320), ("Neighbour's help", -20)),
        *(("2 × Mattress", 80), ("Fridge or freezer", 60)),
    ]


@pytest.mark.parametrize("emptied", [("", "90"), ("Hot tub", ""), ("", "")])
def test_a_line_of_the_price_that_is_emptied_goes(emptied: tuple[str, str]) -> None:
    assert lines_of(("Half load", "320"), emptied, known=2) == [("Half load", 320)]


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ([("Half load", "320"), ("", "90")], "price_lines[1].label"),
        ([("Half load", "320"), ("Stairs", "")], "price_lines[1].amount"),
        ([("Half load", "320"), ("", ""), ("Stairs", "many")], "price_lines[2].amount"),
        ([("Half load", "320"), ("Stairs", "1.234")], "price_lines[1].amount"),
        ([("Half load", "320"), ("Stairs", "100000")], "price_lines[1].amount"),
        ([("Half load", "320"), ("Too kind", "-321")], "price_lines"),
        ([("Half load", "99999"), ("Stairs", "1")], "price_lines"),
        ([("x" * 121, "1")], "price_lines[0].label"),
        ([("Half load", "")], "price_lines"),
        ([], "price_lines"),
        ([("line", "1")] * 51, "price_lines"),
    ],
)
def test_what_is_no_line_is_told_with_its_place(typed: list[Any], wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        lines_of(*typed, known=1)
    assert [*refused.value.errors] == [wrong]


@pytest.mark.parametrize("count", [0, -1, 100, "two"])
def test_what_is_no_count_of_items_is_refused(count: Any) -> None:
    with pytest.raises(InvalidInput):
        lines_of(("Half load", "320"), items=[{"name": "mattress", "count": count}])


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"price_lines": (HALF, TUB)}, (HALF, TUB)),
        ({}, (HALF,)),
        ({"load": ""}, (PriceLine("So far", Decimal(320)),)),
        ({"price": UNSET}, ()),
        ({"price": Decimal(0), "load": ""}, (PriceLine("So far", Decimal(0)),)),
    ],
)
def test_the_lines_that_there_are_already(fields: Any, lines: tuple[PriceLine, ...]) -> None:
    assert known_lines(job(**fields), BUSINESS, "So far") == lines


# --- payments ----------------------------------------------------------------------------


def cash(amount: int, payment_id: str = "p1", **fields: Any) -> Payment:
    known = {"method": "cash", "at": NOON, "by": "joel", **fields}
    return Payment(id=payment_id, amount=Decimal(amount), **known)


def test_what_is_paid_is_the_sum_and_what_is_open_the_rest() -> None:
    once = paid(job(), cash(100))
    twice = paid(once, cash(220, "p2", method="check"))
    assert [each.open_amount for each in (once, twice)] == [220, 0]
    assert twice.paid
    assert [twice.paid.amount, twice.paid.method] == [320, "check"]
    event = twice.history[-1]
    assert (event.what, event.by) == ("payment", "joel")
    assert event.changes
    before, after = event.changes["payments"]
    assert (before, after["amount"], after["method"]) == (None, "220", "check")


@pytest.mark.parametrize(("price", "left"), [(Decimal(320), 320), (UNSET, None), (Decimal(0), 0)])
def test_more_than_is_open_is_questioned(price: Any, left: Any) -> None:
    with pytest.raises(TooMuch) as refused:
        paid(job(price=price), cash(350))
    assert refused.value.left == left
    tipped = paid(job(price=price), cash(350), insist=True)
    assert tipped.paid
    assert [tipped.paid.amount, tipped.history[-1].reason] == [350, INSISTED]


def test_an_old_sum_is_kept_as_the_first_payment() -> None:
    old = job(paid=Paid(amount=Decimal(120), method="by-hand", at=NOON - seconds(9), by="ana"))
    more = paid(old, cash(50))
    assert [[each.amount, each.method, each.by] for each in more.payments] == [
        *([120, "by-hand", "ana"], [50, "cash", "joel"]),
    ]
    assert more.paid
    assert [more.paid.amount, more.open_amount] == [170, 150]
    back = taken_back(old, payments_of(old)[0].id, by="dana", at=NOON, reason="twice")
    assert [back.paid, back.open_amount] == [None, 320]


def test_a_payment_taken_back_counts_no_more_and_stays_to_be_seen() -> None:
    both = paid(paid(job(), cash(100)), cash(50, "p2"))
    back = taken_back(both, "p1", by="dana", at=NOON, reason="wrong job")
    assert [(each.id, each.reversed) for each in back.payments] == [("p1", True), ("p2", False)]
    assert back.paid
    assert back.paid.amount == 50
    event = back.history[-1]
    assert (event.what, event.by, event.reason) == ("payment_reversed", "dana", "wrong job")
    assert event.changes
    assert (event.changes["payments"][0]["amount"], event.changes["payments"][1]) == ("100", None)
    with pytest.raises(JobConflict):
        taken_back(back, "p1", by="dana", at=NOON, reason="again")


@pytest.mark.parametrize(("name", "why"), [("p9", "x"), ("", "x"), ("p1", "")])
def test_no_payment_is_taken_back_without_name_and_reason(name: str, why: str) -> None:
    with pytest.raises(InvalidInput):
        taken_back(paid(job(), cash(100)), name, by="dana", at=NOON, reason=why)


@pytest.mark.parametrize("typed", ["", "0", "-5", "1.234", "100000", "much", "4,50", "NaN", "1e9"])
def test_what_is_no_payment_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        amount_and_method(typed, "cash", BUSINESS)
    assert [*refused.value.errors] == ["amount"]


def test_a_payment_is_made_in_a_way_that_there_is() -> None:
    assert amount_and_method("$1,250.50", "card", BUSINESS) == (Decimal("1250.50"), "card")
    for method in ("", "beer", "Cash"):
        with pytest.raises(InvalidInput):
            amount_and_method("10", method, BUSINESS)


# --- who sees it -------------------------------------------------------------------------


def test_who_sees_no_prices_sees_no_word_of_money_in_the_history() -> None:
    discreet = replace(BUSINESS, crew_see_prices=False)
    done = job(history=(Event(at=NOON, by="dana", what="created"),))
    done = said(offered(done), ACCEPTED, name="Mark, $410")
    done = taken_back(paid(done, cash(100)), "p1", by="dana", at=NOON, reason="not $100")
    done = withdrawn(offered(done, quote_id=SECOND), SECOND, by="joel", at=NOON)
    assert {event.what for event in done.history} > {*MONEY_EVENTS} - {"quote_declined"}
    assert [event.what for event in history_for(JOEL, done, discreet)] == ["created"]
    assert history_for(JOEL, done, BUSINESS) == done.history
