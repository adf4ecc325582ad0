"""A customer follows their pickup."""

from datetime import date
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from msgspec.structs import replace

import dispatch.jobs
from dispatch import wiring
from dispatch.domain.job import Crew, Event, Item, Job, Window
from dispatch.domain.moves import UNDO, move
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.photo import Photo
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import (
    BUSINESS,
    DANA,
    JOEL,
    NOON,
    TOKEN,
    FakeClock,
    make_job,
    make_member,
    seconds,
    unavailable,
)
from tests.stores.troubled import elsewhere
from tests.web.api import Program
from tests.web.pages import text, words
from tracking.public import TrackedJob

PAGE = f"/track/{TOKEN}"
SATURDAY = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")
THEN = "(about 2:20 PM , said at 12:00 PM )"
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status


def put(jobs: JobRepository, **fields: Any) -> None:
    jobs.change(lambda book: book.put(make_job(**{"window": SATURDAY, **fields})))


def status(jobs: JobRepository) -> Status:
    return jobs.read().jobs[0].status


@pytest.mark.parametrize(
    ("at", "title"),
    [
        (PENDING, "We have your request for Saturday, May 23, 12–4 PM"),
        (BOOKED, "Confirmed for Saturday, May 23, 12–4 PM"),
        (READY, "You are ready, and we know: Saturday, May 23, 12–4 PM"),
        (STARTED, "We are at work"),
        (DONE, "Done on Friday, May 22, 12:00 PM"),
        (CANCELLED, "Cancelled: Saturday, May 23, 12–4 PM"),
    ],
)
def test_a_status_has_its_words(
    client: Client, jobs: JobRepository, at: Status, title: str
) -> None:
    put(jobs, status=at)
    page = client.get(PAGE)
    assert title in words(page)
    assert at.label in words(page)
    assert f'data-status="{at}"' in text(page)


def test_the_page_says_what_was_promised(client: Client, jobs: JobRepository) -> None:
    put(jobs, load="full")
    shown = words(client.get(PAGE))
    for fact in ("Sat, May 23 · Afternoon, 12–4 PM", "Soderblom Ave", "Full load", "$600", "Mark"):
        assert fact in shown


def test_the_page_says_what_was_counted(client: Client, jobs: JobRepository) -> None:
    """Also what the business takes no more."""
    put(jobs, items=(Item("mattress", 2), Item("old_piano", 1)))
    assert "Items 2 × Mattress 1 × old piano" in words(client.get(PAGE))


def test_until_it_is_confirmed_a_price_is_an_estimate(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    assert "an estimate until we confirm" in words(client.get(PAGE))
    put(jobs, status=BOOKED)
    page = words(client.get(PAGE))
    assert "an estimate until we confirm" not in page
    assert "Requested" not in page, "one taken by phone was never merely requested"


def test_the_timeline_tells_when_each_step_was_reached(client: Client, jobs: JobRepository) -> None:
    job = make_job()
    for place, to in enumerate((BOOKED, STARTED), 1):
        job = move(job, to, by=DANA, at=NOON + seconds(3600 * place), business=BUSINESS)
    jobs.change(lambda book: book.put(job))
    shown = words(client.get(PAGE))
    assert "Requested May 22, 12:00 PM" in shown
    assert "Booking Confirmed May 22, 1:00 PM" in shown
    assert "In Progress May 22, 2:00 PM" in shown
    assert "Completed still to come" in shown


@pytest.mark.parametrize(
    ("who", "driver", "sentences"),
    [
        ("joel", "joel", [f"Joel is on the way {THEN}"]),
        ("ana", "joel", [f"Ana is on the way {THEN}", "Driver Joel"]),
        ("dana", "joel", ["The crew is on the way", "our office's estimate, from 12:00 PM"]),
        ("dana", "dana", [f"Dana is on the way {THEN}"]),
        ("x.gone", "x.gone", ["The crew is on the way"]),
        ("x.nameless", "x.nameless", ["The crew is on the way"]),
    ],
)
def test_who_is_on_the_way_and_when_is_told_by_first_names_and_never_by_usernames(
    client: Client,
    jobs: JobRepository,
    roster: RosterRepository,
    who: str,
    driver: str,
    sentences: list[str],
) -> None:
    """Neither of who has gone, nor of whom the roster holds no name; the office is the crew."""
    roster.change(lambda members: members.put(make_member("x.nameless", name=" ")))
    jobs.change(lambda book: book.put(said_by(who, Crew(driver=driver))))
    page = words(client.get(PAGE))
    assert not [sentence for sentence in sentences if sentence not in page]
    assert "Confirmed for" not in page
    assert "x." not in page
    assert "Dana" in sentences[0] or "dana" not in page.lower()


def said_by(who: str, crew: Crew) -> Job:
    job = make_job(status=BOOKED, crew=crew)
    job = job.expected_at(NOON + seconds(8400), by=who, at=NOON)
    return job.on_the_way(by=who, at=NOON + seconds(600))


def test_who_takes_over_has_said_nothing(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    jobs.change(lambda book: book.put(said_by("joel", Crew(driver="joel"))))
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"driver": "ana"}, by=DANA)
    shown = words(client.get(PAGE))
    assert "Driver Ana" in shown
    assert "on the way" not in shown
    assert "Expected" not in shown


