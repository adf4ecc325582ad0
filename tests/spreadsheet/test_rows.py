"""A row as the job that it would be, or why it is none."""

from collections.abc import Set
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from dispatch.domain.job import Job, Window
from dispatch.domain.status import Status
from dispatch.spreadsheet.columns import recognised
from dispatch.spreadsheet.reading import read_text
from dispatch.spreadsheet.rows import Choices, Taken, order_of, taken
from dispatch.spreadsheet.times import Order
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, NOON

JOBBER = (
    "Job #,Date,Visit title,Client name,Client email,Visit completed,Visit based ($),Job type\r\n"
    "701,2026-06-01,Garage clean-out,Test Person,test@example.org,No,320.00,One-off\r\n"
)
GOOGLE = (
    "Subject,Start Date,Start Time,End Date,End Time,All Day Event,Description,Location,Private\r\n"
    "Junk pickup: Test Person,06/01/2026,08:00 AM,06/01/2026,12:00 PM,False,Half load,"
    '"1 Elm St, San Diego",False\r\n'
)
ROUTE = (
    "Address,Alias,Customer phone,Time window start,Time window end\r\n"
    '"1 Elm St, San Diego",Test Person,619-555-0142,08:00,12:00\r\n'
)
MORNING = Window(date=date(2026, 6, 1), name="morning", start="08:00", end="12:00")


@pytest.fixture
def rows(roster: RosterRepository) -> Any:
    def rows(text: str, known: Set[str] = frozenset(), **chosen: Any) -> list[Taken]:
        sheet = read_text(text)
        fields = tuple(recognised(sheet.header))
        choices = Choices(fields, **{"order": order_of(sheet, fields), **chosen})
        return list(taken(sheet, choices, BUSINESS, roster.read(), known, by="dana"))

    return rows


@pytest.fixture
def row(rows: Any) -> Any:
    """A row of these columns, beside a name and an address."""

    def row(**cells: str) -> Taken:
        cells = {"Name": "Bo", "Address": "1 Elm St", **cells}
        quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells.values())
        (found,) = rows(f"{','.join(cells)}\n{','.join(quoted)}\n")
        return found  # type: ignore[no-any-return]

    return row


def job_of(found: Taken) -> Job:
    assert found.job, found.wrong
    return found.job


def test_jobbers_visits_are_jobs(rows: Any) -> None:
    (found,) = rows(JOBBER)
    job = job_of(found)
    assert (job.customer_name, job.email) == ("Test Person", "test@example.org")
    assert (job.location, job.description) == ("Address unknown", "Garage clean-out")
    assert (job.status, job.price, job.window) == (Status.BOOKED, Decimal(320), MORNING)
    assert found.hints == ("It says no time: Morning was taken.",)


def test_google_calendars_events_are_jobs(rows: Any) -> None:
    (found,) = rows(GOOGLE, order=Order.MONTH_FIRST)
    job = job_of(found)
    assert (job.customer_name, job.location) == ("Test Person", "1 Elm St, San Diego")
    assert (job.description, job.window) == ("Junk pickup\nHalf load", MORNING)
    assert (job.price, job.load, job.status, found.hints) == (UNSET, "", Status.BOOKED, ())


def test_a_route_is_of_the_day_that_is_said(rows: Any) -> None:
    (found,) = rows(ROUTE)
    assert found.wrong == "Day of the pickup: There is a time, and no day."
    (found,) = rows(ROUTE, day="2026-06-01")
    assert (job_of(found).window, job_of(found).phone) == (MORNING, "+16195550142")


