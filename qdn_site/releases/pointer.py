"""The releases that a stage shows: one document, one conditional write for a move.

Its moves are the history and the receipts: a move that was seen to have arrived says when.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Literal

import msgspec
from msgspec.structs import replace

from dispatch.domain.stored.document import (
    Document,
    StaleWrite,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.domain.typed.texts import BYTE_ORDER_MARK
from qdn_site.releases import ReleaseError
from qdn_site.releases.store import POINTER, ReleaseStore
from qdn_site.releases.surfaces import EDGE, PAGES, SURFACES

SCHEMA = 2
IMAGE = "image"  # no release: the pages that ship with the image
NONE = "none"  # no function was ever published
MOST_MOVES = 200  # that are remembered
Action = Literal["stage", "promote", "rollback", "put back"]


class Release(msgspec.Struct, frozen=True):
    """A release as the pointer knows it, without its manifest."""

    id: str
    surface: str
    pages_api: int
    made_at: datetime
    made_by: str


class Place(msgspec.Struct, frozen=True):
    """The release that a surface shows, and what it showed before, newest first.

    What was rolled back is not among those: a container never falls back to it.
    """

    current: str = IMAGE
    previous: tuple[str, ...] = ()

    def forward(self, id: str, shown: str) -> "Place":
        """Showing `id`; `shown`, what really shows now, comes next in line."""
        line = dict.fromkeys((shown, self.current, *self.previous))
        return Place(id, tuple(each for each in line if each not in (id, IMAGE, NONE)))

    def back(self, id: str, shown: str) -> "Place":
        """Showing `id` again; what came after it is out of the line."""
        if id in self.previous:
            return Place(id, self.previous[self.previous.index(id) + 1 :])
        return Place(id) if id in (IMAGE, NONE) else self.forward(id, shown)


class Change(msgspec.Struct, frozen=True, rename={"old": "from", "new": "to"}):
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old[:12]} → {self.new[:12]}"


class Arrival(msgspec.Struct, frozen=True):
    """`looked`: from outside, where an address is set. `invalidations`: distribution → id."""

    at: datetime
    looked: bool
    invalidations: dict[str, str] = {}


class Move(msgspec.Struct, frozen=True):
    """A change of some surfaces. Without `arrived` it was interrupted."""

    revision: int
    action: Action
    at: datetime
    by: str
    surfaces: dict[str, Change]
    arrived: Arrival | None = None

    def __str__(self) -> str:
        return ", ".join(f"{name} {change}" for name, change in self.surfaces.items())

    def rolls_back(self, surfaces: Sequence[str], to: str) -> bool:
        """It is the rollback of these (all, where none is named) to an id that starts so."""
        named = set(surfaces) <= set(self.surfaces)
        starts = all(change.new.startswith(to) for change in self.surfaces.values())
        return self.action == "rollback" and named and starts


class Pointer(msgspec.Struct, frozen=True):
    """Values do not change: a move returns the next pointer."""

    schema: int = SCHEMA
    revision: int = 0
    surfaces: dict[str, Place] = {}
    releases: dict[str, Release] = {}
    moves: tuple[Move, ...] = ()  # newest first

    def place(self, surface: str) -> Place:
        return self.surfaces.get(surface) or Place(NONE if surface == EDGE else IMAGE)

    @property
    def pages(self) -> dict[str, str]:
        """A container's pages: surface → id or IMAGE."""
        return {surface: self.place(surface).current for surface in PAGES}

    @property
    def interrupted(self) -> tuple[Move, ...]:
        """The last moves, newest first, that were never seen to arrive."""
        return tuple(takewhile(lambda move: move.arrived is None, self.moves))

    def earlier(self, surfaces: Sequence[str], to: str = "") -> dict[str, str]:
        """The goal of a rollback, surface → id: the release whose id starts so, the image's own
        pages, or what showed before. Raises ReleaseError where there is none."""
        if to and to != IMAGE:
            found = [
                (release.surface, id)
                for id, release in self.releases.items()
                if id.startswith(to) and release.surface in (surfaces or SURFACES)
            ]
            if len(found) != 1:
                count = f"{len(found)} releases" if found else "No release"
                raise ReleaseError(f"{count} of production begins with {to!r}; see `releases`.")
            return dict(found)
        names = list(surfaces) or self._last_promoted()
        if to == IMAGE:
            return dict.fromkeys((name for name in names if name != EDGE), IMAGE)
        earlier = {}
        for name in names:
            place = self.place(name)
            if place.current in (IMAGE, NONE):
                raise ReleaseError(f"{name} shows no release: there is nothing before that.")
            earlier[name] = (*place.previous, NONE if name == EDGE else IMAGE)[0]
        return earlier

    def _last_promoted(self) -> list[str]:
        """The surfaces of the newest promotion that still show what it brought."""
        for move in self.moves:
            brought = move.surfaces.items() if move.action == "promote" else ()
            if shown := [name for name, c in brought if self.place(name).current == c.new]:
                return shown
        raise ReleaseError("Nothing was ever promoted: there is nothing to roll back.")

    def moved(
        self, move: Move, places: Mapping[str, Place], releases: Mapping[str, Release]
    ) -> "Pointer":
        return Pointer(
            revision=move.revision,
            surfaces={**self.surfaces, **places},
            releases={**self.releases, **releases},
            moves=(move, *self.moves)[:MOST_MOVES],
        )

    def with_arrival(self, revision: int, arrival: Arrival) -> "Pointer":
        moves = (
            replace(move, arrived=arrival) if move.revision == revision else move
            for move in self.moves
        )
        return replace(self, moves=tuple(moves))


