"""A member's own day: what is on it, in which order, and the three taps."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch import jobs as actions
from dispatch import wiring
from dispatch.domain.job import Crew, Eta, Item, Job, Note
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import (
    BUSINESS,
    DANA,
    JOEL,
    NOON,
    PASSWORD,
    FakeClock,
    make_job,
    seconds,
    unavailable,
)
from tests.web.pages import sent_back, text, words

DAY, PART, ORDER = "/dashboard/day/", "/dashboard/day/part", "/dashboard/day/order"
FETCH = {"X-Requested-With": "fetch"}
TODAY = BUSINESS.today(NOON)
MORNING, AFTERNOON = (window.on(TODAY) for window in BUSINESS.windows)
MINE = Crew(driver="joel")
Put = Callable[..., None]


def stop(job_id: str, **fields: Any) -> Job:
    """Joel's, of this afternoon."""
    return make_job(
        **{
            "id": job_id,
            "tracking_token": f"Tk{job_id:x>30}",
            "customer_name": f"Mark {job_id}",
            "status": Status.BOOKED,
            "crew": MINE,
            "window": AFTERNOON,
            **fields,
        }
    )


@pytest.fixture
def put(jobs: JobRepository, roster: RosterRepository) -> Put:
    def put(*stops: Job) -> None:
        jobs.change(lambda book: book.put(*stops))

    return put


def shown(answer: Any) -> list[str]:
    """The ids of the stops: the large one in brackets, then the rest, behind a stroke the done."""
    page = text(answer)
    found = re.findall(r'class="stop( large)?[^>]*?id="job-(\w+)"|id="(over)"', page)
    return [f"({job_id})" if large else job_id or "|" for large, job_id, _over in found]


def part(answer: Any, job_id: str) -> str:
    """One stop's markup."""
    return re.split(r"</article>", text(answer).partition(f'id="job-{job_id}"')[2])[0]


def press(client: Client, job_id: str, action: str, **fields: str) -> Any:
    """As the day's form does, without a script."""
    back = f"{DAY}?date={TODAY}&member=joel&at={job_id}"
    return client.post(f"/dashboard/jobs/{job_id}/{action}", {"back": back, **fields}, follow=True)


def test_links_name_their_stops_whatever_their_ids_are(joel: Client, put: Put) -> None:
    put(stop("first", stop=1), stop("c+d%20&e", stop=2, tracking_token="T" * 32))
    addresses = re.findall(r'(?:data-open="c[^"]+" href|formaction)="([^"]+)"', text(joel.get(DAY)))
    pressed, link = (unescape(each) for each in addresses[-2:])
    assert 'class="stop large blue" id="job-c+d%20&amp;e"' in text(joel.get(link))
    assert parse_qs(urlsplit(pressed).query)["job"] == ["c+d%20&e"]


# --- what is on it -----------------------------------------------------------------------


def test_the_next_stop_is_large_then_the_rest_as_it_is_driven_then_what_is_done(
    joel: Client, put: Put
) -> None:
    put(
        stop("late", created_at=NOON + seconds(1)),
        stop("second", stop=2),
        stop("first", stop=1),
        stop("early", window=MORNING),
        stop("done", status=Status.COMPLETED, finished_at=NOON),
    )
    assert shown(joel.get(DAY)) == ["(early)", "first", "second", "late", "|", "done"]


def test_it_has_the_jobs_of_that_day_whose_crew_somebody_is_in(joel: Client, put: Put) -> None:
    tomorrow = BUSINESS.windows[0].on(TODAY + timedelta(days=1))
    put(
        stop("drives"),
        stop("helps", crew=Crew(driver="ana", first_mate="joel")),
        stop("looks", crew=Crew(driver="ana", supervisor="joel")),
        stop("hers", crew=Crew(driver="ana")),
        stop("nobodys", crew=Crew()),
        stop("later", window=tomorrow),
        stop("ever", window=None),
    )
    assert shown(joel.get(DAY)) == ["(drives)", "helps", "looks", "|"]
    assert shown(joel.get(DAY, {"date": tomorrow.date})) == ["(later)", "|"]


