"""What the history is asked for: words, a member of the crew, and days."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.board.filters import UNASSIGNED, Filters
from dispatch.domain.job_input import FIRST_DATE, InvalidInput, date_of, days
from dispatch.domain.roster import Roster
from dispatch.forms.job import InputForm
from dispatch.jobs import MOST_DAYS

A_YEAR = dt.timedelta(days=MOST_DAYS - 1)
DAY = forms.DateInput({"type": "date"})


class HistoryForm(InputForm):
    """The last twelve months where no days are said; from one on, or up to one, twelve months."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        widget=forms.TextInput(
            {"type": "search", "placeholder": gettext_lazy("Name, address, phone")}
        ),
    )
    crew = forms.Field(label=gettext_lazy("Crew"), required=False)

    def __init__(self, query: Mapping[str, str], *, roster: Roster, today: dt.date) -> None:
        given = {name: query.get(name, "").strip() for name in ("q", "crew", "from", "to")}
        super().__init__(with_days(given, today))
        self.roster = roster
        people = [(member.username, member.name) for member in roster.members]
        choices = [("", _("Everybody")), (UNASSIGNED, _("No driver")), *people]
        self.fields["crew"].widget = forms.Select({"translate": "no"}, choices=choices)
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.Field(label=label, required=False, widget=DAY)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """`days`, the first and the last, and `filters`. Raises InvalidInput."""
        crew, errors = typed["crew"].lower(), {}
        if crew not in ("", UNASSIGNED) and self.roster.value(crew) is None:
            errors["crew"] = _("Nobody called “%(name)s” is on the roster.") % {"name": crew}
        try:
            span = days(typed["from"], typed["to"], MOST_DAYS)
        except InvalidInput as error:
            raise InvalidInput({**errors, **error.errors}) from None
        if errors:
            raise InvalidInput(errors)
        return {"days": span, "filters": Filters(q=typed.get("q", ""), crew=crew)}


def with_days(given: dict[str, str], today: dt.date) -> dict[str, str]:
    """With the day that was left out; both, where nothing is said."""
    if not given["to"]:
        start = _day(given["from"]) or today - A_YEAR
        given["to"] = f"{max(start, min(today, start + A_YEAR))}"
    if not given["from"]:
        given["from"] = f"{max(FIRST_DATE, (_day(given['to']) or today) - A_YEAR)}"
    return given


def _day(typed: str) -> dt.date | None:
    try:
        return date_of(typed, "date")
    except InvalidInput:
        return None
