"""How Amazon's clients that send are made, and behave."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from botocore.config import Config

from dispatch.stores.aws import CLIENT, kept, making_a_client

T = TypeVar("T")
# Nobody's page waits for it, and two calls end before `deadline.SECONDS`. It is tried again by the
# sender, never behind its back.
SENDING = CLIENT.merge(Config(connect_timeout=1.5, read_timeout=3))
BUSY = {
    *("Throttling", "ThrottlingException", "Throttled", "ThrottledException"),
    *("TooManyRequestsException", "RequestLimitExceeded"),
}


class Shared(Generic[T]):
    """A client for all threads, made when first asked for: after a fork."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._making = make, threading.Lock()
        self._made: T | None = None

    def __call__(self) -> T:
        """Raises BotoCoreError."""
        with self._making, making_a_client():
            if self._made is None:
                self._made = kept(self._make())
            return self._made