def test_what_is_under_way_since_yesterday_is_still_a_stop_of_today(joel: Client, put: Put) -> None:
    yesterday = BUSINESS.windows[1].on(TODAY - timedelta(days=1))
    put(stop("now"), stop("old", window=yesterday, status=Status.IN_PROGRESS))
    assert shown(joel.get(DAY)) == ["(old)", "now", "|"]
    assert 'form="order"' not in part(joel.get(DAY), "old"), "it is in no order of today"
    assert shown(joel.get(DAY, {"date": yesterday.date})) == ["(old)", "|"], "and of its own day"
    done = press(joel, "old", "move", status="completed", expected="in_progress")
    assert shown(done) == ["(old)", "now", "|"], "it stays under the thumb"
    assert shown(joel.get(DAY)) == ["(now)", "|", "old"]


def test_all_that_is_needed_on_site_is_on_the_large_stop(joel: Client, put: Put) -> None:
    put(
        stop(
            "a",
            phone="+16195550142",
            location="9230 Soderblom Ave",
            postcode="92129",
            access_notes="Gate code 4411",
            load="full",
            items=(Item(name="mattress", count=2),),
            description="The shed",
            notes=(Note(at=NOON, by="dana", text="Dog in the yard"),),
            eta=Eta(at=NOON + seconds(1800), said_at=NOON, by="joel"),
            paid=Paid(amount=Decimal(100), method="cash", at=NOON, by="joel"),
            crew=Crew(driver="joel", first_mate="ana"),
        )
    )
    page = joel.get(DAY)
    for said in (
        *("Mark a", "12–4 PM", "12:30 PM", "9230 Soderblom Ave", "92129", "Gate code 4411"),
        *("Full load", "2 × Mattress", "The shed", "Dog in the yard", "$600", "paid $100"),
        *("open $500", "(619) 555-0142", "Ana"),
    ):
        assert said in words(page), said
    assert 'href="tel:+16195550142"' in text(page)


@pytest.mark.parametrize(
    ("fields", "news"),
    [
        ({}, "We will be there in about 30 minutes."),
        (
            {"eta": Eta(at=NOON + seconds(1800), said_at=NOON, by="joel")},
            "We will be there at about 12:30 PM.",
        ),
        ({"status": Status.IN_PROGRESS}, "We are here for your pickup."),
    ],
)
def test_a_text_to_the_customer_is_ready_and_has_no_link(
    joel: Client, put: Put, fields: dict[str, Any], news: str
) -> None:
    put(stop("a", phone="+16195550142", customer_name="Mark", **fields))
    sentence = quote(f"Hello Mark, this is QuickDumpNow. {news}", safe="")
    assert f'href="sms:+16195550142?&amp;body={sentence}"' in text(joel.get(DAY))


@pytest.mark.parametrize(
    ("agent", "there"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
            "https://maps.apple.com/?daddr=",
        ),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", "https://www.google.com/maps/dir/?api=1"),
    ],
)
def test_navigate_opens_the_phones_own_maps(joel: Client, put: Put, agent: str, there: str) -> None:
    put(stop("a", location="1 Elm St\nyard", postcode="92129"))
    page = text(joel.get(DAY, headers={"User-Agent": agent}))
    (link,) = re.findall(r'href="([^"]*)"[^>]*>Navigate', page)
    assert link.startswith(there)
    assert "1%20Elm%20St%20yard%2092129" in link


def test_prices_are_for_those_who_see_them(joel: Client, dana: Client, put: Put) -> None:
    put(stop("a"))
    with override_settings(BUSINESSES=(replace(BUSINESS, crew_see_prices=False),)):
        assert "$600" not in text(joel.get(DAY))
        assert "$600" not in text(joel.get(PART))
        assert "$600" in text(dana.get(DAY, {"member": "joel"}))
    assert "$600" in text(joel.get(DAY))


