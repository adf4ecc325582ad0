"""A picture as somebody took it → a JPEG of at most 1,600 pixels in which nothing is hidden.

What it is, its bytes say, not its name. Of its pixels alone a new file is made: place, time,
camera, thumbnail, comments and whatever follows the picture are gone. So is the colour profile,
which is not worked in: wide colours come out a little paler.
"""

import struct
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

LONGER_SIDE = 1600  # pixels
QUALITY = 82
# Of a JPEG that is decoded line by line, at a fraction of its size: the largest cameras have 200.
MOST_PIXELS = 210_000_000
# Of what is in memory whole while it is decoded, and takes up to 130 MB then: PNG, and a JPEG that
# comes in several scans.
MOST_PIXELS_AT_ONCE = 12_500_000

# Pillow's own limit only warns; here every size is looked at before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

# Markers of a JPEG (ITU-T T.81, table B.1).
START_OF_SCAN = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
SEQUENTIAL = {0xC0, 0xC1}

TURNS = {  # by the orientation that the camera noted (EXIF 2.3, 4.6.4)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow raises for bytes that are none of its pictures, or are damaged.
UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, struct.error)


class NoPicture(Exception):
    """It is no JPEG and no PNG, or a damaged one."""


class TooManyPixels(Exception):
    """It has more pixels than can be decoded beside everything else."""


class Frame(NamedTuple):
    """What a JPEG says of itself before its pixels."""

    width: int
    height: int
    is_sequential: bool  # its lines can be decoded one after another


def small(data: bytes) -> bytes:
    """Raises NoPicture, TooManyPixels."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            _check_size(picture, data)
            turn = _orientation(picture)
            page = _shrunk(picture)
    except UnidentifiedImageError as error:
        raise NoPicture("it is neither JPEG nor PNG") from error
    except UNREADABLE as error:
        raise NoPicture(f"it is damaged: {error}") from error
    written = BytesIO()
    upright = page if turn is None else page.transpose(turn)
    upright.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _check_size(picture: Image.Image, data: bytes) -> None:
    """Raises TooManyPixels, ValueError."""
    most = MOST_PIXELS_AT_ONCE
    if picture.format != "PNG":
        frame = _frame(data)
        if (frame.width, frame.height) != picture.size:
            raise ValueError("it has two sizes")
        if frame.is_sequential:
            most = MOST_PIXELS
    width, height = picture.size
    if width * height > most:
        raise TooManyPixels(f"{width} × {height}")


def _frame(data: bytes) -> Frame:
    """As libjpeg sees it. Raises ValueError, IndexError."""
    at, frame, components = 2, None, 0
    while data[at] == 0xFF:
        marker, start = data[at + 1], at + 4
        if marker == 0xFF:  # a byte that fills
            at += 1
            continue
        if marker in FRAMES and frame is None:
            height, width = (int.from_bytes(data[start + n : start + n + 2]) for n in (1, 3))
            frame, components = Frame(width, height, marker in SEQUENTIAL), data[start + 5]
        if marker == START_OF_SCAN and frame is not None:
            # Colours that come one after another are kept until all are there, too.
            is_whole = data[start] == components
            return frame._replace(is_sequential=frame.is_sequential and is_whole)
        at = start - 2 + int.from_bytes(data[start - 2 : start])
    raise ValueError("its parts do not follow each other")


def _shrunk(picture: Image.Image) -> Image.Image:
    """At most as large as it is kept, on white where it can be looked through."""
    width, height = picture.size
    scale = min(1.0, LONGER_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture.draft(None, size)  # a JPEG is small already when it is decoded
    picture = _plain(picture)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    page = Image.new("RGB", size, "white")
    page.paste(picture.convert("RGB"), mask=picture if picture.mode == "RGBA" else None)
    return page


def _plain(picture: Image.Image) -> Image.Image:
    """In a mode that can be made small smoothly."""
    if "transparency" in picture.info or picture.mode in ("LA", "PA"):
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):  # 16 bits, of which the upper eight are seen
        return picture.point(lambda level: level * (1 / 256)).convert("L")
    modes = {"1": "L", "P": "RGB"}
    return picture.convert(modes[picture.mode]) if picture.mode in modes else picture


def _orientation(picture: Image.Image) -> Image.Transpose | None:
    """How it is to be turned, to stand as it was taken. What is damaged there says nothing."""
    with suppress(*UNREADABLE):
        return TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return None
