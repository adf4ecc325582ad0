"""The page of the numbers: its spans, its figures in words, and that it is quick."""

import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from dispatch.domain.job import Crew, Event, Job, Window
from dispatch.domain.moves import move
from dispatch.domain.numbers import Span
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment
from dispatch.jobs import finished
from dispatch.reports.numbers import page
from dispatch.roster import deactivate
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, DANA, JOEL, NOON, make_job
from tests.stores.troubled import InMemory
from tests.web.pages import text, words
from tests.web.test_history import done, put

PAGE = "/dashboard/numbers/"
DAY = timedelta(days=1)
LAST_WEEK = NOON - 7 * DAY


def shown(client: Client, **query: str) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200, words(answer)
    return words(answer).replace("\N{NO-BREAK SPACE}", " ")


def a_job(name: str, days_ago: int = 0, **fields: object) -> Job:
    made = {"crew": Crew(driver="joel"), "load": "full", "price": Decimal(600)}
    return done(name, NOON - days_ago * DAY, **made | fields)


def paid(amount: int, by: str = "joel", days_ago: int = 0) -> Payment:
    at = NOON - days_ago * DAY
    return Payment(id=f"p{amount}", amount=Decimal(amount), method="cash", at=at, by=by)


# --- what it says ------------------------------------------------------------------------


def test_this_week_is_told_beside_as_much_of_the_last(dana: Client, jobs: JobRepository) -> None:
    """Two jobs of 600 and 300, before them one of 600: half as much again. What was finished on
    last week's Saturday counts to neither, as today is Friday.
    """
    put(jobs, a_job("a"), a_job("b", 1, price=Decimal(300)), a_job("c", 7), a_job("d", 6))
    said = shown(dana)
    assert "Mon, May 18 to Sun, May 24, compared with Mon, May 11 to Fri, May 15." in said
    assert "Jobs done 2 and 0 cancelled ▲ 100 % more than before (1)" in said
    assert "Revenue $900 ▲ 50 % more than before ($600)" in said
    assert "Average price $450 ▼ 25 % less than before ($600)" in said
    assert "Still open $900" in said
    assert "On time – " in said, "nothing was promised"


def test_one_day_is_said_once(dana: Client) -> None:
    said = shown(dana, **{"from": "2026-05-22", "to": "2026-05-22"})
    assert "Show Fri, May 22, compared with Thu, May 21. Jobs done" in said


def test_rates_are_told_in_points(dana: Client, jobs: JobRepository) -> None:
    morning = Window(date=date(2026, 5, 22), name="morning", start="08:00", end="12:00")
    late = Window(date=date(2026, 5, 22), name="early", start="06:00", end="08:00")
    before = Window(date=date(2026, 5, 15), name="morning", start="08:00", end="12:00")
    put(
        jobs,
        *(a_job("a", window=morning), a_job("b", window=late)),
        a_job("c", 7, window=before),
    )
    said = shown(dana)
    assert "On time 50 % 1 of 2 ▼ 50 points less than before (100 %)" in said
    assert "Could not do it 0 % 0 of 2 as before" in said


def test_they_are_told_apart_by_driver_week_weekday_and_load(
    dana: Client, jobs: JobRepository
) -> None:
    put(
        jobs,
        a_job("a"),
        a_job("b", crew=Crew(driver="ana"), load="half", price=Decimal(320)),
        a_job("c", 1, crew=Crew(), load="", price=Decimal(50)),
        a_job("d", 1, status=Status.CANCELLED),
    )
    said = shown(dana)
    assert "Joel 1 + 1 cancelled $600 $600 – 0 % $0 $600" in said
    assert "Ana 1 $320 $320 – 0 % $0 $320" in said
    assert "No driver 1 $50" in said
    assert "Week of May 18 3 + 1 cancelled $970" in said
    assert "Friday 2 $920" in said
    assert "Full load 1 + 1 cancelled $600" in said
    assert "No load said 1 $50" in said


def test_each_chart_says_in_words_what_it_shows(dana: Client, jobs: JobRepository) -> None:
    put(jobs, a_job("a"), a_job("b", crew=Crew(driver="ana"), price=Decimal(150)))
    page = text(dana.get(PAGE))
    titles = [unescape(each) for each in re.findall(r"<title id[^>]*>([^<]*)</title>", page)]
    assert "Revenue, by driver: Joel $600; Ana $150" in titles
    charts = re.findall(r'<svg class="chart" role="img" aria-labelledby="([^"]*)"', page)
    assert len(charts) == len(set(charts)) == len(titles)
    assert '<rect class="bar" x="0" y="4.05em" width="15.5%"' in page, "150 of 600"
    assert "style=" not in page


