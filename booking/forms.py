"""The form in which a customer books a pickup."""

import datetime as dt
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django import forms

from dispatch.domain.business import Business
from dispatch.domain.job import Window
from dispatch.domain.job_input import InvalidInput
from dispatch.forms.job import JobForm

NEEDED = {
    "customer_name": "Please tell us your name.",
    "phone": "Please give us a number that we can reach you at.",
    "location": "Please tell us where to pick it up.",
}


class BookingForm(JobForm):
    """The fields shared with the crew's forms, and those that only a customer chooses."""

    load = forms.Field(
        label="How much is it?",
        widget=forms.RadioSelect,
        error_messages={"required": "Please choose how much there is to haul."},
    )
    date = forms.Field(
        label="Which day?", widget=forms.Select, error_messages={"required": "Please choose a day."}
    )
    window = forms.Field(
        label="What time of day?",
        widget=forms.RadioSelect,
        error_messages={"required": "Please choose a time of day."},
    )

    field_order = (
        *("load", "date", "window", "location", "access_notes"),
        *("customer_name", "phone", "email"),
    )

    def __init__(self, *args: Any, business: Business, at: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, business=business, **kwargs)
        self.offered = business.bookable(at)
        for name, words in NEEDED.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = words
        self.fields["date"].widget.choices = [
            ("", "Choose a day"),
            *(
                (day.isoformat(), f"{day:%A, %B %-d}{business.year_text(day, at)}")
                for day in self.days
            ),
        ]

    @property
    def days(self) -> dict[dt.date, list[Window]]:
        """The windows that are still free, by day."""
        by_day = groupby(self.offered, key=lambda window: window.date)
        return {day: list(windows) for day, windows in by_day}

    @property
    def offered_names(self) -> dict[str, list[str]]:
        """For the page's script: the windows of each day."""
        return {
            day.isoformat(): [window.name for window in windows]
            for day, windows in self.days.items()
        }

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        fields = super().judged(typed)
        window = fields.get("window")
        if window and window.date not in self.days:
            sentence = "We are not free on that day. Please choose another."
            raise InvalidInput({"window.date": sentence})
        if window and window not in self.offered:
            raise InvalidInput({"window": "We are not free then any more. Please choose another."})
        return fields