def test_a_job_that_is_cancelled_does_not_vanish_silently(
    joel: Client, put: Put, clock: FakeClock
) -> None:
    put(stop("a"), stop("b"))
    clock.tick(3600)
    reason = "Sold the sofa"
    actions.move(BUSINESS, "a", Status.CANCELLED, by=DANA, reason=reason)
    page = joel.get(DAY)
    assert shown(page) == ["(b)", "|", "a"]
    assert 'class="stop grey gone"' in text(page)
    assert "Cancelled 1:00 PM by Dana. Sold the sofa" in words(page)
    clock.tick(24 * 3600)
    assert shown(joel.get(DAY, {"date": TODAY})) == ["(b)", "|", "a"], "on its day"


def test_what_was_cancelled_before_the_day_is_no_stop_of_it(joel: Client, put: Put) -> None:
    put(stop("a", status=Status.CANCELLED, finished_at=NOON - timedelta(days=1)))
    assert shown(joel.get(DAY)) == ["|"]
    assert "You have no jobs today." in words(joel.get(DAY))


def test_a_visit_that_came_to_nothing_is_not_the_next_stop_again(joel: Client, put: Put) -> None:
    put(stop("a"), stop("b"))
    answer = press(joel, "a", "move", status="booked", expected="booked", reason="no_access")
    assert shown(answer) == ["(a)", "b", "|"], "until they go on"
    assert "No access (Joel, Fri, May 22, 12:00 PM)" in words(answer)
    assert "Next stop: Mark b" in words(answer)
    assert shown(joel.get(DAY)) == ["(b)", "|", "a"]
    window = BUSINESS.windows[0].on(TODAY)
    actions.edit(BUSINESS, "a", {"window": window}, by=DANA)
    assert shown(joel.get(DAY)) == ["(a)", "b", "|"], "it is to be tried again"


def test_what_waits_to_be_confirmed_cannot_be_driven_to(joel: Client, put: Put) -> None:
    put(stop("a", status=Status.PENDING))
    page = joel.get(DAY)
    assert "Not confirmed yet: ask a dispatcher." in words(page)
    assert greens(page, "a") == []
    assert not enabled(page, "a") & {"15 min", "Start", "Finish"}


def test_a_day_to_come_is_looked_at_and_not_begun(joel: Client, put: Put) -> None:
    tomorrow = BUSINESS.windows[0].on(TODAY + timedelta(days=1))
    put(stop("a", window=tomorrow))
    page = joel.get(DAY, {"date": tomorrow.date})
    assert greens(page, "a") == []
    assert not enabled(page, "a") & {"15 min", "Start", "Finish"}


def test_a_day_without_reach_of_the_storage_says_how_old_it_is(
    joel: Client, put: Put, jobs: JobRepository, clock: FakeClock
) -> None:
    put(stop("a"))
    joel.get(DAY)
    with unavailable(jobs):
        clock.tick(30)
        page = joel.get(DAY)
    assert "The storage is out of reach. This is how it was at May 22, 12:00 PM" in words(page)
    assert shown(page) == ["(a)", "|"]


# --- whose -------------------------------------------------------------------------------


@pytest.mark.usefixtures("roster")
def test_the_crew_land_there_and_others_on_the_board() -> None:

    for who, where in (("joel", DAY), ("dana", "/dashboard/"), ("vic", "/dashboard/")):
        typed = {"username": who, "password": PASSWORD}
        assert Client().post("/dashboard/login/", typed).headers["Location"] == where
        typed["next"] = "/dashboard/schedule/"
        assert Client().post("/dashboard/login/", typed).headers["Location"] == typed["next"]


def test_the_crew_see_their_own_day_only(joel: Client, put: Put) -> None:
    put(stop("a", crew=Crew(driver="ana")), stop("b"))
    for path in (DAY, PART):
        assert joel.get(path, {"member": "ana"}).status_code == 403
        assert joel.get(path, {"member": "JOEL "}).status_code == 200
    assert "Mark a" not in text(joel.get(DAY))
    assert "Whose day?" not in words(joel.get(DAY))


