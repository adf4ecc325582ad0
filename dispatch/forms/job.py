"""Forms for a job. They have labels and widgets; the rules are those of `job_input`."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import UNSET

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business, Load
from dispatch.domain.job import EDITABLE, ROLES, Job, Window, plain
from dispatch.domain.job_input import LONGEST, REQUIRED, InvalidInput
from dispatch.domain.roster import Roster
from dispatch.domain.status import CREATABLE
from dispatch.domain.typed.texts import lines
from dispatch.explain.words import told
from dispatch.forms import consent, items
from dispatch.templatetags.formats import (
    ROLE_LABELS,
    clock_text,
    day_text,
    own,
    time_text,
    window_label,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WHEN = ("date", "window")  # two controls, one field

MEANT = "date_meant"  # the day, where somebody has said that it is no slip
FAR = 366  # days
MOST_MINUTES = 600  # of a way to a customer
JUST_OVER = dt.timedelta(minutes=5)  # a time that is over by less is as good as now


class Typed(forms.Field):
    """A text as it was typed. Django checks only that it is there where it must be."""

    def __init__(
        self,
        name: str,
        label: "StrOrPromise",
        widget: type[forms.Widget] = forms.TextInput,
        **attrs: object,
    ) -> None:
        super().__init__(
            label=label,
            required=name in REQUIRED,
            error_messages={"required": gettext_lazy(REQUIRED.get(name, ""))},
            widget=widget({"maxlength": LONGEST[name], **attrs}),
        )

    def to_python(self, value: object) -> str:
        return str(value or "").strip(" \t\r\n")


class Version(forms.IntegerField):
    """The version of what was seen, which a form sends along."""

    widget = forms.HiddenInput

    def to_python(self, value: object) -> int | None:
        typed = str(value or "").strip()
        if not re.fullmatch("[0-9]{0,15}", typed):  # int() takes more than that
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return int(typed) if typed else None


def as_sent(widget: forms.Widget, value: object) -> str:
    """What a browser sends back for a control that shows this value and was not touched."""
    text = lines(str(value)).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return (text if isinstance(widget, forms.Textarea) else text.replace("\n", "")).strip()


class InputForm(forms.Form):
    """Puts the sentences of `job_input` beside the fields that they are about."""

    @property
    def is_blank(self) -> bool:
        """As everybody finds it: nobody has typed into it, and it is filled in for nobody."""
        return not (self.is_bound or self.initial)

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data |= self.judged(self.cleaned_data)
        except InvalidInput as invalid:
            for name, sentence in invalid.errors.items():
                self.add_error("date" if name == "window.date" else name, told(sentence))
        return self.cleaned_data

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The typed values as a job has them. Raises InvalidInput."""
        raise NotImplementedError


class JobForm(InputForm):
    """The fields that customers and crew share."""

    customer_name = Typed("customer_name", gettext_lazy("Name"), autocomplete="name")
    phone = Typed("phone", gettext_lazy("Phone"), type="tel", autocomplete="tel")
    email = Typed("email", gettext_lazy("E-mail"), forms.EmailInput, autocomplete="email")
    location = Typed(
        "location", gettext_lazy("Address"), forms.Textarea, rows=2, autocomplete="street-address"
    )
    postcode = Typed("postcode", gettext_lazy("Postcode"), autocomplete="postal-code")
    access_notes = Typed("access_notes", gettext_lazy("Access notes"), forms.Textarea, rows=3)

    job: Job | None = None

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business = business
        if business.country == "US":
            self.fields["postcode"].label = _("ZIP code")

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: typed[name] for name in EDITABLE if name in typed and name != "window"}
        if "date" in typed and "window" in typed:
            day, name = typed["date"], typed["window"]
            given["window"] = {"date": day, "name": name} if day or name else None
        counted = items.given(typed)
        if counted is None:
            return job_input.clean(given, self.business, self.job)
        try:
            return job_input.clean(given | {"items": counted}, self.business, self.job)
        except InvalidInput as invalid:
            raise items.beside(invalid, counted) from None

    def job_fields(self) -> dict[str, Any]:
        """The cleaned values under the names that a job has for them."""
        return {name: value for name, value in self.cleaned_data.items() if name in EDITABLE}


