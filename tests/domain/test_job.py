"""A job's verbs, and the event that each leaves."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from dispatch.domain.job import Crew, Eta, Event, Job, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, PriceLine
from tests.making import NOON, make_job, seconds

LATER = NOON + seconds(90)


def test_a_job_is_a_value() -> None:
    with pytest.raises(AttributeError):
        make_job().truck = "T2"  # type: ignore[misc]


def test_an_edit_records_what_was_before_and_after() -> None:
    job = make_job(price=Decimal(600)).edited(
        {"price": Decimal(650), "load": ""}, by="dana", at=LATER
    )
    event = job.history[-1]
    assert (event.what, event.by, event.version) == ("edited", "dana", 2)
    assert event.changes == {"price": (600.0, 650.0)}


def test_an_edit_of_nothing_is_no_event() -> None:
    job = make_job(truck="T1")
    assert job.edited({"truck": "T1"}, by="dana", at=LATER) is job
    assert job.assigned(Crew(), by="dana", at=LATER) is job
    assert job.expected_at(None, by="joel", at=LATER) is job


def test_a_price_said_outright_replaces_the_lines_it_was_the_sum_of() -> None:
    job = make_job(price_lines=(PriceLine(label="Half", amount=Decimal(320)),))
    edited = job.edited({"price": Decimal(300)}, by="dana", at=LATER)
    assert (edited.price, edited.price_lines) == (300, ())


def test_new_lines_are_recorded_as_a_new_price_too() -> None:
    """Else somebody who edits the price as they saw it would not notice the other's lines."""
    job = make_job(price_lines=(PriceLine(label="Half", amount=Decimal(320)),))
    lines = (PriceLine(label="Half", amount=Decimal(350)),)
    edited = job.edited({"price_lines": lines}, by="dana", at=LATER)
    assert edited.as_of(1, "price") == 320.0
    assert edited.price == 350


def test_who_has_a_role_is_recorded_by_role() -> None:
    job = make_job().assigned(Crew(driver="joel"), by="dana", at=LATER)
    again = job.assigned(Crew(driver="ana", first_mate="joel"), by="dana", at=LATER)
    assert again.history[-1].changes == {"driver": ("joel", "ana"), "first_mate": (None, "joel")}
    assert list(again.crew) == ["ana", "joel"]


def test_an_estimate_is_kept_with_who_said_it_and_when_and_can_be_taken_back() -> None:
    said = NOON.astimezone(timezone(timedelta(hours=-7))) + timedelta(microseconds=5)
    job = make_job().expected_at(said, by="joel", at=LATER)
    assert job.eta == Eta(at=NOON, said_at=LATER, by="joel")
    assert job.history[-1].changes == {"eta": (None, "2026-05-22T19:00:00Z")}
    gone = job.expected_at(None, by="joel", at=LATER)
    assert (gone.eta, gone.history[-1].changes) == (None, {"eta": ("2026-05-22T19:00:00Z", None)})


JOELS = Crew(driver="joel", first_mate="ana")


def on_the_way(by: str = "joel", crew: Crew = JOELS) -> Job:
    job = make_job(status=Status.BOOKED, crew=crew).on_the_way(by=by, at=NOON)
    return job.expected_at(LATER, by=by, at=NOON)


@pytest.mark.parametrize(
    ("by", "before", "after", "holds"),
    [
        ("joel", JOELS, Crew(driver="ana", first_mate="ana"), False),
        ("joel", JOELS, Crew(driver="pete", first_mate="ana"), False),
        ("joel", JOELS, Crew(first_mate="ana"), False),
        ("joel", JOELS, Crew(driver="joel", first_mate="pete"), True),
        ("joel", Crew(), Crew(driver="joel"), True),
        ("ana", JOELS, Crew(driver="ana", first_mate="ana"), True),
        ("ana", JOELS, Crew(driver="pete", first_mate="ana"), False),
        ("ana", JOELS, Crew(first_mate="ana"), False),
        ("ana", JOELS, Crew(driver="joel"), False),
        ("dana", JOELS, Crew(driver="ana", first_mate="ana"), False),
        ("dana", JOELS, Crew(first_mate="ana"), False),
        ("dana", JOELS, Crew(driver="joel", first_mate="pete"), True),
    ],
)
def test_what_was_said_holds_while_its_driver_and_who_said_it_stay(
    by: str, before: Crew, after: Crew, holds: bool
) -> None:
    """Unless it is the new driver's own."""
    said = on_the_way(by, before)
    job = said.assigned(after, by="dana", at=LATER)
    assert (job.on_my_way, job.eta) == ((said.on_my_way, said.eta) if holds else (None, None))
    assert job.history[:-1] == said.history


