"""What is to be hauled: a load, items, or both, and what that comes to."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.business import Business, Load
from dispatch.domain.job import Item
from dispatch.domain.visit.money import PriceLine
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS
from tests.web.pages import text, words
from tests.web.test_booking import book, the_job

NO_LOAD = {"load": ""}


def add_up(client: Client, **fields: Any) -> Any:
    return client.post("/book/", {"add_up": "1"} | fields)


def offering(**fields: Any) -> Any:
    return override_settings(BUSINESSES=(replace(BUSINESS, **fields),))


def test_items_alone_are_a_booking_and_their_lines_the_price(
    client: Client, jobs: JobRepository
) -> None:
    assert book(client, **NO_LOAD, **{"item-mattress": "2", "item-fridge": "1"}).status_code == 303
    job = the_job(jobs)
    assert (job.load, job.items) == ("", (Item("mattress", 2), Item("fridge", 1)))
    lines = (PriceLine("2 × Mattress", Decimal(80)), PriceLine("Fridge or freezer", Decimal(60)))
    assert (job.price, job.price_lines) == (140, lines)


def test_a_load_and_items_are_added_up(client: Client, jobs: JobRepository) -> None:
    book(client, load="half", **{"item-hot_tub": "1", "item-mattress": "0", "item-fridge": ""})
    job = the_job(jobs)
    assert job.items == (Item("hot_tub", 1),)
    assert [line.label for line in job.price_lines] == ["Half load", "Hot tub"]
    assert job.price == 670


def test_items_alone_are_one_booking_however_often_they_come(
    client: Client, jobs: JobRepository
) -> None:
    for key in ("one", "one", "another"):
        fields: dict[str, str] = {"key": key, "item-mattress": "1", **NO_LOAD}
        assert book(client, **fields).status_code == 303
    assert the_job(jobs).price == 40


@pytest.mark.parametrize("nothing", [{}, {"item-mattress": "0"}, {"item-mattress": " "}])
def test_nothing_at_all_is_no_booking(
    client: Client, jobs: JobRepository, nothing: dict[str, str]
) -> None:
    page = book(client, **NO_LOAD, **nothing)
    assert page.status_code == 422
    assert "Please choose how much there is to haul, or count the items." in words(page)
    assert jobs.read().jobs == ()


@pytest.mark.parametrize("load", ["", "full"])
@pytest.mark.parametrize("count", ["100", "-1", "x", "1.5", "1e2", "٣x"])
def test_a_count_that_is_none_is_told_beside_its_item_and_nothing_is_lost(
    client: Client, jobs: JobRepository, count: str, load: str
) -> None:
    page = book(client, load=load, **{"item-mattress": count, "item-fridge": "3"})
    assert page.status_code == 422
    assert 'id="id_item-mattress_error">It must be from 1 to 99.' in text(page)
    assert 'name="item-fridge" id="id_item-fridge" min="0" max="99"' in text(page)
    assert 'value="3" data-price="60"' in text(page)
    assert 'value="Mark"' in text(page)
    assert jobs.read().jobs == ()


def test_an_item_that_the_business_does_not_take_is_not_left_out_silently(
    client: Client, jobs: JobRepository
) -> None:
    """The list may have changed since the page was opened."""
    page = book(client, **{"item-piano": "1"})
    assert page.status_code == 422
    assert "Our list has changed meanwhile. Please choose your items again." in words(page)
    assert book(client, **{"item-piano": "0"}).status_code == 303
    assert the_job(jobs).items == ()


def test_the_price_is_added_up_without_a_script_and_nothing_is_booked(
    client: Client, jobs: JobRepository
) -> None:
    page = add_up(client, load="half", customer_name="Mark", **{"item-mattress": "2"})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "Estimate: $400 An estimate until we confirm." in words(page)
    assert 'value="Mark"' in text(page)
    assert 'class="error"' not in text(page)
    assert "Almost there" not in words(page)
    assert jobs.read().jobs == ()
    assert "Estimate: nothing chosen yet" in words(add_up(client))
    assert "Estimate: $350" in words(add_up(client, **{"item-hot_tub": "1"}))
    wrong = words(add_up(client, load="half", **{"item-mattress": "x"}))
    assert "It must be from 1 to 99." in wrong
    assert "Estimate: nothing chosen yet" in wrong


def test_the_price_is_that_of_the_booking(client: Client, jobs: JobRepository) -> None:
    what = {"load": "full", "item-mattress": "3"}
    assert "Estimate: $720 " in words(add_up(client, **what))
    book(client, **what)
    assert the_job(jobs).price == 720


def test_the_page_has_the_prices_for_its_script(client: Client) -> None:
    with offering(loads=(*BUSINESS.loads[:2], Load("full", "Full load", Decimal("600.50")))):
        page = text(client.get("/book/"))
    assert 'value="full" data-price="600.50"' in page
    assert 'data-price="40"' in page
    assert 'data-money="$0"' in page


def test_each_load_has_a_picture_of_how_much_it_is(client: Client) -> None:
    def filled(business: Business) -> list[str]:
        with override_settings(BUSINESSES=(business,)):
            page = text(client.get("/book/"))
        return [part[0] for part in page.split('class="bed of-')[1:]]

    assert filled(BUSINESS) == ["2", "4", "8"]
    others = tuple(Load(f"size-{n}", f"Size {n}", Decimal(n)) for n in range(1, 5))
    assert filled(replace(BUSINESS, loads=others)) == ["2", "4", "6", "8"]


def test_what_is_not_taken_is_said(client: Client) -> None:
    said = "We cannot take: Paint and chemicals, Asbestos, Medical waste."
    assert said in words(client.get("/book/"))
    with offering(not_taken=()):
        assert "We cannot take" not in words(client.get("/book/"))


def test_a_business_without_items_shows_none_and_needs_a_load(
    client: Client, jobs: JobRepository
) -> None:
    with offering(items=()):
        page = client.get("/book/")
        refused = book(client, **NO_LOAD)
    assert "item" not in words(page).lower()
    assert "Please choose how much there is to haul. " in words(refused)
    assert jobs.read().jobs == ()


def test_a_few_words_go_along(client: Client, jobs: JobRepository) -> None:
    page = book(client, description="x" * 1001)
    assert "It has 1001 characters; at most 1000 fit." in words(page)
    book(client, description="A sofa\r\nand its cushions")
    assert the_job(jobs).description == "A sofa\nand its cushions"


def test_a_load_of_several_places_is_told_to_the_script(client: Client) -> None:
    with offering(loads=(replace(BUSINESS.loads[2], places=2),)):
        assert 'data-places="2"' in text(client.get("/book/"))
