"""How much of a request has come: a thread takes it up when there is no more to wait for."""

import re

from django.conf import settings

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
MOST_HEAD = 32 * 1024  # bytes: CloudFront lets 20 KB through


class Arrival:
    """The bytes so far. What they mean is gunicorn's to say; a mistake here costs waiting only."""

    def __init__(self, got: bytes) -> None:
        self.got = bytearray(got)
        self._searched = 0
        self._head = b""
        self._size = 0  # of head and body, once the head is here

    def add(self, more: bytes) -> None:
        self.got += more

    def is_whole(self) -> bool:
        if not self._head:
            self._read_head()
        return bool(self._head) and len(self.got) >= self._size

    def is_endless(self) -> bool:
        return not self._head and len(self.got) > MOST_HEAD

    def must_be_asked_for(self) -> bool:
        """The head is here, and the body comes when the client hears `100 Continue`."""
        return len(self.got) == len(self._head) < self._size and bool(EXPECTS.search(self._head))

    def _read_head(self) -> None:
        # Empty lines before a request are not the end of its head.
        start = len(self.got) - len(self.got.lstrip(b"\r\n"))
        end = self.got.find(HEAD_END, max(start, self._searched))
        self._searched = max(0, len(self.got) - len(HEAD_END))
        if end < 0:
            return
        self._head = bytes(self.got[: end + len(HEAD_END)])
        length = LENGTH.search(self._head)
        body = int(length[1]) if length else 0
        # One without a length, or too large, is refused without it.
        self._size = len(self._head) + (body if body <= settings.MOST_BODY else 0)
