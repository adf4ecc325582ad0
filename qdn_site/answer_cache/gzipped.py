"""A gzip file of an answer, filled up by chance as Django's own: its size tells nothing."""

import zlib
from secrets import randbelow

from django.middleware.gzip import GZipMiddleware
from django.utils.text import compress_string

LEVEL = 6  # as Django's own
WINDOW, MEMORY = 13, 6  # powers of two: how far back zlib looks, and what it lays out for that
# Of a file whose name follows, which fills up the answer.
HEAD = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"


def gzipped(plain: bytes) -> bytes:
    """A small answer in a fifth of the time (14 µs, not 65), and not larger: zlib else lays out
    and clears memory for one of 32 KB.
    """
    if len(plain) > 1 << WINDOW:
        return compress_string(plain, max_random_bytes=GZipMiddleware.max_random_bytes)
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW, MEMORY)
    return gzip_file(plain, compressor.compress(plain) + compressor.flush())


def gzip_file(plain: bytes, deflated: bytes) -> bytes:
    fill = b"a" * randbelow(GZipMiddleware.max_random_bytes) + b"\0"
    end = zlib.crc32(plain).to_bytes(4, "little") + len(plain).to_bytes(4, "little")
    return b"".join((HEAD, fill, deflated, end))
