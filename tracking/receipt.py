"""What a receipt says: an allow-list of its own, of a job that is done."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.status import Status
from dispatch.domain.visit import bill
from dispatch.domain.visit.money import PriceLine
from dispatch.explain.history import method_text


@dataclass(frozen=True)
class Paid:
    """One payment, with its method in words."""

    amount: Decimal
    method: str
    at: datetime


@dataclass(frozen=True)
class Receipt:
    """`price` is None, and `lines` are none, where no price was agreed."""

    number: str
    customer_name: str
    location: str
    done_at: datetime | None
    lines: tuple[PriceLine, ...]
    price: Decimal | None
    payments: tuple[Paid, ...]
    open_amount: Decimal

    @classmethod
    def of(cls, job: Job, business: Business) -> "Receipt | None":
        """None of a job that is not done."""
        if job.status is not Status.COMPLETED:
            return None
        return cls(
            number=job.id,
            customer_name=job.customer_name,
            location=job.location,
            done_at=job.finished_at,
            lines=bill.known_lines(job, business, _("Pickup")),
            price=job.price if isinstance(job.price, Decimal) else None,
            payments=tuple(
                Paid(each.amount, method_text(each.method), each.at)
                for each in bill.payments_of(job)
                if not each.reversed
            ),
            open_amount=job.open_amount,
        )
