"""The week by driver and window, and jobs given another time and another driver."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

import dispatch.jobs
import dispatch.roster
from dispatch import overrides
from dispatch.domain.availability import INSISTED
from dispatch.domain.job import Crew, Job, Window
from dispatch.domain.status import Status
from dispatch.roster import Days
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import BUSINESS, DANA, LARGE, NOON, FakeClock, make_job, make_member, unavailable
from tests.web.pages import text, words

PAGE = "/dashboard/schedule/"
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 5, day) for day in (22, 23, 24, 25))
MORNING, AFTERNOON = BUSINESS.windows_on(SATURDAY)
JOELS = Crew(driver="joel")


@pytest.fixture(autouse=True)
def crew(roster: RosterRepository) -> None:
    """Joel and Ana drive."""


def put(jobs: JobRepository, *names: str, **fields: Any) -> list[Job]:
    """A job each, on Saturday morning."""
    made = [
        make_job(
            **{
                "id": name.lower(),
                "tracking_token": "",
                "customer_name": name,
                "status": Status.BOOKED,
                "window": MORNING,
                **fields,
            }
        )
        for name in names
    ]
    jobs.change(lambda book: book.put(*made))
    return made


def row(page: Any, driver: str) -> str:
    """The words of one row of the table."""
    rows = re.findall(r"<tr>(.*?)</tr>", text(page), re.DOTALL)
    (found,) = (each for each in rows[1:] if driver in each.partition("</th>")[0])
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def place(client: Client, *ids: str, to: str, **fields: Any) -> Any:
    sent = {"job": [each if "/" in each else f"{each}/1" for each in ids], "to": to, "key": "k"}
    return client.post(f"{PAGE}place", sent | fields)


def job(jobs: JobRepository, name: str = "mark") -> Job:
    return jobs.read().job(name)


# --- what it shows -----------------------------------------------------------------------


def test_jobs_without_a_driver_stand_on_top_and_each_drivers_in_their_row(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark")
    put(jobs, "Nancy", crew=JOELS)
    put(jobs, "Oscar", window=None)
    page = dana.get(PAGE)
    assert "Schedule, Mon, May 18 – Sun, May 24" in words(page)
    assert "Mark" in row(page, "No driver yet")
    assert "Nancy" in row(page, "Joel")
    assert "Mark" not in row(page, "Joel")
    assert "No time agreed yet Oscar" in words(page)
    positions = [text(page).index(f">{who}<") for who in ("Oscar", "No driver yet", "Ana", "Joel")]
    assert positions == sorted(positions)


def test_free_places_and_excess_are_said_in_figures(dana: Client, jobs: JobRepository) -> None:
    put(jobs, *"abcde", crew=JOELS)
    page = dana.get(PAGE)
    assert "Sat, May 23 Morning 3 of 8 free Afternoon 8 of 8 free" in words(page)
    assert "Morning 5/4" in row(page, "Joel")
    assert 'class="slot over"' in text(page)
    put(jobs, *"fghij")
    assert "Morning 2 too many" in words(dana.get(PAGE))


def test_a_drivers_row_goes_by_places_as_the_days_head_does(
    dana: Client, jobs: JobRepository
) -> None:
    small = replace(LARGE, jobs_per_window=2, trucks=1)
    put(jobs, "Mark", crew=JOELS, load="full")
    put(jobs, "Nancy")
    with override_settings(BUSINESSES=(small,)):
        page = dana.get(PAGE)
        assert "Sat, May 23 Morning 1 too many" in words(page)
        assert "Morning 2/2 Mark" in row(page, "Joel")
        refused = place(dana, "nancy", to="2026-05-23 morning joel")
    said = "Joel on Sat, May 23 (Morning) is full: 2 of 2 places are taken, and this would be"
    assert f"Nancy : {said} 1 too many. Who is free: Ana." in words(refused)


def test_a_drivers_row_counts_what_only_dispatchers_see_too(
    joel: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark", crew=Crew(driver="ana"))
    put(jobs, "Nancy", crew=Crew(driver="ana", first_mate="joel"))
    assert "Morning 2/4 Nancy" in row(joel.get(PAGE), "Ana")


def test_days_off_sundays_and_holidays_are_marked(dana: Client) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY, windows=("morning",)))
    with override_settings(BUSINESSES=(replace(BUSINESS, closed=(FRIDAY,)),)):
        page = dana.get(PAGE)
    assert "Fri, May 22 Closed" in words(page)
    assert "Sun, May 24 Day off" in words(page)
    assert "free only in the afternoon" in row(page, "Joel")
    assert "Morning 4 of 4 free" in words(page)


def test_a_day_off_is_printed_where_it_has_a_job_all_the_same(
    dana: Client, jobs: JobRepository
) -> None:
    assert "Sun, May 24 Day off Print" not in words(dana.get(PAGE))
    put(jobs, "Mark", window=BUSINESS.agreed_window(SUNDAY, "morning"))
    page = dana.get(PAGE)
    assert "Sun, May 24 Day off Print" in words(page)
    assert 'href="/dashboard/day/sheet?date=2026-05-24"' in text(page)


def test_what_is_booked_in_a_window_that_was_closed_is_too_many(
    dana: Client, jobs: JobRepository
) -> None:
    overrides.limit(BUSINESS, SATURDAY, "morning", 0, by=DANA)
    assert "Sat, May 23 Afternoon 8 of 8 free" in words(dana.get(PAGE))
    put(jobs, "Mark", "Nancy")
    assert "Sat, May 23 Morning 2 too many Afternoon 8 of 8 free" in words(dana.get(PAGE))
    overrides.close(BUSINESS, SATURDAY, by=DANA)
    assert "Sat, May 23 Closed" in words(dana.get(PAGE))


def test_of_days_that_are_over_no_places_are_said(dana: Client) -> None:
    page = words(dana.get(PAGE))
    assert "Thu, May 21 Morning Afternoon Print" in page
    assert "Fri, May 22 Morning 8 of 8 free" in page


def test_nothing_goes_into_a_window_that_the_business_no_longer_has(
    dana: Client, jobs: JobRepository
) -> None:
    night = Window(date=SATURDAY, name="night", start="20:00", end="23:00")
    put(jobs, "Mark", window=night)
    page = dana.get(PAGE)
    assert "Night Mark" in row(page, "No driver yet")
    assert 'value="2026-05-23 morning -"' in text(page)
    assert 'value="2026-05-23 night -"' not in text(page)


def test_each_here_says_where(dana: Client) -> None:
    page = text(dana.get(PAGE))
    assert 'aria-label="Here: No driver yet, Sat, May 23, Morning"' in page
    assert 'aria-label="Here: Joel, Sat, May 23, Morning"' in page


def test_the_week_of_any_day_and_those_beside_it(dana: Client, jobs: JobRepository) -> None:
    put(jobs, "Mark", window=BUSINESS.window(date(2026, 6, 3), "morning"))
    assert "Mark" not in words(dana.get(PAGE))
    page = dana.get(f"{PAGE}?from=2026-06-01")
    assert "Mark" in words(page)
    assert 'href="/dashboard/schedule/?from=2026-05-25"' in text(page)
    assert 'href="/dashboard/schedule/?from=2026-06-08"' in text(page)


@pytest.mark.parametrize("wrong", ["yesterday", "2026-02-30", "9999-01-01", "<b>"])
def test_a_week_that_is_none_is_said_and_this_one_shown(dana: Client, wrong: str) -> None:
    page = dana.get(PAGE, {"from": wrong})
    assert f"There is no week that begins on “{wrong}”" in words(page)
    assert "Mon, May 18" in words(page)
    assert "<b>" not in text(page)


def test_what_was_done_stays_in_its_week_and_cannot_be_moved(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark", window=BUSINESS.window(FRIDAY, "morning"), crew=JOELS)
    dispatch.jobs.move(BUSINESS, "mark", Status.COMPLETED, by=DANA)
    put(jobs, "Nancy", window=BUSINESS.window(FRIDAY, "morning"), status=Status.CANCELLED)
    page = dana.get(PAGE)
    assert "Mark Completed" in row(page, "Joel")
    assert "Nancy" not in words(page)
    assert 'value="mark/' not in text(page)


@pytest.mark.parametrize("later", [0, 2, 6])
def test_a_job_stands_in_the_week_of_its_window_whenever_it_was_finished(
    dana: Client, jobs: JobRepository, later: int
) -> None:
    """On a Saturday, the Monday after, and the first of May, in the archive of another month."""
    saturday = date(2026, 4, 25)
    finished = saturday + timedelta(days=later)
    put(
        *(jobs, "Mark"),
        window=BUSINESS.window(saturday, "morning"),
        status=Status.COMPLETED,
        crew=JOELS,
        finished_at=BUSINESS.days(finished, finished)[0],
    )
    Archiver(jobs).archive(FRIDAY)
    assert "Mark Completed" in row(dana.get(f"{PAGE}?from=2026-04-20"), "Joel")
    assert "Mark" not in words(dana.get(f"{PAGE}?from=2026-04-27"))


def test_what_was_done_before_its_week_begins_stands_there_already(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark", window=BUSINESS.window(MONDAY, "morning"), crew=JOELS)
    dispatch.jobs.move(BUSINESS, "mark", Status.COMPLETED, by=DANA)
    assert "Mark Completed" in row(dana.get(f"{PAGE}?from={MONDAY}"), "Joel")


def test_a_window_of_a_day_that_has_none_and_a_driver_who_has_left_are_shown_too(
    dana: Client, jobs: JobRepository
) -> None:
    sunday = BUSINESS.agreed_window(SUNDAY, "morning")
    put(jobs, "Mark", window=sunday, crew=Crew(driver="lee"))
    assert "Morning 1 Mark" in row(dana.get(PAGE), "lee")


def test_crew_see_their_own_and_those_that_nobody_drives_and_move_nothing(
    joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark")
    put(jobs, "Nancy", crew=JOELS)
    put(jobs, "Oscar", crew=Crew(driver="ana"))
    page = joel.get(PAGE)
    assert ("Mark" in words(page), "Nancy" in words(page), "Oscar" in words(page)) == (1, 1, 0)
    assert 'type="checkbox"' not in text(page)
    assert "Oscar" in words(vic.get(PAGE))
    assert place(joel, "mark", to="2026-05-23 morning joel").status_code == 403


# --- giving a job another place ----------------------------------------------------------


def test_a_job_is_given_another_day_window_and_driver_in_one_go(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark", "Nancy")
    answer = place(dana, "mark", "nancy", to="2026-05-25 afternoon joel", **{"from": "2026-05-18"})
    assert answer.headers["Location"] == f"{PAGE}?from=2026-05-18"
    assert "2 jobs: Mon, May 25 (Afternoon), Joel." in words(dana.get(PAGE))
    for name in ("mark", "nancy"):
        moved = job(jobs, name)
        assert (moved.window, moved.crew.driver) == (BUSINESS.window(MONDAY, "afternoon"), "joel")
    place(dana, "mark/3", to="2026-05-25 afternoon -", key="another")
    assert job(jobs).crew.driver is None


def test_sent_twice_it_is_done_once(dana: Client, jobs: JobRepository) -> None:
    put(jobs, "Mark")
    for _ in range(2):
        assert place(dana, "mark", to="2026-05-25 morning joel").status_code == 303
    assert job(jobs).version == 3


def test_another_driver_leaves_the_hours_that_were_agreed(
    dana: Client, jobs: JobRepository
) -> None:
    early = Window(date=SATURDAY, name="morning", start="07:00", end="08:00")
    put(jobs, "Mark", window=early)
    place(dana, "mark", to="2026-05-23 morning ana")
    assert (job(jobs).window, job(jobs).crew.driver) == (early, "ana")


def test_a_driver_who_is_away_is_refused_with_who_is_free_and_the_rest_goes_through(
    dana: Client, jobs: JobRepository
) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY))
    put(jobs, "Mark", "Nancy")
    page = place(dana, "mark", to="2026-05-23 morning joel")
    assert page.status_code == 409
    said = "1 could not be done: Mark : Joel is away on Sat, May 23 (Morning). Who is free: Ana."
    assert said in words(page)
    assert 'value="mark/1" aria-label="Mark" checked' in text(page)
    assert "Do it all the same" not in words(page)
    assert job(jobs).crew == Crew()


def test_beyond_what_there_is_room_for_a_dispatcher_insists(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, *"abcd", crew=JOELS)
    put(jobs, "Mark")
    page = place(dana, "mark", to="2026-05-23 morning joel")
    assert "Joel on Sat, May 23 (Morning) is full: 4 of 4 places are taken" in words(page)
    (again,) = re.findall(r'name="insist" value="([^"]*)"', text(page))
    sent = {"job": ["mark/1"], "insist": again, "key": "another"}
    assert dana.post(f"{PAGE}place", sent).status_code == 303
    assert job(jobs).crew.driver == "joel"
    assert job(jobs).history[-1].reason == INSISTED


def test_the_driver_who_has_it_is_asked_for_the_other_window_too(
    dana: Client, jobs: JobRepository
) -> None:
    dispatch.roster.set_away(BUSINESS, "joel", Days(SATURDAY, SATURDAY, windows=("afternoon",)))
    put(jobs, "Mark", crew=JOELS)
    page = place(dana, "mark", to="2026-05-23 afternoon joel")
    assert page.status_code == 409
    assert "Joel is away on Sat, May 23 (Afternoon). Who is free: Ana." in words(page)
    assert "Do it all the same" not in words(page)
    assert (job(jobs).window, job(jobs).version) == (MORNING, 1)


def test_the_driver_who_has_it_goes_beyond_their_places_knowingly(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, *"abcd", crew=JOELS, window=AFTERNOON)
    put(jobs, "Mark", crew=JOELS)
    page = place(dana, "mark", to="2026-05-23 afternoon joel")
    assert "Joel on Sat, May 23 (Afternoon) is full: 4 of 4 places are taken" in words(page)
    sent = {"job": ["mark/1"], "to": "2026-05-23 afternoon joel", "key": "another"}
    for _ in range(2):
        again = {**sent, "insist": sent["to"]}
        assert dana.post(f"{PAGE}place", again).status_code == 303
    moved = job(jobs)
    assert (moved.window, moved.version, moved.history[-1].reason) == (AFTERNOON, 2, INSISTED)


def test_of_two_dispatchers_the_second_is_told_by_whom(dana: Client, jobs: JobRepository) -> None:
    put(jobs, "Mark", "Nancy")
    dispatch.jobs.assign(BUSINESS, "mark", {"driver": "ana"}, by=DANA)
    page = place(dana, "mark", "nancy", to="2026-05-23 morning joel")
    assert page.status_code == 409
    assert "1 job is done. 1 could not be done: Mark : Dana has changed the driver" in words(page)
    assert (job(jobs).crew.driver, job(jobs, "nancy").crew.driver) == ("ana", "joel")


@pytest.mark.parametrize("what", ["driver", "window"])
def test_what_is_to_stay_as_it_was_seen_is_told_where_it_has_not(
    dana: Client, jobs: JobRepository, what: str
) -> None:
    """From Joel's morning to Joel's afternoon, and from there to Ana: others were faster."""
    put(jobs, "Mark", crew=JOELS)
    if what == "driver":
        dispatch.jobs.assign(BUSINESS, "mark", {"driver": "ana"}, by=DANA)
        page = place(dana, "mark", to="2026-05-23 afternoon joel")
    else:
        dispatch.jobs.edit(BUSINESS, "mark", {"window": AFTERNOON}, by=DANA)
        page = place(dana, "mark", to="2026-05-23 morning ana")
    assert page.status_code == 409
    assert f"Mark : Dana has changed the {what} to" in words(page)
    assert job(jobs).version == 2


@pytest.mark.parametrize(
    ("ids", "to", "said"),
    [
        ((), "2026-05-23 morning joel", "Tick a job first"),
        (("mark",), "2026-05-23 evening joel", "There is no such window."),
        (("mark",), "someday morning joel", "That is no date"),
        (("mark",), "2026-05-21 morning joel", "That day is over."),
        (("mark",), "", "That is no date"),
    ],
)
def test_what_says_nothing_is_refused_and_the_ticks_stay(
    dana: Client, jobs: JobRepository, ids: tuple[str, ...], to: str, said: str
) -> None:
    put(jobs, "Mark")
    page = place(dana, *ids, to=to)
    assert page.status_code == 422
    assert said in words(page)
    assert ("checked" in text(page)) is bool(ids)


def test_a_job_that_is_gone_and_versions_that_never_were_are_told(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark")
    page = place(dana, "mark/7", "nobody", to="2026-05-23 morning joel")
    assert "This job never had a version 7" in words(page)
    assert "It is no longer there" in words(page)
    for odd in ("x", "", "0", "-1", "9" * 5000):
        page = place(dana, f"mark/{odd}", to="2026-05-23 morning joel")
        assert (page.status_code, "never had a version" in words(page)) == (409, True)
    assert job(jobs).version == 1


def test_a_job_that_is_ticked_twice_is_one(dana: Client, jobs: JobRepository) -> None:
    put(jobs, "Mark")
    place(dana, "mark", "mark", to="2026-05-23 morning joel")
    assert "1 job: Sat, May 23 (Morning), Joel." in words(dana.get(PAGE))


def test_out_of_reach_the_ticks_stay_and_it_is_sent_under_the_same_key(
    dana: Client, jobs: JobRepository
) -> None:
    put(jobs, "Mark")
    with unavailable(jobs):
        page = place(dana, "mark", to="2026-05-23 morning joel")
    assert page.status_code == 503
    assert 'name="key" value="k"' in text(page)
    assert "checked" in text(page)


# --- somebody is sick --------------------------------------------------------------------


def fall_sick(dana: Client) -> Any:
    return dana.post("/dashboard/crew/joel/sick", follow=True)


def joels_friday(jobs: JobRepository, *names: str, **fields: Any) -> None:
    put(jobs, *names, crew=JOELS, window=BUSINESS.window(FRIDAY, "afternoon"), **fields)


def cover(dana: Client, page: Any, **fields: str) -> Any:
    """Sends the page's form as it stands, but for these fields."""
    sent = dict(re.findall(r'name="(version-[^"]+)" value="([^"]+)"', text(page)))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', text(page), re.S):
        (sent[name],) = re.findall(r'value="([^"]+)" selected', options) or [""]
    return dana.post("/dashboard/crew/joel/cover", sent | {"key": "once"} | fields)


