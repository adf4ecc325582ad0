"""A row of a spreadsheet as the job that it would be, or why it cannot be one."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.utils.dateformat import format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import EDITABLE, Crew, Event, Job, Note, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster
from dispatch.domain.stored.record import JSON
from dispatch.explain.words import told
from dispatch.spreadsheet import times
from dispatch.spreadsheet.cells import as_typed
from dispatch.spreadsheet.columns import BY_NAME, IGNORED, plain
from dispatch.spreadsheet.reading import Row, Sheet
from dispatch.spreadsheet.times import NoTime, Order
from dispatch.spreadsheet.values import Values
from dispatch.turns import in_turns

Errors = dict[str, str]
DATES = ("date", "created_at", "finished_at")
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Choices:
    """What people say of a sheet that it does not say itself."""

    fields: tuple[str, ...]  # of its columns
    order: Order | None = None  # of the figures in its days
    window: str = ""  # the name of that for a day without a time; else the day's first
    day: str = ""  # of all rows, where no column says it


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of a row: `wrong` says why it is no job."""

    row: Row
    job: Job | None = None
    wrong: str = ""
    hints: tuple[str, ...] = ()
    is_known: bool = False  # it is here already

    @property
    def is_new(self) -> bool:
        return self.job is not None and not self.is_known


def order_of(sheet: Sheet, fields: Sequence[str]) -> Order | None:
    """As the rows themselves decide it; None where people have to."""
    return times.order_of(_days(sheet, fields))


def doubtful(sheet: Sheet, fields: Sequence[str]) -> str:
    """The first day that can be read in two ways; of a sheet that says both, its first."""
    days = [*_days(sheet, fields)]
    return next((cell for cell in days if times.order_of([cell]) is None), next(iter(days), ""))


def in_words(typed: str, order: Order) -> str:
    """`March 4, 2026`, of a day read so."""
    try:
        return format(times.day(typed, order)[0], pgettext("date", "F j, Y"))
    except NoTime:
        return order.label


def _days(sheet: Sheet, fields: Sequence[str]) -> Iterator[str]:
    places = [place for place, name in enumerate(fields) if name in DATES]
    return (row.cells[place] for row in sheet.rows for place in places if not row.wrong)


def taken(
    sheet: Sheet,
    choices: Choices,
    business: Business,
    roster: Roster,
    known: Set[str],
    *,
    by: str,
) -> Iterator[Taken]:
    """Each row, in turn with others. `known` are the ids of all jobs that there are."""
    reader = RowReader(sheet, choices, business, roster, by)
    seen = dict[str, int]()
    for row in in_turns(sheet.rows):
        if row.wrong:
            yield Taken(row, wrong=row.wrong)
            continue
        try:
            job, hints = reader.job(row)
        except InvalidInput as invalid:
            yield Taken(row, wrong=" ".join(_beside(*error) for error in invalid.errors.items()))
            continue
        twin = seen.setdefault(job.id, row.number)
        if twin != row.number:
            hints += (_("It is the same as row {number}.").format(number=twin),)
        is_known = twin != row.number or job.id in known or reader.own_id(row) in known
        yield Taken(row, job, hints=hints, is_known=is_known)


def book_of(rows: Sequence[Taken]) -> JobBook:
    """Their new jobs, in turn with others."""
    new = (row.job for row in in_turns(rows) if row.job and row.is_new)
    return JobBook(entries=tuple(JobBook().put(job).entries[0] for job in new))


def _beside(name: str, sentence: str) -> str:
    field = BY_NAME.get(re.split(r"[.[]", name)[0])
    return f"{field.label}: {told(sentence)}" if field else told(sentence)


