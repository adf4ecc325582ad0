"""Charts of lying bars, as one template draws them: SVG without a script or a style of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# In em, so that they grow with the text: a row has its label above its bar, and behind that the
# figure; the label's and the figure's baselines, and where bar and spread begin.
ROW, LABEL_AT, TOLD_AT, BAR_AT, SPREAD_AT = 2.7, 1, 2.1, 1.35, 1.65
LONGEST = 62  # percent of the width


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
    spread_from: str
    spread_width: str
    label_at: str
    told_at: str
    bar_at: str
    spread_at: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is unique on its page; the title says what the bars are."""

    name: str
    title: str
    bars: tuple[Bar, ...]
    longest = LONGEST

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
    def length(amount: float) -> str:
        return f"{LONGEST * amount / most:.1f}"

    def down(by: float) -> str:
        return f"{place * ROW + by:.2f}"

    return Bar(
        label=row.label,
        told=row.told,
        width=length(row.length),
        spread_from=length(row.low),
        spread_width=length(row.high - row.low),
        label_at=down(LABEL_AT),
        told_at=down(TOLD_AT),
        bar_at=down(BAR_AT),
        spread_at=down(SPREAD_AT),
    )
