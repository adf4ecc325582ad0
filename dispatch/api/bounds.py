"""How long, how many and how much: what `incoming` checks, and how the schema says it.

Said, not enforced, in the shapes: msgspec stops at the first wrong field, `incoming` names all.
"""

import re
from datetime import date
from typing import Any

from msgspec import Meta

from dispatch.domain.limits import MOST_PRICE

LONGEST_KEY = 255
LONGEST_Q = 200
LONGEST_CURSOR = 600
LONGEST_ID = 64
MOST_LINES = 50
MOST_REVISION = 10**15 - 1  # as `dispatch.http` reads them
FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2199, 12, 31)
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
CONTROL = re.compile(f"[{_CONTROLS}]")
KEY = re.compile("[ -~]*")
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


def words(longest: int, *, needed: bool = False, **more: Any) -> Meta:
    """Text of at most so many characters; where `needed`, one at least that can be seen."""
    plain = f"[^{_CONTROLS}]*"
    pattern = f"^{plain}[^{_CONTROLS}\\s]{plain}$" if needed else f"^{plain}$"
    least = {"minLength": 1} if needed else {}
    return Meta(extra_json_schema={**least, "maxLength": longest, "pattern": pattern}, **more)


def matching(pattern: str, longest: int, **more: Any) -> Meta:
    return Meta(extra_json_schema={"maxLength": longest, "pattern": pattern}, **more)


def money(*, least: int = 0) -> Meta:
    """A number, or one in a string. In cents: no schema can say that of floats reliably."""
    sign = "-?" if least < 0 else ""
    return Meta(
        description="in the business's currency, at most 2 decimals; a string will do too",
        examples=[320, 285.5, "285.50"],
        extra_json_schema={
            "minimum": least,
            "maximum": int(MOST_PRICE),
            "pattern": rf"^{sign}[0-9]{{1,5}}(\.[0-9]{{1,2}})?$",
        },
    )
