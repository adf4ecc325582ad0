"""Reading answers as people do."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

HIDDEN = re.compile(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->")
BDI = re.compile(r"</?bdi\b[^>]*>")  # which stands within a line
TAG = re.compile(r"<[!/a-zA-Z][^>]*>")


def text(answer: Any) -> str:
    """The page's source."""
    decoded: str = answer.content.decode()
    return decoded


def words(answer: Any) -> str:
    """The page's text, without its markup."""
    bare = HIDDEN.sub(" ", text(answer))
    return " ".join(unescape(TAG.sub(" ", BDI.sub("", bare))).split())


def sent_back(page: Any, action: str) -> dict[str, list[str]]:
    """What a browser sends for the form at this address, when nobody has touched it."""
    reader = _Form(action)
    reader.feed(text(page).replace("\0", "\N{REPLACEMENT CHARACTER}"))
    assert reader.sent, f"there is no form for {action}"
    return {
        name: [value.replace("\n", "\r\n") for value in values]
        for name, values in reader.sent.items()
    }


class _Form(HTMLParser):
    """As the HTML standard says: lines of one-line controls are joined, e-mail is trimmed."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._action, self._is_in, self._name, self._typed = action, False, "", ""
        self._chosen: list[str] | None = None
        self._options: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_in = given.get("action", "") == self._action
        if not self._is_in:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self._take(given["name"], _sanitised(given.get("type", "text"), given.get("value", "")))
        elif tag == "select":
            self._name, self._chosen, self._options = given["name"], None, []
        elif tag == "option":
            self._options.append(_lines(given["value"]))
            if "selected" in given:
                self._chosen = [self._options[-1]]
        elif tag == "textarea":
            self._name, self._typed = given["name"], ""

    def handle_data(self, data: str) -> None:
        self._typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in = False
        elif self._is_in and tag == "select":
            self._take(self._name, *(self._chosen or self._options[:1]))
        elif self._is_in and tag == "textarea":
            self._take(self._name, _lines(self._typed).removeprefix("\n"))

    def _take(self, name: str, *values: str) -> None:
        self.sent.setdefault(name, []).extend(values)


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _sanitised(kind: str, value: str) -> str:
    if kind == "hidden":
        return _lines(value)
    joined = _lines(value).replace("\n", "")
    return joined.strip(" \t\f") if kind == "email" else joined
