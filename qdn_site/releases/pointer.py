"""Which release each surface of a stage shows: one document, one conditional write for a move."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from dispatch.domain.document import (
    Document,
    DocumentStore,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
)
from qdn_site.releases.surfaces import SURFACES

NAME = "pointer.json"
SCHEMA = 1
IMAGE = "image"  # no release: the pages that ship with the image
MOST_MOVES = 200  # that are remembered
What = Literal["stage", "promote", "rollback", "put back"]


class Release(msgspec.Struct, frozen=True):
    """What the pointer knows of a release without its pack."""

    id: str
    surface: str
    pages_api: int
    made_at: datetime
    made_by: str


class Place(msgspec.Struct, frozen=True):
    """A surface: the release it shows, and what it showed before, newest first.

    What was rolled back is not among those: a container never falls back to it.
    """

    current: str = IMAGE
    previous: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, rename={"old": "from", "new": "to"}):
    old: str
    new: str


class Move(msgspec.Struct, frozen=True):
    """Who moved what, when. `function` by SHA-256 of its code; both alike: it stayed."""

    revision: int
    what: What
    at: datetime
    by: str
    surfaces: dict[str, Change]
    function: Change


class Pointer(msgspec.Struct, frozen=True):
    """Values do not change: a move returns the next pointer."""

    schema: int = SCHEMA
    revision: int = 0
    surfaces: dict[str, Place] = {}
    releases: dict[str, Release] = {}
    function: str = ""
    moves: tuple[Move, ...] = ()  # newest first

    def place(self, surface: str) -> Place:
        return self.surfaces.get(surface, Place())

    def current(self) -> dict[str, str]:
        return {surface: self.place(surface).current for surface in SURFACES}

    def moved(
        self,
        what: What,
        places: Mapping[str, Place],
        *,
        function: str,
        at: datetime,
        by: str,
        releases: Mapping[str, Release] | None = None,
    ) -> "Pointer":
        changes = {
            surface: Change(self.place(surface).current, place.current)
            for surface, place in places.items()
        }
        revision = self.revision + 1
        move = Move(revision, what, at, by, changes, Change(self.function, function))
        return Pointer(
            revision=revision,
            surfaces={**self.surfaces, **places},
            releases={**self.releases, **(releases or {})},
            function=function,
            moves=(move, *self.moves)[:MOST_MOVES],
        )

    def forward(self, surface: str, id: str) -> Place:
        """Showing `id`; what is shown now comes next in line."""
        place = self.place(surface)
        before = (place.current, *place.previous)
        return Place(id, tuple(each for each in before if each not in (id, IMAGE)))

    def back(self, surface: str, to: str) -> Place:
        """Showing `to` again; what came after it is out of the line."""
        previous = self.place(surface).previous
        if to in previous:
            return Place(to, previous[previous.index(to) + 1 :])
        return Place() if to == IMAGE else self.forward(surface, to)

    def without(self, move: Move) -> "Pointer":
        """As it was before that move, its newest."""
        places = {name: self.back(name, change.old) for name, change in move.surfaces.items()}
        return msgspec.structs.replace(
            self,
            surfaces={**self.surfaces, **places},
            function=move.function.old or self.function,
        )

    def find(self, surface: str, start: str) -> list[str]:
        """The releases of a surface whose id starts so."""
        return [
            release.id
            for release in self.releases.values()
            if release.surface == surface and release.id.startswith(start)
        ]


def with_function(pointer: Pointer, function: str) -> Pointer:
    return msgspec.structs.replace(pointer, function=function)


def decode(document: Document) -> Pointer:
    """Raises UnreadableDocument where it is no pointer, or a newer one than this code knows."""
    if document.etag is None:
        return Pointer()
    try:
        schema = msgspec.json.decode(document.body, type=dict[str, object]).get("schema")
        if schema != SCHEMA:
            raise UnreadableDocument(f"{NAME} has schema {schema!r}; this code knows {SCHEMA}.")
        return msgspec.json.decode(document.body, type=Pointer)
    except msgspec.DecodeError as error:
        raise UnreadableDocument(f"{NAME} cannot be read: {error}") from error


def write(store: DocumentStore, pointer: Pointer, over: Document) -> Document:
    """One conditional write. Raises StaleWrite; an answer that was lost is looked up."""
    body = msgspec.json.format(msgspec.json.encode(pointer))
    try:
        return store.save(body, over.etag)
    except StoreUnavailable:
        there = store.load()
        if there.body == body:
            return there
        if there.etag != over.etag:
            raise StaleWrite from None
        raise
