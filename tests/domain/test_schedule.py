"""The places of a window: how many there are, who takes them, and who is asked to insist."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.availability import away
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Event, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.planning.schedule import (
    Room,
    WindowFull,
    bookable,
    check,
    places,
    room,
    same_until,
    taken,
)
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from tests.making import BUSINESS, LARGE, NOON, make_job, make_member

SATURDAY = date(2026, 5, 23)
MORNING, AFTERNOON = BUSINESS.windows_on(SATURDAY)
# Four jobs of a driver in each window; no more than two trucks go out.
FIRM = replace(BUSINESS, jobs_per_window=4, trucks=2, hold_hours=4)
JOEL, ANA, LEE = (make_member(name) for name in ("joel", "ana", "lee"))
CREW = Roster().put(JOEL, ANA)


def booked(number: int, **fields: Any) -> Job:
    fields = {"status": Status.BOOKED, "window": MORNING} | fields
    return make_job(id=f"job-{number}", tracking_token=f"{number:032}", **fields)


def full_morning(jobs: int = 8) -> JobBook:
    return JobBook().put(*(booked(number) for number in range(jobs)))


def room_in(book: JobBook, roster: Roster = CREW, business: Business = FIRM) -> Room:
    return room(MORNING, roster, taken(book, business, NOON), business)


@pytest.mark.parametrize(
    ("roster", "trucks", "expected"),
    [
        (Roster().put(JOEL), 2, 4),
        (CREW, 2, 8),
        (CREW.put(LEE), 2, 8),  # no more than there are trucks
        (CREW.put(LEE), None, 12),
        (CREW.put(away(JOEL, FIRM, SATURDAY)), 2, 4),
        (CREW.put(away(JOEL, FIRM, SATURDAY, ["morning"])), 2, 4),
        (CREW.put(away(JOEL, FIRM, SATURDAY, ["afternoon"])), 2, 8),
        (CREW.put(replace(JOEL, active=False)), 2, 4),
        (Roster().put(away(JOEL, FIRM, SATURDAY)), 2, 0),
        (Roster(), 2, 8),  # who drives is not said anywhere
        (Roster().put(make_member("dana", roles=("supervisor",))), None, 4),
    ],
)
def test_a_window_has_the_places_of_its_free_drivers(
    roster: Roster, trucks: int | None, expected: int
) -> None:
    assert places(MORNING, roster, replace(FIRM, trucks=trucks)) == expected


def test_open_jobs_take_places_and_finished_ones_none() -> None:
    statuses = [*Status]
    book = JobBook().put(*(booked(n, status=status) for n, status in enumerate(statuses)))
    assert room_in(book).taken == 4
    assert room_in(JobBook().put(booked(1, window=AFTERNOON), booked(2, window=None))).taken == 0


def test_a_load_takes_its_places() -> None:
    firm = replace(FIRM, loads=LARGE.loads)
    loads = ("full", "half", "", "a load of old")
    book = JobBook().put(*(booked(n, load=load) for n, load in enumerate(loads)))
    assert room_in(book, business=firm) == Room(places=8, taken=5)


def test_a_request_holds_its_place_for_some_hours_and_a_doubtful_one_not_at_all() -> None:
    def asked(hours_ago: float) -> Job:
        return booked(1, status=Status.PENDING, created_at=NOON - timedelta(hours=hours_ago))

    assert room_in(JobBook().put(asked(3.9))).taken == 1
    assert room_in(JobBook().put(asked(4))).taken == 0
    created = Event(at=NOON, by=CUSTOMER, what="created")
    doubtful = replace(asked(0), doubtful=True, history=(created,))
    assert room_in(JobBook().put(doubtful)).taken == 0
    assert room_in(JobBook().put(replace(doubtful, status=Status.BOOKED))).taken == 1


def test_a_window_that_is_beyond_full_says_by_how_much() -> None:
    found = room_in(full_morning(9))
    assert (found.left, found.excess) == (0, 1)
    assert (room_in(full_morning(5)).left, room_in(full_morning(5)).excess) == (3, 0)


def test_customers_see_what_is_left_in_each_window_that_they_may_ask_for() -> None:
    offered = dict(bookable(full_morning(), CREW, FIRM, NOON))
    assert [*offered] == FIRM.bookable(NOON)
    assert (offered[MORNING].left, offered[AFTERNOON].left) == (0, 8)


def test_what_may_be_asked_for_changes_at_the_moment_that_is_said() -> None:
    """As a request's hold ends, as a window comes too near, and as another day begins."""
    book, at = full_morning(jobs=2).put(booked(9, status="pending", created_at=NOON)), NOON
    until = []
    while at < NOON + timedelta(days=2):
        until.append(same_until(book, FIRM, at))
        known = bookable(book, CREW, FIRM, at)
        assert bookable(book, CREW, FIRM, at + (until[-1] - at) / 2) == known
        assert bookable(book, CREW, FIRM, until[-1]) == known
        at = until[-1] + timedelta.resolution
        assert bookable(book, CREW, FIRM, at) != known
    assert NOON + timedelta(hours=FIRM.hold_hours) - timedelta.resolution in until
    assert len(until) > 4


