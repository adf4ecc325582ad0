"""The body of a page that is compressed once and sent often, each time with new values.

Some values must never be sent twice, such as a form's tokens. In a deflated stream a later copy of
a text is a reference to the earlier one. So the first copy of each value is put into the stream
uncompressed: who writes another value of the same length there has changed all its copies. Only the
checksum at the end is computed anew.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from secrets import choice, randbelow, token_bytes

from django.middleware.gzip import GZipMiddleware

# The token of a form, the key by which it is done once, the id of what it makes, and the clock.
NEW_EACH_TIME = re.compile(
    rb'(?:name="(?P<form>csrfmiddlewaretoken|key)" value|data-new name="(?P<new>id)" value'
    rb'|(?P<clock>data-now(?=="\d{4}-)))="(?P<value>[^"]+)"'
)
REACH = 32_000  # bytes to which a reference reaches back
TRIES = 5
LEVEL = 6  # as Django's own
# A gzip header after which a file's name follows. As Django's own it is of random length, so that
# the length of an answer tells nothing of what is in it (BREACH).
HEAD = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"


class NotRenewable(Exception):
    """The page has one of its values where it is not looked for, or a new value is of another
    length.
    """


class Body:
    """A page, plain or compressed, whose values are new each time that it is sent."""

    def __init__(self, plain: bytes, *, compress: bool) -> None:
        """Of the page as it was sent first, uncompressed. Raises NotRenewable."""
        self.compress = compress
        self.names = list[str]()  # of each value: what makes a new one
        # The page from one value to the next: the value's place in `names`, and what follows it.
        self.parts: list[tuple[int | None, bytes]] = []
        known = dict[bytes, int]()
        value, end = None, 0
        for found in NEW_EACH_TIME.finditer(plain):
            text = found["value"]
            if text not in known:
                known[text] = len(self.names)
                self.names.append((found["form"] or found["new"] or found["clock"]).decode())
            self.parts.append((value, plain[end : found.start("value")]))
            value, end = known[text], found.end("value")
        self.parts.append((value, plain[end:]))
        self.lengths = [len(text) for text in known]
        left = b"\0".join(part for _, part in self.parts)
        if any(text in left for text in known):
            raise NotRenewable
        self.deflated = self._deflated(plain) if compress else []

    def renewed(self, makers: Mapping[str, Callable[[], bytes]]) -> bytes:
        """The body to send, with values that these make, by their names. Raises NotRenewable."""
        values = [makers[name]() for name in self.names]
        if [len(value) for value in values] != self.lengths:
            raise NotRenewable
        plain = self._plain(values)
        if not self.compress:
            return plain
        name = b"a" * randbelow(GZipMiddleware.max_random_bytes) + b"\0"
        end = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        return b"".join((HEAD, name, stream(self.deflated, values), end))

    def _plain(self, values: list[bytes]) -> bytes:
        return b"".join(
            part if value is None else values[value] + part for value, part in self.parts
        )

    def _deflated(self, plain: bytes) -> list[bytes | int]:
        """The page, deflated with placeholders for its values.

        They are of bytes that are nowhere else in the page, so that no other text becomes a
        reference to a part of one. The end of one may become a reference to the end of another,
        though, so each try is put to the proof with random values. Raises NotRenewable.
        """
        unused = bytes({*range(256)} - {*plain}) or b"?"
        for _ in range(TRIES):
            placeholders = [bytes(choice(unused) for _ in range(many)) for many in self.lengths]
            deflated = self._deflated_with(placeholders)
            values = [token_bytes(length) for length in self.lengths]
            if zlib.decompress(stream(deflated, values), -15) == self._plain(values):
                return deflated
        raise NotRenewable

    def _deflated_with(self, placeholders: list[bytes]) -> list[bytes | int]:
        """Deflated text, and between it the place in `names` of each value that is uncompressed."""
        made: list[bytes | int] = []
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
        last, place, text = dict[int, int](), 0, b""
        for value, part in self.parts:
            if value is not None:
                if place - last.get(value, -REACH) >= REACH - self.lengths[value]:
                    made.append(compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))
                    made.append(value)
                    # The compressor must have seen it, to refer to it; what it makes of it is not
                    # sent.
                    compressor.compress(placeholders[value])
                    compressor.flush(zlib.Z_SYNC_FLUSH)
                    text = b""
                else:
                    text += placeholders[value]
                last[value] = place
                place += self.lengths[value]
            text += part
            place += len(part)
        made.append(compressor.compress(text) + compressor.flush())
        return made


def stream(deflated: list[bytes | int], values: list[bytes]) -> bytes:
    """The deflated stream of a page with these values."""
    return b"".join(
        each if isinstance(each, bytes) else uncompressed(values[each]) for each in deflated
    )


def uncompressed(text: bytes) -> bytes:
    """A block of a deflated stream that is not compressed (RFC 1951, 3.2.4)."""
    length = len(text)
    return b"\0" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + text
