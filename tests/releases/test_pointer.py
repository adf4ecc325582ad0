"""One document says what a stage shows; every move is one conditional write of it."""

import pytest

from dispatch.domain.document import (
    MISSING,
    Document,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.stores.memory import MemoryStore
from qdn_site.releases.plan import function_with
from qdn_site.releases.pointer import IMAGE, Place, Pointer, decode, write
from tests.releases.making import AT


def moved(pointer: Pointer, function: str = "", what: str = "promote", **places: Place) -> Pointer:
    return pointer.moved(what, places, function=function, at=AT, by="joel")  # type: ignore[arg-type]


def promoted(*ids: str, surface: str = "book") -> Pointer:
    pointer = Pointer()
    for id in ids:
        pointer = moved(pointer, **{surface: pointer.forward(surface, id)})
    return pointer


def test_before_anything_was_promoted_every_surface_shows_the_image() -> None:
    assert decode(MISSING).current() == {"dashboard": IMAGE, "track": IMAGE, "book": IMAGE}


def test_what_is_promoted_shows_and_what_showed_comes_next() -> None:
    assert promoted("a", "b", "c").place("book") == Place("c", ("b", "a"))
    assert promoted("a").place("track") == Place()


def test_what_is_promoted_a_second_time_stands_in_line_once() -> None:
    assert promoted("a", "b", "a").place("book") == Place("a", ("b",))


def test_what_is_rolled_back_is_never_fallen_back_to() -> None:
    pointer = promoted("a", "b", "c")
    back = moved(pointer, book=pointer.back("book", "b"))
    assert back.place("book") == Place("b", ("a",))
    assert back.back("book", "a") == Place("a")
    assert back.back("book", IMAGE) == Place()


def test_what_was_rolled_back_can_be_shown_again_by_name() -> None:
    pointer = promoted("a", "b")
    back = moved(pointer, book=pointer.back("book", "a"))
    assert back.back("book", "b") == Place("b", ("a",))


def test_each_move_says_who_when_from_and_to() -> None:
    move = promoted("a", "b").moves[0]
    assert (move.revision, move.what, move.at, move.by) == (2, "promote", AT, "joel")
    assert (move.surfaces["book"].old, move.surfaces["book"].new) == ("a", "b")


def test_a_pointer_can_be_written_and_read() -> None:
    store, pointer = MemoryStore(), promoted("a", "b")
    assert decode(write(store, pointer, MISSING)) == pointer


def test_of_two_who_move_at_once_one_is_told() -> None:
    store = MemoryStore()
    before = store.load()
    write(store, promoted("a"), before)
    with pytest.raises(StaleWrite):
        write(store, promoted("b"), before)
    assert decode(store.load()).place("book").current == "a"


class LosesAnswer(MemoryStore):
    """Writes (or not), and says nothing."""

    writes = True

    def save(self, body: bytes, if_match: str | None) -> Document:
        if self.writes:
            super().save(body, if_match)
        raise StoreUnavailable("the answer was lost")


def test_a_write_whose_answer_was_lost_is_recognised() -> None:
    store = LosesAnswer()
    assert decode(write(store, promoted("a"), MISSING)).place("book").current == "a"


def test_a_write_that_did_not_happen_is_not_taken_for_one() -> None:
    store = LosesAnswer()
    store.writes = False
    with pytest.raises(StoreUnavailable):
        write(store, promoted("a"), MISSING)


def test_an_answer_lost_to_somebody_elses_write_is_a_lost_race() -> None:
    store = LosesAnswer(b'{"schema": 1}')
    store.writes = False
    with pytest.raises(StaleWrite):
        write(store, promoted("a"), MISSING)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"no json", b'{"schema": 2}', b'{"schema": 1, "revision": "x"}']
)
def test_a_pointer_that_cannot_be_read_is_never_guessed_at(body: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        decode(Document(body, "etag"))


def test_a_rollback_takes_the_function_back_with_it() -> None:
    pointer = moved(promoted("a"), "F1", book=Place("b", ("a",)))
    pointer = moved(pointer, "F2", book=Place("c", ("b", "a")))
    assert function_with(pointer, {"book": "b"}) == "F1"


def test_a_rollback_leaves_a_function_that_another_surface_brought() -> None:
    pointer = moved(promoted("a"), "F1", book=Place("b", ("a",)))
    pointer = moved(pointer, "F2", track=Place("t"))
    assert function_with(pointer, {"book": "a"}) == "F2"
    assert function_with(pointer, {"track": IMAGE, "book": "b"}) == "F1"
