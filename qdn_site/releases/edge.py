"""What the steps need of the edge: the event table as proof, and invalidations."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from qdn_site.edge.cloudfront import EdgeFunction, FunctionVersion, TestRun
from qdn_site.edge.invalidation import orders, start
from qdn_site.edge.paths import chosen
from qdn_site.edge.table import cases
from qdn_site.releases.plan import Plan
from qdn_site.releases.pointer import Move
from qdn_site.releases.steps import Hands
from qdn_site.releases.target import Target

TRIES = 3
MOST_UTILIZATION = 50  # per cent of what a function may use; AWS stops one at 100


class EdgeRefused(Exception):
    """The function does something else than the event table says, or takes too long."""


def hands_for(target: Target, now: Callable[[], datetime], patience: float) -> Hands:
    def proof(version: FunctionVersion) -> Iterator[str]:
        assert target.function is not None
        yield from prove(target.function, version)

    return Hands(now=now, prove=proof, invalidate=invalidate, patience=patience)


def prove(function: EdgeFunction, version: FunctionVersion) -> Iterator[str]:
    """Every case of the event table through TestFunction. Raises EdgeRefused."""
    table, most, said = cases(), 0, time.monotonic()
    for done, case in enumerate(table):
        run = _tested(function, case.event, version)
        if wrong := run.error or case.wrong(run.output):
            raise EdgeRefused(f"function {function.name}, event {case.name}: {wrong}")
        if run.utilization > MOST_UTILIZATION:
            raise EdgeRefused(
                f"function {function.name}, event {case.name}: takes {run.utilization} % of the"
                f" time that a function may take; more than {MOST_UTILIZATION} is refused."
            )
        most = max(most, run.utilization)
        if time.monotonic() - said >= 1:
            said = time.monotonic()
            yield f"function {function.name}: {done + 1} of {len(table)} events so far"
    yield (
        f"function {function.name}: all {len(table)} events as expected,"
        f" at most {most} % of the time that it may take"
    )


def _tested(function: EdgeFunction, event: dict[str, Any], version: FunctionVersion) -> TestRun:
    """What a busy machine measures once says little: one in three must be fast enough."""
    for _ in range(TRIES):
        run = function.test(event, version)
        if run.utilization <= MOST_UTILIZATION:
            break
    return run


def paths(plan: Plan) -> tuple[str, ...]:
    """What caches are to forget: before and after rewriting, of the touched surfaces alone."""
    return chosen(plan.touched)


def invalidate(plan: Plan, move: Move) -> Iterator[tuple[str, str, str]]:
    """Repeated for the same move it starts nothing new."""
    name = plan.target.name
    if plan.target.function is None:
        yield "", "", f"the edge was skipped: QDN_{name.upper()}_DISTRIBUTION is not set"
        return
    staging = name == "staging"
    for order in orders(paths(plan), plan.target.distributions, staging=staging):
        started = start(order, f"{name} {move.revision} {move.at.isoformat()}")
        told = f"invalidation {started.id} of {order.distribution}: {', '.join(order.paths)}"
        yield order.distribution, started.id, told
