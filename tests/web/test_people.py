"""Names, addresses and notes stand as they were typed, in an order that people look for."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

from dispatch.domain.job import Crew, Note
from dispatch.domain.moves import move
from dispatch.domain.permissions import Actor
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, NOON, TOKEN, make_job, make_member
from tests.web.pages import text, words

HEBREW, DRAWER = "דוד כהן", "/dashboard/jobs/jXkL9m2pQ"
JOINED = ("zoe", "Zoe"), ("andy", "andy"), ("angel", "Ángel"), ("bea", "Bea"), ("asa", "Åsa")
ORDER = ["andy", "Ángel", "Åsa", "Bea", "Zoe"]


@pytest.fixture
def dana(roster: RosterRepository, dana: Client) -> Client:
    """With her crew of five, who have joined in no order."""

    def join(known: object) -> object:
        gone = known.without({"joel", "ana", "vic"})  # type: ignore[attr-defined]
        return gone.put(*(make_member(username, name=name) for username, name in JOINED))

    roster.change(join)  # type: ignore[arg-type]
    return dana


def in_order(page: str) -> list[str]:
    """The five, each where it is first named."""
    return sorted(ORDER, key=page.index)


@pytest.mark.parametrize("page", ["/dashboard/crew/", "/dashboard/", DRAWER])
def test_people_stand_in_the_order_of_a_phone_book(
    dana: Client, jobs: JobRepository, page: str
) -> None:
    """On the roster and its month, among the board's filters and drivers, and on a job's roles."""
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    shown = text(dana.get(page))
    assert in_order(shown) == ORDER
    rest = shown[shown.index("Zoe") + 3 :]
    assert in_order(rest) == ORDER, "a second list of them"


def test_programs_and_commands_know_that_order_too(
    dana: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_order(text(dana.get("/api/crew?date=2026-05-23"))) == ORDER
    call_command("crew", "list")
    assert in_order(capsys.readouterr().out) == ORDER


def test_what_was_typed_keeps_its_direction_and_its_language(
    client: Client, dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    """A Hebrew name does not take the house number along; no browser translates a street."""
    place, note = "1420 Soderblom Ave", Note(at=NOON, by="dana", text=HEBREW)
    crew = Crew(driver="zoe")
    job = make_job(customer_name=HEBREW, location=place, notes=(note,), crew=crew)
    jobs.change(lambda book: book.put(job))
    for page, shown in (
        ("/dashboard/board", (HEBREW, place, "Zoe")),
        (DRAWER, (HEBREW, place, "Zoe")),
        ("/dashboard/crew/zoe/", ("Zoe",)),
        ("/dashboard/crew/", ("Zoe", "Dana")),
        (f"/track/{TOKEN}", (HEBREW, place, "Zoe")),
        (f"/track/{TOKEN}/cancel", (place,)),
    ):
        for name in shown:
            assert f'<bdi translate="no">{name}</bdi>' in text(dana.get(page)), page
    assert f'<p dir="auto">{HEBREW}</p>' in text(dana.get(DRAWER))
    said = dana.post(f"{DRAWER}/notes", {"text": "ok"}, follow=True)
    assert f'<bdi translate="no">{HEBREW}</bdi>: Note added.' in text(said)
    said = dana.post("/dashboard/crew/zoe/sick", follow=True)
    assert '<bdi translate="no">Zoe</bdi> is away today; no job was theirs.' in text(said)
    apart = re.sub("<bdi.*?</bdi>", "", text(dana.get("/dashboard/board")))
    assert f">{HEBREW}<" not in apart


def test_no_browser_translates_a_driver_who_can_be_chosen(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    """On a card, in the filter, in a job's roles, and of a visit that came to nothing."""
    dave = make_member("dave", name=HEBREW)
    roster.change(lambda known: known.put(dave))
    failed = move(
        make_job(status=Status.IN_PROGRESS),
        Status.BOOKED,
        by=Actor("dave", dave.rank),
        at=NOON,
        business=BUSINESS,
        reason="no_access: כלב",
    )
    jobs.change(lambda book: book.put(failed))
    board, drawer = text(dana.get("/dashboard/")), text(dana.get(DRAWER))
    assert 'value="dave"><bdi translate="no">דוד</bdi></button>' in board
    assert 'value="dave" translate="no"' in " ".join(board.split())
    assert drawer.count('<select name="driver" translate="no"') == 1
    for page in (board, drawer):
        assert f'<bdi>No access: כלב</bdi> (<bdi translate="no">{HEBREW}</bdi>, Fri' in page


def test_the_page_says_whose_clock_it_goes_by(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    """Scripts show it only where the reader's differs."""
    jobs.change(lambda book: book.put(make_job()))
    for page in ("/book/", f"/track/{TOKEN}", f"/track/{TOKEN}/cancel", "/dashboard/", DRAWER):
        shown = dana.get(page)
        assert 'data-zone="America/Los_Angeles" hidden' in text(shown)
        assert "All times here are in Los Angeles time." in words(shown)
