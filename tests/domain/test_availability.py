"""Availability by day, window and role, and assignments that became impossible since."""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dispatch.domain.availability import (
    INSISTED,
    NOWHERE,
    NotAvailable,
    Overfull,
    away,
    back,
    clashes,
    driving,
    free,
    free_in,
    is_free,
    jobs_of,
    not_available,
    overfull,
    taken_off,
)
from dispatch.domain.business import WindowOffer
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import AS_ALWAYS, Availability, Member, Roster
from dispatch.domain.status import Status
from dispatch.explain import clash_text, unavailable_text
from tests.making import BUSINESS, LARGE, NOON, is_away, make_job, make_member, seconds

SATURDAY = date(2026, 5, 23)
SUNDAY = date(2026, 5, 24)
MORNING = Window(date=SATURDAY, name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=SATURDAY, name="afternoon", start="12:00", end="16:00")
MONDAY = date(2026, 5, 25)
EVENING = WindowOffer(name="evening", label="Evening", start="16:00", end="20:00", days="sat-sun")
EVENINGS = replace(BUSINESS, windows=(*BUSINESS.windows, EVENING))
FULL = 4  # places of one driver in a window, as the business has it


def on_saturday(**entry: Any) -> Member:
    return make_member("joel", availability={SATURDAY: Availability(**entry)})


def booked(number: int, **fields: Any) -> Job:
    token = f"token-{number:02}-xxxxxxxxxxxxxxxx"
    fields = {"status": Status.BOOKED, "window": MORNING} | fields
    return make_job(id=f"job-{number}", tracking_token=token, **fields)


def book_of(*jobs: Job) -> JobBook:
    return JobBook().put(*jobs)


def joels_morning(jobs: int, **fields: Any) -> JobBook:
    return book_of(*(booked(number, crew=Crew(driver="joel"), **fields) for number in range(jobs)))


@pytest.mark.parametrize(
    ("member", "role", "window", "is_so"),
    [
        (make_member(), "driver", MORNING, True),
        (make_member(), "supervisor", MORNING, False),
        (make_member(active=False), "driver", MORNING, False),
        (on_saturday(windows=()), "driver", MORNING, False),
        (on_saturday(windows=()), "driver", replace(MORNING, date=SUNDAY), True),
        (on_saturday(windows=("morning",)), "driver", MORNING, True),
        (on_saturday(windows=("morning",)), "driver", AFTERNOON, False),
        (on_saturday(roles=("first_mate",)), "driver", MORNING, False),
        (on_saturday(roles=("first_mate",)), "first_mate", MORNING, True),
        (on_saturday(roles=("supervisor",)), "supervisor", MORNING, False),
        (on_saturday(), "driver", MORNING, True),
    ],
)
def test_who_is_free(member: Member, role: str, window: Window, is_so: bool) -> None:
    assert is_free(member, role, window) is is_so


# --- days off -----------------------------------------------------------------------------

ONLY_DRIVER, ONLY_MATE = Availability(roles=("driver",)), Availability(roles=("first_mate",))


MORNINGS = Availability(("morning",))
MORNINGS_DRIVER = Availability(("morning",), ("driver",))


def off(*windows: str, but_as: Collection[str] = ()) -> Callable[[Member], Member]:
    return lambda member: away(member, BUSINESS, SATURDAY, windows, but_as=but_as)


def again(*windows: str) -> Callable[[Member], Member]:
    return lambda member: back(member, BUSINESS, SATURDAY, windows)


@pytest.mark.parametrize(
    ("known", "change", "left"),
    [
        (AS_ALWAYS, off(), Availability(())),
        (AS_ALWAYS, off("morning"), Availability(("afternoon",))),
        (AS_ALWAYS, off("morning", "afternoon"), Availability(())),
        (MORNINGS, off("morning"), Availability(())),
        (MORNINGS, off("afternoon"), MORNINGS),
        (ONLY_DRIVER, off("morning"), Availability(("afternoon",), ("driver",))),
        (AS_ALWAYS, off(but_as=["first_mate"]), ONLY_MATE),
        (AS_ALWAYS, off(but_as=["first_mate", "driver"]), AS_ALWAYS),  # all that Joel can be
        (AS_ALWAYS, off(but_as=["supervisor"]), Availability(roles=("supervisor",))),
        (MORNINGS, off(but_as=["driver"]), MORNINGS_DRIVER),
        (Availability(()), off(but_as=["driver"]), ONLY_DRIVER),
        (ONLY_DRIVER, off(but_as=["first_mate"]), ONLY_MATE),
        (ONLY_DRIVER, off(but_as=["driver", "first_mate"]), AS_ALWAYS),
        (Availability(()), again(), AS_ALWAYS),
        (Availability(()), again("morning"), MORNINGS),
        (Availability(()), again("afternoon", "morning"), AS_ALWAYS),
        (MORNINGS, again("afternoon"), AS_ALWAYS),
        (MORNINGS_DRIVER, again(), AS_ALWAYS),
        (Availability((), ("driver",)), again("morning", "afternoon"), ONLY_DRIVER),
        (AS_ALWAYS, again("morning"), AS_ALWAYS),
    ],
)
def test_a_day_off_takes_windows_away_or_leaves_some_roles_and_being_back_mends_it(
    known: Availability, change: Callable[[Member], Member], left: Availability
) -> None:
    assert change(make_member().with_day(SATURDAY, known)).on(SATURDAY) == left


