"""The crew's board: columns, cards, filters, and the poll that keeps it fresh."""

import json
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch.domain.job import Crew, Event, OnMyWay, Window
from dispatch.domain.status import Status
from dispatch.roster import change_member
from dispatch.stores.job_repository import JobRepository
from tests.making import (
    BUSINESS,
    DANA,
    JOEL,
    LEGACY,
    NOON,
    FakeClock,
    make_job,
    seconds,
    unavailable,
)
from tests.stores.troubled import InMemory
from tests.web.pages import text, words

CARD = "dispatch/_card.html"
FRIDAY = Window(date=date(2026, 5, 22), name="morning", start="08:00", end="12:00")
SATURDAY = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")


def put(jobs: JobRepository, *each: dict[str, Any]) -> None:
    """Jobs without links, each with an id of its own unless it says one."""
    made = [
        make_job(**{"id": f"job{place}", "tracking_token": "", **fields})
        for place, fields in enumerate(each, 1)
    ]
    jobs.change(lambda book: book.put(*made))


def shown(client: Client, **query: str) -> str:
    return text(client.get("/dashboard/board", query))


def cards(client: Client, **query: str) -> list[str]:
    """The ids of the cards, from the top left on."""
    return [part.split('"')[0] for part in shown(client, **query).split(' id="job-')[1:]]


def etag(client: Client, **query: str) -> str:
    return str(client.get("/dashboard/board", query).headers["ETag"])


def test_a_card_stands_in_its_column_and_says_its_status(dana: Client, jobs: JobRepository) -> None:
    """And that somebody is on the way, until they are there."""
    way = OnMyWay(at=NOON, by="joel")
    put(jobs, *({"status": s, "id": f"at-{s}", "on_my_way": way} for s in Status))
    columns = shown(dana).split('class="column ')[1:]
    for status, column in zip(Status, columns, strict=True):
        assert column.startswith(f'{status.colour}" data-status="{status}"')
        assert status.label in column
        assert f'id="job-at-{status}" data-id="at-{status}" data-status="{status}"' in column
        assert column.count('class="card ') == 1
        to_come = status in (Status.BOOKED, Status.READY_FOR_PICKUP)
        assert ("On the way" in column) == to_come


def test_columns_count_and_sum_the_jobs_that_are_shown(dana: Client, jobs: JobRepository) -> None:
    put(jobs, {"price": Decimal("285.50"), "truck": "T1"}, {}, {"status": Status.BOOKED})
    page = words(dana.get("/dashboard/board"))
    assert "Requested 2 $885.50" in page
    assert "Booking Confirmed 1 $600" in page
    assert "Ready for Pickup 0 $0" in page
    assert "Requested 1 $285.50" in words(dana.get("/dashboard/board", {"q": "t1"}))


def test_cards_stand_by_what_is_due_first_or_ended_last(dana: Client, jobs: JobRepository) -> None:
    put(
        jobs,
        {"id": "none", "window": None},
        {"id": "saturday", "window": SATURDAY},
        {"id": "friday", "window": FRIDAY},
        {"id": "early", "status": Status.COMPLETED, "updated_at": NOON},
        {"id": "late", "status": Status.COMPLETED, "updated_at": NOON + seconds(60)},
    )
    assert cards(dana) == ["friday", "saturday", "none", "late", "early"]


# --- filters ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(({"q": "nuñez"}, "1"), ({"q": "CAFÉ  adams"}, "1"), ({"q": "2801"}, "1")),
        *(({"q": "texas"}, "2"), ({"q": "5550142"}, "2"), ({"q": "t2"}, "2")),
        *(({"q": "mark@"}, "3"), ({"q": "nobody"}, ""), ({"q": "<script>"}, "")),
        *(({"crew": "joel"}, "2"), ({"crew": "ana"}, "2"), ({"crew": "-"}, "13")),
        *(({"crew": "pete"}, ""), ({"date": "2026-05-23"}, "3"), ({"date": "2026-05-22"}, "2")),
        *(({"date": "not a date"}, ""), ({"date": "2026-05-22", "crew": "-"}, "")),
        ({"date": "2026-05-22", "crew": "joel", "q": "texas"}, "2"),
        ({"strange": "x"}, "123"),
    ],
)
def test_the_board_shows_what_its_address_asks_for(
    dana: Client, jobs: JobRepository, query: dict[str, str], found: str
) -> None:
    texas = {"location": "4410 Texas St", "phone": "+16195550142", "truck": "T2"}
    put(
        jobs,
        {"id": "1", "customer_name": "Café Nuñez & Sons", "location": "2801 Adams Ave"},
        {"id": "2", "window": FRIDAY, "crew": Crew(driver="joel", first_mate="ana"), **texas},
        {"id": "3", "email": "mark@example.com", "window": SATURDAY},
    )
    assert sorted(cards(dana, **query)) == list(found)


