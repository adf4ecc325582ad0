"""The newest revision that any worker of this container has seen, in eight shared bytes.

It lets a worker whose snapshot is a second old notice that its neighbour knows better, so
that a page reloaded from another worker never goes back in time.
"""

import fcntl
import mmap
import struct
import threading
from collections.abc import Callable
from pathlib import Path

# In the machine's own order, and so in one step: no neighbour reads half of it.
REVISION = struct.Struct("q")


class SharedHint:
    """A small mapped file; a storage of truth it is not, so that losing it loses nothing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("a+b")
        self._file.truncate(REVISION.size)
        self._memory = mmap.mmap(self._file.fileno(), REVISION.size)
        self._turn = threading.Lock()  # a file lock does not keep threads apart

    def read(self) -> int:
        return int(REVISION.unpack_from(self._memory)[0])

    def saw(self, revision: int) -> None:
        if revision > self.read():
            self._set(lambda known: max(known, revision))

    def forget(self, revision: int) -> None:
        self._set(lambda known: revision)

    def _set(self, new: Callable[[int], int]) -> None:
        with self._turn:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                REVISION.pack_into(self._memory, 0, new(self.read()))
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