def test_sick_today_leads_to_a_page_where_all_jobs_are_given_to_others_in_one_go(
    dana: Client, jobs: JobRepository
) -> None:
    joels_friday(jobs, "Mark", "Nancy")
    put(jobs, "Oscar", crew=Crew(driver="ana"), window=BUSINESS.window(FRIDAY, "afternoon"))
    page = fall_sick(dana)
    assert "Joel’s jobs of today" in words(page)
    assert "Ana (1 of 4 places taken)" in words(page)
    answer = cover(dana, page)
    assert answer.headers["Location"] == PAGE
    assert "2 jobs have others now." in words(dana.get(PAGE))
    assert {job(jobs, name).crew.driver for name in ("mark", "nancy")} == {"ana"}


def test_who_is_full_or_away_is_not_offered(dana: Client, jobs: JobRepository) -> None:
    joels_friday(jobs, "Mark")
    put(jobs, *"abcd", crew=Crew(driver="ana"), window=BUSINESS.window(FRIDAY, "afternoon"))
    page = fall_sick(dana)
    assert "Nobody is free for it then." in words(page)
    page = cover(dana, page)
    assert page.status_code == 422
    assert "Nobody was chosen: every job stays as it is." in words(page)
    assert job(jobs).crew == Crew()
    assert "Mark" in words(dana.get("/dashboard/crew/joel/cover"))


