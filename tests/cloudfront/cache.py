"""A distribution's cache: what it keeps, for how long, and how an invalidation drops it."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

Headers = list[tuple[str, str]]
ALWAYS = {404, 410, 414, 500, 501, 502, 503, 504}  # errors that are kept whatever the origin says
WITH_CACHE_CONTROL = {400, 403, 405, 412, 415}  # … and where it sends Cache-Control
LEAST, DEFAULT, MOST = 1, 86_400, 31_536_000  # CachingOptimized, in seconds


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers  # Set-Cookie with them: a cached answer replays it
    body: bytes

    def having(self, *more: tuple[str, str]) -> "Answer":
        return replace(self, headers=[*self.headers, *more])

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Kept:
    answer: Answer
    at: float
    until: float
    uris: frozenset[str]  # as the viewer asked and as the function rewrote it


class Cache:
    """Seconds come from `clock`. `cached` are the path patterns with CachingOptimized."""

    def __init__(
        self, clock: Callable[[], float], error_ttl: float, cached: Iterable[str] = ("/static/*",)
    ) -> None:
        self.clock, self.error_ttl, self.cached = clock, error_ttl, tuple(cached)
        self._kept: dict[tuple[str, str], Kept] = {}
        self._turn = threading.Lock()

    def caches(self, path: str) -> bool:
        """The behaviour that this viewer's path chose caches at all."""
        return any(fnmatchcase(path, pattern) for pattern in self.cached)

    def find(self, key: tuple[str, str]) -> tuple[Answer, int] | None:
        """The answer and its age in whole seconds, while it is fresh."""
        with self._turn:
            kept = self._kept.get(key)
        now = self.clock()
        return (kept.answer, int(now - kept.at)) if kept and now < kept.until else None

    def keep(self, key: tuple[str, str], answer: Answer, asked: str, uri: str) -> None:
        seconds = self._ttl(answer, self.caches(asked))
        if seconds > 0:
            now = self.clock()
            with self._turn:
                self._kept[key] = Kept(answer, now, now + seconds, frozenset((asked, uri)))

    def drop(self, paths: list[str]) -> None:
        """An answer of two names is dropped when both are invalidated: the strictest reading."""
        with self._turn:
            self._kept = {
                key: kept
                for key, kept in self._kept.items()
                if not all(any(_matches(uri, path) for path in paths) for uri in kept.uris)
            }

    def _ttl(self, answer: Answer, optimized: bool) -> float:
        control = answer.header("cache-control").lower()
        said = {part.split("=")[0].strip(): part.partition("=")[2] for part in control.split(",")}
        age = next((said[name] for name in ("s-maxage", "max-age") if name in said), "")
        if answer.status >= 400:
            kept = answer.status in ALWAYS or (control and answer.status in WITH_CACHE_CONTROL)
            longer = float(age) if age.isdigit() and optimized else 0
            return max(self.error_ttl, longer) if kept else 0
        if not optimized or answer.status not in (200, 203, 300, 301, 302, 307):
            return 0
        if {"no-store", "no-cache", "private"} & set(said):
            return LEAST  # CachingOptimized's minimum wins
        return min(max(float(age) if age.isdigit() else DEFAULT, LEAST), MOST)


def _matches(uri: str, path: str) -> bool:
    return uri.startswith(path[:-1]) if path.endswith("*") else uri == path
