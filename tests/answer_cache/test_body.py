"""Pages that are compressed once, and whose values are new each time."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdn_site.answer_cache.body import REACH, Body, NotRenewable

TOKEN, KEY, NOW = b"T" * 32 + b"u" * 32, b"Key4567890" * 3 + b"42", b"2026-05-22T19:00:00+00:00"
FRESH: dict[str, Callable[[], bytes]] = {
    "csrfmiddlewaretoken": lambda: b"\xc3\xa9Aa0" * 12 + b"wxyz",
    "key": lambda: b"0123456789abcdef" * 2,
    "id": lambda: b"fedcba9876543210" * 2,
    "data-now": lambda: b"2026-05-22T19:00:59+00:00",
}
VALUES = {"csrfmiddlewaretoken": TOKEN, "key": KEY, "data-now": NOW}


def field(name: str, values: dict[str, bytes]) -> bytes:
    if name == "data-now":
        return b'<p data-now="%s">' % values[name]
    return b'<input name="%s" value="%s">' % (name.encode(), values[name])


def page(parts: list[bytes | str], values: dict[str, bytes]) -> bytes:
    return b"".join(field(each, values) if isinstance(each, str) else each for each in parts)


def fresh() -> dict[str, bytes]:
    return {name: made() for name, made in FRESH.items()}


text = st.one_of(
    st.binary(max_size=200).map(lambda some: some.replace(b'"', b"'")),
    st.integers(1, 4).map(lambda times: b"<li>some that is often the same</li>" * 400 * times),
)


@given(st.lists(st.one_of(text, st.sampled_from(sorted(VALUES))), max_size=30))
def test_any_page_is_as_it_was_but_for_its_values(parts: list[bytes | str]) -> None:
    before, after = page(parts, VALUES), page(parts, fresh())
    assert Body(before, compress=False).renewed(FRESH) == after
    try:
        body = Body(before, compress=True)
    except NotRenewable:  # by chance a text is like a placeholder: then it is not kept
        return
    assert gzip.decompress(body.renewed(FRESH)) == after


def test_copies_are_compressed_however_many_and_far_apart_they_are() -> None:
    parts: list[bytes | str] = []
    for number in range(100):
        parts += ["csrfmiddlewaretoken", "key", b"<p>number %d of many</p>" % number * 80]
    assert len(page(parts, VALUES)) > 4 * REACH
    body = Body(page(parts, VALUES), compress=True)
    assert gzip.decompress(body.renewed(FRESH)) == page(parts, fresh())
    usual = len(gzip.compress(page(parts, VALUES), 6))
    assert len(body.renewed(FRESH)) < 1.15 * usual + 100


def test_each_answer_is_filled_up_by_chance() -> None:
    body = Body(page([b"a page", "key"], VALUES), compress=True)
    lengths = {len(body.renewed(FRESH)) for _ in range(50)}
    assert len(lengths) > 10


@pytest.mark.parametrize("compress", [True, False])
def test_a_page_with_a_value_elsewhere_is_not_kept(compress: bool) -> None:
    with pytest.raises(NotRenewable):
        Body(page(["key", b"<a href='?key=%s'>" % KEY], VALUES), compress=compress)
