"""The API: make, read, list, edit and move jobs, note something, see who is free, assign."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch.domain.job import Crew, Window
from dispatch.domain.status import Status
from dispatch.roster import Days
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, CONTRACT_FIELDS, DANA, NOON, FakeClock, make_job
from tests.web.api import Program, is_problem

SATURDAY = date(2026, 5, 23)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")
MARK = {"customer_name": "Mark", "location": "Soderblom Ave"}
ID = "jXkL9m2pQ"
EVENING = {"date": "2026-05-23", "name": "evening", "start": "18:00", "end": "20:00"}
LINES = [{"label": "Half load", "amount": 320}, {"label": "Regular", "amount": "-20.50"}]


@pytest.fixture
def dana(roster: RosterRepository) -> Program:
    return Program("dana")


@pytest.fixture
def joel(roster: RosterRepository) -> Program:
    return Program("joel")


@pytest.fixture
def vic(roster: RosterRepository) -> Program:
    return Program("vic")


def has(jobs: JobRepository, **fields: Any) -> None:
    jobs.change(lambda book: book.put(make_job(**fields)))


# --- making ------------------------------------------------------------------------------


def test_the_job_of_the_contract(dana: Program, jobs: JobRepository) -> None:
    answer = dana.post("jobs", MARK | {"price": 600, "status": "confirmed"})
    made = answer.json()
    assert answer.status_code == 201
    assert made["tracking_url"] == f"http://testserver/track/{made['tracking_token']}"
    job = jobs.read().job(made["job_id"])
    assert (job.status, job.price, job.tracking_token) == ("booked", 600, made["tracking_token"])
    assert made["job"] == dana.get(f"jobs/{job.id}").json()
    assert "request" not in made["job"]


def test_a_job_is_booked_or_where_it_says_so_pending(dana: Program) -> None:
    assert dana.post("jobs", MARK).json()["job"]["status"] == "booked"
    assert dana.post("jobs", MARK | {"status": "new"}).json()["job"]["status"] == "pending"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"load": "half"}, 320),
        ({"load": "half", "price": 0}, 0),
        ({"price": "285.50"}, 285.5),
        ({"price": 600.0}, 600),
        ({"price": "1e2"}, 100),
        ({"price_lines": LINES}, 299.5),
    ],
)
def test_the_price_is_given_or_added_up(dana: Program, given: dict[str, Any], kept: float) -> None:
    assert dana.post("jobs", MARK | given).json()["job"]["price"] == kept


def test_a_window_has_the_times_of_the_business_or_its_own(dana: Program) -> None:
    window = {"date": "2026-05-23", "name": "afternoon"}
    made = dana.post("jobs", MARK | {"window": window}).json()["job"]["window"]
    assert made == window | {"start": "12:00", "end": "16:00"}
    assert dana.post("jobs", MARK | {"window": EVENING}).json()["job"]["window"] == EVENING


def test_every_wrong_field_is_named_at_once(dana: Program) -> None:
    answer = dana.post("jobs", MARK | {"location": " ", "email": "x", "load": "lorry"})
    assert [each["field"] for each in answer.json()["errors"]] == ["email", "location", "load"]


def test_phones_are_kept_in_e164(dana: Program) -> None:
    for phone, kept in (("(619) 555-0142", "+16195550142"), (None, "")):
        assert dana.post("jobs", MARK | {"phone": phone}).json()["job"]["phone"] == kept


def test_a_job_may_come_with_its_crew(dana: Program, jobs: JobRepository) -> None:
    answer = dana.post("jobs", MARK | {"crew": {"driver": "vic"}})
    assert is_problem(answer, 409)
    assert "Vic cannot work as driver" in answer.json()["detail"]
    assert jobs.read().jobs == ()
    made = dana.post("jobs", MARK | {"crew": {"driver": "Joel"}}).json()["job"]
    assert made["crew"] == {"driver": "joel", "first_mate": None, "supervisor": None}


@pytest.mark.parametrize("other", [{"location": "Elsewhere"}, {"status": "pending"}])
def test_an_idempotency_key_makes_one_job_however_often_it_comes(
    dana: Program, jobs: JobRepository, other: dict[str, str]
) -> None:
    key = {"Idempotency-Key": "k1"}
    first, again = (dana.post("jobs", MARK, **key).json() for _ in range(2))
    assert first == again
    answer = dana.post("jobs", MARK | other, **key)
    assert is_problem(answer, 409)
    assert answer.json()["job"]["id"] == first["job_id"]
    assert len(jobs.read().jobs) == 1


def test_a_key_is_of_one_person(dana: Program, roster: RosterRepository) -> None:
    roster.change(lambda book: book.put(replace(book.member("ana"), rank=book.member("dana").rank)))
    first = dana.post("jobs", MARK, **{"Idempotency-Key": "k1"}).json()
    second = Program("ana").post("jobs", MARK, **{"Idempotency-Key": "k1"}).json()
    assert first["job_id"] != second["job_id"]


# --- reading -----------------------------------------------------------------------------


def test_a_job_has_all_fields_of_the_contract(
    dana: Program, vic: Program, jobs: JobRepository
) -> None:
    has(jobs, crew=Crew(driver="joel"))
    assert dana.get(f"jobs/{ID}").json().keys() == CONTRACT_FIELDS
    assert vic.get(f"jobs/{ID}").json().keys() == CONTRACT_FIELDS - {"tracking_token"}


def test_a_list_says_its_revision_and_has_an_etag(vic: Program, jobs: JobRepository) -> None:
    has(jobs)
    first = vic.get("jobs")
    assert (first.json()["revision"], first.json()["next"]) == (1, None)
    etag = first.headers["ETag"]
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        again = vic.get("jobs", **{"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == "private, no-cache"
    has(jobs, truck="T1")
    assert vic.get("jobs", **{"If-None-Match": etag}).status_code == 200
    assert vic.get("jobs?q=x", **{"If-None-Match": etag}).status_code == 200
    etag = vic.get("jobs").headers["ETag"]
    assert vic.get("jobs?r=1").headers["ETag"] == etag
    assert vic.get("jobs?limit=7").headers["ETag"] != etag


def test_pages_follow_each_other_while_jobs_come_and_change(
    vic: Program, jobs: JobRepository, clock: FakeClock
) -> None:
    for number in range(7):
        clock.tick(number % 2)
        has(jobs, id=f"job{number}", tracking_token=f"{number:016}", created_at=clock.now())
    seen: list[str] = []
    after = ""
    while after is not None:
        page = vic.get(f"jobs?limit=3&after={after}").json()
        seen += [job["id"] for job in page["jobs"]]
        after = page["next"]
        has(jobs, id=f"new{after}"[:9], tracking_token="n" * 16, created_at=NOON.replace(year=2027))
    assert seen[:7] == [f"job{number}" for number in range(7)]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(("status=booked", "a"), ("status=confirmed", "a"), ("status=", "ab")),
        *(("crew=joel", "a"), ("crew=-", "b"), ("crew=nobody", ""), ("date=2026-05-23", "b")),
        *(("q=soder+MARK", "ab"), ("q=%00", ""), ("r=999999", "ab")),
    ],
)
def test_a_list_may_be_narrowed(vic: Program, jobs: JobRepository, query: str, found: str) -> None:
    has(jobs, id="a", tracking_token="a" * 16, status=Status.BOOKED, crew=Crew(driver="joel"))
    window = {"date": "2026-05-23", "name": "morning"}
    has(jobs, id="b", tracking_token="b" * 16)
    Program("dana").patch("jobs/b", {"window": window})
    assert [job["id"] for job in vic.get(f"jobs?{query}").json()["jobs"]] == list(found)


def finished(jobs: JobRepository, name: str, day: int, **fields: Any) -> None:
    """On that day of May, at noon in San Diego."""
    ended = {"status": Status.COMPLETED, "finished_at": NOON.replace(day=day)}
    has(jobs, **{"id": name, "tracking_token": name * 16, **ended, **fields})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(("from=2026-05-20&to=2026-05-22", "bca"), ("from=2026-05-22&to=2026-05-22", "ca")),
        *(("from=2026-05-21&to=2026-05-21", ""), ("from=2025-05-22&to=2026-05-22", "bca")),
        *(("&status=cancelled", "b"), ("&status=booked", ""), ("&crew=joel", "c"), ("&q=ida", "a")),
        *(("&date=2026-05-23", "b"), ("&limit=2", "bc"), ("&from=", "bcad")),
    ],
)
def test_those_finished_on_some_days_are_listed_in_that_order(
    vic: Program, jobs: JobRepository, query: str, found: str
) -> None:
    """And narrowed as all lists are."""
    finished(jobs, "a", 22, customer_name="Ida", created_at=NOON.replace(day=19))
    finished(jobs, "b", 20, status=Status.CANCELLED, window=MORNING)
    finished(jobs, "c", 22, crew=Crew(driver="joel"), finished_at=NOON.replace(hour=8))
    has(jobs, id="d", tracking_token="d" * 16)
    if query == "&from=":
        assert {job["id"] for job in vic.get("jobs?from=&to=").json()["jobs"]} == set(found)
        return
    days = "" if query.startswith("from") else "from=2026-05-20&to=2026-05-22"
    answer = vic.get(f"jobs?{days}{query}").json()["jobs"]
    assert [job["id"] for job in answer] == list(found)
    assert all(job["finished_at"] for job in answer)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("from=2026-05-20", "to"), ("to=2026-05-20", "from"), ("from=x&to=2026-05-20", "from")),
        *(("from=2026-05-20&to=2026-02-30", "to"), ("from=2026-05-20&to=2026-05-19", "to")),
        *(("from=2025-05-21&to=2026-05-22", "to"), ("from=20260520&to=2026-05-22", "from")),
        *(("from=1999-01-01&to=1999-01-01", "from"), ("from=9999-12-31&to=9999-12-31", "from")),
    ],
)
def test_days_that_are_none_or_too_many_are_refused(vic: Program, query: str, field: str) -> None:
    for headers in ({}, {"If-None-Match": "*"}):
        answer = vic.get(f"jobs?{query}", **headers)
        assert is_problem(answer, 422)
        assert answer.json()["field"] == field


def test_a_list_of_some_days_is_304_until_one_of_its_jobs_changes(
    vic: Program, jobs: JobRepository
) -> None:
    finished(jobs, "a", 22)
    query = "jobs?from=2026-05-22&to=2026-05-22"
    etag = vic.get(query).headers["ETag"]
    assert vic.get(query, **{"If-None-Match": etag}).status_code == 304
    assert vic.get("jobs", **{"If-None-Match": etag}).status_code == 200
    dispatch.jobs.note(BUSINESS, "a", "Two trips", by=DANA)
    assert vic.get(query, **{"If-None-Match": etag}).status_code == 200


def test_pages_of_some_days_follow_each_other(vic: Program, jobs: JobRepository) -> None:
    for day in range(1, 8):
        finished(jobs, str(day), day, created_at=NOON.replace(day=20 - day))
    seen, after = "", ""
    while after is not None:
        days = "from=2026-05-01&to=2026-05-31"
        answer = vic.get(f"jobs?{days}&limit=3&after={after}").json()
        seen += "".join(job["id"] for job in answer["jobs"])
        after = answer["next"]
    assert seen == "1234567"


def test_of_some_days_the_crew_are_told_their_own_alone(joel: Program, jobs: JobRepository) -> None:
    finished(jobs, "a", 22, crew=Crew(driver="ana"))
    assert joel.get("jobs?from=2026-05-22&to=2026-05-22").json()["jobs"] == []


# --- changing ----------------------------------------------------------------------------


def test_an_edit_changes_the_fields_that_it_names(dana: Program, jobs: JobRepository) -> None:
    """And takes a window or a text away where it says null."""
    has(jobs, truck="T1")
    window = {"date": "2026-05-23", "name": "morning"}
    fields = {"price": "285.5", "access_notes": "Gate 4711", "window": window}
    answer = dana.patch(f"jobs/{ID}", fields | {"version": 1})
    job = answer.json()
    assert (job["price"], job["access_notes"], job["truck"]) == (285.5, "Gate 4711", "T1")
    assert (job["version"], job["window"]["start"]) == (2, "08:00")
    assert answer.headers["X-Revision"] == "2"
    job = dana.patch(f"jobs/{ID}", {"window": None, "access_notes": None}).json()
    assert (job["window"], job["access_notes"]) == (None, "")


def test_an_edit_of_what_another_changed_is_a_conflict(dana: Program, jobs: JobRepository) -> None:
    has(jobs)
    dana.patch(f"jobs/{ID}", {"truck": "T1", "version": 1})
    assert dana.patch(f"jobs/{ID}", {"phone": "619-555-0142", "version": 1}).status_code == 200
    answer = dana.patch(f"jobs/{ID}", {"truck": "T2", "version": 1})
    assert is_problem(answer, 409)
    assert answer.json()["job"]["truck"] == "T1"


def test_a_move_says_what_it_saw(joel: Program, jobs: JobRepository) -> None:
    has(jobs, status=Status.BOOKED)
    moved = joel.post(f"jobs/{ID}/status", {"status": "started", "expected": "booked"})
    assert (moved.status_code, moved.json()["status"]) == (200, "in_progress")
    late = joel.post(f"jobs/{ID}/status", {"status": "done", "expected": "booked"})
    assert is_problem(late, 409)
    assert late.json()["job"]["status"] == "in_progress"
    assert "Joel has moved this job" in late.json()["detail"]


def test_the_crew_is_assigned_by_role(dana: Program, jobs: JobRepository) -> None:
    has(jobs, crew=Crew(driver="joel", first_mate="ana"))
    crew = dana.put(f"jobs/{ID}/crew", {"driver": "ana", "first_mate": None}).json()["crew"]
    assert crew == {"driver": "ana", "first_mate": None, "supervisor": None}


def test_a_note_is_added(joel: Program, jobs: JobRepository) -> None:
    has(jobs)
    answer = joel.post(f"jobs/{ID}/notes", {"text": " Two couches\n"})
    note = {"at": "2026-05-22T19:00:00Z", "by": "joel", "text": "Two couches"}
    assert (answer.status_code, answer.json()) == (201, {"note": note, "version": 2})


@pytest.mark.parametrize("job_id", ["nope", "x" * 500, "%00", "%ff%fe", "..%5c", "a b", "🚛", "'"])
def test_an_unknown_job_is_404(dana: Program, job_id: str) -> None:
    assert is_problem(dana.get(f"jobs/{job_id}"), 404)
    assert is_problem(dana.patch(f"jobs/{job_id}", {}), 404)
    assert is_problem(dana.put(f"jobs/{job_id}/crew", {"driver": "joel"}), 404)
    assert is_problem(dana.post(f"jobs/{job_id}/status", {"status": "done"}), 404)
    assert is_problem(dana.post(f"jobs/{job_id}/notes", {"text": "x"}), 404)


# --- who is free, and who is not ---------------------------------------------------------


def names(answer: Any, window: str, role: str = "driver", day: int = 0) -> list[str]:
    windows = {each["name"]: each["free"] for each in answer.json()["days"][day]["windows"]}
    return [member["username"] for member in windows[window][role]]


def fill_joels_morning(jobs: JobRepository) -> None:
    for number in range(BUSINESS.jobs_per_window):
        job = make_job(id=f"job{number}", tracking_token="", status="booked", window=MORNING)
        jobs.change(lambda book, job=job: book.put(job))
        dispatch.jobs.assign(BUSINESS, job.id, {"driver": "joel"}, by=DANA)


def test_who_is_free_by_window_and_role(dana: Program) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY, ("morning",)))
    answer = dana.get("crew?from=2026-05-23&to=2026-05-25")
    assert answer.status_code == 200
    days = answer.json()["days"]
    assert [day["date"] for day in days] == ["2026-05-23", "2026-05-24", "2026-05-25"]
    assert names(answer, "morning") == ["ana"]
    assert names(answer, "afternoon") == names(answer, "morning", day=2) == ["ana", "joel"]
    assert names(answer, "morning", "supervisor") == ["dana"]
    assert days[1]["windows"] == []  # a Sunday
    member = days[0]["windows"][0]["free"]["driver"][0]
    assert member == {"username": "ana", "name": "Ana"}, "nothing but names"


def test_who_has_no_place_left_is_not_free_to_drive(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    answer = dana.get("crew?date=2026-05-23")
    assert names(answer, "morning") == ["ana"]
    assert names(answer, "afternoon") == names(answer, "morning", "first_mate") == ["ana", "joel"]


def test_sixty_two_days_are_the_most(dana: Program) -> None:
    assert len(dana.get("crew?from=2026-05-23&to=2026-07-23").json()["days"]) == 62


def test_a_program_may_insist_where_a_window_is_full(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    jobs.change(lambda book: book.put(make_job(status="booked", window=MORNING)))
    refused = dana.put(f"jobs/{ID}/crew", {"driver": "joel"})
    assert is_problem(refused, 409)
    assert (refused.json()["field"], refused.json()["insistable"]) == ("driver", True)
    assert "Who is free: Ana." in refused.json()["detail"]
    assert dana.put(f"jobs/{ID}/crew", {"driver": "joel", "insist": True}).status_code == 200
    assert jobs.read().job(ID).crew.driver == "joel"


def test_a_new_job_may_be_insisted_on_too(dana: Program, jobs: JobRepository) -> None:
    fill_joels_morning(jobs)
    window = {"date": "2026-05-23", "name": "morning"}
    new = {"customer_name": "Ann", "location": "x", "window": window, "crew": {"driver": "joel"}}
    key = {"Idempotency-Key": "k1"}
    refused = dana.post("jobs", new, **key)
    assert is_problem(refused, 409)
    assert (refused.json()["field"], refused.json()["insistable"]) == ("driver", True)
    made = dana.post("jobs", new | {"insist": True}, **key)
    assert (made.status_code, made.json()["job"]["crew"]["driver"]) == (201, "joel")
    assert dana.post("jobs", new | {"insist": True}, **key).json() == made.json()
    assert made.json()["job"]["history"][0]["reason"] == "insisted", (
        "which the board calls no clash"
    )


def test_nobody_insists_on_who_is_away(dana: Program, jobs: JobRepository) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
    jobs.change(lambda book: book.put(make_job(status="booked", window=MORNING)))
    refused = dana.put(f"jobs/{ID}/crew", {"driver": "joel", "insist": True})
    assert is_problem(refused, 409)
    assert refused.json()["insistable"] is False