class CrewJobForm(JobForm):
    """The fields that a dispatcher fills in, of a new job or a known one."""

    description = Typed("description", gettext_lazy("What is to be hauled"), forms.Textarea, rows=3)
    load = forms.Field(label=gettext_lazy("Load"), required=False, widget=forms.Select)
    price = forms.Field(
        label=gettext_lazy("Price"),
        required=False,
        # No number field: a mouse wheel would turn it.
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    date = forms.Field(
        label=gettext_lazy("Date"), required=False, widget=forms.DateInput({"type": "date"})
    )
    window = forms.Field(label=gettext_lazy("Window"), required=False, widget=forms.Select)
    truck = Typed("truck", gettext_lazy("Truck"))
    sms = consent.Texts()
    language = forms.Field(label=gettext_lazy("Language"), required=False, widget=forms.Select)

    def __init__(self, *args: Any, business: Business, job: Job | None = None, **kwargs: Any):
        super().__init__(*args, business=business, **kwargs)
        counts = items.fields(business, job)
        self.fields.update(counts)
        self.field_order = (
            *("customer_name", "phone", "sms", "email", "language"),
            *("location", "postcode", "access_notes"),
            *("load", *counts, "description", "price", "date", MEANT, "window", "truck"),
        )
        self.order_fields(self.field_order)
        # Another's details: the browser knows only one's own.
        for name in JobForm.base_fields:
            self.fields[name].widget.attrs["autocomplete"] = "off"
        loads = [
            ("", _("Not said")),
            *((load.name, own(load.label, business)) for load in business.loads),
        ]
        windows = [
            ("", _("Not agreed")),
            *((each.name, own(each.label, business)) for each in business.windows),
        ]
        if job and job.load and not business.load(job.load):
            loads.append((job.load, job.load))
        if job and job.window and job.window.name not in dict(windows):
            windows.append((job.window.name, window_label(job.window.name, business)))
        self.fields["load"].widget.choices = loads
        self.fields["window"].widget.choices = windows
        if spoken := consent.languages(business, job):
            self.fields["language"].widget.choices = spoken
        else:
            del self.fields["language"]
        self.job = job

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        fields = super().judged(typed)
        consent.check(typed, fields.get("phone", self.job.phone if self.job else ""))
        if (window := fields.get("window")) and window != (self.job and self.job.window):
            self._ask_whether_meant(window)
        return fields

    def _ask_whether_meant(self, window: Window) -> None:
        """Raises InvalidInput for a day that is over, far off or off, until it is said to be
        meant.
        """
        day = window.date
        if not (why := odd(day, window.name, self.business)):
            return
        said = day_text(day, self.business)
        yes = forms.CheckboxSelectMultiple(choices=[(day.isoformat(), _("Yes, I mean %s") % said)])
        self.fields[MEANT] = forms.Field(label=_("Is that right?"), required=False, widget=yes)
        self.order_fields(self.field_order)
        if self.data.get(MEANT) == day.isoformat():
            return  # which goes along where something else is asked
        asked = _("%(why)s If you mean it, say so below.") % {"why": why}
        raise InvalidInput({"window.date": asked})


def day_to_come(typed: str, today: dt.date, at: str = "date") -> dt.date:
    """Raises InvalidInput, which calls the field `at`."""
    day = job_input.date_of(typed, at)
    if day < today:
        raise InvalidInput({at: _("That day is over.")})
    return day


def odd(day: dt.date, window: str, business: Business) -> str:
    """Why that window of that day, or any of that day where it has no name, is likely a slip;
    empty where it is as any other.
    """
    at = wiring.now()
    ahead, offered = (day - business.today(at)).days, [w.name for w in business.windows_on(day)]
    if ahead < 0:
        why = _("%(day)s is over.")
    elif ahead > FAR:
        why = _("%(day)s is more than a year off.")
    elif day in business.closed:
        why = _("You are closed on %(day)s.")
    elif not offered or (window and window not in offered):
        why = _("You do not work then on %(day)s.")
    else:
        return ""
    return why % {"day": day_text(day, business, at)}


class NewJobForm(CrewJobForm):
    """A job taken by phone."""

    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[(status.value, gettext_lazy(status.label)) for status in reversed(CREATABLE)],
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, business=business, **kwargs)
        self.order_fields(["phone"])  # the first thing that is asked