def test_days_are_kept_in_their_order_and_a_day_as_always_needs_no_entry() -> None:
    """A day when the business is closed can be a day off too."""
    member = away(away(make_member(), BUSINESS, SUNDAY), BUSINESS, SATURDAY)
    assert list(member.availability) == [SATURDAY, SUNDAY]
    assert is_away(member, SUNDAY)
    assert list(back(member, BUSINESS, SATURDAY).availability) == [SUNDAY]


@pytest.mark.parametrize(
    ("windows", "left"),
    [
        (["evening"], ("morning", "afternoon")),
        (["morning", "afternoon"], ("evening",)),
        (["morning", "afternoon", "evening"], ()),
        ([], ()),
    ],
)
def test_who_is_away_in_a_window_that_is_not_offered_then_cannot_be_given_it(
    windows: list[str], left: tuple[str, ...]
) -> None:
    """A dispatcher may agree to any window on any day."""
    member = away(make_member(), EVENINGS, MONDAY, windows)
    assert member.on(MONDAY) == Availability(left)
    agreed = EVENINGS.agreed_window(MONDAY, "evening")
    assert agreed
    assert is_free(member, "driver", agreed) is ("evening" in left)
    assert back(member, EVENINGS, MONDAY, windows).availability == {}


# --- as it is stored ----------------------------------------------------------------------


def test_days_survive_being_written_and_read_and_older_rosters_have_none() -> None:
    member = away(make_member(), BUSINESS, SATURDAY, ["morning"])
    body = Roster().put(member).encode()
    days = b'"availability":{"2026-05-23":{"windows":["afternoon"]}}'
    assert Roster.decode(body).member("joel") == member
    assert Roster.decode(body.replace(b"," + days, b"")).member("joel").availability == {}


def test_fields_of_a_day_that_we_do_not_know_survive() -> None:
    body = Roster().put(on_saturday(windows=())).encode()
    body = body.replace(b'{"windows":[]}', b'{"windows":[], "x_why": {"no":  7.10}}')
    roster = Roster.decode(body)
    member = back(roster.member("joel"), BUSINESS, SATURDAY, ["morning"])
    written = roster.changed(away(member, BUSINESS, SUNDAY), NOON).encode()
    days = msgspec.json.decode(written)["members"][0]["availability"]
    assert days["2026-05-23"] == {"windows": ["morning"], "x_why": {"no": 7.1}}
    assert b'"x_why":{"no":  7.10}' in written


# --- why somebody cannot take a role -------------------------------------------------------

ROSTER = Roster().put(
    make_member("joel", name="Joel Ramirez"),
    make_member("ana"),
    make_member("pete", active=False),
    away(make_member("bo"), BUSINESS, SATURDAY, ["morning"]),
    make_member("kim").with_day(SATURDAY, Availability(roles=("first_mate",))),
    make_member("vic", roles=()),
)


def refusal(username: str, book: JobBook | None = None, **fields: Any) -> NotAvailable | None:
    job = booked(99, **fields)
    return not_available(ROSTER, book or book_of(job), BUSINESS, job, "driver", username)


