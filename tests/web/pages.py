"""Reading answers as people do."""

from html.parser import HTMLParser
from typing import Any


def text(answer: Any) -> str:
    """The page's source."""
    decoded: str = answer.content.decode()
    return decoded


def words(answer: Any) -> str:
    """The page's text, without its markup."""
    reader = _Words()
    reader.feed(text(answer))
    return " ".join("".join(reader.found).split())


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._apart(tag)
        self._hidden = tag if tag in ("script", "style") else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self._apart(tag)
        self._hidden = "" if tag == self._hidden else self._hidden

    def _apart(self, tag: str) -> None:
        if tag != "bdi":  # which stands within a line
            self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)
