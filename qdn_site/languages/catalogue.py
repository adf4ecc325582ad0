"""Which of the words that templates hold the catalogues have."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import trans_real
from django.utils.translation.template import templatize

BETWEEN = "\x04"  # gettext's own, of context and words
CALL = re.compile(r"\b(n?p?gettext|_)\(")
LITERAL = re.compile(r"""\s*(u?"(?:\\.|[^"\\])*"|u?'(?:\\.|[^'\\])*')\s*,?""")


class Message(NamedTuple):
    """As gettext knows it: `context` and `plural` may be empty."""

    context: str
    words: str
    plural: str

    @property
    def key(self) -> str:
        return f"{self.context}{BETWEEN}{self.words}" if self.context else self.words

    @classmethod
    def of_call(cls, name: str, arguments: Iterable[str]) -> "Message":
        """Of `pgettext`, …, or `_`, with its literal arguments."""
        given = iter(arguments)
        context = next(given) if "p" in name.removesuffix("_lazy").removesuffix("gettext") else ""
        words = next(given)
        return cls(context, words, next(given) if name.startswith("n") else "")


def of_template(source: str) -> Iterator[Message]:
    """All that it hands to gettext, as Django's own `makemessages` finds it."""
    calls = templatize(source)
    for call in CALL.finditer(calls):
        arguments, place = [], call.end()
        while literal := LITERAL.match(calls, place):
            arguments.append(str(ast.literal_eval(literal[1])))
            place = literal.end()
        if arguments:
            yield Message.of_call(call[1], arguments)


def untranslated(templates: Mapping[str, str]) -> Iterator[str]:
    """A line for each message of these templates, by name, that a business's language lacks."""
    spoken = {code for business in settings.BUSINESSES for code in business.languages}
    for code in sorted(spoken - {settings.LANGUAGE_CODE}):
        for name, source in templates.items():
            for message in dict.fromkeys(of_template(source)):
                if not _is_known(message, code):
                    yield f"templates/{name}: no words in {code!r} for “{message.words}”"


def _is_known(message: Message, code: str) -> bool:
    catalog = trans_real.translation(code)._catalog  # type: ignore[attr-defined]
    return message.key in catalog or (message.key, 0) in catalog
