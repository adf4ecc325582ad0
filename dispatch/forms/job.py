"""What the crew type in, checked; and the fields that booking shares with them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from dispatch.domain.business import Business
from dispatch.domain.job import EDITABLE, ROLES, Job, Window, plain
from dispatch.domain.limits import LONGEST, LONGEST_NAME, LONGEST_NOTE, MOST_PRICE
from dispatch.domain.record import FIRST_DAY, LAST_DAY
from dispatch.domain.roster import Roster
from dispatch.domain.status import CREATABLE


def phone_number(business: Business, text: str) -> str:
    """In E.164. Raises a field error for what is no phone number."""
    number = business.phone_e164(text)
    if number is None:
        raise forms.ValidationError("That does not look like a phone number.")
    return number


class JobForm(forms.Form):
    """Who, where and what: the fields of a job as people type them."""

    customer_name = forms.CharField(
        label="Name",
        max_length=LONGEST["customer_name"],
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": "Please give a name."},
    )
    phone = forms.CharField(
        label="Phone",
        max_length=LONGEST["phone"],
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    email = forms.EmailField(
        label="E-mail",
        max_length=LONGEST["email"],
        required=False,
        widget=forms.EmailInput({"autocomplete": "email"}),
        error_messages={"invalid": "That does not look like an e-mail address."},
    )
    location = forms.CharField(
        label="Address",
        max_length=LONGEST["location"],
        widget=forms.TextInput({"autocomplete": "street-address"}),
        error_messages={"required": "Please give an address."},
    )
    access_notes = forms.CharField(
        label="Access notes",
        max_length=LONGEST["access_notes"],
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.business = business

    def clean_phone(self) -> str:
        """In E.164. Raises a field error for what is no phone number."""
        text: str = self.cleaned_data["phone"]
        return phone_number(self.business, text) if text else ""

    def job_fields(self) -> dict[str, Any]:
        """The cleaned values under the names that a job has for them."""
        return {name: value for name, value in self.cleaned_data.items() if name in EDITABLE}


class CrewJobForm(JobForm):
    """What a dispatcher may say of a job, new or known."""

    load = forms.ChoiceField(label="Load", required=False)
    price = forms.DecimalField(
        label="Price", min_value=0, max_value=MOST_PRICE, decimal_places=2, required=False
    )
    date = forms.DateField(
        label="Date",
        required=False,
        error_messages={"invalid": "That is no date of the calendar."},
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    window = forms.ChoiceField(label="Window", required=False)
    truck = forms.CharField(label="Truck", max_length=LONGEST["truck"], required=False)

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
            windows.append((job.window.name, business.label(job.window)))
        self.fields["load"].choices = loads  # type: ignore[attr-defined]
        self.fields["window"].choices = windows  # type: ignore[attr-defined]
        self.job = job

    def clean_price(self) -> Decimal:
        price: Decimal | None = self.cleaned_data["price"]
        return price if price is not None else Decimal(0)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day, name = cleaned.get("date"), cleaned.get("window")
        if bool(day) != bool(name):
            self.add_error("window" if day else "date", "Give both the date and the window.")
        elif not self.errors:
            cleaned["window"] = self._window(day, name)
        return cleaned

    def _window(self, day: dt.date | None, name: str | None) -> Window | None:
        if not day or not name:
            return None
        known = self.job.window if self.job else None
        if known and (known.date, known.name) == (day, name):
            return known
        return self.business.agreed_window(day, name) or (
            Window(date=day, name=name, start=known.start, end=known.end) if known else None
        )


class NewJobForm(CrewJobForm):
    """A job taken by phone. The price is the load's where none is said."""

    status = forms.ChoiceField(
        label="Status", choices=[(status.value, status.label) for status in reversed(CREATABLE)]
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        load = self.business.load(cleaned.get("load") or "")
        if load and not self.data.get("price"):
            cleaned["price"] = load.price
        return cleaned


class EditForm(CrewJobForm):
    """An edit may bring some fields only: what it leaves out, or as it was, stays as it is."""

    job: Job

    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, business: Business, job: Job):
        shown = as_typed(job, business)
        self.given = set(data or ())
        merged = None if data is None else shown | {key: data[key] for key in data}
        super().__init__(merged, initial=shown, business=business, job=job)

    def clean(self) -> dict[str, Any]:
        """Old values pass, though nobody could type them today: only what is new is judged."""
        for name in set(self.fields) & set(EDITABLE) - {"window"}:
            if _lines(self.data[name]) == _lines(self.initial[name]):
                self.errors.pop(name, None)
                self.cleaned_data[name] = getattr(self.job, name)
        return super().clean()

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


def _lines(typed: object) -> str:
    """Browsers end the lines of a text in their own way."""
    return str(typed).replace("\r\n", "\n").strip()


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


class CrewForm(forms.Form):
    """Who has which role on a job."""

    version = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, job: Job, roster: Roster, **kwargs: Any
    ) -> None:
        now = {role: getattr(job.crew, role) or "" for role in ROLES}
        merged = None if data is None else now | {key: data[key] for key in data}
        super().__init__(merged, initial=now | {"version": job.version}, label_suffix="", **kwargs)
        for role in ROLES:
            names = [(member.username, member.name) for member in roster.able(role)]
            if now[role] and now[role] not in dict(names):
                names.append((now[role], roster.name_of(now[role])))
            self.fields[role] = forms.CharField(
                label=role.replace("_", " ").capitalize(),
                required=False,
                max_length=LONGEST_NAME,
                widget=forms.Select(choices=[("", "Nobody yet"), *names]),
            )

    def roles(self) -> dict[str, str | None]:
        return {role: self.cleaned_data[role] or None for role in ROLES}


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note for the crew",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write something first."},
    )


class EtaForm(forms.Form):
    """A clock time of today, as the crew say it: `14:20`. Empty takes the estimate back."""

    eta = forms.TimeField(
        label="Expected at", required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def moment(self, business: Business, at: dt.datetime) -> dt.datetime | None:
        clock: dt.time | None = self.cleaned_data["eta"]
        return dt.datetime.combine(business.today(at), clock, business.zone) if clock else None
