"""One rule, one answer: a value is taken or refused alike, wherever it comes in."""

import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from dispatch.domain.job import Window
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import make_job
from tests.web.api import Program

ID = make_job().id
GOOD: dict[str, Any] = {
    "customer_name": "Grace Kim",
    "location": "6021 Waverly Ave",
    "phone": "619-555-0127",
    "load": "half",
    "window": {"date": "2026-05-23", "name": "morning"},
}
NO_CUSTOMERS = {"truck", "price", "price_lines"}
Verdict = dict[str, str]  # the sentence beside each field that is refused
Ways = dict[str, Callable[[dict[str, Any]], Verdict]]


@pytest.fixture
def ways(dana: Client, jobs: JobRepository, tmp_path: Path) -> Ways:
    """How a job's fields come in."""
    jobs.change(lambda book: book.put(make_job()))
    program, file = Program("dana"), tmp_path / "jobs.json"

    def by_import(fields: dict[str, Any]) -> Verdict:
        file.write_text(json.dumps([{"id": "old", "status": "booked", **with_times(fields)}]))
        said = io.StringIO()
        try:
            call_command("jobs", "import", str(file), stdout=said, stderr=said)
        except CommandError:
            assert jobs.refreshed().value("old") is None
            line = said.getvalue().strip().removesuffix(" (number 1)")
            field, sentence = line.split("'old': ")[1].split(": ", 1)
            return {field: sentence}
        return {}

    page = "/dashboard/jobs"
    return {
        "booking": lambda fields: of_form(Client().post("/book/", as_typed(fields))),
        "new job": lambda fields: of_form(
            dana.post(f"{page}/new", as_typed(fields) | {"status": "booked"})
        ),
        "edit": lambda fields: of_form(dana.post(f"{page}/{ID}/edit", as_typed(fields))),
        "API POST": lambda fields: of_api(program.post("jobs", fields)),
        "API PATCH": lambda fields: of_api(program.patch(f"jobs/{ID}", fields)),
        "import": by_import,
    }


def as_typed(fields: dict[str, Any]) -> dict[str, Any]:
    """A form has the date and the name of the window apart."""
    window = fields["window"]
    return fields | {"date": window["date"], "window": window["name"]}


def with_times(fields: dict[str, Any]) -> dict[str, Any]:
    """A stored window has its times."""
    return fields | {"window": {"start": "08:00", "end": "12:00", **fields["window"]}}


def of_form(answer: Any) -> Verdict:
    if answer.status_code == 303:
        return {}
    assert answer.status_code == 422
    forms = answer.context.get("forms")
    form = forms["edit"] if forms else answer.context["form"]
    names = {"date": "window.date"}
    return {names.get(field, field): errors[0] for field, errors in form.errors.items()}


def of_api(answer: Any) -> Verdict:
    if answer.status_code in (200, 201):
        return {}
    assert answer.status_code == 422
    return {each["field"]: each["detail"] for each in answer.json()["errors"]}


def window(**given: str) -> dict[str, str]:
    return GOOD["window"] | given


CONTROLS = "It has control characters in it."
DATE, YEARS = "That is no date such as 2026-05-23.", "It must be from 2000 to 2199."
PHONE = "That does not look like a phone number."
EMAIL = "That does not look like an e-mail address."
ONE_PHONE = "Please give one phone number, and nothing else."
COMMA = "Write it as 1250.50: a comma stands only before every three digits."
AMOUNT, RANGE = "That is no amount of money.", "It must be from 0 to 99,999."


