"""Every word of a page that people read goes through gettext."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType

TEMPLATES = Path(settings.BASE_DIR, "templates")
NOT_FOR_PEOPLE = {"dispatch/_sheet_style.html"}  # CSS, which the view puts into a page
NO_WORDS = {"API", "crew"}  # `crew` is a class of the body, in a block of its own
READ_OUT = {"aria-label", "aria-description", "aria-placeholder", "title", "placeholder", "alt"}
BUTTONS = {"submit", "button", "reset"}
LETTERS = re.compile(r"[^\W\d_]")
LITERAL = re.compile(r"""_\(\s*(?:"[^"]*"|'[^']*')\s*\)|("[^"]*"|'[^']*')""")
SENTENCE = re.compile(r"[A-Z][a-z]|[A-Za-z],? [a-z]{2}")  # not `F Y`, nor the name of a file
STATUSES = {"data-from", "data-to"}  # names of statuses, for scripts
CODES = {"assign move print"}  # what the program calls things, in arguments of tags


class Words(HTMLParser):
    """Collects the texts and the human attributes of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self.silent = tag
        its = dict(attrs)
        is_button = tag == "input" and its.get("type") in BUTTONS
        is_preview = tag == "meta" and (its.get("property") or its.get("name") or "").endswith(
            ("title", "description", "alt", "site_name")
        )
        for name, value in attrs:
            said = name in READ_OUT or (name == "value" and is_button)
            for_scripts = name.startswith("data-") and name not in STATUSES
            for_scripts = for_scripts and bool(SENTENCE.search(value or ""))
            if said or for_scripts or (name == "content" and is_preview):
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent = "" if tag == self.silent else self.silent

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)

    def note(self, text: str) -> None:
        said = " ".join(text.replace("·", " ").split())
        if LETTERS.search(said) and said not in NO_WORDS:
            self.found.append(said)


def untranslated(source: str) -> list[str]:
    """The words of a template that stand outside translate, blocktranslate and comments."""
    page: list[str] = []
    arguments: list[str] = []
    until = ""
    for token in Lexer(source).tokenize():
        tag = token.contents.split(maxsplit=1)[0] if token.token_type == TokenType.BLOCK else ""
        if until:
            until = "" if tag == until else until
        elif tag in {"blocktranslate", "comment"}:
            until = "end" + tag
        elif token.token_type == TokenType.TEXT:
            page.append(token.contents)
        elif token.token_type != TokenType.COMMENT and tag != "translate":
            arguments += _sentences(token.contents)
    words = Words()
    words.feed("".join(page))
    words.close()
    return words.found + arguments


def _sentences(tag: str) -> Iterator[str]:
    for match in LITERAL.finditer(tag):
        literal = (match[1] or "")[1:-1]
        if SENTENCE.search(literal) and literal not in CODES:
            yield literal


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Book a pickup</p>", ["Book a pickup"]),
        ("<p{% if wrong %} class=wrong{% endif %}>{{ name }} is here</p>", ["is here"]),
        ('<img alt="A truck">', ["A truck"]),
        ('<input type="submit" value="Send">', ["Send"]),
        ('<input name="age" value="Send">', []),
        ('<p data-many="%d jobs ticked" data-status="booked"></p>', ["%d jobs ticked"]),
        ('<meta property="og:image:alt" content="A truck">', ["A truck"]),
        ('{% include "a.html" with title="A truck" %}', ["A truck"]),
        ('{% include "a.html" with title=_("A truck") %}', []),
        ('{{ count|default:"No price" }}', ["No price"]),
        ("""<a title="{% translate 'Day' %}">{% translate "A truck" %}</a>""", []),
        ("{% blocktranslate %}A <b>truck</b>{% plural %}Trucks{% endblocktranslate %} 1 · ", []),
        ("{# A truck #}{% comment %}A truck{% endcomment %}<script>let truck</script>", []),
    ],
)
def test_what_stands_outside_of_gettext_is_seen(source: str, words: list[str]) -> None:
    assert untranslated(source) == words


def test_every_word_of_every_page_goes_through_gettext() -> None:
    found = (*TEMPLATES.rglob("*.html"), *TEMPLATES.glob("tracking/messages/*.txt"))
    pages = {str(path.relative_to(TEMPLATES)): path for path in found}
    assert len(pages) > 90
    left = {
        name: words
        for name, path in sorted(pages.items())
        if name not in NOT_FOR_PEOPLE and (words := untranslated(path.read_text("utf-8")))
    }
    assert left == {}
