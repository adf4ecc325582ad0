"""How long storage takes that is elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

GET, PUT = 0.030, 0.040  # seconds that S3 takes
READ, WRITE = 0.008, 0.012  # and DynamoDB


@contextmanager
def far_away(seconds: float) -> Iterator[None]:
    """So long it takes in all: half of it is the way there, the rest the work there and the way
    back.
    """
    until = time.perf_counter() + seconds
    time.sleep(seconds / 2)
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.perf_counter()))
