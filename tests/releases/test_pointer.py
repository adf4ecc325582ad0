"""One document says what a stage shows; every move is one conditional write of it."""

import pytest

from dispatch.domain.stored.document import MISSING, Document, UnreadableDocument
from qdn_site.releases.pointer import IMAGE, NONE, Place, decode, read
from tests.releases.fakes import MemoryReleases
from tests.releases.making import a_pack, point

ONE, TWO = a_pack("One."), a_pack("Two.")


def promoted(*ids: str) -> Place:
    place = Place()
    for id in ids:
        place = place.forward(id, place.current)
    return place


def test_before_anything_was_promoted_every_surface_shows_the_image() -> None:
    assert decode(MISSING).pages == {"dashboard": IMAGE, "track": IMAGE, "book": IMAGE}
    assert decode(MISSING).place("edge").current == NONE


def test_what_is_promoted_shows_and_what_showed_comes_next_once() -> None:
    assert promoted("a", "b", "c") == Place("c", ("b", "a"))
    assert promoted("a", "b", "a") == Place("a", ("b",))


def test_what_really_showed_comes_before_what_should_have() -> None:
    assert promoted("a", "b").forward("c", "by hand") == Place("c", ("by hand", "b", "a"))


def test_what_is_rolled_back_is_never_fallen_back_to_and_can_be_named() -> None:
    back = promoted("a", "b", "c").back("b", "c")
    assert back == Place("b", ("a",))
    assert back.back("a", "b") == Place("a")
    assert back.back(IMAGE, "b") == Place()
    assert back.back("c", "b") == Place("c", ("b", "a"))


def test_each_move_says_who_when_from_and_to() -> None:
    store = MemoryReleases()
    move = point(store, ONE, TWO).moves[0]
    assert (move.revision, move.action, move.by) == (2, "promote", "joel")
    assert (move.surfaces["book"].old, move.surfaces["book"].new) == (ONE.id, TWO.id)
    assert str(move) == f"book {ONE.id[:12]} → {TWO.id[:12]}"
    assert decode(read(store)).moves[0] == move


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"no json", b'{"schema": 1}', b'{"schema": 2, "revision": "x"}'),
        *(b"[" * 100_000, b'{"schema": 2, "x": ' + b"[" * 100_000),
    ],
)
def test_a_pointer_that_cannot_be_read_is_never_guessed_at(body: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        decode(Document(body, "etag"))


def test_a_byte_order_mark_is_passed_over() -> None:
    store = MemoryReleases()
    point(store, ONE)
    document = read(store)
    assert decode(Document(b"\xef\xbb\xbf" + document.body, "etag")) == decode(document)