@pytest.mark.parametrize(
    ("username", "fields", "text"),
    [
        ("joel", {}, ""),
        ("bo", {"window": AFTERNOON}, ""),
        ("bo", {"window": None}, ""),
        ("bo", {"status": Status.COMPLETED}, ""),
        ("bo", {}, "Bo is away on Sat, May 23 (Morning). Who is free: Ana, Joel Ramirez."),
        ("kim", {}, "Kim does not work as driver on that day. Who is free: Ana, Joel Ramirez."),
        ("vic", {}, "Vic cannot work as driver. Who is free: Ana, Joel Ramirez."),
        ("pete", {}, "Pete has left the crew. Who is free: Ana, Joel Ramirez."),
        ("zoe", {}, "Nobody called zoe is on the roster. Who is free: Ana, Joel Ramirez."),
        (
            "vic",
            {"window": None},
            "Vic cannot work as driver. Who can: Ana, Bo, Joel Ramirez, Kim.",
        ),
    ],
)
def test_why_somebody_cannot_drive(username: str, fields: dict[str, Any], text: str) -> None:
    found = refusal(username, **fields)
    assert (unavailable_text(found, ROSTER, BUSINESS) if found else "") == text
    assert not (found and found.insistable)


def test_a_full_window_is_refused_unless_somebody_insists() -> None:
    book = joels_morning(FULL)
    assert refusal("joel", joels_morning(FULL - 1)) is None
    assert not_available(ROSTER, book, BUSINESS, book.job("job-0"), "driver", "joel") is None
    found = refusal("joel", book)
    assert found
    assert found.insistable
    text = "Joel Ramirez on Sat, May 23 (Morning) is full: 4 of 4 places are taken,"
    text += " and this would be 1 too many. Who is free: Ana."
    assert unavailable_text(found, ROSTER, BUSINESS) == text
    found.instead = ()
    assert unavailable_text(found, ROSTER, BUSINESS).endswith("Who is free: nobody.")


def test_a_driver_has_places_as_a_day_has_and_a_load_takes_its_own() -> None:
    """Two full loads fill him; beside a full one and a half there is no room for another full."""

    def why(book: JobBook, load: str, role: str = "driver") -> NotAvailable | None:
        return not_available(ROSTER, book, LARGE, booked(99, load=load), role, "joel")

    assert why(joels_morning(1, load="full"), "full") is None
    full, large = why(joels_morning(2, load="full"), "half"), joels_morning(1, load="full")
    assert full
    assert (full.taken, full.needed) == (4, 1)
    large = large.put(booked(1, crew=Crew(driver="joel"), load="half"))
    assert why(large, "half") is None
    assert why(large, "full", "first_mate") is None
    found = why(large, "full")
    assert found
    text = "Joel Ramirez on Sat, May 23 (Morning) has too little room for it: 3 of 4 places are"
    text += " taken, and this would be 1 too many. Who is free: Ana."
    assert unavailable_text(found, ROSTER, LARGE) == text


def test_who_has_a_place_left_is_free_though_not_for_a_load_of_two() -> None:
    book = joels_morning(1, load="full").put(booked(1, crew=Crew(driver="joel"), load="half"))
    load = driving(book, LARGE)
    assert load["joel", SATURDAY, "morning"] == 3
    for needed, drivers in (1, ["ana", "joel"]), (2, ["ana"]):
        found = free_in(MORNING, "driver", ROSTER, load, LARGE, needed)
        assert [member.username for member in found] == drivers
    both = free(ROSTER, joels_morning(2, load="full"), LARGE, SATURDAY, SATURDAY)[SATURDAY]
    assert [member.username for member in both["morning"]["driver"]] == ["ana"]
    assert [member.username for member in both["morning"]["first_mate"]] == ["ana", "joel", "kim"]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Status.COMPLETED},
        {"status": Status.CANCELLED},
        {"window": AFTERNOON},
        {"window": replace(MORNING, date=SUNDAY)},
        {"window": None},
        {"crew": Crew(driver="ana", first_mate="joel")},
    ],
)
def test_only_open_jobs_that_joel_drives_in_that_window_fill_it(fields: dict[str, Any]) -> None:
    other = booked(3, **{"crew": Crew(driver="joel")} | fields)
    assert refusal("joel", joels_morning(FULL - 1).put(other)) is None


# --- what became impossible ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("crew", "fields", "texts"),
    [
        (Crew(driver="joel", first_mate="ana"), {}, []),
        (Crew(driver="bo"), {}, ["Bo is away on Sat, May 23 (Morning)."]),
        (Crew(driver="bo"), {"window": AFTERNOON}, []),
        (Crew(driver="bo"), {"status": Status.COMPLETED}, []),
        (
            Crew(driver="pete", first_mate="vic"),
            {"window": None},
            ["Pete has left the crew.", "Vic cannot work as first mate."],
        ),
    ],
)
def test_what_keeps_a_crew_from_its_job(
    crew: Crew, fields: dict[str, Any], texts: list[str]
) -> None:
    assert against(booked(1, crew=crew, **fields)) == texts


