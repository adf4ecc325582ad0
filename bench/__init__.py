"""Benchmarks: what is measured side by side in one run, so that a ratio holds on any machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. Without a goal it is there for comparison. `spread`, in the same unit, is between
    the least and the most of its rounds, whose median `value` is.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float = float("inf")
    at_least: float = 0
    spread: float | None = None

    @property
    def goal(self) -> str:
        most = "" if self.at_most == float("inf") else f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least else most

    @property
    def is_met(self) -> bool:
        return self.at_least <= self.value <= self.at_most
