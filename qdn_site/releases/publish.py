"""`stage`, `promote` and `rollback`: a plan, and doing it step by step.

They differ only in their plans. Everything that the pointer will name is proved and in place
before it moves, in one conditional write; containers and the edge follow it. So a command that
is interrupted anywhere leaves its stage whole, and running it again finishes.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.document import Document, StaleWrite, StoreUnavailable
from qdn_site.edge.cloudfront import CloudFrontRefused
from qdn_site.edge.invalidation import chosen, orders, start
from qdn_site.edge.table import prove
from qdn_site.releases import ReleaseError
from qdn_site.releases import pointer as pointers
from qdn_site.releases.check import TIMEOUT, NotArrived, arrived, pages_api
from qdn_site.releases.pack import Pack, fetch, keep
from qdn_site.releases.pointer import IMAGE, NONE, Action, Arrival, Change, Pointer, Release
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
    packs: Mapping[str, Pack]  # that must be in the target's store

    @property
    def touched(self) -> tuple[str, ...]:
        """The surfaces to look for and to invalidate."""
        names = {name for move in self.before.interrupted for name in move.surfaces}
        return tuple(name for name in SURFACES if name in names | self.changes.keys())

    @property
    def publishes(self) -> bool:
        """The function that is live at the edge is another one than the pointer will name."""
        return EDGE in self.changes and self.changes[EDGE].old != self.changes[EDGE].new

    @property
    def code(self) -> bytes:
        """Of the function that is to be published."""
        return self.packs[self.changes[EDGE].new].files[FUNCTION_FILE]

    @property
    def last_arrived(self) -> dict[str, str]:
        """What the touched surfaces showed when they were last seen to arrive.

        An interrupted rollback is not undone for being slow.
        """
        shown = {name: change.old for name, change in self.changes.items()}
        for move in self.before.interrupted:
            if move.action not in ("stage", "promote"):
                break
            shown |= {name: change.old for name, change in move.surfaces.items()}
        return shown


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` is done with the last line that bears its name."""

    step: str
    line: str


def plan_stage(target: Target, packs: Sequence[Pack], by: str, at: datetime) -> Plan:
    """These releases on staging. Raises ReleaseError, StoreUnavailable, CloudFrontRefused."""
    wanted = {pack.manifest.surface: pack.id for pack in packs}
    obtain = {pack.id: pack for pack in packs}.__getitem__
    return _plan("stage", by, at, target, pointers.for_moving(target.store), wanted, obtain)


def plan_promote(
    source: Target, target: Target, surfaces: Sequence[str], by: str, at: datetime
) -> Plan:
    """What staging shows, in production. Raises as `plan_stage`."""
    staged, _ = pointers.for_moving(source.store)
    ids = {name: staged.place(name).current for name in surfaces or SURFACES}
    wanted = {name: id for name, id in ids.items() if id not in (IMAGE, NONE)}
    for name in surfaces:
        if name not in wanted:
            raise ReleaseError(f"Nothing of {name} is on staging: run `stage {name}` first.")
    state = pointers.for_moving(target.store)
    return _plan(
        *("promote", by, at, target, state, wanted),
        lambda id: fetch(source.store, id),
        known=staged.releases,
    )


def plan_rollback(target: Target, surfaces: Sequence[str], to: str, by: str, at: datetime) -> Plan:
    """Production as it was before, or at a named release. Raises as `plan_stage`.

    A rollback that was interrupted is finished, and goes back no further.
    """
    state = pointers.for_moving(target.store)
    finishes = any(move.rolls_back(surfaces, to) for move in state[0].interrupted[:1])
    wanted = {} if finishes else state[0].earlier(surfaces, to)
    return _plan("rollback", by, at, target, state, wanted, lambda id: fetch(target.store, id))


