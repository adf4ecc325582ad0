"""E-mail by SES and texts by SNS, at a stand-in on loopback."""

from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from dispatch import channels
from dispatch.channels.client import SENDING
from dispatch.channels.sms import Sns
from dispatch.domain.outbox.message import NotSent, OptedOut, Refused
from tests.aws import aws_environment
from tests.making import BUSINESS
from tests.post.making import SENDER, UNSUBSCRIBE, make_envelope

REGION = "us-east-1"
MARKS, STOPPED = "+16195550142", "+16195550199"  # of moto's, those that end in 99 have opted out


@pytest.fixture
def amazon(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in aws_environment(moto).items():
        monkeypatch.setenv(name, value)
    yield moto
    for backends in (ses_backends, sns_backends):
        backends[DEFAULT_ACCOUNT_ID][REGION].reset()


@pytest.fixture
def verified(amazon: str) -> None:
    ses = boto3.session.Session().client("sesv2")
    ses.create_email_identity(EmailIdentity=BUSINESS.email)


def mails() -> list[Any]:
    return list(ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages)


def texts() -> list[Any]:
    return list(sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values())


@pytest.mark.usefixtures("verified")
def test_ses_is_given_the_whole_letter() -> None:
    ses = channels.email("ses:", SENDER)
    ses.send(make_envelope("zoe@müller.example", subject="Mañana", unsubscribe=UNSUBSCRIBE))
    ses.send(make_envelope())
    first, second = mails()
    letter = message_from_string(first.raw_data, policy=default)
    assert "zoe@xn--mller-kva.example" in first.destinations
    assert letter["Subject"] == "Mañana"
    assert letter["From"] == f"{BUSINESS.name} <{BUSINESS.email}>"
    assert letter["List-Unsubscribe"].strip() == f"<{UNSUBSCRIBE}>"
    assert letter["Message-ID"] == "<m-1@quickdumpnow.com>"
    assert "mark@example.com" in second.destinations


@pytest.mark.usefixtures("amazon")
def test_what_ses_rejects_is_refused() -> None:
    """It does not know whose address the business has."""
    with pytest.raises(Refused, match=r"SES refuses it: .*MessageRejected"):
        channels.email("ses:", SENDER).send(make_envelope())


@pytest.mark.usefixtures("amazon")
def test_a_text_is_sent_to_its_number() -> None:
    channels.sms("sns:").send(make_envelope(MARKS, text="See you on Friday."))
    assert texts() == [(MARKS, "See you on Friday.")]


@pytest.mark.usefixtures("amazon")
def test_a_number_that_has_answered_stop_is_sent_nothing() -> None:
    with pytest.raises(OptedOut, match="STOP"):
        channels.sms("sns:").send(make_envelope(STOPPED))
    assert texts() == []


@pytest.mark.parametrize(
    "to", ["", "5550142", "6195550142", "+1619", "+16195550142;ext=4471", "mark@example.com"]
)
def test_what_can_be_sent_no_text_is_refused_before_anybody_is_asked(to: str) -> None:
    with pytest.raises(Refused, match="no number that can be sent a text"):
        channels.sms("sns:").send(make_envelope(to))


def test_a_landline_is_refused_where_its_number_tells() -> None:
    with pytest.raises(Refused, match="landline"):
        channels.sms("sns:").send(make_envelope("+442079460018"))


def test_amazon_that_is_out_of_reach_may_come_back(
    amazon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("SESV2", "SNS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:1")
    for carrier, to in ((channels.email("ses:", SENDER), ""), (Sns(SENDING), MARKS)):
        with pytest.raises(NotSent, match="Could not connect") as error:
            carrier.send(make_envelope(to or "mark@example.com"))
        assert not isinstance(error.value, Refused)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *(("Throttled", NotSent), ("InternalError", NotSent), ("AuthorizationError", NotSent)),
        *(("InvalidParameter", Refused), ("InvalidParameterValue", Refused)),
        ("OptedOut", OptedOut),
    ],
)
def test_each_way_in_which_sns_says_no(
    amazon: str, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[Exception]
) -> None:
    backend = sns_backends[DEFAULT_ACCOUNT_ID][REGION]
    monkeypatch.setattr(type(backend), "publish", failing("sns", code))
    with pytest.raises(NotSent) as error:
        channels.sms("sns:").send(make_envelope(MARKS))
    assert type(error.value) is kind
    assert texts() == []


@pytest.mark.usefixtures("verified")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *(("TooManyRequestsException", NotSent), ("SendingPausedException", NotSent)),
        *(("BadRequestException", Refused), ("MessageRejected", Refused)),
    ],
)
def test_each_way_in_which_ses_says_no(
    monkeypatch: pytest.MonkeyPatch, code: str, kind: type[Exception]
) -> None:
    backend = ses_backends[DEFAULT_ACCOUNT_ID][REGION]
    monkeypatch.setattr(type(backend), "send_raw_email", failing("sesv2", code))
    with pytest.raises(NotSent) as error:
        channels.email("ses:", SENDER).send(make_envelope())
    assert type(error.value) is kind


def failing(service: str, code: str) -> Any:
    """What moto's backend does instead, so that its server answers as that service does."""
    kind = type("Failure", (ServiceException,), {"__module__": f"moto.{service}.exceptions"})

    def fail(*args: Any, **kwargs: Any) -> None:
        raise kind(code, f"It is {code}.")

    return fail
