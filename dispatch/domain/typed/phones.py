"""Phone numbers: as people write them, as we keep them, as they are shown and dialled.

Kept is E.164, with an extension behind it as in RFC 3966: `+16195550142;ext=4471`.
"""

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from dispatch.domain.typed.sentences import Sentence
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import dashes, plain_digits, without_marks

EXT = ";ext="
KEPT = re.compile(rf"\+[0-9]+({EXT}[0-9]+)?")
LINK = re.compile(r"(?:tel|callto|sms)[:.]*\s*", re.IGNORECASE)
EXTENSION = re.compile(
    r"[\s,;.(-]*(?:"
    r"(?:;\s*ext\s*=|extensi[oó]n|extn?|x|#)[\s.:#]*([0-9]{1,9})"
    r"|[,;]+\s*([0-9]{1,6})"  # a pause: phones dial so
    r")\s*[#)]?$",
    re.IGNORECASE,
)
WRITTEN = re.compile(r"[+(]*[0-9][0-9A-Z ()./-]*", re.IGNORECASE)
LETTER, DIGIT = re.compile("[A-Z]", re.IGNORECASE), re.compile("[0-9]")
LEAST_LETTERS = 3  # 1-800-FLOWERS; fewer are a slip
LONGEST = 100  # characters; what is longer is none
LEAST_OF_A_PART = 4  # fewer are a house number
LEAST_DIGITS = 7  # from so many on it is a number, and something else with it
NONE = _("That does not look like a phone number.")
NOT_ONE = _("Please give one phone number, and nothing else.")
NO_AREA = _("Please add the area code.")


class NoNumber(ValueError):
    """That text is not one number that can be called; says why in a `sentence`."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read(text: str, country: str) -> str:
    """The number as we keep it, read as a local of `country` reads it: all of it, or nothing.

    Raises NoNumber.
    """
    main, extension = _parts(text)
    number = _parsed(main, country)
    letters, digits = len(LETTER.findall(main)), len(DIGIT.findall(main))
    if number is None or not WRITTEN.fullmatch(main) or 0 < letters < LEAST_LETTERS:
        raise NoNumber(NOT_ONE if digits >= LEAST_DIGITS else NONE)
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise NoNumber(NO_AREA)
    if possible == ValidationResult.TOO_LONG:
        raise NoNumber(NOT_ONE)
    if not phonenumbers.is_valid_number(number) or not _is_all_of(main, number):
        raise NoNumber(NONE)
    kept = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return kept + (f"{EXT}{extension}" if extension else "")


@lru_cache(maxsize=2**12)  # a quarter of a millisecond; each page shows one three times
def shown(kept: str, country: str) -> str:
    """As people of `country` write it; as it is where it is not one number."""
    if local := _local(kept, country):
        return phonenumbers.format_number(local, PhoneNumberFormat.NATIONAL)
    try:
        number = phonenumbers.parse(read(kept, country))
    except NoNumber:
        return kept
    is_local = phonenumbers.region_code_for_number(number) == country
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if is_local else PhoneNumberFormat.INTERNATIONAL
    )


def _local(kept: str, country: str) -> PhoneNumber | None:
    """A number of this country as `read` gives it, without an extension: most are such. To read
    them anew takes three times as long, half of the time of an export.
    """
    code = phonenumbers.country_code_for_region(country)
    digits = kept.removeprefix(f"+{code}")
    is_main = phonenumbers.region_code_for_country_code(code) == country
    if not is_main or digits == kept or not re.fullmatch("[1-9][0-9]*", digits):
        return None
    number = PhoneNumber(country_code=code, national_number=int(digits))
    return number if phonenumbers.is_valid_number_for_region(number, country) else None


@lru_cache(maxsize=2**12)
def dialled(kept: str, country: str) -> tuple[str, str]:
    """The number to call or write to, and its extension, empty where it has none."""
    try:
        kept = read(kept, country)
    except NoNumber:
        return kept, ""
    number, _ext, extension = kept.partition(EXT)
    return number, extension


def is_landline(number: str) -> bool:
    """True of a number in E.164 that is surely one; of many, in the US of all, nobody can tell."""
    parsed = _parsed(number, "")
    kind = parsed and phonenumbers.number_type(parsed)
    return bool(kind == PhoneNumberType.FIXED_LINE)


def figures(kept: str, country: str) -> frozenset[str]:
    """The digits by which a kept number is found: as it stands, and those of E.164."""
    found = {_digits(kept.partition(EXT)[0])}
    if not KEPT.fullmatch(kept):
        with suppress(NoNumber):
            found.add(_digits(read(kept, country).partition(EXT)[0]))
    return frozenset(found - {""})


def asked_for(text: str, country: str) -> frozenset[str]:
    """The digits to look for where somebody asks for a number, or for a part of one; else none."""
    main, extension = _parts(text)
    typed = _digits(main)
    least = LEAST_DIGITS if extension else LEAST_OF_A_PART
    if not WRITTEN.fullmatch(main) or LETTER.search(main) or len(typed) < least:
        return frozenset()
    asked = {typed}
    with suppress(NoNumber):
        asked.add(_digits(read(text, country).partition(EXT)[0]))
    prefix = phonenumbers.ndd_prefix_for_region(country, True) or ""
    local = typed.removeprefix(prefix)  # 020 7946 is kept as 44 20 7946
    return frozenset(asked | ({local} if len(local) >= LEAST_OF_A_PART else set()))


def _digits(text: str) -> str:
    return "".join(DIGIT.findall(text))


def _parts(text: str) -> tuple[str, str]:
    """What is dialled first, in plain characters, and the extension."""
    plain = plain_digits(dashes(without_marks(unicodedata.normalize("NFKC", text)))).strip()
    plain = LINK.sub("", plain, count=1) if LINK.match(plain) else plain
    found = EXTENSION.search(plain) if len(plain) <= LONGEST else None
    if found is None:
        return plain, ""
    return plain[: found.start()], found[1] or found[2]


def _parsed(main: str, country: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(main, country)
    except phonenumbers.NumberParseException:
        return None


def _ways(number: PhoneNumber) -> tuple[str, ...]:
    """Its ways of being written, without an extension."""
    bare = PhoneNumber()
    bare.merge_from(number)
    bare.extension = None
    national = phonenumbers.format_number(bare, PhoneNumberFormat.NATIONAL)
    whole = phonenumbers.format_number(bare, PhoneNumberFormat.E164)
    return phonenumbers.national_significant_number(bare), national, whole


def _is_all_of(main: str, number: PhoneNumber) -> bool:
    """False where only a part of what was written is in it."""
    typed = _digits(phonenumbers.convert_alpha_characters_in_number(main))
    return typed.endswith(tuple(map(_digits, _ways(number))))
