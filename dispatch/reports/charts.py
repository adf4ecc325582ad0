"""Charts of lying bars, as one template draws them: SVG without a script or a style of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

ROW = 2.6  # the height of a bar with its words above it, in em: they grow with the text


class Row(NamedTuple):
    """The bar's words, and its length in any unit; `low` and `high` are the ends of its spread."""

    label: str
    told: str
    length: float
    low: float = 0
    high: float = 0


class Bar(NamedTuple):
    """Percent of the width, and heights in em."""

    label: str
    told: str
    width: str
    words_at: str
    bar_at: str
    spread_from: str
    spread_width: str
    spread_at: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is unique on its page; the title says what the bars are."""

    name: str
    title: str
    bars: tuple[Bar, ...]

    @classmethod
    def of(cls, name: str, title: str, rows: Iterable[Row]) -> "Chart":
        """The longest bar, or spread, has the whole width."""
        every = list(rows)
        most = max((max(row.length, row.high) for row in every), default=0) or 1
        return cls(name, title, tuple(_bar(row, place, most) for place, row in enumerate(every)))

    @property
    def height(self) -> str:
        return f"{len(self.bars) * ROW:.2f}"


def _bar(row: Row, place: int, most: float) -> Bar:
    top = place * ROW
    return Bar(
        label=row.label,
        told=row.told,
        width=f"{100 * row.length / most:.1f}",
        words_at=f"{top + 1:.2f}",
        bar_at=f"{top + 1.35:.2f}",
        spread_from=f"{100 * row.low / most:.1f}",
        spread_width=f"{100 * (row.high - row.low) / most:.1f}",
        spread_at=f"{top + 1.65:.2f}",
    )
