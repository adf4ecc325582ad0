"""One distribution's invalidations: rules of paths, references, quotas, and how they finish."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.cloudfront.refusal import Refusal

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
        _check(paths)
        with self._turn:
            for batch in self._batches:
                if batch.reference == reference:
                    return _same(batch, paths)
            running = [path for batch in self._batches if self._runs(batch) for path in batch.paths]
            if len(running) + len(paths) > MOST_PATHS or _stars(running + paths) > MOST_WILDCARDS:
                raise Refusal(
                    "TooManyInvalidationsInProgress", "Too many invalidations are in progress."
                )
            created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            batch = Batch(f"I{len(self._batches) + 1:013}", reference, list(paths), created)
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
        return "InProgress" if self._runs(batch) else "Completed"

    def _runs(self, batch: Batch) -> bool:
        return 0 < self.settle >= batch.asked


def _check(paths: list[str]) -> None:
    if len(paths) > MOST_PATHS:
        raise Refusal("BatchTooLarge", "The invalidation batch is too large.")
    if not paths or not all(VALID.fullmatch(path) and len(path) <= 4_000 for path in paths):
        raise Refusal(
            "InvalidArgument", "Your request contains one or more invalid invalidation paths."
        )


def _same(batch: Batch, paths: list[str]) -> Batch:
    if sorted(batch.paths) != sorted(paths):
        # As the API answers; its documentation says InvalidationBatchAlreadyExists.
        raise Refusal(
            "InvalidArgument",
            "Your request contains a caller reference that was used for a previous invalidation"
            " batch for the same distribution.",
        )
    return batch


def _stars(paths: list[str]) -> int:
    return sum(path.endswith("*") for path in paths)
