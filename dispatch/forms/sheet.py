"""The day that is printed, and whose."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.domain.roster import Roster
from dispatch.forms.job import InputForm


class DayForm(InputForm):
    """The day, today where none is said, and whose."""

    def __init__(self, query: Mapping[str, str], *, today: date, roster: Roster) -> None:
        given = {"date": query.get("date", "").strip() or f"{today}"}
        super().__init__(given | {"member": query.get("member", "").strip().lower()})
        self.roster = roster
        people = [(member.username, member.name) for member in roster.able("driver")]
        widget = forms.DateInput({"type": "date"})
        self.fields["date"] = forms.Field(label=_("Date"), required=False, widget=widget)
        select = forms.Select({"translate": "no"}, choices=[("", _("Everybody")), *people])
        self.fields["member"] = forms.Field(label=_("Driver"), required=False, widget=select)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """`day`, and `member`, a username or empty. Raises InvalidInput."""
        member = typed["member"]
        if member and self.roster.value(member) is None:
            raise InvalidInput({"member": _("Nobody of that name is on the roster.")})
        return {"day": date_of(typed["date"], "date"), "member": member}
