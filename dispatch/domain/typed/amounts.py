"""Amounts of money as people write them: `1,250.00`, `$175`, `-20`."""

import re
from decimal import Decimal

SYMBOLS = {"USD": "$", "CAD": "CA$", "MXN": "MX$", "AUD": "A$", "EUR": "€", "GBP": "£"}

SIGN, CODE = r"[+-]?", r"[A-Z]{3}"
FIGURES = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
AMOUNT = re.compile(
    rf"({SIGN}) ?(CA\$|MX\$|A\$|[$€£]|{CODE})? ?({SIGN})"
    rf"((?:{FIGURES})(?:[eE][+-]?[0-9]{{1,3}})?)(?: ?({CODE}))?"
)


class NoAmount(ValueError):
    """That text is no amount, or could be more than one; says so in a sentence."""


def read(text: str, currency: str = "") -> Decimal:
    """The figures as they are written: commas are taken before every three digits only.

    A currency that is written along must be `currency`, or any known one where none is given.
    Raises NoAmount.
    """
    found = AMOUNT.fullmatch(text.replace("\N{NO-BREAK SPACE}", " ").strip())
    if found is None or (found[1] and found[3]):
        if re.fullmatch(r"[^A-Za-z]*[0-9],[^A-Za-z]*", text):
            raise NoAmount("Write it as 1250.50: a comma stands only before every three digits.")
        raise NoAmount("That is no amount of money.")
    symbol = SYMBOLS.get(currency, "")
    known = {currency, symbol, symbol[-1:]} if currency else {*SYMBOLS, *SYMBOLS.values()}
    if not {found[2], found[5]} - {None} <= known:
        raise NoAmount(f"It must be in {currency}." if currency else "That is no amount of money.")
    return Decimal((found[1] or found[3]) + found[4].replace(",", ""))
