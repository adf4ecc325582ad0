"""E-mail: what every one of ours has in its head, and how each way of sending says no."""

from collections.abc import Callable
from email.utils import formataddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import NamedTuple

import boto3
from botocore.config import Config
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django_ses import SESBackend

from dispatch.channels.client import BUSY, Shared
from dispatch.domain import job_input
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.outbox.mailserver import MailServer
from dispatch.domain.outbox.message import Composed, Envelope, NotSent, Refused
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.stores.aws import NO_ANSWER, error_code, one_line

TIMEOUT = 5.0  # seconds for each answer of a mail server
REFUSED = {"MessageRejected", "BadRequestException", "InvalidParameterValue"}  # by SES
NO_ADDRESS = _("That is no e-mail address.")


class Sender(NamedTuple):
    """Who writes, and is answered."""

    name: str
    email: str


class Email:
    """A `Carrier`, by whichever of Django's e-mail backends `backend` makes."""

    def __init__(self, sender: Sender, backend: Callable[[], BaseEmailBackend]) -> None:
        self._sender, self._backend = sender, backend

    def send(self, envelope: Envelope) -> None:
        message = letter(self._sender, envelope)
        try:
            self._backend().send_messages([message])
        except (SMTPException, OSError, UnicodeError) as error:
            raise _by_mail_server(error) from error
        except NO_ANSWER as error:
            raise _by_ses(error) from error


def by_smtp(server: MailServer, timeout: float = TIMEOUT) -> Callable[[], BaseEmailBackend]:
    """A connection for each letter: none waits for another, or for one that hangs."""
    return lambda: EmailBackend(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.turns_to_tls,
        use_ssl=server.starts_with_tls,
        timeout=timeout,
    )


def by_ses(config: Config) -> Callable[[], BaseEmailBackend]:
    def made() -> SESBackend:
        backend = SESBackend(use_ses_v2=True)
        # Its own client knows neither AWS_REGION nor AWS_ENDPOINT_URL_SESV2.
        backend.connection = boto3.session.Session().client("sesv2", config=config)
        return backend

    return Shared(made)


def letter(sender: Sender, envelope: Envelope) -> EmailMultiAlternatives:
    """Raises Refused for an address that is none, NotSent where the sender's is none."""
    try:
        ours = _ascii(sender.email)
    except Refused:
        raise NotSent(f"The business's own e-mail address is none: {sender.email}") from None
    composed = envelope.composed or Composed("")
    headers = {
        # Of a double, mail programs show one.
        "Message-ID": f"<{envelope.id}@{ours.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    if composed.unsubscribe:
        headers["List-Unsubscribe"] = f"<{composed.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message = EmailMultiAlternatives(
        subject=_one_line(composed.subject),
        body=composed.text,
        from_email=formataddr((_one_line(sender.name), ours)),
        to=[_ascii(envelope.to)],
        reply_to=[ours],
        headers=headers,
    )
    if composed.html:
        message.attach_alternative(composed.html, "text/html")
    return message


def _one_line(text: str) -> str:
    """A header ends with its line: what came behind would be another header."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _ascii(address: str) -> str:
    """With the domain as mail servers know it. Raises Refused."""
    try:
        name, at, domain = job_input.email(address).rpartition("@")
        if not at:
            raise Refused(NO_ADDRESS)
        return name + at + domain.encode("idna").decode()
    except (InvalidInput, UnicodeError):
        raise Refused(NO_ADDRESS) from None


def _by_mail_server(error: Exception) -> NotSent:
    """For good is only what it says of this recipient, or of this letter."""
    code, said = 0, one_line(error)
    if isinstance(error, SMTPRecipientsRefused):
        code, said = _reply(*next(iter(error.recipients.values())))
    elif isinstance(error, SMTPResponseException):
        code, said = _reply(error.smtp_code, error.smtp_error)
    if isinstance(error, SMTPRecipientsRefused | SMTPDataError) and 500 <= code < 600:
        return Refused(f"The mail server refuses it: {said}")
    return NotSent(f"The mail server does not take it now: {said or type(error).__name__}")


def _reply(code: int, said: bytes | str) -> tuple[int, str]:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return code, f"{code} {' '.join(text.split())}"


def _by_ses(error: Exception) -> NotSent:
    code = error_code(error)
    if code in REFUSED:
        return Refused(f"SES refuses it: {one_line(error)}")
    if code in BUSY:
        return NotSent(_("SES is too busy for it just now."))
    return NotSent(f"SES could not be used: {one_line(error)}")