@pytest.mark.parametrize(
    ("name", "value", "field", "sentence"),
    [
        ("window", window(date="1950-01-01"), "window.date", YEARS),
        ("window", window(date="2200-01-01"), "window.date", YEARS),
        ("window", window(date="0000-00-00"), "window.date", DATE),
        ("window", window(date="2026-02-30"), "window.date", DATE),
        ("window", window(date="20260523"), "window.date", DATE),
        ("window", window(date="tomorrow"), "window.date", DATE),
        ("window", window(name="mor\x00ning"), "window", CONTROLS),
        ("phone", "ask for Bob", "phone", PHONE),
        ("phone", "1", "phone", PHONE),
        ("phone", "555-0142", "phone", "Please add the area code."),
        ("phone", "000-000-0000", "phone", PHONE),
        ("phone", "619-555-0127 or 619-555-0128", "phone", ONE_PHONE),
        ("phone", "619-555-0127 (Grace)", "phone", ONE_PHONE),
        ("phone", "619-555-0127\x00", "phone", CONTROLS),
        ("phone", "6" * 41, "phone", "It has 41 characters; at most 40 fit."),
        ("customer_name", "Grace\x9b31m", "customer_name", CONTROLS),
        ("customer_name", "Grace\u202emik", "customer_name", CONTROLS),
        ("location", "6021 \u2066Waverly", "location", CONTROLS),
        ("truck", "T\x7f", "truck", CONTROLS),
        ("email", "grace at home", "email", EMAIL),
        ("email", "grace@home", "email", EMAIL),
        ("email", "a..b@home.example", "email", EMAIL),
        ("email", "grace@home.example, kim@home.example", "email", EMAIL),
        ("customer_name", "Grace\x1f", "customer_name", CONTROLS),
        ("customer_name", "x" * 121, "customer_name", "It has 121 characters; at most 120 fit."),
        ("location", "x" * 301, "location", "It has 301 characters; at most 300 fit."),
        ("access_notes", "x" * 1_001, "access_notes", "It has 1001 characters; at most 1000 fit."),
        ("access_notes", "Gate\x0b4411", "access_notes", CONTROLS),
        ("load", "lorry", "load", "There is no such load; there are quarter, half, full."),
        ("truck", "T\x00", "truck", CONTROLS),
        ("truck", "T" * 41, "truck", "It has 41 characters; at most 40 fit."),
        ("price", "-1", "price", RANGE),
        ("price", "100000", "price", RANGE),
        ("price", "1e300", "price", RANGE),
        ("price", "1.234", "price", "It has more than two decimals."),
        ("price", "NaN", "price", AMOUNT),
        ("price", "Infinity", "price", AMOUNT),
        ("price", "six hundred", "price", AMOUNT),
        ("price", "1_000", "price", AMOUNT),
        ("price", "\u0663", "price", AMOUNT),
        ("price", "1.250,00", "price", COMMA),
        ("price", "1,25", "price", COMMA),
    ],
)
def test_a_bad_value_is_refused_in_the_same_words_everywhere(
    ways: Ways, name: str, value: Any, field: str, sentence: str
) -> None:
    heard = {way: judge(GOOD | {name: value}) for way, judge in taking(name, ways).items()}
    assert all(verdict == {field: sentence} for verdict in heard.values()), heard


@pytest.mark.parametrize("name", ["customer_name", "location"])
@pytest.mark.parametrize(
    "value", ["", "  ", "\u00a0", "\ufeff", "\u200b", "\u2060 \u00ad", "\u200f"]
)
def test_name_and_address_are_needed_everywhere(ways: Ways, name: str, value: str) -> None:
    heard = {way: judge(GOOD | {name: value}) for way, judge in ways.items()}
    assert heard.pop("booking").keys() == {name}  # customers are asked in kinder words
    sentence = {"customer_name": "Please give a name.", "location": "Please give an address."}
    assert all(verdict == {name: sentence[name]} for verdict in heard.values()), heard


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "window",
            window(name="midnight"),
            "There is no window of that name; there are morning, afternoon.",
        ),
    ],
)
def test_what_only_old_documents_may_say_is_refused_everywhere_else(
    ways: Ways, name: str, value: Any, sentence: str
) -> None:
    """A stored window has its own times."""
    del ways["import"]
    heard = {way: judge(GOOD | {name: value}) for way, judge in taking(name, ways).items()}
    assert all(verdict == {name: sentence} for verdict in heard.values()), heard