def test_only_an_edit_of_the_window_takes_them_off_their_way() -> None:
    sunday = Window(date=date(2026, 5, 24), name="morning", start="08:00", end="12:00")
    before = on_the_way()
    job = before.edited({"window": sunday, "truck": "T2"}, by="dana", at=LATER)
    assert (job.on_my_way, job.eta) == (None, None)
    assert {event.what for event in job.history} == {"on_my_way", "eta", "edited"}
    job = before.edited({"truck": "T2", "window": before.window}, by="dana", at=LATER)
    assert (job.on_my_way, job.eta) == (before.on_my_way, before.eta)


def test_a_field_is_known_as_it_was_at_an_earlier_version() -> None:
    book = JobBook().put(make_job(truck="T1"))
    for truck in ("T2", "T3"):
        job = book.jobs[0].edited({"truck": truck}, by="dana", at=LATER)
        book = book.changed(job, LATER)
    job = book.jobs[0]
    assert [job.as_of(version, "truck") for version in (0, 1, 2, 3, 9)] == [
        *("T1", "T1", "T2", "T3", "T3")
    ]
    assert job.as_of(1, "location") == "Soderblom Ave"


@pytest.mark.parametrize(
    "amount", ["-1", "0.001", "10000001", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="an amount of"):
        make_job(price=Decimal(amount))
    with pytest.raises(ValueError, match="an amount of"):
        Paid(amount=Decimal(amount), method="cash", at=NOON, by="joel")


def test_lines_whose_sum_is_negative_are_refused() -> None:
    with pytest.raises(ValueError, match="an amount of"):
        make_job(price_lines=(PriceLine(label="Discount", amount=Decimal(-1)),))


@pytest.mark.parametrize("moment", [datetime(9999, 12, 31, 23, tzinfo=UTC), datetime(1, 1, 1)])
def test_a_time_that_no_zone_can_show_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="out of range"):
        make_job(created_at=moment)
    with pytest.raises(ValueError, match="out of range"):
        Window(date=moment.date(), name="morning", start="08:00", end="12:00")


def moves(*steps: tuple[Status, Status]) -> tuple[Event, ...]:
    return tuple(
        Event(at=NOON + seconds(60 * place), by="dana", from_=start, to=to, reason="")
        for place, (start, to) in enumerate(steps, 1)
    )


def test_a_status_was_reached_when_the_job_last_came_to_it() -> None:
    back_and_forth = [(Status.PENDING, Status.BOOKED), (Status.BOOKED, Status.PENDING)]
    created = Event(at=NOON, by="customer", what="created")
    history = (created, *moves(*back_and_forth, back_and_forth[0]))
    job = make_job(status=Status.BOOKED, history=history)
    assert job.moves == history[1:]
    assert job.reached(Status.BOOKED) == NOON + seconds(180)
    assert job.reached(Status.PENDING) == NOON + seconds(120)
    assert job.reached(Status.COMPLETED) is None
    begun = make_job(status=Status.BOOKED)
    assert (begun.reached(Status.BOOKED), begun.reached(Status.PENDING)) == (NOON, None)


def test_of_old_a_job_was_finished_with_its_last_move_or_where_there_is_none_its_last_change() -> (
    None
):
    history = moves((Status.PENDING, Status.CANCELLED))
    assert make_job(status=Status.CANCELLED, history=history).finished_at == NOON + seconds(60)
    assert make_job(status=Status.COMPLETED, updated_at=LATER).finished_at == LATER
    assert make_job(status=Status.IN_PROGRESS).finished_at is None


def test_what_is_stored_of_when_a_job_was_finished_counts_unless_it_is_open() -> None:
    stored = {"history": moves((Status.PENDING, Status.COMPLETED)), "finished_at": LATER}
    assert make_job(status=Status.COMPLETED, **stored).finished_at == LATER
    assert make_job(status=Status.BOOKED, **stored).finished_at is None


def test_a_note_or_an_edit_of_a_finished_job_does_not_move_when_it_was_finished() -> None:
    job = make_job(status=Status.COMPLETED).noted("two trips", by="joel", at=LATER)
    job = job.edited({"truck": "T2"}, by="dana", at=LATER)
    assert (job.finished_at, job.updated_at) == (NOON, LATER)


@pytest.mark.parametrize("status", Status)
def test_the_crew_are_still_to_come_to_what_is_confirmed_and_not_begun(status: Status) -> None:
    confirmed = status in (Status.BOOKED, Status.READY_FOR_PICKUP)
    assert make_job(status=status).still_coming == confirmed
