"""CSV out: for an accountant, and for whoever reads it back."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from dispatch.domain.job import Crew, Item, Job, Window
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, Payment
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from tests.making import NOON, make_job, unavailable
from tests.stores.troubled import InMemory
from tests.web.pages import words
from tests.web.test_import import look_at, said_so

PAGE = "/dashboard/export.csv"
DAY = timedelta(days=1)
HEADINGS = (
    "Job,Created,Date,Window,From,To,Finished,Status,Customer,Phone,E-mail,Address,Postcode,Load,"
    "Items,Description,Driver,Price,Paid,Open,Paid by,Payments"
)


def exported(client: Client, **query: str) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200, words(answer)
    assert answer.streaming
    return b"".join(answer).decode()


def rows(client: Client, **query: str) -> list[dict[str, str]]:
    text = exported(client, **query)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def ids(client: Client, **query: str) -> list[str]:
    return [row["Job"] for row in rows(client, **query)]


def job(name: str, **fields: Any) -> Job:
    return make_job(id=name, tracking_token="", **fields)


def done(name: str, at: datetime, **fields: Any) -> Job:
    return job(name, status=Status.COMPLETED, finished_at=at, **fields)


def payment(name: str, amount: str, method: str = "cash", **fields: Any) -> Payment:
    return Payment(
        **{
            "id": name,
            "amount": Decimal(amount),
            "method": method,
            "at": NOON,
            "by": "joel",
            **fields,
        }
    )


def test_all_that_an_accountant_needs_is_in_a_row(dana: Client, jobs: JobRepository) -> None:
    made = done(
        *("a", NOON),
        customer_name="Café Núñez",
        location="1 Elm St\nSan Diego",
        postcode="92104",
        phone="+16195550142",
        load="half",
        items=(Item(name="mattress", count=2),),
        window=Window(date=date(2026, 5, 22), name="morning", start="08:00", end="12:00"),
        crew=Crew(driver="joel"),
        price=Decimal("320.50"),
        payments=(
            payment("1", "300"),
            payment("2", "20", "card"),
            payment("3", "9", reversed=True),
        ),
        access_notes="Gate 4411",
    )
    jobs.change(lambda book: book.put(made.noted("grumpy", by="joel", at=NOON)))
    text = exported(dana)
    assert text.startswith(
        "\ufeff" + ",".join(f'"{name}"' for name in HEADINGS.split(",")) + "\r\n"
    )
    (row,) = rows(dana)
    assert ",".join(row) == HEADINGS
    assert list(row.values())[:8] == [
        *("a", "2026-05-22 12:00", "2026-05-22", "Morning", "08:00", "12:00", "2026-05-22 12:00"),
        "Completed",
    ]
    assert (row["Customer"], row["Address"]) == ("Café Núñez", "1 Elm St\nSan Diego")
    assert (row["Phone"], row["Load"], row["Items"]) == (
        "(619) 555-0142",
        "Half load",
        "2 × Mattress",
    )
    assert (row["Driver"], row["Price"], row["Paid"], row["Open"]) == (
        "Joel",
        "320.50",
        "320.00",
        "0.50",
    )
    assert (row["Paid by"], row["Payments"]) == (
        "cash, card",
        "2026-05-22 300.00 cash; 2026-05-22 20.00 card",
    )
    assert "4411" not in text
    assert "grumpy" not in text


def test_no_text_of_a_stranger_is_run_as_a_formula(dana: Client, jobs: JobRepository) -> None:
    evil = '=HYPERLINK("http://x","y")'
    phone, location = "+442079460123", "a;=1+1,\t@x"
    jobs.change(lambda book: book.put(job("a", customer_name=evil, location=location, phone=phone)))
    (row,) = rows(dana)
    assert row["Customer"] == f"'{evil}"
    assert row["Phone"] == "'+44 20 7946 0123"
    assert f'"{location}"' in exported(dana), "quoted, whatever else might part it"


def test_a_job_is_of_the_day_it_was_finished_and_an_open_one_of_its_window(
    dana: Client, jobs: JobRepository
) -> None:
    june = Window(date=date(2026, 6, 1), name="morning", start="08:00", end="12:00")
    late = datetime(2026, 5, 23, 6, 59, tzinfo=UTC)  # still the 22nd here
    jobs.change(
        lambda book: book.put(
            job("open", window=june),
            job("none"),
            done("late", late, window=june),
            done("old", NOON - 40 * DAY),
            done("older", NOON - 400 * DAY),
        )
    )
    Archiver(jobs).archive(date(2026, 5, 22))
    assert ids(dana) == ["late", "none"], "this month up to today"
    assert ids(dana, **{"from": "2026-06-01", "to": "2026-06-01"}) == ["open"]
    assert ids(dana, **{"from": "2000-01-01", "to": "2199-12-31"}) == [
        *("older", "old", "late", "none", "open")
    ]
    assert ids(dana, **{"from": "2025-04-01", "to": "2026-04-30"}) == ["older", "old"]


def test_payments_are_of_the_day_they_were_made_whenever_their_job_was(
    dana: Client, jobs: JobRepository
) -> None:
    old = Paid(amount=Decimal(50), method="check", at=NOON, by="dana")
    jobs.change(
        lambda book: book.put(
            done("a", NOON - 60 * DAY, payments=(payment("1", "175", "invoice"),)),
            job("b", payments=(payment("1", "20", reversed=True), payment("2", "30"))),
            job("c", paid=old),
            job("d", payments=(payment("1", "9", at=NOON - 30 * DAY),)),
        )
    )
    Archiver(jobs).archive(date(2026, 5, 22))
    found = rows(dana, what="payments")
    assert [(row["Job"], row["Amount"], row["Method"]) for row in found] == [
        *(("a", "175.00", "invoice"), ("b", "30.00", "cash"), ("c", "50.00", "check")),
    ]
    assert found[0]["Taken by"] == "Joel"
    assert found[0]["Day"] == "2026-05-22"


def test_it_is_a_file_with_a_name_and_kept_by_nobody(dana: Client) -> None:
    answer = dana.get(PAGE, {"from": "2026-05-01", "to": "2026-05-31"})
    named = 'attachment; filename="quickdumpnow-jobs-2026-05-01-2026-05-31.csv"'
    assert answer.headers["Content-Disposition"] == named
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"from": "soon"}, "That is no date such as"),
        ({"from": "2026-05-02", "to": "2026-05-01"}, "That is before the first day."),
        ({"what": "everything"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_exported_says_why(dana: Client, query: dict[str, str], why: str) -> None:
    answer = dana.get(PAGE, query)
    assert answer.status_code == 422
    assert why in words(answer)


def test_a_month_that_cannot_be_read_is_told_in_the_file(dana: Client, jobs: InMemory) -> None:
    jobs.change(lambda book: book.put(done("old", NOON - 40 * DAY), job("none")))
    Archiver(jobs).archive(date(2026, 5, 22))
    month = jobs.store.beside("archive/2026-04.json")
    month.save(b"{", month.load().etag)
    found = rows(dana, **{"from": "2026-04-01", "to": "2026-05-31"})
    assert found[-1]["Job"].startswith("Of the archive 2026-04 cannot be read")


def test_out_of_reach_is_a_page_that_says_so(dana: Client, jobs: InMemory) -> None:
    with unavailable(jobs):
        jobs.restart()
        assert dana.get(PAGE).status_code == 503


def test_what_goes_out_comes_in_again(dana: Client, jobs: JobRepository) -> None:
    made = done(
        *("a", NOON - 30 * DAY),
        customer_name="=Zoë",
        location="1 Elm St",
        phone="+442079460123",
        price=Decimal("320.50"),
        crew=Crew(driver="joel"),
        items=(Item(name="mattress", count=2),),
        payments=(payment("1", "300", at=NOON - 29 * DAY), payment("2", "20", "card")),
        window=Window(date=date(2026, 4, 22), name="morning", start="09:00", end="12:00"),
        created_at=NOON - 31 * DAY,
    )
    jobs.change(lambda book: book.put(made))
    text = exported(dana, **{"from": "2026-01-01"})
    jobs.change(lambda book: book.without({"a"}))
    assert said_so(dana, look_at(dana, text)).status_code == 303
    (back,) = jobs.month("2026-04").jobs
    same = ("customer_name", "location", "phone", "price", "crew", "items", "window", "status")
    for name in (*same, "finished_at", "created_at", "open_amount"):
        assert getattr(back, name) == getattr(made, name), name
    assert [(each.amount, each.method) for each in back.payments] == [(300, "cash"), (20, "card")]
