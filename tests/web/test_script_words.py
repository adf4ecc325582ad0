"""What scripts say stands in the page, where gettext has its words; they have none themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

SCRIPTS, TEMPLATES = Path(settings.BASE_DIR, "static"), Path(settings.BASE_DIR, "templates")
# A comment, or a literal; of literals in literals those within `${…}`.
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
HOLE = re.compile(r"\$\{([^}]*)\}")
# Two words, or one that begins as a sentence does.
WORDS = re.compile(r"\w[,.:;!?)]* \(?[^\W\d_]|[^\W\d_][,.:;!?)]* \(?\w|\A\W*[A-Z][a-z]+[^\w+-]*\Z")
LETTER = re.compile(r"[^\W\d_]")
# Before a literal: what is shown or read out, be it one word; and what finds or styles elements.
SAID = re.compile(
    r"""(?<!function\ )\b(?:say|tell|alert|confirm|prompt)\([^;]*\Z
    |\b(?:textContent|innerText|innerHTML|title|placeholder|alt|ariaLabel)\s*(?:\|\|)?[=:](?!=)[^;]*\Z
    |setAttribute\("(?:aria-label|aria-description|title|placeholder|alt)",\s*\Z""",
    re.VERBOSE,
)
FOUND = re.compile(
    r"""(?:querySelector|querySelectorAll|closest|matches|getElementById|getAttribute|classList\.\w+)
    (?:\?\.)?\(\Z
    |\bclassName\s*[:=]\s*\Z""",
    re.VERBOSE,
)
CODES = {
    *(".card, .attention li", ".age time", "a, button, summary, input, textarea"),  # selectors
    "textarea, input:not([type=hidden], [type=file]), select",
    "textarea, select, input:not([type=hidden])",
    *("Enter", "Escape", "Date", "longGeneric"),  # keys, a header, an option
    *("unsent 0", "left 0", "unsent reasons 0", "typed 0 0", "shown again"),  # what a tab stores
}


def sayings(source: str) -> Iterator[str]:
    """The literals of a script that people may read; `0` stands for what is put into them."""
    for token in TOKEN.finditer(source):
        literal = token[0]
        if literal.startswith("/"):
            continue
        if literal.startswith("`"):
            for hole in HOLE.finditer(literal):
                yield from sayings(hole[1])
        text = re.sub(r"<[^>]*>|%[sd]", "", HOLE.sub("0", literal[1:-1]))
        before = source[max(0, token.start() - 300) : token.start()]
        is_said = LETTER.search(text) and SAID.search(before)
        if text not in CODES and not FOUND.search(before) and (is_said or WORDS.search(text)):
            yield text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('say("That move is not yours.");', ["That move is not yours."]),
        ('const WHY = "nothing is lost";', ["nothing is lost"]),
        ("const text = `${minutes} min ago`;", ["0 min ago"]),
        ("note.append(`Undo: ${name}`);", ["Undo: 0"]),
        ("document.title = `(${unseen} new) ${title}`;", ["(0 new) 0"]),
        ("button.textContent = isDone ? 'copied' : words;", ["copied"]),
        ('const done = "Copied";', ["Copied"]),
        ('button.setAttribute("aria-label", "close");', ["close"]),
        ('note.innerHTML = "<p>gone</p>";', ["gone"]),
        ('say(`${names.length > 1 ? "two names" : name}`);', ["two names"]),
        ('// It says "not a word".\n/* "Nor here." */', []),
        ('say(toast.dataset.moved.replace("%d", count));', []),
        ('say(page.querySelector(".said").textContent || "");', []),
        ('Object.assign(note, { className: "notice stale", textContent: words });', []),
        ("title = `${name}: ${label(status)}`;", []),
    ],
)
def test_what_a_script_says_itself_is_seen(source: str, said: list[str]) -> None:
    assert [*sayings(source)] == said


def test_no_script_has_words_of_its_own() -> None:
    scripts = sorted(SCRIPTS.rglob("*.js"))
    assert len(scripts) > 15
    left = {
        str(path.relative_to(SCRIPTS)): said
        for path in scripts
        if (said := [*sayings(path.read_text("utf-8"))])
    }
    assert left == {}


def test_what_a_script_reads_of_an_element_is_there() -> None:
    """Else it would say `undefined`."""
    scripts = "".join(path.read_text("utf-8") for path in SCRIPTS.rglob("*.js"))
    pages = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    unpacked = re.findall(r"\{ ([\w, ]+) \} = [\w.()]+\.dataset", scripts)
    read = {*re.findall(r"dataset\.(\w+)", scripts), *", ".join(unpacked).split(", ")}
    written = {*re.findall(r"dataset\.(\w+) (?:\|\|)?= ", scripts)}
    assert {"unreachable", "oneNew", "daysAgo"} <= read
    left = {
        re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name) for name in read - written
    }
    assert {name for name in left if not re.search(f"data-{name}[\\s=>]", pages)} == set()
