"""An answer is given again without Django while it is the same, and not a moment longer."""

import random
import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch import jobs as acts
from dispatch import overrides, roster, wiring
from dispatch.domain.job import Crew, Job
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.http import SiteRequest
from dispatch.jobs.link import UNKNOWN_LINKS, of_link
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags.formats import time_text
from qdn_site import answer_cache
from qdn_site.answer_cache.body import NEW_EACH_TIME
from qdn_site.releases import pages
from tests.answer_cache.conftest import Answer, Door
from tests.making import BUSINESS, DANA, TOKEN, FakeClock, seconds, unavailable
from tests.stores.troubled import InMemory

PAGE, LIVE = f"/track/{TOKEN}", f"/track/{TOKEN}/live"
BOOK, DAY, WEEK = "/book/", "/dashboard/day/", "/dashboard/schedule/"
CREWS = (DAY, WEEK)
BOARD, PART = "/dashboard/board", f"{DAY}part?date=2026-05-22&member=dana"
OURS = "jXkL9m2pQ"


def twice(door: Door, path: str, *who: Client, **asked: str) -> tuple[Answer, Answer]:
    return door.get(path, *who, **asked), door.get(path, *who, **asked)


def timeless(page: bytes) -> bytes:
    return NEW_EACH_TIME.sub(lambda found: found[0].replace(found["value"], b""), page)


def change(jobs: JobRepository, job_id: str = OURS, **fields: object) -> None:
    at = wiring.now()
    jobs.change(lambda book: book.changed(replace(book.job(job_id), **fields), at))


# --- the same again ----------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, BOOK, *CREWS])
def test_a_page_is_given_again_as_django_gives_it(door: Door, dana: Client, path: str) -> None:
    who = (dana,) if path in CREWS else ()
    first, second = twice(door, path, *who)
    assert (first.by_django, second.by_django) == (True, False)
    assert (first.status, second.status) == (200, 200)
    assert timeless(first.content) == timeless(second.content)
    own = ("X-Request-Id", "Content-Length")
    first_said, second_said = (
        {name: value.strip() for name, value in each.headers.items() if name not in own}
        for each in (first, second)
    )
    assert first_said == second_said
    assert int(second.headers["Content-Length"]) == len(second.sent)
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("path", [BOOK, *CREWS])
def test_what_is_never_the_same_twice_is_new(door: Door, dana: Client, path: str) -> None:
    values = [
        {found["value"] for found in NEW_EACH_TIME.finditer(page.content) if not found["clock"]}
        for page in (door.get(path, dana) for _ in range(3))
    ]
    assert all(values)
    assert not (values[0] & values[1] | values[1] & values[2] | values[0] & values[2])


def test_a_form_of_a_page_that_is_given_again_is_taken(door: Door, dana: Client) -> None:
    _first, second = twice(door, WEEK, dana)
    assert not second.by_django
    found = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', second.content)
    assert found
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = dana.cookies
    sent = {"csrfmiddlewaretoken": found[1].decode(), "job": "x/1", "to": ""}
    assert strict.post(f"{WEEK}place", sent).status_code == 422
    assert strict.post(f"{WEEK}place", {**sent, "csrfmiddlewaretoken": "x"}).status_code == 403


def test_a_page_says_the_clock_of_its_own_moment(
    door: Door, dana: Client, clock: FakeClock
) -> None:
    door.get(DAY, dana)
    clock.tick(7)
    second = door.get(DAY, dana)
    assert not second.by_django
    assert f'data-now="{clock.now().isoformat()}"'.encode() in second.content


def test_a_day_without_reception_says_the_minute_in_which_it_came(
    door: Door, dana: Client, clock: FakeClock
) -> None:
    clock.tick(50)
    door.get(DAY, dana)
    clock.tick(15)
    assert f"as of {time_text(clock.now(), BUSINESS)}.".encode() in door.get(DAY, dana).content


