"""Old workers go on until new ones can take over: new pages cost nobody a second.

On HUP gunicorn forks new workers and ends the old ones at once, so that every visitor waits
while the new ones import the application: half a second on a fast machine, many on a busy one.
Here an old worker that is told to go waits until the youngest has loaded, `PATIENCE` at most.

Hooks of gunicorn: `forking` is its pre_fork, `taught` its post_fork, `loaded` its
post_worker_init. Workers are told apart by `age`, which grows with each; the memory is shared
by the master and all that it forks.
"""

import mmap
import struct
import threading
import time
from typing import Any

PATIENCE = 8.0  # seconds
AGE = struct.Struct("<q")
_shared = mmap.mmap(-1, 2 * AGE.size)
FORKED, LOADED = 0, AGE.size  # the age of the youngest worker that was forked; that has loaded


def forking(server: Any, worker: Any) -> None:
    _note(FORKED, worker.age)


def loaded(worker: Any) -> None:
    from django.urls import get_resolver  # gunicorn's master imports no Django

    get_resolver().url_patterns  # noqa: B018  else the first visitor waits for every view's import
    _note(LOADED, worker.age)


def taught(server: Any, worker: Any) -> None:
    """In the worker, before it takes signals: SIGTERM waits for whoever comes after."""
    go, told = worker.handle_exit, threading.Event()

    def handle_exit(signal: int, frame: Any) -> None:
        if not _is_coming(worker.age):
            go(signal, frame)
        elif not told.is_set():  # gunicorn repeats itself
            told.set()
            threading.Thread(target=_wait, args=(worker.age, go, signal), daemon=True).start()

    worker.handle_exit = handle_exit


def _wait(age: int, go: Any, signal: int) -> None:
    until = time.monotonic() + PATIENCE
    while _is_coming(age) and time.monotonic() < until:
        time.sleep(0.05)
    go(signal, None)


def _is_coming(age: int) -> bool:
    """Whether the youngest worker is another one, and has yet to load."""
    return age < _read(FORKED) > _read(LOADED)


def _read(place: int) -> int:
    return int(AGE.unpack_from(_shared, place)[0])


def _note(place: int, age: int) -> None:
    AGE.pack_into(_shared, place, max(age, _read(place)))
