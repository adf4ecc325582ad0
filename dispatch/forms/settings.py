"""Forms for what a dispatcher sets: closed days, windows' places, prices."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import UNSET

from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.planning.overrides import Subject
from dispatch.explain.words import told
from dispatch.forms.job import InputForm, day_to_come, price_typed
from dispatch.overrides import PriceConflict, Wanted, prices
from dispatch.templatetags.formats import own

FARTHEST = 366 * 2  # days


class DayForm(InputForm):
    date = forms.Field(
        label=gettext_lazy("Date"),
        widget=forms.DateInput({"type": "date"}),
        error_messages={"required": gettext_lazy("Please choose a day.")},
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, today: dt.date, auto_id: str = "day-%s"
    ) -> None:
        super().__init__(data, auto_id=auto_id)
        self.today = today

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        if not typed.get("date"):
            return {}
        day = day_to_come(typed["date"], self.today)
        if (day - self.today).days > FARTHEST:
            raise InvalidInput({"date": _("That is more than two years off.")})
        return {"date": day}


class LimitForm(DayForm):
    places = forms.IntegerField(
        label=gettext_lazy("Places at most (0 closes it)"),
        min_value=0,
        max_value=999,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Please say how many.")},
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, business: Business, today: dt.date
    ) -> None:
        super().__init__(data, today=today, auto_id="limit-%s")
        self.fields["window"] = forms.ChoiceField(
            label=_("Window"),
            choices=[(each.name, own(each.label, business)) for each in business.windows],
        )
        self.order_fields(["date", "window", "places"])


class PricesForm(forms.Form):
    """A field for each load and item, and beside it the price that was seen."""

    def __init__(
        self, data: Mapping[str, Any] | None, *, business: Business, in_file: Business
    ) -> None:
        super().__init__(data, auto_id="price-%s")
        self.business, self.now, self.file = business, prices(business), prices(in_file)
        labels = {
            (kind, each.name): own(each.label, business)
            for kind, offers in (("load", business.loads), ("item", business.items))
            for each in offers
        }
        for subject, price in self.now.items():
            self.fields[_name(subject)] = forms.Field(
                label=labels[subject.kind, subject.name],
                initial=price_typed(price),
                widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
                error_messages={"required": _("Please give a price.")},
                help_text=self._in_file(subject),
            )

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Hidden fields: the prices as they are shown."""
        return [
            (f"seen-{_name(subject)}", price_typed(price)) for subject, price in self.now.items()
        ]

    def clean(self) -> dict[str, Any]:
        for name, typed in [*self.cleaned_data.items()]:
            try:
                price = job_input.clean({"price": typed}, self.business)["price"]
            except InvalidInput as invalid:
                self.add_error(name, told(invalid.errors["price"]))
                continue
            self.cleaned_data[name] = price
            if price is UNSET:  # nothing but blanks
                self.add_error(name, self.fields[name].error_messages["required"])
        return self.cleaned_data

    def wanted(self) -> dict[Subject, Wanted]:
        """Of a form that is valid."""
        found = {}
        for subject, now in self.now.items():
            seen = self.data.get(f"seen-{_name(subject)}", "")
            was = Decimal(seen) if seen.replace(".", "", 1).isdecimal() else now
            found[subject] = Wanted(self.cleaned_data[_name(subject)], was)
        return found

    def add_conflict(self, conflict: PriceConflict) -> None:
        price = self.business.money(conflict.price)
        words = _("Somebody else has just made it %s. Save again if you mean yours.") % price
        self.add_error(_name(conflict.subject), words)

    def _in_file(self, subject: Subject) -> str:
        if self.now[subject] == self.file[subject]:
            return ""
        return _("%s before it was set here") % self.business.money(self.file[subject])


def _name(subject: Subject) -> str:
    return f"{subject.kind}-{subject.name}"
