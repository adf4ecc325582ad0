"""A mail server on loopback, which keeps what it is given and says what a test tells it to.

It speaks as much of RFC 5321 as smtplib asks for, and no TLS.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import NamedTuple

HANGS = "hangs"  # it takes the connection, and says nothing until the test is over
DIES = "dies"  # it takes the letter, and closes the connection before it says so


class Delivered(NamedTuple):
    sender: str
    to: list[str]
    letter: Message


@dataclass
class MailBox:
    """What has come, in order. `says` are replies by command (`RCPT`, `DATA`, `END`), or HANGS or
    DIES; each holds until it is changed.
    """

    url: str
    says: dict[str, str] = field(default_factory=dict)
    delivered: list[Delivered] = field(default_factory=list)
    logins: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def letters(self) -> list[Message]:
        return [each.letter for each in self.delivered]


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: MailBox = self.server.box  # type: ignore[attr-defined]
        if box.says.get("connect") == HANGS:
            box.over.wait()
            return
        self.say("220 fake")
        sender, to = "", list[str]()
        while line := self.rfile.readline():
            command = line[:4].decode().upper()
            reply = box.says.get(command, "250 OK")
            match command:
                case "EHLO":
                    self.say("250-fake\r\n250 AUTH PLAIN")
                    continue
                case "AUTH":
                    box.logins += 1
                    reply = box.says.get("AUTH", "235 Welcome")
                case "MAIL":
                    sender, to = _address(line), []
                case "RCPT" if reply.startswith("2"):
                    to.append(_address(line))
                case "DATA":
                    if (reply := box.says.get("DATA", "354 Go on")).startswith("354"):
                        self.say(reply)
                        reply = box.says.get("END", "250 Taken")
                        body = self.letter()
                        if reply == DIES or reply.startswith("2"):
                            letter = message_from_bytes(body, policy=default)
                            box.delivered.append(Delivered(sender, to, letter))
                        if reply == DIES:
                            return
                case "QUIT":
                    self.say("221 Bye")
                    return
            self.say(reply)

    def letter(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    box: MailBox


def _address(line: bytes) -> str:
    return line.decode().partition("<")[2].partition(">")[0]


@contextmanager
def mail_server(user: str = "") -> Iterator[MailBox]:
    """`url` is as QDN_EMAIL_URL has it; `user`, percent-encoded, with a password of its own."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        at = f"127.0.0.1:{server.server_address[1]}"
        server.box = MailBox(f"smtp://{user}:p%40ss@{at}" if user else f"smtp://{at}")
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        try:
            yield server.box
        finally:
            server.box.over.set()
            server.shutdown()
