"""The permitted moves by rank: the table of CONTRACT §2, cell by cell."""

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest
from msgspec.structs import replace

from dispatch.domain.job import Eta, Event, Job, OnMyWay, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import (
    COULD_NOT,
    FOLDED,
    MOST_EVENTS,
    UNDO,
    Illegal,
    IllegalMove,
    check_first,
    customer_may_cancel,
    failed_visit,
    move,
    needs_reason,
    next_step,
    targets,
    undoes_to,
    with_repeats_folded,
)
from dispatch.domain.permissions import THE_CUSTOMER, Actor, Rank
from dispatch.domain.planning.reschedule import rescheduled
from dispatch.domain.status import Status
from dispatch.explain import explain
from tests.making import BUSINESS, DANA, JOEL, NOON, VIC, make_job, seconds

PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
AFTERNOON = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")
GOOD_DAY = [PENDING, BOOKED, READY, STARTED, DONE]
EVERY_PAIR = [(start, to) for start in Status for to in Status]


def moved(job: Job, to: Status, by: Actor, reason: str = "", after: int = 0) -> Job:
    return move(job, to, by=by, at=NOON + seconds(after), business=BUSINESS, reason=reason)


def is_legal(start: Status, to: Status, by: Actor, reason: str = "") -> bool:
    """True where the move is made; where it is not, nothing may have changed."""
    job = make_job(status=start)
    try:
        after = moved(job, to, by, reason)
    except IllegalMove:
        after = job
    if after == make_job(status=start):
        return False
    assert (after.status, after.history[-1].from_, after.history[-1].to) == (to, start, to)
    return True


def forward(start: Status, to: Status) -> bool:
    return start in GOOD_DAY and to in GOOD_DAY and GOOD_DAY.index(to) > GOOD_DAY.index(start)


@pytest.mark.parametrize(("start", "to"), EVERY_PAIR)
def test_a_dispatcher_moves_forwards_freely_else_with_a_reason(start: Status, to: Status) -> None:
    assert is_legal(start, to, DANA) == forward(start, to)
    assert is_legal(start, to, DANA, "customer called") == (start != to)
    assert is_legal(start, to, DANA, "  \n ") == forward(start, to)


@pytest.mark.parametrize(("start", "to"), EVERY_PAIR)
def test_the_crew_move_forwards_from_booked_on(start: Status, to: Status) -> None:
    assert is_legal(start, to, JOEL) == (start != PENDING and forward(start, to))


@pytest.mark.parametrize("code", COULD_NOT)
@pytest.mark.parametrize(("start", "to"), EVERY_PAIR)
def test_the_crew_give_back_what_they_could_not_do(start: Status, to: Status, code: str) -> None:
    gives_back = to == BOOKED and start in (BOOKED, READY, STARTED)
    steps = start != PENDING and forward(start, to)
    assert is_legal(start, to, JOEL, f"{code}: the gate was shut") == (gives_back or steps)


@pytest.mark.parametrize(
    ("reason", "legal"),
    [
        *((reason, True) for reason in ("no_access", "not_ready", "unsafe")),
        *((reason, False) for reason in ("", "rain", "no access", "NO_ACCESS")),
        *((reason, False) for reason in ("other", "other:", "other:  ")),
    ],
)
def test_only_other_needs_words_beside_the_reason_for_giving_back(reason: str, legal: bool) -> None:
    assert is_legal(STARTED, BOOKED, JOEL, reason) == legal
    assert is_legal(BOOKED, BOOKED, JOEL, reason) == legal


@pytest.mark.parametrize("by", [DANA, JOEL])
@pytest.mark.parametrize("at", [PENDING, READY, STARTED, DONE, CANCELLED])
def test_who_moves_a_job_to_where_it_is_is_told_so(at: Status, by: Actor) -> None:
    """But for the crew's giving back of a booked job, which stays booked."""
    with pytest.raises(IllegalMove) as refused:
        moved(make_job(status=at), at, by)
    assert explain(refused.value, BUSINESS) == f"The job is already at “{at.label}”."


@pytest.mark.parametrize(("start", "to"), EVERY_PAIR)
def test_a_viewer_moves_nothing(start: Status, to: Status) -> None:
    assert not is_legal(start, to, VIC)
    assert not is_legal(start, to, VIC, "because")


@pytest.mark.parametrize(("start", "to"), EVERY_PAIR)
def test_a_customer_is_ready_or_cancels_and_nothing_else(start: Status, to: Status) -> None:
    ready = to == READY and start == BOOKED
    cancels = to == CANCELLED and start in (PENDING, BOOKED, READY)
    assert is_legal(start, to, THE_CUSTOMER) == (ready or cancels)
    assert is_legal(start, to, THE_CUSTOMER, "moved away") == (ready or cancels)