def test_a_poll_is_told_that_nothing_is_new(door: Door) -> None:
    etag = door.get(LIVE).headers["ETag"]
    first, second = twice(door, LIVE, If_None_Match=etag)
    assert (first.status, second.status) == (304, 304)
    assert not second.by_django
    assert second.sent == b""
    assert second.headers.keys() == first.headers.keys()
    again = door.get(LIVE)  # by who has nothing
    assert (again.status, again.by_django) == (200, False)


def test_a_poll_gets_what_is_new_without_django(door: Door, jobs: JobRepository) -> None:
    first = door.get(LIVE)
    etag = first.headers["ETag"]
    change(jobs, status=Status.READY_FOR_PICKUP)
    fresh = door.get(f"{LIVE}?r={jobs.read().revision}", If_None_Match=etag)
    assert (fresh.status, fresh.by_django) == (200, False)
    whole = Client().get(LIVE)
    assert fresh.content == whole.content
    assert fresh.headers["ETag"] == whole.headers["ETag"]
    own = {"X-Request-Id", "Content-Length", "ETag"}
    assert fresh.headers.keys() - own == first.headers.keys() - own


def test_a_boards_poll_gets_what_has_changed_without_django(
    door: Door, dana: Client, jobs: JobRepository
) -> None:
    whole = door.get(BOARD, dana)
    asked = f"{BOARD}?r={jobs.read().revision}&since={jobs.read().revision}"
    etag = whole.headers["ETag"]
    unchanged = door.get(asked, dana, If_None_Match=etag)
    assert (unchanged.status, unchanged.by_django) == (304, True)
    assert not door.get(asked, dana, If_None_Match=etag).by_django
    change(jobs, location="9 Changed St")
    fresh = door.get(asked, dana, If_None_Match=etag)
    assert (fresh.status, fresh.by_django) == (200, False)
    assert b"9 Changed St" in fresh.content
    assert b'id="job-other"' in whole.content
    assert b'id="job-other"' not in fresh.content
    assert door.get(BOARD, dana).content != fresh.content, "who asks for all gets all"


@pytest.mark.parametrize("last", ["since=", "since", "since=x", "%73ince=0", "since=%30"])
def test_of_several_numbers_the_last_counts_however_it_is_spelt(
    door: Door, dana: Client, jobs: JobRepository, last: str
) -> None:
    revision = jobs.read().revision
    etag = door.get(f"{BOARD}?{last}", dana).headers["ETag"]
    change(jobs, location="9 Changed St")
    asked = f"{BOARD}?r={revision}&since={revision}&{last}"
    assert b"data-changes" not in door.get(asked, dana, If_None_Match=etag).content


def test_a_stop_with_its_offer_is_kept_too(door: Door, joel: Client, jobs: JobRepository) -> None:
    day = BUSINESS.today(wiring.now())
    for job_id in (OURS, "other"):
        window = next(BUSINESS.windows_on(day))
        change(jobs, job_id, crew=Crew(driver="joel"), window=window, status=Status.IN_PROGRESS)
    first, second = twice(door, DAY, joel)
    assert not second.by_django
    assert timeless(first.content) == timeless(second.content)
    ids = [
        re.findall(rb'data-new name="id" value="(\w+)"', page.content) for page in (first, second)
    ]
    assert len(ids[0]) == len(ids[1]) > 2
    assert not {*ids[0]} & {*ids[1]}
    assert {*Counter(ids[0]).values()} == {2}, "in the form, and in its answer"
    assert [ids[1].index(each) for each in ids[1]] == [ids[0].index(each) for each in ids[0]]


def test_a_drivers_poll_is_told_so_without_django(
    door: Door, joel: Client, jobs: JobRepository
) -> None:
    day = BUSINESS.today(wiring.now())
    path = f"{DAY}part?date={day}&member=joel"
    change(jobs, crew=Crew(driver="joel"), window=next(BUSINESS.windows_on(day)))
    etag = door.get(path, joel).headers["ETag"]
    assert not twice(door, path, joel, If_None_Match=etag)[1].by_django
    change(jobs, "other", location="elsewhere")  # which is none of their stops
    unchanged = door.get(path, joel, If_None_Match=etag)
    assert (unchanged.status, unchanged.by_django) == (304, False)
    change(jobs, access_notes="gate 4")
    fresh = door.get(path, joel, If_None_Match=etag)
    assert (fresh.status, fresh.by_django) == (200, True)
    assert b"gate 4" in fresh.content


