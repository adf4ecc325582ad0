"""Which channels there are, as the settings say; and the console's."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.outbox.mailserver import MailServer
from dispatch.domain.outbox.message import Channel
from tests.making import BUSINESS
from tests.post.making import make_envelope
from tests.post.webhook import SECRET
from tests.serving import PRODUCTION, settings_for

HOOK = "https://example.com/events"
LAPTOP = {"QDN_STAGE": "development", "DJANGO_SECRET_KEY": "x" * 60}
ALL = {
    "QDN_EMAIL_URL": "smtp://user:password@mail.example.com:587",
    "QDN_SMS_URL": "sns:",
    "QDN_WEBHOOK_URL": HOOK,
    "QDN_WEBHOOK_SECRET": SECRET,
}


def carried_by(settings: Settings, **env: str) -> set[Channel]:
    for name, value in settings_for(**env).items():
        if name in ("STAGE", "EMAIL_URL", "SMS_URL", "WEBHOOK_URL", "WEBHOOK_SECRET"):
            setattr(settings, name, value)
    return set(wiring.carriers(BUSINESS))


def test_a_laptop_prints_what_it_would_send(settings: Settings) -> None:
    assert carried_by(settings, **LAPTOP) == {Channel.EMAIL, Channel.SMS}


def test_production_sends_on_those_channels_that_it_is_given(settings: Settings) -> None:
    assert carried_by(settings, **PRODUCTION) == set()
    assert carried_by(settings, **PRODUCTION, QDN_SMS_URL="sns:") == {Channel.SMS}
    assert carried_by(settings, **PRODUCTION, **ALL) == {*Channel}


def test_staging_sends_to_nobody(settings: Settings) -> None:
    assert carried_by(settings, **PRODUCTION | ALL | {"QDN_STAGE": "staging"}) == set()


def test_carriers_are_made_once(settings: Settings) -> None:
    carried_by(settings, **PRODUCTION, **ALL)
    assert wiring.carriers(BUSINESS) is wiring.carriers(BUSINESS)


def test_the_console_shows_a_message_as_it_is_read(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    carried_by(settings, **LAPTOP)
    link = "http://127.0.0.1:8000/track/abc"
    email, sms = (wiring.carriers(BUSINESS)[each] for each in (Channel.EMAIL, Channel.SMS))
    email.send(make_envelope(text=f"Follow it here: {link}\n"))
    sms.send(make_envelope("+16195550142", subject="", text=f"Follow it: {link}"))
    assert capsys.readouterr().out == (
        "--- E-mail to mark@example.com (confirmed)\n"
        "Subject: Your pickup is confirmed\n\n"
        f"Follow it here: {link}\n---\n"
        f"--- Text to +16195550142 (confirmed)\nFollow it: {link}\n---\n"
    )


# --- half or wrong configuration ---------------------------------------------------------


def refused(**env: str) -> str:
    with pytest.raises(ImproperlyConfigured) as error:
        settings_for(**PRODUCTION | env)
    said = str(error.value)
    assert said.startswith("Refusing to start:")
    return said.removeprefix("Refusing to start:").strip()


HOW = ": say console:, ses: or smtp://user:password@host:587."


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mail.example.com", "names no mail server"),
        ("smtp:", "names no mail server"),
        ("smtps://a:hunter2@mail.example.com", "names no mail server"),
        ("smtp://hunter2@mail.example.com", "has a user without a password, or a password"),
        ("smtp://:hunter2@mail.example.com", "has a user without a password, or a password"),
        ("smtp://user:hunter2@mail.example.com:many", "has no port that can be"),
        ("smtp://user:hunter2/+@mail.example.com", "has no port that can be; in a user or"),
        ("smtp://user:hunter2@mail.example.com:587/x", "goes on behind the port; in a user"),
        ("smtp://user:hunter2@mail.example.com?x=1", "goes on behind the port; in a user"),
        ("smtp://[", "has no port that can be"),
        ("sns:", "names no mail server"),
    ],
)
def test_a_mail_server_that_cannot_be_is_named_and_its_password_is_not(url: str, why: str) -> None:
    said = refused(QDN_EMAIL_URL=url)
    assert said.startswith(f"QDN_EMAIL_URL {why}")
    assert said.endswith(HOW)
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://u:p@h:2525", ("h", 2525, "u", "p")),
        ("smtp://u:p@h", ("h", 587, "u", "p")),
        ("smtp://me%40example.com:p%40s%3As%2F%25@h:465", ("h", 465, "me@example.com", "p@s:s/%")),
        ("smtp://relay.example.com:25", ("relay.example.com", 25, "", "")),
    ],
)
def test_a_mail_server_is_read_from_its_address(url: str, server: tuple[Any, ...]) -> None:
    assert MailServer.of(url) == server
    assert settings_for(**PRODUCTION, QDN_EMAIL_URL=url)["EMAIL_URL"] == url


def test_texts_go_by_sns_alone() -> None:
    assert refused(QDN_SMS_URL="twilio:") == "QDN_SMS_URL is 'twilio:', none of console:, sns:."


def test_half_a_webhook_is_named() -> None:
    assert refused(QDN_WEBHOOK_URL=HOOK) == (
        "QDN_WEBHOOK_SECRET is not set, but QDN_WEBHOOK_URL is: set both, or neither."
    )
    assert refused(QDN_WEBHOOK_SECRET=SECRET) == (
        "QDN_WEBHOOK_URL is not set, but QDN_WEBHOOK_SECRET is: set both, or neither."
    )


def test_a_short_secret_is_named_and_not_shown() -> None:
    said = refused(QDN_WEBHOOK_URL=HOOK, QDN_WEBHOOK_SECRET="hunter2" * 4)
    assert said == (
        "QDN_WEBHOOK_SECRET is too short to sign with: it has 28 characters, and needs 32 at least."
    )


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/events", "http://127.0.0.1:9000/", "example.com/events", "https://"),
        *("https://user:hunter2@example.com/", "https://example.com/#x", "https://exämple.com/"),
    ],
)
def test_a_webhook_that_cannot_be_is_named(url: str) -> None:
    said = refused(QDN_WEBHOOK_URL=url, QDN_WEBHOOK_SECRET=SECRET)
    assert said == (
        "QDN_WEBHOOK_URL is no address such as https://example.com/events: https, without a user."
    )


def test_on_a_laptop_the_webhook_may_be_on_the_laptop() -> None:
    env = LAPTOP | {"QDN_WEBHOOK_SECRET": SECRET}
    here = "http://127.0.0.1:9000/events"
    assert settings_for(**env, QDN_WEBHOOK_URL=here)["WEBHOOK_URL"] == here
    with pytest.raises(ImproperlyConfigured, match="QDN_WEBHOOK_URL is no address"):
        settings_for(**env, QDN_WEBHOOK_URL="http://example.com/")