def test_dispatchers_and_viewers_choose_whose(dana: Client, vic: Client, put: Put) -> None:
    put(stop("a"), stop("b"), stop("c", crew=Crew(driver="ana")))
    for client in (dana, vic):
        page = client.get(DAY)
        assert "You have no jobs today." in words(page)
        assert "Joel 2 stops" in words(page)
        assert "Ana 1 stop" in words(page)
        assert shown(client.get(DAY, {"member": "joel"})) == ["(a)", "b", "|"]
    assert "/move" not in text(vic.get(DAY, {"member": "joel"})), "who looks on has no buttons"
    assert DAY + "?member=joel" in text(dana.get("/dashboard/schedule/"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"date": "someday"}, "date"),
        ({"date": "2026-02-30"}, "date"),
        ({"member": "pete"}, "Nobody of that name is on the roster."),
    ],
)
def test_a_day_that_is_none_is_told(
    dana: Client, put: Put, query: dict[str, str], said: str
) -> None:
    page = dana.get(DAY, query)
    assert page.status_code == 200
    assert said in words(page)


# --- three taps --------------------------------------------------------------------------


def greens(page: Any, job_id: str) -> list[str]:
    """The words of the primary buttons of this stop."""
    found = re.findall(r'(?s)class="button primary"[^>]*>(.*?)</(?:button|a)>', part(page, job_id))
    return [" ".join(re.sub("<[^>]*>", "", each).split()) for each in found]


def enabled(page: Any, job_id: str) -> set[str]:
    found = re.findall(r"(?s)<button(?![^>]* disabled)[^>]*>(.*?)</button>", part(page, job_id))
    return {" ".join(re.sub("<[^>]*>", "", each).split()) for each in found}


def test_from_on_my_way_to_finished_in_three_taps(
    joel: Client, put: Put, jobs: JobRepository, clock: FakeClock
) -> None:
    put(stop("a"), stop("b"))
    assert greens(joel.get(DAY), "a") == ["30 min"]

    way = press(joel, "a", "eta", on_my_way="1", minutes="45")
    assert shown(way) == ["(a)", "b", "|"]
    assert greens(way, "a") == ["Start"]
    assert "On the way since 12:00 PM" in words(way)
    assert jobs.read().job("a").eta == Eta(at=NOON + seconds(45 * 60), said_at=NOON, by="joel")

    clock.tick(2400)
    start = press(joel, "a", "move", status="in_progress", expected="booked")
    assert shown(start) == ["(a)", "b", "|"]
    assert greens(start, "a") == ["Finish"]
    assert "Started 12:40 PM" in words(start)
    assert "Start" not in enabled(start, "a")

    clock.tick(1200)
    done = press(joel, "a", "move", status="completed", expected="in_progress")
    assert shown(done) == ["(a)", "b", "|"], "it stays until they go on"
    assert greens(done, "a") == ["Next stop: Mark b"]
    assert "Finished 1:00 PM" in words(done)
    assert shown(joel.get(DAY, {"at": "b"})) == ["(b)", "|", "a"]
    assert shown(joel.get(DAY)) == ["(b)", "|", "a"]


def test_after_the_last_stop_all_is_done(joel: Client, put: Put) -> None:
    put(stop("a", status=Status.IN_PROGRESS))
    done = press(joel, "a", "move", status="completed", expected="in_progress")
    assert shown(done) == ["(a)", "|"]
    assert greens(done, "a") == []
    page = joel.get(DAY)
    assert shown(page) == ["|", "a"]
    assert "All done." in words(page)


def test_each_stops_forms_lead_back_to_it(joel: Client, put: Put) -> None:
    put(stop("a"), stop("b"))
    page = joel.get(DAY)
    for job_id in ("a", "b"):
        sent = sent_back(page, f"/dashboard/jobs/{job_id}/move")
        assert sent["back"][0] == f"{DAY}?date={TODAY}&member=joel&at={job_id}"


