"""Forms for a job. They have labels and widgets; the rules are those of `job_input`."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms

from dispatch.domain import job_input
from dispatch.domain.business import Business, Load
from dispatch.domain.job import EDITABLE, ROLES, Job, plain
from dispatch.domain.job_input import LONGEST, MOST_PRICE, REQUIRED, InvalidInput
from dispatch.domain.roster import Roster
from dispatch.domain.status import CREATABLE


class Typed(forms.Field):
    """A text as it was typed. Django checks only that it is there where it must be."""

    def __init__(
        self, name: str, label: str, widget: type[forms.Widget] = forms.TextInput, **attrs: object
    ) -> None:
        super().__init__(
            label=label,
            required=name in REQUIRED,
            error_messages={"required": REQUIRED.get(name, "")},
            widget=widget({"maxlength": LONGEST[name], **attrs}),
        )

    def to_python(self, value: object) -> str:
        return str(value or "").strip(" \t\r\n")


class InputForm(forms.Form):
    """Puts the sentences of `job_input` beside the fields that they are about."""

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data |= self.judged(self.cleaned_data)
        except InvalidInput as invalid:
            for name, sentence in invalid.errors.items():
                self.add_error("date" if name == "window.date" else name, sentence)
        return self.cleaned_data

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The typed values as a job has them. Raises InvalidInput."""
        raise NotImplementedError


class JobForm(InputForm):
    """The fields that customers and crew share."""

    customer_name = Typed("customer_name", "Name", autocomplete="name")
    phone = Typed("phone", "Phone", type="tel", autocomplete="tel")
    email = Typed("email", "E-mail", forms.EmailInput, autocomplete="email")
    location = Typed("location", "Address", autocomplete="street-address")
    access_notes = Typed("access_notes", "Access notes", forms.Textarea, rows=3)

    job: Job | None = None

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business = business

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: typed[name] for name in EDITABLE if name in typed and name != "window"}
        if "date" in typed and "window" in typed:
            day, name = typed["date"], typed["window"]
            given["window"] = {"date": day, "name": name} if day or name else None
        return job_input.clean(given, self.business, self.job)

    def job_fields(self) -> dict[str, Any]:
        """The cleaned values under the names that a job has for them."""
        return {name: value for name, value in self.cleaned_data.items() if name in EDITABLE}


class CrewJobForm(JobForm):
    """The fields that a dispatcher fills in, of a new job or a known one."""

    load = forms.Field(label="Load", required=False, widget=forms.Select)
    price = forms.Field(
        label="Price",
        required=False,
        widget=forms.NumberInput({"min": 0, "max": MOST_PRICE, "step": "0.01"}),
    )
    date = forms.Field(label="Date", required=False, widget=forms.DateInput({"type": "date"}))
    window = forms.Field(label="Window", required=False, widget=forms.Select)
    truck = Typed("truck", "Truck")

    field_order = (
        *("customer_name", "phone", "email", "location", "access_notes"),
        *("load", "price", "date", "window", "truck"),
    )

    def __init__(self, *args: Any, business: Business, job: Job | None = None, **kwargs: Any):
        super().__init__(*args, business=business, **kwargs)
        for name in JobForm.base_fields:  # another's details: the browser knows only one's own
            self.fields[name].widget.attrs["autocomplete"] = "off"
        loads = [("", "Not said"), *((load.name, load.label) for load in business.loads)]
        windows = [("", "Not agreed"), *((each.name, each.label) for each in business.windows)]
        if job and job.load and not business.load(job.load):
            loads.append((job.load, job.load))
        if job and job.window and job.window.name not in dict(windows):
            windows.append((job.window.name, business.label_of(job.window.name)))
        self.fields["load"].widget.choices = loads
        self.fields["window"].widget.choices = windows
        self.job = job


class NewJobForm(CrewJobForm):
    """A job taken by phone."""

    status = forms.ChoiceField(
        label="Status", choices=[(status.value, status.label) for status in reversed(CREATABLE)]
    )


class EditForm(CrewJobForm):
    """An edit may bring some fields only: what it leaves out, or as it was, stays as it is."""

    job: Job
    # The new load whose price is not the job's: is it to be taken? `take` says, `load` or `price`.
    asks: Load | None = None

    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, business: Business, job: Job):
        shown = as_typed(job, business)
        self.given = set(data or ())
        merged = None if data is None else shown | {key: data[key] for key in data}
        super().__init__(merged, initial=shown, business=business, job=job)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        fields = super().judged(typed)
        load = self.business.load(fields.get("load", ""))
        # A price that was agreed on before anybody named a load is no load's.
        was_priced = self.job.load or not self.job.price
        is_other = load and load.name != self.job.load and load.price != self.job.price
        if not load or not (is_other and was_priced) or fields.get("price") != self.job.price:
            return fields
        if self.data.get("take") == "load":
            self.given.add("price")
            return fields | {"price": load.price}
        if self.data.get("take") != "price":
            self.asks = load
            price, now = self.business.money(load.price), self.business.money(self.job.price)
            lines = ", the sum of its lines" if self.job.price_lines else ""
            sentence = f"“{load.label}” is {price}, but the job’s price is {now}{lines}. Which one?"
            raise InvalidInput({"load": f"{sentence} Choose below."})
        return fields

    def job_fields(self) -> dict[str, Any]:
        given = self.given | ({"window"} if "date" in self.given else set())
        return {name: value for name, value in super().job_fields().items() if name in given}

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
        data = as_typed(job, self.business) | {name: self.data[name] for name in typed}
        return EditForm(data, business=self.business, job=job)


def as_typed(job: Job, business: Business) -> dict[str, Any]:
    """A job's fields as its form shows them."""
    return {
        **{name: getattr(job, name) for name in EDITABLE if name != "price_lines"},
        "phone": business.phone_text(job.phone),
        "price": job.price or "",
        "date": job.window.date.isoformat() if job.window else "",
        "window": job.window.name if job.window else "",
        "version": job.version,
    }


class CrewForm(InputForm):
    """The crew of a job, a field for each role."""

    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, job: Job, roster: Roster) -> None:
        now = {role: job.field(role) or "" for role in ROLES}
        merged = None if data is None else now | {key: data[key] for key in data}
        super().__init__(merged, initial=now | {"version": job.version})
        self.job = job
        for role in ROLES:
            names = [(member.username, member.name) for member in roster.able(role)]
            if now[role] and now[role] not in dict(names):
                names.append((now[role], roster.name_of(now[role])))
            self.fields[role] = forms.Field(
                label=role.replace("_", " ").capitalize(),
                required=False,
                widget=forms.Select(choices=[("", "Nobody yet"), *names]),
            )

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        return job_input.roles(typed, self.job)

    def roles(self) -> dict[str, str | None]:
        return {role: self.cleaned_data[role] for role in ROLES}


class NoteForm(InputForm):
    text = Typed("text", "Note for the crew", forms.Textarea, rows=2)

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        return {name: job_input.text(name, words) for name, words in typed.items()}


class EtaForm(forms.Form):
    """A clock time of today, as the crew say it: `14:20`. Empty takes the estimate back."""

    eta = forms.TimeField(
        label="Expected at", required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def moment(self, business: Business, at: dt.datetime) -> dt.datetime | None:
        clock: dt.time | None = self.cleaned_data["eta"]
        return dt.datetime.combine(business.today(at), clock, business.zone) if clock else None
