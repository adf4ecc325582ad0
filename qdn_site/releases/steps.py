"""Carrying out a plan: a step at a time, each of which may be the last one that happens.

What is live changes in one conditional write (the pointer) when everything that it names is in
place and proved; the function that goes live before it serves the old and the new pages alike.
So a command that is interrupted anywhere leaves its stage whole, and running it again finishes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from dispatch.domain.document import Document, StaleWrite, StoreUnavailable
from qdn_site.edge.cloudfront import CloudFrontRefused, FunctionVersion
from qdn_site.releases import pointer as pointers
from qdn_site.releases import receipts
from qdn_site.releases.arrival import PATIENCE, NotArrived, arrived, pages_api
from qdn_site.releases.function import digest, publish, put_up, stored
from qdn_site.releases.plan import Plan, live_function
from qdn_site.releases.pointer import Move, Pointer
from qdn_site.releases.store import ReleaseStore
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.verify import MOST_BYTES, MOST_FILE


class Refused(Exception):
    """The plan cannot be carried out; the text says why and what to do, in a line."""


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is done with the last line that bears it."""

    name: str
    told: str


@dataclass
class Hands:
    """What the steps need of the outside: the edge's proof and its invalidations."""

    now: Callable[[], datetime]
    prove: Callable[[FunctionVersion], Iterator[str]]
    invalidate: Callable[[Plan, Move], Iterator[tuple[str, str, str]]]  # distribution, id, told
    patience: float = PATIENCE
    version: FunctionVersion | None = field(default=None, init=False)


def carry_out(plan: Plan, hands: Hands) -> Iterator[Step]:
    """Raises Refused, StoreUnavailable, BadPack, CloudFrontRefused, NotArrived."""
    pointer, document = plan.live, plan.document
    move = plan.unfinished[0] if plan.unfinished else None
    if plan.moves:
        yield from _told("prove", prove(plan, hands))
        yield from _told("copy", copy(plan))
        yield from _told("function", publish_function(plan, hands))
        pointer, document = write_pointer(plan, hands)
        move = pointer.moves[0]
        yield Step("pointer", _told_move(plan, move))
    if move is None:
        return
    checked: list[str] = []
    try:
        looks = arrived(plan.target, _expected(plan), plan.looked_at, patience=hands.patience)
        for line in looks:
            checked.append(line)
            yield Step("check", line)
    except NotArrived as error:
        moved = _differences(plan.arrived, pointer)
        if plan.what == "rollback" or not moved:
            raise
        end = _still_there(plan, moved)
        try:
            for end in put_back(plan, hands, pointer, document):
                yield Step("put back", end)
        except (StoreUnavailable, CloudFrontRefused) as failure:
            told = f"{error}; it could not all be put back: {failure}; {end}"
            raise NotArrived(told) from failure
        raise NotArrived(f"{error}; {end}") from error
    ids: dict[str, str] = {}
    for distribution, id, line in hands.invalidate(plan, move):
        ids |= {distribution: id} if id else {}
        yield Step("invalidate", line)
    kept = [line for line in checked if not line.startswith("waiting")]
    receipts.keep(plan.target.store, receipts.Receipt(move, hands.now(), tuple(kept), ids))
    yield Step("receipt", f"receipt {move.revision} of {plan.target.name} is kept")


def prove(plan: Plan, hands: Hands) -> Iterator[str]:
    """The running code can serve these pages; the function does what the event table says."""
    runs = pages_api(plan.target)
    for id, pack in plan.packs.items():
        needs = pack.manifest.pages_api
        if runs is not None and needs != runs:
            what = "an image with" if needs > runs else "pages for"
            first = f"{what} PAGES_API {needs if needs > runs else runs}"
            raise Refused(
                f"{plan.target.name}'s code serves PAGES_API {runs}, release {id[:12]} of"
                f" {pack.manifest.surface} is for {needs}: deploy {first} first."
            )
        yield f"release {id[:12]} of {pack.manifest.surface}: complete, every hash is right"
    if runs is None and plan.packs:
        yield f"not asked what {plan.target.name}'s code can serve: no address of it is set"
    if plan.code is not None and plan.target.function is not None:
        hands.version = put_up(plan.target.function, plan.code)
        yield from hands.prove(hands.version)
    if plan.target.store.document(pointers.NAME).load().etag != plan.document.etag:
        raise Refused(_overtaken(plan))


def copy(plan: Plan) -> Iterator[str]:
    """The function's code, static files before the packs that name them: all that the pointer
    will name; each is read back and compared."""
    store = plan.target.store
    if (code := _function_code(plan)) is not None:
        _copy(store, stored(plan.function), code, MOST_FILE)
    for id, pack in plan.packs.items():
        static = pack.under("static")
        for name, body in static.items():
            _copy(store, f"static/{name}", body, MOST_FILE)
        _copy(store, f"packs/{id}.tar", pack.body, MOST_BYTES)
        yield (
            f"release {id[:12]} of {pack.manifest.surface}: {len(pack.body):,} bytes and"
            f" {len(static)} static files are in {store.url}, verified"
        )