def carry_out(plan: Plan, now: Now, timeout: float = TIMEOUT) -> Iterator[Progress]:
    """Raises ReleaseError, StoreUnavailable, CloudFrontRefused; NotArrived after all was put
    back, or could not be."""
    if plan.changes:
        yield from _told("prove", _proved(plan))
    if not plan.touched:
        return
    try:
        if plan.changes:
            yield from _move(plan)
        if plan.target.url:
            pages = {name: plan.after.pages[name] for name in plan.touched if name in PAGES}
            looked_at = PAGES if EDGE in plan.touched else pages  # the function serves them all
            yield from _told("check", arrived(plan.target, pages, looked_at, timeout=timeout))
        else:
            address = f"QDN_{plan.target.name.upper()}_URL"
            yield Progress("check", f"not looked whether it arrived: {address} is not set")
    except (NotArrived, CloudFrontRefused) as error:
        if plan.action == "rollback":
            raise
        try:
            end = yield from _put_back(plan, now)
        except (ReleaseError, StoreUnavailable, CloudFrontRefused) as failure:
            end = f"it could not all be put back: {failure}; {_mend(plan)}"
        raise NotArrived(f"{error}; {end}") from error
    yield from _finish(plan, plan.touched, now, looked=bool(plan.target.url))


def _plan(
    action: Action,
    by: str,
    at: datetime,
    target: Target,
    state: tuple[Pointer, Document],
    wanted: Mapping[str, str],
    obtain: Callable[[str], Pack],
    known: Mapping[str, Release] | None = None,
) -> Plan:
    """`wanted`: surface → id. What was interrupted is finished along with it."""
    before, document = state
    begun = {name for move in before.interrupted for name in move.surfaces}
    ids = {name: before.place(name).current for name in begun} | dict(wanted)
    if target.function is None or ids.get(EDGE) == NONE:
        ids.pop(EDGE, None)  # a function can be replaced, and not taken away
    live = target.live_function() if EDGE in ids else None
    places, changes, packs = {}, {}, {}
    for name, id in sorted(ids.items(), key=lambda item: SURFACES.index(item[0])):
        place = before.place(name)
        shown = place.current if name != EDGE else live.id if live else NONE
        if id == shown == place.current:
            continue
        forward = action in ("stage", "promote")
        places[name] = place.forward(id, shown) if forward else place.back(id, shown)
        changes[name] = Change(shown, id)
        if id != IMAGE:
            packs[id] = obtain(id) if name in wanted else fetch(target.store, id)
        if name == EDGE and live:
            packs[live.id] = live  # so that it can be put back, whoever made it
    known = {**(known or {}), **before.releases}
    releases = {
        id: known.get(id) or Release(id, pack.manifest.surface, pack.manifest.pages_api, at, by)
        for id, pack in packs.items()
    }
    after = before
    if changes:
        after = before.moved(action, places, changes, at=at, by=by, releases=releases)
    return Plan(action, by, target, document, before, after, changes, packs)


def _proved(plan: Plan) -> Iterator[str]:
    """The running code can serve these pages; the function does what the event table says."""
    target = plan.target
    runs = pages_api(target)
    for change in plan.changes.values():
        release = plan.after.releases.get(change.new)
        if release is None:
            continue
        needs = release.pages_api
        if release.surface != EDGE and runs not in (None, needs):
            what = "an image with" if needs > (runs or 0) else "pages for"
            raise ReleaseError(
                f"{target.name}'s code serves PAGES_API {runs}, release {release.id[:12]} of"
                f" {release.surface} is for {needs}: deploy {what} PAGES_API"
                f" {max(needs, runs or 0)} first."
            )
        yield f"release {release.id[:12]} of {release.surface}: complete, every hash is right"
    if runs is None:
        yield f"not asked what {target.name}'s code can serve: no address of it is set"
    # What production had before is wanted back, whatever the table says by now.
    if plan.publishes and target.function and plan.action != "rollback":
        yield from prove(target.function, target.function.put_up(plan.code))
    if pointers.read(target.store).etag != plan.document.etag:
        raise ReleaseError(_overtaken(target))


