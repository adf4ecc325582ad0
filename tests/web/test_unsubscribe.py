"""The end of messages: in one click, for one channel and address, and nothing else is opened."""

from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.outbox.message import Channel
from dispatch.outbox.stops import has_stopped
from tests.making import BUSINESS, unavailable
from tests.web.pages import text, words
from tracking.unsubscribe import unsubscribe_url

TO = {Channel.EMAIL: "mark@example.com", Channel.SMS: "+16195550142"}
HERE = "http://127.0.0.1:8000"


def path(channel: Channel = Channel.EMAIL) -> str:
    return unsubscribe_url(BUSINESS, channel, TO[channel]).removeprefix(HERE)


def has_said_stop(channel: Channel = Channel.EMAIL) -> bool:
    return has_stopped(BUSINESS, channel, TO[channel])


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("channel", TO)
def test_whoever_fetches_it_is_asked_and_nothing_changes(
    client: Client, channel: Channel, method: str
) -> None:
    answer = getattr(client, method)(path(channel))
    assert answer.status_code == 200
    assert not has_said_stop(channel)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.cookies == {}


@pytest.mark.parametrize(
    ("channel", "asks", "says"),
    [
        (Channel.EMAIL, "No more e-mail?", "Done: no more e-mail"),
        (Channel.SMS, "No more texts?", "Done: no more texts"),
    ],
)
def test_one_button_stops_that_channel_alone(
    client: Client, channel: Channel, asks: str, says: str
) -> None:
    page = client.get(path(channel))
    assert asks in words(page)
    assert text(page).count("<button") == 1
    done = client.post(path(channel), headers={"Sec-Fetch-Site": "same-origin"})
    assert done.status_code == 200
    assert says in words(done)
    assert "call us" in words(done)
    assert {each for each in TO if has_said_stop(each)} == {channel}


def test_a_mail_program_stops_it_without_a_browser() -> None:
    """RFC 8058: neither cookie nor Origin."""
    client = Client(enforce_csrf_checks=True)
    sent = client.post(path(), {"List-Unsubscribe": "One-Click"})
    assert sent.status_code == 200
    assert has_said_stop()


def test_one_that_runs_in_a_browser_may_say_where_it_is() -> None:
    client = Client(enforce_csrf_checks=True)
    headers = {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"}
    assert client.post(path(), headers=headers).status_code == 200
    assert has_said_stop()


def test_said_again_it_is_answered_alike(client: Client) -> None:
    first, second = (client.post(path()) for _ in range(2))
    assert (first.status_code, text(first)) == (second.status_code, text(second))


def forged() -> dict[str, str]:
    good = path().removeprefix("/unsubscribe/")
    signature, channel, hashed = good.split(".")
    others = unsubscribe_url(BUSINESS, Channel.EMAIL, "ida@example.com")
    of_another = Signer(salt="unsubscribe").signature(f"other.email.{hashed}")
    return {
        "nothing of it": "x",
        "no signature": f".{channel}.{hashed}",
        "another channel": f"{signature}.sms.{hashed}",
        "another person": f"{signature}.email.{others.rpartition('.')[2]}",
        "another business": f"{of_another}.email.{hashed}",
        "another salt": f"{Signer(salt='x').signature(f'quickdumpnow.email.{hashed}')}.email"
        f".{hashed}",
        "cut off": good[:-1],
        "more behind it": good + "0",
        "more signs in it": good.replace(".", ":"),
    }


@pytest.mark.parametrize("how", forged())
def test_what_we_have_not_signed_is_not_found(client: Client, how: str) -> None:
    address = f"/unsubscribe/{forged()[how]}"
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert wiring.stops(BUSINESS).refreshed().values == ()


def test_an_older_key_still_counts(client: Client, settings: Settings) -> None:
    """It never ends: an e-mail is opened years later."""
    old = path()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-key-" * 6
    assert client.post(old).status_code == 200
    assert has_said_stop()


def test_out_of_reach_it_can_be_tried_again(client: Client) -> None:
    with unavailable(wiring.stops(BUSINESS)):
        answer = client.post(path())
    assert answer.status_code == 503
    assert "please send it again in a minute" in words(answer)
    assert text(answer).count("<button") == 1
    assert not has_said_stop()
    assert client.post(path()).status_code == 200


def test_the_address_is_whole_and_says_nothing_of_a_person(settings: Settings) -> None:
    settings.STAGE = "production"
    for channel, to in TO.items():
        url = unsubscribe_url(BUSINESS, channel, to)
        assert url.startswith("https://quickdumpnow.com/unsubscribe/")
        assert not {"mark", "example", "6195550142"} & {sign for sign in _parts(to) if sign in url}
        assert url[-1].isalnum()  # mail programs cut off what is neither letter nor digit


def _parts(to: str) -> list[str]:
    return to.replace("@", " ").replace(".", " ").replace("+1", "").split()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_it_takes_nothing_else(client: Client, method: str) -> None:
    answer: Any = getattr(client, method)(path())
    assert answer.status_code == 405
