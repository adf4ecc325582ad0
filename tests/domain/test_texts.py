"""What a text message costs, and what may stand in one."""

import pytest

from dispatch.domain.outbox.texts import plain, sayable, segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),  # each takes two places
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # which is not cut in two: 152, 2 + 151, 1
        ("–" * 70, 1),
        ("–" * 71, 2),
        ("–" * 134, 2),
        ("–" * 135, 3),
        ("a" * 69 + "–", 1),
        ("a" * 70 + "–", 2),
        ("🚚" * 35, 1),
        ("🚚" * 36, 2),
        ("🚚" * 67, 3),  # 33 fit where 67 places are, not 33 and a half
    ],
)
def test_a_text_is_counted_as_a_network_cuts_it(text: str, count: int) -> None:
    assert segments(text) == count


def test_a_text_has_plain_signs_and_one_line() -> None:
    typed = "“8\N{NO-BREAK SPACE}AM–12\N{NO-BREAK SPACE}PM”\n\n Joe’s … ok"
    assert plain(typed) == '"8 AM-12 PM" Joe\'s ... ok'


def test_accents_that_would_double_the_price_are_left_out() -> None:
    assert plain("sábado, mañana: él irá") == "sabado, mañana: él ira"


def test_other_letters_stay_as_they_are() -> None:
    assert plain("в субботу, sábado") == "в субботу, sábado"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Joel", "Joel"),
        ("María", "Maria"),
        ("Zoë", "Zoe"),
        ("O’Neil", "O'Neil"),
        ("Юрий", ""),
        ("נועה", ""),
        ("Joel 🚚", ""),
        ("J" * 21, ""),
        ("", ""),
    ],
)
def test_a_name_is_said_where_a_text_can_say_it(name: str, said: str) -> None:
    assert sayable(name) == said