def test_time_in_each_status_is_told_in_words(dana: Client, jobs: JobRepository) -> None:
    made = make_job(created_at=NOON - DAY, tracking_token="")
    moves = (
        (Status.BOOKED, NOON - timedelta(hours=22)),
        (Status.IN_PROGRESS, NOON - timedelta(hours=1)),
        (Status.COMPLETED, NOON - timedelta(minutes=25)),
    )
    for to, at in moves:
        who = JOEL if to is not Status.BOOKED else DANA
        made = move(made, to, by=who, at=at, business=BUSINESS)
    put(jobs, made)
    said = shown(dana)
    assert "Requested 1 2 h 2 h – 2 h" in said
    assert "Booking Confirmed 1 21 h 21 h – 21 h" in said
    assert "In Progress 1 35 min 35 min – 35 min" in said


def test_cash_to_hand_in_is_told_by_who_took_it_whenever_its_job_was_finished(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    """On an archived job, on an open one, and by somebody who has left since."""
    old = a_job("old", 200, payments=(paid(80), paid(70, days_ago=60)), updated_at=NOON)
    put(jobs, old, make_job(status="booked", payments=(paid(40, by="ana"), paid(25, by="pete"))))
    Archiver(jobs).archive(date(2026, 5, 22))
    deactivate(BUSINESS, "ana")
    said = shown(dana)
    assert "Who Payments Cash Joel 1 $80 Ana 1 $40 pete 1 $25 In all $145" in said
    assert "No job was finished on these days." in said


def test_an_empty_week_says_so(dana: Client) -> None:
    said = shown(dana)
    assert "Nobody has taken cash on these days." in said
    assert "No job was finished on these days." in said


def test_the_archive_is_in_it(dana: Client, jobs: JobRepository) -> None:
    put(jobs, a_job("a", 40), a_job("b", 10))
    Archiver(jobs).archive(date(2026, 5, 22))
    assert len(jobs.read().jobs) == 0
    said = shown(dana, **{"from": "2026-04-01", "to": "2026-04-30"})
    assert "Jobs done 1" in said
    assert "Jobs done 1" in shown(dana, **{"from": "2026-05-12", "to": "2026-05-12"})


def test_no_person_of_a_job_is_in_it(dana: Client, jobs: JobRepository) -> None:
    put(jobs, a_job("a", customer_name="Canary", location="Canary Road", phone="+16198675309"))
    assert not re.search("canary|8675|a_job", text(dana.get(PAGE)), re.IGNORECASE)


# --- who and which days ------------------------------------------------------------------


def test_it_is_for_dispatchers(joel: Client, vic: Client, client: Client) -> None:
    assert (joel.get(PAGE).status_code, vic.get(PAGE).status_code) == (403, 403)
    assert client.get(PAGE).status_code == 302


def test_weeks_and_months_are_a_link_away(dana: Client) -> None:
    page = unescape(text(dana.get(PAGE)))
    links = re.findall(r'href="\?from=([0-9-]*)&to=([0-9-]*)"([^>]*)>([^<]*)<', page)
    assert links == [
        ("2026-05-18", "2026-05-24", ' aria-current="page"', "This week"),
        ("2026-05-11", "2026-05-17", "", "Last week"),
        ("2026-05-01", "2026-05-31", "", "This month"),
        ("2026-04-01", "2026-04-30", "", "Last month"),
    ]
    assert dana.get(PAGE).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"from": "yesterday", "to": "2026-05-22"}, "That is no date such as 2026-05-23."),
        ({"from": "2026-05-22", "to": "2026-05-21"}, "That is before the first day."),
        ({"from": "2024-05-21", "to": "2026-05-22"}, "366 days at once are the most."),
        ({"from": "2026-02-30"}, "That is no date such as 2026-05-23."),
        ({"from": "0001-01-01", "to": "9999-12-31"}, "It must be from 2000 to 2199."),
    ],
)
def test_bad_days_are_told_beside_them_and_kept(
    dana: Client, query: dict[str, str], told: str
) -> None:
    answer = dana.get(PAGE, query)
    assert answer.status_code == 422
    assert told in words(answer)
    assert f'value="{query["from"]}"' in text(answer)


@pytest.mark.parametrize(
    "query", [{"from": "2000-01-01", "to": "2000-12-31"}, {"to": "2199-12-31"}]
)
def test_the_first_and_the_last_days_there_are_can_be_asked(
    dana: Client, query: dict[str, str]
) -> None:
    assert "Jobs done 0" in shown(dana, **query)


# --- how long it takes -------------------------------------------------------------------


def test_the_figures_of_a_year_take_little_longer_than_to_find_its_jobs(jobs: InMemory) -> None:
    """Which is half a second for ten thousand: all of each job is never read."""
    steps = (Event(at=NOON, by="dana", from_=Status.PENDING, to=Status.BOOKED),) * 5
    put(jobs, *(a_job(f"j{number}", number % 360 + 4, history=steps) for number in range(1_000)))
    Archiver(jobs).archive(date(2026, 5, 22))
    first, last = date(2025, 5, 23), date(2026, 5, 22)

    def seconds(fn: Callable[[], object]) -> float:
        started = time.process_time()
        fn()
        return time.process_time() - started

    found = min(seconds(lambda: finished(BUSINESS, first, last)) for _ in range(3))
    figured = min(seconds(lambda: page(BUSINESS, Span(first, last))) for _ in range(3))
    assert figured < 5 * found
