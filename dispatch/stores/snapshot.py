"""The newest value that a process knows, shared by all its readers."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from dispatch.domain.stored.document import StoreUnavailable

FRESH = 1.0  # seconds: how often the background looks again while there are readers
STALE = 2.0  # seconds: what is older is refreshed before it is used
BUDGET = 1.0  # seconds that a reader waits for that; then the old one is served
FIRST = 2.8  # seconds that a reader waits where there is nothing else to show
TURN = 2.8  # seconds that a reader waits for the background's next look, and its answer
IDLE = 10.0  # seconds without a reader after which the background rests
BURST = 10  # looks at once for ids and revisions that are nowhere, in a row; then one a second


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
        self._confirmed_at = self._settled_at = self._failed_at = float("-inf")
        self._read_at = self._doubted_at = float("-inf")
        self._error: StoreUnavailable | None = None
        self._failures, self._looking_since = 0, float("inf")  # in a row; inf: nobody looks
        self._changed = threading.Condition()
        # Those who wait, by number: the last, the last who shall not wait for the background's
        # next look of its own, the last whose look is over, and the last whose look was answered.
        self._asked = self._hurried = self._served = self._answered = 0
        self._thread: threading.Thread | None = None
        self._extra, self._extra_at = float(BURST), clock()

    def current(self, at_least: int = 0) -> T:
        """Never older than `at_least`, unless the storage has just said that there is no such
        revision: anybody can write a number into an address, and documents are restored.

        Raises StoreUnavailable where there is no value at all, or only an older one.
        """
        self._read_at, is_sure = self._clock(), False
        if self._value is None:
            is_sure = self._refresh(FIRST)
        elif self._value.revision < at_least:
            is_sure = self._look_for(at_least)
        elif self.age() > STALE:
            is_sure = self._refresh(BUDGET)
        else:
            self._wake()
        value = self._known()
        if value.revision < at_least and not is_sure:
            raise self._unsure()
        return value

    def refreshed(self, *, at_once: bool = False) -> T:
        """As the storage has confirmed it since this was called. Raises StoreUnavailable.

        Strangers may cause this, so too many wait for the background's next look, at most a
        second; those do not who ask `at_once`.
        """
        if not (self._refresh(FIRST) if at_once else self._refresh_in_turn()):
            raise self._unsure()
        return self._known()

    def peek(self) -> T | None:
        return self._value

    def age(self) -> float:
        """Seconds since the storage confirmed the value."""
        return self._clock() - self._confirmed_at

    def doubt(self) -> None:
        """A write may have taken hold, or not: until the storage has been asked, nobody knows."""
        self._doubted_at = self._clock()

    @property
    def is_doubted(self) -> bool:
        return self._confirmed_at <= self._doubted_at

    def publish(self, value: T, asked_at: float) -> None:
        """Take what the storage gave, or took, when asked at `asked_at`; never something older.

        A lower revision is older, unless the storage was asked after the higher one was in it:
        then somebody has restored the document.
        """
        with self._changed:
            known = self._value
            if known and value.revision < known.revision and asked_at < self._settled_at:
                return
            self._value, self._error, self._failures = value, None, 0
            self._settled_at, self._failed_at = self._clock(), float("-inf")
            self._confirmed_at = max(self._confirmed_at, asked_at)

    def _look_for(self, revision: int) -> bool:
        is_sure = self._refresh_in_turn()
        if self._known().revision >= revision:
            self._extra += 1  # it was there: this look was no stranger's
        return is_sure

    def _refresh_in_turn(self) -> bool:
        if not self._background or self._may_refresh():
            return self._refresh(FIRST)
        return self._refresh(TURN, at_once=False)

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
            raise self._unsure()
        return self._value

    def _unsure(self) -> StoreUnavailable:
        """A new one each time: many threads come by here, and one that is raised gathers frames."""
        error = self._error or StoreUnavailable("The storage has not answered in time.")
        fresh = type(error)(*error.args)
        fresh.__cause__ = error
        return fresh

    def _refresh(self, budget: float, *, at_once: bool = True) -> bool:
        """True where the storage was asked after this was called, and has answered."""
        if self._is_failing():
            return False
        if not self._background:
            return self._look()
        asked_at = self._clock()
        with self._changed:
            self._asked += 1
            ticket = self._asked
            if at_once:
                self._hurried = ticket
            self._start()
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._served >= ticket or self._failed_at > asked_at, timeout=budget
            )
            return self._answered >= ticket

    def _is_failing(self) -> bool:
        """The storage failed just now, and the background is at it: waiting would not help.

        What has failed once may be well again: the next look tells, unless it takes long, too.
        """
        if self._background and self._failures == 1 and self._value is not None:
            return self._clock() - self._looking_since > BUDGET
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
                is_answered = self._look()
                with self._changed:
                    self._served = serving
                    self._answered = serving if is_answered else self._answered
                    self._changed.notify_all()
        finally:  # also after an error that nobody foresaw: the next reader starts a new one
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _is_wanted(self) -> bool:
        """True when it is time to look: at once when asked, else each second while readers come."""
        with self._changed:
            hurried = self._changed.wait_for(lambda: self._hurried > self._served, timeout=FRESH)
            is_read = self._clock() - self._read_at <= IDLE
            if hurried or is_read or self._asked > self._served:
                return True
            self._thread = None
            return False

    def _look(self) -> bool:
        """True where the storage has answered."""
        asked_at = self._looking_since = self._clock()
        try:
            self.publish(self._fetch(self._value), asked_at)
        except StoreUnavailable as error:
            self._fail(error)
            return False
        except Exception as error:
            self._fail(StoreUnavailable(f"What the storage gave cannot be used: {error!r}"))
            raise
        finally:
            self._looking_since = float("inf")
        return True

    def _fail(self, error: StoreUnavailable) -> None:
        self._error, self._failed_at = error, self._clock()
        self._failures += 1
