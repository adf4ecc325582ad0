"""What happens to a job's money: a price is offered and answered, payments are taken."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from dispatch.domain import job_input
from dispatch.domain.availability import INSISTED
from dispatch.domain.business import Business
from dispatch.domain.job import Event, Job, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.moves import Illegal, IllegalMove, JobConflict
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.visit.money import (
    ACCEPTED,
    METHODS,
    PAYMENT,
    PAYMENT_REVERSED,
    QUOTE_ACCEPTED,
    QUOTE_DECLINED,
    QUOTE_WITHDRAWN,
    QUOTED,
    Payment,
    PriceLine,
    Quote,
)

QUOTE_ID = re.compile("[A-Za-z0-9-]{9,40}")
NO_LABEL = _("Say what it is for.")
NO_AMOUNT = _("Say how much it is.")


class TooMuch(Exception):
    """More would be paid than is open, `left`; None of a job without a price."""

    insistable = True

    def __init__(self, left: Decimal | None) -> None:
        super().__init__(f"open is {left}")
        self.left = left


class Typed(NamedTuple):
    """A line of a price, as it was typed."""

    label: str
    amount: str

    @property
    def is_whole(self) -> bool:
        return bool(self.label and self.amount)


# --- a price that is offered -------------------------------------------------------------


def known_lines(job: Job, business: Business, name: str) -> tuple[PriceLine, ...]:
    """What its price is made of so far; one line of its load's label, or else this `name`, where
    it has but a price.
    """
    if job.price_lines or job.price is UNSET:
        return job.price_lines
    load = business.load(job.load)
    return (PriceLine(label=load.label if load else name, amount=job.price),)


def offered_lines(
    typed: Iterable[Typed],
    known: int,
    items: list[dict[str, Any]],
    business: Business,
    job: Job,
) -> tuple[PriceLine, ...]:
    """The lines of an offer: those typed, of which the first were there already, so many as are
    `known`, and one for each of the items, as JSON has them.

    One of those that is emptied goes. Raises InvalidInput: `price_lines[2].label` is of the third.
    """
    lines: dict[int, Mapping[str, Any]] = {}
    errors = {}
    for place, line in enumerate(typed):
        if line.is_whole:
            lines[place] = {"label": line.label, "amount": line.amount}
        elif place >= known and any(line):
            what, why = ("label", NO_LABEL) if line.amount else ("amount", NO_AMOUNT)
            errors[f"price_lines[{place}].{what}"] = why
    if errors:
        raise InvalidInput(errors)
    counted = job_input.clean({"items": items}, business)["items"]
    more = [plain(line) for line in job_input.item_lines(counted, business)]
    given = [*lines.values(), *more]
    if not given:
        raise InvalidInput({"price_lines": _("Give at least one line.")})
    try:
        cleaned = job_input.clean({"price_lines": given}, business, job)
    except InvalidInput as invalid:
        raise InvalidInput(_at_their_places(invalid, [*lines])) from None
    offered: tuple[PriceLine, ...] = cleaned["price_lines"]
    return offered


def _at_their_places(invalid: InvalidInput, places: list[int]) -> dict[str, str]:
    """Its sentences by the places of all typed lines, of which these were looked at."""
    names = {f"price_lines[{new}].": f"price_lines[{old}]." for new, old in enumerate(places)}
    return {
        next(
            (old + at.removeprefix(new) for new, old in names.items() if at.startswith(new)), at
        ): (sentence)
        for at, sentence in invalid.errors.items()
    }


def quoted(job: Job, quote_id: str, lines: tuple[PriceLine, ...], *, by: str, at: datetime) -> Job:
    """With a price that waits for the customer's yes, in the place of any other.

    Raises IllegalMove; InvalidInput for an id that another offer had: who says yes to an id has
    seen one price.
    """
    _check_open(job)
    if not QUOTE_ID.fullmatch(quote_id):
        raise InvalidInput({"id": _("The offer needs an id of 9 to 40 letters and digits.")})
    quote = Quote(id=quote_id, amount=_sum(lines), lines=lines, at=at, by=by)
    if was_offered(job, quote_id):
        if job.quote and (job.quote.id, job.quote.lines) == (quote_id, lines):
            return job
        raise InvalidInput({"id": _("This offer was made before. Open the job again for another.")})
    event = Event(at=at, by=by, what=QUOTED, changes=_priced(job, quote))
    return job.happened(event, quote=quote).keyed(_offered_as(quote_id), at)


def was_offered(job: Job, quote_id: str) -> bool:
    """True of an id that an offer had; in the days for which a job remembers what was done."""
    return job.has_done(_offered_as(quote_id))


def _offered_as(quote_id: str) -> str:
    return f"quote {quote_id}"


def answered(job: Job, quote_id: str, answer: str, *, by: str, at: datetime, name: str = "") -> Job:
    """With the customer's yes or no to that price; `name` is theirs, as they gave it there.

    On a yes it is the job's price. Raises IllegalMove; JobConflict where another price waits, or
    none.
    """
    quote = _offer(job, quote_id)
    if quote.answer == answer:
        return job
    _check_waits(job, quote)
    _check_open(job)
    said = replace(quote, answer=answer, answered_at=at, answered_by=by, answered_name=name or None)
    what = QUOTE_ACCEPTED if answer == ACCEPTED else QUOTE_DECLINED
    event = Event(at=at, by=by, what=what, changes=_priced(job, quote), reason=name or UNSET)
    if answer != ACCEPTED:
        return job.happened(event, quote=said)
    event = replace(event, version=job.version + 1)
    lines = quote.lines if _sum(quote.lines) == quote.amount else ()
    return job.happened(event, quote=said, price=quote.amount, price_lines=lines)


def withdrawn(job: Job, quote_id: str, *, by: str, at: datetime) -> Job:
    """Without that offer. Raises JobConflict where it does not wait any more."""
    quote = _offer(job, quote_id)
    _check_waits(job, quote)
    event = Event(at=at, by=by, what=QUOTE_WITHDRAWN, changes=_priced(job, quote))
    return job.happened(event, quote=None)


def _offer(job: Job, quote_id: str) -> Quote:
    quote = job.quote
    if not quote or not quote_id or quote.id != quote_id or quote.amount is None:
        raise JobConflict(job, "quote")
    return quote


def _check_waits(job: Job, quote: Quote) -> None:
    if not quote.waits:
        raise JobConflict(job, "quote")


def _check_open(job: Job) -> None:
    if not job.status.is_open:
        raise IllegalMove(Illegal.PRICE_STANDS, job.status, job.status)


def _priced(job: Job, quote: Quote) -> dict[str, tuple[Any, Any]]:
    """The price and its lines, as they are and as they are offered."""
    changes = {"price": (plain(job.price), plain(quote.amount))}
    if job.price_lines != quote.lines:
        changes["price_lines"] = (plain(job.price_lines), plain(quote.lines))
    return changes


def _sum(lines: Iterable[PriceLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


# --- payments ----------------------------------------------------------------------------


def payments_of(job: Job) -> tuple[Payment, ...]:
    """All, those taken back too; of a job of old times what was paid in all, as one."""
    if not job.payments and (paid := job.paid):
        whole = Payment(id="paid", amount=paid.amount, method=paid.method, at=paid.at, by=paid.by)
        return (whole,)
    return job.payments


def amount_and_method(amount: str, method: str, business: Business) -> tuple[Decimal, str]:
    """Of a payment, as it was typed and chosen. Raises InvalidInput."""
    errors: dict[str, str] = {}
    paid = Decimal(0)
    try:
        paid = job_input.amount("amount", amount, business)
        if not paid:
            errors["amount"] = _("Say how much was paid.")
    except InvalidInput as invalid:
        errors |= invalid.errors
    if method not in METHODS:
        errors["method"] = _("Choose how it was paid.")
    if errors:
        raise InvalidInput(errors)
    return paid, method


def paid(job: Job, payment: Payment, *, insist: bool = False) -> Job:
    """With that payment. Raises TooMuch, unless somebody insists."""
    is_too_much = payment.amount > job.open_amount
    if is_too_much and not insist:
        raise TooMuch(None if job.price is UNSET else job.open_amount)
    why = INSISTED if is_too_much else UNSET
    changes = {"payments": (None, plain(payment))}
    event = Event(at=payment.at, by=payment.by, what=PAYMENT, changes=changes, reason=why)
    return job.happened(event, payments=(*payments_of(job), payment))


def taken_back(job: Job, payment_id: str, *, by: str, at: datetime, reason: str) -> Job:
    """With that payment counting no more. Raises InvalidInput; JobConflict where somebody else
    has taken it back.
    """
    if not reason:
        raise InvalidInput({"reason": _("Say why it is taken back.")})
    payments = payments_of(job)
    found = next((each for each in payments if each.id == payment_id), None)
    if found is None:
        raise InvalidInput({"reverse": _("There is no such payment.")})
    if found.reversed:
        raise JobConflict(job, "payments")
    changes = {"payments": (plain(found), None)}
    event = Event(at=at, by=by, what=PAYMENT_REVERSED, changes=changes, reason=reason)
    gone = replace(found, reversed=True)
    return job.happened(event, payments=tuple(gone if each is found else each for each in payments))
