"""Jobs that are ticked, and what is to be done with all of them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job_input import LONGEST, InvalidInput
from dispatch.domain.roster import Roster
from dispatch.forms.job import InputForm, day_to_come, odd
from dispatch.jobs.several import Seen
from dispatch.templatetags.formats import own
from dispatch.templatetags.kept import Same

# What may be done with several, by the name of its button, and the fields that it needs.
DO = {
    "confirm": (),
    "assign": ("driver",),
    "move": ("date", "window"),
    "decline": ("reason",),
    "print": (),
}


class SeveralForm(InputForm):
    """`job` is `<id>/<version>` of each that is ticked, `do` what its button says, or `insist`, for
    what there is no room for.
    """

    driver = forms.Field(label=gettext_lazy("Driver"), required=False, widget=forms.Select)
    date = forms.Field(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput({"type": "date"})
    )
    window = forms.Field(label=gettext_lazy("Window"), required=False, widget=forms.Select)
    reason = forms.Field(
        label=gettext_lazy("Why? The customer reads it"),
        required=False,
        widget=forms.TextInput({"maxlength": LONGEST["reason"]}),
    )

    def __init__(
        self, data: QueryDict | None = None, *, business: Business, roster: Roster
    ) -> None:
        super().__init__(data, auto_id="several-%s")
        self.business, self.roster = business, roster
        self.do = (data.get("insist") or data.get("do", "")) if data else ""
        self.seen = [seen(each) for each in data.getlist("job")] if data else []
        self.insists = data is not None and "insist" in data
        self.may_insist = False  # on a day that is likely a slip
        drivers = [(member.username, member.name) for member in roster.able("driver")]
        windows = [(offer.name, own(offer.label, business)) for offer in business.windows]
        self._choose("driver", _("Choose…"), drivers)
        self._choose("window", _("The same"), windows)
        self.fields["date"].widget.attrs["min"] = f"{business.today(wiring.now())}"

    def _choose(self, name: str, nothing: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].widget = forms.Select(choices=[("", nothing), *choices])

    @property
    def ticked(self) -> set[str]:
        return {each.job_id for each in self.seen}

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that `do` needs. Raises InvalidInput."""
        if self.do not in DO:
            raise InvalidInput({"__all__": _("Choose one of the buttons below.")})
        if not self.seen:
            raise InvalidInput({"__all__": _("Tick at least one job.")})
        match self.do:
            case "assign":
                return {"driver": self._driver(typed["driver"] or "")}
            case "move":
                name = typed["window"] or ""
                return {"date": self._day(typed["date"] or "", name), "window": name}
            case "decline":
                return {"reason": self._reason(typed["reason"])}
        return {}

    def _driver(self, typed: str) -> str:
        if not typed:
            raise InvalidInput({"driver": _("Choose who drives.")})
        return str(job_input.roles({"driver": typed})["driver"])

    def _day(self, typed: str, window: str) -> Any:
        day = day_to_come(typed, self.business.today(wiring.now()))
        if (why := odd(day, window, self.business)) and not self.insists:
            self.may_insist = True
            raise InvalidInput({"date": why})
        return day

    def _reason(self, typed: object) -> str:
        reason = job_input.text("reason", typed)
        if not reason:
            raise InvalidInput({"reason": _("Say why: the customer is told.")})
        return reason


def seen(value: str) -> Seen:
    """What the checkbox of this value stood for; an id alone says no version."""
    job_id, slash, version = value.partition("/")
    known = version.isascii() and version.isdigit() and len(version) < 16
    return Seen(job_id, int(version) if known else 0 if slash else None)


def blank(business: Business, roster: Roster) -> SeveralForm:
    """The form before anybody has ticked: one object for all, by which its markup is kept."""
    return _blank(Same(business), Same(roster), business.today(wiring.now()), get_language())


@lru_cache(maxsize=16)
def _blank(business: Same, roster: Same, *_what_else_it_shows: object) -> SeveralForm:
    return SeveralForm(business=business.value, roster=roster.value)
