"""Pictures as phones, browsers and strangers send them."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

RED, BLUE = (200, 30, 30), (30, 30, 200)


def scene(width: int = 800, height: int = 600, mode: str = "RGB") -> Image.Image:
    """Its left half is red, and its right one blue."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture.convert(mode)


def written(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def jpeg(width: int = 800, height: int = 600, **options: Any) -> bytes:
    return written(scene(width, height), **options)


def exif(orientation: int = 1) -> Image.Exif:
    """Of a phone that says where it was."""
    found = Image.Exif()
    found[ExifTags.Base.Orientation] = orientation
    found[ExifTags.Base.Make] = "Canary Phone"
    found[ExifTags.Base.DateTime] = "2026:05:22 12:00:00"
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (32.0, 42.0, 56.0)
    return found


def with_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG that says it were of another size."""
    at = next(place for place in range(len(data)) if data[place : place + 2] == b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def png_of_size(width: int, height: int) -> bytes:
    """Its header, and pixels of which there are not enough."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(each)) + name + each + struct.pack(">I", zlib.crc32(name + each))
        for name, each in ((b"IHDR", body), (b"IDAT", pixels), (b"IEND", b""))
    )


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture
