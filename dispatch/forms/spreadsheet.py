"""What is exported, and what people say of a file that they import."""

import datetime as dt
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.domain.business import Business
from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.forms.job import InputForm
from dispatch.spreadsheet import rows
from dispatch.spreadsheet.columns import IGNORED, READABLE, recognised
from dispatch.spreadsheet.reading import NoTable, Sheet, read, read_text
from dispatch.spreadsheet.rows import Choices
from dispatch.spreadsheet.times import Order

MOST_ROWS, MOST_BYTES = 2_000, 1024 * 1024
COMMAND = "manage.py jobs import FILE.csv"
JOBS, PAYMENTS = "jobs", "payments"
EXPORTS = {
    JOBS: gettext_lazy("Jobs, one a row"),
    PAYMENTS: gettext_lazy("Payments, one a row"),
}
DAY = forms.DateInput({"type": "date"})


class ExportForm(InputForm):
    """The days, both included, this month's up to today where none are said; and of what."""

    def __init__(self, query: Mapping[str, str], *, today: dt.date) -> None:
        usual = {"from": f"{today.replace(day=1)}", "to": f"{today}", "what": JOBS}
        given = {name: query.get(name, "").strip() or text for name, text in usual.items()}
        super().__init__(given)
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.Field(label=label, required=False, widget=DAY)
        self.fields["what"] = forms.ChoiceField(label=_("What"), choices=[*EXPORTS.items()])

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """`days`, the first and the last. Raises InvalidInput."""
        first, last = date_of(typed["from"], "from"), date_of(typed["to"], "to")
        if last < first:
            raise InvalidInput({"to": _("That is before the first day.")})
        return {"days": (first, last)}


class FileForm(forms.Form):
    """The file that is looked at first."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("There is nothing in that file."),
        },
    )

    def clean_file(self) -> Sheet:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            words = _("It is larger than 1 MB, the most that fits here. At the server: {command}")
            raise forms.ValidationError(words.format(command=COMMAND))
        try:
            return few_enough(read(file.read()))
        except NoTable as error:
            raise forms.ValidationError(str(error)) from error


def few_enough(sheet: Sheet) -> Sheet:
    """Raises NoTable for more rows than a page can show."""
    if len(sheet.rows) <= MOST_ROWS:
        return sheet
    words = _(
        "It has {count:,} rows; {most:,} at once are the most that fit here."
        " All of them are taken at the server: {command}"
    )
    raise NoTable(words.format(count=len(sheet.rows), most=MOST_ROWS, command=COMMAND))


class ColumnsForm(forms.Form):
    """A sheet that was looked at, and what its columns are: by their names, or as chosen here."""

    def __init__(
        self, data: Mapping[str, str], *, business: Business, sheet: Sheet | None = None
    ) -> None:
        """Of a new `sheet`, or of that which `data` brings back. Raises NoTable."""
        self.sheet = sheet or few_enough(read_text(data.get("text", "")))
        usual = {self.column(n): name for n, name in enumerate(recognised(self.sheet.header))}
        given = usual | {
            name: data[name] for name in data if name in usual or name in ("window", "day")
        }
        fields = tuple(given[name] for name in usual)
        known = {field.name for field in READABLE}
        self.names = tuple(name if name in known else IGNORED for name in fields)
        self.decided = rows.order_of(self.sheet, self.names)
        super().__init__({**given, "order": data.get("order", "")})
        choices = [(IGNORED, _("Leave it out")), *((each.name, each.label) for each in READABLE)]
        for name, heading in zip(usual, self.sheet.header, strict=True):
            select = forms.Select(choices=choices)
            label = heading or _("(no heading)")
            self.fields[name] = forms.Field(label=label, required=False, widget=select)
        self._ask(business)

    def _ask(self, business: Business) -> None:
        """For what the sheet itself does not say."""
        if self.decided is None:
            self.fields["order"] = forms.ChoiceField(
                label=_("Which day is “{typed}”?").format(typed=self.example),
                choices=[(each.value, self._in_words(each)) for each in Order],
                widget=forms.RadioSelect,
                error_messages={"required": _("Say how the days are written: both are possible.")},
            )
        if "date" not in self.names:
            label = _("The day of all these pickups, if there is one")
            self.fields["day"] = forms.Field(label=label, required=False, widget=DAY)
        elif self._has_bare_days():
            windows = [(each.name, each.label) for each in business.windows]
            self.fields["window"] = forms.Field(
                label=_("A day without a time means"),
                required=False,
                widget=forms.Select(choices=[("", _("The first window of that day")), *windows]),
            )

    def _has_bare_days(self) -> bool:
        """True where some row has a day, and no cell that says when."""
        times = [n for n, name in enumerate(self.names) if name in ("start", "window")]
        day = self.names.index("date")
        return any(
            row.cells[day] and not any(row.cells[n] for n in times) for row in self.sheet.rows
        )

    @staticmethod
    def column(number: int) -> str:
        return f"column-{number}"

    @property
    def example(self) -> str:
        """A day that can be read in two ways, as the file has it."""
        return rows.doubtful(self.sheet, self.names)

    def _in_words(self, order: Order) -> str:
        return rows.in_words(self.example, order)

    @property
    def columns(self) -> list[tuple[Any, str]]:
        """Each column's field, and what is in its first rows."""
        first = [row for row in self.sheet.rows if not row.wrong][:3]
        return [
            (self[self.column(place)], " · ".join(filter(None, (r.cells[place] for r in first))))
            for place in range(len(self.sheet.header))
        ]

    @property
    def others(self) -> list[Any]:
        """The fields that are of no column."""
        return [self[name] for name in ("order", "day", "window") if name in self.fields]

    @property
    def seen(self) -> str:
        """The same while the same is chosen: what nobody has looked at is not imported."""
        return sha256(repr(self.choices).encode()).hexdigest()[:16] if self.is_valid() else ""

    @property
    def choices(self) -> Choices:
        order = self.decided or self.cleaned_data.get("order")
        window, day = self.data.get("window", ""), self.data.get("day", "")
        return Choices(self.names, Order(order) if order else None, window, day)


def count_text(count: int) -> str:
    return ngettext("{count} job", "{count} jobs", count).format(count=f"{count:,}")
