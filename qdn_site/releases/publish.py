"""`stage`, `promote` and `rollback`: a plan, and doing it step by step.

They differ only in their plans. Everything that the pointer will name is proved and in place
before it moves, in one conditional write; containers and the edge follow it. So a command that
is interrupted anywhere leaves its stage whole, and running it again finishes.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from dispatch.domain.stored.document import Document, StaleWrite, StoreUnavailable
from qdn_site.edge.cloudfront import CloudFrontRefused
from qdn_site.edge.invalidation import chosen, orders, start
from qdn_site.edge.table import prove
from qdn_site.releases import ReleaseError
from qdn_site.releases import pointer as pointers
from qdn_site.releases.check import TIMEOUT, NotArrived, arrived, pages_api
from qdn_site.releases.pack import Pack, fetch, is_whole, keep
from qdn_site.releases.pointer import IMAGE, NONE, Action, Arrival, Change, Move, Pointer, Release
from qdn_site.releases.surfaces import EDGE, FUNCTION_FILE, PAGES, SURFACES
from qdn_site.releases.target import Target

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """`document` holds `before`, and must still be there when `after` is written.

    `changes` say what really shows: at the edge that may be something else than `before` says.
    """

    action: Action
    by: str
    target: Target
    document: Document
    before: Pointer
    after: Pointer
    changes: Mapping[str, Change]
    packs: Mapping[str, Pack]  # to be in the target's store; without a change, what it has lost

    @property
    def touched(self) -> tuple[str, ...]:
        """The surfaces to look for and to invalidate."""
        names = {name for move in self.before.interrupted for name in move.surfaces}
        return tuple(name for name in SURFACES if name in names | self.changes.keys())

    @property
    def code(self) -> bytes | None:
        """Of the function that is to be published; None where it is live already, or no edge."""
        change = self.changes.get(EDGE)
        if not change or change.old == change.new:
            return None
        return self.packs[change.new].files[FUNCTION_FILE]

    @property
    def last_arrived(self) -> dict[str, str]:
        """The touched surfaces as they were last seen to arrive.

        An interrupted rollback is not undone for being slow.
        """
        shown = {name: change.old for name, change in self.changes.items()}
        for move in self.before.interrupted:
            if move.action not in ("stage", "promote"):
                break
            shown |= {name: change.old for name, change in move.surfaces.items()}
        return shown


def plan_stage(target: Target, packs: Sequence[Pack], by: str, at: datetime) -> Plan:
    """These releases on staging. Raises ReleaseError, StoreUnavailable, CloudFrontRefused."""
    wanted = {pack.manifest.surface: pack.id for pack in packs}
    obtain = {pack.id: pack for pack in packs}.__getitem__
    return _plan("stage", by, at, target, pointers.for_moving(target.store), wanted, obtain)


def plan_promote(
    source: Target, target: Target, surfaces: Sequence[str], by: str, at: datetime
) -> Plan:
    """Production as staging is. Raises as `plan_stage`."""
    staged, _ = pointers.for_moving(source.store)
    ids = {name: staged.place(name).current for name in surfaces or SURFACES}
    wanted = {name: id for name, id in ids.items() if id not in (IMAGE, NONE)}
    for name in surfaces:
        if name not in wanted:
            raise ReleaseError(f"Nothing of {name} is on staging: run `stage {name}` first.")
    if not wanted:
        raise ReleaseError(f"Nothing is on staging, in {source.store.url}: run `stage` first.")
    state, obtain = pointers.for_moving(target.store), partial(fetch, source.store)
    return _plan("promote", by, at, target, state, wanted, obtain, staged.releases)


def plan_rollback(target: Target, surfaces: Sequence[str], to: str, by: str, at: datetime) -> Plan:
    """Production as it was before, or at a named release. Raises as `plan_stage`.

    A rollback that was interrupted is finished, and goes back no further.
    """
    state = pointers.for_moving(target.store)
    finishes = any(move.rolls_back(surfaces, to) for move in state[0].interrupted[:1])
    wanted = {} if finishes else state[0].earlier(surfaces, to)
    if not finishes and set(wanted.values()) <= {NONE}:
        raise ReleaseError(
            "No other function was at the edge before, and one cannot be taken away:"
            " name a release with --to."
        )
    return _plan("rollback", by, at, target, state, wanted)


def _plan(
    action: Action,
    by: str,
    at: datetime,
    target: Target,
    state: tuple[Pointer, Document],
    wanted: Mapping[str, str],
    obtain: Callable[[str], Pack] | None = None,
    known: Mapping[str, Release] | None = None,
) -> Plan:
    """`wanted`: surface → id, which `obtain` brings; else it is in the target's store.

    What was interrupted is finished along with it.
    """
    before, document = state
    begun = {name for move in before.interrupted for name in move.surfaces}
    ids = {name: before.place(name).current for name in begun} | dict(wanted)
    if target.function is None or ids.get(EDGE) == NONE:
        ids.pop(EDGE, None)  # a function can be replaced, and not taken away
    live = target.live_function() if EDGE in ids else None
    places, changes, packs = {}, {}, {}
    for name in (name for name in SURFACES if name in ids):
        place, id = before.place(name), ids[name]
        shown = place.current if name != EDGE else live.id if live else NONE
        if id == shown == place.current:
            if obtain and name in wanted and not is_whole(target.store, id):
                packs[id] = obtain(id)
            continue
        forward = action in ("stage", "promote")
        places[name] = place.forward(id, shown) if forward else place.back(id, shown)
        changes[name] = Change(shown, id)
        if id != IMAGE:
            packs[id] = obtain(id) if obtain and name in wanted else fetch(target.store, id)
        if name == EDGE and live:
            packs[live.id] = live  # so that it can be put back, whoever made it
    known = {**(known or {}), **before.releases}
    releases = {
        id: known.get(id) or Release(id, pack.manifest.surface, pack.manifest.pages_api, at, by)
        for id, pack in packs.items()
    }
    after = before
    if changes:
        move = Move(before.revision + 1, action, at, by, changes)
        after = before.moved(move, places, releases)
    return Plan(action, by, target, document, before, after, changes, packs)


def carry_out(plan: Plan, now: Now, timeout: float = TIMEOUT) -> Iterator[str]:
    """Do it, with a line for each thing done.

    Raises ReleaseError, StoreUnavailable, CloudFrontRefused; NotArrived after all was put back,
    or could not be.
    """
    target, touched = plan.target, plan.touched
    yield from _prove(plan) if plan.changes else _keep(plan)
    if not touched:
        return
    try:
        if plan.changes:
            yield from _move(plan)
        if target.url:
            pages = {name: plan.after.pages[name] for name in touched if name in PAGES}
            looked_at = PAGES if EDGE in touched else pages  # the function serves them all
            yield from arrived(target, pages, looked_at, timeout=timeout)
        else:
            yield f"not looked whether it arrived: QDN_{target.name.upper()}_URL is not set"
    except (NotArrived, CloudFrontRefused) as error:
        if plan.action == "rollback":
            raise
        try:
            end = yield from _put_back(plan, now)
        except (ReleaseError, StoreUnavailable, CloudFrontRefused) as failure:
            end = f"it could not all be put back: {failure}; {_mend(plan)}"
        raise NotArrived(f"{error}; {end}") from error
    yield from _finish(plan, touched, now, looked=bool(target.url))


def _prove(plan: Plan) -> Iterator[str]:
    """The running code can serve these pages; the function does what the event table says."""
    target = plan.target
    unasked = "no address of it is set"
    try:
        runs = pages_api(target)
    except NotArrived as error:
        if plan.action != "rollback":
            raise
        runs, unasked = None, str(error)  # it may be what is live that keeps it from answering
    for change in plan.changes.values():
        release = plan.after.releases.get(change.new)
        if release is None:
            continue
        needs, name = release.pages_api, f"release {release.id[:12]} of {release.surface}"
        if release.surface != EDGE and runs not in (None, needs):
            lacking = "an image with" if needs > (runs or 0) else "pages for"
            raise ReleaseError(
                f"{target.name}'s code serves PAGES_API {runs}, {name} is for {needs}: deploy"
                f" {lacking} PAGES_API {max(needs, runs or 0)} first."
            )
        yield f"{name}: complete, every hash is right"
    if runs is None:
        yield f"not asked what {target.name}'s code can serve: {unasked}"
    # What production had before is wanted back, whatever the table says by now.
    if plan.code and target.function and plan.action != "rollback":
        yield from prove(target.function, target.function.put_up(plan.code))
    if pointers.read(target.store).etag != plan.document.etag:
        raise _overtaken(target)


def _move(plan: Plan) -> Iterator[str]:
    """The store, the pointer, the edge."""
    target, store = plan.target, plan.target.store
    pointers.keep_copy(store, plan.before)
    yield from _keep(plan)
    try:
        pointers.write(store, plan.after, plan.document)
    except StaleWrite as error:
        raise _overtaken(target) from error
    move = plan.after.moves[0]
    yield f"{target.name} points to {move}, move {move.revision}"
    pointers.keep_copy(store, plan.after)
    if plan.code and target.function:
        target.function.publish(target.function.put_up(plan.code))
        yield f"{target.function}: {plan.changes[EDGE].new[:12]} is live"


def _keep(plan: Plan) -> Iterator[str]:
    for pack in plan.packs.values():
        keep(plan.target.store, pack)
        yield f"{pack}: {pack.size} are in {plan.target.store.url}, verified"


def _overtaken(target: Target) -> ReleaseError:
    moves = pointers.decode(pointers.read(target.store)).moves
    who = f"{moves[0].by} ({moves[0].action} {', '.join(moves[0].surfaces)})" if moves else ""
    return ReleaseError(
        f"{who or 'Somebody'} moved {target.name} after this was planned; nothing of yours is"
        " live. Look at `releases`, then run this again."
    )


def _put_back(plan: Plan, now: Now) -> Generator[str, None, str]:
    """A rollback to what was last seen to arrive; returns what came of it."""
    target = plan.target
    state = pointers.for_moving(target.store)
    if state[0].revision != plan.after.revision:
        return f"{target.name} was moved by somebody else meanwhile; it stays as they left it"
    back = _plan("put back", plan.by, now(), target, state, plan.last_arrived)
    if not back.changes:
        return _mend(plan)
    yield from _move(back)
    yield from _finish(back, plan.touched, now, looked=False)
    return f"{target.name} was put back as it was: {', '.join(back.changes)}"


def _mend(plan: Plan) -> str:
    back = f"run `manage.py rollback {' '.join(plan.touched)}`"
    then = back if plan.action == "promote" else "stage the earlier pages again"
    return f"{plan.target.name} may still show it: look at `releases`, then {then}"


def _finish(plan: Plan, surfaces: Sequence[str], now: Now, *, looked: bool) -> Iterator[str]:
    """Caches forget the surfaces, and the pointer says that the move has arrived."""
    target, move = plan.target, plan.after.moves[0]
    ids: dict[str, str] = {}
    if target.function is not None:
        staging = target.name == "staging"
        for order in orders(chosen(surfaces), target.distributions, staging=staging):
            # Repeated for the same move it starts nothing new.
            reference = f"{target.name} {move.revision} {move.at.isoformat()}"
            id = start(order, reference, target.distribution(order.distribution)).id
            ids[order.distribution] = id
            yield f"invalidation {id} of {order.distribution}: {', '.join(order.paths)}"
    arrival = Arrival(now(), looked, ids)
    while True:  # noted in the pointer as it is by now: somebody may have moved on
        pointer, document = pointers.for_moving(target.store)
        try:
            pointers.write(target.store, pointer.with_arrival(move.revision, arrival), document)
            break
        except StaleWrite:
            continue
    yield f"move {move.revision} of {target.name} is done"