# --- what the customer may do -----------------------------------------------------------


def test_i_am_ready_for_pickup(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED)
    answer = client.post(f"{PAGE}/ready")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")
    assert "You are ready, and we know" in words(client.get(f"{PAGE}?r=2"))
    assert status(jobs) is READY
    assert jobs.read().jobs[0].history[-1].by == "customer"


@pytest.mark.parametrize(("reason", "kept"), [("moved away", "moved away"), ("undo", "")])
def test_cancelling_asks_first_and_keeps_the_reason(
    client: Client, jobs: JobRepository, reason: str, kept: str
) -> None:
    """But for the word by which an undo is known."""
    put(jobs, status=BOOKED)
    assert "Cancel this pickup" in words(client.get(f"{PAGE}/cancel"))
    assert status(jobs) is BOOKED
    client.post(f"{PAGE}/cancel", {"reason": reason})
    assert jobs.read().jobs[0].history[-1].reason == kept
    assert status(jobs) is CANCELLED


@pytest.mark.parametrize("fields", [{}, {"expected": "booked"}])
@pytest.mark.parametrize("action", ["ready", "cancel"])
def test_the_same_tap_twice_does_it_once(
    client: Client, jobs: JobRepository, action: str, fields: dict[str, str]
) -> None:
    put(jobs, status=BOOKED)
    for _ in range(2):
        answer = client.post(f"{PAGE}/{action}", fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")
    assert len(jobs.read().jobs[0].history) == 1


@pytest.mark.parametrize("action", ["ready", "cancel"])
def test_back_to_the_question_shows_that_it_is_done(
    client: Client, jobs: JobRepository, action: str
) -> None:
    """And not that it can be done no more, above the button that undoes it."""
    put(jobs, status=BOOKED)
    client.post(f"{PAGE}/{action}")
    answer = client.get(f"{PAGE}/{action}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")


def test_only_an_undo_says_what_the_customer_saw(client: Client, jobs: JobRepository) -> None:
    """“Ready” and “Cancel” are meant also where we have moved it meanwhile."""
    put(jobs, status=BOOKED)
    for path in ("", "/ready", "/cancel"):
        assert "expected" not in text(client.get(PAGE + path))
    jobs.change(lambda book: book.put(customer_is_ready()))
    page = text(client.get(PAGE))
    assert page.count("<form") == page.count('name="expected" value="ready_for_pickup"') == 1


def customer_is_ready() -> Job:
    return move(make_job(status=BOOKED), READY, by=THE_CUSTOMER, at=NOON, business=BUSINESS)


@pytest.mark.parametrize("action", ["ready", "cancel", "undo"])
def test_a_tap_on_what_has_moved_on_meanwhile_changes_nothing_and_says_so(
    client: Client, jobs: JobRepository, roster: RosterRepository, action: str
) -> None:
    job = move(customer_is_ready(), BOOKED, by=DANA, at=NOON, business=BUSINESS, reason="too early")
    jobs.change(lambda book: book.put(job))
    page = client.post(f"{PAGE}/{action}", {"expected": "ready_for_pickup"})
    assert page.status_code == 409
    assert "We have moved this pickup to “Booking Confirmed” meanwhile." in words(page)
    assert "Confirmed; the time is still to be agreed" in words(page)
    assert "dana" not in text(page).lower()
    assert jobs.read().jobs[0] == job


@pytest.mark.parametrize(
    ("expected", "code", "sentence"),
    [
        ("booked", 409, "You have moved this pickup to “Cancelled” meanwhile."),
        ("x", 422, ""),
    ],
)
def test_a_tap_on_an_old_page_is_told_what_the_customer_did_on_another(
    client: Client, jobs: JobRepository, expected: str, code: int, sentence: str
) -> None:
    put(jobs, status=BOOKED)
    client.post(f"{PAGE}/cancel")
    page = client.post(f"{PAGE}/ready", {"expected": expected})
    assert page.status_code == code
    assert sentence in words(page)
    assert status(jobs) is CANCELLED


@pytest.mark.parametrize("at", [STARTED, DONE])
@pytest.mark.parametrize("action", ["ready", "cancel"])
def test_what_is_under_way_or_over_is_not_changed_here(
    client: Client, jobs: JobRepository, at: Status, action: str
) -> None:
    put(jobs, status=at)
    assert client.post(f"{PAGE}/{action}").status_code == 422
    assert status(jobs) is at
    assert f'href="{PAGE}/cancel"' not in text(client.get(PAGE))


def test_after_the_cut_off_one_calls(client: Client, jobs: JobRepository, clock: FakeClock) -> None:
    put(jobs, status=BOOKED)
    clock.tick(12 * 3600)
    asked, page = client.get(f"{PAGE}/cancel"), client.post(f"{PAGE}/cancel")
    assert asked.status_code == page.status_code == 422
    assert "<form" not in text(asked).partition('id="live"')[0]
    for answer in (asked, page):
        assert "It is too late to cancel here. Please call us." in words(answer)
    assert "(619) 555-0100" in words(page)
    assert status(jobs) is BOOKED


def test_a_request_is_confirmed_before_its_customer_is_ready(
    client: Client, jobs: JobRepository
) -> None:
    """And reads so, wherever it is tried."""
    put(jobs, status=PENDING)
    assert f"{PAGE}/ready" not in text(client.get(PAGE))
    for answer in (client.get(f"{PAGE}/ready"), client.post(f"{PAGE}/ready")):
        assert answer.status_code == 422
        assert "We confirm your request first" in words(answer)
        assert "(619) 555-0100" in words(answer)
    assert status(jobs) is PENDING


def test_a_request_is_taken_back_at_any_time(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs, status=PENDING)
    clock.tick(30 * 3600)  # the window has begun
    assert f"{PAGE}/cancel" in text(client.get(PAGE))
    assert client.post(f"{PAGE}/cancel").status_code == 303
    assert status(jobs) is CANCELLED


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (BOOKED, "until 12 hours before it begins; now it is too late"),
        (READY, "until 12 hours before it begins; now it is too late"),
        (STARTED, "We have begun"),
        (DONE, "It is done"),
        (CANCELLED, "book again or call"),
    ],
)
def test_where_it_cannot_be_cancelled_the_page_says_why_and_what_to_do(
    client: Client, jobs: JobRepository, clock: FakeClock, at: Status, why: str
) -> None:
    put(jobs, status=at)
    clock.tick(12 * 3600)
    live = client.get(f"{PAGE}/live")
    assert f"{PAGE}/cancel" not in text(live)
    assert why in words(live)
    assert "(619) 555-0100" in words(live)


