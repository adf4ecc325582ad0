"""What a message's template is given besides the job as its customer sees it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Job
from dispatch.domain.outbox.before import before

# What somebody books as, with another's e-mail address, must be no way to send them a link.
LIKE_AN_ADDRESS = re.compile(r"[/@]|www\.|\.\w\w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class News:
    """`was`: `window`, `price` and `eta` as they were, where they have changed. `days_ahead` of the
    window, 0 on its day. `description` and `words`, what they wrote since, are the customer's own,
    without what is for getting in; `answer` is the business's.
    """

    greeting: str
    was: dict[str, Any]
    days_ahead: int | None
    cancelled_by_customer: bool
    description: str
    words: tuple[str, ...]
    answer: str

    @classmethod
    def of(cls, job: Job, business: Business, since: datetime, at: datetime) -> "News":
        window, last = job.window, job.last_move
        return cls(
            greeting="" if LIKE_AN_ADDRESS.search(job.customer_name) else job.customer_name,
            was=before(job, since),
            days_ahead=(window.date - business.today(at)).days if window else None,
            cancelled_by_customer=last is not None and last.by == CUSTOMER,
            description="".join(_fit_to_send(job, [job.description])),
            words=_fit_to_send(job, _written(job, since)),
            answer=_answer(job),
        )


def _written(job: Job, since: datetime) -> list[str]:
    return [
        each.text or ""
        for each in job.messages_in or ()
        if each.at and each.at >= since and not each.gate_code
    ]


def _fit_to_send(job: Job, texts: list[str]) -> tuple[str, ...]:
    """A gate code stands among the access notes too: those never leave the board."""
    return tuple(text for text in texts if text not in job.access_notes)


def _answer(job: Job) -> str:
    """The one to the latest message that was answered."""
    answers = [str(each.answer) for each in job.messages_in or () if each.answer]
    return "".join(_fit_to_send(job, answers[-1:]))
