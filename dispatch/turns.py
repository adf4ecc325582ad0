"""How a long computation leaves others their turn: all requests of a gunicorn worker are greenlets
of one thread, and none goes on until another one waits for something.

Outside of gunicorn, in commands and tests, these do nothing of the kind.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import gevent
import gevent.monkey

T = TypeVar("T")
A_TURN = 0.001  # seconds
LAST = -2  # libev's lowest priority


def in_a_thread(fn: Callable[..., T], *args: Any) -> T:
    """What `fn` returns, or raises, from a thread beside the others. For what computes for long and
    asks no storage.
    """
    if gevent.monkey.is_module_patched("threading"):
        # What is raised there gevent would write to the log.
        result, error = gevent.get_hub().threadpool.apply(_outcome, (fn, args))
        if error:
            raise error
        return result  # type: ignore[no-any-return]
    return fn(*args)


def in_turns(items: Iterable[T]) -> Iterator[T]:
    """The items, for a loop over thousands: after each millisecond whoever waits is answered first.

    With the loop in a thread they would wait 5 ms each time that they need Python's lock.
    """
    if not gevent.monkey.is_module_patched("threading"):
        yield from items
        return
    hub, until = gevent.get_hub(), time.perf_counter() + A_TURN
    for item in items:
        yield item
        if time.perf_counter() > until:
            # A pause of nothing would not look at the sockets; this goes on when they are served.
            hub.wait(hub.loop.timer(1e-6, priority=LAST))
            until = time.perf_counter() + A_TURN


class Turns(list[T]):
    """Rows of a long page: others are answered while it is put together."""

    def __iter__(self) -> Iterator[T]:
        return in_turns(super().__iter__())


def _outcome(fn: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return fn(*args), None
    except Exception as error:
        return None, error
