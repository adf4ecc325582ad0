"""On paper: a day by driver in driving order, one job, several; and the same as a file."""

import re
from base64 import b64encode
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.job import Crew, Item, Job, Note, Window
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment, PriceLine
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON, FakeClock, make_job, unavailable
from tests.web.pages import text, words

DAY, PAGE = date(2026, 5, 22), "/dashboard/day/sheet"
MORNING = Window(date=DAY, name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=DAY, name="afternoon", start="12:00", end="16:00")


def job(name: str, driver: str | None = "joel", **fields: Any) -> Job:
    made = {"id": name, "tracking_token": "", "customer_name": f"Customer {name}"}
    made |= {"status": Status.BOOKED, "window": MORNING, "crew": Crew(driver=driver)}
    return make_job(**{**made, **fields})


def put(jobs: JobRepository, *each: Job) -> None:
    jobs.change(lambda book: book.put(*each))


def order(client: Client, **query: str) -> list[str]:
    """The headings of drivers and their jobs, from the top."""
    answer = client.get(PAGE, query)
    assert answer.status_code == 200, words(answer)
    found = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", text(answer))
    return [
        re.sub("<[^>]*>|Customer |Booking Confirmed|Completed", "", each).strip() for each in found
    ]


def test_a_day_is_by_driver_in_driving_order(dana: Client, jobs: JobRepository) -> None:
    put(
        jobs,
        job("late", created_at=NOON + timedelta(hours=1)),
        job("early"),
        job("after", window=AFTERNOON),
        job("second", window=AFTERNOON, stop=2),
        job("first", window=AFTERNOON, stop=1),
        job("anas", driver="ana"),
        job("nobodys", driver=None),
        job("tomorrow", window=replace(MORNING, date=date(2026, 5, 23))),
        job("none", window=None),
        job("gone", status=Status.CANCELLED),
    )
    assert order(dana) == [
        *("Ana", "1. anas"),
        *("Joel", "1. early", "2. late", "3. first", "4. second", "5. after"),
        *("No driver yet", "1. nobodys"),
    ]
    assert order(dana, member="ana") == ["Ana", "1. anas"]
    assert order(dana, date="2026-05-23") == ["Joel", "1. tomorrow"]
    assert "There are no jobs on that day." in words(dana.get(PAGE, {"date": "2026-05-24"}))


def test_the_crew_see_their_own_and_none_without_a_driver(
    joel: Client, jobs: JobRepository
) -> None:
    helps = Crew(driver="ana", first_mate="joel")
    put(
        jobs, job("mine"), job("hers", driver="ana"), job("help", crew=helps), job("x", driver=None)
    )
    assert order(joel) == ["Ana", "1. help", "Joel", "1. mine"]
    assert order(joel, member="ana") == ["Ana", "1. help"]


@pytest.mark.parametrize("later", [0, 1, 10])
def test_a_day_that_is_over_is_there_too(dana: Client, jobs: JobRepository, later: int) -> None:
    """Also what was finished only on one of the days after."""
    then = NOON - timedelta(days=30)
    window, finished = replace(MORNING, date=then.date()), then + timedelta(days=later)
    put(jobs, job("old", window=window, status=Status.COMPLETED, finished_at=finished))
    Archiver(jobs).archive(DAY)
    assert order(dana, date=f"{then.date()}") == ["Joel", "1. old"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"date": "soon"}, "That is no date such as 2026-05-23."),
        ({"date": "2026-05-22", "member": "pete"}, "Nobody of that name is on the roster."),
    ],
)
def test_a_day_that_is_none_is_told_beside_its_field(
    dana: Client, query: dict[str, str], why: str
) -> None:
    answer = dana.get(PAGE, query)
    assert answer.status_code == 422
    assert why in words(answer)
    assert "Content-Disposition" not in dana.get(PAGE, {**query, "download": "1"}).headers


def full_job(**fields: Any) -> Job:
    return job(
        "full",
        **{
            "customer_name": "Zoë <b>Núñez</b>",
            "location": "1420 Soderblom Ave\nSan Diego",
            "postcode": "92104",
            "phone": "+16195550142",
            "email": "zoe@example.org",
            "access_notes": "Gate code 4411",
            "load": "half",
            "items": (Item(name="mattress", count=2), Item(name="piano", count=1)),
            "description": "Garage clean-out",
            "price_lines": (PriceLine("Half load", Decimal(320)), PriceLine("Stairs", Decimal(30))),
            "payments": (Payment(id="1", amount=Decimal(50), method="cash", at=NOON, by="joel"),),
            "truck": "T7",
            "notes": (Note(at=NOON, by="joel", text="Dog in the yard"),),
            **fields,
        },
    )