def publish_function(plan: Plan, hands: Hands) -> Iterator[str]:
    if hands.version is None or plan.target.function is None:
        return
    publish(plan.target.function, hands.version, plan.target.store)
    yield f"function {plan.target.function.name}: {plan.function[:12]} is live"


def write_pointer(plan: Plan, hands: Hands) -> tuple[Pointer, Document]:
    """The one write that moves the stage. Raises Refused where somebody was faster."""
    places = {name: plan.places[name] for name in plan.changes}
    pointer = plan.live.moved(
        plan.what,
        places,
        function=plan.function,
        at=hands.now(),
        by=plan.by,
        releases=plan.releases,
    )
    store = plan.target.store.document(pointers.NAME)
    try:
        return pointer, pointers.write(store, pointer, plan.document)
    except StaleWrite as error:
        list(_function_back(plan, _read_again(plan).function))
        raise Refused(_overtaken(plan)) from error


def put_back(plan: Plan, hands: Hands, pointer: Pointer, document: Document) -> Iterator[str]:
    """As it was when it last arrived: pages in one write, then the function. The last line says
    what came of it."""
    name, before = plan.target.name, plan.arrived
    moved = _differences(before, pointer)
    places = {surface: before.place(surface) for surface in moved if surface in SURFACES}
    undone = pointer.moved("put back", places, function=before.function, at=hands.now(), by=plan.by)
    try:
        pointers.write(plan.target.store.document(pointers.NAME), undone, document)
    except StaleWrite:
        yield f"{name} was moved by somebody else meanwhile; it stays as they left it"
        return
    yield f"{name} points to what it showed before"
    yield from _function_back(plan, before.function)
    note = receipts.Receipt(undone.moves[0], hands.now(), ("put back: it did not arrive",), {})
    receipts.keep(plan.target.store, note)
    if live_function(plan.target) == before.function or plan.target.function is None:
        yield f"{name} was put back as it was: {', '.join(moved)}"


def _differences(before: Pointer, after: Pointer) -> list[str]:
    """The surfaces, and `function`, in which two pointers differ."""
    shown = after.current()
    names = [name for name, id in before.current().items() if shown[name] != id]
    return [*names, *(["function"] if before.function != after.function else [])]


def _still_there(plan: Plan, moved: list[str]) -> str:
    """What to do about it where nothing could be put back."""
    again = " ".join(["manage.py rollback", *(name for name in moved if name in SURFACES)])
    what = f"run `{again}`" if plan.what == "promote" else "stage the earlier pages again"
    return f"{plan.target.name} may still show it: look at `releases`, then {what}"


def _function_back(plan: Plan, sha: str) -> Iterator[str]:
    """That function live again, if it is this plan's that is live now: an earlier run, which
    was interrupted, may have published it."""
    function, live = plan.target.function, live_function(plan.target)
    if function is None or live == sha:
        return
    ours = sha and live == plan.function
    before = plan.target.store.get(stored(sha), MOST_FILE) if ours else None
    if before is None or digest(before) != sha:
        yield (
            f"the pages of {plan.target.name} were put back; function {function.name} was not:"
            f" {live[:12]} stays live instead of {sha[:12] or 'none'}"
        )
        return
    function.publish(put_up(function, before))
    yield f"function {function.name}: {sha[:12]} is live again"


def _function_code(plan: Plan) -> bytes | None:
    """Of the function that will be live; where it is already, nobody may have kept that yet."""
    if plan.code is not None or plan.target.function is None:
        return plan.code
    live = plan.target.function.live()
    return live.code if live is not None and digest(live.code) == plan.function else None


def _copy(store: ReleaseStore, name: str, body: bytes, most: int) -> None:
    store.put(name, body)
    there = store.get(name, most)
    if there is None or sha256(there).digest() != sha256(body).digest():
        raise Refused(
            f"{store.url}/{name} holds something else than it should. Nothing points to it:"
            " remove it and run this again."
        )


def _expected(plan: Plan) -> dict[str, str]:
    shown = plan.live.current() | {name: place.current for name, place in plan.places.items()}
    return {name: shown[name] for name in plan.touched}


def _overtaken(plan: Plan) -> str:
    now = _read_again(plan)
    last = now.moves[0] if now.moves else None
    who = f"{last.by} ({last.what} {', '.join(last.surfaces)})" if last else "somebody"
    return (
        f"{who} moved {plan.target.name} after this was planned; nothing of yours is live."
        " Look at `releases`, then run this again."
    )


def _read_again(plan: Plan) -> Pointer:
    return pointers.decode(plan.target.store.document(pointers.NAME).load())


def _told_move(plan: Plan, move: Move) -> str:
    told = [
        f"{name} {change.old[:12]} → {change.new[:12]}" for name, change in move.surfaces.items()
    ]
    return (
        f"{plan.target.name} points to {', '.join(told) or 'the same pages'}, move {move.revision}"
    )


def _told(name: str, lines: Iterator[str]) -> Iterator[Step]:
    for line in lines:
        yield Step(name, line)
