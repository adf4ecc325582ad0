"""Which paths an invalidation may name, checked before CloudFront is asked.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

MOST_PATHS, MOST_WILDCARDS = 3_000, 15  # in progress at one time, of one distribution
MOST_LENGTH = 4_000
EVERYTHING = "/*"

# Before and after rewriting: both may be cached. Tracking and crew pages have no list of
# addresses; of them only errors are ever kept, and for seconds.
OF_SURFACE = {
    "dashboard": ("/dashboard", "/dashboard/*"),
    "track": ("/track/*", "/track.html", "/tracking/index.html"),
    "book": ("/", "/book", "/book/"),
}
OURS = ("/dashboard", "/track", "/book", "/booking", "/api", "/static", "/tracking")
SAFE = "/~!$&'()*+,;=:@%-._"
WELL_FORMED = re.compile(r"(?:[A-Za-z0-9/~!$&'()+,;=:@._-]|%[0-9A-Fa-f]{2})*\*?")


class BadPaths(Exception):
    """`lines` has one for each path that is refused: what is wrong, and what would be right."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(self.lines))


def chosen(asked: Iterable[str], *, everything: bool = False) -> tuple[str, ...]:
    """Paths and names of surfaces as paths: each once, in order. Raises BadPaths."""
    paths = [path for each in asked for path in OF_SURFACE.get(each, (each,))]
    wrong = [f"{path}: {why}" for path in dict.fromkeys(paths) for why in _problem(path)]
    if EVERYTHING in paths and not everything:
        wrong.append(
            f"{EVERYTHING}: this empties the whole cache, so that every page and file is fetched"
            " from the origin at once; name surfaces or paths, or add --everything."
        )
    kept = _without_covered(paths)
    wrong += _too_many(kept)
    if wrong:
        raise BadPaths(wrong)
    return kept


def wildcards(paths: Iterable[str]) -> int:
    return sum(path.endswith("*") for path in paths)


def covers(pattern: str, path: str) -> bool:
    """Whether invalidating `pattern` does all that invalidating `path` would."""
    return path == pattern or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def _problem(path: str) -> Iterator[str]:
    """At most one: the first thing to mend."""
    right = quote(path, safe=SAFE)
    lower = next((own for own in OURS if _below(path.lower(), own) and not _below(path, own)), "")
    if re.match(r"https?://", path):
        yield "is an address; give the path alone, beginning with /."
    elif not path.startswith("/"):
        surfaces = ", ".join(OF_SURFACE)
        yield f"is neither a surface ({surfaces}) nor a path, which begins with /."
    elif "*" in path[:-1]:
        yield "* stands for the rest of a path: it may only be its last character."
    elif "?" in path or "#" in path:
        yield "queries are no part of what is cached here; give the path without it."
    elif not WELL_FORMED.fullmatch(right):
        yield "has a % that begins no encoded character; write %25 for the sign itself."
    elif right != path:
        yield f"has characters that must be encoded: {right}"
    elif lower:
        yield f"CloudFront tells capitals apart, and there is only {lower + path[len(lower) :]}"
    elif len(path) > MOST_LENGTH:
        yield f"is longer than {MOST_LENGTH:,} characters."


def _below(path: str, own: str) -> bool:
    return path == own or path.startswith((f"{own}/", f"{own}.", f"{own}*"))


def _without_covered(paths: Iterable[str]) -> tuple[str, ...]:
    once = list(dict.fromkeys(paths))
    wide = [path for path in once if path.endswith("*")]
    return tuple(path for path in once if not any(covers(w, path) for w in wide if w != path))


def _too_many(paths: tuple[str, ...]) -> Iterator[str]:
    if len(paths) > MOST_PATHS:
        yield f"{len(paths):,} paths: at most {MOST_PATHS:,} may be in progress; use a * or two."
    if wildcards(paths) > MOST_WILDCARDS:
        yield f"{wildcards(paths)} paths with *: at most {MOST_WILDCARDS} may be in progress."