def test_a_tap_can_be_undone_for_a_minute(joel: Client, put: Put, clock: FakeClock) -> None:
    put(stop("a", status=Status.IN_PROGRESS))
    done = press(joel, "a", "move", status="completed", expected="in_progress")
    assert "Undo" in enabled(done, "a")
    undo = {"status": "in_progress", "expected": "completed", "reason": "undo"}
    back = press(joel, "a", "move", **undo)
    assert greens(back, "a") == ["Finish"]
    press(joel, "a", "move", status="completed", expected="in_progress")
    clock.tick(61)
    assert "Undo" not in enabled(joel.get(DAY, {"at": "a"}), "a")


def test_what_the_queue_takes_says_so(joel: Client, put: Put) -> None:
    put(stop("a"))
    queued = re.findall(r'data-what="([^"]*)"', part(joel.get(DAY), "a"))
    assert queued == [
        *("On my way", "Start", "Finish", "When you will be there", "Photos", "Could not do it"),
        *("Note", "Payment", "New price", "Price"),
    ]


def test_a_refusal_names_the_job_and_loses_nothing(joel: Client, put: Put) -> None:
    put(stop("a", status=Status.IN_PROGRESS))
    answer = press(joel, "a", "move", status="in_progress", expected="booked")
    assert answer.status_code == 409
    assert "Mark a" in words(answer)


# --- estimates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("02:45", "It is 12:00 PM, so 2:45 AM is over. Do you mean Sat, May 23, 2:45 AM?"),
        ("11:50", "It is 12:00 PM, so 11:50 AM is over. Do you mean Sat, May 23, 11:50 AM?"),
    ],
)
def test_a_time_that_is_over_is_asked_about(
    joel: Client, put: Put, jobs: JobRepository, typed: str, asked: str
) -> None:
    """“02:45”, typed at 1 PM, was taken silently; the customer read that Joel came in the past."""
    put(stop("a"))
    for extra in ({}, {"on_my_way": "1"}):
        answer = press(joel, "a", "eta", eta=typed, **extra)
        assert answer.status_code == 422
        assert asked in words(answer)
        assert "Do it all the same" in words(answer)
        assert jobs.read().job("a").eta is None
        assert jobs.read().job("a").on_my_way is None
    json = {"Accept": "application/json", **FETCH}
    sent = joel.post("/dashboard/jobs/a/eta", {"eta": typed}, headers=json)
    assert (sent.status_code, sent.json()["may_insist"]) == (422, True)
    press(joel, "a", "eta", eta=typed, insist="1")
    meant = jobs.read().job("a").eta
    assert meant
    assert BUSINESS.today(meant.at) == TODAY + timedelta(days=1)


@pytest.mark.parametrize(("typed", "late"), [("14:20", 8400), ("11:56", -240), ("12:00", 0)])
def test_a_time_of_today_is_taken(
    joel: Client, put: Put, jobs: JobRepository, typed: str, late: int
) -> None:
    put(stop("a"))
    press(joel, "a", "eta", eta=typed)
    meant = jobs.read().job("a").eta
    assert meant
    assert meant.at == NOON + seconds(late)


def test_a_time_is_judged_by_when_it_was_typed(joel: Client, put: Put, jobs: JobRepository) -> None:
    """Sent an hour later, with reception again."""
    put(stop("a"))
    press(joel, "a", "eta", eta="11:30", on_my_way="1", ago_s="3600")
    meant = jobs.read().job("a").eta
    assert meant
    assert meant.at == NOON - seconds(1800)


@pytest.mark.parametrize("minutes", ["601", "0", "-5", "soon", "9" * 40])
def test_minutes_beyond_reason_are_refused(
    joel: Client, put: Put, jobs: JobRepository, minutes: str
) -> None:
    put(stop("a"))
    answer = press(joel, "a", "eta", on_my_way="1", minutes=minutes)
    assert answer.status_code == 422
    assert "Minutes: " in words(answer)
    assert jobs.read().job("a").on_my_way is None


# --- the order ---------------------------------------------------------------------------


@pytest.fixture
def four(put: Put) -> None:
    put(*(stop(name, created_at=NOON + seconds(place)) for place, name in enumerate("abcd")))


def order(client: Client, *ids: str, by: str = "", member: str = "joel", **fields: str) -> Any:
    query = f"?date={TODAY}&member={member}"
    sent = {"job": list(ids), "key": fields.pop("key", wiring.new_token()), **fields}
    return client.post(ORDER + query, sent | ({"by": by} if by else {}), follow=True)


