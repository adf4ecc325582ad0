"""CSV as others write it: codings, delimiters, ragged rows; headings, days and times."""

from datetime import UTC, date, datetime

import pytest

from dispatch.spreadsheet import times
from dispatch.spreadsheet.cells import as_typed, defused
from dispatch.spreadsheet.columns import recognised
from dispatch.spreadsheet.reading import NoTable, read, read_text
from dispatch.spreadsheet.times import NoTime, Order
from tests.making import BUSINESS

TABLE = "Customer;Address\r\nZoë Núñez;1 Elm St\r\n"


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (TABLE.encode(), "UTF-8"),
        (TABLE.encode("utf-8-sig"), "UTF-8"),
        (TABLE.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "UTF-16"),
        (TABLE.encode("utf-16-le"), "UTF-16"),
        (TABLE.encode("utf-16-be"), "UTF-16"),
        (TABLE.encode("cp1252"), "Windows-1252"),
    ],
)
def test_a_file_of_another_coding_is_read_and_says_which(body: bytes, coding: str) -> None:
    sheet = read(body)
    assert sheet.coding == coding
    assert sheet.header == ("Customer", "Address")
    assert [row.cells for row in sheet.rows] == [("Zoë Núñez", "1 Elm St")]


def test_bytes_that_no_coding_has_stop_nobody() -> None:
    (row,) = read(b"Customer,Address\nZo\x81,1 Elm St\n").rows
    assert row.cells == ("Zo\N{REPLACEMENT CHARACTER}", "1 Elm St")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    lines = [["Name", "Where", "Price"], ["Bo", "1 Elm St", '"1,250; or so"'], ["Cy", "2", "3"]]
    sheet = read_text("\n".join(delimiter.join(line) for line in lines))
    assert sheet.header == ("Name", "Where", "Price")
    assert sheet.rows[0].cells[2] == "1,250; or so"
    assert read_text(f"sep=;\n{TABLE}").header == ("Customer", "Address")


def test_ragged_rows_are_told_and_spoil_no_other() -> None:
    text = "Name,Address,Price\n\nBo,1 Elm St\nCy,2 Elm St,3,4\nDi,3 Elm St,5,,\n ,,\nEd,4,6\n"
    short, long, padded, last = read_text(text).rows
    assert (short.number, short.cells, short.wrong) == (3, ("Bo", "1 Elm St", ""), "")
    assert short.hint == "It has 2 of 3 cells: the others were taken for empty."
    assert long.wrong.startswith("It has 4 cells, and there are 3 headings")
    assert (padded.cells, padded.wrong, padded.hint) == (("Di", "3 Elm St", "5"), "", "")
    assert (last.number, last.cells) == (7, ("Ed", "4", "6"))


def test_a_quotation_mark_that_is_never_closed_is_told_of_its_row() -> None:
    first, second = read_text('Name,Address\nBo,1 Elm St\nCy,"2 Elm St\nDi,3 Elm St\n').rows
    assert not first.wrong
    assert second.wrong == "A quotation mark is opened in this row and closed nowhere."


def test_a_cell_of_several_lines_is_one() -> None:
    (row,) = read_text('Name,Address\r\nBo,"1 Elm St\r\nSan Diego"\r\n').rows
    assert row.cells == ("Bo", "1 Elm St\nSan Diego")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "There are no rows in it"),
        (b"Name,Address\r\n", "There are no rows in it"),
        (b" , \r\n,,\n", "There are no rows in it"),
        (b"PK\x03\x04 a workbook", "This is no CSV file."),
        (b'[{"id": 1}]', "This is JSON, no CSV"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "This is a calendar, no CSV"),
        (b"a," * 101 + b"z\n1\n", "It has more than 100 columns."),
        (b"Name,Address\nBo," + b"x" * 200_000, "A cell of row 2 never ends."),
    ],
)
def test_what_is_no_table_says_so(body: bytes, why: str) -> None:
    with pytest.raises(NoTable, match=why.replace(".", r"\.")):
        read(body)


