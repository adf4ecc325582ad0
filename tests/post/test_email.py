"""E-mail through a mail server: what its head says, and what is made of each answer."""

from collections.abc import Iterator

import pytest

from dispatch import channels
from dispatch.channels.deadline import InTime
from dispatch.channels.email import Email, Sender, by_smtp
from dispatch.domain.outbox.mailserver import MailServer
from dispatch.domain.outbox.message import Carrier, NotSent, Refused
from tests.making import BUSINESS
from tests.post.making import SENDER, UNSUBSCRIBE, make_envelope
from tests.post.smtp import DIES, HANGS, MailBox, mail_server


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


def carrier(box: MailBox) -> Carrier:
    return channels.email(box.url, SENDER)


def test_a_letter_says_who_writes_who_is_answered_and_that_a_machine_wrote_it(
    box: MailBox,
) -> None:
    carrier(box).send(make_envelope(html="<p>See you on <b>Friday</b>.</p>"))
    ((sender, to, letter),) = box.delivered
    assert (sender, to) == (BUSINESS.email, ["mark@example.com"])
    assert letter["From"] == f"{BUSINESS.name} <{BUSINESS.email}>"
    assert letter["Reply-To"] == BUSINESS.email
    assert letter["To"] == "mark@example.com"
    assert letter["Subject"] == "Your pickup is confirmed"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] is None
    parts = {part.get_content_type(): part.get_content().strip() for part in letter.iter_parts()}
    assert parts["text/plain"] == "See you on Friday."
    assert parts["text/html"] == "<p>See you on <b>Friday</b>.</p>"


def test_one_click_unsubscribes(box: MailBox) -> None:
    carrier(box).send(make_envelope(unsubscribe=UNSUBSCRIBE))
    (letter,) = box.letters
    assert letter["List-Unsubscribe"].strip() == f"<{UNSUBSCRIBE}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_message_sent_twice_has_the_same_id(box: MailBox) -> None:
    for _ in range(2):
        carrier(box).send(make_envelope())
    assert [letter["Message-ID"] for letter in box.letters] == ["<m-1@quickdumpnow.com>"] * 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_name_brings_a_header_of_its_own(box: MailBox, end: str) -> None:
    bad = f"Mark{end}Bcc: everybody@example.com"
    sender = Sender(f"Quick{end}Bcc: everybody@example.com", BUSINESS.email)
    channels.email(box.url, sender).send(make_envelope(subject=bad))
    ((_, to, letter),) = box.delivered
    assert to == ["mark@example.com"]
    assert letter["Bcc"] is None
    assert letter["Subject"] == "Mark Bcc: everybody@example.com"
    assert "Quick Bcc: everybody@example.com" in str(letter["From"])


def test_names_and_domains_of_any_script_arrive(box: MailBox) -> None:
    sender = Sender("Müll, fort!", BUSINESS.email)
    said = make_envelope("zoe@müller.example", subject="Zoë, mañana", text="¡Hasta mañana!")
    channels.email(box.url, sender).send(said)
    ((_, to, letter),) = box.delivered
    assert to == ["zoe@xn--mller-kva.example"]
    assert letter["From"] == f'"Müll, fort!" <{BUSINESS.email}>'
    assert letter["Subject"] == "Zoë, mañana"
    assert letter.get_content().strip() == "¡Hasta mañana!"


@pytest.mark.parametrize(
    "to",
    [
        *("", "mark", "mark@", "@example.com", "mark@example.com, all@example.com"),
        *("mark@example.com\nBcc: all@example.com", "Mark <mark@example.com>"),
    ],
)
def test_what_is_no_address_is_refused_before_anybody_is_asked(box: MailBox, to: str) -> None:
    with pytest.raises(Refused, match="no e-mail address"):
        carrier(box).send(make_envelope(to))
    assert box.delivered == []


