"""The tracking page begins with the truth, in one sentence with day and time."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
from dispatch.domain.job import CUSTOMER, LONG_AGO, Crew, Eta, Event, OnMyWay, Window
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment, PriceLine
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, TOKEN, FakeClock, make_job
from tests.web.pages import text, words
from tracking.public import TrackedJob

PAGE = f"/track/{TOKEN}"
ID = "jXkL9m2pQ"
JOELS = Crew(driver="joel")
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
HOUR = timedelta(hours=1)


def on(day: str, name: str = "afternoon") -> Window:
    window = BUSINESS.agreed_window(date.fromisoformat(day), name)
    assert window
    return window


TODAY = on("2026-05-22")  # noon to four


def put(jobs: JobRepository, **fields: Any) -> None:
    made = {"window": TODAY, "status": BOOKED, "crew": JOELS, **fields}
    jobs.change(lambda book: book.put(make_job(**made)))


def inside(tag: str, client: Client) -> str:
    found = re.search(f"(?s)<{tag}>(.*?)</{tag}>", text(client.get(PAGE)))
    assert found
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())


def sentence(client: Client) -> str:
    return inside("h1", client)


def coming(at: datetime, by: str = "joel", said_at: datetime = NOON) -> dict[str, Any]:
    return {"eta": Eta(at=at, said_at=said_at, by=by), "on_my_way": OnMyWay(at=said_at, by=by)}


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (1, "Joel is on the way (about 1:00 PM, said at 12:00 PM)"),
        (4, "Joel is on the way (about 4:00 PM, said at 12:00 PM)"),
        (4.5, "Joel is on the way, later than planned (about 4:30 PM, said at 12:00 PM)"),
    ],
)
def test_who_is_on_the_way_says_when_and_whether_that_is_late(
    client: Client, jobs: JobRepository, roster: RosterRepository, hours: float, said: str
) -> None:
    put(jobs, **coming(NOON + hours * HOUR))
    assert sentence(client) == said
    assert inside("title", client) == f"{said} · QuickDumpNow"


def test_an_estimate_that_has_passed_says_so(
    client: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    put(jobs, **coming(NOON + HOUR))
    known = {"If-None-Match": client.get(f"{PAGE}/live").headers["ETag"]}
    clock.tick(3601)
    assert client.get(f"{PAGE}/live", headers=known).status_code == 200, "the page is told"
    assert sentence(client) == (
        "Joel is on the way, later than planned (about 1:00 PM, said at 12:00 PM)"
    )
    assert "That time has passed" in words(client.get(PAGE))


def test_an_estimate_of_who_is_not_on_the_way_yet_is_told_with_its_source(
    client: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    put(jobs, eta=Eta(at=NOON + 2 * HOUR, said_at=NOON, by="dana"))
    assert sentence(client) == "Confirmed for Friday, May 22, 12–4 PM"
    page = words(client.get(PAGE))
    assert "Expected at about 2:00 PM" in page
    assert "our office's estimate, from 12:00 PM" in page
    clock.tick(2 * 3600 + 1)
    assert sentence(client) == "Running late: we were expected at about 2:00 PM"
    assert "That time has passed" in words(client.get(PAGE))


def test_an_estimate_beyond_the_window_is_running_late(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    put(jobs, eta=Eta(at=NOON + 5 * HOUR, said_at=NOON, by="joel"))
    assert sentence(client) == "Running late: now expected at about 5:00 PM"
    assert "Joel's own estimate, from 12:00 PM" in words(client.get(PAGE))


def test_yesterdays_estimate_is_gone_and_nobody_reads_that_all_is_well(
    client: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    put(jobs, **coming(NOON + HOUR))
    clock.tick(24 * 3600)
    assert sentence(client) == "We have not come yet: it was due on Friday, May 22, 12–4 PM"
    page = client.get(PAGE)
    assert "1:00 PM" not in words(page)
    assert "Confirmed for" not in words(page)
    assert "Please call us: we tell you what has happened" in words(page)
    assert 'class="button primary large" href="tel:+16195550100"' in text(page)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (PENDING, "Your request for Friday, May 22, 12–4 PM was not confirmed"),
        (BOOKED, "We have not come yet: it was due on Friday, May 22, 12–4 PM"),
        (READY, "We have not come yet: it was due on Friday, May 22, 12–4 PM"),
        (STARTED, "We are at work, since 12:00 PM"),
    ],
)
def test_a_window_that_is_over_says_what_became_of_it(
    client: Client, jobs: JobRepository, clock: FakeClock, status: Status, said: str
) -> None:
    put(jobs, status=status)
    clock.tick(4 * 3600)
    assert "May 22, 12–4 PM" in sentence(client) or status is STARTED
    clock.tick(1)
    assert sentence(client) == said
    assert "calendar.ics" not in text(client.get(PAGE)) or status is STARTED


@pytest.mark.parametrize(
    ("reason", "today", "later"),
    [
        ("no_access: 4411", "at 12:00 PM and could not", "on Fri, May 22, 12:00 PM and could not"),
        ("not_ready", "at 12:00 PM, and it was not ready", "on Fri, May 22, 12:00 PM, and it was"),
        ("unsafe", "at 12:00 PM, and it was not safe", "on Fri, May 22, 12:00 PM, and it was not"),
        ("other: x", "at 12:00 PM, and something kept", "on Fri, May 22, 12:00 PM, and something"),
    ],
)
def test_a_visit_for_nothing_is_told_with_its_time(
    client: Client,
    jobs: JobRepository,
    roster: RosterRepository,
    clock: FakeClock,
    reason: str,
    today: str,
    later: str,
) -> None:
    put(jobs, status=STARTED)
    dispatch.jobs.move(BUSINESS, ID, BOOKED, by=JOEL, reason=reason)
    assert sentence(client).startswith(f"We were there {today}")
    clock.tick(24 * 3600)
    assert sentence(client).startswith(f"We were there {later}")
    assert "4411" not in text(client.get(PAGE))


def test_at_work_says_since_when_and_done_when_it_was(
    client: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    put(jobs)
    clock.tick(600)
    dispatch.jobs.move(BUSINESS, ID, STARTED, by=JOEL)
    assert sentence(client) == "We are at work, since 12:10 PM"
    clock.tick(3600)
    dispatch.jobs.move(BUSINESS, ID, DONE, by=JOEL)
    assert sentence(client) == "Done on Friday, May 22, 1:10 PM"


def test_a_time_that_no_file_says_is_not_made_up(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=STARTED, created_at=LONG_AGO, updated_at=LONG_AGO)
    assert sentence(client) == "We are at work"


def test_a_date_names_its_year_where_it_is_not_this_one(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, window=on("2027-01-04"))
    assert sentence(client) == "Confirmed for Monday, January 4, 2027, 12–4 PM"
    clock.at = datetime(2027, 1, 2, 12, tzinfo=UTC)
    assert sentence(client) == "Confirmed for Monday, January 4, 12–4 PM"


@pytest.mark.parametrize("status", [PENDING, BOOKED, READY])
def test_without_a_window_the_time_is_still_to_be_agreed(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    put(jobs, window=None, status=status)
    assert sentence(client).endswith("; the time is still to be agreed")


def test_the_status_stands_on_the_page_once(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    page = text(client.get(PAGE))
    assert page.count("Booking Confirmed") == 1
    assert page.index("<h1>") < page.index('class="timeline"') < page.index('class="facts"')


# --- what comes next ----------------------------------------------------------------------


def test_a_request_says_by_when_it_is_answered_and_whether_that_has_passed(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, status=PENDING, window=on("2026-05-25"))
    assert "We look at it and confirm it here by 2:00 PM" in words(client.get(PAGE))
    clock.tick(2 * 3600 + 1)
    page = words(client.get(PAGE))
    assert "You were to hear from us by 2:00 PM , and we have not answered yet" in page
    assert "We look at it" not in page
    clock.tick(24 * 3600)
    assert "hear from us by Fri, May 22, 2:00 PM" in words(client.get(PAGE))


def test_until_when_it_may_be_changed_is_said(client: Client, jobs: JobRepository) -> None:
    put(jobs, window=on("2026-05-25"))
    page = client.get(PAGE)
    assert "You can change or cancel it here until Mon, May 25, 12:00 AM" in words(page)
    put(jobs, window=on("2026-05-25"), status=PENDING)
    assert "You can change or cancel it here until" not in words(client.get(PAGE))


@pytest.mark.parametrize(
    ("status", "shown", "hidden"),
    [
        (PENDING, ["reschedule", "message", "calendar.ics", "cancel"], ["ready", "receipt"]),
        (BOOKED, ["ready", "reschedule", "message", "calendar.ics", "cancel"], ["receipt"]),
        (READY, ["reschedule", "message", "calendar.ics", "cancel"], ["ready", "receipt"]),
        (STARTED, ["message", "calendar.ics"], ["ready", "reschedule", "cancel", "receipt"]),
        (DONE, ["receipt"], ["ready", "reschedule", "message", "calendar.ics", "cancel"]),
        (CANCELLED, [], ["ready", "reschedule", "message", "calendar.ics", "cancel", "receipt"]),
    ],
)
def test_what_can_be_done_is_offered_and_what_cannot_is_not(
    client: Client, jobs: JobRepository, status: Status, shown: list[str], hidden: list[str]
) -> None:
    put(jobs, status=status, window=on("2026-05-25"))
    page = text(client.get(PAGE))
    assert [each for each in shown if f'"{PAGE}/{each}"' in page] == shown
    assert [each for each in hidden if f'"{PAGE}/{each}"' in page] == []
    assert page.count("button primary") <= 1
    assert ("Book again" in page) == (status in (DONE, CANCELLED))


# --- what it was before -------------------------------------------------------------------


def test_another_date_and_another_price_say_what_they_were(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, window=on("2026-05-25"), price=Decimal(175))
    assert "was " not in words(client.get(PAGE))
    dispatch.jobs.edit(BUSINESS, ID, {"window": on("2026-05-26", "morning")}, by=DANA)
    dispatch.jobs.edit(BUSINESS, ID, {"price": Decimal(210)}, by=DANA)
    page = words(client.get(PAGE))
    assert "Tue, May 26 · Morning, 8 AM–12 PM was Mon, May 25 · Afternoon, 12–4 PM" in page
    assert "$210 was $175" in page
    dispatch.jobs.edit(BUSINESS, ID, {"window": on("2026-05-27")}, by=DANA)
    assert "was Tue, May 26" in words(client.get(PAGE)), "the last change counts"


def test_a_price_that_is_only_offered_or_was_refused_changes_nothing(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    put(jobs, window=on("2026-05-25"))
    lines = (PriceLine("Hot tub", Decimal(700)),)
    dispatch.jobs.offer(BUSINESS, ID, "a-new-price", lines, by=JOEL)
    assert "was $600" not in words(client.get(PAGE))
    client.post(f"{PAGE}/quote", {"id": "a-new-price", "answer": "declined"})
    assert "was $600" not in words(client.get(PAGE))
    dispatch.jobs.offer(BUSINESS, ID, "another-price", lines, by=JOEL)
    client.post(f"{PAGE}/quote", {"id": "another-price", "answer": "accepted"})
    assert "$700 was $600" in words(client.get(PAGE))


@pytest.mark.parametrize("before", ["x", {"date": "x"}, {}, [], 7, None, {"date": "2026-05-01"}])
def test_a_history_that_says_something_else_hides_nothing(
    client: Client, jobs: JobRepository, before: Any
) -> None:
    changes = {"window": (before, None), "price": (before, 600)}
    event = Event(at=NOON, by="dana", what="edited", version=2, changes=changes)
    put(jobs, history=(event,))
    assert sentence(client) == "Confirmed for Friday, May 22, 12–4 PM"


def test_who_has_paid_is_not_told_that_nothing_is_charged(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs, window=None)
    assert "Nothing is charged." in words(client.get(f"{PAGE}/cancel"))
    payment = Payment(id="p1", amount=Decimal(100), method="cash", at=NOON, by="joel")
    put(jobs, window=None, payments=(payment,))
    page = words(client.get(f"{PAGE}/cancel"))
    assert "About what you have paid, please call us." in page
    assert "Nothing is charged" not in page


def test_what_is_paid_is_said_once_it_is_done(client: Client, jobs: JobRepository) -> None:
    payment = Payment(id="p1", amount=Decimal(100), method="cash", at=NOON, by="joel")
    put(jobs, payments=(payment,))
    assert "$100" not in words(client.get(PAGE))
    put(jobs, payments=(payment,), status=DONE)
    assert "Paid $100" in words(client.get(PAGE))


def test_another_window_of_the_customers_is_no_visit_that_came_to_nothing() -> None:
    """Though it moved the job from ready to `booked`."""
    back = Event(at=NOON, by=CUSTOMER, from_=READY, to=BOOKED)
    job = make_job(status=BOOKED, window=TODAY, history=(back,))
    shown = TrackedJob.of(job, Roster(), BUSINESS, NOON)
    assert (shown.state, shown.may_undo) == ("confirmed", False)