def against(job: Job, late: Overfull = NOWHERE) -> list[str]:
    found = clashes(job, ROSTER, late)
    return [clash_text(clash, job.window, ROSTER, BUSINESS) for clash in found]


def moved_in(window: Window = MORNING, load: str = "", **assigned: Any) -> Job:
    """Older than all of Joel's morning, but his, and then in that window, only later."""
    job = booked(9, window=AFTERNOON, load=load, created_at=NOON - seconds(600))
    job = job.assigned(Crew(driver="joel"), by="dana", at=NOON + seconds(60), **assigned)
    return job.edited({"window": window}, by="dana", at=NOON + seconds(120))


def test_a_job_that_came_to_a_full_window_is_one_too_many() -> None:
    book = joels_morning(FULL).put(moved_in())
    found = overfull(book, BUSINESS)
    assert found == {"job-9": FULL + 1}
    assert against(book.job("job-9"), found) == [
        "Joel Ramirez has too much on Sat, May 23 (Morning): 5 of 4 places are taken."
    ]
    assert against(book.job("job-0"), found) == []


def test_a_load_of_two_places_is_too_much_where_one_is_left() -> None:
    """Fewer jobs than places, and the one that came last is told of."""
    book = joels_morning(3).put(moved_in(load="full"))
    assert overfull(book, BUSINESS) == {}
    assert overfull(book, LARGE) == {"job-9": 5}


def test_a_load_that_has_grown_is_the_one_too_many() -> None:
    """Though another came last, knowingly."""
    insisted = booked(9).assigned(Crew(driver="joel"), by="dana", at=NOON, reason=INSISTED)
    book = joels_morning(FULL - 1).put(insisted)
    assert overfull(book, LARGE) == {}
    grown = book.job("job-0").edited({"load": "full"}, by="dana", at=NOON + seconds(60))
    assert overfull(book.put(grown), LARGE) == {"job-0": FULL + 1}


def test_who_is_away_is_not_also_overfull() -> None:
    book = book_of(*(booked(number, crew=Crew(driver="bo")) for number in range(FULL + 1)))
    found = overfull(book, BUSINESS)
    assert against(book.job("job-4"), found) == ["Bo is away on Sat, May 23 (Morning)."]


@pytest.mark.parametrize(
    "change",
    [
        {"window": AFTERNOON},
        {"window": None},
        {"status": Status.COMPLETED},
        {"crew": Crew(driver="ana", first_mate="joel")},
    ],
)
def test_a_window_with_a_job_less_is_not_overfull(change: dict[str, Any]) -> None:
    book = joels_morning(FULL).put(moved_in())
    assert overfull(book.put(replace(book.job("job-0"), **change)), BUSINESS) == {}


def test_what_a_dispatcher_insisted_on_is_no_clash_in_that_window() -> None:
    job = booked(9).assigned(Crew(driver="joel"), by="dana", at=NOON, reason=INSISTED)
    helped = job.assigned(Crew(driver="joel", first_mate="ana"), by="dana", at=NOON + seconds(60))
    assert overfull(joels_morning(FULL).put(helped), BUSINESS) == {}
    elsewhere = joels_morning(FULL).put(moved_in(reason=INSISTED))
    assert overfull(elsewhere, BUSINESS).keys() == {"job-9"}


# --- sick today ----------------------------------------------------------------------------


def test_a_sick_members_open_jobs_of_the_day_lose_him_and_nobody_else() -> None:
    kept = [
        booked(1, crew=Crew(driver="ana")),
        booked(2, crew=Crew(driver="joel"), status=Status.COMPLETED),
        booked(3, crew=Crew(driver="joel"), window=replace(MORNING, date=SUNDAY)),
        booked(4, crew=Crew(driver="joel"), window=None),
    ]
    book = book_of(
        *kept,
        booked(5, crew=Crew(driver="joel", first_mate="ana")),
        booked(6, crew=Crew(driver="ana", first_mate="joel"), window=AFTERNOON),
    )
    assert [job.id for job in jobs_of(book, "joel", SATURDAY)] == ["job-5", "job-6"]
    after = taken_off(book, "joel", SATURDAY, by="dana", at=NOON + seconds(60))
    assert after.job("job-5").crew == Crew(first_mate="ana")
    assert after.job("job-6").crew == Crew(driver="ana")
    assert [after.job(job.id) for job in kept] == kept
    event = after.job("job-5").history[-1]
    assert (event.what, event.by, event.reason) == ("assigned", "dana", "sick")
    assert after.job("job-5").version == book.job("job-5").version + 1
    assert taken_off(book, "pete", SATURDAY, by="dana", at=NOON) is book
