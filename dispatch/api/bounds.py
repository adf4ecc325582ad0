"""How the schema says what `job_input` checks.

Said, not enforced, in the shapes: msgspec stops at the first wrong field, `job_input` names all.
"""

import re
from typing import Any

from msgspec import Meta

from dispatch.domain.job_input import CONTROLS, LONGEST, MOST_PRICE, REQUIRED

LONGEST_KEY = 255
LONGEST_Q = 200
LONGEST_CURSOR = 600
LONGEST_ID = 64
MOST_REVISION = 10**15 - 1  # as `dispatch.seen` reads them
KEY = re.compile("[ -~]*")
DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


def words(name: str, *, needed: bool = False, **more: Any) -> Meta:
    """The text that `job_input` calls so; where `needed`, with one character that can be seen."""
    longest, needed = LONGEST[name], needed or name in REQUIRED
    plain = f"[^{CONTROLS}]*"
    pattern = f"^{plain}[^{CONTROLS}\\s]{plain}$" if needed else f"^{plain}$"
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