@pytest.mark.usefixtures("four")
def test_the_whole_order_is_put_in_one_change(joel: Client, jobs: JobRepository) -> None:
    before = jobs.read()
    page = order(joel, "d", "b", "a", "c")
    assert shown(page) == ["(d)", "b", "a", "c", "|"]
    after = jobs.read()
    assert after.revision == before.revision + 1
    assert [after.job(name).stop for name in "dbac"] == [1, 2, 3, 4]
    for name in "abcd":
        assert after.job(name).version == before.job(name).version + 1
        assert after.job(name).history == before.job(name).history
    order(joel, "d", "b", "a", "c")
    assert jobs.read().job("d").version == after.job("d").version, "nothing is new"


@pytest.mark.usefixtures("four")
def test_by_buttons_a_stop_goes_one_place(joel: Client) -> None:
    assert shown(order(joel, "c", by="-1", at="a")) == ["(a)", "c", "b", "d", "|"]
    assert shown(order(joel, "c", by="1", at="a")) == ["(a)", "b", "c", "d", "|"]
    assert shown(order(joel, "d", by="1", at="a")) == ["(a)", "b", "c", "d", "|"]
    assert shown(order(joel, "b", by="-1", at="a")) == ["(a)", "b", "c", "d", "|"]


@pytest.mark.usefixtures("four")
def test_sent_twice_it_is_done_once(joel: Client) -> None:
    for _ in range(2):
        page = order(joel, "d", by="-1", at="a", key="k" * 20)
    assert shown(page) == ["(a)", "b", "d", "c", "|"]


@pytest.mark.usefixtures("four")
def test_what_came_or_went_meanwhile_loses_nothing(
    joel: Client, put: Put, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(stop("c", crew=Crew(driver="ana"), stop=7)))
    put(stop("new", created_at=NOON + seconds(9)))
    page = order(joel, "d", "c", "gone", "a", "b")
    assert shown(page) == ["(d)", "a", "b", "new", "|"]
    assert jobs.read().job("c").stop == 7, "it is of another's day"


@pytest.mark.usefixtures("four")
def test_a_dispatcher_puts_anybodys_day_in_order(
    joel: Client, dana: Client, vic: Client, put: Put
) -> None:
    put(stop("hers", crew=Crew(driver="ana")))
    assert shown(order(dana, "b", "a")) == ["(b)", "a", "c", "d", "|"]
    assert shown(joel.get(DAY)) == ["(b)", "a", "c", "d", "|"]
    assert order(joel, "hers", member="ana").status_code == 403
    assert order(vic, "c", "a").status_code == 403


def test_whoever_helps_goes_where_the_driver_goes(
    joel: Client, put: Put, jobs: JobRepository
) -> None:
    put(stop("a"), stop("b"), stop("helps", crew=Crew(driver="ana", first_mate="joel"), stop=5))
    page = order(joel, "helps", "b", "a")
    assert jobs.read().job("helps").stop == 5
    assert 'form="order"' not in part(page, "helps")
    assert 'form="order"' in part(page, "a")


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    "fields", [{"job": []}, {"job": ["a"], "by": "2"}, {"job": ["a"], "by": "x"}]
)
def test_an_order_that_is_none_changes_nothing(
    joel: Client, jobs: JobRepository, fields: dict[str, Any]
) -> None:
    before = jobs.read().revision
    answer = joel.post(f"{ORDER}?member=joel&date={TODAY}", fields)
    assert (answer.status_code, jobs.read().revision) == (422, before)
    assert "Say what is to go where." in words(answer)


@pytest.mark.usefixtures("four")
def test_an_order_that_could_not_be_written_may_be_sent_again(
    joel: Client, jobs: JobRepository
) -> None:
    with unavailable(jobs):
        answer = order(joel, "d", "a", key="again-" * 3)
    assert answer.status_code == 503
    assert 'value="again-again-again-"' in text(answer)
    assert shown(answer) == ["(a)", "b", "c", "d", "|"]


