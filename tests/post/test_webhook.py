"""The webhook: signed, once, without a person in it, and followed nowhere."""

from collections.abc import Iterator

import pytest

from dispatch import channels, wiring
from dispatch.channels.webhook import Webhook
from dispatch.domain.outbox.message import Carrier, Envelope, NotSent, Refused
from tests.making import NOON, FakeClock
from tests.post.making import make_envelope
from tests.post.webhook import DIES, HANGS, SECRET, Listener, webhook_server

EVENT = Envelope("m-1", "confirmed", "jXkL9m2pQ", NOON)
TOLD = {"id": "m-1", "event": "confirmed", "job_id": "jXkL9m2pQ", "at": "2026-05-22T19:00:00Z"}


@pytest.fixture
def there() -> Iterator[Listener]:
    with webhook_server() as there:
        yield there


def carrier(there: Listener, path: str = "/events?to=us") -> Carrier:
    return channels.webhook(there.url + path, SECRET, wiring.now)


def test_an_event_is_told_signed_and_with_its_id(there: Listener) -> None:
    carrier(there).send(EVENT)
    assert (there.events, there.keys, there.forged) == ([TOLD], ["m-1"], 0)
    assert there.asked == ["POST /events"]


def test_nothing_of_a_person_is_in_it(there: Listener) -> None:
    carrier(there).send(make_envelope("mark@example.com", text="Dear Mark"))
    assert there.events == [TOLD]


def test_another_secret_is_found_out(there: Listener) -> None:
    with pytest.raises(Refused, match="403"):
        channels.webhook(there.url, "x" * 32, wiring.now).send(EVENT)
    assert (there.events, there.forged) == ([], 1)


def test_an_old_event_cannot_be_sent_again_by_who_overhears_it(
    there: Listener, clock: FakeClock
) -> None:
    """The time is a part of what is signed."""
    first = Webhook(there.url, SECRET, now=clock.now)._headers(b"{}", "m-1")
    clock.tick(300)
    later = Webhook(there.url, SECRET, now=clock.now)._headers(b"{}", "m-1")
    assert int(later["X-QDN-Timestamp"]) - int(first["X-QDN-Timestamp"]) == 300
    assert later["X-QDN-Signature"] != first["X-QDN-Signature"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_what_is_refused_is_refused(there: Listener, status: int) -> None:
    there.answers = [status]
    with pytest.raises(Refused, match=f"The webhook answered {status}"):
        carrier(there).send(EVENT)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again(there: Listener, status: int) -> None:
    there.answers = [status]
    with pytest.raises(NotSent, match=f"The webhook answered {status}") as error:
        carrier(there).send(EVENT)
    assert not isinstance(error.value, Refused)
    carrier(there).send(EVENT)
    assert there.keys == ["m-1"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(there: Listener, status: int) -> None:
    there.answers = [status]
    with pytest.raises(NotSent, match="Redirects are not followed") as error:
        carrier(there).send(EVENT)
    assert not isinstance(error.value, Refused)
    assert there.asked == ["POST /events"]


def test_who_takes_it_and_dies_is_told_again_under_the_same_key(there: Listener) -> None:
    there.answers = [DIES]
    with pytest.raises(NotSent, match="could not be reached"):
        carrier(there).send(EVENT)
    carrier(there).send(EVENT)
    assert there.keys == ["m-1", "m-1"]


def test_who_never_answers_is_left(there: Listener) -> None:
    there.answers = [HANGS]
    with pytest.raises(NotSent, match="timed out"):
        Webhook(there.url, SECRET, now=wiring.now, timeout=0.05).send(EVENT)


def test_nobody_there_may_come() -> None:
    with pytest.raises(NotSent, match="could not be reached"):
        Webhook("http://127.0.0.1:1/", SECRET, now=wiring.now).send(EVENT)
