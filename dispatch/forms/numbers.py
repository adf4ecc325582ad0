"""The days that the numbers are asked of."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from dispatch.domain.job_input import days
from dispatch.domain.numbers import Span, week_of
from dispatch.forms.history import DAY, with_days
from dispatch.forms.job import InputForm
from dispatch.jobs import MOST_DAYS


class NumbersForm(InputForm):
    """This week where no days are said; from one on, or up to one, twelve months."""

    def __init__(self, query: Mapping[str, str], *, today: dt.date) -> None:
        given = {name: query.get(name, "").strip() for name in ("from", "to")}
        week = week_of(today)
        said = with_days(given, today) if any(given.values()) else _typed(week)
        super().__init__(said)
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.Field(label=label, required=False, widget=DAY)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The `span`. Raises InvalidInput."""
        return {"span": Span(*days(typed["from"], typed["to"], MOST_DAYS))}


def _typed(span: Span) -> dict[str, str]:
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}
