"""One distribution's invalidations: rules of paths, references, quotas, and how they finish."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.cloudfront.refusal import Refusal, now

MOST_PATHS, MOST_WILDCARDS = 3_000, 15
VALID = re.compile(r"/(?:[A-Za-z0-9$\-_.+!'(),;:@&=~/?]|%[0-9A-Fa-f]{2})*\*?")


@dataclass
class Batch:
    id: str
    reference: str
    paths: list[str]
    created: str
    asked: int = 0


class Invalidations:
    """A batch is completed once `settle` GetInvalidation calls found it in progress."""

    def __init__(self, settle: int, drop: Callable[[list[str]], None]) -> None:
        self.settle, self._drop = settle, drop
        self._batches: list[Batch] = []
        self._turn = threading.Lock()

    def create(self, reference: str, paths: list[str]) -> Batch:
        if len(paths) > MOST_PATHS:
            raise Refusal("BatchTooLarge", "The invalidation batch is too large.")
        if not paths or not all(VALID.fullmatch(path) and len(path) <= 4_000 for path in paths):
            raise Refusal(
                "InvalidArgument", "Your request contains one or more invalid invalidation paths."
            )
        with self._turn:
            for batch in self._batches:
                if batch.reference == reference and sorted(batch.paths) == sorted(paths):
                    return batch
                if batch.reference == reference:
                    # As the API answers; its documentation says InvalidationBatchAlreadyExists.
                    raise Refusal(
                        "InvalidArgument",
                        "Your request contains a caller reference that was used for a previous"
                        " invalidation batch for the same distribution.",
                    )
            running = [batch for batch in self._batches if self.status(batch) == "InProgress"]
            every = [path for batch in running for path in batch.paths] + paths
            wide = sum(path.endswith("*") for path in every)
            if len(every) > MOST_PATHS or wide > MOST_WILDCARDS:
                raise Refusal(
                    "TooManyInvalidationsInProgress", "Too many invalidations are in progress."
                )
            batch = Batch(f"I{len(self._batches) + 1:013}", reference, list(paths), now())
            self._batches.append(batch)
        self._drop(batch.paths)
        return batch

    def get(self, id: str) -> Batch:
        with self._turn:
            for batch in self._batches:
                if batch.id == id:
                    batch.asked += 1
                    return batch
        raise Refusal("NoSuchInvalidation", "The specified invalidation does not exist.")

    def all(self) -> list[Batch]:
        """The newest first."""
        return self._batches[::-1]

    def status(self, batch: Batch) -> str:
        return "InProgress" if 0 < self.settle >= batch.asked else "Completed"
