"""Targeted invalidations: each path at the distribution that serves it, and safe to repeat."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from qdn_site.edge.cloudfront import (
    CloudFrontUnreachable,
    Distribution,
    Invalidation,
    QuotaExhausted,
)
from qdn_site.edge.paths import MOST_PATHS, MOST_WILDCARDS, wildcards

CREWS = ("/dashboard", "/api")
EVERYWHERES = ("/static",)  # each distribution has its own copy
PAUSE = 5.0  # seconds between two looks
PATIENCE = 900.0  # CloudFront is mostly done within two minutes


class NoDistribution(Exception):
    """A setting is missing; the text names it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one distribution is to forget."""

    stage: str  # "staging", "production" or "dashboard"
    distribution: str
    paths: tuple[str, ...]

    def reference(self, said: str) -> str:
        """The same for the same paths and `said`: CloudFront then starts nothing new."""
        what = "\n".join([said, *sorted(self.paths)])
        return f"qdn-{hashlib.sha256(what.encode()).hexdigest()[:40]}"


def minute(at: datetime) -> str:
    """What an invalidation is called that nobody named: a repeat within a minute is the same."""
    return at.strftime("%Y-%m-%dT%H:%MZ")


def orders(
    paths: Iterable[str], distributions: Mapping[str, str], *, staging: bool = False
) -> tuple[Order, ...]:
    """Who is to forget what. `distributions` are ids by stage, "" where there is none.

    The crew's distribution, where there is one, serves /dashboard and /api, and its own copy of
    /static. Raises NoDistribution.
    """
    by_stage: dict[str, list[str]] = {}
    for path in paths:
        own_door = bool(distributions.get("dashboard"))
        for stage in ("staging",) if staging else _serving(path, own_door):
            by_stage.setdefault(stage, []).append(path)
    for stage in by_stage:
        if not distributions.get(stage):
            raise NoDistribution(
                f"QDN_{stage.upper()}_DISTRIBUTION is not set: say which CloudFront distribution"
                f" serves {stage}."
            )
    return tuple(Order(stage, distributions[stage], tuple(own)) for stage, own in by_stage.items())


def start(order: Order, said: str, distribution: Distribution | None = None) -> Invalidation:
    """Start it, if it fits into the quota. Raises CloudFrontRefused."""
    distribution = distribution or Distribution(order.distribution)
    known = distribution.recent()
    # One that is in progress for these very paths may be this one, asked for again.
    running = [
        path
        for each in distribution.in_progress()
        if set(each.paths) != set(order.paths)
        for path in each.paths
    ]
    for what, most, count in (
        ("paths", MOST_PATHS, len),
        ("paths with *", MOST_WILDCARDS, wildcards),
    ):
        if count(running) and count(running) + count(order.paths) > most:
            raise QuotaExhausted(
                f"distribution {order.distribution}: {count(running)} {what} are in progress and"
                f" {count(order.paths)} more would exceed {most:,}; wait for them to finish."
            )
    started = distribution.invalidate(order.paths, order.reference(said))
    return replace(started, repeated=started.id in known)


def watched(
    started: Invalidation,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    distribution: Distribution | None = None,
    patience: float = PATIENCE,
) -> Iterator[tuple[bool, float]]:
    """(completed, seconds since the start) at each look; the last one is completed.

    Raises CloudFrontUnreachable when patience ends; CloudFront carries on by itself.
    """
    distribution = distribution or Distribution(started.distribution)
    begin = clock()
    while True:
        completed = distribution.invalidation(started.id).completed
        waited = clock() - begin
        yield completed, waited
        if completed:
            return
        if waited >= patience:
            raise CloudFrontUnreachable(
                f"distribution {started.distribution}: {started.id} is still in progress after"
                f" {waited:.0f} s; it goes on by itself."
            )
        sleep(PAUSE)


def _serving(path: str, own_door: bool) -> tuple[str, ...]:
    if not own_door:
        return ("production",)
    if _within(path, CREWS):
        return ("dashboard",)
    theirs = (*CREWS, *EVERYWHERES)
    reaches = path.endswith("*") and any(each.startswith(path[:-1]) for each in theirs)
    both = reaches or _within(path, EVERYWHERES)
    return ("production", "dashboard") if both else ("production",)


def _within(path: str, roots: Iterable[str]) -> bool:
    return any(path in (root, f"{root}*") or path.startswith(f"{root}/") for root in roots)
