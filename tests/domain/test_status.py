"""Statuses: one definition, read generously."""

import pytest

from dispatch.domain.status import PATH, Status

CONTRACT = [
    ("pending", "Requested", "blue", ("requested", "new")),
    ("booked", "Booking Confirmed", "blue", ("booking_confirmed", "confirmed", "scheduled")),
    ("ready_for_pickup", "Ready for Pickup", "yellow", ("ready",)),
    ("in_progress", "In Progress", "orange", ("started", "en_route")),
    ("completed", "Completed", "green", ("complete", "done")),
    ("cancelled", "Cancelled", "grey", ("canceled",)),
]


def test_the_statuses_are_those_of_the_contract_in_its_order() -> None:
    ours = [(status.value, status.label, status.colour) for status in Status]
    assert ours == [(value, label, colour) for value, label, colour, _ in CONTRACT]


@pytest.mark.parametrize(("value", "_label", "_colour", "aliases"), CONTRACT)
def test_every_other_name_is_read_as_the_status(
    value: str, _label: str, _colour: str, aliases: tuple[str, ...]
) -> None:
    assert [Status(alias) for alias in aliases] == [Status(value)] * len(aliases)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("Booked", Status.BOOKED),
        ("PENDING ", Status.PENDING),
        ("Ready for Pickup", Status.READY_FOR_PICKUP),
        ("In-Progress", Status.IN_PROGRESS),
        ("Canceled", Status.CANCELLED),
    ],
)
def test_capitals_and_spaces_make_no_other_status(written: str, status: Status) -> None:
    assert Status(written) is status


@pytest.mark.parametrize("strange", ["teleported", "", "upcoming", "book ed", None, 5])
def test_anything_else_is_no_status(strange: object) -> None:
    with pytest.raises(ValueError):
        Status(strange)


def test_each_status_knows_the_next_step_until_the_day_is_over() -> None:
    steps = [status.next for status in Status]
    assert steps == [*PATH[1:], None, None]


def test_open_is_what_is_neither_completed_nor_cancelled() -> None:
    assert {status for status in Status if not status.is_open} == {"completed", "cancelled"}
