"""A time says its day where that is not today's, a day its year; what is over is said no more."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from dispatch.domain.job import Eta, OnMyWay, Window
from dispatch.domain.status import Status
from dispatch.forms.job import MEANT
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags import formats
from tests.making import BUSINESS, NOON, TOKEN, FakeClock, make_job
from tests.web.pages import sent_back, words

TRACK, DRAWER, DAY = f"/track/{TOKEN}", "/dashboard/jobs/jXkL9m2pQ", 24 * 3600
JOB = {"customer_name": "Mark", "location": "1 Elm St", "status": "booked", "window": "morning"}


def put(jobs: JobRepository, **fields: Any) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, **fields)))


def on(day: str) -> Window:
    return Window(date.fromisoformat(day), "morning", "08:00", "12:00")


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("say", "value", "said"),
    [
        (formats.day, date(2026, 5, 23), "Sat, May 23"),
        (formats.day, date(2025, 12, 1), "Mon, Dec 1, 2025"),
        (formats.window, on("2026-12-01"), "Tue, Dec 1 · Morning"),
        (formats.window, on("2027-12-01"), "Wed, Dec 1, 2027 · Morning"),
        (formats.window, on("2036-12-01"), "Mon, Dec 1, 2036 · Morning"),
        (formats.clock, at("2026-05-22T16:04"), ">9:04 AM<"),
        (formats.clock, at("2026-05-22T06:59"), ">Thu, May 21, 11:59 PM<"),
        (formats.clock, at("2025-05-22T16:04"), ">Thu, May 22, 2025, 9:04 AM<"),
        (formats.moment, at("2026-01-01T08:00"), ">Jan 1, 12:00 AM<"),
        (formats.moment, at("2026-01-01T07:59"), ">Dec 31, 2025, 11:59 PM<"),
        (formats.moment, at("1970-01-01T00:00"), "some time ago"),
    ],
)
def test_a_time_says_its_day_and_a_day_its_year(say: Any, value: Any, said: str) -> None:
    assert said in say(value, BUSINESS)


def test_years_are_told_apart_on_every_page(dana: Client, jobs: JobRepository) -> None:
    for window, said in (
        ("2025-12-01", "Mon, Dec 1, 2025 · Morning"),
        ("2026-12-01", "Tue, Dec 1 · Morning"),
        ("2036-12-01", "Mon, Dec 1, 2036 · Morning"),
    ):
        put(jobs, window=on(window))
        for page in ("/dashboard/", "/dashboard/board", DRAWER, TRACK, f"{TRACK}/cancel"):
            assert said in words(dana.get(page)), page


def test_a_card_says_the_year_from_the_next_one_on(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """Cards are kept, and so is the poll's answer."""
    put(jobs, window=on("2026-12-01"))
    before = dana.get("/dashboard/board")
    assert "Tue, Dec 1 ·" in words(before)
    clock.at = at("2027-01-01T08:00")
    after = dana.get("/dashboard/board", headers={"If-None-Match": before.headers["ETag"]})
    assert "Tue, Dec 1, 2026 ·" in words(after)


