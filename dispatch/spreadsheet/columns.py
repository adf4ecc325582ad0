"""The columns of a spreadsheet of jobs: ours, and those of others by the names they give them."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dispatch.domain.typed.texts import folded

IGNORED = ""  # the field of a column that is left out


class Field(NamedTuple):
    """What a column may be: `heading` is its name in our own files, a format that never changes."""

    name: str
    heading: str
    label: str | Promise
    others: tuple[str, ...] = ()  # how other programs call it, folded
    joins: bool = False  # several columns make one text


FIELDS = (
    Field("id", "Job", _("Job number"), ("job", "job id", "id", "job number", "order")),
    Field("created_at", "Created", _("Created on"), ("created at", "created date", "created on")),
    Field(
        *("date", "Date", _("Day of the pickup")),
        (
            *("start date", "window date", "pickup date", "scheduled date", "visit date", "day"),
            *("schedule start date", "scheduled start date", "service date", "appointment date"),
        ),
    ),
    Field("window", "Window", _("Window"), ("slot", "time window", "window name")),
    Field(
        *("start", "From", _("Starts at")),
        (
            "start",
            "start time",
            "time",
            "time window start",
            "scheduled start time",
            "arrival time",
        ),
    ),
    Field(
        *("end", "To", _("Ends at")),
        ("end", "end time", "time window end", "scheduled end time"),
    ),
    Field(
        *("finished_at", "Finished", _("Finished on")),
        ("finished at", "completed date", "completed on", "completed at", "closed date"),
    ),
    Field("status", "Status", _("Status"), ("job status", "visit status", "state")),
    Field("completed", "Completed", _("Is it done? (yes or no)"), ("visit completed", "done")),
    Field(
        *("customer_name", "Customer", _("Customer’s name")),
        (
            *("customer name", "client", "client name", "name", "alias", "full name", "contact"),
            *("recipient", "recipient name", "contact name", "company name"),
        ),
    ),
    Field("subject", "Subject", _("Title, then the customer’s name"), ("event", "summary")),
    Field(
        *("phone", "Phone", _("Phone")),
        (
            *("customer phone", "client phone", "phone number", "client phone number", "mobile"),
            *("customer phone number", "telephone", "cell", "cell phone", "recipient phone"),
        ),
    ),
    Field(
        *("email", "E-mail", _("E-mail")),
        ("e mail", "customer email", "client email", "email address", "e mail address"),
    ),
    Field(
        *("location", "Address", _("Address")),
        (
            *("location", "service street", "service street 1", "service street 2", "street"),
            *("service address", "service city", "service state", "service province", "city"),
            *("state", "province", "property address", "pickup address", "address line 1"),
            *("street address", "address line 2", "service property", "service property address"),
        ),
        joins=True,
    ),
    Field(
        *("postcode", "Postcode", _("Postcode")),
        ("zip", "zip code", "postal code", "service zip", "service zip code", "post code"),
    ),
    Field("load", "Load", _("Load"), ("load size", "size of load")),
    Field("items", "Items", _("Items")),
    Field(
        *("description", "Description", _("What is to be hauled")),
        (
            *("visit title", "job title", "title", "details", "job description", "line items"),
            *("job details", "service"),
        ),
        joins=True,
    ),
    Field(
        *("access_notes", "Access notes", _("Access notes")),
        ("access", "gate code", "access code", "instructions", "driver notes"),
        joins=True,
    ),
    Field("driver", "Driver", _("Driver"), ("assigned to", "crew", "team", "technician")),
    Field(
        *("price", "Price", _("Price")),
        (
            *("total", "amount", "visit based", "one off job", "job total", "invoice total"),
            *("total price", "subtotal"),
        ),
    ),
    Field("paid", "Paid", _("Paid"), ("amount paid", "paid amount")),
    Field("open", "Open", _("Open")),
    Field("methods", "Paid by", _("Method of payment"), ("payment method", "method")),
    Field("payments", "Payments", _("Payments, each with its day")),
    Field(
        *("note", "Notes", _("Notes for the crew")),
        ("note", "internal notes", "comments", "comment", "job notes"),
        joins=True,
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
OURS = (  # the columns of our own files, in their order; gate codes and the crew's notes are not
    *("id", "created_at", "date", "window", "start", "end", "finished_at", "status"),
    *("customer_name", "phone", "email", "location", "postcode", "load", "items", "description"),
    *("driver", "price", "paid", "open", "methods", "payments"),
)
READABLE = tuple(field for field in FIELDS if field.name != "open")  # which is a difference


def recognised(header: Sequence[str]) -> list[str]:
    """The field of each column by its name; of two for one field the first, but texts are joined.

    IGNORED for those that are none of ours.
    """
    found: list[str] = []
    for heading in header:
        name = _KNOWN.get(plain(heading), IGNORED)
        is_free = name == IGNORED or name not in found or BY_NAME[name].joins
        found.append(name if is_free else IGNORED)
    return found


def plain(heading: str) -> str:
    """`Visit based ($)` and `visit_based` are `visit based`."""
    return " ".join(re.findall(r"\w+", folded(heading).replace("_", " ")))


def _names(fields: Iterable[Field]) -> dict[str, str]:
    return {
        plain(name): field.name
        for field in fields
        for name in (*field.others, field.name, field.heading)
    }


_KNOWN = _names(READABLE)