class EditForm(CrewJobForm):
    """An edit may bring some fields only: what it leaves out, or as it was, stays as it is."""

    job: Job
    # The new load whose price is not the job's: is it to be taken? `take` says, `load` or `price`.
    asks: Load | None = None

    version = Version(min_value=1, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, business: Business, job: Job):
        shown, sent = as_typed(job, business), data or {}
        seen = (shown, as_typed(job, business, sent.get("version", "")))
        counts = items.fields(business, job)
        self.given = set(sent) - self._untouched(sent, seen, self.base_fields | counts)
        merged = None if data is None else shown | {name: sent[name] for name in self.given}
        super().__init__(merged, initial=shown, business=business, job=job)
        for name in self.fields.keys() - self.given:
            if not str(shown.get(name, "")).strip():  # of old: it may stay as it is
                self.fields[name].required = False

    def _untouched(
        self,
        sent: Mapping[str, Any],
        seen: Iterable[dict[str, Any]],
        fields: Mapping[str, forms.Field],
    ) -> set[str]:
        """Those of the fields that came back as one of these showed them."""
        widgets = {name: field.widget for name, field in fields.items()}
        both = dict.fromkeys(WHEN, WHEN)
        return {
            name
            for name in sent.keys() & widgets.keys() - {"version"}
            for shown in seen
            if all(
                as_sent(widgets[each], sent.get(each, shown[each]))
                == as_sent(widgets[each], shown[each])
                for each in both.get(name, (name,))
            )
        }

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        given = self.given | (set(WHEN) if self.given & set(WHEN) else set())
        if self._counted:
            given |= {name for name in typed if name.startswith(items.PREFIX)}
        fields = super().judged({name: typed[name] for name in typed if name in given})
        load = self.business.load(fields.get("load", ""))
        # A price that was agreed on before anybody named a load is no load's.
        was_the_loads = self.job.load or self.job.price is UNSET
        if not (load and was_the_loads) or "price" in fields:
            return fields
        priced = job_input.load_price(load, fields.get("items", self.job.items), self.business)
        if priced["price"] == self.job.price or self.data.get("take") == "price":
            return fields
        if self.data.get("take") == "load":
            self.given |= set(priced)
            return fields | priced
        self.asks = load
        raise InvalidInput({"load": self._which_price(load, priced["price"])})

    def _which_price(self, load: Load, asked: Decimal) -> str:
        with_items, known = asked != load.price, self.job.price
        what = (_("“%(load)s” with its items") if with_items else "“%(load)s”") % {
            "load": load.label
        }
        names = {"what": what, "price": self.business.money(asked)}
        if known is UNSET:
            asks = _("%(what)s is %(price)s, but the job has no price yet.")
        else:
            names["known"] = self.business.money(known)
            asks = _("%(what)s is %(price)s, but the job’s price is %(known)s.")
            if self.job.price_lines:
                asks = _(
                    "%(what)s is %(price)s, but the job’s price is %(known)s, the sum of its lines."
                )
        return " ".join((asks % names, _("Which one? Choose below.")))

    @property
    def _counted(self) -> set[str]:
        """The controls of items that were touched: all of them are one field of the job."""
        return {name for name in self.given if name.startswith(items.PREFIX)}

    def job_fields(self) -> dict[str, Any]:
        given = self.given | ({"window"} if "date" in self.given else set())
        given |= {"items"} if self._counted else set()
        return {name: value for name, value in super().job_fields().items() if name in given}

    @property
    def texts(self) -> str | None:
        """The words in which they agreed to text messages, empty where they take it back; None
        where that was left as it is.
        """
        return consent.words(self.cleaned_data) if "sms" in self.given else None

    def again(self, job: Job) -> "EditForm":
        """After a conflict: what this person changed over the job as it is now, to be sent again.

        What they left alone is not sent as it was when they looked: that would undo the others.
        """
        version = self.cleaned_data["version"] or job.version
        mine = {
            name
            for name, value in self.job_fields().items()
            if plain(value) != job.as_of(version, name)
        }
        typed = mine | ({"date"} if "window" in mine else set())
        typed = (typed - {"items"}) | (self._counted if "items" in mine else set())
        typed |= self.given & {"sms"}
        data = as_typed(job, self.business) | {name: self.data[name] for name in typed}
        return EditForm(data, business=self.business, job=job)