def test_on_the_way_and_expected_are_gone_when_their_day_is_over(
    client: Client, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """To the customer, by page, poll and API, and to the crew, on card and drawer."""
    put(
        jobs,
        on_my_way=OnMyWay(at=NOON, by="dana"),
        eta=Eta(at=at("2026-05-22T21:20"), said_at=NOON, by="dana"),
    )
    live, board = client.get(f"{TRACK}/live"), dana.get("/dashboard/board")
    for page in (client.get(TRACK), live):
        assert "on the way (about 2:20 PM , said at 12:00 PM )" in words(page)
    assert "On the way" in words(board)
    assert "2:20 PM said at 12:00 PM" in words(dana.get(DRAWER))
    clock.at = at("2026-05-23T07:00")  # midnight in San Diego
    live = client.get(f"{TRACK}/live", headers={"If-None-Match": live.headers["ETag"]})
    board = dana.get("/dashboard/board", headers={"If-None-Match": board.headers["ETag"]})
    for page in (client.get(TRACK), live, board):
        assert "Booking Confirmed" in words(page)
        assert "on the way" not in words(page).lower()
        assert "Expected" not in words(page)
    drawer, _notes, folded = words(dana.get(DRAWER)).partition("Notes")
    assert "Expected at" in folded, "the form for an estimate of today"
    assert "2:20 PM" not in drawer
    tracked = client.post("/api/track", {"token": TOKEN}, content_type="application/json").json()
    assert (tracked["eta"], tracked["on_my_way_at"]) == (None, None)


@pytest.mark.parametrize(
    ("now", "typed", "expected"),
    [
        ("2026-05-22T19:00", "00:00", "2026-05-23T07:00"),  # noon
        ("2026-05-22T19:00", "11:54", "2026-05-23T18:54"),
        ("2026-05-23T06:50", "00:30", "2026-05-23T07:30"),  # ten to midnight
        ("2026-05-23T06:50", "11:51", "2026-05-23T18:51"),
    ],
)
def test_an_estimate_of_a_time_that_is_over_is_of_tomorrow_if_that_is_meant(
    dana: Client, jobs: JobRepository, clock: FakeClock, now: str, typed: str, expected: str
) -> None:
    put(jobs)
    clock.at = at(now)
    assert dana.post(f"{DRAWER}/eta", {"eta": typed}).status_code == 422
    assert jobs.read().jobs[0].eta is None
    assert dana.post(f"{DRAWER}/eta", {"eta": typed, "insist": "1"}).status_code == 303
    said = jobs.read().jobs[0].eta
    assert said
    assert said.at == at(expected)


@pytest.mark.parametrize(
    ("now", "typed", "expected"),
    [
        ("2026-05-22T19:00", "14:20", "2026-05-22T21:20"),  # noon
        ("2026-05-22T19:00", "11:56", "2026-05-22T18:56"),  # as good as now
        ("2026-05-22T07:10", "23:50", "2026-05-23T06:50"),  # ten past midnight
    ],
)
def test_an_estimate_is_of_today(
    dana: Client, jobs: JobRepository, clock: FakeClock, now: str, typed: str, expected: str
) -> None:
    put(jobs)
    clock.at = at(now)
    assert dana.post(f"{DRAWER}/eta", {"eta": typed}).status_code == 303
    said = jobs.read().jobs[0].eta
    assert said
    assert said.at == at(expected)


def test_an_estimate_of_another_day_says_so(client: Client, jobs: JobRepository) -> None:
    put(jobs, eta=Eta(at=at("2026-05-24T16:00"), said_at=NOON, by="dana"))
    assert "Expected at about Sun, May 24, 9:00 AM" in words(client.get(TRACK))


@pytest.mark.parametrize(
    ("day", "question"),
    [
        ("2026-05-22", ""),
        ("2026-12-01", ""),
        ("2027-05-22", ""),
        ("2026-12-25", "You are closed on Fri, Dec 25."),
        ("2027-05-23", "You do not work then on Sun, May 23, 2027."),
        ("2026-05-21", "Thu, May 21 is over."),
        ("2025-12-01", "Mon, Dec 1, 2025 is over."),
        ("2027-05-24", "Mon, May 24, 2027 is more than a year off."),
        ("2062-05-23", "Tue, May 23, 2062 is more than a year off."),
    ],
)
def test_a_day_that_is_over_or_far_off_is_asked_about(
    dana: Client, jobs: JobRepository, day: str, question: str
) -> None:
    """Of a new job and of a known one; it is saved once somebody says that it is meant."""
    put(jobs)
    for page in ("/dashboard/jobs/new", f"{DRAWER}/edit"):
        answer = dana.post(page, {**JOB, "date": day})
        assert answer.status_code == (422 if question else 303)
        if not question:
            continue
        assert f"{question} If you mean it, say so below." in words(answer)
        assert f'name="{MEANT}" value="{day}"' in answer.content.decode()
        assert dana.post(page, {**JOB, "date": day, MEANT: day}).status_code == 303
    assert [job.window.date.isoformat() for job in jobs.read().jobs if job.window] == [day] * 2


def test_to_mean_one_day_is_not_to_mean_another(dana: Client) -> None:
    answer = dana.post("/dashboard/jobs/new", {**JOB, "date": "2062-05-23", MEANT: "2036-05-23"})
    assert answer.status_code == 422
    assert f'name="{MEANT}" value="2062-05-23"' in answer.content.decode()
    assert "checked" not in answer.content.decode()


def test_a_day_that_is_meant_stays_so_while_a_price_is_asked_about(
    dana: Client, jobs: JobRepository
) -> None:
    """Each answer goes along with the next question: they would else take turns for ever."""
    put(jobs, load="half", price=Decimal(320))
    edit = f"{DRAWER}/edit"
    sent = sent_back(dana.get(DRAWER), edit) | {"date": "2036-05-23", "window": "morning"}
    answer = dana.post(edit, sent | {"load": "full", MEANT: "2036-05-23"})
    assert "Which one?" in words(answer)
    assert dana.post(edit, sent_back(answer, edit) | {"take": "load"}).status_code == 303
    job = jobs.read().jobs[0]
    assert job.window
    assert (job.window.date.year, job.price) == (2036, 600)


def test_a_day_that_was_agreed_is_not_asked_about_again(dana: Client, jobs: JobRepository) -> None:
    put(jobs, window=on("2026-05-01"))
    answer = dana.post(f"{DRAWER}/edit", {"date": "2026-05-01", "window": "morning", "truck": "T2"})
    assert answer.status_code == 303
    assert jobs.read().jobs[0].truck == "T2"


@pytest.mark.parametrize("field", ["from", "to"])
def test_a_day_off_in_many_years_is_taken_for_a_slip(dana: Client, field: str) -> None:
    days = {"from": "2026-05-23", field: "2062-05-23", "set": "away"}
    answer = dana.post("/dashboard/crew/joel/days", days)
    assert answer.status_code == 422
    assert f'id="days_{field}_error">That is more than two years off.' in answer.content.decode()


def test_a_day_of_next_year_is_offered_as_such(client: Client, clock: FakeClock) -> None:
    clock.at = at("2026-12-20T20:00")
    assert "Thu, Dec 31 Morning" in words(client.get("/book/"))
    assert "Sat, Jan 2, 2027 Morning" in words(client.get("/book/"))


def test_who_moved_a_job_and_when_says_the_day(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs)
    dana.post(f"{DRAWER}/move", {"status": "in_progress"})
    for ticked, said in ((0, "at 12:00 PM."), (DAY, "at Fri, May 22, 12:00 PM.")):
        clock.tick(ticked)
        late = dana.post(f"{DRAWER}/move", {"status": "completed", "expected": "booked"})
        assert f"Dana has moved this job to “In Progress” {said}" in words(late)