def test_proposals_fill_nobody_beyond_their_places(dana: Client, jobs: JobRepository) -> None:
    joels_friday(jobs, *"mnop")
    put(jobs, *"ab", crew=Crew(driver="ana"), window=BUSINESS.window(FRIDAY, "afternoon"))
    page = fall_sick(dana)
    assert text(page).count('value="ana" selected') == 2
    assert cover(dana, page).headers["Location"] == "/dashboard/crew/joel/cover"
    assert [job(jobs, name).crew.driver for name in "mnop"] == ["ana", "ana", None, None]


def test_proposals_go_by_the_places_that_a_load_takes(dana: Client, jobs: JobRepository) -> None:
    joels_friday(jobs, *"mno", load="full")
    with override_settings(BUSINESSES=(LARGE,)):
        page = fall_sick(dana)
        assert "Ana (2 of 4 places taken)" in words(page)
        assert cover(dana, page).headers["Location"] == "/dashboard/crew/joel/cover"
    assert [job(jobs, name).crew.driver for name in "mno"] == ["ana", "ana", None]


def test_what_somebody_else_was_faster_with_is_told(dana: Client, jobs: JobRepository) -> None:
    joels_friday(jobs, "Mark", "Nancy")
    page = fall_sick(dana)
    dispatch.jobs.edit(BUSINESS, "mark", {"truck": "T2"}, by=DANA)
    dispatch.roster.set_away(BUSINESS, "ana", Days(FRIDAY, FRIDAY))
    told = cover(dana, page)
    assert told.status_code == 409
    assert "2 could not be done: Mark : Ana is away on Fri, May 22" in words(told)
    assert "Nobody is free for it then." in words(told)