@pytest.mark.usefixtures("four")
def test_a_script_gets_the_changing_part(joel: Client) -> None:
    query = f"?date={TODAY}&member=joel"
    answer = joel.post(ORDER + query, {"job": ["b", "a"], "key": "k" * 20}, headers=FETCH)
    assert shown(answer) == ["(b)", "a", "c", "d", "|"]
    assert "<html" not in text(answer)


def test_an_order_taken_to_the_schedule(dana: Client, joel: Client, put: Put) -> None:
    put(stop("a"), stop("b"))
    order(joel, "b", "a")
    week = text(dana.get("/dashboard/schedule/"))
    assert week.index("Mark b") < week.index("Mark a")


# --- the poll ----------------------------------------------------------------------------


def test_the_poll_has_only_what_is_new(joel: Client, put: Put, clock: FakeClock) -> None:
    put(stop("a"), stop("b"))
    known = joel.get(PART).headers["ETag"]
    assert joel.get(PART, headers={"If-None-Match": known}).status_code == 304
    press(joel, "a", "move", status="in_progress", expected="booked")
    after = joel.get(PART, headers={"If-None-Match": known})
    assert (after.status_code, shown(after)) == (200, ["(a)", "b", "|"])
    known = after.headers["ETag"]
    clock.tick(61)
    later = joel.get(PART, headers={"If-None-Match": known})
    assert later.status_code == 200, "Undo has gone"


def test_the_polls_part_is_the_pages(joel: Client, put: Put) -> None:
    put(stop("a"), stop("b"))
    page, polled = joel.get(DAY, {"at": "b"}), joel.get(PART, {"at": "b"})
    assert shown(polled) == shown(page) == ["(b)", "a", "|"]
    assert f'data-etag="{polled.headers["ETag"]}"'.replace('W/"', "W/&quot;") in text(page).replace(
        '&quot;"', '""'
    )


def test_each_page_has_a_key_and_a_token_of_its_own(joel: Client, put: Put) -> None:
    """The stops' markup is kept from page to page; those are not."""
    put(stop("a"), stop("b"))
    joel.get(DAY)
    first, second = (sent_back(joel.get(DAY), "/dashboard/jobs/a/notes") for _ in range(2))
    assert first["key"] != second["key"]
    client = Client(enforce_csrf_checks=True)
    client.cookies = joel.cookies
    sent = sent_back(client.get(DAY), "/dashboard/jobs/b/notes") | {"text": ["Dog"]}
    assert client.post("/dashboard/jobs/b/notes", sent).status_code == 303


def test_kept_markup_is_of_who_asks(joel: Client, dana: Client, vic: Client, put: Put) -> None:
    put(stop("a"))
    for client, name in ((joel, "joel"), (dana, "dana"), (vic, "vic")):
        page = text(client.get(DAY, {"member": "joel"}))
        assert set(re.findall(r'name="member" value="(\w+)"', page)) <= {name}
        assert ("Could not do it" in page) == (name == "joel"), "a dispatcher moves it anywhere"


def test_a_stop_says_what_a_script_compares(joel: Client, put: Put, jobs: JobRepository) -> None:
    put(stop("a"), stop("b"))
    seen = {name: part(joel.get(PART), name).partition("data-etag=")[2][:40] for name in "ab"}
    actions.note(BUSINESS, "a", "Dog", by=JOEL)
    now = {name: part(joel.get(PART), name).partition("data-etag=")[2][:40] for name in "ab"}
    assert now["a"] != seen["a"]
    assert now["b"] == seen["b"]


def test_the_poll_of_who_has_left_is_told_to_sign_in() -> None:
    assert Client().get(PART).status_code == 401


def test_all_jobs_and_the_roster_are_read_once(
    joel: Client, put: Put, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(*(stop(f"j{place}", phone="+16195550142") for place in range(10)))
    reads = list[int]()
    read = jobs.read
    monkeypatch.setattr(jobs, "read", lambda *args: reads.append(1) or read(*args))
    joel.get(PART)
    assert len(reads) == 1