def price_typed(price: Decimal | float) -> str:
    """`320`, `299.50`: as its field shows it."""
    return f"{price:.2f}".removesuffix(".00")


def as_typed(job: Job, business: Business, version: object = "") -> dict[str, Any]:
    """A job's fields as its form shows them, or showed them at that version."""
    known = str(version).isdecimal() and len(str(version)) < 16
    then = int(str(version)) if known else job.version
    was = {name: job.as_of(then, name) for name in EDITABLE if name != "price_lines"}
    window = was["window"] if isinstance(was["window"], Mapping) else {}
    price = was["price"]
    return {
        **was,
        **items.as_typed(was["items"], items.fields(business, job)),
        "phone": business.phone_text(str(was["phone"])),
        "price": price_typed(price) if isinstance(price, int | float) else "",
        "date": window.get("date", ""),
        "window": window.get("name", ""),
        "sms": consent.as_ticked(job, then),
        "version": job.version,
    }


ROLE = forms.Select()


class CrewForm(InputForm):
    """The crew of a job, a field for each role."""

    version = Version(min_value=1, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, job: Job, roster: Roster) -> None:
        now = {role: job.field(role) or "" for role in ROLES}
        sent = {
            name: now[name] if as_sent(ROLE, value) == as_sent(ROLE, now.get(name)) else value
            for name, value in (data or {}).items()
        }
        merged = None if data is None else now | sent
        super().__init__(merged, initial=now | {"version": job.version})
        self.job = job
        for role in ROLES:
            names = [(member.username, member.name) for member in roster.able(role)]
            if now[role] and now[role] not in dict(names):
                names.append((now[role], roster.name_of(now[role])))
            self.fields[role] = forms.Field(
                label=ROLE_LABELS[role],
                required=False,
                widget=forms.Select({"translate": "no"}, choices=[("", _("Nobody yet")), *names]),
            )

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        return job_input.roles(typed, self.job)

    def roles(self) -> dict[str, str | None]:
        return {role: self.cleaned_data[role] for role in ROLES}


class NoteForm(InputForm):
    text = Typed("text", gettext_lazy("Note for the crew"), forms.Textarea, rows=2)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        return {name: job_input.text(name, words) for name, words in typed.items()}


class Slip(InvalidInput):
    """What was typed is likely a slip; who insists means it."""


class EtaForm(forms.Form):
    """A clock time as the crew say it: `14:20`, of today. Empty takes the estimate back."""

    eta = forms.TimeField(
        label=gettext_lazy("Expected at"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
    )

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=1, max_value=MOST_MINUTES, required=False
    )

    def moment(
        self, business: Business, at: dt.datetime, *, insist: bool = False
    ) -> dt.datetime | None:
        """The time that was typed at `at`; with `insist`, of tomorrow where today's is over.

        Raises Slip for one that is.
        """
        clock: dt.time | None = self.cleaned_data["eta"]
        if clock is None:
            return None
        today = dt.datetime.combine(business.today(at), clock, business.zone)
        if at - today < JUST_OVER:
            return today
        tomorrow = today + dt.timedelta(days=1)
        if not insist:
            names = {
                "clock": clock_text(today),
                "now": clock_text(at.astimezone(business.zone)),
                "then": time_text(tomorrow, business, at),
            }
            asked = _("It is %(now)s, so %(clock)s is over. Do you mean %(then)s?") % names
            raise Slip({"eta": asked})
        return tomorrow
