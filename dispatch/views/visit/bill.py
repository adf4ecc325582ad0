"""What is done about a job's money: a price is offered and answered, payments are taken."""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _

from dispatch import jobs
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.permissions import Permission, sees_prices
from dispatch.domain.visit import bill
from dispatch.domain.visit.money import ACCEPTED, DECLINED, PriceLine
from dispatch.explain.words import told
from dispatch.forms import items
from dispatch.http import SiteRequest, no_permission
from dispatch.views.drawer import Do, Outcome, job_action, key_sent, tap_sent
from dispatch.views.visit.money import known_lines, typed_lines


def money_action(permission: Permission) -> Callable[[Do], Callable[..., HttpResponse]]:
    """A job's action for those who have this permission and may see its price; others get 403."""

    def decorate(do: Do) -> Callable[..., HttpResponse]:
        @job_action(permission)
        @wraps(do)
        def seeing(request: SiteRequest, job: Job, form: Any) -> Outcome:
            if not sees_prices(request.user.actor, request.business):
                raise PermissionDenied(no_permission(request.user, Permission.SEE_PRICES))
            return do(request, job, form)

        return seeing

    return decorate


@money_action(Permission.QUOTE)
def quote(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """Offers a new price; or, by its `id`, tells the customer's `answer`, or takes it back."""
    if request.POST.get("do") == "withdraw":
        return _withdrawn(request, job)
    if "answer" in request.POST:
        return _answered(request, job)
    business = request.business
    lines = _lines_sent(request, job)
    quote_id, by = request.POST.get("id", ""), request.user.actor
    done = jobs.offer(business, job.id, quote_id, lines, by=by, **tap_sent(request))
    total = business.money(sum((line.amount for line in lines), Decimal(0)))
    return done, _("Offered %(price)s. It holds once the customer says yes.") % {"price": total}


def _withdrawn(request: SiteRequest, job: Job) -> Outcome:
    quote_id, by = request.POST.get("id", ""), request.user.actor
    done = jobs.withdraw(request.business, job.id, quote_id, by=by, **tap_sent(request))
    return done, _("The offer is taken back: the price is as it was.")


def _answered(request: SiteRequest, job: Job) -> Outcome:
    """On a yes, with the customer's `name`, as they give it on the driver's phone."""
    answer, name = request.POST["answer"], request.POST.get("name", "").strip()
    if answer not in (ACCEPTED, DECLINED):
        raise InvalidInput({"answer": _("The answer is yes or no.")})
    if answer == ACCEPTED or name:
        name = job_input.text("customer_name", name, at="name")
    done = jobs.answer(
        *(request.business, job.id, request.POST.get("id", ""), answer),
        by=request.user.actor,
        name=name,
        **tap_sent(request),
    )
    price = {"price": _price(done.job, request.business)}
    if answer == ACCEPTED:
        return done, _("They said yes: the price is %(price)s.") % price
    return done, _("They said no: the price stays as it was, %(price)s.") % price


def _price(job: Job, business: Business) -> str:
    return business.money(job.price) if isinstance(job.price, Decimal) else _("not agreed yet")


def _lines_sent(request: SiteRequest, job: Job) -> tuple[PriceLine, ...]:
    """Raises InvalidInput, which says of which line or item it is."""
    typed = [*typed_lines(request.POST)]
    known = len(known_lines(job, request.business))
    counted = items.given(request.POST.dict()) or []
    try:
        return bill.offered_lines(typed, known, counted, request.business, job)
    except InvalidInput as invalid:
        raise InvalidInput(
            _placed(items.beside(invalid, counted), typed, request.business)
        ) from None


def _placed(invalid: InvalidInput, typed: list[bill.Typed], business: Business) -> dict[str, str]:
    """Its sentences, each behind the line's own words or its place, or the item's label."""
    names = {
        f"price_lines[{place}].": line.label or str(place + 1) for place, line in enumerate(typed)
    }
    names |= {items.PREFIX + item.name: item.label for item in business.items}
    return {
        at: next(
            (f"{name}: {told(why)}" for start, name in names.items() if at.startswith(start)),
            why,
        )
        for at, why in invalid.errors.items()
    }


@money_action(Permission.PAY)
def pay(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """Takes a payment; with `insist`, of more than is open. Or takes one back: `reverse`."""
    if "reverse" in request.POST:
        return _taken_back(request, job)
    business, sent = request.business, request.POST
    amount, method = bill.amount_and_method(
        sent.get("amount", ""), sent.get("method", ""), business
    )
    done = jobs.pay(
        *(business, job.id, amount, method),
        by=request.user.actor,
        insist="insist" in sent,
        **tap_sent(request),
    )
    told = {"amount": business.money(amount), "left": business.money(done.job.open_amount)}
    if done.job.open_amount:
        return done, _("Took %(amount)s; %(left)s is still open.") % told
    return done, _("Took %(amount)s: nothing is open any more.") % told


def _taken_back(request: SiteRequest, job: Job) -> Outcome:
    if not request.user.actor.may(Permission.REVERSE):
        raise PermissionDenied(no_permission(request.user, Permission.REVERSE))
    done = jobs.reverse(
        *(request.business, job.id, request.POST["reverse"]),
        by=request.user.actor,
        reason=job_input.text("reason", request.POST.get("reason")),
        key=key_sent(request),
    )
    return done, _("The payment is taken back: it counts no more.")
