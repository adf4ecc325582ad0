"""CSV as other programs write it, read into rows: its coding, its delimiter, its ragged ends."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.domain.typed.texts import BYTE_ORDER_MARK, lines
from dispatch.turns import in_turns

DELIMITERS = ",;\t|"
SNIFFED = 20  # rows
MOST_COLUMNS = 100
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
CODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")  # how such files begin


class NoTable(ValueError):
    """That file holds no rows to read; says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row, by its number in a spreadsheet program: the header is row 1."""

    number: int
    cells: tuple[str, ...]
    wrong: str = ""  # why it cannot be taken
    hint: str = ""  # what was made of it

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`coding` is its name for people; of a text that came back in a form it is not known."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    text: str
    coding: str = ""


def read(body: bytes) -> Sheet:
    """Raises NoTable."""
    text, coding = _decoded(body)
    return read_text(text, CODINGS[coding])


def read_text(text: str, coding: str = "") -> Sheet:
    """Raises NoTable."""
    if text.lstrip()[:1] in ("[", "{"):
        raise NoTable(_("This is JSON, no CSV: “manage.py jobs import” takes a jobs.json."))
    if text.lstrip().startswith("BEGIN:VCALENDAR"):
        raise NoTable(_("This is a calendar, no CSV: export it as CSV, and choose that."))
    table = list(in_turns(_records(text)))
    filled = [(number, cells) for number, cells in enumerate(table, 1) if any(cells)]
    if len(filled) < 2:
        raise NoTable(_("There are no rows in it below a row of headings."))
    header = filled[0][1]
    while not header[-1]:
        header = header[:-1]
    if len(header) > MOST_COLUMNS:
        raise NoTable(_("It has more than {most} columns.").format(most=MOST_COLUMNS))
    rows = [_row(number, cells, len(header)) for number, cells in filled[1:]]
    if text.count('"') % 2:
        why = _("A quotation mark is opened in this row and closed nowhere.")
        rows[-1] = Row(rows[-1].number, rows[-1].cells, why)
    return Sheet(tuple(header), tuple(rows), text, coding)


def _decoded(body: bytes) -> tuple[str, str]:
    """The text, and the codec that it was read by: the first that fits."""
    if body.startswith(NO_TEXT):
        raise NoTable(_("This is no CSV file. Save the spreadsheet as CSV, and choose that."))
    coding = UTF_16.get(body[:2], "utf-8")
    if b"\0" in body[:200] and coding == "utf-8":
        coding = "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
    for codec in (coding, "cp1252"):
        try:
            text = body.removeprefix(BYTE_ORDER_MARK).decode(codec)
            return text, codec[:6] if codec.startswith("utf-16") else codec
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", errors="replace"), "cp1252"


def _records(text: str) -> Iterator[list[str]]:
    """Each row's cells, trimmed."""
    delimiter = _delimiter(text)
    first, _newline, rest = text.partition("\n")
    if first.strip().lower() == f"sep={delimiter}".strip():  # as Excel says it
        text = "\n" + rest
    reader, number = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 0
    try:
        for number, cells in enumerate(reader, 1):  # noqa: B007  it is told of the one after
            yield [lines(cell).strip() for cell in cells]
    except csv.Error as error:  # its cells are limited
        why = _("A cell of row {number} never ends. Is a quotation mark lost there?")
        raise NoTable(why.format(number=number + 1)) from error


def _delimiter(text: str) -> str:
    """That with which most rows have as many cells as the first, and the first has most."""
    if text[:4].lower() == "sep=" and text[4:5] in DELIMITERS:
        return text[4]

    def fits(delimiter: str) -> tuple[int, int]:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            widths = [len(row) for row in islice(reader, SNIFFED) if row]
        except csv.Error:
            return 0, 0
        columns = widths[0] if widths else 0
        return (Counter(widths)[columns] if columns > 1 else 0), columns

    return max(DELIMITERS, key=fits)


def _row(number: int, cells: list[str], columns: int) -> Row:
    """As wide as the header."""
    told = {"cells": len(cells), "columns": columns}
    if any(cells[columns:]):
        why = ngettext(
            "It has {cells} cells, and there is {columns} heading: is a quotation mark lost?",
            "It has {cells} cells, and there are {columns} headings: is a quotation mark lost?",
            columns,
        )
        return Row(number, tuple(cells[:columns]), why.format(**told))
    missing = columns - len(cells)
    hint = _("It has {cells} of {columns} cells: the others were taken for empty.").format(**told)
    return Row(number, (*cells[:columns], *[""] * missing), hint=hint if missing > 0 else "")
