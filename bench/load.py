"""Many who ask by the clock, each on a connection of their own, however long an answer takes.

Nobody waits for anybody: what is late counts as late for as long as it is, from when it was due.
"""

import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from bench.site import Answer, whole

GIVEN_UP = 15.0  # seconds after the end, when what has not come does not count as late any more


@dataclass(frozen=True)
class Sample:
    kind: str
    due: float  # by the monotonic clock
    seconds: float  # until the answer was there
    status: int  # 0: none came


@dataclass(eq=False)
class Visitor:
    """Asks every so many seconds. `asks` makes the request, `takes` gets the answer.

    What `takes` raises, or an answer of 400 and above, is an error.
    """

    kind: str
    every: float
    asks: Callable[[], bytes]
    takes: Callable[[Answer], object] = lambda answer: None
    first: float | None = None  # seconds after the start; None: each kind spreads over its interval
    waiting: deque[float] = field(default_factory=deque)  # when they were due
    received: bytearray = field(default_factory=bytearray)
    connection: socket.socket | None = None


def run(port: int, visitors: Iterable[Visitor], length: float) -> list[Sample]:
    """What came of it, in so many seconds."""
    load = _Load(port, list(visitors))
    load.run(length)
    return load.samples


def scheduled(visitors: list[Visitor], began: float) -> list[tuple[float, int]]:
    """A heap: when each visitor asks first, and its number."""
    many, placed = Counter(each.kind for each in visitors), Counter[str]()
    schedule = list[tuple[float, int]]()
    for number, each in enumerate(visitors):
        share = placed[each.kind] / many[each.kind]
        placed[each.kind] += 1
        first = each.every * share if each.first is None else each.first
        schedule.append((began + first, number))
    heapify(schedule)
    return schedule


class _Load:
    def __init__(self, port: int, visitors: list[Visitor]) -> None:
        self.port, self.visitors, self.samples = port, visitors, list[Sample]()
        self.selector = selectors.DefaultSelector()
        self.open = 0  # requests that have no answer yet

    def run(self, length: float) -> None:
        began = time.monotonic()
        end, schedule = began + length, scheduled(self.visitors, began)
        while True:
            now = time.monotonic()
            while schedule and schedule[0][0] <= now:
                due, number = heappop(schedule)
                self.is_due(self.visitors[number], due)
                if (then := due + self.visitors[number].every) < end:
                    heappush(schedule, (then, number))
            if not schedule and (not self.open or now > end + GIVEN_UP):
                break
            until = schedule[0][0] - now if schedule else 0.1
            for key, _ in self.selector.select(max(0, until)):
                self.has_more(key.data)
        self.give_up()

    def give_up(self) -> None:
        """What has had no answer until now has none; all connections are closed."""
        for each in self.visitors:
            for due in each.waiting:
                self.note(each, due, 0)
            each.waiting.clear()
            self.closed(each)
        self.selector.close()

    def is_due(self, visitor: Visitor, due: float) -> None:
        visitor.waiting.append(due)
        self.open += 1
        if len(visitor.waiting) == 1:
            self.send(visitor)

    def send(self, visitor: Visitor) -> None:
        if visitor.connection is None:
            visitor.connection = socket.create_connection(("127.0.0.1", self.port))
            visitor.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(visitor.connection, selectors.EVENT_READ, visitor)
        visitor.connection.sendall(visitor.asks())  # which is short: the socket takes it at once

    def has_more(self, visitor: Visitor) -> None:
        assert visitor.connection
        try:
            more = visitor.connection.recv(1 << 18)
        except OSError:
            more = b""
        visitor.received += more
        if more and (answer := whole(visitor.received)) is None:
            return
        if not more:  # the connection has ended
            self.closed(visitor)
            if visitor.waiting:
                self.over(visitor, 0)
            return
        visitor.received.clear()
        status = answer.status
        try:
            visitor.takes(answer)
        except Exception as error:
            print(f"{visitor.kind}: {error!r}")
            status = 0
        self.over(visitor, status)

    def over(self, visitor: Visitor, status: int) -> None:
        self.open -= 1
        self.note(visitor, visitor.waiting.popleft(), status)
        if visitor.waiting:
            self.send(visitor)

    def note(self, visitor: Visitor, due: float, status: int) -> None:
        self.samples.append(Sample(visitor.kind, due, time.monotonic() - due, status))

    def closed(self, visitor: Visitor) -> None:
        if visitor.connection is not None:
            self.selector.unregister(visitor.connection)
            visitor.connection.close()
            visitor.connection = None
        visitor.received.clear()


def errors(samples: Iterable[Sample]) -> int:
    return sum(not 200 <= each.status < 400 for each in samples)


def quantile(samples: Iterable[Sample], share: float) -> float:
    """Milliseconds, within which this share of the answers came."""
    seconds = sorted(each.seconds for each in samples)
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))] * 1_000
