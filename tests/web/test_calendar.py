"""A member's jobs as other calendars fetch them: right in time, private, and ended at will."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from icalendar import Calendar, Component
from msgspec.structs import replace

from dispatch import feed, roster, wiring
from dispatch.domain.job import Crew, Job, Note, Window
from dispatch.domain.status import Status
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from qdn_site.logs import without_keys
from tests.making import BUSINESS, NOON, FakeClock, make_job, unavailable
from tests.stores.troubled import InMemory
from tests.web.pages import text, words
from tests.web.test_history import done, put

ACCOUNT, CHANGE = "/dashboard/account/", "/dashboard/account/calendar"
DAY = timedelta(days=1)
MINE = Crew(driver="joel")


def on(day: str, name: str = "morning", start: str = "08:00", end: str = "12:00") -> Window:
    return Window(date=date.fromisoformat(day), name=name, start=start, end=end)


def mine(name: str, day: str = "2026-05-23", **fields: Any) -> Job:
    made = {"id": name, "tracking_token": "", "status": "booked", "crew": MINE, "window": on(day)}
    return make_job(**made | fields)


def new_link(client: Client, do: str = "renew") -> str:
    """The path of the calendar whose link the account page shows."""
    answer = client.post(CHANGE, {"do": do})
    assert answer.status_code == 200, words(answer)
    found = re.search(r"http://testserver(/calendar/[A-Za-z0-9]{32}\.ics)", text(answer))
    assert found, words(answer)
    return found[1]


def events(answer: Any) -> dict[str, Component]:
    assert answer.status_code == 200, answer.content
    return {
        str(event["UID"]).partition("@")[0]: event
        for event in Calendar.from_ical(answer.content).walk("VEVENT")
    }


# --- what is in it -----------------------------------------------------------------------


def test_a_job_is_an_event_at_its_window(joel: Client, jobs: JobRepository) -> None:
    put(jobs, mine("a", customer_name="Café Nuñez", location="2801 Adams Ave #B, rear", version=7))
    answer = Client().get(new_link(joel))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    event = events(answer)["a"]
    assert event.decoded("dtstart") == datetime(2026, 5, 23, 15, tzinfo=UTC), "8 AM here"
    assert event.decoded("dtend") == datetime(2026, 5, 23, 19, tzinfo=UTC)
    assert (event["SUMMARY"], event["LOCATION"]) == ("Café Nuñez", "2801 Adams Ave #B, rear")
    assert (event["SEQUENCE"], event["STATUS"]) == (7, "CONFIRMED")
    assert event.decoded("last-modified") == NOON
    assert event["UID"] == "a@quickdumpnow"
    assert event["URL"] == "http://testserver/dashboard/jobs/a"
    calendar = Calendar.from_ical(answer.content)
    assert (calendar["VERSION"], calendar["X-WR-CALNAME"]) == ("2.0", "Joel · QuickDumpNow")


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-03-07", -8),  # the last day of winter time
        ("2026-03-08", -7),  # clocks went forward at two
        ("2026-10-31", -7),
        ("2026-11-01", -8),
    ],
)
def test_the_hours_are_right_on_days_when_clocks_change(
    joel: Client, jobs: JobRepository, day: str, hours: int
) -> None:
    put(jobs, mine("a", day))
    start = events(Client().get(new_link(joel)))["a"].decoded("dtstart")
    assert start.astimezone(BUSINESS.zone).strftime("%Y-%m-%d %H:%M") == f"{day} 08:00"
    assert start == datetime.fromisoformat(f"{day}T08:00:00{hours:+03}:00")


def test_a_window_that_is_no_span_is_still_an_event(joel: Client, jobs: JobRepository) -> None:
    """At two the clocks go forward to three: half past two is half past three, the end before."""
    put(jobs, mine("a", window=on("2026-03-08", start="02:30", end="02:30")))
    event = events(Client().get(new_link(joel)))["a"]
    assert event.decoded("dtend") > event.decoded("dtstart")


def test_statuses_are_told_as_calendars_know_them(joel: Client, jobs: JobRepository) -> None:
    put(jobs, *(mine(status, status=status) for status in Status))
    found = events(Client().get(new_link(joel)))
    assert {name: str(event["STATUS"]) for name, event in found.items()} == {
        "pending": "TENTATIVE",
        **dict.fromkeys(("booked", "ready_for_pickup", "in_progress", "completed"), "CONFIRMED"),
        "cancelled": "CANCELLED",
    }


def test_they_are_those_of_the_crew_to_come_and_finished_in_the_last_thirty_days(
    joel: Client, jobs: JobRepository
) -> None:
    put(
        jobs,
        mine("first-mate", crew=Crew(driver="ana", first_mate="joel")),
        mine("anas", crew=Crew(driver="ana")),
        mine("nobodys", crew=Crew()),
        mine("no-window", window=None),
        mine("far", "2027-02-01"),
        mine("late", "2026-01-02"),
        done("lately", NOON - 30 * DAY, crew=MINE, window=on("2026-04-22")),
        done("long-ago", NOON - 31 * DAY, crew=MINE, window=on("2026-04-21")),
    )
    Archiver(jobs).archive(date(2026, 5, 22))
    assert set(events(Client().get(new_link(joel)))) == {"first-mate", "far", "late", "lately"}


def test_a_dispatchers_own_has_only_their_own(dana: Client, jobs: JobRepository) -> None:
    put(jobs, mine("joels"), mine("danas", crew=Crew(driver="joel", supervisor="dana")))
    assert set(events(Client().get(new_link(dana)))) == {"danas"}


def test_nothing_private_is_in_it(joel: Client, jobs: JobRepository) -> None:
    """A canary in every field that is none of: who, where, when."""
    bird = {
        "phone": "+16198675301",
        "email": "canary@example.com",
        "truck": "canary",
        "access_notes": "canary 8675",
        "description": "canary",
        "price": Decimal(86753),
        "tracking_token": "canary" + "x" * 26,
        "postcode": "86753",
        "load": "canary",
        "notes": (Note(at=NOON, by="canary", text="canary"),),
    }
    put(
        jobs,
        mine("a", **bird),
        done("b", crew=MINE, window=on("2026-05-20"), **bird | {"tracking_token": ""}),
    )
    answer = Client().get(new_link(joel))
    assert set(events(answer)) == {"a", "b"}
    assert not re.search("canary|8675|joel[^ ]|ana", text(answer), re.IGNORECASE)


def test_five_hundred_events_are_whole_and_soon_there(joel: Client, jobs: InMemory) -> None:
    """With texts that lines must be folded for, within a letter of several bytes too."""
    name, place = "Ünal, Özgür; " * 8, "Straße 1\nHinterhof \\ links\x07 " * 8
    put(jobs, *(mine(f"j{n}", customer_name=name, location=place) for n in range(500)))
    link = new_link(joel)
    started = time.process_time()
    answer = Client().get(link)
    assert time.process_time() - started < 2
    found = events(answer)
    assert len(found) == 500
    assert found["j499"]["SUMMARY"] == name.strip()
    assert found["j499"]["LOCATION"] == place.replace("\x07", "").strip()
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75
    assert answer.content.endswith(b"END:VCALENDAR\r\n")


def test_an_empty_calendar_is_one(joel: Client) -> None:
    assert events(Client().get(new_link(joel))) == {}


# --- how it is fetched -------------------------------------------------------------------


def test_an_unchanged_one_is_not_sent_again(
    joel: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, mine("a"))
    link = new_link(joel)
    answer = Client().get(link)
    known = {"If-None-Match": answer.headers["ETag"]}
    clock.tick(3600)
    again = Client().get(link, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    jobs.change(lambda book: book.changed(replace(book.job("a"), location="Elsewhere"), NOON))
    assert events(Client().get(link, headers=known))["a"]["LOCATION"] == "Elsewhere"


def test_it_needs_no_cookie_sets_none_and_is_kept_by_nobody_else(joel: Client) -> None:
    answer = Client().get(new_link(joel))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Disallow: /calendar/" in text(Client().get("/robots.txt"))


def test_it_is_only_read(joel: Client) -> None:
    link = new_link(joel)
    assert Client().post(link).status_code == 405
    head = Client().head(link)
    assert (head.status_code, head.content) == (200, b"")


def test_where_storage_is_out_of_reach_it_says_so_and_is_asked_again(
    joel: Client, jobs: InMemory, clock: FakeClock
) -> None:
    link = new_link(joel)
    with unavailable(jobs, wiring.roster(BUSINESS)):
        clock.tick(1000)
        answer = Client().get(link)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


# --- whose it is, and until when ---------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["x" * 32 + ".ics", ".ics", "x.ics", "é.ics", "x" * 32, "", "a/b.ics", "x" * 5000 + ".ics"],
)
@pytest.mark.usefixtures("roster")
def test_an_unknown_one_is_not_found(client: Client, path: str) -> None:
    answer = client.get(f"/calendar/{path}")
    assert answer.status_code == 404
    assert "There is no such page" in words(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_link_is_shown_once_and_kept_as_a_hash(joel: Client) -> None:
    link = new_link(joel)
    secret = link.removeprefix("/calendar/").removesuffix(".ics")
    stored = wiring.roster(BUSINESS).read()
    assert secret not in stored.encode().decode()
    assert secret not in text(joel.get(ACCOUNT))
    assert "Renew" in words(joel.get(ACCOUNT))


def test_a_new_link_ends_the_old_one_and_nobody_elses(joel: Client, dana: Client) -> None:
    others, first = new_link(dana), new_link(joel)
    second = new_link(joel)
    assert [Client().get(each).status_code for each in (others, first, second)] == [200, 404, 200]


def test_it_can_be_taken_away(joel: Client) -> None:
    link = new_link(joel)
    assert joel.post(CHANGE, {"do": "remove"}).status_code == 303
    assert Client().get(link).status_code == 404
    assert "Make a calendar link" in words(joel.get(ACCOUNT))
    assert joel.post(CHANGE, {"do": "dance"}).status_code == 422


def test_it_ends_with_the_member_and_does_not_come_back_with_them(joel: Client) -> None:
    link = new_link(joel)
    roster.deactivate(BUSINESS, "joel")
    assert Client().get(link).status_code == 404
    roster.reactivate(BUSINESS, "joel")
    assert Client().get(link).status_code == 404


def test_a_member_who_was_made_inactive_otherwise_has_none(joel: Client) -> None:
    link = new_link(joel)
    roster.change_member(BUSINESS, "joel", lambda member: replace(member, active=False))
    assert Client().get(link).status_code == 404


def test_a_lost_phone_has_none(joel: Client) -> None:
    link = new_link(joel)
    joel.post("/dashboard/account/sign-out")
    assert Client().get(link).status_code == 404


def test_who_tries_many_is_slowed_down_and_no_one_elses_calendar_stops(joel: Client) -> None:
    link, stranger = new_link(joel), {"REMOTE_ADDR": "203.0.113.9"}
    for number in range(60):
        assert Client(**stranger).get(f"/calendar/{number:032}.ics").status_code == 404
    assert Client(**stranger).get(f"/calendar/{'x' * 32}.ics").status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.1").get(link).status_code == 200


def test_near_misses_are_looked_up_by_their_hash(joel: Client) -> None:
    link = new_link(joel)
    member = wiring.roster(BUSINESS).read().member("joel")
    assert Client().get(f"/calendar/{member.calendar}.ics").status_code == 404
    assert feed.holder(BUSINESS, link[10:-4]) == member


@override_settings(
    STAGE="production", ALLOWED_HOSTS=["quickdumpnow.com", "dispatch.quickdumpnow.com"]
)
def test_it_is_at_the_dashboards_host(joel: Client) -> None:
    secret = roster.renew_calendar(BUSINESS, "joel")
    path = f"/calendar/{secret}.ics"
    for host, status in (("dispatch.quickdumpnow.com", 200), ("quickdumpnow.com", 404)):
        assert Client(headers={"Host": host}).get(path).status_code == status


@pytest.mark.parametrize(
    "name", ["/calendar/", "/CALENDAR/", "//calendar//", "webcal://x/calendar/"]
)
@pytest.mark.parametrize("secret", ["short", "s3cret" * 5, "%73ecret-of-32-or-so"])
def test_no_log_has_its_secret(name: str, secret: str) -> None:
    kept = without_keys(f'"GET {name}{secret}.ics HTTP/1.1"')
    assert re.fullmatch(rf'"GET {name}.{{4}}…(\.ics)? HTTP/1.1"', kept), kept
