"""What a command is about to do, worked out before it does anything.

`stage`, `promote` and `rollback` differ only in their plans; the steps are the same (`steps.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from dispatch.domain.document import Document
from qdn_site.releases import pointer as pointers
from qdn_site.releases import receipts
from qdn_site.releases.function import digest, stored
from qdn_site.releases.pack import Pack
from qdn_site.releases.pointer import IMAGE, Change, Move, Place, Pointer, Release, What
from qdn_site.releases.store import ReleaseStore, TooLarge
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.target import Target
from qdn_site.releases.verify import MOST_BYTES, BadPack, verify


class NothingSuch(Exception):
    """What was asked for is not there; the text says so in a line."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`document` is the pointer that all of this was worked out from: it must still be there."""

    what: What
    by: str
    target: Target
    live: Pointer
    document: Document
    places: Mapping[str, Place]
    packs: Mapping[str, Pack] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    code: bytes | None = None  # of the function that is to go live; None: it stays
    edge: str = ""  # SHA-256 of the code that is live now, whatever the pointer says
    function: str = ""  # SHA-256 of the code that will be live
    unfinished: tuple[Move, ...] = ()  # the last moves, newest first, that nobody saw arrive

    @property
    def changes(self) -> dict[str, Change]:
        return {
            surface: Change(self.live.place(surface).current, place.current)
            for surface, place in self.places.items()
            if self.live.place(surface).current != place.current
        }

    @property
    def moves(self) -> bool:
        return bool(self.changes) or self.moves_function

    @property
    def moves_function(self) -> bool:
        return self.code is not None or self.function != self.live.function

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The surfaces of which a page must show: a function serves those of them all."""
        before = (move.function.old != move.function.new for move in self.unfinished)
        others = SURFACES if self.moves_function or any(before) else ()
        return tuple(dict.fromkeys((*self.touched, *others)))

    @property
    def touched(self) -> tuple[str, ...]:
        """The surfaces to look for and to invalidate."""
        before = {name for move in self.unfinished for name in move.surfaces}
        return tuple(name for name in SURFACES if name in self.changes or name in before)

    @property
    def arrived(self) -> Pointer:
        """What was seen to arrive last: without what this plan moves, and without the unfinished
        moves before it. A rollback among those stays: it is not undone for being slow."""
        pointer = self.live
        for move in self.unfinished:
            if move.what not in ("stage", "promote"):
                break
            pointer = pointer.without(move)
        return pointer


def read(target: Target) -> tuple[Pointer, Document, tuple[Move, ...]]:
    """The pointer, its document, and its last moves, newest first, that nobody saw arrive."""
    document = target.store.document(pointers.NAME).load()
    pointer = pointers.decode(document)
    unseen = takewhile(lambda move: not receipts.find(target.store, move.revision), pointer.moves)
    return pointer, document, tuple(unseen)


def stage(target: Target, packs: Sequence[Pack], code: bytes | None, by: str, at: datetime) -> Plan:
    """These packs on staging, with this edge function."""
    live, document, unfinished = read(target)
    edge = live_function(target)
    live, function = _function(target, live, edge, digest(code) if code else "")
    new = [pack for pack in packs if live.place(pack.manifest.surface).current != pack.id]
    return Plan(
        what="stage",
        by=by,
        target=target,
        live=live,
        document=document,
        places={p.manifest.surface: live.forward(p.manifest.surface, p.id) for p in new},
        packs={pack.id: pack for pack in new},
        releases={pack.id: _release(pack, live, by, at) for pack in new},
        code=code if function != edge else None,
        edge=edge,
        function=function,
        unfinished=unfinished,
    )


def promote(source: Target, target: Target, surfaces: Sequence[str], by: str) -> Plan:
    """What staging shows, in production. Raises NothingSuch, BadPack, StoreUnavailable."""
    staged, _, _ = read(source)
    live, document, unfinished = read(target)
    wanted = surfaces or [name for name in SURFACES if staged.place(name).current != IMAGE]
    ids = {name: staged.place(name).current for name in wanted}
    for name, id in ids.items():
        if id == IMAGE:
            raise NothingSuch(f"Nothing of {name} is on staging: run `stage {name}` first.")
    new = {name: id for name, id in ids.items() if live.place(name).current != id}
    edge = live_function(target)
    live, function = _function(target, live, edge, staged.function)
    has_it = source if function == staged.function else target
    return Plan(
        what="promote",
        by=by,
        target=target,
        live=live,
        document=document,
        places={name: live.forward(name, id) for name, id in new.items()},
        packs={id: fetch(source.store, id) for id in new.values()},
        releases={id: staged.releases[id] for id in new.values()},
        code=_code(has_it.store, function) if function != edge and target.function else None,
        edge=edge,
        function=function,
        unfinished=unfinished,
    )


def rollback(target: Target, surfaces: Sequence[str], to: str, by: str) -> Plan:
    """Production as it was before, or at a named release. Raises NothingSuch, BadPack."""
    live, document, unfinished = read(target)
    finishes = bool(unfinished) and _asks_for(unfinished[0], surfaces, to)
    newest = not (finishes or surfaces or to)
    alone = _before_function_alone(live) if newest and target.function else ""
    back_to = {} if finishes or alone else _back_to(live, surfaces, to)
    places = {name: live.back(name, id) for name, id in back_to.items()}
    ids = {name: place.current for name, place in places.items()}
    packs = {id: fetch(target.store, id) for id in ids.values() if id != IMAGE}
    edge = live_function(target)
    before = function_with(live, ids) if ids else alone or live.function
    live, function = _function(target, live, edge, before)
    return Plan(
        what="rollback",
        by=by,
        target=target,
        live=live,
        document=document,
        places=places,
        packs=packs,
        code=_code(target.store, function) if function != edge and target.function else None,
        edge=edge,
        function=function,
        unfinished=unfinished,
    )


def function_with(pointer: Pointer, ids: Mapping[str, str]) -> str:
    """The edge function that was live when those releases were, where no other surface's move
    has changed it since; else the one that is live now."""
    shown = pointer.current()
    for move in pointer.moves:
        if move.function.old != move.function.new and not set(move.surfaces) <= set(ids):
            return pointer.function
        shown |= {name: change.old for name, change in move.surfaces.items()}
        if ids.items() <= shown.items():
            return move.function.old or pointer.function
    return pointer.function


def fetch(store: ReleaseStore, id: str) -> Pack:
    """A release from a stage's storage, verified."""
    try:
        body = store.get(f"packs/{id}.tar", MOST_BYTES)
    except TooLarge as error:
        raise BadPack(f"release {id[:12]}: {error}") from error
    if body is None:
        raise BadPack(f"release {id[:12]}: {store.url} has no packs/{id}.tar")
    try:
        return verify(body, id)
    except BadPack as error:
        raise BadPack(f"release {id[:12]} in {store.url}: {error}") from error