def _move(plan: Plan) -> Iterator[Progress]:
    """The store, the pointer, the edge."""
    target, store = plan.target, plan.target.store
    pointers.keep_copy(store, plan.before)
    for pack in plan.packs.values():
        keep(store, pack)
        size = sum(map(len, pack.files.values()))
        yield Progress(
            "copy",
            f"release {pack.id[:12]} of {pack.manifest.surface}: {len(pack.files)} files,"
            f" {size:,} bytes are in {store.url}, verified",
        )
    try:
        pointers.write(store, plan.after, plan.document)
    except StaleWrite as error:
        raise ReleaseError(_overtaken(target)) from error
    move = plan.after.moves[0]
    yield Progress("pointer", f"{target.name} points to {move.told}, move {move.revision}")
    pointers.keep_copy(store, plan.after)
    if plan.publishes and target.function:
        target.function.publish(target.function.put_up(plan.code))
        id = plan.changes[EDGE].new
        yield Progress("edge", f"function {target.function.name}: {id[:12]} is live")


def _put_back(plan: Plan, now: Now) -> Generator[Progress, None, str]:
    """A rollback to what was last seen to arrive; returns what came of it."""
    target, store = plan.target, plan.target.store
    state = pointers.for_moving(store)
    if state[0].revision != plan.after.revision:
        return f"{target.name} was moved by somebody else meanwhile; it stays as they left it"
    back = _plan(
        *("put back", plan.by, now(), target, state, plan.last_arrived),
        lambda id: fetch(store, id),
    )
    if not back.changes:
        return _mend(plan)
    for progress in _move(back):
        yield Progress("put back", progress.line)
    yield from _finish(back, plan.touched, now, looked=False)
    return f"{target.name} was put back as it was: {', '.join(back.changes)}"


def _mend(plan: Plan) -> str:
    back = f"run `manage.py rollback {' '.join(plan.touched)}`"
    then = back if plan.action == "promote" else "stage the earlier pages again"
    return f"{plan.target.name} may still show it: look at `releases`, then {then}"


def _finish(plan: Plan, surfaces: Sequence[str], now: Now, *, looked: bool) -> Iterator[Progress]:
    """Caches forget the surfaces, and the pointer says that the move has arrived."""
    target, move = plan.target, plan.after.moves[0]
    ids: dict[str, str] = {}
    if target.function is not None:
        staging = target.name == "staging"
        for order in orders(chosen(surfaces), target.distributions, staging=staging):
            # Repeated for the same move it starts nothing new.
            reference = f"{target.name} {move.revision} {move.at.isoformat()}"
            started = start(order, reference, target.distribution(order.distribution))
            ids[order.distribution] = started.id
            told = f"invalidation {started.id} of {order.distribution}: {', '.join(order.paths)}"
            yield Progress("invalidate", told)
    _note(target, move.revision, Arrival(now(), looked, ids))
    yield Progress("note", f"move {move.revision} of {target.name} is done")


def _note(target: Target, revision: int, arrival: Arrival) -> None:
    """In the pointer as it is by now: somebody may have moved on."""
    while True:
        pointer, document = pointers.for_moving(target.store)
        try:
            pointers.write(target.store, pointer.with_arrival(revision, arrival), document)
        except StaleWrite:
            continue
        return


def _overtaken(target: Target) -> str:
    moves = pointers.decode(pointers.read(target.store)).moves
    who = f"{moves[0].by} ({moves[0].action} {', '.join(moves[0].surfaces)})" if moves else ""
    return (
        f"{who or 'Somebody'} moved {target.name} after this was planned; nothing of yours is"
        " live. Look at `releases`, then run this again."
    )


def _told(step: str, lines: Iterator[str]) -> Iterator[Progress]:
    for line in lines:
        yield Progress(step, line)
