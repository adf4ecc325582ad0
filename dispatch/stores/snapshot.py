"""The newest value that a process knows, shared by all its readers."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from dispatch.domain.document import StoreUnavailable

FRESH = 1.0  # seconds: how often the background looks again while there are readers
STALE = 2.0  # seconds: what is older is refreshed before it is used
BUDGET = 1.0  # seconds that a reader waits for that; then the old one is served
FIRST = 2.8  # seconds that a reader waits where there is no old one
IDLE = 10.0  # seconds without a reader after which the background rests
BURST = 10  # refreshes for ids and revisions that are nowhere, in a row; then one a second


class Revised(Protocol):
    @property
    def revision(self) -> int: ...


T = TypeVar("T", bound=Revised)


class Snapshot(Generic[T]):
    """`fetch(old)` gives the newest value, or `old` itself where nothing is newer.

    With `background` one thread does all fetching, so that readers share it and none waits
    longer than its budget; without, as in commands and tests, the reader fetches itself.
    """

    def __init__(
        self, fetch: Callable[[T | None], T], *, clock: Callable[[], float], background: bool
    ) -> None:
        self._fetch, self._clock, self._background = fetch, clock, background
        self._value: T | None = None
        self._confirmed_at = self._settled_at = self._failed_at = self._read_at = float("-inf")
        self._error: StoreUnavailable | None = None
        self._changed = threading.Condition()
        self._asked = self._served = 0
        self._thread: threading.Thread | None = None
        self._extra, self._extra_at = float(BURST), clock()

    def current(self, at_least: int = 0) -> T:
        """Raises StoreUnavailable where there is no value at all."""
        self._read_at = self._clock()
        if self._value is None:
            self._refresh(FIRST)
        elif self.age() > STALE:
            self._refresh(BUDGET)
        elif self._value.revision < at_least:
            self._look_for(at_least)
        else:
            self._wake()
        return self._known()

    def refreshed(self) -> T:
        """After a look at the storage; without one where too many have asked for that."""
        if self._may_refresh():
            self._refresh(BUDGET)
        return self._known()

    def peek(self) -> T | None:
        return self._value

    def age(self) -> float:
        """Seconds since the storage confirmed the value."""
        return self._clock() - self._confirmed_at

    def publish(self, value: T, asked_at: float) -> None:
        """Take what the storage gave, or took, when asked at `asked_at`; never something older.

        A lower revision is older, unless the storage was asked after the higher one was in it:
        then somebody has restored the document.
        """
        with self._changed:
            known = self._value
            if known and value.revision < known.revision and asked_at < self._settled_at:
                return
            self._value, self._error = value, None
            self._settled_at, self._failed_at = self._clock(), float("-inf")
            self._confirmed_at = max(self._confirmed_at, asked_at)

    def _look_for(self, revision: int) -> None:
        """Anybody can write a number into an address: those that are nowhere must not be a load."""
        if not self._may_refresh():
            self._wake()
            return
        self._refresh(BUDGET)
        if self._known().revision >= revision:
            self._extra += 1  # it was there: this look was no stranger's

    def _may_refresh(self) -> bool:
        now = self._clock()
        self._extra = min(BURST, self._extra + now - self._extra_at)
        self._extra_at = now
        if self._extra < 1:
            return False
        self._extra -= 1
        return True

    def _known(self) -> T:
        if self._value is None:
            error = self._error or StoreUnavailable("The storage has not answered yet.")
            raise type(error)(*error.args) from error  # a new one: many threads come by here
        return self._value

    def _refresh(self, budget: float) -> None:
        if self._is_failing():
            return
        if not self._background:
            self._look()
            return
        asked_at = self._clock()
        with self._changed:
            self._asked += 1
            ticket = self._asked
            self._start()
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._served >= ticket or self._failed_at > asked_at, timeout=budget
            )

    def _is_failing(self) -> bool:
        """The storage failed just now, and the background is at it: waiting would not help."""
        if not self._background and self._value is None:
            return False
        looking_on = self._failed_at > float("-inf") and self._thread is not None
        return looking_on or self._clock() - self._failed_at <= STALE

    def _wake(self) -> None:
        if self._background and self._thread is None:
            with self._changed:
                self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            while self._is_wanted():
                with self._changed:
                    serving = self._asked
                self._look()
                with self._changed:
                    self._served = serving
                    self._changed.notify_all()
        finally:  # also after an error that nobody foresaw: the next reader starts a new one
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _is_wanted(self) -> bool:
        """True when it is time to look: at once when asked, else each second while readers come."""
        with self._changed:
            asked = self._changed.wait_for(lambda: self._asked > self._served, timeout=FRESH)
            if asked or self._clock() - self._read_at <= IDLE:
                return True
            self._thread = None
            return False

    def _look(self) -> None:
        asked_at = self._clock()
        try:
            self.publish(self._fetch(self._value), asked_at)
        except StoreUnavailable as error:
            self._error, self._failed_at = error, self._clock()
        except Exception as error:
            self._error = StoreUnavailable(f"What the storage gave cannot be used: {error!r}")
            self._failed_at = self._clock()
            raise