@pytest.mark.parametrize(
    ("value", "field", "sentence"),
    [
        ([{"label": "Half\x00", "amount": 320}], "price_lines[0].label", CONTROLS),
        ([{"label": "", "amount": "x"}], "price_lines[0].amount", AMOUNT),
        (
            [{"label": "", "amount": 1}, {"label": "", "amount": 1.005}],
            "price_lines[1].amount",
            "It has more than two decimals.",
        ),
        ([{"label": "", "amount": -5}], "price_lines", "Their sum must be from 0 to 99,999."),
        ([{"label": "", "amount": 1}] * 51, "price_lines", "It has 51 lines; at most 50 fit."),
    ],
)
def test_price_lines_are_judged_alike(ways: Ways, value: Any, field: str, sentence: str) -> None:
    by_programs = ("API POST", "API PATCH", "import")
    heard = {way: ways[way](GOOD | {"price_lines": value}) for way in by_programs}
    assert all(verdict == {field: sentence} for verdict in heard.values()), heard


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", "+44 20 7946 0018"),
        ("phone", "(619) 555-0142"),
        ("email", "grace.kim+junk@müller.example"),
        ("email", "\u202agrace@home.example\u202c\u200b"),
        ("customer_name", "  Café Nuñez & Söhne 🚛  "),
        ("access_notes", "Gate 4411\r\n\tRing twice"),
        ("access_notes", "x\r\n" * 499 + "xx"),
        ("access_notes", "x\r" * 499 + "xx"),
        ("access_notes", "\u202bגב\u202c"),
        ("location", "6021 Waverly Ave\r\nSan Diego, CA 92037"),
        ("phone", "\u202a(619) 555\u20110127\u202c"),
        ("phone", "619-555-0127 ext. 4471"),
        ("price", "1,250.00"),
        ("price", "$175"),
        ("price", "299.50"),
        ("price", "\ufeff299.50"),
        ("price", "0"),
        ("price", "99999"),
        ("truck", ""),
    ],
)
def test_good_values_are_taken(ways: Ways, roster: RosterRepository, name: str, value: str) -> None:
    heard = {way: judge(GOOD | {name: value}) for way, judge in taking(name, ways).items()}
    assert all(verdict == {} for verdict in heard.values()), heard


def test_a_byte_order_mark_is_no_part_of_a_text(ways: Ways, jobs: JobRepository) -> None:
    for way in ways:
        assert ways[way](GOOD | {"customer_name": "\ufeffGrace"}) == {}
    assert {job.customer_name for job in jobs.refreshed().jobs} == {"Grace"}


OLD: dict[str, Any] = {
    "phone": "ask for Bob",
    "email": "none",
    "location": "x" * 400,
    "load": "attic",
    "truck": "T\x00" * 50,
    "price": Decimal(1_000_000),
    "window": Window(date=date(1950, 1, 1), name="night", start="23:00", end="02:00"),
}


@pytest.mark.parametrize("way", ["edit", "API PATCH"])
def test_what_a_job_has_already_passes_as_it_is(ways: Ways, jobs: JobRepository, way: str) -> None:
    jobs.change(lambda book: book.put(make_job(**OLD)))
    revision = jobs.read().revision
    window = {"date": "1950-01-01", "name": "night"}
    assert ways[way](OLD | {"price": "1000000.00", "window": window}) == {}
    assert jobs.read().revision == revision
    assert ways[way](OLD | {"price": "1000001", "window": window}) == {"price": RANGE}


def taking(name: str, ways: Ways) -> Ways:
    """The ways that have such a field."""
    without = {"booking"} if name in NO_CUSTOMERS else set()
    return {way: ways[way] for way in ways if way not in without}
