"""Days off, as a dispatcher or the member says them."""

from collections.abc import Mapping
from typing import Any

from dispatch import crewing, wiring
from dispatch.accounts import CrewRequest
from dispatch.crew_forms import DaysForm
from dispatch.month import ONE_DAY, roles_in_words

STEPS = {"away": crewing.set_away, "back": crewing.set_back}


def days_form(request: CrewRequest, data: Mapping[str, Any] | None = None) -> DaysForm:
    business = request.business
    return DaysForm(data, business=business, today=business.today(wiring.now()))


def set_days(request: CrewRequest, username: str, form: DaysForm) -> str:
    """What was done, as a sentence; empty where the form cannot be taken and says why."""
    step = STEPS.get(request.POST.get("set", ""))
    if not form.is_valid():
        return ""
    if step is None:
        form.add_error(None, "Say whether away or free again.")
        return ""
    member = step(request.business, username, form.days)
    now = "away" if step is crewing.set_away else "free again"
    return f"{member.name} is {now}, {_when(form)}."


def _when(form: DaysForm) -> str:
    days = form.days
    labels = [label for name, label in form.fields["windows"].choices if name in days.windows]  # type: ignore[attr-defined]
    if days.but_as:
        labels = [f"but still there as {roles_in_words(days.but_as)}"]
    first, last = (f"{day:%a, %b} {day.day}" for day in (days.start, days.end))
    span = first if days.end - days.start < ONE_DAY else f"{first} to {last}"
    return f"{span} ({', '.join(labels)})" if labels else span
