"""What is kept of a picture: what is seen of it, and nothing else."""

import random
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dispatch.photos import picture
from dispatch.photos.picture import NoPicture, TooManyPixels, small
from tests.photos.pictures import (
    BLUE,
    RED,
    exif,
    jpeg,
    opened,
    png_of_size,
    scene,
    with_size,
    written,
)

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>xmp canary</x:xmpmeta>"


def near(found: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, wanted, strict=True))


def halves(data: bytes) -> tuple[object, object]:
    """The colours in the middle of the left half, and of the right one."""
    shown = opened(data)
    width, height = shown.size
    return shown.getpixel((width // 4, height // 2)), shown.getpixel((width * 3 // 4, height // 2))


@pytest.mark.parametrize(
    ("width", "height", "kept"),
    [
        (800, 600, (800, 600)),
        (4000, 3000, (1600, 1200)),
        (3000, 4000, (1200, 1600)),
        (1, 1, (1, 1)),
        (9000, 2, (1600, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_its_longer_side_has_at_most_1600_pixels(
    width: int, height: int, kept: tuple[int, int], kind: str
) -> None:
    shown = opened(small(written(scene(width, height), kind)))
    assert (shown.size, shown.format, shown.mode) == (kept, "JPEG", "RGB")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_nothing_hidden_is_left_in_it(kind: str) -> None:
    """Place, time and camera, a thumbnail, the profile, comments, and what follows the picture."""
    options = {"exif": exif(), "icc_profile": b"icc canary" * 20, "dpi": (300, 300)}
    if kind == "JPEG":
        options |= {"comment": b"comment canary", "xmp": XMP}
    sent = written(scene(), kind, **options) + b"trailing canary" + jpeg()
    assert b"canary" in sent.lower()
    kept = small(sent)
    assert b"canary" not in kept.lower()
    shown = opened(kept)
    assert not shown.getexif()
    assert shown.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert kept.endswith(b"\xff\xd9")
    assert kept.count(b"\xff\xd8") == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_as_it_was_taken(orientation: int) -> None:
    """Red is on the left before it is turned as the camera noted."""
    shown = opened(small(written(scene(), exif=exif(orientation))))
    assert shown.size == ((600, 800) if orientation > 4 else (800, 600))
    width, height = shown.size
    red = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom"}
    places = {
        "left": (9, height // 2),
        "right": (width - 9, height // 2),
        "top": (width // 2, 9),
        "bottom": (width // 2, height - 9),
    }
    side = red.get(orientation, "bottom")
    assert near(shown.getpixel(places[side]), RED)


def test_a_damaged_note_of_the_camera_does_no_harm() -> None:
    broken = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + bytes(random.Random(1).randbytes(80))
    assert opened(small(written(scene(), exif=broken))).size == (800, 600)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_any_colours_is_read(mode: str, progressive: bool) -> None:
    left, right = halves(small(written(scene(mode=mode), progressive=progressive)))
    if mode == "L":
        assert left != right
    else:
        assert near(left, RED)
        assert near(right, BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_of_any_colours_is_read(mode: str) -> None:
    left, right = halves(small(written(scene(3000, 2000, mode), "PNG")))
    if mode in ("1", "L", "LA"):
        assert left != right
    else:
        assert near(left, RED)
        assert near(right, BLUE)


def test_a_png_of_sixteen_bits_is_as_bright_as_it_was() -> None:
    (level, *_rest) = halves(small(written(Image.new("I;16", (2000, 90), 128 * 256), "PNG")))
    assert near(level, (128, 128, 128))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_can_be_looked_through_is_white(mode: str) -> None:
    if mode == "P":
        picture = scene().quantize(2)
        clear = picture.getpixel((9, 9))
        sent = written(picture, "PNG", transparency=clear)
    else:
        picture = scene(mode=mode)
        picture.putalpha(Image.new("L", picture.size, 0))
        sent = written(picture, "PNG")
    assert near(halves(small(sent))[0], (255, 255, 255))


def test_several_pictures_in_one_file_are_its_first() -> None:
    """As phones send them that keep what they see in the dark, or in depth, beside it."""
    sent = written(scene(), "MPO", save_all=True, append_images=[scene(10, 10)])
    assert opened(small(sent)).size == (800, 600)


def zipped() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("picture.jpg", jpeg())
    return file.getvalue()


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
NONE = {
    "nothing": b"",
    "one byte": b"\xff",
    "a beginning": b"\xff\xd8\xff",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "a GIF": written(scene(), "GIF"),
    "a WebP": written(scene(), "WEBP"),
    "a TIFF": written(scene(), "TIFF"),
    "a BMP": written(scene(), "BMP"),
    "a HEIC": HEIC,
    "a ZIP": zipped(),
    "a PDF": b"%PDF-1.7\n" + bytes(99),
    "half a JPEG": jpeg()[:1500],
    "half a PNG": written(scene(), "PNG")[:600],
    "a PNG without pixels": png_of_size(20, 20)[:60],
    "a PNG with too few": png_of_size(2000, 2000),
    "a JPEG behind something": b"GIF89a" + jpeg(),
}


@pytest.mark.parametrize("sent", NONE.values(), ids=NONE)
def test_what_is_no_picture_is_refused(sent: bytes) -> None:
    with pytest.raises(NoPicture):
        small(sent)


LARGE = {
    "a JPEG of 4 gigapixels": with_size(jpeg(), 65_500, 65_500),
    "a PNG of 4 gigapixels": png_of_size(65_535, 65_535),
    "a PNG of 2^31 pixels a side": png_of_size(2**31 - 1, 2**31 - 1),
    "a PNG of 16 megapixels": png_of_size(4000, 4000),
}


@pytest.mark.parametrize("sent", LARGE.values(), ids=LARGE)
def test_a_bomb_is_not_even_begun(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_shrunk", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(TooManyPixels):
        small(sent)


@pytest.mark.parametrize("options", [{"progressive": True}, {"streamtype": 0, "progressive": True}])
def test_a_jpeg_that_is_in_memory_whole_may_have_fewer_pixels(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "MOST_PIXELS_AT_ONCE", 100_000)
    assert opened(small(jpeg())).size == (800, 600)
    with pytest.raises(TooManyPixels):
        small(jpeg(**options))


def test_colours_that_come_one_after_another_are_in_memory_whole_too() -> None:
    data = jpeg()
    at = data.index(b"\xff\xda")
    assert data[at + 4] == 3
    one_by_one = data[: at + 2] + b"\x00\x08\x01\x01\x00\x00\x3f\x00" + data[at + 14 :]
    assert not picture._frame(one_by_one).is_sequential
    assert picture._frame(data).is_sequential


def test_a_jpeg_that_says_two_sizes_is_refused() -> None:
    """Of two frames we would look at one, and the decoder at the other."""
    data, large = jpeg(80, 60), with_size(jpeg(80, 60), 60_000, 60_000)
    at = large.index(b"\xff\xc0")
    with pytest.raises(NoPicture):
        small(data[:2] + large[at : at + 19] + data[2:])
    with pytest.raises(NoPicture):
        small(data[:2] + b"junk" + data[2:])


def test_a_camera_of_108_megapixels_is_welcome() -> None:
    assert opened(small(written(Image.new("L", (12_000, 9_000), 99)))).size == (1600, 1200)


@pytest.mark.long
@given(st.binary(max_size=3000), st.sampled_from([b"", jpeg()[:20], written(scene(), "PNG")[:60]]))
def test_made_up_bytes_are_a_picture_or_none(rest: bytes, start: bytes) -> None:
    with suppress(NoPicture, TooManyPixels):
        opened(small(start + rest))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12))
def test_a_damaged_picture_is_a_picture_or_none(changes: list[tuple[int, int]], kind: str) -> None:
    options = {"exif": exif(6), "icc_profile": b"icc" * 20}
    data = bytearray(written(scene(90, 60), kind, **options))
    for place, byte in changes:
        data[place % len(data)] = byte
    with suppress(NoPicture, TooManyPixels):
        opened(small(bytes(data)))
