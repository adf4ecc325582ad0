"""Everything that people read is in every language, and the compiled catalogues are of the texts
beside them. No gettext is needed: `make messages`, which needs it, writes both.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations
from typing import Any

import pytest
from django.conf import settings

from qdn_site.languages.catalogue import Message, of_template
from tests.test_sentences import APPS, ROOT

LOCALE = ROOT / "qdn_site" / "locale"
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
CALL = re.compile(r"_|n?p?gettext(_lazy|_noop)?")
HOLE = re.compile(r"%\(\w+\)[a-z]|%[sd]")


@dataclass
class Entry:
    """One of a .po file: `said` has one text, or one for each of the plural's forms."""

    context: str = ""
    words: str = ""
    plural: str = ""
    said: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False

    @property
    def message(self) -> Message:
        return Message(self.context, self.words, self.plural)


def entries(source: str) -> Iterator[Entry]:
    for block in source.split("\n\n"):
        entry, name, form = Entry(), "", 0
        for line in block.splitlines():
            if line.startswith("#"):
                entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
                continue
            word, quoted = re.fullmatch(r'([a-z_]*(?:\[\d\])?) ?(".*")', line).groups()  # type: ignore[union-attr]
            text = ast.literal_eval(quoted)
            if word:
                name, form = word.partition("[")[0], int(word[-2]) if "[" in word else 0
            match name:
                case "msgctxt":
                    entry.context += text
                case "msgid":
                    entry.words += text
                case "msgid_plural":
                    entry.plural += text
                case "msgstr":
                    entry.said[form] = entry.said.get(form, "") + text
        yield entry


@cache
def catalogue(language: str) -> list[Entry]:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    _header, *own = entries(path.read_text(encoding="utf-8").strip())
    return own


def of_python(source: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "func", None)
        called = getattr(name, "id", None) or getattr(name, "attr", "")
        if not (isinstance(node, ast.Call) and CALL.fullmatch(called)):
            continue
        given = [each.value for each in node.args if isinstance(each, ast.Constant)]
        texts = [each for each in given if isinstance(each, str)]
        if texts:
            yield Message.of_call(called, texts)


def wanted() -> dict[Message, str]:
    """Each message of the program, and where it is."""
    found: dict[Message, str] = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for message in of_python(path.read_text(encoding="utf-8")):
                found.setdefault(message, path.relative_to(ROOT).as_posix())
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            for message in of_template(path.read_text(encoding="utf-8")):
                found.setdefault(message, path.relative_to(ROOT).as_posix())
    return found


def lacking(known: list[Entry], messages: dict[Message, str]) -> list[str]:
    """Those that are in no entry, or in one that does not say all of it."""
    said = {(each.context, each.words): each for each in known if not each.is_fuzzy}
    return [
        f"{where}: “{message.words}”"
        for message, where in messages.items()
        for entry in [said.get((message.context, message.words))]
        if entry is None
        or not all(entry.said.values())
        or (message.plural and (entry.plural != message.plural or len(entry.said) < 2))
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_people_read_is_translated(language: str) -> None:
    messages = wanted()
    assert len(messages) > 1_400
    left = lacking(catalogue(language), messages)
    assert not left, "`make messages`, then translate:\n" + "\n".join(left)


@pytest.mark.parametrize(
    ("catalogue", "is_lacking"),
    [
        ('msgid "Dog"\nmsgstr "Perro"', False),
        ('msgid "Dog"\nmsgstr ""\n"Pe"\n"rro"', False),
        ('msgid "Dog"\nmsgstr ""', True),
        ('#, fuzzy\nmsgid "Dog"\nmsgstr "Perro"', True),
        ('msgctxt "hot"\nmsgid "Dog"\nmsgstr "Perro"', True),
        ('msgid "Cat"\nmsgstr "Gato"', True),
        ("", True),
    ],
)
def test_what_is_not_translated_is_named(catalogue: str, is_lacking: bool) -> None:
    known = [*entries(catalogue)] if catalogue else []
    assert lacking(known, {Message("", "Dog", ""): "a.html"}) == ["a.html: “Dog”"] * is_lacking


@pytest.mark.parametrize(
    ("said", "is_lacking"),
    [
        ('msgstr[0] "Perro"\nmsgstr[1] "Perros"', False),
        ('msgstr[0] "Perro"\nmsgstr[1] ""', True),
        ('msgstr[0] "Perro"', True),
    ],
)
def test_a_plural_needs_all_its_forms(said: str, is_lacking: bool) -> None:
    known = [*entries(f'msgid "Dog"\nmsgid_plural "Dogs"\n{said}')]
    assert bool(lacking(known, {Message("", "Dog", "Dogs"): "a.html"})) == is_lacking


@pytest.mark.parametrize("source", ['_("Dog")', 'x = gettext_lazy("Do" "g")', 'a.gettext("Dog")'])
def test_what_python_says_is_found(source: str) -> None:
    assert [*of_python(source)] == [Message("", "Dog", "")]


def test_so_are_contexts_and_plurals() -> None:
    (day,) = of_python('pgettext_lazy("date", "D")')
    (dogs,) = of_python('ngettext("Dog", "Dogs", count)')
    assert (day, dogs) == (Message("date", "D", ""), Message("", "Dog", "Dogs"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_is_the_same_in_every_language(language: str) -> None:
    wrong = [
        f"“{entry.words}”: “{said}”"
        for entry in catalogue(language)
        for form, said in entry.said.items()
        if not _holes(entry.plural if form else entry.words) <= _holes(said) <= _holes_of(entry)
    ]
    assert not wrong, "\n".join(wrong)


def _holes(text: str) -> set[str]:
    return {*HOLE.findall(text)}


def _holes_of(entry: Entry) -> set[str]:
    """One of a kind may be said with its number, and without."""
    return _holes(entry.words) | _holes(entry.plural)


@pytest.mark.parametrize("language", LANGUAGES)
def test_markup_is_the_same_in_every_language(language: str) -> None:
    tags = re.compile(r"</?[a-z]+[^>]*>")
    wrong = [
        entry.words
        for entry in catalogue(language)
        for said in entry.said.values()
        if sorted(tags.findall(said)) not in map(sorted, map(tags.findall, _both(entry)))
    ]
    assert not wrong, "\n".join(wrong)


def _both(entry: Entry) -> list[str]:
    return [entry.words, entry.plural] if entry.plural else [entry.words]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_of_the_text_beside_it(language: str) -> None:
    folder = LOCALE / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled: dict[Any, str] = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    del compiled[""]  # the header, whose dates are left out of it
    written: dict[Any, str] = {}
    for entry in catalogue(language):
        if not entry.is_fuzzy and all(entry.said.values()):
            key = entry.message.key
            if entry.plural:
                written |= {(key, form): said for form, said in entry.said.items()}
            else:
                written[key] = entry.said[0]
    assert compiled == written, "`make messages` compiles it"