def _asks_for(move: Move, surfaces: Sequence[str], to: str) -> bool:
    """Whether that rollback is what is asked for: run again, it must not go back further."""
    named = set(surfaces) <= set(move.surfaces)
    ids = [change.new for change in move.surfaces.values()] or [""]  # the function alone
    return move.what == "rollback" and named and all(id.startswith(to) for id in ids)


def _back_to(live: Pointer, surfaces: Sequence[str], to: str) -> dict[str, str]:
    if to and to != IMAGE:
        return dict([_named(live, surfaces, to)])
    names = list(surfaces) or _last_moved(live)
    if to == IMAGE:
        return dict.fromkeys(names, IMAGE)
    if shown := [name for name in names if live.place(name).current == IMAGE]:
        raise NothingSuch(f"{shown[0]} shows the image's own pages: there is nothing before them.")
    return {name: (*live.place(name).previous, IMAGE)[0] for name in names}


def _named(live: Pointer, surfaces: Sequence[str], to: str) -> tuple[str, str]:
    found = [(name, id) for name in (surfaces or SURFACES) for id in live.find(name, to)]
    if len(found) != 1:
        what = "No release" if not found else f"{len(found)} releases"
        raise NothingSuch(f"{what} of production begins with {to!r}; `releases` lists them.")
    return found[0]


def _last_moved(live: Pointer) -> list[str]:
    """The surfaces of the newest promotion that still shows."""
    for move in live.moves:
        if shown := _shown(live, move):
            return shown
    raise NothingSuch("Nothing was ever promoted: there is nothing to roll back.")


def _shown(live: Pointer, move: Move) -> list[str]:
    """The surfaces that still show what that promotion brought."""
    ours = move.surfaces.items() if move.what == "promote" else ()
    return [name for name, change in ours if live.place(name).current == change.new]


def _before_function_alone(live: Pointer) -> str:
    """The function before the newest promotion that still shows, where it moved nothing else;
    else empty."""
    for move in live.moves:
        old, new = move.function.old, move.function.new
        if move.what == "promote" and not move.surfaces and old != new == live.function:
            return old or new  # there was none: nothing to go back to
        if _shown(live, move):
            break
    return ""


def live_function(target: Target) -> str:
    """SHA-256 of what viewers' requests run through now; empty where nothing does."""
    published = target.function.live() if target.function else None
    return digest(published.code) if published else ""


def _function(target: Target, live: Pointer, edge: str, wanted: str) -> tuple[Pointer, str]:
    """(the pointer with the function that it began with, the one that is to be live)."""
    if target.function is None:
        return live, live.function
    if not live.function:
        live = pointers.with_function(live, edge)
    return live, wanted or live.function


def _code(store: ReleaseStore, sha: str) -> bytes:
    code = store.get(stored(sha), MOST_BYTES)
    if code is None or digest(code) != sha:
        raise BadPack(f"{store.url} has no {stored(sha)} with that content")
    return code


def _release(pack: Pack, live: Pointer, by: str, at: datetime) -> Release:
    """One that was made before keeps its maker."""
    made = Release(pack.id, pack.manifest.surface, pack.manifest.pages_api, at, by)
    return live.releases.get(pack.id, made)