def test_somebody_named_customer_with_a_rank_is_not_the_customer() -> None:
    assert not is_legal(BOOKED, CANCELLED, Actor("customer", Rank.CREW), "mine")
    assert not is_legal(BOOKED, CANCELLED, Actor("joel", None))


AFTERNOON = Window(date=date(2026, 5, 23), name="afternoon", start="12:00", end="16:00")


@pytest.mark.parametrize(
    ("hours", "may"), [(11.99, True), (12, False), (12.01, False), (30, False)]
)
def test_a_customer_cancels_until_the_cut_off(hours: float, may: bool) -> None:
    """The window starts 24 hours after noon; the cut-off is 12 hours before that."""
    job, at = make_job(status=BOOKED, window=AFTERNOON), NOON + timedelta(hours=hours)
    assert customer_may_cancel(job, at, BUSINESS) == may
    if not may:
        with pytest.raises(IllegalMove, match="TOO_LATE_TO_CANCEL"):
            move(job, CANCELLED, by=THE_CUSTOMER, at=at, business=BUSINESS)


def test_the_cut_off_counts_real_hours_in_the_night_when_clocks_change() -> None:
    """In the night to March 8, 2026 an hour is missing: 12 hours before 08:00 is 19:00."""
    window = Window(date=date(2026, 3, 8), name="morning", start="08:00", end="12:00")
    job, eight = make_job(status=BOOKED, window=window), BUSINESS.span(window)[0]
    assert customer_may_cancel(job, eight - timedelta(hours=12, seconds=1), BUSINESS)
    assert not customer_may_cancel(job, eight - timedelta(hours=12), BUSINESS)


def test_there_is_no_cut_off_without_a_window_or_for_ready() -> None:
    assert customer_may_cancel(make_job(window=None), NOON + timedelta(days=900), BUSINESS)
    late = make_job(status=BOOKED, window=AFTERNOON)
    assert moved(late, READY, THE_CUSTOMER, after=40 * 3600).status == READY


@pytest.mark.parametrize("by", [DANA, JOEL, THE_CUSTOMER])
def test_whoever_made_the_last_move_undoes_it_within_a_minute(by: Actor) -> None:
    job = moved(make_job(status=BOOKED), READY, by)
    back = moved(job, BOOKED, by, UNDO, after=60)
    assert (back.status, back.history[-1].reason, len(back.history)) == (BOOKED, "undo", 2)
    with pytest.raises(IllegalMove, match="TOO_LATE_TO_UNDO"):
        moved(job, BOOKED, by, UNDO, after=61)


@pytest.mark.parametrize("other", [JOEL, VIC, THE_CUSTOMER])
def test_nobody_undoes_the_move_of_another(other: Actor) -> None:
    job = moved(make_job(status=BOOKED), READY, DANA)
    with pytest.raises(IllegalMove):
        moved(job, BOOKED, other, UNDO)


def test_undo_goes_back_where_the_move_came_from_and_nowhere_else() -> None:
    there = moved(make_job(status=BOOKED), DONE, JOEL)
    for to in set(Status) - {BOOKED}:
        with pytest.raises(IllegalMove):
            moved(there, to, JOEL, UNDO)
    back = moved(there, BOOKED, JOEL, UNDO, after=5)
    assert moved(back, DONE, JOEL, UNDO, after=9).status == DONE, "an undo can itself be undone"


@pytest.mark.parametrize(
    "job",
    [
        make_job(),
        make_job(status=BOOKED, history=(Event(at=NOON, by="joel", to=BOOKED),)),  # of old
    ],
    ids=["never moved", "from nowhere"],
)
def test_where_no_move_led_elsewhere_there_is_no_undo(job: Job) -> None:
    assert undoes_to(job, JOEL, NOON) is None


def test_a_customers_undo_is_final() -> None:
    """Their Undo says not where to: sent twice, it would do the opposite."""
    there = moved(make_job(status=BOOKED), CANCELLED, THE_CUSTOMER)
    back = moved(there, BOOKED, THE_CUSTOMER, UNDO)
    assert undoes_to(back, THE_CUSTOMER, NOON) is None


def test_a_move_is_recorded_with_when_who_from_where_to_where_and_why() -> None:
    job = moved(make_job(status=STARTED), BOOKED, JOEL, "  other:  gate \n shut ")
    assert job.history == (
        Event(at=NOON, by="joel", from_=STARTED, to=BOOKED, reason="other: gate shut"),
    )
    assert job.updated_at == NOON