def test_a_jobs_sheet_has_all_that_is_needed_at_the_door(dana: Client, jobs: JobRepository) -> None:
    put(jobs, full_job())
    answer = dana.get("/dashboard/jobs/full/sheet")
    page = words(answer)
    for told in (
        *("Zoë <b>Núñez</b> Booking Confirmed", "Fri, May 22 · Morning, 8 AM–12 PM"),
        *("Address 1420 Soderblom Ave San Diego 92104", "Access Gate code 4411"),
        *("Phone (619) 555-0142", "E-mail zoe@example.org", "Load Half load"),
        *("Items 2 × Mattress, 1 × piano", "To haul Garage clean-out", "Half load $320 Stairs $30"),
        *("$350, paid $50 · open $300", "Driver Joel", "Truck T7"),
        *("Date and time", "Signature", "QuickDumpNow · (619) 555-0100 · as of May 22, 12:00 PM"),
    ):
        assert told in page
    assert "<b>N" not in text(answer)
    assert "Dog in the yard" not in page, "the crew's own words: the customer signs this"
    assert 'href="tel:+16195550142"' in text(answer)


def test_out_of_reach_it_says_as_of_when_it_was_so(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, job("a"))
    with unavailable(jobs):
        clock.tick(300)
        for path in ("/dashboard/jobs/a/sheet", f"{PAGE}?download=1"):
            assert "as of May 22, 12:00 PM" in words(dana.get(path))
    clock.tick(60)
    assert "as of May 22, 12:06 PM" in words(dana.get(PAGE))


def test_who_sees_no_prices_sees_none_on_paper(joel: Client, jobs: JobRepository) -> None:
    put(jobs, full_job())
    with override_settings(BUSINESSES=(replace(BUSINESS, crew_see_prices=False),)):
        for path in ("/dashboard/jobs/full/sheet", PAGE, "/dashboard/jobs/sheet?job=full"):
            assert "$" not in text(joel.get(path))


def test_several_jobs_are_on_one_sheet_and_what_is_not_there_is_counted(
    dana: Client, joel: Client, jobs: JobRepository
) -> None:
    put(jobs, job("a", window=AFTERNOON), job("b"), job("hers", driver="ana"))
    asked = {"job": ["a", "b", "hers", "b", "gone"]}
    answer = dana.get("/dashboard/jobs/sheet", asked)
    assert re.findall("Customer (?:a|b|hers)", text(answer)) == [
        "Customer b",
        "Customer hers",
        "Customer a",
    ]
    assert "One job of those chosen is not here any more." in words(answer)
    assert "2 jobs of those chosen are not here any more." in words(
        joel.get("/dashboard/jobs/sheet", asked)
    )
    assert joel.get("/dashboard/jobs/hers/sheet").status_code == 404
    assert joel.get("/dashboard/jobs/sheet", {"job": "hers"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (PAGE, "day-2026-05-22"),
        ("/dashboard/jobs/a/sheet", "job-a"),
        ("/dashboard/jobs/sheet?job=a&job=b", "jobs"),
    ],
)
def test_as_a_file_it_asks_for_nothing(
    dana: Client, jobs: JobRepository, path: str, name: str
) -> None:
    """A phone opens it without a network."""
    put(jobs, job("a"), job("b"))
    answer = dana.get(f"{path}{'&' if '?' in path else '?'}download=1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.html"'
    page = text(answer)
    assert not re.search(r"(?:src=|<link|<script|<form|url\()", page)
    assert "Customer a" in page
    assert "break-inside: avoid" in page
    (link,) = re.findall('href="([^"]*download=1)"', text(dana.get(path)))
    assert words(dana.get(path.partition("?")[0] + link.replace("&amp;", "&"))) == words(answer)


def test_its_policy_allows_its_own_style_and_no_other(dana: Client, jobs: JobRepository) -> None:
    put(jobs, job("a"))
    for query in ("", "?download=1"):
        answer = dana.get(f"/dashboard/jobs/a/sheet{query}")
        (style,) = re.findall("<style>(.*?)</style>", text(answer), re.DOTALL)
        allowed = f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
        policy = answer.headers["Content-Security-Policy"]
        assert f"default-src 'none'; style-src {allowed};" in policy
        assert "unsafe" not in policy
    assert f"style-src &#x27;{allowed[1:-1]}&#x27;" in text(answer), "in the file itself, too"
