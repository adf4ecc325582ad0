"""Texts in cells that no spreadsheet program runs as a formula, and the way back.

As OWASP advises (CSV Injection): what begins like a formula gets an apostrophe before it, and all
texts are quoted, so that no program splits one at another delimiter.
"""

import re

# The wide ones too: some programs take them for the same.
LIKE_A_FORMULA = re.compile("'*[=+@\t\r\n\\-＝＋－＠]")
FIRST = frozenset("'=+@\t\r\n-＝＋－＠")  # of such; looked at before, as few cells are


def defused(text: str) -> str:
    return f"'{text}" if text[:1] in FIRST and LIKE_A_FORMULA.match(text) else text


def as_typed(cell: str) -> str:
    """The text that was `defused`; as it is where it was not."""
    is_defused = cell.startswith("'") and LIKE_A_FORMULA.match(cell)
    return cell[1:] if is_defused else cell