def test_the_move_into_a_finished_status_says_when_and_the_one_out_of_it_takes_it_back() -> None:
    """An undo is such a move, in both directions."""
    done = moved(make_job(status=STARTED), DONE, JOEL, after=1)
    assert done.finished_at == NOON + seconds(1)
    opened = moved(done, STARTED, JOEL, UNDO, after=2)
    assert opened.finished_at is None
    again = moved(opened, DONE, JOEL, UNDO, after=3)
    assert again.finished_at == NOON + seconds(1), "an undo finishes nothing a second time"
    assert moved(again, CANCELLED, DANA, "no show", after=4).finished_at == NOON + seconds(4)
    assert moved(again, BOOKED, DANA, "come again", after=4).finished_at is None


def test_a_reopening_that_is_undone_has_not_finished_the_job_again() -> None:
    """Or a slip of the hand would bring an old job to today's board, and its link back to life."""
    done = moved(make_job(status=STARTED), DONE, DANA)
    for after in (100_000, 200_000):
        opened = moved(done, BOOKED, DANA, "wrong row", after=after)
        done = moved(opened, DONE, DANA, UNDO, after=after + 9)
        assert (done.status, done.finished_at) == (DONE, NOON)
    unsaid = moved(make_job(status=DONE, history=()), BOOKED, DANA, "wrong row", after=1)
    assert moved(unsaid, DONE, DANA, UNDO, after=9).finished_at == NOON + seconds(9)


def test_a_job_that_is_given_back_is_on_nobodys_way_but_an_undo_keeps_what_was_said() -> None:
    said = {"on_my_way": OnMyWay(at=NOON, by="joel"), "eta": Eta(at=NOON, said_at=NOON, by="joel")}
    back = moved(make_job(status=STARTED, **said), BOOKED, JOEL, "unsafe")
    assert (back.on_my_way, back.eta) == (None, None)
    job = moved(make_job(status=BOOKED, **said), READY, THE_CUSTOMER)
    back = moved(job, BOOKED, THE_CUSTOMER, UNDO)
    assert {"on_my_way": back.on_my_way, "eta": back.eta} == said


@pytest.mark.parametrize("start", Status)
@pytest.mark.parametrize("by", [DANA, JOEL, VIC])
def test_the_buttons_offer_all_that_is_allowed_and_nothing_else(start: Status, by: Actor) -> None:
    legal = [
        to
        for to in Status
        if is_legal(start, to, by, "no_access" if needs_reason(start, to) else "")
    ]
    assert sorted(targets(make_job(status=start), by)) == sorted(legal)


def test_new_jobs_are_pending_or_booked_and_the_refusal_says_so() -> None:
    for status in (PENDING, BOOKED):
        check_first(status)
    for status in (READY, STARTED, DONE, CANCELLED):
        with pytest.raises(IllegalMove) as refused:
            check_first(status)
        words = f"A new job is pending or booked, never {status}."
        assert explain(refused.value, BUSINESS) == words


@pytest.mark.parametrize("why", Illegal)
def test_every_refusal_has_a_sentence(why: Illegal) -> None:
    words = explain(IllegalMove(why, BOOKED, DONE), BUSINESS)
    assert words.endswith((".", ")."))
    assert "{" not in words


def test_a_members_rank_decides_not_their_name() -> None:
    job = make_job(status=PENDING)
    assert moved(job, BOOKED, Actor("joel", Rank.DISPATCHER)).status == BOOKED
    with pytest.raises(IllegalMove, match="DISPATCHERS_ONLY"):
        moved(replace(job), BOOKED, Actor("dana", Rank.CREW))


# --- a customer who cannot decide ----------------------------------------------------------


@cache
def back_and_forth(times: int) -> tuple[Job, JobBook]:
    """A booked job whose customer says ready and takes it back; the crew's doings in between."""
    book = JobBook().put(make_job(status=BOOKED))
    for count in range(times):
        job = book.job("jXkL9m2pQ")
        at = NOON + seconds(60 * count)
        if count % 50 == 10:
            job = job.edited({"price": Decimal(count)}, by="dana", at=at)
        job = moved(job, READY, THE_CUSTOMER, after=60 * count)
        book = book.changed(job, at)
        if count % 100 == 0:
            book = book.changed(moved(job, BOOKED, DANA, "wait", after=60 * count + 1), at)
        else:
            job = moved(book.job(job.id), BOOKED, THE_CUSTOMER, UNDO, after=60 * count + 1)
            book = book.changed(job, at)
    return book.job("jXkL9m2pQ"), book


def test_a_customers_repeated_moves_become_one_line_and_nobody_elses_do() -> None:
    job, book = back_and_forth(150)
    assert len(job.history) == MOST_EVENTS
    (line,) = [event for event in job.history if event.what == FOLDED]
    edits = [event for event in job.history if event.what == "edited"]
    mine = [event for event in job.moves if event.by == "customer"]
    assert len(edits) == 3
    assert sum(event.by == "dana" for event in job.moves) == 2
    assert len(mine) + line.count == 298
    assert [event.at for event in job.history] == sorted(event.at for event in job.history)
    assert JobBook.decode(book.written("w", NOON).encode()).job(job.id) == job


