"""Jobs through the API: make, read, list, edit, move, assign, note."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.job import Crew, PriceLine
from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository, RosterRepository
from tests.making import NOON, FakeClock, make_job
from tests.web.api import Program, is_problem

MARK = {"customer_name": "Mark", "location": "Soderblom Ave"}
ID = "jXkL9m2pQ"


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


def test_a_job_is_booked_unless_it_says_pending(dana: Program) -> None:
    assert dana.post("jobs", MARK).json()["job"]["status"] == "booked"
    assert dana.post("jobs", MARK | {"status": "new"}).json()["job"]["status"] == "pending"


@pytest.mark.parametrize("status", ["completed", "cancelled", "lost", "", 3, None])
def test_no_job_is_made_in_another_status(dana: Program, status: Any) -> None:
    answer = dana.post("jobs", MARK | {"status": status})
    assert is_problem(answer, 422)
    assert answer.json()["field"] == "status"


def test_the_price_is_the_loads_unless_one_is_given(dana: Program) -> None:
    assert dana.post("jobs", MARK | {"load": "half"}).json()["job"]["price"] == 320
    assert dana.post("jobs", MARK | {"load": "half", "price": 0}).json()["job"]["price"] == 0


@pytest.mark.parametrize(("given", "kept"), [("285.50", 285.5), (600.0, 600), ("1e2", 100)])
def test_a_price_may_be_a_number_or_one_in_a_string(dana: Program, given: Any, kept: float) -> None:
    assert dana.post("jobs", MARK | {"price": given}).json()["job"]["price"] == kept


@pytest.mark.parametrize(
    "price", [-1, 1.234, "NaN", "-Infinity", 1e300, "abc", True, [], {}, "1e-400", 100_000]
)
def test_what_is_no_price_is_refused_by_name(dana: Program, price: Any) -> None:
    answer = dana.post("jobs", MARK | {"price": price})
    assert is_problem(answer, 422)
    assert answer.json()["field"] == "price"


def test_price_lines_add_up_to_the_price(dana: Program) -> None:
    lines = [{"label": "Half load", "amount": 320}, {"label": "Regular", "amount": "-20.50"}]
    assert dana.post("jobs", MARK | {"price_lines": lines}).json()["job"]["price"] == 299.5
    wrong = dana.post("jobs", MARK | {"price_lines": lines, "price": 1})
    assert wrong.json()["field"] == "price"


def test_a_wrong_line_is_named_by_its_place(dana: Program) -> None:
    lines = [{"label": "a", "amount": 1}, {"label": "b"}]
    answer = dana.post("jobs", MARK | {"price_lines": lines})
    assert answer.json()["field"] == "price_lines[1].amount"


def test_a_window_has_the_times_of_the_business(dana: Program) -> None:
    window = {"date": "2026-05-23", "name": "afternoon"}
    made = dana.post("jobs", MARK | {"window": window}).json()["job"]["window"]
    assert made == window | {"start": "12:00", "end": "16:00"}


def test_a_window_may_have_times_of_its_own(dana: Program) -> None:
    window = {"date": "2026-05-23", "name": "evening", "start": "18:00", "end": "20:00"}
    assert dana.post("jobs", MARK | {"window": window}).json()["job"]["window"] == window


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"date": "2026-05-23", "name": "night"}, "window"),
        ({"date": "0001-01-01", "name": "morning"}, "window.date"),
        ({"date": "9999-12-31", "name": "morning"}, "window.date"),
        ({"date": "2026-05-23", "name": "x", "start": "20:00", "end": "18:00"}, "window"),
        ({"date": "tomorrow", "name": "morning"}, "window.date"),
        ({"date": "2026-05-23"}, "window.name"),
        ({"date": "2026-05-23", "name": "x", "start": "25:00", "end": "26:00"}, "window.start"),
        ("afternoon", "window"),
    ],
)
def test_what_is_no_window_is_refused_by_name(dana: Program, window: Any, field: str) -> None:
    assert dana.post("jobs", MARK | {"window": window}).json()["field"] == field


def test_every_wrong_field_is_named_at_once(dana: Program) -> None:
    answer = dana.post("jobs", MARK | {"location": " ", "email": "x", "load": "lorry"})
    assert [each["field"] for each in answer.json()["errors"]] == ["email", "location", "load"]


@pytest.mark.parametrize("missing", ["customer_name", "location"])
def test_name_and_address_are_needed(dana: Program, missing: str) -> None:
    answer = dana.post("jobs", {name: MARK[name] for name in MARK if name != missing})
    assert is_problem(answer, 422)
    assert answer.json()["field"] == missing


@pytest.mark.parametrize("name", ["id", "version", "history", "tracking_token", "colour"])
def test_a_field_that_is_not_to_be_given_is_refused_by_name(dana: Program, name: str) -> None:
    assert dana.post("jobs", MARK | {name: "x"}).json()["field"] == name


def test_phones_are_kept_in_e164(dana: Program) -> None:
    phones = [
        dana.post("jobs", MARK | {"phone": phone}).json()["job"]["phone"]
        for phone in ("(619) 555-0142", None)
    ]
    assert phones == ["+16195550142", ""]


def test_a_job_may_come_with_its_crew(dana: Program) -> None:
    made = dana.post("jobs", MARK | {"crew": {"driver": "Joel"}})
    assert made.json()["job"]["crew"] == {"driver": "joel", "first_mate": None, "supervisor": None}


def test_a_job_whose_crew_cannot_be_is_not_made(dana: Program, jobs: JobRepository) -> None:
    answer = dana.post("jobs", MARK | {"crew": {"driver": "vic"}})
    assert is_problem(answer, 409)
    assert "Vic cannot be driver" in answer.json()["detail"]
    assert jobs.read().jobs == ()


def test_an_idempotency_key_makes_one_job_however_often_it_comes(
    dana: Program, jobs: JobRepository
) -> None:
    twice = [dana.post("jobs", MARK, **{"Idempotency-Key": "k1"}).json() for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(jobs.read().jobs) == 1


@pytest.mark.parametrize("other", [{"location": "Elsewhere"}, {"status": "pending"}])
def test_the_key_of_another_job_is_a_conflict(dana: Program, other: dict[str, str]) -> None:
    first = dana.post("jobs", MARK, **{"Idempotency-Key": "k1"}).json()
    answer = dana.post("jobs", MARK | other, **{"Idempotency-Key": "k1"})
    assert is_problem(answer, 409)
    assert answer.json()["job"]["id"] == first["job_id"]


def test_a_key_is_of_one_person(dana: Program, roster: RosterRepository) -> None:
    roster.change(lambda book: book.put(replace(book.member("ana"), rank=book.member("dana").rank)))
    first = dana.post("jobs", MARK, **{"Idempotency-Key": "k1"}).json()
    second = Program("ana").post("jobs", MARK, **{"Idempotency-Key": "k1"}).json()
    assert first["job_id"] != second["job_id"]


# --- reading -----------------------------------------------------------------------------


def test_a_job_has_all_fields_of_the_contract(vic: Program, jobs: JobRepository) -> None:
    has(jobs, crew=Crew(driver="joel"))
    assert set(vic.get(f"jobs/{ID}").json()) == {
        *("id", "version", "tracking_token", "customer_name", "location", "phone", "email"),
        *("price", "price_lines", "paid", "status", "window", "on_my_way", "eta", "crew"),
        *("truck", "load", "access_notes", "photos", "notes", "history"),
        *("created_at", "updated_at"),
    }


@pytest.mark.parametrize("job_id", ["nope", "x" * 500, "%00", "%ff%fe", "..%5c", "a b", "🚛", "'"])
def test_an_unknown_job_is_404(vic: Program, job_id: str) -> None:
    assert is_problem(vic.get(f"jobs/{job_id}"), 404)


def test_prices_are_withheld_where_the_crew_are_not_to_see_them(
    dana: Program, joel: Program, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("dispatch.api.schemas", "dispatch.domain.permissions"):
        monkeypatch.setattr(f"{module}.sees_prices", lambda who, business: who.name == "dana")
    has(jobs, price_lines=(PriceLine("Half", Decimal(320)),), status=Status.BOOKED)
    dana.patch(f"jobs/{ID}", {"price": 1234, "truck": "T1"})
    for answer in (
        joel.get(f"jobs/{ID}"),
        joel.get("jobs"),
        joel.post(f"jobs/{ID}/status", {"status": "done", "expected": "pending"}),
    ):
        assert "price" not in answer.content.decode()
        assert "1234" not in answer.content.decode()
    assert joel.get(f"jobs/{ID}").json()["history"][-1]["changes"] == {"truck": ["", "T1"]}
    assert dana.get(f"jobs/{ID}").json()["price"] == 1234


def test_a_list_says_its_revision_and_has_an_etag(vic: Program, jobs: JobRepository) -> None:
    has(jobs)
    first = vic.get("jobs")
    assert (first.json()["revision"], first.json()["next"]) == (1, None)
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        again = vic.get("jobs", **{"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
    has(jobs, truck="T1")
    assert vic.get("jobs", **{"If-None-Match": etag}).status_code == 200
    assert vic.get("jobs?q=x", **{"If-None-Match": etag}).status_code == 200


def test_the_etag_of_a_list_is_that_of_what_it_says(vic: Program, jobs: JobRepository) -> None:
    has(jobs)
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
        ("status=booked", ["a"]),
        ("status=confirmed", ["a"]),
        ("status=", ["a", "b"]),
        ("crew=joel", ["a"]),
        ("crew=-", ["b"]),
        ("crew=nobody", []),
        ("date=2026-05-23", ["b"]),
        ("q=soder+MARK", ["a", "b"]),
        ("q=%00", []),
        ("r=999999", ["a", "b"]),
    ],
)
def test_a_list_may_be_narrowed(
    vic: Program, jobs: JobRepository, query: str, found: list[str]
) -> None:
    has(jobs, id="a", tracking_token="a" * 16, status=Status.BOOKED, crew=Crew(driver="joel"))
    window = {"date": "2026-05-23", "name": "morning"}
    has(jobs, id="b", tracking_token="b" * 16)
    Program("dana").patch("jobs/b", {"window": window})
    assert [job["id"] for job in vic.get(f"jobs?{query}").json()["jobs"]] == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(
            ("limit=abc", "limit"),
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("limit=", "limit"),
        ),
        *(("limit=1e3", "limit"), ("limit=" + "9" * 400, "limit")),
        *(("date=today", "date"), ("date=2026-02-30", "date"), ("status=lost", "status")),
        *(
            ("after=x", "after"),
            ("after=é", "after"),
            ("after=WzFd", "after"),
            ("after==", "after"),
        ),
        *(("r=x", "r"), ("r=-1", "r"), ("r=", "r"), ("r=" + "9" * 16, "r")),
        *(("stauts=booked", "stauts"), ("q=" + "x" * 300, "q")),
    ],
)
def test_a_wrong_parameter_is_named(vic: Program, query: str, field: str) -> None:
    answer = vic.get(f"jobs?{query}")
    assert is_problem(answer, 422)
    assert answer.json()["field"] == field


# --- changing ----------------------------------------------------------------------------


def test_an_edit_changes_the_fields_that_it_names(dana: Program, jobs: JobRepository) -> None:
    has(jobs, truck="T1")
    answer = dana.patch(f"jobs/{ID}", {"price": "285.5", "access_notes": "Gate 4711", "version": 1})
    job = answer.json()
    assert (job["price"], job["access_notes"], job["truck"]) == (285.5, "Gate 4711", "T1")
    assert job["version"] == 2
    assert answer.headers["X-Revision"] == "2"


def test_an_edit_of_what_another_has_changed_is_a_conflict(
    dana: Program, jobs: JobRepository
) -> None:
    has(jobs)
    dana.patch(f"jobs/{ID}", {"truck": "T1", "version": 1})
    assert dana.patch(f"jobs/{ID}", {"phone": "619-555-0142", "version": 1}).status_code == 200
    answer = dana.patch(f"jobs/{ID}", {"truck": "T2", "version": 1})
    assert is_problem(answer, 409)
    assert answer.json()["job"]["truck"] == "T1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "done"}, "status"),
        ({"crew": {}}, "crew"),
        ({"customer_name": ""}, "customer_name"),
        ({"customer_name": None}, "customer_name"),
        ({"version": "1"}, "version"),
        ({"truck": "T\x00"}, "truck"),
        ({"truck": "T" * 41}, "truck"),
        ({"price_lines": [{"label": "", "amount": -5}]}, "price_lines"),
        ([], "body"),
        ("x", "body"),
    ],
)
def test_an_edit_names_what_is_wrong(
    dana: Program, jobs: JobRepository, body: Any, field: str
) -> None:
    has(jobs)
    answer = dana.patch(f"jobs/{ID}", body)
    assert is_problem(answer, 422)
    assert answer.json()["field"] == field
    assert jobs.read().revision == 1


@pytest.mark.parametrize("version", [0, -1, 2, 99, 10**30])
def test_a_version_that_the_job_never_had_changes_nothing(
    dana: Program, jobs: JobRepository, version: int
) -> None:
    has(jobs, truck="T1")
    for answer in (
        dana.patch(f"jobs/{ID}", {"truck": "T2", "version": version}),
        dana.put(f"jobs/{ID}/crew", {"driver": "joel", "version": version}),
    ):
        assert is_problem(answer, 422)
        assert answer.json()["field"] == "version"
    assert jobs.read().revision == 1


def test_a_window_and_notes_may_be_taken_away(dana: Program, jobs: JobRepository) -> None:
    has(jobs, access_notes="Gate")
    dana.patch(f"jobs/{ID}", {"window": {"date": "2026-05-23", "name": "morning"}})
    job = dana.patch(f"jobs/{ID}", {"window": None, "access_notes": None}).json()
    assert (job["window"], job["access_notes"]) == (None, "")


def test_a_move_says_what_it_saw(joel: Program, jobs: JobRepository) -> None:
    has(jobs, status=Status.BOOKED)
    moved = joel.post(f"jobs/{ID}/status", {"status": "started", "expected": "booked"})
    assert (moved.status_code, moved.json()["status"]) == (200, "in_progress")
    late = joel.post(f"jobs/{ID}/status", {"status": "done", "expected": "booked"})
    assert is_problem(late, 409)
    assert late.json()["job"]["status"] == "in_progress"
    assert "Joel has moved this job" in late.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "booked"}, "reason"),
        ({"status": "cancelled", "reason": "x"}, "status"),
        ({"status": "in_progress"}, "status"),
        ({"status": "lost"}, "status"),
        ({}, "status"),
        ({"status": "completed", "expected": "x"}, "expected"),
        ({"status": "completed", "reason": "x" * 501}, "reason"),
    ],
)
def test_an_illegal_move_changes_nothing(
    joel: Program, jobs: JobRepository, body: Any, field: str
) -> None:
    has(jobs, status=Status.IN_PROGRESS)
    answer = joel.post(f"jobs/{ID}/status", body)
    assert is_problem(answer, 422)
    assert answer.json()["field"] == field
    assert jobs.read().revision == 1


def test_the_crew_is_assigned_by_role(dana: Program, jobs: JobRepository) -> None:
    has(jobs, crew=Crew(driver="joel", first_mate="ana"))
    crew = dana.put(f"jobs/{ID}/crew", {"driver": "ana", "first_mate": None}).json()["crew"]
    assert crew == {"driver": "ana", "first_mate": None, "supervisor": None}


def test_who_cannot_be_driver_is_not_and_it_says_why(dana: Program, jobs: JobRepository) -> None:
    has(jobs)
    answer = dana.put(f"jobs/{ID}/crew", {"driver": "dana"})
    assert is_problem(answer, 409)
    assert "Joel, Ana" in answer.json()["detail"]


def test_a_note_is_added(joel: Program, jobs: JobRepository) -> None:
    has(jobs)
    answer = joel.post(f"jobs/{ID}/notes", {"text": " Two couches\n"})
    note = {"at": "2026-05-22T19:00:00Z", "by": "joel", "text": "Two couches"}
    assert (answer.status_code, answer.json()) == (201, {"note": note, "version": 2})
    assert joel.post(f"jobs/{ID}/notes", {"text": " "}).json()["field"] == "text"


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("post", "jobs", MARK, "dispatcher"),
        ("patch", f"jobs/{ID}", {"truck": "T"}, "dispatcher"),
        ("put", f"jobs/{ID}/crew", {"driver": "joel"}, "dispatcher"),
        ("post", f"jobs/{ID}/status", {"status": "done"}, "crew"),
        ("post", f"jobs/{ID}/notes", {"text": "x"}, "crew"),
    ],
)
def test_each_call_needs_its_rank(
    dana: Program,
    joel: Program,
    vic: Program,
    jobs: JobRepository,
    method: str,
    path: str,
    body: Any,
    needed: str,
) -> None:
    has(jobs, status=Status.BOOKED)
    assert is_problem(getattr(Program(), method)(path, body), 401)
    assert is_problem(getattr(vic, method)(path, body), 403)
    if needed == "dispatcher":
        assert is_problem(getattr(joel, method)(path, body), 403)
    assert jobs.read().revision == 1
    assert getattr(dana if needed == "dispatcher" else joel, method)(path, body).status_code < 300


def test_a_change_of_an_unknown_job_is_404(dana: Program) -> None:
    assert is_problem(dana.patch("jobs/nope", {}), 404)
    assert is_problem(dana.put("jobs/nope/crew", {"driver": "joel"}), 404)
    assert is_problem(dana.post("jobs/nope/status", {"status": "done"}), 404)
    assert is_problem(dana.post("jobs/nope/notes", {"text": "x"}), 404)