def asks(job: Job, before: Job | None = None, book: JobBook | None = None) -> bool:
    try:
        return check(job, before, CREW, book or full_morning(), FIRM, NOON)
    except WindowFull:
        return True


def test_the_last_place_is_given_and_no_more() -> None:
    assert not check(booked(99), None, CREW, full_morning(7), FIRM, NOON)
    with pytest.raises(WindowFull) as refused:
        check(booked(99), None, CREW, full_morning(8), FIRM, NOON)
    assert (refused.value.room, refused.value.needed) == (Room(8, 8), 1)
    assert check(booked(99), None, CREW, full_morning(8), FIRM, NOON, insist=True)


def test_the_nearest_windows_with_room_are_offered_instead() -> None:
    with pytest.raises(WindowFull) as refused:
        check(booked(99), None, CREW, full_morning(), FIRM, NOON)
    near = [(window.date.day, window.name) for window in refused.value.nearest]
    assert near == [(23, "afternoon"), (25, "morning"), (25, "afternoon")]


def test_who_has_a_place_is_not_asked_again_until_they_take_another() -> None:
    mine = booked(3)
    assert not asks(replace(mine, customer_name="Marc"), mine)
    assert not asks(replace(mine, status=Status.READY_FOR_PICKUP), mine)
    assert not asks(replace(mine, status=Status.COMPLETED), mine)
    assert not asks(replace(mine, window=None), mine)
    assert not asks(replace(mine, window=AFTERNOON), mine)
    elsewhere = booked(99, window=AFTERNOON)
    book = full_morning().put(elsewhere)
    assert asks(replace(elsewhere, window=MORNING), elsewhere, book)
    finished = booked(99, status=Status.CANCELLED)
    assert asks(replace(finished, status=Status.BOOKED), finished, full_morning().put(finished))


def test_confirming_asks_once_more() -> None:
    """Its own place is its own; a driver may have fallen sick since, or its hold be over."""
    request = booked(7, status=Status.PENDING)
    book = full_morning(7).put(request)
    confirmed = replace(request, status=Status.BOOKED)
    assert not asks(confirmed, request, book)
    assert asks(confirmed, request, book.put(booked(8)))


def test_requests_that_hold_a_place_do_not_stand_against_each_others_confirmation() -> None:
    first, second = (booked(n, status=Status.PENDING) for n in (7, 8))
    book = full_morning(7).put(first, second)  # one more than there is room for
    assert not asks(replace(first, status=Status.BOOKED), first, book)
    late = replace(second, created_at=NOON - timedelta(hours=5))  # whose hold is over
    assert asks(replace(late, status=Status.BOOKED), late, book.put(late))


def test_a_larger_load_asks_for_the_places_more() -> None:
    firm = replace(FIRM, loads=LARGE.loads)
    mine = booked(7, load="half")
    with pytest.raises(WindowFull):
        check(replace(mine, load="full"), mine, CREW, full_morning(7).put(mine), firm, NOON)
    assert not check(replace(mine, load="full"), mine, CREW, JobBook().put(mine), firm, NOON)


def test_nobody_is_asked_for_what_is_over_or_under_way() -> None:
    later = NOON + timedelta(days=1)  # when the morning is over
    assert not check(booked(99), None, CREW, full_morning(), FIRM, later)
    begun = booked(99, status=Status.IN_PROGRESS)
    assert not asks(begun, replace(begun, status=Status.COMPLETED))
