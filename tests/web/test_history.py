"""Finished jobs: by the days on which they were finished, and the page that finds them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON, TOKEN, make_job
from tests.stores.troubled import InMemory
from tests.web.pages import sent_back, text, words

TODAY = date(2026, 5, 22)


def done(name: str, at: datetime = NOON, **fields: object) -> Job:
    """A completed job of this id, without a link."""
    made = {"id": name, "tracking_token": "", "status": Status.COMPLETED, "finished_at": at}
    return make_job(**{**made, **fields})


def put(jobs: JobRepository, *each: Job) -> None:
    jobs.change(lambda book: book.put(*each))


# --- by day ------------------------------------------------------------------------------


def finished(first: date, last: date) -> list[str]:
    return [each.line.id for each in dispatch.jobs.finished(BUSINESS, first, last)]


def test_a_job_is_finished_on_a_day_of_the_business(jobs: JobRepository) -> None:
    """Which is another day elsewhere, and has 23 hours where clocks change."""
    midnight = datetime(2026, 5, 22, 7, tzinfo=UTC)
    second, day = timedelta(seconds=1), timedelta(days=1)
    put(
        jobs,
        done("before", midnight - second),
        done("first", midnight),
        done("last", midnight + day - second),
        done("after", midnight + day),
        make_job(id="open", tracking_token=""),
    )
    assert finished(TODAY, TODAY) == ["last", "first"]
    assert finished(TODAY - day, TODAY + day) == ["after", "last", "first", "before"]
    clocks_change = date(2026, 3, 8)
    put(jobs, done("spring", datetime(2026, 3, 9, 6, 59, 59, tzinfo=UTC)))
    assert finished(clocks_change, clocks_change) == ["spring"]
    put(jobs, done("spring", datetime(2026, 3, 9, 7, tzinfo=UTC)))
    assert finished(clocks_change, clocks_change) == []


def test_a_job_is_finished_when_the_move_said_so_whatever_came_after(jobs: JobRepository) -> None:
    later = NOON + timedelta(days=3)
    noted = done("noted").noted("Two trips", by="joel", at=later)
    put(jobs, replace(noted, updated_at=later))
    assert finished(TODAY, TODAY) == ["noted"]
    assert finished(later.date(), later.date()) == []


# --- the page ----------------------------------------------------------------------------

PAGE = "/dashboard/history/"
DAY = timedelta(days=1)


def shown(client: Client, **query: str) -> list[str]:
    """The ids of the rows, from the top."""
    answer = client.get(PAGE, query)
    assert answer.status_code == 200, words(answer)
    return re.findall(r'<tr id="job-([^"]*)"', text(answer))


def test_finished_jobs_of_the_last_twelve_months_are_there_newest_first(
    dana: Client, jobs: JobRepository
) -> None:
    put(
        jobs,
        done("yesterday", NOON - DAY),
        done("today"),
        done("first", NOON - 365 * DAY, status=Status.CANCELLED),
        done("over", NOON - 366 * DAY),
        make_job(id="open", tracking_token=""),
    )
    assert shown(dana) == ["today", "yesterday", "first"]
    answer = dana.get(PAGE)
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'value="2025-05-22"' in text(answer)
    assert "Cancelled May 22, 2025, 12:00 PM" in words(answer)
    assert f'href="{PAGE}"' in text(dana.get("/dashboard/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(({"q": "PENA"}, "a"), ({"q": "(619) 555-0142"}, "a"), ({"q": "juniper"}, "b")),
        *(({"q": "nobody"}, ""), ({"crew": "joel"}, "ab"), ({"crew": "Ana"}, "b")),
        *(({"crew": "-"}, "c"), ({"crew": "joel", "q": "juniper"}, "b")),
        *(({"from": "2026-05-21", "to": "2026-05-22"}, "ab"), ({"to": "2026-05-20"}, "c")),
        *(({"from": "2026-05-22"}, "a"), ({"from": "2024-01-01"}, "d"), ({"q": "\u200f"}, "abc")),
        *(({"from": "2024-01-01", "to": "2024-12-31"}, "d"), ({"from": "2030-01-01"}, "")),
        *(({"to": "2000-01-01"}, ""), ({"strange": "x"}, "abc")),
    ],
)
def test_they_are_found_by_words_crew_and_days(
    dana: Client, jobs: JobRepository, query: dict[str, str], found: str
) -> None:
    phone, juniper = "+16195550142", "3055 Juniper St"
    put(
        jobs,
        done("a", customer_name="José Peña", phone=phone, crew=Crew(driver="joel")),
        done("b", NOON - DAY, location=juniper, crew=Crew(driver="ana", first_mate="joel")),
        done("c", NOON - 2 * DAY),
        done("d", NOON.replace(year=2024)),
    )
    assert shown(dana, **query) == list(found)


def test_many_are_counted_as_people_write_it(
    dana: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(jobs, done("a"))
    found = jobs.read().found * 10_000
    monkeypatch.setattr(dispatch.jobs, "finished", lambda *_, **__: found)
    assert "10,000 finished jobs, newest first." in words(dana.get(PAGE))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"from": "yesterday"}, "That is no date such as 2026-05-23."),
        ({"to": "2026-02-30"}, "That is no date such as 2026-05-23."),
        ({"from": "0001-01-01"}, "It must be from 2000 to 2199."),
        ({"from": "2026-05-22", "to": "2026-05-21"}, "That is before the first day."),
        ({"from": "2025-05-21", "to": "2026-05-22"}, "366 days at once are the most."),
        ({"crew": "pete"}, "Nobody called “pete” is on the roster."),
        *(
            ({"after": cursor}, "This page’s address is broken.")
            for cursor in ("x", "W10", "é", "{")
        ),
    ],
)
def test_what_cannot_be_looked_for_is_said_and_what_was_typed_stays(
    dana: Client, jobs: JobRepository, query: dict[str, str], told: str
) -> None:
    put(jobs, done("done"))
    answer = dana.get(PAGE, {"q": "mark & co", **query})
    assert (answer.status_code, told in words(answer)) == (422, True)
    assert "No job was finished" not in words(answer)
    typed = [value for name, value in query.items() if name in ("from", "to")]
    for value in ("mark &amp; co", *typed):
        assert f'value="{value}"' in text(answer)


def test_every_wrong_field_is_marked_at_once(dana: Client) -> None:
    answer = dana.get(PAGE, {"crew": "pete", "from": "x"})
    assert text(answer).count("aria-invalid") == 2


def test_pages_follow_each_other_while_jobs_are_finished_and_reopened(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, *(done(f"job{n:03}", NOON - timedelta(seconds=n // 3)) for n in range(120)))
    seen, query = shown(dana, crew="-"), "crew=-"
    assert len(seen) == 50
    for new in ("new1", "new2"):
        page = text(dana.get(f"{PAGE}?{query}"))
        query = unescape(page.split('" rel="next"')[0].rpartition('href="?')[2])
        put(jobs, done(new, NOON + DAY), make_job(id="job000", tracking_token=""))
        page = text(dana.get(f"{PAGE}?{query}"))
        seen += re.findall(r'<tr id="job-([^"]*)"', page)
    assert sorted(seen) == [f"job{n:03}" for n in range(120)]
    assert 'rel="next"' not in page
    assert "crew=-" in query


def test_each_rank_sees_its_own_jobs_prices_and_buttons(
    dana: Client, joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs, done("joels", crew=Crew(driver="joel")), done("anas", crew=Crew(driver="ana")))
    assert [sorted(shown(each)) for each in (dana, joel, vic)] == [
        *(["anas", "joels"], ["joels"], ["anas", "joels"])
    ]
    assert shown(joel, crew="ana") == shown(joel, q="anas") == []
    pages = [text(each.get(PAGE)) for each in (dana, joel, vic)]
    assert ["?again=" in page for page in pages] == [True, False, False]
    assert ["Reopen" in page for page in pages] == [True, False, False]
    assert ["$600" in page for page in pages] == [True, True, True]
    hides = replace(BUSINESS, crew_see_prices=False)
    with override_settings(BUSINESSES=(hides,)):
        assert ["$600" in text(each.get(PAGE)) for each in (dana, joel, vic)] == [
            *(True, False, False)
        ]
        assert "Price" not in text(joel.get(PAGE))


def test_a_job_is_reopened_with_a_reason_and_one_is_back_where_one_was(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, done("done", customer_name="דנה"))
    there = f"{PAGE}?q=%D7%93"
    sent = sent_back(dana.get(there), "/dashboard/jobs/done/move") | {"status": "booked"}
    refused = dana.post("/dashboard/jobs/done/move", sent)
    assert (refused.status_code, jobs.read().job("done").status) == (422, "completed")
    answer = dana.post("/dashboard/jobs/done/move", sent | {"reason": "They called again"})
    assert (answer.status_code, answer.headers["Location"]) == (303, there)
    assert jobs.read().job("done").finished_at is None
    page = dana.get(there)
    assert "דנה : Moved to “Booking Confirmed”." in words(page).replace("דנה:", "דנה :")
    assert "No job was finished on these days that this search finds." in words(page)


def test_hostile_words_are_shown_as_text(dana: Client, jobs: JobRepository) -> None:
    hostile = "\u202e<script>alert('x')</script>\"><img src=x>"
    put(jobs, done("a b'\"", customer_name=hostile, location=hostile))
    for page in (text(dana.get(PAGE)), text(dana.get(PAGE, {"q": hostile, "crew": hostile}))):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert '<bdi translate="no">\u202e&lt;script&gt;' in text(dana.get(PAGE))
    assert shown(dana) == ["a b&#x27;&quot;"]


# --- booked again ------------------------------------------------------------------------


def test_a_job_is_booked_again_with_what_is_the_customers(
    dana: Client, jobs: JobRepository
) -> None:
    window = Window(date=TODAY, name="morning", start="08:00", end="12:00")
    known = {"email": "jose@example.com", "load": "half", "access_notes": "Gate 4711\nback door"}
    old = {"truck": "T9", "window": window, "price": Decimal(99), "tracking_token": TOKEN}
    name, phone = "José Peña", "+16195550142"
    put(
        jobs,
        done("old id", customer_name=name, phone=phone, **known, **old).noted(
            "rude", by="dana", at=NOON
        ),
    )
    link = unescape(text(dana.get(PAGE)).split('small" href="')[1].split('"')[0])
    assert link == "/dashboard/jobs/new?again=old%20id"
    page = dana.get(link)
    sent = {name: values[0] for name, values in sent_back(page, "").items()}
    assert (sent["date"], sent["window"], sent["price"], sent["truck"]) == ("",) * 4
    assert TOKEN not in text(page)
    assert "rude" not in text(page)
    answer = dana.post(link, sent)
    assert answer.status_code == 303
    (new,) = (job for job in jobs.read().jobs if job.status.is_open)
    assert (new.customer_name, new.phone, new.location) == (name, phone, "Soderblom Ave")
    assert {name: getattr(new, name) for name in known} == known
    assert (new.price, new.window, new.notes) == (320, None, ())


def test_a_load_that_is_not_offered_any_more_is_to_be_chosen_anew(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, done("old", load="lorry"))
    sent = sent_back(dana.get("/dashboard/jobs/new?again=old"), "")
    assert sent["load"] == [""]


@pytest.mark.parametrize("job_id", ["nope", "%00", "a/b", ""])
def test_what_is_not_there_cannot_be_booked_again(dana: Client, job_id: str) -> None:
    assert dana.get(f"/dashboard/jobs/new?again={job_id}").status_code == 404


# --- the archive -------------------------------------------------------------------------


@pytest.fixture
def archived(jobs: InMemory) -> InMemory:
    """A job of last week and one of last month, each in its month."""
    put(jobs, done("old", NOON - 7 * DAY, tracking_token=TOKEN), done("older", NOON - 30 * DAY))
    Archiver(jobs).archive(TODAY)
    return jobs


def test_an_archived_job_is_found_opened_noted_and_its_link_shows_it(
    dana: Client, client: Client, archived: InMemory
) -> None:
    assert {"old", "older"} <= set(shown(dana))
    page = dana.get("/dashboard/jobs/old")
    assert page.status_code == 200
    dana.post("/dashboard/jobs/old/notes", {"text": "Paid by check"})
    assert "Paid by check" in dana.get("/dashboard/jobs/old").content.decode()
    assert "Completed" in words(client.get(f"/track/{TOKEN}"))
    assert client.get(f"/track/{'n' * 32}").status_code == 404
    assert archived.read().jobs == ()


def test_an_archived_job_is_read_and_listed_by_programs(dana: Client, archived: InMemory) -> None:
    assert dana.get("/api/jobs/older").json()["id"] == "older"
    listed = dana.get("/api/jobs", {"from": "2026-04-01", "to": "2026-05-22"}).json()
    assert [job["id"] for job in listed["jobs"]] == ["older", "old"]
    assert dana.get("/api/jobs").json()["jobs"] == []


def test_reopened_from_the_history_it_is_on_the_board(dana: Client, archived: InMemory) -> None:
    fields = {"status": "booked", "expected": "completed", "reason": "more to haul"}
    answer = dana.post("/dashboard/jobs/older/move", fields)
    assert answer.status_code in (302, 303)
    assert 'id="job-older"' in dana.get("/dashboard/").content.decode()
    assert "older" not in shown(dana)


def test_dispatchers_are_told_of_a_damaged_month_which_hides_no_other(
    dana: Client, archived: InMemory
) -> None:
    month = archived.store.beside("archive/2026-04.json")
    month.save(b"{", month.load().etag)
    assert shown(dana) == ["old"]
    for page in ("/dashboard/history/", "/dashboard/"):
        assert "Of the archive 2026-04 cannot be read" in words(dana.get(page))


def test_what_may_be_in_a_damaged_month_is_said_to_be_out_of_reach(
    dana: Client, client: Client, archived: InMemory
) -> None:
    """Of a pickup that is there nobody is told that it is not."""
    put(archived, make_job(id="open", tracking_token="o" * 32))
    month = archived.store.beside("archive/2026-05.json")
    month.save(b"{", month.load().etag)
    archived.restart()
    page = client.get(f"/track/{TOKEN}")
    assert (page.status_code, page.headers["Refresh"]) == (503, "5")
    asked = ("/api/jobs/old", "/dashboard/jobs/old")
    assert [dana.get(address).status_code for address in asked] == [503, 503]
    assert client.post("/api/track", {"token": TOKEN}, "application/json").status_code == 503
    assert client.get(f"/track/{'o' * 32}").status_code == 200
    assert client.get(f"/track/{'o' * 32}-").headers["Location"] == f"/track/{'o' * 32}"
    assert dana.get("/api/jobs/older").status_code == 200