def read(store: ReleaseStore, known: Document | None = None) -> Document:
    """The pointer's document; `known` where that is still current. Raises StoreUnavailable."""
    try:
        return store.pointer.load(known)
    except StoreUnavailable as error:
        raise StoreUnavailable(f"{store.stage}: {error}") from error


DECODER = msgspec.json.Decoder(Pointer)


def decode(document: Document) -> Pointer:
    """Raises UnreadableDocument where it is no pointer, or a newer one than this code knows."""
    if document.etag is None:
        return Pointer()
    try:
        body = document.body.removeprefix(BYTE_ORDER_MARK)
        schema = msgspec.json.decode(body, type=dict[str, object]).get("schema")
        if schema != SCHEMA:
            raise UnreadableDocument(f"{POINTER} has schema {schema!r}; this code knows {SCHEMA}")
        return DECODER.decode(body)
    except (ValueError, RecursionError) as error:  # msgspec's, and those of text that is none
        raise UnreadableDocument(f"{POINTER} cannot be read: {error}") from error


def for_moving(store: ReleaseStore) -> tuple[Pointer, Document]:
    """The pointer, from which the next move may be made.

    Raises ReleaseError, with the mend, where it is unreadable, missing or older than the last
    move that is known of: the next one would be counted twice and an interrupted one forgotten.
    """
    document, newest = read(store), store.newest("pointers")
    mend = ""
    if newest:
        mend = f"; put {store.url}/pointers/{newest} back as {POINTER}, and run this again"
    try:
        pointer = decode(document)
    except UnreadableDocument as error:
        raise ReleaseError(f"{store.stage}: {error}{mend}") from error
    if newest > _copy(pointer.revision):
        state = f"shows move {pointer.revision}, not its last" if pointer.moves else "is gone"
        raise ReleaseError(f"{store.stage}: {POINTER} {state}{mend}")
    return pointer, document


def write(store: ReleaseStore, pointer: Pointer, over: Document) -> Document:
    """One conditional write. Raises StaleWrite, StoreUnavailable; a lost answer is looked up."""
    body = _encoded(pointer)
    try:
        return store.pointer.save(body, over.etag)
    except StoreUnavailable as error:
        there = read(store)
        if there.body == body:
            return there
        if there.etag != over.etag:
            raise StaleWrite from None
        raise StoreUnavailable(f"{store.stage}: {error}") from error


def keep_copy(store: ReleaseStore, pointer: Pointer) -> None:
    """The pointer can be put back from it."""
    if pointer.moves:
        store.put(f"pointers/{_copy(pointer.revision)}", _encoded(pointer))


def _encoded(pointer: Pointer) -> bytes:
    return msgspec.json.format(msgspec.json.encode(pointer))


def _copy(revision: int) -> str:
    return f"{revision:06}.json"
