"""What a job was before it changed, for who is told of the change."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dispatch.domain.job import Event, Job, Window
from dispatch.domain.outbox.before import before
from tests.making import NOON, make_job, seconds

FRIDAY = Window(date(2026, 5, 29), "morning", "08:00", "12:00")
SATURDAY = Window(date(2026, 5, 30), "morning", "08:00", "12:00")


def edited(job: Job, after: int, **fields: Any) -> Job:
    return job.edited(fields, by="dana", at=NOON + seconds(after))


def test_it_is_what_was_there_before_the_first_of_several_changes() -> None:
    job = edited(make_job(window=FRIDAY), 1, window=SATURDAY)
    job = edited(job, 2, window=Window(date(2026, 6, 1), "morning", "08:00", "12:00"))
    job = edited(job, 3, price=Decimal("410.5"))
    assert before(job, NOON + seconds(1)) == {"window": FRIDAY, "price": Decimal(600)}


def test_what_changed_earlier_was_told_earlier() -> None:
    job = edited(edited(make_job(window=FRIDAY), 1, window=SATURDAY), 2, price=Decimal(410))
    assert before(job, NOON + seconds(2)) == {"price": Decimal(600)}


def test_what_was_changed_back_has_not_changed() -> None:
    job = edited(edited(make_job(window=FRIDAY), 1, window=SATURDAY), 2, window=FRIDAY)
    assert before(job, NOON) == {}


def test_what_was_not_agreed_yet_is_none() -> None:
    assert before(edited(make_job(), 1, window=FRIDAY), NOON) == {"window": None}


def test_an_estimate_was_another_one() -> None:
    first, second = NOON + timedelta(minutes=55), NOON + timedelta(minutes=100)
    job = make_job(status="booked").expected_at(first, by="joel", at=NOON)
    job = job.expected_at(second, by="joel", at=NOON + seconds(60))
    assert before(job, NOON + seconds(60)) == {"eta": first}
    assert before(job, NOON) == {"eta": None}


@pytest.mark.parametrize("then", ["next week", {"date": "soon"}, [1], 7])
def test_what_cannot_be_read_is_left_out(then: Any) -> None:
    event = Event(NOON, "dana", what="edited", changes={"window": (then, None)})
    assert before(make_job(history=(event,)), NOON) == {}