@pytest.mark.parametrize(
    ("phone", "spellings", "is_found"),
    [
        ("+16195550125", ["(619) 555-0125", "619-555-0125", "619.555.0125", "555-0125"], True),
        ("+16195550125", ["+1 619 555 0125", "6195550125", "0125"], True),
        ("+16195550125", ["(619) 555-0126", "---"], False),
        ("619-555-0142", ["6195550142", "(619) 555-0142", "619-555-0142"], True),
        ("", ["619-555-0142"], False),
    ],
)
def test_a_phone_is_found_however_people_write_it(
    dana: Client, jobs: JobRepository, phone: str, spellings: list[str], is_found: bool
) -> None:
    put(jobs, {"id": "a", "phone": phone})
    for spelling in spellings:
        assert (cards(dana, q=spelling) == ["a"]) == is_found, spelling
        listed = dana.get("/api/jobs", {"q": spelling}).json()["jobs"]
        assert [job["id"] for job in listed] == cards(dana, q=spelling), spelling


def test_the_poll_of_a_filtered_board_is_filtered_alike(dana: Client, jobs: JobRepository) -> None:
    page = text(dana.get("/dashboard/", {"q": "a&b", "crew": "-"}))
    assert 'data-poll="/dashboard/board?q=a%26b&amp;crew=-"' in page


# --- new bookings -----------------------------------------------------------------------


def bookings(client: Client, **query: str) -> list[list[str]]:
    """Ids and names of the new bookings in the part."""
    said = shown(client, **query).split('data-bookings="')[1].split('"')[0]
    found: list[list[str]] = json.loads(unescape(said))
    return found


BOOKED_BY_MARK = (Event(at=NOON, by="customer", what="created"),)


def test_new_bookings_are_those_that_nobody_has_moved(dana: Client, jobs: JobRepository) -> None:
    """They are named whatever the filter."""
    moved = Event(at=NOON, by="dana", from_=Status.PENDING, to=Status.BOOKED)
    put(
        jobs,
        {"id": "waiting", "history": BOOKED_BY_MARK, "customer_name": "Zoë & “Co”"},
        {"id": "automatic", "history": BOOKED_BY_MARK, "status": Status.BOOKED},
        {"id": "moved", "history": (*BOOKED_BY_MARK, moved), "status": Status.BOOKED},
        {"id": "by-phone", "history": (Event(at=NOON, by="dana", what="created"),)},
        {"id": "old"},
    )
    assert bookings(dana) == [["waiting", "Zoë & “Co”"], ["automatic", "Mark"]]
    assert cards(dana, q="texas") == []
    assert bookings(dana, q="texas") == bookings(dana)


def test_nobody_hears_of_anothers_bookings(joel: Client, vic: Client, jobs: JobRepository) -> None:
    put(jobs, {"id": "anas", "crew": Crew(driver="ana"), "history": BOOKED_BY_MARK})
    assert bookings(joel) == []
    assert bookings(vic) == [["anas", "Mark"]]


@pytest.mark.parametrize("status", Status)
def test_what_has_not_begun_when_its_window_ends_is_late(
    dana: Client, jobs: JobRepository, clock: FakeClock, status: Status
) -> None:
    put(jobs, {"window": FRIDAY, "status": status})
    assert "Late" not in shown(dana)
    clock.tick(1)  # it is noon, and the window ends at noon
    waits = status in (Status.PENDING, Status.BOOKED, Status.READY_FOR_PICKUP)
    assert ("Late" in shown(dana)) == waits


