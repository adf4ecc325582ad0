"""What the booking form begins with for who books again."""

from typing import Any

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Job
from dispatch.forms import items
from dispatch.forms.job import as_typed

# On the tracking page, too, whoever wrote them.
SHOWN = ("customer_name", "location", "load", "items")
GIVEN = ("phone", "email", "postcode", "access_notes", "description", "language")


def known(job: Job, business: Business) -> dict[str, Any]:
    """By the form's fields: what the holder of the job's link sees anyway, and what is the
    customer's own. Neither date nor photos, nor their consent, which is asked for each time.
    """
    shown = as_typed(job, business)
    names = {*SHOWN, *(name for name in GIVEN if _is_the_customers(job, name))}
    if not business.load(job.load):
        names.discard("load")
    if any(each.gate_code for each in job.messages_in or ()):
        names.discard("access_notes")  # they were told that no page of theirs shows it
    counts = items.fields(business)
    return {name: value for name, value in shown.items() if name in names or name in counts}


def _is_the_customers(job: Job, name: str) -> bool:
    """True where nobody but the customer ever wrote there; crews note gate codes of their own."""
    made = any(event.what == "created" and event.by == CUSTOMER for event in job.history)
    others = [event for event in job.history if event.by != CUSTOMER]
    written = any(event.changes and name in event.changes for event in others)
    return made and not written and not any(event.what == "restored" for event in others)
