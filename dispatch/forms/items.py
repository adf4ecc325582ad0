"""The items of a load: a control for each that the business takes, `item-<name>`, its count."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.templatetags.formats import own

PREFIX = "item-"


class Count(forms.Field):
    """How many; empty or 0 for none. The rules are those of `job_input`."""

    is_item = True

    def __init__(self, label: str) -> None:
        # No number field: a mouse wheel would turn it.
        attrs = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "3", "size": "3"}
        super().__init__(label=label, required=False, widget=forms.TextInput(attrs))

    def to_python(self, value: object) -> str:
        return str(value or "").strip()


def fields(business: Business, job: Job | None = None) -> dict[str, forms.Field]:
    """By their names: for what the business takes, and for what the job has of old."""
    labels = {offer.name: own(offer.label, business) for offer in business.items}
    for item in job.items if job else ():
        labels.setdefault(item.name, item.name)
    return {PREFIX + name: Count(label) for name, label in labels.items()}


def as_typed(items: object, names: Iterable[str]) -> dict[str, str]:
    """What each of these controls shows of the items, as JSON has them."""
    known = items if isinstance(items, list | tuple) else ()
    counts = {each["name"]: str(each["count"]) for each in known if isinstance(each, Mapping)}
    return {name: counts.get(name.removeprefix(PREFIX), "") for name in names}


def given(typed: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The items of these controls, as JSON has them; None where there are none of them."""
    counts = {name: count for name, count in typed.items() if name.startswith(PREFIX)}
    if not counts:
        return None
    return [
        {"name": name.removeprefix(PREFIX), "count": _number(count)}
        for name, count in counts.items()
        if count.strip("0")
    ]


def _number(typed: str) -> int | str:
    """As it is where it is none: `job_input` says so."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else typed


def beside(invalid: InvalidInput, items: list[dict[str, Any]]) -> InvalidInput:
    """Its sentences beside the controls that they are about: `items[0].count` is a control's."""
    places = {f"items[{place}].": PREFIX + each["name"] for place, each in enumerate(items)}
    return InvalidInput(
        {
            next((name for at, name in places.items() if field.startswith(at)), field): sentence
            for field, sentence in invalid.errors.items()
        }
    )
