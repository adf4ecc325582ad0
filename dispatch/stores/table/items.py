"""The items of a ledger as they are read, and what the log makes of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from dispatch.domain.stored.ledger import LAST_REVISION, Ledger
from dispatch.stores.dynamodb import Item

RECORD = "R#"
DIGITS = len(str(LAST_REVISION))


class Head(NamedTuple):
    """With the names of the records that its commit wrote, and of those that it took away.

    `extra` is the ledger's own, as JSON; in a commit, None where that stays as it was.
    """

    revision: int
    write_id: str
    raw: bytes
    written: Sequence[str] = ()
    gone: Sequence[str] = ()
    extra: bytes | None = None

    @property
    def etag(self) -> str:
        """With whose write made it: a table made anew counts from the start again."""
        return f"{self.revision} {self.write_id}"

    def is_shown_by(self, items: list[Item]) -> bool:
        """True where the records are as its commit left them, or later."""
        revisions = {name_of(item): item["revision"] for item in items}
        is_written = all(revisions.get(name, -1) >= self.revision for name in self.written)
        return is_written and revisions.keys().isdisjoint(self.gone)


class Logged(NamedTuple):
    """One commit: of each record that it changed `name`, `raw` unless it went, `place` if it came
    last, and what it was.
    """

    revision: int
    write_id: str
    at: datetime
    records: list[Item]
    extra: bytes | None  # the ledger's own, where they changed, as JSON

    @classmethod
    def of(cls, item: Item) -> "Logged":
        at = datetime.fromisoformat(item["at"])
        extra = bytes_of(item["extra"]) if "extra" in item else None
        return cls(int(item["SK"]), item["write_id"], at, item["records"], extra)


def last_write(ledger: Ledger[Any]) -> str:
    return ledger.recent_writes[-1] if ledger.recent_writes else ""


def leads(log: list[Logged], known: Ledger[Any], head: Head) -> bool:
    """True where nothing is missing between the two: the log may have expired, or be another's."""
    revisions = [each.revision for each in log]
    return (
        bool(log)
        and revisions == [*range(known.revision, head.revision + 1)]
        and log[0].write_id == last_write(known)
        and log[-1].write_id == head.write_id
    )


def unseen(log: list[Logged], items: list[Item]) -> list[Logged]:
    """What of the log came after these records."""
    seen = {name_of(item): item["revision"] for item in items}
    return [
        each._replace(
            records=[it for it in each.records if seen.get(it["name"], -1) < each.revision]
        )
        for each in log
    ]


def applied(raws: dict[str, bytes], log: list[Logged]) -> dict[str, bytes]:
    for commit in log:
        for record in commit.records:
            if "raw" not in record or "place" in record:
                raws.pop(record["name"], None)
            if "raw" in record:
                raws[record["name"]] = bytes_of(record["raw"])
    return raws


def undone(raws: dict[str, bytes], commit: Logged) -> bool:
    """False where it does not say what a record was."""
    for record in reversed(commit.records):
        if "was" in record:
            raws[record["name"]] = bytes_of(record["was"])
        elif "place" in record:
            raws.pop(record["name"], None)
        else:
            return False
    return True


def name_of(item: Item) -> str:
    return str(item["SK"]).removeprefix(RECORD)


def digits(revision: int) -> str:
    return f"{revision:0{DIGITS}}"


def text_of(raw: bytes) -> str | bytes:
    """As people can read it in the console, where it is text."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def bytes_of(stored: str | bytes) -> bytes:
    return stored.encode() if isinstance(stored, str) else stored
