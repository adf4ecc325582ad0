"""The drawer's top: what a job needs now, the one big step, and how its customer is reached."""

import re
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch.domain.job import Crew, Event, Item, Job, Window
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment, PriceLine
from dispatch.domain.visit.photo import Photo
from dispatch.roster import Days
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, JOEL, NOON, TOKEN, make_job
from tests.web.pages import text, words

DRAWER = "/dashboard/jobs/jXkL9m2pQ"
TODAY, SATURDAY = date(2026, 5, 22), date(2026, 5, 23)
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
NOW = Window(date=TODAY, name="afternoon", start="12:00", end="16:00")
TOMORROW = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")
JOELS = Crew(driver="joel")


def put(jobs: JobRepository, **fields: Any) -> Job:
    job = make_job(**{"window": NOW, "crew": JOELS, **fields})
    jobs.change(lambda book: book.put(job))
    return job


def top(client: Client) -> str:
    """The part that says what to do next."""
    return text(client.get(DRAWER)).partition('class="next"')[2].partition("</section>")[0]


def big(client: Client) -> str:
    """The words of the primary button there; empty where there is none."""
    found = re.search(r'class="button[^"]* primary"[^>]*>(.*?)</button>', top(client), re.DOTALL)
    return " ".join(re.sub("<[^>]*>", "", found[1]).split()) if found else ""


@pytest.mark.parametrize(
    ("fields", "step", "says"),
    [
        ({"status": PENDING}, "Confirm → Booking Confirmed", "It waits to be confirmed."),
        ({"status": BOOKED}, "Start → In Progress", "drives: Fri, May 22"),
        ({"status": READY}, "Start → In Progress", "It is ready;"),
        ({"status": STARTED}, "Finish → Completed", ""),
        ({"status": BOOKED, "crew": Crew()}, "Assign", "Nobody drives it yet."),
        # That it is ready is the customer's to say.
        ({"status": BOOKED, "window": TOMORROW}, "", "drives: Sat, May 23"),
        ({"status": DONE}, "", "$600 is still open."),
    ],
)
def test_the_big_button_is_the_next_step(
    dana: Client, jobs: JobRepository, fields: dict[str, Any], step: str, says: str
) -> None:
    put(jobs, **fields)
    assert (big(dana), says in top(dana)) == (step, True)


def test_its_driver_says_that_they_are_on_their_way_before_they_start(
    joel: Client, jobs: JobRepository
) -> None:
    put(jobs, status=BOOKED)
    assert big(joel) == "On my way"
    joel.post(f"{DRAWER}/eta", {"on_my_way": "1"})
    assert big(joel) == "Start → In Progress"


def test_the_top_assigns_a_driver_who_is_free_then(dana: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED, crew=Crew())
    dispatch.roster.set_away(BUSINESS, "joel", Days(TODAY, TODAY))
    assert ('value="ana"' in top(dana), 'value="joel"' in top(dana)) == (True, False)
    assert dana.post(f"{DRAWER}/assign?version=1", {"driver": "ana"}).status_code == 303
    assert jobs.read().job("jXkL9m2pQ").crew.driver == "ana"
    assert 'name="driver"' not in top(dana)


def test_what_is_wrong_is_said_at_the_top_and_asks_for_another_driver(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, status=STARTED)
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", BOOKED, by=JOEL, reason="no_access: dog")
    assert "No access: dog" in top(dana)
    assert "It needs a new window or driver." in top(dana)
    assert big(dana) == "Assign"


@pytest.mark.parametrize(("status", "there"), [(PENDING, False), (DONE, False), (STARTED, True)])
def test_who_has_no_next_step_has_no_place_for_one(
    joel: Client, jobs: JobRepository, status: Status, there: bool
) -> None:
    put(jobs, status=status)
    assert ('class="moves"' in top(joel)) is there


def test_where_nothing_is_to_be_said_or_done_nothing_stands(
    joel: Client, jobs: JobRepository
) -> None:
    put(jobs, status=DONE)
    with override_settings(BUSINESSES=(replace(BUSINESS, crew_see_prices=False),)):
        assert 'class="next"' not in text(joel.get(DRAWER))


def test_undo_never_stands_beside_the_next_step(joel: Client, jobs: JobRepository) -> None:
    put(jobs, status=READY)
    joel.post(f"{DRAWER}/move", {"status": STARTED})
    assert big(joel) == "Finish → Completed"
    assert "Undo" not in top(joel)
    assert "Undo: back to Ready for Pickup" in words(joel.get(DRAWER))


# --- reaching the customer ---------------------------------------------------------------


def test_a_text_begins_with_a_sentence_and_for_a_dispatcher_the_link(
    dana: Client, joel: Client, jobs: JobRepository
) -> None:
    """All of it encoded: a `&` or a `#` of a name would end it."""
    put(jobs, status=BOOKED, phone="+16195550142", customer_name="Café Nuñez & Sons #1")
    texts = []
    for client in (dana, joel):
        found = re.search(r'href="sms:\+16195550142\?&amp;body=([^"]*)"', text(client.get(DRAWER)))
        assert found
        assert not set(found[1]) & set("&# +?")
        texts.append(unquote(found[1]))
    hello = (
        "Hello Café Nuñez & Sons #1, this is QuickDumpNow about your pickup"
        " on Fri, May 22 (Afternoon)."
    )
    assert texts == [f"{hello} Follow it here: http://testserver/track/{TOKEN}", hello]


def test_the_gate_code_stands_right_under_the_address(dana: Client, jobs: JobRepository) -> None:
    put(jobs, access_notes="Gate code 4411", location="1 Elm St", postcode="92110", phone="1")
    assert "Where 1 Elm St 92110 Access Gate code 4411 Navigate Call Text" in words(
        dana.get(DRAWER)
    )


