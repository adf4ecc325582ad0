"""A page with values that are never the same twice, compressed once and given often.

In a deflated stream a later copy of a text is a reference to the earlier one. So where only the
first of all copies of a value stands apart, uncompressed, whoever writes another of the same length
there has changed all of them. The check sum at the end is made anew.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from secrets import choice, randbelow, token_bytes

from django.middleware.gzip import GZipMiddleware

# The token of a form, the key by which it is done once, the id of what it makes, and the clock.
ONCE = re.compile(
    rb'(?:name="(?P<form>csrfmiddlewaretoken|key)" value|data-new name="(?P<new>id)" value'
    rb'|(?P<clock>data-now(?=="\d{4}-)))="(?P<value>[^"]+)"'
)
REACH = 32_000  # bytes to which a reference reaches back
TRIES = 5
LEVEL = 6  # as Django's own
# Of a file whose name follows, which fills up the answer by chance, as Django's own.
HEAD = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"


class NotOnce(Exception):
    """The page holds one of those values where it is not looked for, or a new one is longer."""


class Body:
    """A page, plain or compressed, each time with fresh values. Raises NotOnce."""

    def __init__(self, plain: bytes, *, compress: bool) -> None:
        self.names, self.compress = list[str](), compress
        known = dict[bytes, int]()
        self.parts: list[tuple[int | None, bytes]] = []
        value, end = None, 0
        for found in ONCE.finditer(plain):
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
            raise NotOnce
        self.deflated: list[bytes | int] = []
        if compress and not any(self._is_deflated(plain) for _ in range(TRIES)):
            raise NotOnce

    def fresh(self, made: Mapping[str, Callable[[], bytes]]) -> bytes:
        values = [made[name]() for name in self.names]
        if [len(value) for value in values] != self.lengths:
            raise NotOnce
        plain = self._plain(values)
        if not self.compress:
            return plain
        fill = b"a" * randbelow(GZipMiddleware.max_random_bytes) + b"\0"
        end = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
        return b"".join((HEAD, fill, self._stream(values), end))

    def _plain(self, values: list[bytes]) -> bytes:
        return b"".join(
            part if value is None else values[value] + part for value, part in self.parts
        )

    def _stream(self, values: list[bytes]) -> bytes:
        return b"".join(
            each if isinstance(each, bytes) else stored(values[each]) for each in self.deflated
        )

    def _is_deflated(self, plain: bytes) -> bool:
        """By signs that stand for the values, of bytes that are nowhere else, so that no text is
        taken for a part of one. The end of one may be taken for the end of another: then False.
        """
        unused = bytes({*range(256)} - {*plain}) or b"?"
        signs = [bytes(choice(unused) for _ in range(length)) for length in self.lengths]
        self.deflated = self._with(signs)
        values = [token_bytes(length) for length in self.lengths]
        return zlib.decompress(self._stream(values), -15) == self._plain(values)

    def _with(self, signs: list[bytes]) -> list[bytes | int]:
        """Deflated text, and between it the numbers of the values that stand apart."""
        made: list[bytes | int] = []
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
        last, place, text = dict[int, int](), 0, b""
        for value, part in self.parts:
            if value is not None:
                if place - last.get(value, -REACH) >= REACH - self.lengths[value]:
                    made.append(compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))
                    made.append(value)
                    compressor.compress(signs[value])
                    compressor.flush(zlib.Z_SYNC_FLUSH)
                    text = b""
                else:
                    text += signs[value]
                last[value] = place
                place += self.lengths[value]
            text += part
            place += len(part)
        made.append(compressor.compress(text) + compressor.flush())
        return made


def stored(text: bytes) -> bytes:
    """A block of a deflated stream that is not compressed (RFC 1951, 3.2.4)."""
    length = len(text)
    return b"\0" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + text