# --- headings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (
            "Job #,Client name,Service street,Phone,Status,Total",
            "id customer_name location phone status price",
        ),
        (
            "Job #,Date,Visit title,Client name,Client email,Visit completed,Visit based ($)",
            "id date description customer_name email completed price",
        ),
        (
            "Subject,Start Date,Start Time,End Date,End Time,Description,Location,Private",
            "subject date start - end description location -",
        ),
        (
            "Address,Alias,Customer phone,Time window start,Time window end",
            "location customer_name phone start end",
        ),
        ("customer_name,access_notes,CUSTOMER,E-Mail,Café", "customer_name access_notes - email -"),
        ("Service street 1,Service city,Service ZIP", "location location postcode"),
    ],
)
def test_columns_are_known_by_their_names(header: str, fields: str) -> None:
    assert recognised(header.split(",")) == [name.strip("-") for name in fields.split()]


# --- days and times ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["03/04/2026", "05/06/2026"], None),
        (["03/04/2026", "13/04/2026"], Order.DAY_FIRST),
        (["03-04-26", "04-13-26"], Order.MONTH_FIRST),
        (["13/04/2026", "04/13/2026"], None),
        (["03/03/2026", "2026-04-05", "Mar 4, 2026", "3.4.2026", ""], Order.MONTH_FIRST),
    ],
)
def test_rows_decide_how_days_are_read_or_people_have_to(
    cells: list[str], order: Order | None
) -> None:
    assert times.order_of(cells) == order


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-04-03", date(2026, 4, 3)),
        ("2026/4/3", date(2026, 4, 3)),
        ("03/04/2026", date(2026, 4, 3)),
        ("3/4/26", date(2026, 4, 3)),
        ("3.4.2026", date(2026, 4, 3)),
        ("Apr 3, 2026", date(2026, 4, 3)),
        ("3-Apr-26", date(2026, 4, 3)),
        ("Friday, April 3, 2026", date(2026, 4, 3)),
        ("Fri 3 April 2026", date(2026, 4, 3)),
    ],
)
def test_a_day_is_read_as_people_write_it(typed: str, meant: date) -> None:
    assert times.day(typed, Order.DAY_FIRST)[0] == meant


def test_a_dot_says_that_the_day_stands_first() -> None:
    assert times.day("3.4.2026", Order.MONTH_FIRST)[0] == date(2026, 4, 3)
    assert times.day("03/04/2026", Order.MONTH_FIRST)[0] == date(2026, 3, 4)


@pytest.mark.parametrize(
    "typed",
    ["soon", "13/13/2026", "2026-02-30", "=today()", "1/2", "١/٢/٢٦", "9999-12-31", "1/1/0001"],
)
def test_what_is_no_day_says_so(typed: str) -> None:
    with pytest.raises(NoTime, match="is no day such as"):
        times.day(typed, Order.MONTH_FIRST)


@pytest.mark.parametrize(
    ("typed", "clocks"),
    [
        ("9:00 AM", ("09:00", "")),
        ("13:00", ("13:00", "")),
        ("9am", ("09:00", "")),
        ("12:00 AM", ("00:00", "")),
        ("12 p.m.", ("12:00", "")),
        ("08:00:00", ("08:00", "")),
        ("8:00 AM - 12:00 PM", ("08:00", "12:00")),
        ("8am–noon", None),
        ("13:00 to 17:00", ("13:00", "17:00")),
        ("25:00", None),
        ("9", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_people_write_it(typed: str, clocks: tuple[str, str] | None) -> None:
    if clocks:
        assert times.clocks(typed) == clocks
        return
    with pytest.raises(NoTime, match="is no time such as"):
        times.clocks(typed)


def test_a_moment_is_one_of_the_business_where_it_says_no_offset() -> None:
    there = datetime(2026, 5, 22, 16, 30, tzinfo=UTC)
    for typed in ("2026-05-22 09:30", "5/22/2026 9:30 AM", "2026-05-22T16:30:00Z"):
        assert times.moment(typed, Order.MONTH_FIRST, BUSINESS) == there
    assert times.local_day("2026-05-23T01:00:00+00:00", Order.DAY_FIRST, BUSINESS) == (
        date(2026, 5, 22),
        "18:00",
    )


# --- formulas ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-2", "@x", "\t=1", "\r=1", "'=1", "''=1", "＝1"])
def test_no_text_begins_like_a_formula_and_each_comes_back_as_it_was(text: str) -> None:
    cell = defused(text)
    assert cell == f"'{text}"
    assert as_typed(cell) == text


@pytest.mark.parametrize("text", ["", "Mark", "'tis here", "1 = 1", "(619) 555-0142"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == as_typed(text) == text