@pytest.mark.parametrize(
    ("cells", "window"),
    [
        ({"Date": "2026-06-01", "Start": "9:00 AM"}, ("morning", "08:00", "12:00")),
        ({"Date": "2026-06-01", "Time": "13:00"}, ("afternoon", "12:00", "16:00")),
        ({"Date": "2026-06-01 13:00"}, ("afternoon", "12:00", "16:00")),
        ({"Date": "2026-06-01", "Start": "9:00", "End": "10:30"}, ("morning", "09:00", "10:30")),
        ({"Date": "2026-06-01", "Time": "9am - 11am"}, ("morning", "09:00", "11:00")),
        ({"Date": "2026-06-01", "Window": "Afternoon"}, ("afternoon", "12:00", "16:00")),
        ({"Date": "2026-06-01", "Window": "12pm-4pm"}, ("afternoon", "12:00", "16:00")),
        ({"Date": "2026-06-07", "Window": "MORNING"}, ("morning", "08:00", "12:00")),
        ({"Date": ""}, None),
    ],
)
def test_times_are_those_of_our_windows(
    row: Any, cells: dict[str, str], window: tuple[str, str, str] | None
) -> None:
    made = job_of(row(**cells)).window
    assert (made and (made.name, made.start, made.end)) == window


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"Name": ""}, "Customer’s name: Please give a name."),
        ({"Address": ""}, "Address: Please give an address."),
        ({"Phone": "555-0142"}, "Phone: Please add the area code."),
        ({"E-mail": "x"}, "E-mail: That does not look like an e-mail address."),
        ({"Price": "12 apples"}, "Price: That is no amount of money."),
        ({"Price": "€20"}, "Price: It must be in USD."),
        ({"Paid": "much"}, "Paid: That is no amount of money."),
        ({"Date": "soon"}, "Day of the pickup: “soon” is no day such as 2026-05-23."),
        (
            {"Date": "2026-06-01", "Start": "6 PM"},
            "Day of the pickup: 18:00 is in none of your windows (Morning, Afternoon).",
        ),
        ({"Date": "2026-06-01", "Start": "10 PM", "End": "9 PM"}, "Day of the pickup: 22:00 is in"),
        (
            {"Date": "2026-06-01", "Start": "11:00", "End": "9:00"},
            "Window: It ends before it starts.",
        ),
        ({"Status": "Teleported"}, "Status: “Teleported” is no status; there are Requested, "),
        ({"Visit completed": "maybe"}, "Is it done? (yes or no): Write yes or no."),
        ({"Date": "9999-12-31"}, "Day of the pickup: “9999-12-31” is no day such as 2026-05-23."),
        ({"Created": "0001-01-01T00:00:00+14:00"}, "Created on: “0001-01-01T00:00:00+14:00” is no"),
        ({"Finished": "2027-01-01"}, "Finished on: That is still to come."),
        ({"Load": "gigantic"}, "Load: There is no such load; there are quarter, half, full."),
        (
            {"Items": "3 x piano"},
            "Items: There is no such item; there are mattress, fridge, hot_tub.",
        ),
        (
            {"Payments": "lots"},
            "Payments, each with its day: Write each as 2026-05-23 320.00 cash.",
        ),
        ({"Name": "", "Phone": "12"}, "Customer’s name: Please give a name. Phone: "),
        ({"Name": "x" * 121}, "Customer’s name: It has 121 characters; at most 120 fit."),
        ({"Notes": "a\x00b"}, "Notes for the crew: It has control characters in it."),
    ],
)
def test_a_row_that_is_no_job_says_which_column_and_why(
    row: Any, cells: dict[str, str], why: str
) -> None:
    found = row(**cells)
    assert found.job is None
    assert found.wrong.startswith(why)


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({}, "booked"),
        ({"Status": "Requested"}, "pending"),
        ({"Status": "ready for pickup"}, "ready_for_pickup"),
        ({"Status": "Done"}, "completed"),
        ({"Status": "Upcoming"}, "booked"),
        ({"Status": "Requires Invoicing"}, "completed"),
        ({"Visit completed": "Yes"}, "completed"),
        ({"Visit completed": "TRUE", "Status": "late"}, "completed"),
        ({"Visit completed": "No", "Date": "2026-05-01"}, "booked"),
        ({"Date": "2026-05-01"}, "completed"),
        ({"Date": "2026-05-22"}, "booked"),
        ({"Finished": "2026-05-01"}, "completed"),
    ],
)
def test_the_status_is_read_as_people_say_it(row: Any, cells: dict[str, str], status: str) -> None:
    assert job_of(row(**cells)).status == status


