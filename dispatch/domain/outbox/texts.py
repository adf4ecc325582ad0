"""What a text message costs: how many segments a network cuts it into."""

import unicodedata

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_DOUBLE = frozenset("^{}\\[~]|€\f")  # its extension: each takes two places
MOST_SEGMENTS = 3
LONGEST_NAME = 20  # characters
# One sign beyond GSM 7 makes a text more than twice as long: these have a plain one that says
# the same.
PLAIN = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MIDDLE DOT}": "-",
    }
)


def is_gsm_7(text: str) -> bool:
    """True where a network sends it with seven bits a character."""
    return set(text) <= GSM_7 | GSM_7_DOUBLE


def segments(text: str) -> int:
    """160 places are one segment, longer texts are cut into 153 each; 70 and 67 where there is a
    sign beyond GSM 7. A sign of two places is never cut in two.
    """
    if is_gsm_7(text):
        alone, each, places = 160, 153, [1 + (sign in GSM_7_DOUBLE) for sign in text]
    else:
        alone, each, places = 70, 67, [1 + (sign > "\uffff") for sign in text]
    if sum(places) <= alone:
        return 1
    count, left = 1, each
    for taken in places:
        if taken > left:
            count, left = count + 1, each
        left -= taken
    return count


def plain(text: str) -> str:
    """In one line, with plain signs where there are any that say the same; without the accents of
    `sábado`, which GSM 7 lacks, where that makes it fit.
    """
    line = " ".join(text.translate(PLAIN).split())
    known = GSM_7 | GSM_7_DOUBLE
    bare = "".join(sign if sign in known else _without_accent(sign) for sign in line)
    return bare if is_gsm_7(bare) else line


def _without_accent(sign: str) -> str:
    parts = unicodedata.normalize("NFKD", sign)
    return "".join(part for part in parts if not unicodedata.combining(part))


def sayable(name: str) -> str:
    """A person's name as a text may have it; empty where it is too long or of other letters."""
    name = plain(name)
    return name if is_gsm_7(name) and len(name) <= LONGEST_NAME else ""