@pytest.mark.parametrize(
    ("hours", "until"),
    [(12, "12 hours before it begins"), (1, "1 hour before it begins"), (0, "until it begins;")],
)
def test_the_hours_of_the_cut_off_are_plain_english(hours: int, until: str) -> None:
    business, job = replace(BUSINESS, cancel_hours=hours), make_job(status=BOOKED, window=SATURDAY)
    shown = TrackedJob.of(job, Roster(), business, business.span(SATURDAY)[1])
    context = {"job": shown, "token": TOKEN, "business": business}
    assert until in " ".join(render_to_string("tracking/_live.html", context).split())


def test_who_comes_again_after_a_failed_visit_looks_for_no_other_time(
    client: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    put(jobs, status=STARTED)
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", BOOKED, by=JOEL, reason="no_access")
    assert "We are finding another time" in words(client.get(PAGE))
    dispatch.jobs.on_my_way(BUSINESS, "jXkL9m2pQ", by=JOEL)
    page = words(client.get(PAGE))
    assert "Joel is on the way" in page
    assert "but we could not get in." in page
    assert "We are finding another time" not in page


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("no_access: gate locked", "we could not get in"),
        ("not_ready", "it was not ready to be loaded"),
        ("unsafe", "it was not safe to do"),
        ("other: a bear", "something kept us from doing it"),
    ],
)
def test_after_a_failed_visit_the_customer_reads_that_we_were_there_when_and_why(
    client: Client, jobs: JobRepository, roster: RosterRepository, reason: str, why: str
) -> None:
    """Until there is another window; the crew's own words are theirs."""
    put(jobs, status=STARTED)
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", BOOKED, by=JOEL, reason=reason)
    page = words(client.get(PAGE))
    assert "We were there at 12:00 PM" in page
    assert why.removeprefix("we ") in page
    assert "Confirmed for" not in page
    assert "bear" not in page
    assert "gate locked" not in page
    told = Program().post("track", {"token": TOKEN}).json()
    assert (told["could_not_at"], told["could_not_why"]) == ("2026-05-22T19:00:00Z", why)
    dispatch.jobs.assign(BUSINESS, "jXkL9m2pQ", {"driver": "ana"}, by=DANA)
    assert "We were there at" in words(client.get(PAGE))
    sunday = Window(date=date(2026, 5, 24), name="afternoon", start="12:00", end="16:00")
    dispatch.jobs.edit(BUSINESS, "jXkL9m2pQ", {"window": sunday}, by=DANA)
    assert "Confirmed for Sunday, May 24, 12–4 PM" in words(client.get(PAGE))
    assert Program().post("track", {"token": TOKEN}).json()["could_not_at"] is None