# --- what, and for how much ----------------------------------------------------------------


def test_load_items_and_what_was_written_about_it_are_shown(
    dana: Client, jobs: JobRepository
) -> None:
    items = (Item(name="hot_tub", count=2), Item(name="old_safe", count=1))
    put(
        jobs,
        load="half",
        items=items,
        description="<Behind> the shed",
        photos=(Photo(id="a"), Photo(id="b")),
    )
    page = words(dana.get(DRAWER))
    assert "What Half load 2 × Hot tub 1 × old safe <Behind> the shed Photos 2" in page


def test_the_price_is_told_with_its_lines_what_was_paid_and_what_is_open(
    dana: Client, jobs: JobRepository
) -> None:
    lines = (PriceLine("Half load", Decimal(320)), PriceLine("Hot tub", Decimal(350)))
    paid = {"amount": Decimal(100), "at": NOON, "by": "joel"}
    payments = (
        Payment(id="p1", method="cash", **paid),
        Payment(id="p2", method="gift_card", reversed=True, **paid),
    )
    put(jobs, price_lines=lines, payments=payments)
    assert (
        "Half load $320 Hot tub $350 Price $670 Cash (Joel, 12:00 PM) $100"
        " Gift card (Joel, 12:00 PM), taken back $100 Still open $570"
    ) in words(dana.get(DRAWER))


def test_the_history_uses_no_names_of_fields(dana: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED)
    changes = {"price_lines": ([], [{"label": "Tip", "amount": 5}]), "access_notes": ("", "4411")}
    event = Event(at=NOON, by="dana", what="edited", version=2, changes=changes)
    gone = Event(at=NOON, by="joel", what="link_revoked")
    back = Event(at=NOON, by="dana", from_=READY, to=BOOKED, reason="undo")
    put(jobs, status=BOOKED, history=(event, gone, back))
    history = words(dana.get(DRAWER)).partition(" History ")[2]
    assert "Edited: parts of the price nothing → Tip $5, access notes nothing → 4411" in history
    assert "The link was taken away Joel, May 22" in history
    assert "Booking Confirmed Taken back Dana" in history
    for name in ("price_lines", "price lines", "access_notes", "link revoked", "undo"):
        assert name not in history


# --- the edit form -----------------------------------------------------------------------


def edit(client: Client, **fields: Any) -> Any:
    return client.post(f"{DRAWER}/edit", fields)


def test_postcode_description_and_items_are_edited(dana: Client, jobs: JobRepository) -> None:
    put(jobs, items=(Item(name="fridge", count=1),), load="half", price=Decimal(320))
    page = text(dana.get(DRAWER))
    assert re.search('name="item-fridge" value="1"', page)
    assert re.search('<input type="text" name="item-mattress" ', page)
    fields = {"postcode": "92110", "description": "Sofa\r\nShed", "item-mattress": "2"}
    assert edit(dana, version=1, **fields).status_code == 303
    job = jobs.refreshed().job("jXkL9m2pQ")
    assert (job.postcode, job.description) == ("92110", "Sofa\nShed")
    assert {item.name: item.count for item in job.items} == {"mattress": 2, "fridge": 1}
    assert edit(dana, version=2, **{"item-mattress": "", "item-fridge": "0"}).status_code == 303
    assert jobs.refreshed().job("jXkL9m2pQ").items == ()


@pytest.mark.parametrize("count", ["x", "-1", "100", "1.5", "9" * 5000, "٢"])
def test_a_count_that_is_none_is_refused_beside_its_control_and_kept(
    dana: Client, jobs: JobRepository, count: str
) -> None:
    put(jobs)
    answer = edit(dana, version=1, **{"item-fridge": "1", "item-mattress": count})
    assert answer.status_code == 422
    assert 'id="id_item-mattress_error">It must be from 1 to 99.' in text(answer)
    assert f'name="item-mattress" value="{count}"' in text(answer)
    assert jobs.refreshed().job("jXkL9m2pQ").items == ()


def test_items_that_another_changed_since_are_a_conflict_and_can_be_sent_again(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs)
    theirs = (Item(name="fridge", count=1),)
    dispatch.jobs.edit(BUSINESS, "jXkL9m2pQ", {"items": theirs}, by=JOEL)
    answer = edit(dana, version=1, **{"item-mattress": "2", "item-fridge": ""})
    assert answer.status_code == 409
    assert "Joel has changed the items since you looked." in words(answer)
    again = {field.name: field.value() for field in answer.context["forms"]["edit"]}
    assert (again["item-mattress"], again["item-fridge"]) == ("2", "1")
    assert edit(dana, **again).status_code == 303
    assert len(jobs.refreshed().job("jXkL9m2pQ").items) == 2


def test_another_loads_price_goes_with_the_items(dana: Client, jobs: JobRepository) -> None:
    put(jobs, load="full", items=(Item(name="mattress", count=2),))
    asked = edit(dana, version=1, load="half")
    assert "“Half load” with its items is $400, but the job’s price is $600." in words(asked)
    assert edit(dana, version=1, load="half", take="load").status_code == 303
    job = jobs.refreshed().job("jXkL9m2pQ")
    assert (job.price, [line.amount for line in job.price_lines]) == (400, [320, 80])


def test_a_job_by_phone_takes_items_too(dana: Client, jobs: JobRepository) -> None:
    fields = {"customer_name": "Ida", "location": "Elm St", "load": "half", "item-hot_tub": "1"}
    assert dana.post("/dashboard/jobs/new", fields | {"status": "booked"}).status_code == 303
    (job,) = jobs.refreshed().jobs
    assert (job.price, job.items[0].name) == (670, "hot_tub")
