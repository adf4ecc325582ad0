"""Spanish can follow: once it is switched on, the days and times of all pages are in it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.utils.translation import override, trans_real

from dispatch.domain.job import Eta, Window
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags import formats
from tests.making import BUSINESS, NOON, TOKEN, make_job
from tests.web.pages import text, words

IN_SPANISH = {  # as a translation will say it; the names of days and months are Django's own
    "date\x04D, M j": "D j b",
    "date\x04l, F j": r"l j \d\e F",
    "date\x04M j, Y": "j b Y",
    "crew": "cuadrilla",
}


@pytest.fixture(autouse=True)
def spanish() -> Iterator[None]:
    with override("es"):
        yield


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> None:
    for letters, theirs in IN_SPANISH.items():
        monkeypatch.setitem(trans_real.catalog()._catalog._catalogs[0], letters, theirs)


def test_a_day_of_the_board_is_headed_in_spanish(dana: Client) -> None:
    page = dana.get("/dashboard/?date=2026-08-22")
    assert '<html lang="es">' in text(page)
    assert "<h1>sáb, Ago 22</h1>" in text(page)


def test_what_is_known_in_english_is_told_anew(dana: Client, jobs: JobRepository) -> None:
    window = Window(date(2026, 8, 22), "morning", "08:00", "12:00")
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, window=window)))
    for page in ("/dashboard/board", f"/track/{TOKEN}/live"):
        with override("en-us"):
            english = dana.get(page)
        assert "Sat, Aug 22 ·" in words(english)
        answer = dana.get(page, headers={"If-None-Match": english.headers["ETag"]})
        assert "sáb, Ago 22 ·" in words(answer), page


@pytest.mark.usefixtures("translated")
def test_the_booking_form_offers_days_in_spanish(client: Client) -> None:
    page = client.get("/book/")
    assert '<html lang="es">' in text(page)
    assert "sáb 23 may" in words(page)


@pytest.mark.usefixtures("translated")
def test_a_customer_reads_times_in_spanish(client: Client, jobs: JobRepository) -> None:
    eta = Eta(at=datetime(2026, 8, 23, 16, 0, tzinfo=UTC), said_at=NOON, by="dana")
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, eta=eta)))
    page = client.get(f"/track/{TOKEN}")
    assert '<html lang="es">' in text(page)
    assert "dom 23 ago, 9:00 AM" in words(page)


@pytest.mark.usefixtures("clock", "translated")
def test_a_day_of_another_year_is_told_with_it() -> None:
    moment = datetime(2025, 12, 31, 23, 59, tzinfo=BUSINESS.zone)
    assert ">31 dic 2025, 11:59 PM<" in formats.moment(moment, BUSINESS)


@pytest.mark.usefixtures("translated")
def test_a_rank_is_told_in_spanish(dana: Client, joel: Client) -> None:
    assert "Cuadrilla" in words(dana.get("/dashboard/crew/"))
    assert "your rank is cuadrilla." in words(joel.get("/dashboard/account/"))
