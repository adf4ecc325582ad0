"""Amounts of money as people write them: `1,250.00`, `$175`, `-20`."""

import re
from decimal import Decimal

from dispatch.domain.typed.sentences import Sentence
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import dashes, without_marks

SYMBOLS = {"USD": "$", "CAD": "CA$", "MXN": "MX$", "AUD": "A$", "EUR": "€", "GBP": "£"}

SIGN, UNIT = r"[+-]?", r"[A-Z]{0,2}[$€£]|[A-Z]{3}"
FIGURES = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
AMOUNT = re.compile(
    rf"({SIGN}) ?({UNIT})? ?({SIGN})((?:{FIGURES})(?:[eE][+-]?[0-9]{{1,3}})?)(?: ?({UNIT}))?"
)
NONE = _("That is no amount of money.")
NO_COMMA = _("Write it as 1250.50: a comma stands only before every three digits.")


class NoAmount(ValueError):
    """That text is no amount, or could be more than one; says so in a `sentence`."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read(text: str, currency: str = "") -> Decimal:
    """The figures as they are written: commas are taken before every three digits only.

    A currency that is written along must be `currency`, or any known one where none is given.
    Raises NoAmount.
    """
    plain = dashes(without_marks(text)).replace("\N{NO-BREAK SPACE}", " ").strip()
    found = AMOUNT.fullmatch(plain)
    if found is None or (found[1] and found[3]):
        if re.fullmatch(r"[^A-Za-z]*[0-9],[^A-Za-z]*", text):
            raise NoAmount(NO_COMMA)
        raise NoAmount(NONE)
    currencies = [currency] if currency else [*SYMBOLS]
    if not {found[2], found[5]} - {None} <= set().union(*map(_units, currencies)):
        raise NoAmount(_("It must be in %(currency)s.", currency=currency) if currency else NONE)
    return Decimal((found[1] or found[3]) + found[4].replace(",", ""))


def _units(currency: str) -> set[str]:
    """`USD`, `US$` and `$`: how people there write it, and how we do."""
    symbol = SYMBOLS.get(currency, "")
    return {currency, symbol, symbol[-1:], currency[:2] + symbol[-1:]}
