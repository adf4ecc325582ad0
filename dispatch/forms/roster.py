"""Forms for the roster: a member's profile and days off."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Self

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.calendar.month import roles_in_words
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES
from dispatch.domain.permissions import Rank
from dispatch.domain.roster import Member, username_refusal
from dispatch.explain.words import told
from dispatch.forms.job import InputForm, Typed, as_sent
from dispatch.roster import FARTHEST, MOST_DAYS, PROFILE, Days, MemberConflict, profile
from dispatch.templatetags.formats import RANK_LABELS, ROLE_LABELS, days, own

TEXTS = ("name", "phone", "email")
SEEN = "seen-"  # before the names of the fields' values as the form was shown
ROLE_CHOICES = [(role, ROLE_LABELS[role]) for role in ROLES]


class ProfileForm(InputForm):
    """Some of a member's profile. It sends along what it showed: only what was changed counts."""

    phone = Typed("phone", gettext_lazy("Phone"), type="tel")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        business: Business,
        member: Member | None = None,
        **kwargs: Any,
    ) -> None:
        self.business, self.member = business, member
        if member:
            kwargs["initial"] = profile(member) | {"phone": business.phone_text(member.phone)}
        super().__init__(data, **kwargs)
        for name, known in self.untouched.items():
            if not known.strip():  # of old: it may stay as it is
                self.fields[name].required = False

    @property
    def names(self) -> list[str]:
        return [name for name in PROFILE if name in self.fields]

    @property
    def untouched(self) -> dict[str, str]:
        """The texts that came back as they were shown, each as it is, whatever it is."""
        if not self.member or not self.is_bound:
            return {}
        seen = {name: str(self.seen[name]) for name in TEXTS if name in self.fields}
        shown = seen | {"phone": self.business.phone_text(seen["phone"])}
        return {
            name: seen[name]
            for name in seen
            for widget in [self.fields[name].widget]
            if as_sent(widget, self.data.get(name, "")) == as_sent(widget, shown[name])
        }

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        new = {name: typed[name] for name in TEXTS if name in typed and name not in self.untouched}
        return job_input.member(new, self.business) | self.untouched

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.names}

    @property
    def seen(self) -> dict[str, Any]:
        """The values that the form showed; the member's own where it does not say."""
        assert self.member
        sent = {name: self.data.get(SEEN + name) for name in self.names}
        known = {name: text for name, text in sent.items() if text is not None}
        if "roles" in known:
            known["roles"] = tuple(role for role in ROLES if role in known["roles"].split())
        return profile(self.member) | known

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Hidden fields that say what the others show; what was sent stands until it is saved."""
        assert self.member
        values = self.seen if self.is_bound else profile(self.member)
        return [(SEEN + name, _sent(values[name])) for name in self.names]

    def again(self, conflict: MemberConflict) -> Self:
        """After a conflict: what was typed, ready to be saved over it, beside what is there now."""
        now, seen = profile(conflict.member), self.seen
        typed = now | {name: mine for name, mine in self.wanted.items() if mine != seen[name]}
        typed["phone"] = self.business.phone_text(typed["phone"])
        data = {SEEN + name: [_sent(now[name])] for name in self.names}
        data |= {name: [typed[name]] for name in self.names if name != "roles"}
        data["roles"] = list(typed["roles"])
        again = type(self)(MultiValueDict(data), business=self.business, member=conflict.member)
        for name in conflict.fields:
            there = again.initial[name]
            shown = (", ".join(there) if isinstance(there, tuple) else there) or _("nothing")
            words = _("Now it is “%(value)s”. Save again to put yours instead.")
            again.add_error(name, words % {"value": shown})
        return again


def _sent(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


class MemberForm(ProfileForm):
    """A member's profile, as a dispatcher keeps it."""

    name = Typed("name", gettext_lazy("Name"))
    rank = forms.TypedChoiceField(
        coerce=Rank,
        label=gettext_lazy("Rank"),
        choices=[(rank.value, RANK_LABELS[rank]) for rank in reversed(Rank)],
        initial=Rank.CREW,
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles on a job"),
        choices=ROLE_CHOICES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    email = Typed("email", gettext_lazy("E-mail"), forms.EmailInput)
    field_order: Sequence[str] = PROFILE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # another's details: the browser knows only one's own
            field.widget.attrs["autocomplete"] = "off"

    def clean_roles(self) -> tuple[str, ...]:
        return tuple(role for role in ROLES if role in self.cleaned_data["roles"])


class NewMemberForm(MemberForm):
    """Somebody new; the name that they sign in as never changes."""

    username = forms.CharField(
        label=gettext_lazy("Signs in as"),
        max_length=job_input.LONGEST["driver"],
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Please give the name that they sign in with.")},
    )
    field_order = ("name", "username", *PROFILE[1:])

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"]).strip()
        if refusal := username_refusal(username):
            raise forms.ValidationError(told(refusal))
        return username

    @property
    def wanted(self) -> dict[str, Any]:
        return super().wanted | {"username": self.cleaned_data["username"]}


class DaysForm(forms.Form):
    """Days off, or back on: from when to when, in which windows, and but for which roles."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, business: Business, today: dt.date
    ) -> None:
        super().__init__(data, auto_id="days_%s")
        self.business, self.today = business, today
        for name, label in (("from", _("From")), ("to", _("To"))):
            widget = forms.DateInput(attrs={"type": "date", "min": today.isoformat()})
            self.fields[name] = forms.DateField(label=label, required=name == "from", widget=widget)
        windows = [(offer.name, own(offer.label, business)) for offer in business.windows]
        for name, label, choices in (
            ("windows", _("Only in these windows (tick none for all day)"), windows),
            ("but_as", _("Can still work as (tick none for not at all)"), ROLE_CHOICES),
        ):
            self.fields[name] = forms.MultipleChoiceField(
                label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
            )

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned.get("but_as"):  # roles are left for a whole day, and come back with it
            if self.data.get("set") == "back":
                self.add_error("but_as", _("Free again means in every role: tick none here."))
            elif cleaned.get("windows"):
                self.add_error(
                    "but_as", _("Set windows and roles one after the other, not at once.")
                )
        start = cleaned.get("from")
        if start is None or "to" in self.errors:
            return cleaned
        end = cleaned["to"] = cleaned.get("to") or start
        if start < self.today:
            self.add_error("from", _("That day is over: only today and later can be changed."))
        if end < start:
            self.add_error("to", _("That is before the first day."))
        elif end > self.today + FARTHEST:
            name = "from" if start > self.today + FARTHEST else "to"
            self.add_error(name, _("That is more than two years off."))
        elif end - start >= dt.timedelta(days=MOST_DAYS):
            words = ngettext(
                "That is too long: %(most)d day at once is the most.",
                "That is too long: %(most)d days at once are the most.",
                MOST_DAYS,
            )
            self.add_error("to", words % {"most": MOST_DAYS})
        return cleaned

    @property
    def days(self) -> Days:
        cleaned = self.cleaned_data
        windows, but_as = tuple(cleaned["windows"]), tuple(cleaned["but_as"])
        return Days(cleaned["from"], cleaned["to"], windows, but_as)

    @property
    def in_words(self) -> str:
        """`Sat, May 23 to Sun, May 24 (Morning)`."""
        off = self.days
        span = days(off.start, off.end, self.business)
        labels = [
            own(each.label, self.business)
            for each in self.business.windows
            if each.name in off.windows
        ]
        if off.but_as:
            labels = [_("but still there as %(roles)s") % {"roles": roles_in_words(off.but_as)}]
        return f"{span} ({', '.join(labels)})" if labels else span