def test_what_is_read_from_a_history_is_the_same_once_it_is_folded() -> None:
    job, _ = back_and_forth(150)
    last = seconds(60 * 149)
    assert job.reached(READY) == NOON + last
    assert job.reached(BOOKED) == NOON + last + seconds(1)
    assert job.moves[0].from_ is BOOKED
    assert job.as_of(1, "price") == 600.0
    assert job.last_move == job.history[-1]
    ready = moved(job, READY, THE_CUSTOMER, after=60 * 150)
    ready = replace(ready, history=with_repeats_folded(ready.history))
    assert undoes_to(ready, THE_CUSTOMER, NOON + seconds(60 * 150)) is BOOKED


def test_a_customers_other_windows_become_one_line_too_but_for_the_last() -> None:
    job = make_job(status=BOOKED, window=AFTERNOON)
    for count in range(250):
        window = replace(AFTERNOON, date=AFTERNOON.date + timedelta(days=count + 1))
        job = rescheduled(job, window, NOON + seconds(count))
        job = replace(job, history=with_repeats_folded(job.history))
    assert len(job.history) == MOST_EVENTS
    assert job.history[0].what == FOLDED
    assert job.history[0].count == 250 - MOST_EVENTS + 1
    assert job.history[-1].changes["window"][1]["date"] == str(job.window and job.window.date)


def test_another_window_is_chosen_anew_and_not_taken_back() -> None:
    job = make_job(status=READY, window=AFTERNOON)
    other = replace(AFTERNOON, date=AFTERNOON.date + timedelta(days=3))
    moved_on = rescheduled(job, other, NOON)
    assert (moved_on.status, moved_on.window) == (BOOKED, other)
    assert undoes_to(moved_on, THE_CUSTOMER, NOON) is None
    assert job.status is READY, "values do not change"


def test_a_short_history_and_one_of_the_crew_alone_are_left_alone() -> None:
    job = make_job(status=BOOKED)
    for count in range(150):
        job = moved(job, READY, DANA, after=count)
        job = moved(job, BOOKED, DANA, "again", after=count)
    assert with_repeats_folded(job.history) == job.history
    short, _ = back_and_forth(90)
    assert not [event for event in short.history if event.what == FOLDED]


def test_a_folded_line_keeps_what_others_wrote_beside_the_events_that_stay() -> None:
    event = {"at": "2026-05-22T15:00:00Z", "by": "dana", "what": "seen", "device": "tablet"}
    _, book = back_and_forth(150)
    entry = json.loads(book.written("w", NOON).encode())
    entry["jobs"][0]["history"].append(event)
    again = JobBook.decode(json.dumps(entry).encode())
    job = moved(again.job("jXkL9m2pQ"), READY, THE_CUSTOMER, after=60 * 900)
    written = json.loads(again.changed(job, NOON).written("w2", NOON).encode())
    assert event in written["jobs"][0]["history"]


def test_that_it_could_not_be_done_is_undone_as_well_once() -> None:
    """From booked to booked is a move too: the customer reads of it."""
    job = make_job(status=Status.BOOKED)
    failed = move(job, Status.BOOKED, by=JOEL, at=NOON, business=BUSINESS, reason="no_access")
    assert failed_visit(failed)
    assert undoes_to(failed, DANA, NOON) is None
    assert undoes_to(failed, JOEL, NOON) is Status.BOOKED
    undone = move(failed, Status.BOOKED, by=JOEL, at=NOON, business=BUSINESS, reason=UNDO)
    assert failed_visit(undone) is None
    assert undoes_to(undone, JOEL, NOON) is None


@pytest.mark.parametrize(
    ("start", "ahead", "by", "step"),
    [
        (PENDING, 0, DANA, BOOKED),
        (PENDING, 0, JOEL, None),
        (BOOKED, 1, DANA, READY),  # that is the customer's to say
        (BOOKED, 0, DANA, STARTED),
        (BOOKED, -1, JOEL, STARTED),
        (BOOKED, None, JOEL, READY),
        (READY, 1, JOEL, STARTED),
        (STARTED, 0, JOEL, DONE),
        (DONE, 0, DANA, None),
        (BOOKED, 0, VIC, None),
    ],
)
def test_the_crews_next_step_of_a_booked_job_is_to_start_once_its_day_has_come(
    start: Status, ahead: int | None, by: Actor, step: Status | None
) -> None:
    today = NOON.date()
    day = None if ahead is None else today + timedelta(days=ahead)
    window = day and Window(date=day, name="morning", start="08:00", end="12:00")
    assert next_step(make_job(status=start, window=window), by, today) is step
