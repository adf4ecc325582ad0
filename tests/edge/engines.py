"""rewrite.js in a JavaScript engine of this machine."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qdn_site.edge.table import FUNCTION
from tests.needs import require

HARNESS = Path(__file__).with_name("harness.js")
ENGINES = ("njs", "node")
# As a link is copied with what stands behind it in a text; each also percent-encoded.
SIGNS = [
    *(".", ",", ";", ":", "!", ")", "]", "}", ">", '"', "'", "`", "*", "~", "|", "\\", "…", "”"),
    *(
        "’",
        "»",
        "›",
        "—",
        "。",
        "、",
        "）",
        "」",
        "！",
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\xad",
    ),
    *("\xa0", "\u202c", "\u2069", "\ufe0f", "👍", "&gt;", "&quot;,", ").", '">', ".)_", "./", "/)"),
]
BEHIND = [*SIGNS, *map(quote, SIGNS), "%3F", "%20", "%0D%0A", "%22%3E", ".%E2%80%8B", "%2F"]
WORDS_BEHIND = [".html", "/live.", "&gt", "…more", "%", "%E2%80", "%252E", ".%2e%2e%2fetc"]


def run(engine: str, events: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The function's outcome of each event: a request, a response, or an error."""
    program = require(engine)
    script, given, made = (folder / name for name in ("function.js", "events.json", "made.json"))
    script.write_bytes(FUNCTION.read_bytes() + b"\n" + HARNESS.read_bytes())
    given.write_text(json.dumps(events))
    done = subprocess.run(
        [program, str(script), str(given), str(made)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    outcomes: list[dict[str, Any]] = json.loads(made.read_bytes())
    return outcomes


def request(uri: str, *, query: str | None = None, **fields: Any) -> dict[str, Any]:
    """A GET of quickdumpnow.com, unless `fields` say otherwise."""
    event: dict[str, Any] = {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "198.51.100.7"},
        "request": {
            "method": "GET",
            "uri": uri,
            "querystring": {},
            "headers": {"host": {"value": "quickdumpnow.com"}},
            "cookies": {},
            **fields,
        },
    }
    return event if query is None else event | {"rawQuery": query}