def test_a_business_without_an_address_says_so(box: MailBox) -> None:
    with pytest.raises(NotSent, match="own e-mail address is none: hello"):
        channels.email(box.url, Sender("QuickDumpNow", "hello")).send(make_envelope())


# --- what the server says ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "reply"),
    [("RCPT", "550 5.1.1 No such user"), ("DATA", "554 No"), ("END", "552 5.3.4 Too large")],
)
def test_what_is_refused_for_good_says_why(box: MailBox, command: str, reply: str) -> None:
    box.says[command] = reply
    with pytest.raises(Refused, match=reply):
        carrier(box).send(make_envelope())
    assert box.delivered == []


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        *(("RCPT", "450 4.2.1 Try later"), ("RCPT", "421 Closing"), ("DATA", "451 Try later")),
        *(("END", "452 Full"), ("MAIL", "550 Who are you?"), ("MAIL", "451 Slow down")),
    ],
)
def test_what_may_pass_is_not_refused(box: MailBox, command: str, reply: str) -> None:
    box.says[command] = reply
    with pytest.raises(NotSent, match=reply.replace("?", r"\?")) as error:
        carrier(box).send(make_envelope())
    assert not isinstance(error.value, Refused)


def test_a_server_that_takes_it_and_dies_has_maybe_not_taken_it(box: MailBox) -> None:
    box.says["END"] = DIES
    with pytest.raises(NotSent) as error:
        carrier(box).send(make_envelope())
    assert not isinstance(error.value, Refused)
    del box.says["END"]
    carrier(box).send(make_envelope())
    assert [letter["Message-ID"] for letter in box.letters] == ["<m-1@quickdumpnow.com>"] * 2


def test_a_server_that_is_not_there_may_come(box: MailBox) -> None:
    gone = MailServer("127.0.0.1", 1)
    with pytest.raises(NotSent, match="refused"):
        Email(SENDER, by_smtp(gone)).send(make_envelope())


def test_a_server_that_says_nothing_is_left(box: MailBox) -> None:
    box.says["connect"] = HANGS
    with pytest.raises(NotSent, match="timed out"):
        Email(SENDER, by_smtp(MailServer.of(box.url), timeout=0.02)).send(make_envelope())


def test_however_slow_it_is_there_is_an_outcome_in_time(box: MailBox) -> None:
    box.says["connect"] = HANGS
    with pytest.raises(NotSent, match="There was no answer within"):
        InTime(Email(SENDER, by_smtp(MailServer.of(box.url))), seconds=0.02).send(make_envelope())


# --- who we are --------------------------------------------------------------------------


def test_a_user_signs_in_with_what_the_address_holds() -> None:
    with mail_server(user="ses%3Auser") as box:
        carrier(box).send(make_envelope())
        assert (box.logins, len(box.delivered)) == (1, 1)
        box.says["AUTH"] = "535 5.7.8 Wrong"
        with pytest.raises(NotSent, match="535"):
            carrier(box).send(make_envelope())


def test_no_password_goes_over_the_net_in_the_clear() -> None:
    """A server elsewhere that knows no TLS is told nothing, whoever answers there."""
    with mail_server(user="me") as box:
        here = MailServer.of(box.url)
        assert not here.turns_to_tls
        elsewhere = Elsewhere(*here)
        with pytest.raises(NotSent, match="STARTTLS"):
            Email(SENDER, by_smtp(elsewhere)).send(make_envelope())
        assert (box.logins, box.delivered) == (0, [])


class Elsewhere(MailServer):
    """The same server, as if it were not on this machine."""

    turns_to_tls = True  # type: ignore[assignment]


def test_other_machines_are_spoken_to_in_tls() -> None:
    assert MailServer.of("smtp://a:b@mail.example.com").turns_to_tls
    assert MailServer.of("smtp://a:b@mail.example.com:587").port == 587
    at_once = MailServer.of("smtp://a:b@mail.example.com:465")
    assert (at_once.starts_with_tls, at_once.turns_to_tls) == (True, False)
