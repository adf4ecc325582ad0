"""The form in which a customer books a pickup."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.domain.business import Business, NotBookable
from dispatch.domain.job import Window
from dispatch.domain.job_input import InvalidInput
from dispatch.forms.job import JobForm
from dispatch.templatetags.formats import day_text

NEEDED = {
    "customer_name": gettext_lazy("Please tell us your name."),
    "phone": gettext_lazy("Please give us a number that we can reach you at."),
    "location": gettext_lazy("Please tell us where to pick it up."),
}


class BookingForm(JobForm):
    """The fields shared with the crew's forms, and those that only a customer chooses."""

    load = forms.Field(
        label=gettext_lazy("How much is it?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please choose how much there is to haul.")},
    )
    date = forms.Field(
        label=gettext_lazy("Which day?"),
        error_messages={"required": gettext_lazy("Please choose a day.")},
    )
    window = forms.Field(
        label=gettext_lazy("What time of day?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please choose a time of day.")},
    )

    field_order = (
        *("load", "date", "window", "location", "postcode", "access_notes"),
        *("customer_name", "phone", "email"),
    )

    def __init__(self, *args: Any, business: Business, at: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, business=business, **kwargs)
        self.at = at
        for name, words in NEEDED.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = words
        postcode = self.fields["postcode"]
        postcode.required = bool(business.areas)
        postcode.error_messages["required"] = _("We need it to see whether we come to you.")

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        fields = super().judged(typed)
        wrong = {}
        if (postcode := fields.get("postcode")) and not self.business.serves(postcode):
            wrong["postcode"] = self._or_call(_("We do not come to %s as a rule.") % postcode)
        window: Window | None = fields.get("window")
        if window and (why := self.business.not_bookable(window, self.at)):
            is_days = why is not NotBookable.TOO_SOON
            wrong["window.date" if is_days else "window"] = self._or_call(self._why(why, window))
        if wrong:
            raise InvalidInput(wrong)
        return fields

    def _why(self, why: NotBookable, window: Window) -> str:
        business, day = self.business, day_text(window.date, self.business, self.at)
        match why:
            case NotBookable.CLOSED:
                return _("We are closed on %s. Please choose another day.") % day
            case NotBookable.NOT_THEN:
                return _("We have no such time on %s. Please choose another.") % day
            case NotBookable.OVER:
                return _("%s is over. Please choose another day.") % day
            case NotBookable.TOO_SOON:
                notice = ngettext(
                    "We need an hour’s notice. Please choose a later time.",
                    "We need %(hours)d hours’ notice. Please choose a later time.",
                    business.notice_hours,
                )
                return notice % {"hours": business.notice_hours}
            case NotBookable.TOO_FAR:
                ahead = ngettext(
                    "We take bookings up to a day ahead.",
                    "We take bookings up to %(days)d days ahead.",
                    business.horizon_days,
                )
                return ahead % {"days": business.horizon_days}

    def _or_call(self, why: str) -> str:
        phone = self.business.phone_text(self.business.phone)
        return _("%(why)s Or call us: %(phone)s.") % {"why": why, "phone": phone}


def with_instead(posted: QueryDict) -> QueryDict:
    """What was posted, with the window of the button that was pressed instead of the chosen one:
    `instead` is a date and a window's name.
    """
    day, _space, name = posted.get("instead", "").partition(" ")
    if not name:
        return posted
    chosen = posted.copy()
    chosen["date"], chosen["window"] = day, name
    return chosen
