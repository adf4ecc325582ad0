"""The jobs that need somebody, and the moment from which, and until which, they do."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.attention import Need, Why, awaits_yes, needs
from dispatch.domain.availability import away
from dispatch.domain.job import Crew, Eta, Event, MessageIn, Note, Window
from dispatch.domain.outbox.message import Message
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Quote
from tests.making import BUSINESS, NOON, make_job, make_member, seconds

MORNING = Window(date=NOON.date(), name="morning", start="08:00", end="12:00")
AFTERNOON = Window(date=NOON.date(), name="afternoon", start="12:00", end="16:00")
JOELS = Crew(driver="joel")
ROSTER = Roster().put(make_member("joel"))
BOOKED = {"status": Status.BOOKED, "crew": JOELS}
ASKED = MessageIn(at=NOON, text="Is Friday still on?")
YES = Quote(answer="accepted", answered_at=NOON)


def found(after: float = 0, roster: Roster = ROSTER, **fields: Any) -> list[Why]:
    """The needs of such a job, so many seconds after noon."""
    return [need.why for need in all_found(after, roster, **fields)]


def all_found(after: float = 0, roster: Roster = ROSTER, **fields: Any) -> tuple[Need, ...]:
    return needs(make_job(**fields), roster, {}, BUSINESS, NOON + seconds(after))


def began(hours: float) -> dict[str, Any]:
    """In progress, since so many hours before noon."""
    at = NOON - timedelta(hours=hours)
    start = Event(at=at, by="joel", from_=Status.BOOKED, to=Status.IN_PROGRESS)
    return {"status": Status.IN_PROGRESS, "history": (start,), "crew": JOELS}


@pytest.mark.parametrize(
    ("fields", "last", "why"),
    [
        (BOOKED | {"window": MORNING}, 0, Why.WINDOW_OVER),
        (BOOKED | {"eta": Eta(at=NOON, said_at=NOON, by="joel")}, 0, Why.ETA_PASSED),
        (began(4) | {"window": MORNING}, 0, Why.TOO_LONG),
        ({"created_at": NOON}, BUSINESS.respond_hours * 3600, Why.REQUEST),
    ],
)
def test_it_needs_somebody_from_one_second_on(fields: dict[str, Any], last: int, why: Why) -> None:
    assert (found(last, **fields), found(last + 1, **fields)) == ([], [why])


def test_what_came_back_is_not_late_as_well() -> None:
    """A new window or driver settles both."""
    at, reason = NOON - timedelta(hours=3), "no_access"
    back = Event(at=at, by="joel", from_=Status.IN_PROGRESS, to=Status.BOOKED, reason=reason)
    job = BOOKED | {"window": MORNING, "history": (back,)}
    assert found(1, **job) == [Why.CAME_BACK]


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({"status": Status.BOOKED}, True),
        ({"status": Status.READY_FOR_PICKUP}, True),
        ({"status": Status.PENDING}, False),  # it is a request first
        ({"status": Status.COMPLETED}, False),
        ({"status": Status.BOOKED, "crew": JOELS}, False),
    ],
)
def test_what_is_for_today_needs_a_driver(fields: dict[str, Any], is_found: bool) -> None:
    assert found(window=AFTERNOON, **fields) == [Why.NO_DRIVER] * is_found
    tomorrow = Window(date=NOON.date() + timedelta(days=1), name="a", start="12:00", end="16:00")
    assert found(window=tomorrow, **fields) == []


def test_whose_driver_is_away_needs_another() -> None:
    member = away(make_member("joel"), BUSINESS, AFTERNOON.date)
    assert found(roster=Roster().put(member), window=AFTERNOON, **BOOKED) == [Why.CLASH]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"messages_in": (ASKED,)}, Why.MESSAGE),
        ({"quote": YES}, Why.ANSWERED),
        ({"quote": Quote(answer="declined", answered_at=NOON)}, Why.ANSWERED),
        ({"messages": (Message(state="failed", at=NOON),)}, Why.NOT_TOLD),
    ],
)
def test_what_the_customer_said_or_did_not_hear_waits_for_a_member(
    fields: dict[str, Any], why: Why
) -> None:
    """Finished jobs' too; what the customer does, or the system, is no answer."""
    at = NOON + seconds(1)
    for status in (Status.BOOKED, Status.COMPLETED):
        job = fields | {"status": status}
        assert found(**job) == [why]
        own = Event(at=at, by="customer", from_=Status.BOOKED, to=Status.READY_FOR_PICKUP)
        assert found(**job, history=(own, Event(at=at, by="system", what="restored"))) == [why]
        assert found(**job, history=(Event(at=NOON, by="dana", what="edited"),)) == [why]
        assert found(**job, history=(Event(at=at, by="dana", what="edited"),)) == []
        assert found(**job, notes=(Note(at=at, by="dana", text="Called them"),)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"messages_in": (MessageIn(at=NOON, text="?", answer="Yes"),)},
        {"messages": (Message(state="sent", at=NOON), Message(state="waiting"))},
        {"quote": None},
        {"quote": Quote()},
    ],
)
def test_what_is_answered_sent_or_theirs_to_answer_needs_nobody(fields: dict[str, Any]) -> None:
    assert found(**BOOKED, **fields) == []


def test_a_price_waits_for_a_yes_until_it_is_answered_or_the_job_is_over() -> None:
    assert awaits_yes(make_job(quote=Quote()))
    assert not awaits_yes(make_job(quote=YES))
    assert not awaits_yes(make_job(quote=Quote(), status=Status.CANCELLED))
    assert not awaits_yes(make_job(quote=None))
    assert not awaits_yes(make_job())


def test_the_most_pressing_comes_first() -> None:
    job = {"status": Status.BOOKED, "window": MORNING, "messages_in": (ASKED,)}
    assert found(1, **job) == [Why.WINDOW_OVER, Why.NO_DRIVER, Why.MESSAGE]