def test_a_price_that_is_set_is_offered_from_the_next_poll_on(
    door: Door, joel: Client, jobs: JobRepository
) -> None:
    day = BUSINESS.today(wiring.now())
    change(jobs, crew=Crew(driver="joel"), window=next(BUSINESS.windows_on(day)))
    path = f"{DAY}part?date={day}&member=joel"
    etag = door.get(path, joel).headers["ETag"]
    known = overrides.prices(BUSINESS)
    wanted = {each: (Decimal(777), price) for each, price in known.items() if each.kind == "item"}
    overrides.set_prices(BUSINESS, wanted, by=DANA)
    fresh = door.get(path, joel, If_None_Match=etag)
    assert fresh.status == 200
    assert b"777" in fresh.content


# --- not the same any more ---------------------------------------------------------------


def test_a_change_is_there_at_once(door: Door, jobs: JobRepository) -> None:
    twice(door, PAGE)
    change(jobs, status=Status.CANCELLED)
    page = door.get(PAGE)
    assert page.by_django
    assert b"cancelled" in page.content


def test_of_another_job_a_customers_page_knows_nothing(door: Door, jobs: JobRepository) -> None:
    twice(door, PAGE)
    change(jobs, "other", status=Status.CANCELLED)
    assert not door.get(PAGE).by_django


@pytest.mark.parametrize("path", [BOOK, *CREWS])
def test_others_show_all_jobs(door: Door, dana: Client, jobs: JobRepository, path: str) -> None:
    twice(door, path, dana)
    change(jobs, "other", status=Status.CANCELLED)
    assert door.get(path, dana).by_django


@pytest.mark.parametrize("path", [PAGE, LIVE, BOOK, DAY])
def test_after_a_minute_it_is_made_anew(
    door: Door, dana: Client, clock: FakeClock, path: str
) -> None:
    twice(door, path, dana)
    clock.tick(59)
    assert not door.get(path, dana).by_django
    clock.tick(2)
    assert door.get(path, dana).by_django or path == LIVE


@pytest.mark.parametrize("path", [PAGE, BOOK, *CREWS])
def test_a_clock_that_is_put_back_holds_nothing(
    door: Door, dana: Client, clock: FakeClock, path: str
) -> None:
    door.get(path, dana)
    clock.tick(-3600)
    assert door.get(path, dana).by_django


def test_a_link_that_is_over_or_revoked_shows_nothing(
    door: Door, jobs: JobRepository, clock: FakeClock
) -> None:
    for path in (PAGE, LIVE):
        twice(door, path)
    change(jobs, tracking_token="new" + "x" * 29)
    assert [door.get(path).status for path in (PAGE, LIVE)] == [404, 404]


@pytest.mark.parametrize(
    "done",
    [
        lambda: roster.sign_out_everywhere(BUSINESS, "joel"),
        lambda: roster.deactivate(BUSINESS, "joel"),
        lambda: roster.new_password(BUSINESS, "joel"),
        lambda: roster.change_member(BUSINESS, "joel", lambda it: replace(it, rank=Rank.VIEWER)),
    ],
)
@pytest.mark.parametrize("path", CREWS)
def test_a_session_is_verified_each_time(
    door: Door, joel: Client, path: str, done: Callable[[], object]
) -> None:
    _first, second = twice(door, path, joel)
    assert not second.by_django
    done()
    assert door.get(path, joel).by_django


