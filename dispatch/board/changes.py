"""What has changed in a list of which a browser shows an earlier state."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import is_
from typing import NamedTuple, Protocol


class Item(Protocol):
    """A card, a heading, a line: two of the same id and ETag look the same."""

    @property
    def id(self) -> str: ...
    @property
    def etag(self) -> str: ...
    @property
    def html(self) -> str: ...


class Run(NamedTuple):
    """New, changed or moved items, one below the other, below that of the id `after`; empty: first
    of all.
    """

    after: str
    items: list[Item]


class Changes(NamedTuple):
    """Applied by taking out what is gone and what is in a run, then putting the runs in."""

    gone: list[str]  # ids
    runs: list[Run]

    def __bool__(self) -> bool:
        return bool(self.gone or self.runs)


def changes(before: Sequence[Item], now: Sequence[Item], after: str = "") -> Changes:
    """From one state of a list to the next; `after` names what stands above it."""
    start, most = alike(before, now), min(len(before), len(now))
    after = now[start - 1].id if start else after
    while start < most and is_same(before[start], now[start]):
        after, start = now[start].id, start + 1
    end = min(alike(before[::-1], now[::-1]), most - start)
    while end < most - start and is_same(before[-1 - end], now[-1 - end]):
        end += 1
    old = {before[place].id: place for place in range(start, len(before) - end)}
    here, runs = now[start : len(now) - end], list[Run]()
    same = (old[item.id] for item in here if item.id in old and is_same(item, before[old[item.id]]))
    staying, is_open = rising([*same]), False
    for item in here:
        if old.pop(item.id, -1) in staying:
            after, is_open = item.id, False
            continue
        if not is_open:
            runs.append(Run(after, []))
        runs[-1].items.append(item)
        is_open = True
    return Changes([*old], runs)


def alike(before: Sequence[object], now: Sequence[object]) -> int:
    """How many of the first are the very same objects in both."""
    same = [*map(is_, before, now)]
    return same.index(False) if False in same else len(same)


def is_same(one: Item, other: Item) -> bool:
    return one is other or (one.id == other.id and one.etag == other.etag)


def rising(places: list[int]) -> set[int]:
    """The most of these numbers that rise from each to the next: the others are moved."""
    ends, before = list[int](), dict[int, int]()  # the smallest ends by length; each one's former
    for place in places:
        length = bisect_left(ends, place)
        before[place] = ends[length - 1] if length else -1
        ends[length : length + 1] = [place]
    found, place = set[int](), ends[-1] if ends else -1
    while place >= 0:
        found.add(place)
        place = before[place]
    return found
