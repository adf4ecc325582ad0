"""What the forms about a job's money show: a price to be agreed, and payments."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.visit import bill
from dispatch.domain.visit.bill import Typed
from dispatch.domain.visit.money import Payment, Quote
from dispatch.explain.history import payment_text
from dispatch.explain.words import name_of
from dispatch.forms.items import PREFIX
from dispatch.http import SiteRequest

EMPTY_LINES = 3  # to begin with
WAYS_TO_PAY = {
    "cash": gettext_lazy("Cash"),
    "check": gettext_lazy("Check"),
    "card": gettext_lazy("Card terminal"),
    "invoice": gettext_lazy("Invoice"),
    "other": gettext_lazy("Other"),
}


@dataclass(frozen=True)
class Counted:
    """One of the business's items, its price, and how many were typed."""

    name: str
    label: str
    price: Decimal
    count: str


@dataclass(frozen=True)
class Offer:
    """The form for a new price, under the `id` that the offer will have; `asked` is that offer
    before it has any lines.
    """

    id: str
    lines: list[Typed]
    items: list[Counted]
    asked: Quote
    is_typed: bool


@dataclass(frozen=True)
class Money:
    """`waits` is the price that waits for the customer's yes, `answered` the one that had their
    answer, with the name of who told it. `offer` is None where no price can be agreed any more.
    """

    waits: Quote | None
    answered: Quote | None
    told_by: str
    offer: Offer | None
    payments: list[tuple[Payment, SafeString]]
    amount: str
    method: str
    ways: list[tuple[str, str]]
    is_paying: bool  # what was refused was a payment
    zero: Decimal = Decimal(0)


def money_of(
    request: SiteRequest, job: Job, refused: QueryDict | None = None, *, new_id: str = ""
) -> Money | None:
    """None for who may do nothing about it. `refused` is what was typed and could not be done;
    `new_id` stands for the id of the next offer, where it is not made here.
    """
    actor, business = request.user.actor, request.business
    may = actor.may(Permission.QUOTE) or actor.may(Permission.PAY)
    if not may or not sees_prices(actor, business):
        return None
    typed = refused or QueryDict()
    quote, roster = job.quote or None, wiring.roster(business).read()
    is_paying = "method" in typed or ("amount" in typed and "label" not in typed)
    return Money(
        waits=quote if quote and quote.waits and quote.amount is not None else None,
        answered=quote if quote and quote.answer and quote.answered_at else None,
        told_by=_teller(quote, roster),
        offer=_offer(job, business, typed, new_id) if job.status.is_open else None,
        payments=[(each, payment_text(each, business, roster)) for each in bill.payments_of(job)],
        amount=str(typed.get("amount", "")) if is_paying else _left(job),
        method=typed.get("method", ""),
        ways=[(name, str(label)) for name, label in WAYS_TO_PAY.items()],
        is_paying=is_paying,
    )


def typed_lines(typed: QueryDict) -> Iterator[Typed]:
    """The lines of a price as they were typed: pairs of `label` and `amount`."""
    texts = (typed.getlist(name) for name in ("label", "amount"))
    for label, amount in zip_longest(*texts, fillvalue=""):
        yield Typed(label.strip(), amount.strip())


def known_lines(job: Job, business: Business) -> list[Typed]:
    """The lines that the price has already, as a form shows them."""
    lines = bill.known_lines(job, business, _("Price so far"))
    return [Typed(line.label, f"{line.amount:f}") for line in lines]


def _offer(job: Job, business: Business, typed: QueryDict, new_id: str) -> Offer:
    is_typed = "label" in typed
    sent, asked = [*typed_lines(typed)], typed.get("id", "")
    known = known_lines(job, business)
    lines = sent if is_typed else known + [Typed("", "")] * EMPTY_LINES
    keeps_id = is_typed and bill.QUOTE_ID.fullmatch(asked) and not bill.was_offered(job, asked)
    quote_id = asked if keeps_id else new_id or wiring.new_token()
    return Offer(
        id=quote_id,
        lines=lines,
        items=[
            Counted(each.name, each.label, each.price, typed.get(PREFIX + each.name, ""))
            for each in business.items
        ],
        asked=Quote(id=quote_id, amount=Decimal(0)),
        is_typed=is_typed,
    )


def _left(job: Job) -> str:
    """What is open, as it is typed; empty where nothing is."""
    return f"{job.open_amount:f}" if job.open_amount else ""


def _teller(quote: Quote | None, roster: Roster) -> str:
    """Who told the answer: the name that the customer gave, or else who is in the history."""
    if quote is None or not quote.answer:
        return ""
    return quote.answered_name or name_of(quote.answered_by or "", roster)