def test_a_session_ends_when_its_time_is_over(
    door: Door, dana: Client, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice(door, WEEK, dana)
    monkeypatch.setattr(door.cache, "clock", lambda: clock() + 400 * 24 * 3600)
    assert door.get(WEEK, dana).by_django


def test_what_a_dispatcher_sets_holds_at_once(door: Door) -> None:
    twice(door, BOOK)
    overrides.close(BUSINESS, BUSINESS.today(wiring.now() + seconds(48 * 3600)), by=DANA)
    assert door.get(BOOK).by_django


def test_pages_that_are_swapped_are_shown_at_once(door: Door) -> None:
    twice(door, PAGE)
    twice(door, LIVE)
    pages.show({})
    assert door.get(PAGE).by_django
    assert door.get(LIVE).by_django


def test_while_the_storage_is_silent_django_says_so(
    door: Door, jobs: InMemory, clock: FakeClock
) -> None:
    for path in (PAGE, LIVE):
        twice(door, path)
    with unavailable(jobs):
        clock.tick(45)
        assert all(door.get(path).by_django for path in (PAGE, LIVE))


@pytest.mark.parametrize("path", [PAGE, LIVE, DAY])
def test_what_an_outage_made_ends_with_it(
    door: Door, joel: Client, jobs: InMemory, clock: FakeClock, path: str
) -> None:
    door.get(path, joel)
    with unavailable(jobs):
        clock.tick(45)
        assert b"This is how it was at" in door.get(path, joel).content
    clock.tick(3)  # it is asked again
    assert b"This is how it was at" not in door.get(path, joel).content


def test_who_comes_along_is_looked_for_anew(
    door: Door, joel: Client, clock: FakeClock, jobs: JobRepository
) -> None:
    joel.post(f"/dashboard/jobs/{OURS}/eta", {"on_my_way": 1, "minutes": 30})
    etag = door.get(LIVE).headers["ETag"]
    there = {"lat": "32.71571", "lon": "-117.16112"}
    joel.post(f"/dashboard/jobs/{OURS}/position", there)
    assert b"on a map" in door.get(PAGE).content
    fresh = door.get(LIVE, If_None_Match=etag)
    assert (fresh.status, b"on a map" in fresh.content) == (200, True)
    clock.tick(60)
    assert b"1 minute ago" in door.get(LIVE).content.replace(b"\xc2\xa0", b" ")


def test_a_language_that_changes_while_a_poll_is_answered_is_no_error(
    door: Door, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(request: SiteRequest, token: str) -> Job:
        job = of_link(request, token)
        change(jobs, language="es")
        return job

    monkeypatch.setattr("tracking.views.live.of_link", found)
    answers = twice(door, LIVE)
    assert [each.status for each in answers] == [200, 200]
    assert [each.headers["Content-Language"] for each in answers] == ["en", "es"]


def test_a_poll_that_fails_is_djangos(
    door: Door, monkeypatch: pytest.MonkeyPatch, jobs: JobRepository
) -> None:
    twice(door, LIVE)
    change(jobs, location="1 Elsewhere St")
    monkeypatch.setattr("tracking.views.live.find_by_token", lambda *_: 1 / 0)
    assert door.get(LIVE).by_django


def test_a_poll_goes_by_the_revision_that_it_says_itself(door: Door, jobs: InMemory) -> None:
    """Not by that of an earlier one: where jobs were put back, nothing would ever be that new."""
    revision = jobs.read().revision
    door.get(f"{LIVE}?r={revision + 7}")
    loads = jobs.store.loads
    assert not door.get(f"{LIVE}?r={revision}").by_django
    assert jobs.store.loads == loads


def test_who_is_on_the_roster_no_more_is_no_error(
    door: Door, joel: Client, caplog: pytest.LogCaptureFixture
) -> None:
    door.get(BOARD, joel)
    wiring.roster(BUSINESS).change(lambda known: known.without({"joel"}))
    assert door.get(BOARD, joel).status == 401
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# --- somebody else's ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"Host": "another.localhost"},
        {"Accept-Language": "es"},
        {"Cookie": "csrftoken=another"},
        {"METHOD": "HEAD"},
        {"METHOD": "POST"},
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "agzip"},
        {"Content-Length": "3"},
    ],
)
@pytest.mark.parametrize("path", [PAGE, BOOK])
def test_who_asks_otherwise_is_somebody_else(door: Door, path: str, other: dict[str, str]) -> None:
    twice(door, path)
    assert door.get(path, **other).by_django


