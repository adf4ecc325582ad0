"""Every sentence that Python says to people goes through gettext.

Those of the domain, which knows no Django, are marked by its `Sentence` and translated above it.
"""

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation import override, trans_real

from dispatch.domain.moves import Illegal, IllegalMove
from dispatch.domain.roster import username_refusal
from dispatch.domain.status import Status
from dispatch.domain.typed.sentences import Sentence
from dispatch.explain import illegal_text
from dispatch.explain.words import told

ROOT = Path(__file__).parent.parent
APPS = ("dispatch", "tracking", "booking", "qdn_site")
# Commands and the JSON API, the tools of releases, what starts the program, its storage and logs.
NO_PAGES = (
    *(
        "dispatch/management/",
        "qdn_site/management/",
        "dispatch/api/",
        "tracking/api.py",
        "dispatch/stores/",
    ),
    *("dispatch/domain/stored/", "dispatch/wiring.py", "dispatch/sample.py", "qdn_site/releases/"),
    "tracking/messages/preview.py",
    *("qdn_site/edge/", "qdn_site/environment.py", "qdn_site/gunicorn.py", "qdn_site/settings.py"),
    *("qdn_site/health.py", "qdn_site/logs.py"),
)
MARKS = re.compile("_|n?gettext(_lazy|_noop)?")
# Whose words no page shows.
UNSEEN = {"ValueError", "UnreadableDocument", "StoreUnavailable", "TooManyRequests"}
ALLOWED = {
    "Too many tries in a short time.",  # TooMany's own: the pages say it in their words
    "Please come in by the front door.\n",  # to who goes round CloudFront, which no visitor does
}
SENTENCE = re.compile(r"[“”\"]?[A-Z].* .*[.!?…][”\"]?\s*", re.DOTALL)
WORD = re.compile("[a-z]{2}")


class Finder(ast.NodeVisitor):
    """Collects the sentences of a module that are not translated, or that xgettext cannot read."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _is_mark(node):
            put_together = [each for each in node.args if isinstance(each, ast.JoinedStr)]
            self.found += [(each.lineno, ast.unparse(each)) for each in put_together]
        elif (
            _name(node) not in UNSEEN and getattr(getattr(node.func, "value", 0), "id", "") != "log"
        ):
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._look_at(node, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (getattr(each, "value", "") for each in node.values)
        self._look_at(node, "".join(each if isinstance(each, str) else "X" for each in parts))
        # xgettext looks for nothing inside of it.
        inside = (each for each in ast.walk(node) if isinstance(each, ast.Call))
        self.found += [(each.lineno, ast.unparse(each)) for each in inside if _is_mark(each)]
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                self.visit(each.value)

    def _look_at(self, node: ast.expr, text: str) -> None:
        if SENTENCE.fullmatch(text) and WORD.search(text) and text not in ALLOWED:
            self.found.append((node.lineno, text))


def _name(call: ast.Call) -> str:
    """`f` of `f(…)` and of `here.f(…)`."""
    return getattr(call.func, "id", None) or getattr(call.func, "attr", "")


def _is_mark(call: ast.Call) -> bool:
    return bool(MARKS.fullmatch(_name(call)))


def untranslated(source: str) -> list[tuple[int, str]]:
    finder = Finder()
    finder.visit(ast.parse(source))
    return finder.found


def test_every_sentence_for_people_is_marked_for_translation() -> None:
    wrong = [
        f"{where}:{line}: {text}"
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if not (where := path.relative_to(ROOT).as_posix()).startswith(NO_PAGES)
        for line, text in untranslated(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        'said = "Nothing was saved."',
        'said = f"{who} has changed it."',
        'messages.success(request, "Is that right?")',
        'WHY = {1: "Please try again …"}',
        'said = _(f"{who} has changed it.")',
        "said = f\"{why} {_('Nothing was saved.')}\"",
        'say(name, f"At most {most} fit.")',
        "said = f\"{'Nothing was saved.' if wrong else why}\"",
        'raise InvalidInput({"at": "It ends before it starts."})',
    ],
)
def test_a_sentence_that_is_not_is_found(source: str) -> None:
    assert len(untranslated(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        'said = _("Nothing was saved.")',
        'said = ngettext("One job.", "%(count)d jobs are here.", count)',
        'log.error("Storage is gone: %s.", error)',
        'def f():\n    """Raises nothing at all."""',
        'raise ValueError("It is no such thing.")',
        'said = "X-Requested-With"',
        'said = f"{why} {what}"',
    ],
)
def test_one_that_is_and_what_is_none_are_left_alone(source: str) -> None:
    assert untranslated(source) == []


def test_a_sentence_is_what_it_says_and_keeps_what_it_is_made_of() -> None:
    sentence = Sentence("At most %(most)d fit.", most=12)
    assert sentence == "At most 12 fit."
    assert (sentence.template, sentence.parameters) == ("At most %(most)d fit.", {"most": 12})


def test_what_the_domain_says_is_translated_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    german = {
        "It must be from %(least)s to %(most)s.": "Von %(least)s bis %(most)s.",
        "%(rule)s How about “%(name)s”?": "%(rule)s Wie wäre es mit „%(name)s“?",
        "Completed": "Erledigt",
        "The job is already at “%(to)s”.": "Er ist schon „%(to)s“.",
    }
    with override("de"):
        catalog = trans_real.catalog()
        for template, translated in german.items():
            monkeypatch.setitem(catalog._catalog._catalogs[0], template, translated)
        assert told(Sentence("It must be from %(least)s to %(most)s.", least=1, most=9)) == (
            "Von 1 bis 9."
        )
        assert told(username_refusal("Ana B")).endswith(" Wie wäre es mit „ana.b“?")
        done = IllegalMove(Illegal.ALREADY_THERE, to=Status.COMPLETED)
        assert illegal_text(done) == "Er ist schon „Erledigt“."
    assert told("As it is: 100 %.") == "As it is: 100 %."
