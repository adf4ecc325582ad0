"""Texts: how their lines end, which characters no text has, and when two say the same."""

import re
import unicodedata

# In a form that the patterns of JSON Schema share.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
TURNS = r"\u202a-\u202e\u2066-\u2069"  # they turn the direction of what follows
# What nobody sees, though it is no blank: of it alone is no name.
INVISIBLE = r"\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\ufeff" + TURNS
NOTHING = re.compile(rf"[\s{INVISIBLE}]*")
# What a text must not have; a lone surrogate is half a character, which no file can hold.
CONTROL = re.compile(rf"[{CONTROLS}\ud800-\udfff]")
CONTROL_OR_TURN = re.compile(rf"[{CONTROLS}{TURNS}\ud800-\udfff]")
NOT_SHOWN = re.compile(rf"[{CONTROLS}{TURNS}\r\ud800-\udfff]")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

APOSTROPHES = "’‘‛ʼʻʹʾʿ′`´＇｀"
ALIKE = str.maketrans(
    dict.fromkeys(APOSTROPHES, "'")
    | {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
MINUS = "−"
UNSEEN = {"Mn", "Me", "Cf"}  # marks upon letters, and what directs or joins without being seen


def lines(text: str) -> str:
    """With line ends as we keep and count them; browsers and others have their own."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def harmless(text: str) -> str:
    r"""For a terminal: what would steer it is written as JSON writes it, such as \u001b."""
    return NOT_SHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def without_marks(text: str) -> str:
    """Without characters that nobody sees, as come along with what is copied."""
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


def dashes(text: str) -> str:
    """With plain hyphens for all kinds of dashes."""
    return "".join(
        "-" if unicodedata.category(each) == "Pd" or each == MINUS else each for each in text
    )


def plain_digits(text: str) -> str:
    """With 0 to 9 for the digits of all scripts."""
    return "".join(str(unicodedata.decimal(each, each)) for each in text)


def folded(text: str) -> str:
    """The same for all ways in which people write the same: accents, capitals, widths, dashes,
    apostrophes and the script of digits make no difference, and what is not seen is not there.
    """
    if text.isascii():
        return text.translate(ALIKE).casefold()
    apart = unicodedata.normalize("NFKD", text.translate(ALIKE))
    seen = "".join(each for each in apart if unicodedata.category(each) not in UNSEEN)
    return dashes(plain_digits(seen.casefold().translate(ALIKE)))