def test_of_two_dispatchers_who_cover_the_same_jobs_the_second_is_told(
    dana: Client, roster: RosterRepository, jobs: JobRepository
) -> None:
    roster.change(lambda known: known.put(make_member("lee")))
    joels_friday(jobs, "Mark", "Nancy")
    page = fall_sick(dana)
    dispatch.jobs.assign(BUSINESS, "mark", {"driver": "ana"}, by=DANA)
    told = cover(dana, page, **{"driver-mark": "lee", "driver-nancy": "lee"})
    assert told.status_code == 409
    assert "Mark : Dana has changed the driver to Ana since you looked." in words(told)
    assert [job(jobs, name).crew.driver for name in ("mark", "nancy")] == ["ana", "lee"]


@pytest.mark.parametrize("version", ["x", "", "9" * 5000])
def test_a_version_to_cover_that_never_was_is_told(
    dana: Client, jobs: JobRepository, version: str
) -> None:
    joels_friday(jobs, "Mark")
    told = cover(dana, fall_sick(dana), **{"version-mark": version})
    assert (told.status_code, "never had a version" in words(told)) == (409, True)
    assert job(jobs).crew == Crew()


def test_a_role_beside_the_driver_is_covered_too(dana: Client, jobs: JobRepository) -> None:
    both = Crew(driver="ana", first_mate="joel")
    put(jobs, "Mark", crew=both, window=BUSINESS.window(FRIDAY, "afternoon"))
    page = fall_sick(dana)
    assert "first mate" in words(page)
    cover(dana, page, **{"first_mate-mark": "ana"})
    assert job(jobs).crew == Crew(driver="ana", first_mate="ana")


def test_nobody_of_the_crew_gives_jobs_away_and_a_stranger_has_no_such_page(
    joel: Client, dana: Client, clock: FakeClock
) -> None:
    assert joel.get("/dashboard/crew/joel/cover").status_code == 403
    assert dana.get("/dashboard/crew/nobody/cover").status_code == 404
    assert "No job of today is left" in words(dana.get("/dashboard/crew/joel/cover"))
    assert clock.now() == NOON


def test_a_large_load_is_covered_before_small_ones_take_its_places(
    dana: Client, jobs: JobRepository, roster: RosterRepository
) -> None:
    """Ana has two places left and Lee one: whatever came back first, both jobs fit."""
    roster.change(lambda known: known.put(make_member("lee")))
    friday = BUSINESS.window(FRIDAY, "afternoon")
    put(jobs, *"ab", crew=Crew(driver="ana"), window=friday)
    put(jobs, *"cde", crew=Crew(driver="lee"), window=friday)
    joels_friday(jobs, "m")
    joels_friday(jobs, "n", load="full")
    with override_settings(BUSINESSES=(LARGE,)):
        cover(dana, fall_sick(dana))
    assert [job(jobs, name).crew.driver for name in "mn"] == ["lee", "ana"]
