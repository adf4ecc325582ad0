"""Texts, phone numbers and amounts as people type and paste them."""

from decimal import Decimal

import pytest

from dispatch.domain.typed import amounts, phones
from dispatch.domain.typed.texts import folded, harmless, lines

NONE, ONE, AREA = phones.NONE, phones.NOT_ONE, phones.NO_AREA


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("619-555-0142", "+16195550142"),
        ("1 (619) 555.0142", "+16195550142"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+39 06 698 12345", "+390669812345"),
        ("1-800-FLOWERS", "+18003569377"),
        ("tel:+1-619-555-0142", "+16195550142"),
        ("\u202a(619)\u00a0555\u20110142\u202c", "+16195550142"),
        ("\u2068+1 619 555 0142\u2069\u200b", "+16195550142"),
        ("６１９－５５５－０１４２", "+16195550142"),
        ("٦١٩٥٥٥٠١٤٢", "+16195550142"),
        ("619\u2212555\u22120142", "+16195550142"),
        ("(619) 555-0142 ext. 4471", "+16195550142;ext=4471"),
        ("(619) 555-0142 (ext. 4471)", "+16195550142;ext=4471"),
        ("619-555-0142 Extension: 007", "+16195550142;ext=007"),
        ("619-555-0142 x12", "+16195550142;ext=12"),
        ("619-555-0142x12", "+16195550142;ext=12"),
        ("619-555-0142 #12", "+16195550142;ext=12"),
        ("+16195550142,,4471#", "+16195550142;ext=4471"),
        ("tel:+16195550142;ext=4471", "+16195550142;ext=4471"),
    ],
)
def test_all_of_a_number_is_kept(typed: str, kept: str) -> None:
    assert phones.read(typed, "US") == kept
    assert phones.read(phones.shown(kept, "US"), "US") == kept, "as it is shown, it can be typed"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("555-0142", AREA),
        ("555-0142 x3", AREA),
        ("+1 555 0142", AREA),
        ("000-000-0000", NONE),
        ("123-456-7890", NONE),
        ("911", NONE),
        ("ask for Bob", NONE),
        ("+", NONE),
        ("619-555-0142 or 619-555-0199", ONE),
        ("619-555-0142, 619-555-0199", ONE),
        ("6195550142,6195550199", ONE),
        ("6195550142 6195550199", ONE),
        ("619-555-0142/0143", ONE),
        ("+1 619 555 0142 +1 619 555 0199", ONE),
        ("619-555-0142 x12 or x13", ONE),
        ("619-555-0142 12", ONE),
        ("619-555-0142 (Bob)", ONE),
        ("Bob 619-555-0142", ONE),
        ("619-555-0142b", ONE),
        ("619-555-0142\n619-555-0199", ONE),
    ],
)
def test_what_would_be_kept_in_part_or_cannot_be_called_is_asked_for_again(
    typed: str, sentence: str
) -> None:
    with pytest.raises(phones.NoNumber, match=f"^{sentence}$"):
        phones.read(typed, "US")


@pytest.mark.parametrize(
    ("kept", "country", "shown", "dialled"),
    [
        ("+16195550142;ext=4471", "US", "(619) 555-0142 ext. 4471", ("+16195550142", "4471")),
        ("619-555-0142 x7", "US", "(619) 555-0142 ext. 7", ("+16195550142", "7")),
        ("+442079460958", "GB", "020 7946 0958", ("+442079460958", "")),
        ("+442079460958", "US", "+44 20 7946 0958", ("+442079460958", "")),
        ("619-555-0142 or 0199", "US", "619-555-0142 or 0199", ("619-555-0142 or 0199", "")),
        ("+15550142", "US", "+15550142", ("+15550142", "")),
    ],
)
def test_a_number_is_shown_and_dialled_with_all_that_is_kept_of_it(
    kept: str, country: str, shown: str, dialled: tuple[str, str]
) -> None:
    assert phones.shown(kept, country) == shown
    assert phones.dialled(kept, country) == dialled


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("320", "320"),
        ("$175", "175"),
        ("$ 1,250.00", "1250.00"),
        ("12,345,678.9", "12345678.9"),
        ("1,250", "1250"),
        ("-$20", "-20"),
        ("175 USD", "175"),
        ("US$175", "175"),
        ("$175 USD", "175"),
        ("175 $", "175"),
        ("USD\u00a0175", "175"),
        (".5", "0.5"),
        ("\ufeff$175\u200e", "175"),
        ("\u221220", "-20"),
        ("\u201320", "-20"),
    ],
)
def test_an_amount_is_read_as_it_is_written(typed: str, amount: str) -> None:
    assert amounts.read(typed, "USD") == Decimal(amount)


NO_AMOUNT = "That is no amount of money."
COMMA = "Write it as 1250.50: a comma stands only before every three digits."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1.250,00", COMMA),
        ("1,25", COMMA),
        ("12,34,567", COMMA),
        ("$1,2500", COMMA),
        ("1_000", NO_AMOUNT),
        ("٣", NO_AMOUNT),
        ("１２", NO_AMOUNT),
        ("1 000", NO_AMOUNT),
        ("NaN", NO_AMOUNT),
        ("+-5", NO_AMOUNT),
        ("", NO_AMOUNT),
        ("€5", "It must be in USD."),
        ("CA$5", "It must be in USD."),
        ("$5 EUR", "It must be in USD."),
    ],
)
def test_an_amount_that_could_be_another_is_refused(typed: str, sentence: str) -> None:
    with pytest.raises(amounts.NoAmount, match=f"^{sentence}$"):
        amounts.read(typed, "USD")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José Peña", "jose pena"),
        ("Jose\u0301", "José"),
        ("Seán O’Brien", "SEAN O'BRIEN"),
        ("O´Malley", "o`malley"),
        ("Müller", "muller"),
        ("İbrahim", "ibrahim"),
        ("Kılıç", "kilic"),
        ("Łódź", "lodz"),
        ("Straße", "STRASSE"),
        ("Ødegård", "odegard"),
        ("Þórr", "thorr"),
        ("١٤٢٠ Elm", "1420 elm"),
        ("ＺＯＥ", "zoe"),
        ("Zo\u00adë\u200b", "\u202azoe\u202c"),
        ("Smith\u2013Jones", "smith-jones"),
        ("T\u22121", "t-1"),
        ("\u200e\ufe0f", ""),
    ],
)
def test_what_people_write_alike_folds_to_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert folded(folded(one)) == folded(one)


def test_line_ends_are_ours() -> None:
    assert lines("a\r\nb\rc\n\r\nd") == "a\nb\nc\n\nd"


def test_nothing_steers_a_terminal() -> None:
    said = harmless("\x1b[2J\x9b31m\x7f\u202e\rJosé\n\t🚛\udcff")
    assert said == r"\u001b[2J\u009b31m\u007f\u202e\u000dJosé" + "\n\t🚛" + r"\udcff"
