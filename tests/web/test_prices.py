"""Free of charge is a price; none agreed yet is not."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from msgspec import UNSET

from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.domain.visit.money import PriceLine
from dispatch.stores.job_repository import JobRepository
from tests.making import TOKEN, make_job
from tests.web.pages import words

BOARD, DRAWER, TRACK = "/dashboard/board", "/dashboard/jobs/jXkL9m2pQ", f"/track/{TOKEN}"
WAIVED = (PriceLine("Half load", Decimal(320)), PriceLine("Our mistake", Decimal(-320)))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"price": UNSET}, "No price yet"),
        ({"price": Decimal(0)}, "$0"),
        ({"price": Decimal("0.00")}, "$0"),
        ({"price": UNSET, "price_lines": WAIVED}, "$0"),
        ({"price": Decimal("0.5")}, "$0.50"),
    ],
)
def test_a_job_that_costs_nothing_says_so(
    client: Client, dana: Client, jobs: JobRepository, fields: dict[str, Any], said: str
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, **fields)))
    for page in (dana.get(BOARD), dana.get(DRAWER), client.get(TRACK)):
        assert said in words(page)
        assert said == "No price yet" or "No price yet" not in words(page)


def test_programs_are_told_null_where_no_price_is_agreed(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, price=UNSET)))
    assert dana.get("/api/jobs/jXkL9m2pQ").json()["price"] is None
    tracked = client.post("/api/track", {"token": TOKEN}, content_type="application/json")
    assert tracked.json()["price"] is None


@pytest.mark.parametrize(("typed", "kept"), [("", UNSET), ("0", 0), ("0.00", 0), ("320", 320)])
def test_an_emptied_price_is_none_and_a_zero_is_zero(
    dana: Client, jobs: JobRepository, typed: str, kept: Any
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    assert dana.post(f"{DRAWER}/edit", {"price": typed, "key": "k"}).status_code == 303
    assert jobs.read().jobs[0].price == kept
    sent = dana.post(
        "/dashboard/jobs/new",
        {"customer_name": "Mark", "location": "1 Elm St", "status": "booked", "price": typed},
    )
    assert sent.status_code == 303
    assert [job.price for job in jobs.read().jobs] == [kept, kept]


def test_an_import_agrees_on_no_price(jobs: JobRepository, tmp_path: Path) -> None:
    entry = {"id": "a", "customer_name": "Mark", "location": "1 Elm St", "status": "booked"}
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps([entry | {"load": "half"}]))
    call_command("jobs", "import", str(file))
    assert jobs.read().job("a").price is UNSET


def test_a_file_keeps_what_it_says_of_a_price() -> None:
    """Missing, empty or null is none; neither a zero nor a null is written where none was."""
    entry = {"id": "a", "customer_name": "Mark", "location": "1 Elm St", "status": "booked"}
    for given, kept in (
        ({}, UNSET),
        *(({"price": none}, UNSET) for none in (None, "", " ")),
        ({"price": 0}, 0),
    ):
        book = JobBook.decode(json.dumps([entry | given]).encode())
        assert book.job("a").price == kept
        written = json.loads(book.encode())["jobs"][0]
        assert written.get("price", UNSET) == kept
