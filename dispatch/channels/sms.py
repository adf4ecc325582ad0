"""Text messages by Amazon SNS."""

import re
from typing import Any

import boto3
from botocore.config import Config

from dispatch.channels.client import BUSY, Shared
from dispatch.domain.outbox.message import Composed, Envelope, NotSent, OptedOut, Refused
from dispatch.domain.typed import phones
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.stores.aws import NO_ANSWER, error_code, one_line

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
NO_NUMBER = {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
OPTED_OUT = "OptedOut"
AS_TRANSACTION = {
    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
}
SAID_STOP = _("They have answered STOP to a text.")
RIGHTS = "sns:Publish and sns:CheckIfPhoneNumberIsOptedOut"


class Sns:
    """A `Carrier`. SNS has no idempotency key for texts."""

    def __init__(self, config: Config) -> None:
        self._client: Shared[Any] = Shared(
            lambda: boto3.session.Session().client("sns", config=config)
        )

    def send(self, envelope: Envelope) -> None:
        """Raises OptedOut, too."""
        number, text = envelope.to, (envelope.composed or Composed("")).text
        if not E164.fullmatch(number):
            raise Refused(_("That is no number that can be sent a text."))
        if phones.is_landline(number):
            raise Refused(_("That number is a landline, which takes no texts."))
        try:
            # A text to a number that has opted out is taken, and dropped without a word.
            asked = self._client().check_if_phone_number_is_opted_out(phoneNumber=number)
            if asked["isOptedOut"]:
                raise OptedOut(SAID_STOP)
            self._client().publish(
                PhoneNumber=number, Message=text, MessageAttributes=AS_TRANSACTION
            )
        except NO_ANSWER as error:
            raise _explained(error) from error


def _explained(error: Exception) -> NotSent:
    code, said = error_code(error), one_line(error)
    if code == OPTED_OUT:
        return OptedOut(SAID_STOP)
    if code in NO_NUMBER:
        return Refused(f"SNS refuses it: {said}")
    if code in ("AuthorizationError", "AccessDenied"):
        return NotSent(f"SNS may not be used: allow {RIGHTS}. It said: {said}")
    if code in BUSY:
        return NotSent(_("SNS is too busy for it just now."))
    return NotSent(f"SNS could not be used: {said}")