class RowReader:
    """Of one sheet: what its columns are, and whom it may name."""

    def __init__(
        self, sheet: Sheet, choices: Choices, business: Business, roster: Roster, by: str
    ) -> None:
        self.day = "" if "date" in choices.fields else choices.day
        self.headings = [plain(heading) for heading in sheet.header]
        self.fields, self.business, self.by, self.at = choices.fields, business, by, wiring.now()
        self.values = Values(
            *(business, roster),
            order=choices.order or Order.MONTH_FIRST,
            window=choices.window,
            at=self.at,
            by=by,
        )

    def own_id(self, row: Row) -> str:
        """The job's id, where the file is one of ours; or another program's number."""
        return self._cells(row).get("id", "")

    def job(self, row: Row) -> tuple[Job, tuple[str, ...]]:
        """And what was made of it that the row does not say. Raises InvalidInput."""
        cells, hints = self._cells(row), [row.hint] if row.hint else []
        fields, errors = self._fields(cells, hints)
        told = dict[str, Any]()
        try:
            told = self._told(cells, fields.get("window"), hints)
        except InvalidInput as invalid:
            errors |= invalid.errors
        if errors:
            raise InvalidInput(errors)
        job = Job(
            id=_id(self._digest(row)),
            tracking_token=wiring.new_token(),
            crew=Crew(driver=self.values.driver(cells, hints)),
            history=(Event(at=self.at, by=self.by, what="imported"),),
            updated_at=self.at,
            **fields,
            **told,
        )
        return job, tuple(hints)

    def _told(
        self, cells: Mapping[str, str], window: Window | None, hints: list[str]
    ) -> dict[str, Any]:
        """What no form has: when it was made and finished, what was paid. Raises InvalidInput."""
        status = self.values.status(cells, window, hints)
        created_at = self.values.moment(cells, "created_at")
        finished_at = self.values.moment(cells, "finished_at")
        if not status.is_open:
            over = min(self.business.span(window)[1], self.at) if window else None
            finished_at = finished_at or over or created_at or self.at
        text = job_input.text("text", cells["note"], at="note") if "note" in cells else ""
        return {
            "status": status,
            "created_at": created_at or finished_at or self.at,
            "finished_at": finished_at,
            "payments": self.values.payments(cells, finished_at or self.at),
            "notes": (Note(at=self.at, by=self.by, text=text),) if text else (),
        }

    def _fields(self, cells: Mapping[str, str], hints: list[str]) -> tuple[dict[str, Any], Errors]:
        """Those of EDITABLE, and what is wrong with others."""
        given, fields, errors = self._given(cells), dict[str, Any](), Errors()
        try:
            given["window"] = self.values.window(cells, hints)
        except NoTime as error:
            errors["date"] = str(error)
        try:
            fields = job_input.clean(given, self.business)
        except InvalidInput as invalid:
            errors |= invalid.errors
        if "price" not in cells:  # no load's price was agreed on
            fields = {name: fields[name] for name in fields if not name.startswith("price")}
        return fields, errors

    def _cells(self, row: Row) -> dict[str, str]:
        """The texts by field; of several columns joined."""
        cells = {"date": self.day} if self.day else {}
        for name, cell in zip(self.fields, row.cells, strict=True):
            if name != IGNORED and cell:
                text = as_typed(cell)
                between = ", " if name == "location" else "\n"
                cells[name] = f"{cells[name]}{between}{text}" if name in cells else text
        return cells

    def _digest(self, row: Row) -> str:
        """The same for the same cells, whatever is made of them."""
        filled = [pair for pair in zip(self.headings, row.cells, strict=True) if pair[1]]
        return sha256(JSON.encode([self.business.slug, sorted(filled)])).hexdigest()

    def _given(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """As `job_input` takes it."""
        given: dict[str, Any] = {name: cells[name] for name in EDITABLE if name in cells}
        title, colon, name = cells.get("subject", "").partition(": ")
        if title and "customer_name" not in given:
            given["customer_name"] = name if colon else title
        if title and (colon or given["customer_name"] != title):
            told = filter(None, (title, given.get("description")))
            given["description"] = "\n".join(told)
        given.setdefault("customer_name", "")
        is_told = "location" in self.fields
        given.setdefault("location", "" if is_told else _("Address unknown"))
        if "load" in given:
            given["load"] = self.values.load(given["load"])
        if "items" in given:
            given["items"] = self.values.items(given["items"])
        return given


def _id(digest: str) -> str:
    """Of a job from that row: the same row makes the same job, wherever it lies by then."""
    number, letters = int(digest, 16), ""
    for _place in range(9):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return letters