@pytest.mark.parametrize("fields", [{}, {"expected": "cancelled"}])
@pytest.mark.parametrize(("after", "then"), [(59, BOOKED), (61, CANCELLED)])
def test_a_slip_is_undone_within_a_minute_and_once(
    client: Client, jobs: JobRepository, clock: FakeClock, fields: Any, after: int, then: Status
) -> None:
    put(jobs, status=BOOKED)
    client.post(f"{PAGE}/cancel")
    clock.tick(after)
    assert (f'action="{PAGE}/undo"' in text(client.get(PAGE))) == (then is BOOKED)
    for _ in range(3):
        assert client.post(f"{PAGE}/undo", fields).status_code == 303
    assert status(jobs) is then
    assert f"{PAGE}/undo" not in text(client.get(PAGE))


def test_an_undo_of_another_worker_is_not_done_again(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED)
    client.post(f"{PAGE}/cancel")
    there, job = elsewhere(jobs), jobs.read().jobs[0]
    undone = move(job, BOOKED, by=THE_CUSTOMER, at=NOON, business=BUSINESS, reason=UNDO)
    there.change(lambda book: book.changed(undone, NOON))
    assert client.post(f"{PAGE}/undo", {"expected": "cancelled"}).status_code == 303
    assert status(jobs) is BOOKED


@pytest.mark.parametrize("action", ["ready", "cancel", "undo"])
def test_a_job_discarded_since_is_gone(client: Client, jobs: JobRepository, action: str) -> None:
    jobs.change(lambda book: book.put(customer_is_ready()))
    elsewhere(jobs).change(lambda book: book.without({"jXkL9m2pQ"}))
    answer = client.post(f"{PAGE}/{action}")
    assert answer.status_code == 404
    assert text(answer) == text(client.post(f"/track/{'u' * 32}/{action}"))


def test_looking_changes_nothing(client: Client, jobs: JobRepository) -> None:
    put(jobs, status=BOOKED)
    paths = ("ready", "cancel", "undo", "reschedule", "message", "quote", "receipt", "calendar.ics")
    for path in ("", "/live", *(f"/{each}" for each in paths)):
        client.get(PAGE + path)
        client.head(PAGE + path)
    for r in ("", "x", "-1", "²", "9" * 15, "9" * 400, "1\0"):  # whatever revision it claims
        assert client.get(PAGE, {"r": r}).status_code == 200, r
    assert jobs.read().revision == 1


# --- the poll ---------------------------------------------------------------------------


