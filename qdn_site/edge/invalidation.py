"""Targeted invalidations: paths checked before CloudFront is asked, safe to repeat.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import quote

from qdn_site.edge.cloudfront import CloudFrontRefused, Distribution, Invalidation

MOST_PATHS, MOST_WILDCARDS = 3_000, 15  # in progress at one time, of one distribution
MOST_LENGTH = 4_000
EVERYTHING = "/*"
EVERY = 5.0  # seconds between two looks
TIMEOUT = 900.0  # seconds; CloudFront is mostly done within two minutes

# Before and after rewriting: both may be cached. Tracking and crew pages have no list of
# addresses; of them only errors are ever kept, and for seconds.
OF_SURFACE = {
    "dashboard": ("/dashboard", "/dashboard/*"),
    "track": ("/track/*", "/track.html", "/tracking/index.html", "/lost-link/"),
    "book": ("/", "/book", "/book/", "/privacy/"),
}
OF_SURFACE["edge"] = tuple(path for paths in OF_SURFACE.values() for path in paths)
OURS = re.compile(r"/(dashboard|track|book|booking|api|static|tracking)(?=[/.*]|$)", re.IGNORECASE)
SAFE = "/~!$&'()*+,;=:@%-._"
WELL_FORMED = re.compile(r"(?:[A-Za-z0-9/~!$&'()+,;=:@._-]|%[0-9A-Fa-f]{2})*\*?")


@dataclass(frozen=True, slots=True)
class Order:
    """The paths that one distribution is to forget."""

    stage: str  # "staging", "production" or "dashboard"
    distribution: str
    paths: tuple[str, ...]


def chosen(asked: Iterable[str], *, everything: bool = False) -> tuple[str, ...]:
    """Paths and names of surfaces as paths: each once, in order.

    Raises CloudFrontRefused with a line for each that is wrong, and what would be right.
    """
    paths = list(dict.fromkeys(path for each in asked for path in OF_SURFACE.get(each, (each,))))
    wrong = [f"{path}: {problem}" for path in paths if (problem := _problem(path))]
    if EVERYTHING in paths and not everything:
        wrong.append(
            f"{EVERYTHING}: this empties the whole cache, so that every page and file is fetched"
            " from the origin at once; name surfaces or paths, or add --everything."
        )
    wide = [path[:-1] for path in paths if path.endswith("*")]
    kept = tuple(
        path for path in paths if not any(path.startswith(w) and path != f"{w}*" for w in wide)
    )
    if len(kept) > MOST_PATHS:
        wrong.append(
            f"{len(kept):,} paths: at most {MOST_PATHS:,} may be in progress; use a * or two."
        )
    if (count := _wildcards(kept)) > MOST_WILDCARDS:
        wrong.append(f"{count} paths with *: at most {MOST_WILDCARDS} may be in progress.")
    if wrong:
        raise CloudFrontRefused("\n".join(wrong))
    return kept


def orders(
    paths: Iterable[str], distributions: Mapping[str, str], *, staging: bool = False
) -> tuple[Order, ...]:
    """The paths by who serves them. `distributions` are ids by stage, "" where there is none.

    Raises CloudFrontRefused where one is not set.
    """
    by_stage: dict[str, list[str]] = {}
    for path in paths:
        serving = _serving(path) if distributions.get("dashboard") else ("production",)
        for stage in ("staging",) if staging else serving:
            by_stage.setdefault(stage, []).append(path)
    for stage in by_stage:
        if not distributions.get(stage):
            raise CloudFrontRefused(
                f"QDN_{stage.upper()}_DISTRIBUTION is not set: say which CloudFront distribution"
                f" serves {stage}."
            )
    return tuple(Order(stage, distributions[stage], tuple(own)) for stage, own in by_stage.items())


def _serving(path: str) -> tuple[str, ...]:
    """The crew's distribution serves /dashboard, /api and /calendar, and its own copies of /static
    and /brand.…, what a business looks like.
    """
    if re.match(r"/(dashboard|api|calendar)(/|\*?$)", path):
        return ("dashboard",)
    roots = ("/dashboard", "/api", "/calendar", "/static", "/brand.")
    reaches = path.endswith("*") and any(root.startswith(path[:-1]) for root in roots)
    both = reaches or re.match(r"/static(/|\*?$)|/brand\.", path)
    return ("production", "dashboard") if both else ("production",)


def start(order: Order, reference: str, distribution: Distribution) -> Invalidation:
    """Start it, if it fits into the quota. Raises CloudFrontRefused.

    The same paths under the same reference start nothing new.
    """
    known = distribution.recent()
    begun = [distribution.invalidation(id) for id in known if known[id] == "InProgress"]
    # One that is in progress for these very paths may be this one, asked for again.
    others = [each for each in begun if set(each.paths) != set(order.paths)]
    running = [path for each in others for path in each.paths]
    for kind, most, count in (
        ("paths", MOST_PATHS, len),
        ("paths with *", MOST_WILDCARDS, _wildcards),
    ):
        if count(running) and count(running) + count(order.paths) > most:
            raise CloudFrontRefused(
                f"distribution {order.distribution}: {count(running)} {kind} are in progress and"
                f" {count(order.paths)} more would exceed {most:,}; wait for them to finish."
            )
    named = "\n".join([reference, *sorted(order.paths)]).encode(errors="surrogateescape")
    started = distribution.invalidate(order.paths, f"qdn-{sha256(named).hexdigest()[:40]}")
    return replace(started, repeated=started.id in known)


def watched(
    started: Invalidation,
    distribution: Distribution,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
) -> Iterator[tuple[bool, float]]:
    """(completed, seconds since the start) at each look; the last one is completed.

    Raises CloudFrontRefused when the time is over; CloudFront carries on by itself.
    """
    begin = clock()
    while not distribution.invalidation(started.id).completed:
        waited = clock() - begin
        yield False, waited
        if waited >= timeout:
            raise CloudFrontRefused(
                f"{distribution}: {started.id} is still in progress after {waited:.0f} s; it goes"
                " on by itself."
            )
        sleep(EVERY)
    yield True, clock() - begin


def _wildcards(paths: Iterable[str]) -> int:
    return sum(path.endswith("*") for path in paths)


def _problem(path: str) -> str:
    """The first thing to mend; empty where all is well."""
    right, ours = quote(path, safe=SAFE, errors="surrogateescape"), OURS.match(path)
    if re.match(r"https?://", path):
        return "is an address; give the path alone, beginning with /."
    if not path.startswith("/"):
        return f"is neither a surface ({', '.join(OF_SURFACE)}) nor a path, which begins with /."
    if "*" in path[:-1]:
        return "* stands for the rest of a path: it may only be its last character."
    if "?" in path or "#" in path:
        return "queries are no part of what is cached here; give the path without it."
    if not WELL_FORMED.fullmatch(right):
        return "has a % that begins no encoded character; write %25 for the sign itself."
    if right != path:
        return f"has characters that must be encoded: {right}"
    if ours and not ours[0].islower():
        right = ours[0].lower() + path[ours.end() :]
        return f"CloudFront tells capitals apart, and there is only {right}"
    return f"is longer than {MOST_LENGTH:,} characters." if len(path) > MOST_LENGTH else ""