# --- the poll ---------------------------------------------------------------------------


def test_the_poll_is_304_until_a_change(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """A job, or that one becomes late; that time passes changes nothing."""
    his: dict[str, Any] = {"status": Status.READY_FOR_PICKUP, "crew": Crew(driver="joel")}
    put(jobs, {"window": SATURDAY, **his})
    assert shown(dana).strip() in text(dana.get("/dashboard/"))
    before = etag(dana)
    clock.tick(28 * 3600)
    answer = dana.get("/dashboard/board", headers={"If-None-Match": before})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", before)
    clock.tick(1)
    late = etag(dana)
    assert late != before
    put(jobs, {"window": SATURDAY, "truck": "T9", **his})
    assert dana.get("/dashboard/board", headers={"If-None-Match": late}).status_code == 200


def test_a_new_name_on_the_roster_changes_the_board_but_no_change_that_no_card_shows(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, {"crew": Crew(driver="joel"), "status": Status.BOOKED})
    before = etag(dana)
    name = f"Joel {uuid4()}"  # which no other test has shown
    change_member(BUSINESS, "joel", lambda member: replace(member, name=name))
    fresh = dana.get("/dashboard/board")
    assert fresh.headers["ETag"] != before
    assert name in text(fresh)
    assert CARD in rendered(fresh)
    dispatch.roster.sign_out_everywhere(BUSINESS, "ana")
    assert CARD not in rendered(dana.get("/dashboard/board"))


def rendered(answer: Any) -> list[str]:
    """The templates that were rendered, and not taken from memory."""
    return [template.name for template in answer.templates]


def test_a_restored_document_shows_although_its_revision_was_seen_before(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    """Somebody put an older jobs.json back, and others have written since."""
    backup = jobs.read()
    put(jobs, {"id": "lost"})
    before = etag(dana)
    jobs.store.save(backup.encode(), jobs.store.load().etag)
    clock.tick(3)
    put(jobs, {"id": "new"})
    answer = dana.get("/dashboard/board", headers={"If-None-Match": before})
    assert (jobs.read().revision, answer.status_code) == (backup.revision + 1, 200)
    assert 'id="job-new"' in text(answer)


def test_each_rank_and_filter_has_its_own_etag(dana: Client, joel: Client, vic: Client) -> None:
    etags = {etag(dana), etag(joel), etag(vic), etag(dana, q="x"), etag(dana, crew="x")}
    assert len(etags) == 5


def test_when_the_storage_is_silent_the_board_stays_and_says_so(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, {})
    before = etag(dana)
    with unavailable(jobs):
        clock.tick(11)
        page = dana.get("/dashboard/board", headers={"If-None-Match": before})
    assert page.status_code == 200
    assert "The storage is out of reach. This is how it was at May 22, 12:00 PM" in words(page)
    assert cards(dana) == ["job1"]


def test_dispatchers_are_told_of_what_cannot_be_read(dana: Client, jobs: InMemory) -> None:
    jobs.store.save(LEGACY.read_bytes(), None)
    assert "1 entry in the jobs file cannot be read and is not shown" in words(
        dana.get("/dashboard/board")
    )


# --- cards ------------------------------------------------------------------------------


def test_hostile_words_are_shown_as_text(dana: Client, jobs: JobRepository) -> None:
    hostile = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
    put(jobs, {"customer_name": hostile, "location": hostile, "truck": hostile})
    for page in (shown(dana), text(dana.get("/dashboard/jobs/job1"))):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(&#x27;x&#x27;)" in page
    for query in ("<script>", '"><img src=x>', "'", "\0"):
        page = text(dana.get("/dashboard/", {"q": query}))
        assert "<img src=x" not in page, query
        assert '"<script>' not in page, query


@pytest.mark.parametrize(
    "job_id", ["a b", "q\"u'o", "ünï ✓", "<b>", "50%", "a?b#c", "a&b", "%2F", "x" * 64, "-", "a\tb"]
)
def test_a_job_of_any_id_is_shown_and_moved(dana: Client, jobs: JobRepository, job_id: str) -> None:
    put(jobs, {"id": job_id})
    page = shown(dana)
    link = unescape(page.split('class="button small" href="')[1].split('"')[0])
    action = unescape(page.split('primary" form="act"')[1].split('formaction="')[1].split('"')[0])
    assert "Soderblom Ave" in words(dana.get(link))
    assert dana.post(action, {"status": "booked"}).status_code == 303
    assert jobs.read().job(job_id).status is Status.BOOKED


def test_each_rank_sees_the_buttons_it_may_press(
    dana: Client, joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs, {"id": "new"}, {"id": "booked", "status": Status.BOOKED})
    assert shown(dana).count('name="status"') == 2
    assert shown(joel).count("formaction=") == 1
    assert shown(vic).count("formaction=") == 0
    assert shown(vic).count("draggable") == 0


def test_a_card_shows_an_edit_that_forgot_the_version(dana: Client, jobs: JobRepository) -> None:
    put(jobs, {"customer_name": "Mark"})
    assert "Mark" in shown(dana)
    put(jobs, {"customer_name": "Marc"})
    assert "Marc" in shown(dana)
    assert "Mark" not in shown(dana)


def test_the_board_of_a_process_that_lags_behind_is_never_older_than_what_one_saw(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, {})
    dana.get("/dashboard/")
    assert dana.cookies["seen"]["path"] == "/dashboard/"
    assert dana.cookies["seen"]["httponly"]
    dana.cookies["seen"] = "999:forged"
    assert dana.get("/dashboard/board").status_code == 200


@pytest.mark.parametrize(
    "given",
    [{"driver": "ana"}, {"window": Window(date(2026, 5, 25), "morning", "08:00", "12:00")}],
    ids=["driver", "window"],
)
def test_a_failed_visit_needs_attention_until_somebody_gives_it_another_driver_or_window(
    dana: Client, joel: Client, jobs: JobRepository, given: dict[str, Any]
) -> None:
    """With why, above the board and in the drawer, and before all others; a note or a sick driver
    is neither.
    """
    soon = make_job(id="soon", tracking_token="", status=Status.BOOKED, window=FRIDAY)
    failed = make_job(id="failed", tracking_token="t" * 32, status=Status.BOOKED)
    jobs.change(lambda book: book.put(soon, replace(failed, crew=Crew(driver="joel"))))
    reason = "no_access: gate locked"
    dispatch.jobs.move(BUSINESS, "failed", Status.BOOKED, by=JOEL, reason=reason)
    dispatch.jobs.note(BUSINESS, "failed", "Called them", by=DANA)
    dispatch.jobs.assign(BUSINESS, "failed", {"driver": None}, by=DANA)
    told = "No access: gate locked (Joel, Fri, May 22, 12:00 PM)"
    for page in (dana.get("/dashboard/"), joel.get("/dashboard/board")):
        assert "Mark Came back" in words(page)
        assert text(page).index("job-failed") < text(page).index("job-soon")
    assert f"Mark Came back {told} Give it a new window or driver" in words(dana.get("/dashboard/"))
    assert told in words(dana.get("/dashboard/jobs/failed"))
    if "driver" in given:
        dispatch.jobs.assign(BUSINESS, "failed", given, by=DANA)
    else:
        dispatch.jobs.edit(BUSINESS, "failed", given, by=DANA)
    assert "Came back" not in words(dana.get("/dashboard/board"))
    assert told not in words(dana.get("/dashboard/jobs/failed"))


# --- a day's ----------------------------------------------------------------------------

DAY = 24 * 3600
YESTERDAY = NOON - seconds(DAY)


def done(name: str, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    return {"id": name, "status": Status.COMPLETED, "finished_at": at, **fields}


def test_the_board_shows_what_is_open_and_what_was_finished_today(
    dana: Client, jobs: JobRepository
) -> None:
    """Their counts and sums say so; those of the open jobs are of all."""
    put(
        jobs,
        done("today", NOON, price=Decimal(100)),
        done("yesterday", YESTERDAY),
        done("lost", NOON, status=Status.CANCELLED),
        {"id": "old", "window": Window(date(2026, 5, 1), "morning", "08:00", "12:00")},
    )
    assert cards(dana) == ["old", "today", "lost"]
    page = words(dana.get("/dashboard/"))
    assert "Requested 1 $600" in page
    assert "Completed 1 today $100" in page
    assert "Cancelled 1 today $600" in page


def test_at_midnight_what_was_finished_leaves(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, done("done", price=Decimal(0)), {"id": "open", "status": Status.BOOKED})
    before = etag(dana)
    clock.tick(12 * 3600 - 1)
    assert (cards(dana), etag(dana)) == (["open", "done"], before)
    clock.tick(1)
    answer = dana.get("/dashboard/board", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert (cards(dana), "Completed 0 today $0" in words(answer)) == (["open"], True)
    empty = etag(dana)
    clock.tick(DAY)
    assert etag(dana) == empty


def test_who_completes_a_job_still_sees_it_and_can_undo_it(
    joel: Client, jobs: JobRepository
) -> None:
    put(jobs, {"status": Status.IN_PROGRESS, "crew": Crew(driver="joel")})
    joel.post("/dashboard/jobs/job1/move?expected=in_progress", {"status": "completed"})
    assert cards(joel) == ["job1"]
    assert "Completed 1 today" in words(joel.get("/dashboard/board"))
    dispatch.jobs.undo(BUSINESS, "job1", by=JOEL)
    assert "In Progress 1 $600" in words(joel.get("/dashboard/board"))


def test_a_date_shows_the_jobs_of_its_windows_and_what_was_finished_then(
    dana: Client, jobs: JobRepository
) -> None:
    put(
        jobs,
        {"id": "due", "window": FRIDAY},
        {"id": "other", "window": SATURDAY},
        {"id": "none"},
        done("due-done", NOON + seconds(10 * DAY), window=FRIDAY),
        done("due-cancelled", NOON - seconds(2 * DAY), window=FRIDAY, status=Status.CANCELLED),
        done("done-then", NOON, window=SATURDAY),
        done("done-before", YESTERDAY),
    )
    there = ["due", "due-done", "done-then", "due-cancelled"]
    assert cards(dana, date="2026-05-22") == there
    assert cards(dana, date="2026-05-22", q="nobody") == []
    assert cards(dana, date="2026-05-23") == ["other", "done-then"]
    page = words(dana.get("/dashboard/", {"date": "2026-05-22"}))
    assert "Requested 1 today $600" in page
    assert "Completed 2 today $1,200" in page
    assert "Completed 1 on Thu, May 21 $600" in words(
        dana.get("/dashboard/board", {"date": "2026-05-21"})
    )


def test_a_day_long_past_is_shown_with_links_to_those_beside_it(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, done("old", NOON.replace(year=2024)))
    page = dana.get("/dashboard/", {"date": "2024-05-22", "q": "a&b"})
    assert "Wed, May 22, 2024" in words(page)
    assert 'href="?q=a%26b&amp;date=2024-05-21"' in text(page)
    assert 'href="?q=a%26b&amp;date=2024-05-23"' in text(page)
    assert cards(dana, date="2024-05-22") == ["old"]
    assert "Completed 1 on Wed, May 22, 2024 $600" in words(
        dana.get("/dashboard/board", {"date": "2024-05-22"})
    )


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("yesterday", "There is no board of “yesterday”. That is no date such as 2026-05-23."),
        ("0001-01-01", "There is no board of “0001-01-01”. It must be from 2000 to 2199."),
        ("9999-12-31", "It must be from 2000 to 2199."),
        ("<b>", "There is no board of “<b>”."),
    ],
)
def test_what_is_no_date_has_no_board(
    dana: Client, jobs: JobRepository, typed: str, told: str
) -> None:
    put(jobs, {}, done("done"))
    answer = dana.get("/dashboard/", {"date": typed})
    assert (answer.status_code, told in words(answer)) == (200, True)
    assert cards(dana, date=typed) == []


@pytest.mark.parametrize("day", ["2000-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_have_a_board(dana: Client, day: str) -> None:
    assert dana.get("/dashboard/", {"date": day}).status_code == 200


def test_nobody_sees_anothers_finished_job_on_any_day(
    joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs, done("anas", crew=Crew(driver="ana"), window=FRIDAY))
    for query in ({}, {"date": "2026-05-22"}):
        assert (cards(joel, **query), cards(vic, **query)) == ([], ["anas"])
