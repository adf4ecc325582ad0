"""What takes messages to people and programs: a `Carrier` for each channel."""

from collections.abc import Callable
from datetime import datetime

from dispatch.channels.client import SENDING
from dispatch.channels.console import Console
from dispatch.channels.deadline import InTime
from dispatch.channels.email import Email, Sender, by_ses, by_smtp
from dispatch.channels.sms import Sns
from dispatch.channels.webhook import Webhook
from dispatch.domain.outbox.mailserver import MailServer
from dispatch.domain.outbox.message import Carrier, Channel


def email(url: str, sender: Sender) -> Carrier:
    """Of an address as QDN_EMAIL_URL has it."""
    if url == "console:":
        return Console(Channel.EMAIL)
    backend = by_ses(SENDING) if url == "ses:" else by_smtp(MailServer.of(url))
    return InTime(Email(sender, backend))


def sms(url: str) -> Carrier:
    """Of an address as QDN_SMS_URL has it."""
    return Console(Channel.SMS) if url == "console:" else InTime(Sns(SENDING))


def webhook(url: str, secret: str, now: Callable[[], datetime]) -> Carrier:
    return InTime(Webhook(url, secret, now=now))