def test_the_poll_is_304_until_what_the_customer_sees_changes(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    first = client.get(f"{PAGE}/live")
    assert text(first).strip() in text(client.get(PAGE))
    known = {"If-None-Match": first.headers["ETag"]}
    put(jobs, access_notes="Gate code 4411", truck="T9", photos=(Photo(id="a.jpg"),))
    assert client.get(f"{PAGE}/live", headers=known).status_code == 304
    put(jobs, status=BOOKED)
    assert client.get(f"{PAGE}/live", headers=known).status_code == 200


def test_the_poll_answers_304_all_through_an_outage(
    client: Client, jobs: JobRepository, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the time is told in whole seconds, and the age of what is known is not."""
    monkeypatch.setattr(wiring, "now", lambda: clock.now().replace(microsecond=0))
    put(jobs)
    before = client.get(f"{PAGE}/live").headers["ETag"]
    with unavailable(jobs):
        clock.tick(10.7)
        etag = client.get(f"{PAGE}/live").headers["ETag"]
        clock.tick(10.7)
        again = client.get(f"{PAGE}/live", headers={"If-None-Match": etag})
    assert (again.status_code, again.headers["ETag"]) == (304, etag)
    assert etag != before


@pytest.mark.parametrize(
    ("reason", "why"),
    [("x" * 501, "It has 501 characters; at most 500 fit."), ("a\0", "control characters")],
)
def test_a_reason_that_cannot_be_kept_is_given_back_with_why(
    client: Client, jobs: JobRepository, reason: str, why: str
) -> None:
    put(jobs)
    page = client.post(f"{PAGE}/cancel", {"reason": reason})
    assert page.status_code == 422
    assert why in text(page)
    assert reason.replace("\0", "") in page.content.decode().replace("\0", "")
    assert status(jobs) is not CANCELLED


# --- whoever presses the buttons without end -----------------------------------------------


def test_a_customers_actions_are_limited_in_words_and_change_nothing_more(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    answers = []
    for _ in range(15):
        answers.append(client.post(f"/track/{TOKEN}/cancel", {"reason": "a" * 300}))
        answers.append(client.post(f"/track/{TOKEN}/undo"))
        clock.tick(1)
    assert [answer.status_code for answer in answers] == [303] * 20 + [429] * 10
    assert len(jobs.read().job("jXkL9m2pQ").history) == 20
    refused = answers[-1]
    assert "so nothing was changed now. Please wait 11 minutes." in words(refused)
    assert "(619) 555-0100" in words(refused)
    clock.tick(int(refused.headers["Retry-After"]))
    assert client.post(f"/track/{TOKEN}/ready").status_code == 303


def test_who_comes_back_all_day_makes_a_job_grow_no_further(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    answers = []
    for n in range(48):
        for to in ("ready", "undo"):
            answers.append(client.post(f"/track/{TOKEN}/{to}", {"key": f"{n} {to}"}))
        clock.tick(600)
    assert [answer.status_code for answer in answers] == [303] * 60 + [429] * 36
    assert len(jobs.read().job("jXkL9m2pQ").keys or ()) == 60
    assert "Please wait 17 hours, or call us." in words(answers[-1])


def test_one_sender_is_limited_over_all_jobs_and_others_are_not(
    client: Client, jobs: JobRepository
) -> None:
    many = [make_job(status=BOOKED, id=f"j{n}", tracking_token=f"{n:032}") for n in range(7)]
    jobs.change(lambda book: book.put(*many))
    answers = []
    for job in many:
        for _ in range(5):
            answers.append(client.post(f"/track/{job.tracking_token}/ready").status_code)
            answers.append(client.post(f"/track/{job.tracking_token}/undo").status_code)
    assert answers == [303] * 60 + [429] * 10
    other = client.post(f"/track/{many[-1].tracking_token}/ready", REMOTE_ADDR="203.0.113.7")
    assert other.status_code == 303


def test_what_was_folded_is_told_in_the_drawer(dana: Client, jobs: JobRepository) -> None:
    line = Event(at=NOON, by="customer", what="repeated", count=1431)
    jobs.change(lambda book: book.put(make_job(history=(line,))))
    page = words(dana.get("/dashboard/jobs/jXkL9m2pQ"))
    assert "Moved it back and forth, 1,431 times in all until then The customer" in page