@pytest.mark.parametrize("path", [f"{PAGE}?language=es", f"{PAGE}?r=1", f"{BOOK}?x=1"])
def test_the_address_counts(door: Door, path: str) -> None:
    twice(door, path.partition("?")[0])
    assert door.get(path).by_django


def test_members_see_their_own(door: Door, dana: Client, joel: Client) -> None:
    twice(door, DAY, dana)
    assert door.get(DAY, joel).by_django
    assert door.get(DAY).status == 302


def test_another_phone_has_other_maps(door: Door, joel: Client) -> None:
    twice(door, DAY, joel)
    assert door.get(DAY, joel, User_Agent="iPhone").by_django


def test_who_guesses_at_links_learns_nothing_from_anothers_page(door: Door) -> None:
    twice(door, PAGE)
    for number in range(UNKNOWN_LINKS.most):
        door.get(f"/track/{number:032}", ADDRESS="203.0.113.5")
    assert door.get(PAGE, ADDRESS="203.0.113.5").status == 429
    assert door.get(PAGE).status == 200


def test_a_message_for_somebody_is_shown_once(door: Door, dana: Client) -> None:
    dana.post("/dashboard/day/order", {"job": [OURS]})  # the page that follows says that it is done
    first = door.get(DAY, dana)
    assert first.by_django
    dana.get(DAY)  # the browser takes the message's cookie away
    assert b"in that order now" not in door.get(DAY, dana).content


def test_what_it_holds_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "MOST", 100_000)
    for number in range(100):
        door.get(f"{BOOK}?x={number}")
    assert 0 < door.cache.size <= 100_000
    held = door.cache.entries.items()
    assert door.cache.size == sum(len(key) + entry.size for key, entry in held)
    assert not door.get(f"{BOOK}?x=99").by_django


def test_what_strangers_say_of_themselves_counts_too(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "MOST", 100_000)
    for number in range(10):
        door.get(LIVE, Accept_Language="en", X_Requested_With=f"{number}" * 30_000)
    assert len(door.cache.entries) == 2


# --- whatever happens --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_it_says_what_django_says(
    door: Door, dana: Client, jobs: JobRepository, clock: FakeClock, seed: int
) -> None:
    """Many changes and looks, at random: what is kept is compared with what Django says."""
    chance, etags, kept = random.Random(seed), dict[str, str](), 0
    paths = [
        PAGE,
        LIVE,
        BOOK,
        DAY,
        WEEK,
        PART,
        BOARD,
        f"{BOARD}?crew=joel",
        f"/track/{'o' * 32}",
        f"/track/{'o' * 32}/live",
    ]

    for _ in range(150):
        match chance.randrange(12):
            case 0:
                change(jobs, location=f"{chance.randrange(99)} Ash St")
            case 1:
                acts.note(BUSINESS, "other", f"note {chance.random()}", by=DANA)
            case 2:
                change(jobs, "other", status=chance.choice([Status.BOOKED, Status.PENDING]))
            case 3:
                clock.tick(chance.choice([1, 20, 61, 4000]))
            case _:
                path = chance.choice(paths)
                etag = etags.get(path, "") if chance.random() < 0.5 else ""
                shown = door.get(path, dana, If_None_Match=etag)
                said = Client(headers={"If-None-Match": etag})
                said.cookies = dana.cookies
                django = said.get(path)
                assert shown.status == django.status_code
                assert timeless(shown.content) == timeless(django.content), path
                assert shown.headers.get("ETag") == django.headers.get("ETag")
                etags[path] = shown.headers.get("ETag", "")
                kept += not shown.by_django
    assert kept > 10