def test_a_day_that_is_over_was_driven_and_that_is_told(row: Any) -> None:
    found = row(Date="2026-05-01", Window="morning")
    assert found.hints == ("Its day is over: it was taken for completed.",)
    assert job_of(found).finished_at == datetime(2026, 5, 1, 19, tzinfo=UTC)


def test_a_driver_is_known_by_name_and_who_is_not_is_told(row: Any) -> None:
    assert job_of(row(Driver="JOEL")).crew.driver == "joel"
    found = row(Driver="Pete")
    assert job_of(found).crew.driver is None
    assert found.hints == ("Nobody called “Pete” is on the roster: nobody drives it yet.",)


def test_money_is_what_was_agreed_and_what_was_paid(row: Any) -> None:
    job = job_of(row(Price="$1,250.00", Paid="250", Load="Half load", **{"Payment method": "Cash"}))
    assert (job.price, job.load, job.open_amount) == (Decimal(1250), "half", Decimal(1000))
    (paid,) = job.payments
    assert (paid.amount, paid.method, paid.at, paid.by) == (Decimal(250), "cash", NOON, "dana")
    assert job_of(row(Load="half")).price is UNSET, "no load’s price was agreed on"
    several = job_of(row(Price="320", Payments="2026-05-01 300.00 cash; 2026-05-02 20.00 bitcoin"))
    assert [(each.at.day, each.method) for each in several.payments] == [(1, "cash"), (2, "other")]


def test_items_and_notes_come_along(row: Any) -> None:
    job = job_of(row(Items="2 × Mattress; Fridge", Notes="Dog", **{"Gate code": "4411"}))
    assert [(item.name, item.count) for item in job.items] == [("mattress", 2), ("fridge", 1)]
    assert (job.notes[0].text, job.access_notes) == ("Dog", "4411")


def test_what_looks_like_a_formula_is_a_text(row: Any) -> None:
    job = job_of(row(Name="=cmd|'/c calc'!A0", Description="'=1+1"))
    assert (job.customer_name, job.description) == ("=cmd|'/c calc'!A0", "=1+1")


def test_an_address_in_several_columns_is_one(row: Any) -> None:
    job = job_of(row(**{"Service city": "San Diego", "ZIP": "92104"}))
    assert (job.location, job.postcode) == ("1 Elm St, San Diego", "92104")


def test_the_same_row_is_the_same_job_whatever_is_made_of_it(rows: Any) -> None:
    (first,), (second,) = rows(ROUTE), rows(ROUTE, day="2026-06-01")
    assert first.wrong
    text = "Name,Address\nBo,1 Elm St\nBo,1 Elm St\nBo,2 Elm St\n"
    one, twin, other = rows(text)
    assert job_of(one).id == job_of(twin).id != job_of(other).id
    assert (one.is_new, twin.is_new, other.is_new) == (True, False, True)
    assert twin.hints == ("It is the same as row 2.",)
    columns_moved = rows("Address,NAME,Price\n1 Elm St,Bo,\n")
    assert job_of(columns_moved[0]).id == job_of(one).id != job_of(second).id
    assert [each.is_new for each in rows(text, known={job_of(one).id})] == [False, False, True]


def test_an_id_of_ours_is_known_again(rows: Any) -> None:
    text = "Job,Customer,Address\njXkL9m2pQ,Mark,Elm St\n"
    assert [each.is_known for each in rows(text, known={"jXkL9m2pQ"})] == [True]


def test_a_ragged_row_is_no_job_and_a_short_one_says_what_was_made_of_it(rows: Any) -> None:
    long, short = rows("Name,Address,Price\nBo,1 Elm St,2,3\nCy,2 Elm St\n")
    assert long.wrong.startswith("It has 4 cells")
    assert short.hints == ("It has 2 of 3 cells: the others were taken for empty.",)
